/** What is opened at the first call. */

import { expect, test } from 'vitest';
import { once } from '../../src/concurrency/once.ts';

/** Fails so many times, and counts its runs from then on. */
function failing(times: number) {
  let runs = 0;
  return once(async () => {
    runs += 1;
    if (runs <= times) throw new Error(`try ${runs}`);
    return runs;
  });
}

test('is opened once, for whoever asks at the same time or later', async () => {
  const opened = failing(0);
  expect(await Promise.all([opened.get(), opened.get()])).toEqual([1, 1]);
  expect(await opened.get()).toBe(1);
});

test('is tried again after each failure, which all who waited for it are told', async () => {
  const opened = failing(2);
  const both = [opened.get(), opened.get()];
  for (const one of both) await expect(one).rejects.toThrow('try 1');
  await expect(opened.get()).rejects.toThrow('try 2');
  expect(await opened.get()).toBe(3);
});

test('is not begun before somebody asks, nor after a failure', async () => {
  const opened = failing(1);
  expect(opened.begun()).toBeNull();
  await expect(opened.get()).rejects.toThrow('try 1');
  expect(opened.begun()).toBeNull();
  await opened.get();
  expect(await opened.begun()).toBe(2);
});
