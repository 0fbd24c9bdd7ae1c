/** A policy without anything that names a person, a place or a team: which settings it has, and how they are nested. */

import { fieldNames } from '../../config/policyJsonSchema.ts';
import { isObject } from '../../http/json.ts';

/** What stands in the schema is the bot's own word, and names nobody. */
export interface OwnWords {
  readonly keys: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
}

const DURATION = /^\d+ ?(ms|s|m|h|d|w)$/;

/** @param schema the JSON Schema of the policy file */
export const ownWords = (schema: unknown): OwnWords => ({
  keys: new Set(fieldNames(schema)),
  values: new Set(fixedValues(schema)),
});

/** The texts of which a field takes only some. */
function fixedValues(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(fixedValues);
  if (!isObject(node)) return [];
  const here = [node.const, ...(Array.isArray(node.enum) ? node.enum : [])].filter(
    (value) => typeof value === 'string',
  );
  return [...here, ...Object.values(node).flatMap(fixedValues)];
}

/** @param policy as it stands in the file */
export function policyShape(policy: unknown, own: OwnWords): unknown {
  const named = new Map<string, string>();
  /** The same name is the same number throughout, so that references can be followed. */
  const nameOf = (text: string): string => {
    const name = named.get(text) ?? `name ${named.size + 1}`;
    named.set(text, name);
    return name;
  };
  const shapeOf = (node: unknown): unknown => {
    if (typeof node === 'string') return own.values.has(node) || DURATION.test(node) ? node : nameOf(node);
    if (Array.isArray(node)) return node.map(shapeOf);
    if (!isObject(node)) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [own.keys.has(key) ? key : nameOf(key), shapeOf(value)]),
    );
  };
  return shapeOf(policy);
}
