/** What may go on at the same time, and in which order. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { keyedLock } from '../../src/concurrency/keyedLock.ts';
import { createLimit } from '../../src/concurrency/limit.ts';
import { inSlices } from '../../src/concurrency/slices.ts';
import { atOnce, inSteps, type Steps } from '../../src/concurrency/steps.ts';

const turns = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Work that begins and ends when the test wants, and tells both. */
function work() {
  const log: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const make = (name: string) => () => {
    log.push(`${name} begins`);
    return new Promise<string>((resolve, reject) =>
      ends.set(name, (error) => {
        log.push(`${name} ends`);
        if (error) reject(error);
        else resolve(name);
      }),
    );
  };
  const end = async (name: string, error?: Error) => {
    ends.get(name)?.(error);
    await turns();
  };
  return { log, make, end };
}

describe('a lock by key', () => {
  test('runs work of one key one at a time, in order, and returns each result', async () => {
    const { log, make, end } = work();
    const lock = keyedLock();
    const all = ['a', 'b', 'c'].map((name) => lock('G1', make(name)));
    await turns();
    expect(log).toEqual(['a begins']);
    await end('a');
    await end('b');
    await end('c');
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  });

  test('keeps work of another key from nothing', async () => {
    const { log, make } = work();
    const lock = keyedLock();
    void lock('G1', make('a'));
    void lock('G2', make('b'));
    await turns();
    expect(log).toEqual(['a begins', 'b begins']);
  });

  test('goes on after a failure, which only the one that failed is told', async () => {
    const { log, make, end } = work();
    const lock = keyedLock();
    const failed = lock('G1', make('a')).catch(String);
    const next = lock('G1', make('b'));
    await turns();
    await end('a', new Error('down'));
    expect(log).toEqual(['a begins', 'a ends', 'b begins']);
    await end('b');
    expect([await failed, await next]).toEqual(['Error: down', 'b']);
  });

  test('holds for who comes while the last one is at work', async () => {
    const { log, make, end } = work();
    const lock = keyedLock();
    const first = lock('G1', make('a'));
    const second = lock('G1', make('b'));
    await turns();
    await end('a');
    const third = lock('G1', make('c'));
    await turns();
    expect(log).toEqual(['a begins', 'a ends', 'b begins']);
    await end('b');
    await end('c');
    expect(await Promise.all([first, second, third])).toEqual(['a', 'b', 'c']);
  });

  test('keeps nothing of work that is done', async () => {
    const lock = keyedLock();
    const made = new WeakRef(await lock('G1', async () => ({ large: true })));
    await turns();
    setFlagsFromString('--expose-gc');
    runInNewContext('gc')();
    expect(made.deref()).toBeUndefined();
    expect(await lock('G1', async () => 'next')).toBe('next');
  });
});

describe('a limit', () => {
  test('lets so many go on, and the next in the order they came', async () => {
    const { log, make, end } = work();
    const limited = createLimit(2);
    const all = ['a', 'b', 'c', 'd'].map((name) => limited(make(name)));
    await turns();
    expect(log).toEqual(['a begins', 'b begins']);
    await end('b');
    expect(log.slice(2)).toEqual(['b ends', 'c begins']);
    await end('a');
    expect(log.slice(4)).toEqual(['a ends', 'd begins']);
    await end('c');
    await end('d');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('has its places back when all are done, and no more than it had', async () => {
    const { log, make, end } = work();
    const limited = createLimit(1);
    const first = limited(make('a'));
    const second = limited(make('b'));
    await turns();
    await end('a');
    await end('b');
    await Promise.all([first, second]);
    void limited(make('c'));
    void limited(make('d'));
    await turns();
    expect(log.slice(4)).toEqual(['c begins']);
  });

  test('hands the place on after a failure', async () => {
    const { log, make, end } = work();
    const limited = createLimit(1);
    const failed = limited(make('a')).catch(String);
    void limited(make('b'));
    await turns();
    await end('a', new Error('down'));
    expect(await failed).toBe('Error: down');
    expect(log).toEqual(['a begins', 'a ends', 'b begins']);
  });

  test('hands the place on after work that threw at once', async () => {
    const limited = createLimit(1);
    const failed = limited(() => {
      throw new Error('down');
    }).catch(String);
    expect(await limited(async () => 'next')).toBe('next');
    expect(await failed).toBe('Error: down');
  });
});

describe('work in steps', () => {
  function* counting(log: string[], name: string): Steps<string> {
    for (let step = 1; step <= 2; step += 1) {
      log.push(`${name} ${step}`);
      yield;
    }
    return name;
  }

  test('at once is done before anything else', async () => {
    const log: string[] = [];
    setImmediate(() => log.push('other'));
    expect(atOnce(counting(log, 'a'))).toBe('a');
    expect(log).toEqual(['a 1', 'a 2']);
    await turns();
  });

  test('lets whoever waits have a turn between two steps', async () => {
    const log: string[] = [];
    setImmediate(() => log.push('other'));
    expect(await inSteps(counting(log, 'a'))).toBe('a');
    expect(log).toEqual(['a 1', 'other', 'a 2']);
  });

  test('of two goes on side by side', async () => {
    const log: string[] = [];
    expect(await Promise.all([inSteps(counting(log, 'a')), inSteps(counting(log, 'b'))])).toEqual(['a', 'b']);
    expect(log).toEqual(['a 1', 'b 1', 'a 2', 'b 2']);
  });
});

describe('slices', () => {
  test('give every answer, in the order of the things', async () => {
    expect(await inSlices([3, 1, 2, 5], 2, async (number) => number * 10)).toEqual([30, 10, 20, 50]);
  });

  test('let others have a turn in between, and never more than one slice goes on', async () => {
    const seen: string[] = [];
    setImmediate(() => seen.push('another'));
    await inSlices(['a', 'b', 'c'], 2, async (thing) => seen.push(thing));
    expect(seen).toEqual(['a', 'b', 'another', 'c']);
  });

  test('stop at what fails', async () => {
    const seen: number[] = [];
    const working = inSlices([1, 2, 3], 1, async (number) => {
      seen.push(number);
      if (number === 2) throw new Error('no');
    });
    await expect(working).rejects.toThrow('no');
    expect(seen).toEqual([1, 2]);
  });
});
