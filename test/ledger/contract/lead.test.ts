/** One bot at a time works on a ledger on PostgreSQL. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/open/ledger.ts';
import { openForBot } from '../../../src/ledger/open/postgres.ts';
import { StorageError } from '../../../src/ports/store.ts';
import { anEvent } from '../../support/aLedger.ts';
import { type ADatabase, ENGINES } from '../../support/engines.ts';

const engine = ENGINES.find(({ name }) => name === 'PostgreSQL');
if (!engine) throw new Error('there is no PostgreSQL among the engines');

let stop: () => Promise<void>;
let one: ADatabase;
let opened: Ledger[];
beforeAll(async () => {
  stop = await engine.start();
});
afterAll(() => stop());
beforeEach(async () => {
  one = await engine.open();
  opened = [];
});
afterEach(async () => {
  for (const ledger of opened) await ledger.close();
  await one.close();
});

const open = async (onLost: (why: string) => void = () => undefined): Promise<Ledger> => {
  const ledger = await openForBot(one.place, onLost);
  opened.push(ledger);
  return ledger;
};
const storeOf = (ledger: Ledger) =>
  ledger.createStore({ clock: one.clock, followUps: () => [], onDue: () => undefined });
const end = { kind: 'end', key: 'G1', dueAt: 0 } as const;
/** As if the one that has it had not been heard of for longer than its lease. */
const forget = () => one.rows("UPDATE lead SET held_until = held_until - interval '1 minute'");

describe('a second bot on the same database', () => {
  test('is refused with a word while the first one lives', async () => {
    await open();
    await expect(open()).rejects.toThrow(/another bot works on this database already; stop it first/);
  });

  test('starts at once when the first one has stopped', async () => {
    await (await openForBot(one.place, () => undefined)).close();
    await expect(open()).resolves.toBeDefined();
  });

  test('takes over what one that died had begun, and its due work is free', async () => {
    const first = await open();
    await storeOf(first).commit({ jobs: [end] });
    expect(await first.queue.claim(['end'], 1, 9, 1_000_000)).toHaveLength(1);
    await forget();
    const second = await open();
    expect(await second.queue.claim(['end'], 2, 9, 1_000_000)).toHaveLength(1);
  });
});

describe('a bot that was frozen while another one took over', () => {
  test('commits, claims and settles nothing any more, and is told so', async () => {
    const lost: string[] = [];
    const late = await open((why) => lost.push(why));
    const lateStore = storeOf(late);
    await lateStore.commit({ jobs: [end] });
    const [held] = await late.queue.mayBegin(['end'], 1, 9);
    if (!held) throw new Error('it was due');
    await forget();
    const current = await open();
    await expect(lateStore.commit({ events: [anEvent('bot.stopped', { signal: 'x' })] })).rejects.toThrow(StorageError);
    await expect(late.queue.settle({ claim: held, next: 'done' })).rejects.toThrow(StorageError);
    expect(await late.queue.claim(['end'], 2, 9, 1_000)).toEqual([]);
    expect(await late.queue.mayBegin(['end'], 2, 9)).toEqual([]);
    expect((await current.queue.mayBegin(['end'], 2, 9)).map(({ key }) => key)).toEqual(['G1']);
    await expect.poll(() => lost, { timeout: 10_000 }).toHaveLength(1);
    expect(lost[0]).toMatch(/one that has taken over since works on this database now/);
    expect(await one.events.newest()).toBeNull();
  });
});
