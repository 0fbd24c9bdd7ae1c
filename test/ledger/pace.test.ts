import { expect, test } from 'vitest';
import { commitBatching } from '../../src/ledger/book/commitBatching.ts';

/** A writer of changes as the ledger is one, without the disk: it keeps how many were written together. */
function desk() {
  const written: number[] = [];
  let waiting: (() => void)[] = [];
  const begin = commitBatching(() => {
    const all = waiting;
    waiting = [];
    if (all.length > 0) written.push(all.length);
    for (const resolve of all) resolve();
    return all.length;
  });
  const change = () =>
    new Promise<void>((resolve) => {
      if (waiting.length === 0) begin();
      waiting.push(resolve);
    });
  return { change, written };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** So many callbacks in one turn of the event loop, each with a change, as answers from a network come. */
const crowd = (change: () => Promise<void>, count: number) =>
  Promise.all(
    Array.from(
      { length: count },
      () => new Promise<void>((resolve) => setImmediate(() => void change().then(resolve))),
    ),
  );

test('a change that comes alone waits for nobody', async () => {
  const { change, written } = desk();
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await change();
  expect({ turned, written }).toEqual({ turned: false, written: [1] });
});

test('what the same code asks for at once is written together', async () => {
  const { change, written } = desk();
  await Promise.all([change(), change(), change()]);
  expect(written).toEqual([3]);
});

test('one change after another does not keep everything else from its turn', async () => {
  const { change, written } = desk();
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  while (!turned) await change();
  expect(written.length).toBeLessThan(10);
});

test('in a crowd one turn is one write, and a later loner waits for nobody', async () => {
  const { change, written } = desk();
  await crowd(change, 100);
  // Nobody could know of the crowd before it was there.
  expect(written).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 92]);
  await crowd(change, 100);
  await crowd(change, 50);
  expect(written.slice(9)).toEqual([100, 50]);
  await change();
  await turn();
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await change();
  expect({ turned, written: written.slice(11) }).toEqual({ turned: false, written: [1, 1] });
});
