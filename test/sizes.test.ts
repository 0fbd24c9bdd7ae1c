/** How large files and functions of the product may become, so that each can be read in one go. */

import { expect, test } from 'vitest';
import { all, type Node, programOf, sourcesIn } from './support/syntax.ts';

const MEDIAN = 85;
const NINE_IN_TEN = 210;
const FUNCTION = 60;
/** One that is a switch reads from top to bottom, and may be longer. */
const SWITCH = 120;

const sources = sourcesIn('src').filter(({ file }) => !file.startsWith('src/sandbox/web/page/'));

const FUNCTIONS = /^(Function(Declaration|Expression)|ArrowFunctionExpression|ObjectMethod|Class(Private)?Method)$/;
const linesOf = ({ loc }: Node): number => loc.end.line - loc.start.line + 1;
const hasSwitch = (node: Node): boolean => all(node).some(({ type }) => type === 'SwitchStatement');

interface Long {
  readonly where: string;
  readonly lines: number;
  readonly isSwitch: boolean;
}

function functionsIn(file: string, text: string): Long[] {
  return all(programOf(text))
    .filter(({ type }) => FUNCTIONS.test(type))
    .map((node) => ({ where: `${file}:${node.loc.start.line}`, lines: linesOf(node), isSwitch: hasSwitch(node) }));
}
const tooLong = ({ lines, isSwitch }: Long): boolean => lines > (isSwitch ? SWITCH : FUNCTION);
const product = sources.filter(({ file }) => !file.startsWith('src/sandbox/'));

test('no function of the product is longer than can be read in one go', () => {
  const long = product.flatMap(({ file, text }) => functionsIn(file, text)).filter(tooLong);
  expect(long).toEqual([]);
});

test.each([
  ['', 60, false],
  ['', 61, true],
  ['switch (1) {}', 120, false],
  ['switch (1) {}', 121, true],
])('a function with "%s" of %d lines is too long: %s', (body, lines, isTooLong) => {
  const text = `const f = () => {${body}${'\n'.repeat(lines - 1)}};`;
  expect(functionsIn('f.ts', text).some(tooLong)).toBe(isTooLong);
});

test('most files are short', () => {
  const lengths = sources.map(({ text }) => text.split('\n').length - 1).sort((a, b) => a - b);
  const at = (share: number) => lengths[Math.floor(lengths.length * share)];
  expect(at(0.5)).toBeLessThanOrEqual(MEDIAN);
  expect(at(0.9)).toBeLessThanOrEqual(NINE_IN_TEN);
});
