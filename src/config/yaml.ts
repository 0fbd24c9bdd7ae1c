/**
 * Parses YAML, and finds positions in it. js-yaml alone decides what a file means, because it parses a large one in a
 * tenth of the time. The other parser keeps positions, and is loaded only when there is an issue to point at.
 */

import { createRequire } from 'node:module';
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import type { Document, LineCounter } from 'yaml';
import { IN_FILE } from '../wording/terminal/policyFile.ts';
import type { Path } from './policyReuse.ts';

const positions = (): typeof import('yaml') => createRequire(import.meta.url)('yaml');

export function readYaml(
  source: string,
): { readonly value: unknown } | { readonly problem: string; readonly line: number } {
  try {
    const value = load(source, { schema: CORE_SCHEMA });
    const size = sizeOf(value, new Map());
    if (size === Number.POSITIVE_INFINITY) return { problem: IN_FILE.anchor, line: 1 };
    return size > Math.max(source.length, MOST_VALUES) ? { problem: IN_FILE.tooMany, line: 1 } : { value };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { problem: error.reason, line: (error.mark?.line ?? 0) + 1 };
  }
}

/** A file without aliases has fewer values than characters. With aliases of aliases, a few lines can stand for billions. */
const MOST_VALUES = 2_000_000;

/**
 * How many values there are once every alias is written out. Each list or mapping is counted once, however often it is used.
 * @returns Infinity if one contains itself
 */
function sizeOf(value: unknown, sizes: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return 1;
  const counted = sizes.get(value);
  if (counted !== undefined) return counted;
  // Whoever finds it again before it is counted is inside it.
  sizes.set(value, Number.POSITIVE_INFINITY);
  const size = Object.values(value).reduce<number>((sum, inner) => sum + sizeOf(inner, sizes), 1);
  sizes.set(value, size);
  return size;
}

/** The line of the node at a path, or of its nearest parent in the file. */
export function createLineFinder(source: string): (path: Path) => number {
  let parsed: { document: Document; lineCounter: LineCounter } | null = null;
  return (path) => {
    if (!parsed) {
      const { LineCounter, parseDocument } = positions();
      const lineCounter = new LineCounter();
      parsed = { document: parseDocument(source, { lineCounter }), lineCounter };
    }
    return lineOf(parsed.document, parsed.lineCounter, path);
  };
}

function lineOf(document: Document, lineCounter: LineCounter, path: Path): number {
  const { isMap, isNode, isScalar } = positions();
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    if (pair && isNode(pair.key) && pair.key.range) return lineCounter.linePos(pair.key.range[0]).line;
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
  }
  return 1;
}
