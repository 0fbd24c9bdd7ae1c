import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from '@babel/parser';
import { expect, test } from 'vitest';

/** How large files and functions of the product may become, so that each can be read in one go. */

const MEDIAN = 85;
const NINE_IN_TEN = 210;
const FUNCTION = 60;
/** One that is a switch reads from top to bottom, and may be longer. */
const SWITCH = 120;

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('sandbox/web/page/'))
  .map((file) => ({ file, text: readFileSync(SRC + file, 'utf8') }));

interface Node {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
}
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'loc' in value;
const inside = (node: Node): Node[] => Object.values(node).flat().filter(isNode);
const all = (node: Node): Node[] => [node, ...inside(node).flatMap(all)];
const FUNCTIONS = /^(Function(Declaration|Expression)|ArrowFunctionExpression|ObjectMethod|Class(Private)?Method)$/;
const linesOf = ({ loc }: Node): number => loc.end.line - loc.start.line + 1;
const hasSwitch = (node: Node): boolean => all(node).some(({ type }) => type === 'SwitchStatement');

interface Long {
  readonly where: string;
  readonly lines: number;
  readonly isSwitch: boolean;
}

function functionsIn(file: string, text: string): Long[] {
  const { program } = parse(text, { sourceType: 'module', plugins: ['typescript'] });
  if (!isNode(program)) throw new Error(`${file} is no program`);
  return all(program)
    .filter(({ type }) => FUNCTIONS.test(type))
    .map((node) => ({ where: `${file}:${node.loc.start.line}`, lines: linesOf(node), isSwitch: hasSwitch(node) }));
}
const tooLong = ({ lines, isSwitch }: Long): boolean => lines > (isSwitch ? SWITCH : FUNCTION);
const product = sources.filter(({ file }) => !file.startsWith('sandbox/'));

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
