/** docs/architecture.md leads to files that are there, and knows every room. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
const section = (title: string): string => text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const linksIn = (part: string): string[] => [...part.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);

test('every link leads to a file that is there', () => {
  const missing = linksIn(text).filter((link) => !existsSync(join(ROOT, 'docs', link)));
  expect(missing).toEqual([]);
});

test('every folder of src is a room in it, and every room is there', () => {
  const named = [...section('The rooms').matchAll(/`src\/([\w/]+)`/g)].map(([, folder = '']) => folder);
  const tops = readdirSync(join(ROOT, 'src'));
  expect([...new Set(named.map((folder) => folder.split('/')[0]))].toSorted()).toEqual(tops.toSorted());
  expect(named.filter((folder) => !existsSync(join(ROOT, 'src', folder)))).toEqual([]);
});

describe('the questions', () => {
  const rows = [...section('Where is …?').matchAll(/^\| (.+\?) \| (.+) \|$/gm)];
  test('are asked, ten at least', () => expect(rows.length).toBeGreaterThanOrEqual(10));

  test.each(rows.map(([, question = '', answer = '']) => [question, linksIn(answer)] as const))(
    '%s',
    (_question, files) => {
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) expect(existsSync(join(ROOT, 'docs', file))).toBe(true);
    },
  );
});
