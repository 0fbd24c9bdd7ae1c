/** Who works on a ledger on PostgreSQL: one bot at a time today, and as many as there are places. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../../src/ledger/open/ledger.ts';
import { openForBot, postgresLedger } from '../../../src/ledger/open/postgres.ts';
import { openPostgres, type PostgresLedger } from '../../../src/ledger/postgres/open.ts';
import { takePlace } from '../../../src/ledger/postgres/place.ts';
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
const forget = () => one.rows("UPDATE instances SET held_until = held_until - interval '1 minute'");

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

describe('several with a place each', () => {
  let places: Awaited<ReturnType<typeof takePlace>>[];
  let ledgers: PostgresLedger[];
  beforeEach(() => {
    places = [];
    ledgers = [];
  });
  afterEach(async () => {
    for (const place of places) await place.leave();
    for (const ledger of ledgers) await ledger.close();
  });
  async function joined() {
    const ledger = await openPostgres(one.place);
    ledgers.push(ledger);
    places.push(await takePlace(ledger, { what: 'a bot', most: 3, onLost: () => undefined }));
    const whole = postgresLedger(ledger, null);
    return { ...whole, store: storeOf(whole) };
  }
  const stopped = { events: [anEvent('bot.stopped', { signal: 'x' })] };

  test('all write, and one more is refused with how many there may be', async () => {
    const all = [await joined(), await joined(), await joined()];
    await Promise.all(all.map(({ store }) => store.commit(stopped)));
    expect((await one.events.newest())?.seq).toBe(3);
    await expect(joined()).rejects.toThrow(/3 bots work on this database already, and no more may/);
  });

  test('what one had begun that is not heard of is free, and it alone is fenced off', async () => {
    const [two, three] = [await joined(), await joined()];
    const frozen = await openPostgres(one.place);
    ledgers.push(frozen);
    const late = postgresLedger(frozen, null);
    await one.rows(
      `INSERT INTO instances (writer, what, held_until) VALUES ('${frozen.writer}', 'a bot', clock_timestamp() + interval '1 second')`,
    );
    await two.store.commit({ jobs: [end] });
    expect(await late.queue.mayBegin(['end'], 1, 9)).toHaveLength(1);
    expect(await three.queue.mayBegin(['end'], 1, 9)).toEqual([]);
    // The next of the others that renews its own place sees to it, within three seconds.
    await expect
      .poll(async () => (await three.queue.mayBegin(['end'], 1, 9)).length, { timeout: 8_000, interval: 200 })
      .toBe(1);
    await expect(storeOf(late).commit(stopped)).rejects.toThrow(/another bot has taken over this ledger/);
    await Promise.all([two, three].map(({ store }) => store.commit(stopped)));
  });

  test('one that stops leaves its place and what it had claimed', async () => {
    const [first, two] = [await joined(), await joined()];
    await first.store.commit({ jobs: [end] });
    expect(await first.queue.claim(['end'], 1, 9, 1_000_000)).toHaveLength(1);
    await places[0]?.leave();
    expect(await two.queue.claim(['end'], 2, 9, 1_000_000)).toHaveLength(1);
    await expect(joined()).resolves.toBeDefined();
    await expect(joined()).resolves.toBeDefined();
  });
});
