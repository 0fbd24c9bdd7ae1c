/** The source of the project as a syntax tree, for tests that look at how it is written. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from '@babel/parser';

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'loc' in value;
const inside = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

/** The node and everything in it, in no particular order. */
export const all = (node: Node): Node[] => [node, ...inside(node).flatMap(all)];

/** @throws SyntaxError if it is no TypeScript */
export function programOf(text: string): Node {
  const { program } = parse(text, { sourceType: 'module', plugins: ['typescript'] });
  if (!isNode(program)) throw new Error('the parser returned no program');
  return program;
}

export interface Source {
  /** From the root of the project. */
  readonly file: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** All TypeScript under `folder`, which is relative to the root of the project. */
export const sourcesIn = (folder: string): Source[] =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(`${ROOT}${folder}/${file}`, 'utf8') }));
