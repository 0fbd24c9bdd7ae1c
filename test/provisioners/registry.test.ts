import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

test.each(PROVISIONERS.map(({ kind }) => kind))('%s is under contract, and has a page in the docs', (kind) => {
  const folder = new URL('.', import.meta.url);
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const tried = tests.some((name) => readFileSync(new URL(name, folder), 'utf8').includes(`describeContract('${kind}`));
  expect(tried).toBe(true);
  const docs = new URL('../../docs/targets/', import.meta.url);
  const shown = readdirSync(docs).some((name) => readFileSync(new URL(name, docs), 'utf8').includes(`kind: ${kind}`));
  expect(shown).toBe(true);
});
