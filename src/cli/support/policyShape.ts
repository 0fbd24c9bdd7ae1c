/** The settings of a policy and how they are nested, without names of people, places or teams. */

import { fieldNames } from '../../config/policyJsonSchema.ts';
import { isObject } from '../../http/json.ts';

/** Words of the schema. They are the bot's own, and name nobody. */
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

/** All fixed values in a schema. */
function fixedValues(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(fixedValues);
  if (!isObject(node)) return [];
  const here = [node.const, ...(Array.isArray(node.enum) ? node.enum : [])].filter(
    (value) => typeof value === 'string',
  );
  return [...here, ...Object.values(node).flatMap(fixedValues)];
}

/** @param policy the parsed file */
export function policyShape(policy: unknown, own: OwnWords): unknown {
  const named = new Map<string, string>();
  /** Numbers names, the same name always with the same number, so that references can be followed. */
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
