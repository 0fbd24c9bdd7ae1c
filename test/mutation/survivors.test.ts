import { expect, test } from 'vitest';
import { read } from './survivors.ts';

const root = new URL('../../', import.meta.url).pathname;
const fileName = `${root}test/mutation/scoredAt.txt`;
const tried = [
  ['NoCoverage', '1a'],
  ['NoCoverage', '1d'],
  ['Ignored', '1e'],
  ['Killed', '1b'],
  ['Survived', '1c'],
]
  .map(([status, place]) => {
    const location = { start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };
    return JSON.stringify({ fileName, mutatorName: 'any', replacement: '', status, place, location });
  })
  .join('\n');

test('in a run cut short, what no test runs counts as far as the rest was tried', () => {
  const { killed, survivors } = read(tried, root, true);
  expect(killed).toBe(1);
  expect(survivors.map(({ isUncovered }) => isUncovered)).toEqual([true, false]);
});

test('of a whole run everything counts', () => {
  expect(read(tried, root).survivors.map(({ isUncovered }) => isUncovered)).toEqual([true, true, false]);
});
