import { describe, expect, test } from 'vitest';
import { type Change, changesIn, touchedLines } from './changes.ts';
import { functionAround, functionsIn } from './functions.ts';

const source = `import { x } from './x.ts';

export function outer(a: number): number {
  const inner = (b: number): number => {
    return b + 1;
  };
  const kept = [a].filter((one) => {
    return one > 0;
  });
  return inner(kept.length);
}

const TABLE = { plain: 1, isBig: (n: number) => n > 9 };

class Box<T> {
  readonly #held: T[] = [];
  held = () =>
    this.#held.length;
  #grow(one: T): void {
    this.#held.push(one);
  }
}

export const short = async (box: Box<string>): Promise<number> =>
  box.held();
`;

const nameAt = (from: number, to?: number): string | undefined => functionAround(functionsIn(source), from, to)?.name;

describe('the functions of a file', () => {
  test('are declarations, methods and values with a name', () => {
    expect(functionsIn(source)).toEqual([
      { name: 'outer', from: 3, to: 11 },
      { name: 'inner', from: 4, to: 6 },
      { name: 'isBig', from: 13, to: 13 },
      { name: 'held', from: 17, to: 18 },
      { name: 'unnamed', from: 19, to: 21 },
      { name: 'short', from: 24, to: 25 },
    ]);
  });

  test('a line belongs to the innermost one', () => expect(nameAt(5)).toBe('inner'));
  test('a callback belongs to the function that passes it', () => expect(nameAt(8)).toBe('outer'));
  test('lines of two functions belong to the one around both', () => expect(nameAt(6, 7)).toBe('outer'));
  test('a line between functions belongs to none', () => expect(nameAt(12)).toBeUndefined());
  test('lines that begin before a function are not in it', () => expect(nameAt(2, 3)).toBeUndefined());
  test('lines that end after a function are not in it', () => expect(nameAt(25, 26)).toBeUndefined());
});

const header = (file: string) => `diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}`;

describe('what changed', () => {
  test('is lines that are new or other', () => {
    expect(changesIn(`${header('src/a.ts')}\n@@ -4 +4,2 @@ outer\n-x\n+y\n+z\n@@ -9,0 +11 @@\n+w`)).toEqual([
      { file: 'src/a.ts', from: 4, to: 5, isRemoval: false },
      { file: 'src/a.ts', from: 11, to: 11, isRemoval: false },
    ]);
  });

  test('is the lines on both sides of what was taken out', () => {
    expect(changesIn(`${header('src/a.ts')}\n@@ -5,3 +4,0 @@\n-x\n-y\n-z`)).toEqual([
      { file: 'src/a.ts', from: 4, to: 5, isRemoval: true },
    ]);
  });

  test('is nothing in a file that is gone, nor in the one before it', () => {
    const gone = 'diff --git a/src/b.ts b/src/b.ts\n--- a/src/b.ts\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y';
    expect(changesIn(`${header('src/a.ts')}\n@@ -1 +1 @@\n-x\n+y\n${gone}`)).toEqual([
      { file: 'src/a.ts', from: 1, to: 1, isRemoval: false },
    ]);
  });
});

const linesAfter = (...changes: Pick<Change, 'from' | 'to' | 'isRemoval'>[]) => {
  const touched = touchedLines(
    'src/a.ts',
    source,
    changes.map((change) => ({ file: 'src/a.ts', ...change })),
  );
  return {
    changed: touched.changed.map(({ number }) => number),
    around: touched.around.map(({ number }) => number),
  };
};

describe('lines that mutants are put into', () => {
  test('are those that changed and the rest of their function', () => {
    expect(linesAfter({ from: 8, to: 8, isRemoval: false })).toEqual({ changed: [8], around: [3, 4, 5, 7, 10] });
  });

  test('are none of the outer function if only an inner one changed', () => {
    expect(linesAfter({ from: 5, to: 5, isRemoval: false })).toEqual({ changed: [5], around: [4] });
  });

  test('are all of a function that only lost lines', () => {
    expect(linesAfter({ from: 9, to: 10, isRemoval: true })).toEqual({ changed: [], around: [3, 4, 5, 7, 8, 10] });
  });

  test('are none if what was taken out was between functions', () => {
    expect(linesAfter({ from: 11, to: 12, isRemoval: true })).toEqual({ changed: [], around: [] });
  });

  test('are the changed ones alone outside of functions', () => {
    expect(linesAfter({ from: 1, to: 2, isRemoval: false }, { from: 15, to: 15, isRemoval: false })).toEqual({
      changed: [15],
      around: [],
    });
  });

  test('are each only once where several changes meet in a function', () => {
    expect(linesAfter({ from: 8, to: 8, isRemoval: false }, { from: 10, to: 10, isRemoval: false })).toEqual({
      changed: [8, 10],
      around: [3, 4, 5, 7],
    });
  });
});
