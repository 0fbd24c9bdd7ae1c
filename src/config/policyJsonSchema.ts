import { z } from 'zod';
import { NAME, PRINCIPAL } from './policyConditions.ts';
import { policySchema } from './policySchema.ts';
import type { TargetKind } from './policyTargets.ts';

type Json = { [field: string]: unknown };

/** The policy file as a JSON Schema, made from what the bot itself checks with, so that editors complete and check it. */
export function policyJsonSchema(kinds: readonly TargetKind[]): Json {
  const toJson = (schema: z.ZodType): Json => {
    const { $schema: _draft, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
    return json;
  };
  const schema = toJson(policySchema);
  const resource = at(schema, 'properties', 'resources', 'additionalProperties');
  const properties = at(resource, 'properties');
  properties.target = {
    anyOf: kinds.map(({ targetSchema }) => toJson(targetSchema)),
    description: 'Where and how to reach the target.',
  };
  const role = at(properties, 'roles', 'additionalProperties');
  const roleProperties = at(role, 'properties');
  roleProperties.grants = {
    anyOf: kinds.map(({ roleSchema }) => toJson(roleSchema)),
    description: 'What the role gives, in the terms of the kind of target.',
  };
  roleProperties.template = { type: 'string', description: 'The template that the role takes its other fields from.' };
  // A role need not repeat the fields of its template.
  delete role.required;
  const template = { type: 'object', properties: { ...roleProperties, template: false }, additionalProperties: false };
  at(schema, 'properties', 'templates').additionalProperties = template;
  return withNames({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://raw.githubusercontent.com/jitbot/jitbot/main/docs/policy.schema.json',
    title: 'jitbot policy file',
    description: 'Who may have what, under which circumstances. docs/policy.md describes how it is decided.',
    ...schema,
  }) as Json;
}

/** In the file, a list of people may also name a group of them; the bot checks the expanded list. */
const withNames = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, one) =>
      key === 'pattern' && one === PRINCIPAL.source ? `${PRINCIPAL.source}|${NAME.pattern.source}` : one,
    ),
  );

function at(json: Json, ...path: readonly string[]): Json {
  return path.reduce((value, key) => {
    const next = value[key];
    if (typeof next !== 'object' || next === null) throw new Error(`the policy's JSON Schema has no ${path.join('.')}`);
    return next as Json;
  }, json);
}

/** The names of all fields, at any depth. */
export function fieldNames(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(fieldNames);
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { properties?: unknown };
  const here = typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  return [...new Set([...here, ...Object.values(schema).flatMap(fieldNames)])];
}
