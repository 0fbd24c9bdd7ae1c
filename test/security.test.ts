/** The threat model names the test for each thing that somebody cannot do: those tests have to be there. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const DOCUMENT = readFileSync(new URL('../.github/SECURITY.md', import.meta.url), 'utf8');
const pathOf = (path: string) => fileURLToPath(new URL(path, new URL('../.github/', import.meta.url)));

const LINKS = [...DOCUMENT.matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)]+)\)/g)].map(([, title = '', path = '']) => ({
  title: title.replaceAll('\n', ' '),
  path,
}));
const ADVERSARIES = DOCUMENT.split(/^### /m).slice(1);
const ROWS = DOCUMENT.split('\n').filter((line) => /^\| (?!cannot|---)/.test(line));

/** Where a file names a test: the titles of tests, of groups of them, and of their tables. */
const TITLE_STARTS = /(?:test|describe|\])(?:\.\w+\([^)]*\))*\(\s*$|\)\(\s*$|^\s*$|\[\s*$|,\s*$/;
function namesTest(source: string, title: string): boolean {
  for (let at = source.indexOf(title); at !== -1; at = source.indexOf(title, at + 1)) {
    const before = source.slice(0, at);
    if (/['"`]$/.test(before) && TITLE_STARTS.test(before.slice(0, -1).split('\n').at(-1) ?? '')) return true;
  }
  return false;
}

test('the threat model has every adversary that there is', () => {
  const named = ADVERSARIES.map((section) => section.split('\n')[0]);
  expect(named).toEqual([
    'The requester',
    'The holder',
    'The reviewer',
    'Another app in the workspace',
    'A PagerDuty user',
    'Somebody on the network',
    'Somebody with the database file',
    'An administrator of the bot, and whoever edits the policy',
    "The operator's host",
  ]);
  for (const section of ADVERSARIES) expect(section).toMatch(/\*\*(can|is)\*\*/);
});

test('whatever somebody cannot do is shown by a test', () => {
  expect(ROWS.length).toBeGreaterThan(30);
  for (const row of ROWS) expect(row).toMatch(/\]\(\.\.\/test\//);
});

describe.each([...new Set(LINKS.map(({ path }) => path))])('%s', (path) => {
  const titles = LINKS.filter((link) => link.path === path).map(({ title }) => title);
  test.each([...new Set(titles)])('has the test that the threat model names: %s', (title) => {
    expect(existsSync(pathOf(path))).toBe(true);
    expect(namesTest(readFileSync(pathOf(path), 'utf8'), title)).toBe(true);
  });
});

/** How many examples of each kind of attack there are. Each is found, and run alone, by its number. */
const EXAMPLES = { K1: 3, K2: 9, K3: 9, K4: 12, K5: 12, K6: 13, K7: 8, K8: 7, K9: 7, K10: 12, K11: 12 };
const TESTS = fileURLToPath(new URL('.', import.meta.url));
const NAMED = new Set(
  readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => readFileSync(`${TESTS}${file}`, 'utf8').match(/['"`](?:K\d+(?:\.\d+)? )*K\d+\.\d+(?= )/g) ?? [])
    .flatMap((start) => start.slice(1).split(' ')),
);

test.each(Object.entries(EXAMPLES))('each example of %s has a test with its number', (kind, count) => {
  const numbers = Array.from({ length: count }, (_, index) => `${kind}.${index + 1}`);
  expect(numbers.filter((one) => !NAMED.has(one))).toEqual([]);
  expect(NAMED).not.toContain(`${kind}.${count + 1}`);
});

test('a test that is not there is found', () => {
  expect(namesTest("test('it holds', () => undefined);", 'it holds')).toBe(true);
  expect(namesTest("test('it holds', () => undefined);", 'it does not')).toBe(false);
  expect(namesTest("expect(view).toContain('it holds');", 'it holds')).toBe(false);
});
