/** Which lines mutants are put into after a change: all of the functions that it touches, its own lines first. */
import { functionAround, functionsIn } from './functions.ts';

export interface Line {
  readonly file: string;
  /** From 1. */
  readonly number: number;
}

/** Lines of a file as it is now that are new or other, or, where lines were only taken out, the two that now meet. */
export interface Change {
  readonly file: string;
  readonly from: number;
  readonly to: number;
  readonly isRemoval: boolean;
}

/** @param diff what `git diff --unified=0` says */
export function changesIn(diff: string): Change[] {
  const changes: Change[] = [];
  let file: string | null = null;
  for (const text of diff.split('\n')) {
    if (text.startsWith('diff --git ')) file = null;
    file = /^\+\+\+ b\/(.*)$/.exec(text)?.[1] ?? file;
    const [, start, length = '1'] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(text) ?? [];
    if (file === null || start === undefined) continue;
    const [from, count] = [Number(start), Number(length)];
    changes.push(
      count === 0
        ? { file, from, to: from + 1, isRemoval: true }
        : { file, from, to: from + count - 1, isRemoval: false },
    );
  }
  return changes;
}

/** @returns lines that may hold something to change: no imports, comments, types or brackets alone */
export const worthTrying = (file: string, source: string): Line[] =>
  source
    .split('\n')
    .flatMap((text, index) =>
      /^\s*($|\/?\*|\/\/|import |export \* |[{}()\];,]+$|readonly |interface |type )/.test(text)
        ? []
        : [{ file, number: index + 1 }],
    );

export interface Touched {
  readonly changed: readonly Line[];
  /** The other lines of the functions that a change is in. */
  readonly around: readonly Line[];
}

/** @param changes of this file */
export function touchedLines(file: string, source: string, changes: readonly Change[]): Touched {
  const functions = functionsIn(source);
  const changed = new Set<number>();
  const around = new Set<number>();
  const take = (from: number, to: number) => {
    const span = functionAround(functions, from, to);
    for (let line = span?.from ?? 1; line <= (span?.to ?? 0); line += 1) around.add(line);
  };
  for (const { from, to, isRemoval } of changes) {
    if (isRemoval) take(from, to);
    for (let line = from; line <= to && !isRemoval; line += 1) {
      changed.add(line);
      take(line, line);
    }
  }
  const lines = worthTrying(file, source);
  return {
    changed: lines.filter(({ number }) => changed.has(number)),
    around: lines.filter(({ number }) => around.has(number) && !changed.has(number)),
  };
}
