import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { policyJsonSchema } from '../../src/config/policyJsonSchema.ts';
import { policyReference } from '../../src/config/policyReference.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const schema = policyJsonSchema(PROVISIONERS);

test('the shipped JSON Schema and reference are the code’s (npm run docs)', () => {
  expect(JSON.parse(read('policy.schema.json'))).toEqual(JSON.parse(JSON.stringify(schema)));
  expect(read('policy-reference.md')).toBe(policyReference(schema));
});

test('every field has a description or its own fields', () => {
  const rows = read('policy-reference.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(100);
  const bare = rows.filter((line) => /\| {2}\|$/.test(line) && !/\| (fields|by name|list of fields) \|/.test(line));
  expect(bare.map((line) => line.split('`')[1])).toEqual([]);
});
