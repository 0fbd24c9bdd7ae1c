/** docs/troubleshooting.md has a row for every warning and error that the bot logs, and none for others. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { logLines } from '../support/logLines.ts';

const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
/** Rows of tables about messages: those with three columns. */
const rows = [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$/gm)];
const lines = logLines();
const logged = new Set(lines.map(({ message }) => message));

test('the messages of the source are read', () => {
  expect(lines.length).toBeGreaterThan(80);
  expect(logged).toContain('PagerDuty did not answer');
});

test('every warning and error has a row', () => {
  const listed = new Set(rows.map(([, message]) => message));
  expect([...logged].filter((message) => !listed.has(message))).toEqual([]);
});

test('no row is about a message that is not logged any more', () => {
  expect(rows.map(([, message = '']) => message).filter((message) => !logged.has(message))).toEqual([]);
});

test('every row says what it means and what to do', () => {
  expect(rows.filter(([, , meaning = '', advice = '']) => meaning.trim() === '' || advice.trim() === '')).toEqual([]);
});
