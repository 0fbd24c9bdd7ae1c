import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const FOLDER = new URL('../../.github/ISSUE_TEMPLATE/', import.meta.url);
/** What GitHub knows of a field. It shows no form at all that has something else. */
const ATTRIBUTES = ['label', 'description', 'placeholder', 'value', 'render', 'options', 'multiple', 'default'];

const forms = readdirSync(FOLDER).filter((name) => name.endsWith('.yml') && name !== 'config.yml');

test.each(forms)('the issue form %s is one that GitHub shows', (name) => {
  const { body, ...head } = parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Record<string, unknown> & {
    body: { type: string; attributes: Record<string, unknown> }[];
  };
  expect(head).toMatchObject({ name: expect.any(String), description: expect.any(String) });
  for (const { type, attributes } of body) {
    expect(['textarea', 'input', 'dropdown', 'checkboxes', 'markdown']).toContain(type);
    expect(Object.keys(attributes).filter((key) => !ATTRIBUTES.includes(key))).toEqual([]);
  }
});
