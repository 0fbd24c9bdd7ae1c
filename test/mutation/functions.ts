/** Finds the functions of a TypeScript source with the parser that also makes the mutants, so that both see the same code. */
import { parse } from '@babel/parser';

export interface FunctionSpan {
  readonly name: string;
  /** The first and the last line, from 1, with the name and what wraps the function in its declaration. */
  readonly from: number;
  readonly to: number;
}

interface Node {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'loc' in value;

const children = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

const FUNCTIONS = new Set(['ArrowFunctionExpression', 'FunctionExpression']);
/** A statement, method or property that is a function by itself or by its value, and where its name and its value are kept. */
const NAMED: Readonly<Record<string, readonly [name: string, value: string | null]>> = {
  FunctionDeclaration: ['id', null],
  ClassMethod: ['key', null],
  ClassPrivateMethod: ['key', null],
  ObjectMethod: ['key', null],
  VariableDeclarator: ['id', 'init'],
  ObjectProperty: ['key', 'value'],
  ClassProperty: ['key', 'value'],
  ClassPrivateProperty: ['key', 'value'],
};

const nameOf = (node: unknown): string =>
  !isNode(node) ? 'default' : typeof node.name === 'string' ? node.name : String(node.value ?? 'unnamed');

function spanOf(node: Node): FunctionSpan | null {
  const [name, value] = NAMED[node.type] ?? [];
  if (name === undefined) return null;
  const body = value ? node[value] : node;
  if (!isNode(body) || (value && !FUNCTIONS.has(body.type))) return null;
  return { name: nameOf(node[name]), from: node.loc.start.line, to: node.loc.end.line };
}

/** @returns every function that has a name, outer ones first; a callback belongs to the function that passes it */
export function functionsIn(source: string): FunctionSpan[] {
  const { program } = parse(source, { sourceType: 'module', plugins: ['typescript'] });
  const found: FunctionSpan[] = [];
  const walk = (node: Node): void => {
    const span = spanOf(node);
    if (span) found.push(span);
    children(node).forEach(walk);
  };
  if (isNode(program)) walk(program);
  return found;
}

/** @returns the smallest function that holds all of these lines, or null between functions */
export function functionAround(functions: readonly FunctionSpan[], from: number, to = from): FunctionSpan | null {
  const around = functions.filter((one) => one.from <= from && to <= one.to);
  return around.toSorted((a, b) => a.to - a.from - (b.to - b.from))[0] ?? null;
}
