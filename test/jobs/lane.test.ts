/** One lane, on a queue in the hands of the test. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import { backoff, createLane, type Kind, type Lane } from '../../src/jobs/lane.ts';
import { createRunner } from '../../src/jobs/runner.ts';
import type { Claim, JobHandler, JobKind, JobQueue, Settled } from '../../src/ports/jobs.ts';
import { StorageError } from '../../src/ports/store.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';

let clock: ManualClock;
let log: RecordedLog;
let queue: ReturnType<typeof aQueue>;
let stopped: boolean;
beforeEach(() => {
  clock = manualClock(0);
  log = recordedLog();
  queue = aQueue();
  stopped = false;
});

function aQueue() {
  const due: Claim[] = [];
  const claims: Parameters<JobQueue['claim']>[] = [];
  const looks: Parameters<JobQueue['mayBegin']>[] = [];
  const settled: Settled[] = [];
  const hand = {
    due,
    claims,
    looks,
    settled,
    /** What a claim throws. */
    broken: null as Error | null,
    /** What a look throws. */
    unread: null as Error | null,
    /** What recording an outcome throws. */
    unsettled: null as Error | null,
    next: null as number | null,
    nextAsked: 0,
    /** A claim waits for this. */
    gate: Promise.resolve(),
    claim: async (...asked: Parameters<JobQueue['claim']>) => {
      claims.push(asked);
      await hand.gate;
      if (hand.broken) throw hand.broken;
      return due.splice(0, asked[2]);
    },
    mayBegin: async (...asked: Parameters<JobQueue['mayBegin']>) => {
      looks.push(asked);
      if (hand.unread) throw hand.unread;
      return due.filter(({ kind, dueAt }) => asked[0].includes(kind) && dueAt <= asked[1]).slice(0, asked[2]);
    },
    settle: async (one: Settled) => {
      if (hand.unsettled) throw hand.unsettled;
      settled.push(one);
      const { kind, key, generation } = one.claim;
      const index = due.findIndex((job) => job.kind === kind && job.key === key && job.generation === generation);
      if (index < 0) return;
      if (one.next === 'done') due.splice(index, 1);
      else due[index] = aClaim(key, { ...one.claim, dueAt: one.next.dueAt });
    },
    nextDueAt: async (..._asked: Parameters<JobQueue['nextDueAt']>) => {
      hand.nextAsked += 1;
      return hand.next;
    },
    releaseAll: async () => undefined,
  };
  return hand;
}

const aClaim = (key: string, more: Partial<Claim> = {}): Claim => ({
  kind: 'end',
  key,
  dueAt: 0,
  attempt: 1,
  generation: 0,
  ...more,
});
const put = (...keys: string[]) => void queue.due.push(...keys.map((key) => aClaim(key)));
const FOREVER = { maxBackoff: MINUTE, maxAttempts: Number.POSITIVE_INFINITY };
const always = (handle: JobHandler, more: Partial<Kind> = {}): Kind => ({ handle, ...FOREVER, ...more });
const laneOf = (kinds: Lane['kinds'], more: Partial<Lane> = {}, random = 0.5) =>
  createLane({ concurrency: 2, kinds, ...more }, { queue, clock, log, random: () => random, isStopped: () => stopped });
const noting =
  (ran: string[], named = (key: string) => key): JobHandler =>
  async (key) => {
    ran.push(named(key));
    return null;
  };
/** Work that ends when the test says so. */
function gated() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    end: async (key: string) => {
      ends.get(key)?.();
      await settle();
    },
    handle: (key: string) => {
      begun.push(key);
      return new Promise<null>((resolve) => ends.set(key, () => resolve(null)));
    },
  };
}
/** Whatever can happen by itself has happened. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
};
const levels = () => log.lines.map(({ level }) => level);
const full = () => new StorageError('the disk is full');
const held = () => new StorageError('locked', { isBusy: true });

describe('taking work', () => {
  test('takes four times as much as it does at once with one commit, for five minutes', async () => {
    const lane = laneOf({ end: always(async () => null), card: always(async () => null) });
    expect(lane.kinds).toEqual(['end', 'card']);
    clock.advance(7);
    await lane.pump();
    expect(queue.claims).toEqual([[['end', 'card'], 7, 8, 5 * MINUTE]]);
  });

  test('does its limit of work at once, and refills as each piece ends', async () => {
    const work = gated();
    const lane = laneOf({ end: always(work.handle) });
    put('a', 'b', 'c', 'd');
    expect(await lane.pump()).toBe(true);
    expect(work.begun).toEqual(['a', 'b']);
    await work.end('b');
    expect(work.begun).toEqual(['a', 'b', 'c']);
    expect(queue.claims).toHaveLength(1);
    await work.end('a');
    await work.end('c');
    expect(work.begun).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.claims).toHaveLength(2);
  });

  test('asks for nothing while it is full, and says that it took no commit', async () => {
    const work = gated();
    const lane = laneOf({ end: always(work.handle) });
    put('a', 'b');
    await lane.pump();
    expect(await lane.pump()).toBe(false);
    expect(queue.claims).toHaveLength(1);
  });

  test('says that it took no commit if nothing was due', async () => {
    expect(await laneOf({ end: always(async () => null) }).pump()).toBe(false);
  });

  test('looks again when the next is due, and asks when only after a full claim', async () => {
    const work = gated();
    const lane = laneOf({ end: always(work.handle) });
    queue.next = 100;
    put('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    await lane.pump();
    expect(queue.nextAsked).toBe(0);
    queue = aQueue();
    queue.next = 100;
    const other = laneOf({ end: always(async () => null) });
    put('a', 'b', 'c', 'd', 'e', 'f', 'g');
    await other.pump();
    await settle();
    const before = queue.claims.length;
    clock.advance(99);
    await settle();
    expect(queue.claims).toHaveLength(before);
    clock.advance(1);
    await settle();
    expect(queue.claims).toHaveLength(before + 1);
  });

  test('a postponed wake-up is not kept beside the new one', async () => {
    const lane = laneOf({ end: always(async () => null) });
    queue.next = 100;
    await lane.pump();
    queue.next = 200;
    await lane.pump();
    clock.advance(100);
    await settle();
    expect(queue.claims).toHaveLength(2);
    queue.next = null;
    await lane.pump();
    clock.advance(100);
    await settle();
    expect(queue.claims).toHaveLength(3);
  });

  test('what comes due during a look is found by one more look', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.gate = promise;
    const lane = laneOf({ end: always(async () => null) });
    const first = lane.pump();
    await nextTurn();
    expect(await lane.pump()).toBe(false);
    expect(await lane.pump()).toBe(false);
    expect(queue.claims).toHaveLength(1);
    resolve();
    await first;
    expect(queue.claims).toHaveLength(2);
    await lane.pump();
    expect(queue.claims).toHaveLength(3);
  });

  test('a commit of any look counts for all of them', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.gate = promise;
    const work = gated();
    const lane = laneOf({ end: always(work.handle) });
    put('a');
    const first = lane.pump();
    await nextTurn();
    await lane.pump();
    resolve();
    expect(await first).toBe(true);
  });

  test('takes nothing before what it waits for is done, and then begins by itself', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ran: string[] = [];
    const lane = laneOf({ end: always(noting(ran)) }, { after: promise });
    put('a');
    expect(await lane.pump()).toBe(false);
    expect(queue.claims).toEqual([]);
    resolve();
    await settle();
    expect(ran).toEqual(['a']);
  });

  test('once stopped it starts nothing, and draining waits for what is running', async () => {
    const work = gated();
    const lane = laneOf({ end: always(work.handle) });
    queue.next = 100;
    put('a', 'b', 'c');
    await lane.pump();
    stopped = true;
    let isDrained = false;
    const drained = lane.drain().then(() => {
      isDrained = true;
    });
    await work.end('a');
    expect(isDrained).toBe(false);
    await work.end('b');
    await drained;
    expect(work.begun).toEqual(['a', 'b']);
    expect(await lane.pump()).toBe(false);
    expect(queue.claims).toHaveLength(1);
  });

  test('draining waits for the look that is under way, and calls off the next', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.gate = promise;
    queue.next = 100;
    const lane = laneOf({ end: always(async () => null) });
    void lane.pump();
    await nextTurn();
    const steps: string[] = [];
    const drained = lane.drain().then(() => steps.push('drained'));
    await settle();
    steps.push('still looking');
    resolve();
    await drained;
    expect(steps).toEqual(['still looking', 'drained']);
    clock.advance(100);
    await settle();
    expect(queue.claims).toHaveLength(1);
  });
});

describe('the outcome of work', () => {
  const outcome = async (handle: JobHandler, { attempt = 1, ...limits }: Partial<Kind> & { attempt?: number } = {}) => {
    queue.due.push(aClaim('a', { attempt }));
    await laneOf({ end: always(handle, limits) }).pump();
    await settle();
    return queue.settled[0]?.next;
  };
  const failing: JobHandler = () => Promise.reject(new Error('the target is down'));

  test('the handler gets the key and the number of the try', async () => {
    const told: unknown[] = [];
    await outcome(
      async (...args) => {
        told.push(args);
        return null;
      },
      { attempt: 3 },
    );
    expect(told).toEqual([['a', 3]]);
    expect(queue.settled[0]?.claim).toEqual(aClaim('a', { attempt: 3 }));
  });

  test('done, done until later, or waiting, as the handler says', async () => {
    expect(await outcome(async () => null)).toBe('done');
    queue = aQueue();
    expect(await outcome(async () => ({ notBefore: 50 }))).toEqual({ dueAt: 50, after: 'done' });
    queue = aQueue();
    expect(await outcome(async () => ({ notBefore: 50, waiting: true }))).toEqual({ dueAt: 50, after: 'waiting' });
    expect(levels()).toEqual([]);
  });

  test.each([
    [1, SECOND],
    [2, 2 * SECOND],
    [4, 8 * SECOND],
    [7, MINUTE],
  ])('what failed %i times is tried again after its pause, with a warning', async (attempt, pause) => {
    clock.advance(500);
    expect(await outcome(failing, { attempt })).toEqual({ dueAt: 500 + pause, after: 'failed' });
    expect(log.lines).toMatchObject([{ level: 'warn', facts: { kind: 'end', key: 'a', attempt, dueAt: 500 + pause } }]);
  });

  test('the last try is given up with an error, and not the one before', async () => {
    expect(await outcome(failing, { attempt: 2, maxAttempts: 3 })).toMatchObject({ after: 'failed' });
    queue = aQueue();
    expect(await outcome(failing, { attempt: 3, maxAttempts: 3 })).toBe('done');
    const about = { err: expect.any(Error), kind: 'end', key: 'a' };
    expect(log.lines).toEqual([
      { level: 'warn', message: 'a job failed; it is tried again', facts: { ...about, attempt: 2, dueAt: 2 * SECOND } },
      { level: 'error', message: 'gave up on a job', facts: { ...about, attempt: 3 } },
    ]);
  });

  test('a pause is spread by a quarter either way', () => {
    expect([0, 0.5, 1].map((random) => backoff(1, MINUTE, random))).toEqual([750, 1_000, 1_250]);
    expect([0, 1].map((random) => backoff(20, MINUTE, random))).toEqual([45_000, 75_000]);
    expect(backoff(1, 3, 0.1)).toBe(2);
  });

  test('that cannot be recorded is an error in the log, and the lane goes on', async () => {
    queue.unsettled = full();
    const ran: string[] = [];
    const lane = laneOf({ end: always(noting(ran)) }, { concurrency: 1 });
    put('a', 'b');
    await lane.pump();
    await settle();
    expect(ran).toEqual(['a', 'b']);
    const about = log.lines.filter(({ message }) => message === 'cannot record what became of a job');
    expect(about).toMatchObject([
      { level: 'error', facts: { kind: 'end', key: 'a' } },
      { level: 'error', facts: { kind: 'end', key: 'b' } },
    ]);
  });

  test('work that is claimed again while it runs waits for its turn, and runs once more', async () => {
    const work = gated();
    const lane = laneOf({ end: always(work.handle) });
    put('a', 'a');
    await lane.pump();
    expect(work.begun).toEqual(['a']);
    await work.end('a');
    expect(work.begun).toEqual(['a', 'a']);
    // And so does the next.
    put('a');
    await lane.pump();
    await settle();
    expect(work.begun).toEqual(['a', 'a']);
    await work.end('a');
    expect(work.begun).toEqual(['a', 'a', 'a']);
    await work.end('a');
    expect(queue.settled).toHaveLength(3);
  });
});

describe('with a database that cannot be written', () => {
  const ran: string[] = [];
  beforeEach(() => void ran.splice(0));
  const kinds = () => ({
    end: always(noting(ran), { evenWithoutRecord: true }),
    card: always(noting(ran, (key) => `card ${key}`)),
  });

  const unwritten: JobHandler = async (key) => {
    ran.push(key);
    throw full();
  };

  test('what ends access is done at the first look, without a claim', async () => {
    queue.broken = full();
    put('a', 'b', 'c');
    queue.due.push(aClaim('x', { kind: 'card' }));
    const lane = laneOf(kinds());
    expect(await lane.pump()).toBe(true);
    await settle();
    expect(ran).toEqual(['a', 'b', 'c']);
    expect(queue.looks[0]).toEqual([['end'], 0, 8]);
    expect(queue.claims.map(([asked]) => asked)).toEqual([['card']]);
    expect(queue.settled.map(({ claim, next }) => [claim.key, next])).toEqual([
      ['a', 'done'],
      ['b', 'done'],
      ['c', 'done'],
    ]);
  });

  test('an end that cannot be recorded is repeated after five seconds as the same try', async () => {
    queue.broken = full();
    queue.unsettled = full();
    put('a', 'b', 'c');
    await laneOf({ end: always(unwritten, { evenWithoutRecord: true }) }).pump();
    await settle();
    expect(ran).toEqual(['a', 'b', 'c']);
    clock.advance(5 * SECOND - 1);
    await settle();
    expect(ran).toEqual(['a', 'b', 'c']);
    clock.advance(1);
    await settle();
    expect(ran).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
    queue.unsettled = null;
    clock.advance(5 * SECOND);
    await settle();
    expect(queue.settled.map(({ claim, next }) => [claim.key, claim.attempt, next])).toContainEqual([
      ...['a', 1],
      { dueAt: expect.any(Number), after: 'waiting' },
    ]);
  });

  test('an end that becomes due meanwhile begins then, not at the next look', async () => {
    const ran: string[] = [];
    const lane = laneOf({ end: always(noting(ran), { evenWithoutRecord: true }), expire: always(async () => null) });
    queue.due.push(aClaim('a', { dueAt: SECOND }));
    queue.next = SECOND;
    queue.broken = full();
    await lane.pump();
    clock.advance(SECOND - 1);
    await settle();
    expect(ran).toEqual([]);
    clock.advance(1);
    await settle();
    expect(ran).toEqual(['a']);
  });

  test('a target whose ends cannot be recorded is asked less and less often', async () => {
    let runs = 0;
    const handle = async () => {
      runs += 1;
      throw full();
    };
    const lane = laneOf({ end: always(handle, { evenWithoutRecord: true }) });
    queue.nextDueAt = async (_kinds, after) => queue.due.map(({ dueAt }) => dueAt).find((at) => at > after) ?? null;
    put('a');
    await lane.pump();
    for (let second = 0; second < 600; second += 1) {
      clock.advance(SECOND);
      await settle();
    }
    expect(runs).toBeGreaterThan(10);
    expect(runs).toBeLessThan(20);
    expect(new Set(queue.settled.map(({ claim }) => claim.attempt))).toEqual(new Set([1]));
  });

  test('a target that refuses counts its tries, recorded or not', async () => {
    queue.unsettled = full();
    put('a');
    const tries: number[] = [];
    const refuses: JobHandler = async (_key, attempt) => {
      tries.push(attempt);
      throw new Error('the target is down');
    };
    const lane = laneOf({ end: always(refuses, { evenWithoutRecord: true }) });
    await lane.pump();
    await settle();
    for (const pause of [1, 2, 4]) {
      clock.advance(pause * SECOND);
      await lane.workUnrecorded();
      await settle();
    }
    expect(tries).toEqual([1, 2, 3, 4]);
  });

  test('what becomes due while a claim waits for the disk begins at once', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.gate = promise;
    const lane = laneOf(kinds());
    const looking = lane.pump();
    await settle();
    put('a', 'b');
    await lane.pump();
    await settle();
    expect([queue.claims.length, ran]).toEqual([1, ['a', 'b']]);
    resolve();
    await looking;
  });

  test('a hundred ends that are over in one turn are followed by one look', async () => {
    const { promise, resolve } = Promise.withResolvers<null>();
    put(...Array.from({ length: 100 }, (_, index) => `g${index}`));
    const lane = laneOf({ end: always(() => promise, { evenWithoutRecord: true }) }, { concurrency: 200 });
    await lane.pump();
    const before = queue.looks.length;
    resolve(null);
    await settle();
    expect(queue.settled).toHaveLength(100);
    expect(queue.looks.length - before).toBe(1);
  });

  test('ends of a busy lane keep no other kind from its turn: the oldest goes first', async () => {
    const work = gated();
    const lane = laneOf(
      { end: always(work.handle, { evenWithoutRecord: true }), expire: always(work.handle) },
      { concurrency: 1 },
    );
    queue.due.push(aClaim('a'), aClaim('c', { dueAt: 2 }), aClaim('b', { kind: 'expire', dueAt: 1 }));
    queue.claim = async () => queue.due.splice(2, 1);
    clock.advance(10);
    await lane.pump();
    await work.end('a');
    expect(work.begun).toEqual(['a', 'b']);
    await work.end('b');
    expect(work.begun).toEqual(['a', 'b', 'c']);
  });

  test('the log says so once in five seconds, however often it is tried', async () => {
    queue.broken = held();
    const lane = laneOf(kinds());
    await lane.pump();
    for (let tries = 0; tries < 20; tries += 1) {
      clock.advance(SECOND / 4);
      await settle();
    }
    expect(log.lines.map(({ level, message }) => [level, message.slice(0, 20)])).toEqual([
      ['error', 'cannot take due work'],
    ]);
    clock.advance(SECOND / 4);
    await settle();
    expect(log.lines).toHaveLength(2);
  });

  test('two writes in the same instant are harmless: it retries in 250 ms', async () => {
    queue.broken = held();
    const card = (key: string) => void queue.due.push(aClaim(key, { kind: 'card' }));
    card('a');
    const lane = laneOf(kinds());
    expect(await lane.pump()).toBe(true);
    await settle();
    expect([ran, levels()]).toEqual([[], []]);
    clock.advance(SECOND / 4 - 1);
    await settle();
    expect(queue.claims).toHaveLength(1);
    queue.broken = null;
    clock.advance(1);
    await settle();
    expect(ran).toEqual(['card a']);
    // Another time, another first.
    queue.broken = held();
    card('b');
    await lane.pump();
    await settle();
    expect([ran, levels()]).toEqual([['card a'], []]);
  });

  test('a lock that lasts is not: the second try says so', async () => {
    queue.broken = held();
    await laneOf(kinds()).pump();
    expect(levels()).toEqual([]);
    clock.advance(SECOND / 4);
    await settle();
    expect(levels()).toEqual(['error']);
  });

  test('a full lane does no more of it at once than it may', async () => {
    queue.broken = full();
    put('a', 'b', 'c');
    const work = gated();
    const lane = laneOf({ end: always(work.handle, { evenWithoutRecord: true }) });
    await lane.pump();
    expect(work.begun).toEqual(['a', 'b']);
    await work.end('a');
    expect(work.begun).toEqual(['a', 'b', 'c']);
    // One runs; of those that were tried, none is begun again.
    expect(queue.looks.at(-1)?.[2]).toBeGreaterThan(3);
  });

  test('nothing of it is begun once the bot is stopping', async () => {
    queue.broken = full();
    put('a');
    const lane = laneOf(kinds());
    const looking = lane.pump();
    stopped = true;
    await looking;
    await settle();
    expect(ran).toEqual([]);
  });

  test('a lane without ends does not even look', async () => {
    queue.broken = full();
    queue.due.push(aClaim('x', { kind: 'card' }));
    await laneOf({ card: always(async () => null) }).pump();
    expect(queue.looks).toEqual([]);
    expect(levels()).toEqual(['error']);
  });

  test('that it cannot even be read is logged as well', async () => {
    queue.broken = full();
    queue.unread = full();
    await laneOf(kinds()).pump();
    expect(log.lines).toMatchObject([
      { message: expect.stringContaining('cannot even read the database'), facts: { err: queue.unread } },
      { message: expect.stringContaining('cannot take due work'), facts: { err: queue.broken } },
    ]);
  });

  test('unrecorded work is not done again, and is recorded before new work is taken', async () => {
    queue.broken = full();
    queue.unsettled = full();
    put('a');
    const lane = laneOf(kinds());
    await lane.pump();
    await settle();
    await lane.workUnrecorded();
    await settle();
    expect(ran).toEqual(['a']);
    queue.broken = null;
    queue.unsettled = null;
    queue.due.splice(0);
    const order: string[] = [];
    const { settle: recording, claim } = queue;
    queue.settle = (one) => recording(one).then(() => void order.push(`recorded ${one.claim.key} ${one.next}`));
    queue.claim = (...asked) => {
      order.push('claim');
      return claim(...asked);
    };
    clock.advance(5 * SECOND);
    await settle();
    expect(order.slice(0, 2)).toEqual(['recorded a done', 'claim']);
    clock.advance(5 * SECOND);
    await lane.pump();
    expect(order.filter((step) => step !== 'claim')).toHaveLength(1);
  });

  test('work for later that could not be recorded comes back then, and not before', async () => {
    queue.broken = full();
    queue.unsettled = full();
    put('a');
    const again = async (key: string) => {
      ran.push(key);
      return { notBefore: 100 };
    };
    const lane = laneOf({ end: always(again, { evenWithoutRecord: true }) });
    await lane.pump();
    await settle();
    clock.advance(99);
    await lane.workUnrecorded();
    await settle();
    expect(ran).toEqual(['a']);
    clock.advance(1);
    await lane.workUnrecorded();
    await settle();
    expect(ran).toEqual(['a', 'a']);
  });

  test('a lane that is not open yet does one end after the other until none is due', async () => {
    queue.broken = full();
    queue.unsettled = full();
    put('a', 'b', 'c', 'd', 'e');
    await laneOf(kinds(), { concurrency: 1, after: new Promise(() => undefined) }).workUnrecorded();
    await settle();
    expect(ran).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(queue.claims).toEqual([]);
  });

  test('what was queued again is done although its earlier outcome is not recorded', async () => {
    queue.broken = full();
    queue.unsettled = full();
    put('a');
    const lane = laneOf(kinds());
    await lane.pump();
    await settle();
    queue.due.splice(0, 1, aClaim('a', { generation: 1 }));
    await lane.workUnrecorded();
    await settle();
    expect(ran).toEqual(['a', 'a']);
  });

  test('a recorded outcome replaces an earlier one that was not', async () => {
    queue.broken = full();
    queue.unsettled = full();
    put('a');
    const lane = laneOf(kinds());
    await lane.pump();
    await settle();
    queue.unsettled = null;
    queue.due.splice(0, 1, aClaim('a', { generation: 1 }));
    await lane.workUnrecorded();
    await settle();
    queue.broken = null;
    queue.due.splice(0);
    clock.advance(5 * SECOND);
    await settle();
    expect(queue.settled).toMatchObject([{ claim: { generation: 1 }, next: 'done' }]);
  });

  test('an outcome that fails otherwise is dropped with an error, and the lane goes on', async () => {
    queue.unsettled = full();
    put('a', 'b');
    const lane = laneOf(kinds());
    await lane.pump();
    await settle();
    const dropped = () => log.lines.filter(({ message }) => message.startsWith('an outcome that was not recorded'));
    clock.advance(5 * SECOND);
    await settle();
    expect(dropped()).toEqual([]);
    queue.unsettled = new TypeError('not a number');
    put('c');
    clock.advance(5 * SECOND);
    await settle();
    expect(dropped()).toMatchObject([
      { level: 'error', facts: { err: queue.unsettled, kind: 'end', key: 'a' } },
      { level: 'error', facts: { err: queue.unsettled, kind: 'end', key: 'b' } },
    ]);
    // Nothing says that they are done: they are done again.
    expect(ran.slice(0, 5)).toEqual(['a', 'b', 'a', 'b', 'c']);
  });

  test('it can be done at once, whenever somebody asks, in every lane', async () => {
    queue.broken = full();
    const after = new Promise<void>(() => undefined);
    const runner = createRunner({
      ...{ queue, clock, log, random: () => 0.5 },
      lanes: [
        { concurrency: 1, kinds: { end: kinds().end }, after },
        { concurrency: 1, kinds: { watch: kinds().end }, after },
      ],
    });
    runner.start();
    put('a');
    queue.due.push(aClaim('w', { kind: 'watch' }));
    await settle();
    expect(ran).toEqual([]);
    await runner.workUnrecorded();
    await settle();
    expect(ran.toSorted()).toEqual(['a', 'w']);
    await runner.stop();
  });
});

describe('a runner', () => {
  const runnerOf = (lanes: readonly Lane[]) => createRunner({ queue, clock, log, random: () => 0.5, lanes });
  const asked = () => queue.claims.map(([kinds]) => kinds.join());
  const lane = (kind: JobKind, handle: JobHandler = async () => null): Lane => ({
    concurrency: 1,
    kinds: { [kind]: always(handle) },
  });

  test('does nothing before it is started, and looks at every lane then', async () => {
    const runner = runnerOf([lane('end'), lane('card')]);
    runner.poke(new Set<JobKind>(['end']));
    await settle();
    expect(asked()).toEqual([]);
    runner.start();
    await settle();
    expect(asked()).toEqual(['end', 'card']);
    await runner.stop();
  });

  test('looks only at lanes with due work, in their order, in the next turn', async () => {
    const runner = runnerOf([lane('end'), lane('card'), lane('audit')]);
    runner.start();
    await settle();
    queue.claims.splice(0);
    runner.poke(new Set<JobKind>(['audit', 'note']));
    runner.poke(new Set<JobKind>(['end']));
    expect(asked()).toEqual([]);
    await settle();
    expect(asked()).toEqual(['end', 'audit']);
    runner.poke(new Set<JobKind>(['card']));
    await settle();
    expect(asked()).toEqual(['end', 'audit', 'card']);
    await runner.stop();
  });

  test('looks at a lane for any of its kinds, and at none once it is stopped', async () => {
    const both: Lane = { concurrency: 1, kinds: { end: always(async () => null), watch: always(async () => null) } };
    const runner = runnerOf([both]);
    runner.start();
    await settle();
    runner.poke(new Set<JobKind>(['watch']));
    await settle();
    expect(asked()).toEqual(['end,watch', 'end,watch']);
    await runner.stop();
    runner.poke(new Set<JobKind>(['watch']));
    await settle();
    expect(asked()).toHaveLength(2);
  });

  test('takes for one lane at a time, and after a commit for the next in another turn', async () => {
    const runner = runnerOf([lane('end', async () => null), lane('card')]);
    runner.start();
    await settle();
    let turn = 0;
    const count = () => {
      turn += 1;
      if (turn < 50) setImmediate(count);
    };
    const turns: [string, number][] = [];
    const { claim } = queue;
    queue.claim = async (...rest) => {
      turns.push([rest[0].join(), turn]);
      return claim(...rest);
    };
    const poked = async (due: readonly string[]) => {
      turns.splice(0);
      turn = 0;
      put(...due);
      setImmediate(count);
      runner.poke(new Set<JobKind>(['card']));
      runner.poke(new Set<JobKind>(['end']));
      await settle();
      await settle();
      return turns.filter(([kind], index) => turns.findIndex(([other]) => other === kind) === index);
    };
    const [[first, at] = [], [second, then] = []] = await poked(['a']);
    expect([first, second]).toEqual(['end', 'card']);
    expect(Number(then)).toBeGreaterThan(Number(at));
    // Nothing was due: it cost no commit, and nobody has to have a turn.
    const [[, same] = [], [, too] = []] = await poked([]);
    expect(too).toBe(same);
    await runner.stop();
  });

  test('begins what ends access although the claim of another lane waits for the disk', async () => {
    const ran: string[] = [];
    const end = always(noting(ran), { evenWithoutRecord: true });
    const runner = runnerOf([{ concurrency: 2, kinds: { end } }, lane('card')]);
    runner.start();
    await settle();
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.gate = promise;
    runner.poke(new Set<JobKind>(['card']));
    await settle();
    put('a', 'b');
    runner.poke(new Set<JobKind>(['end']));
    await settle();
    expect(ran).toEqual(['a', 'b']);
    resolve();
    await runner.stop();
  });

  test('looks at every lane although the claim of one waits for the disk', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ran: string[] = [];
    const runner = runnerOf([lane('expire'), lane('provision', noting(ran))]);
    runner.start();
    await settle();
    const due = [aClaim('p', { kind: 'provision' })];
    queue.claim = async ([kind]) => {
      if (kind === 'provision') return due.splice(0);
      await promise;
      return [];
    };
    runner.poke(new Set<JobKind>(['expire', 'provision']));
    await settle();
    expect(ran).toEqual(['p']);
    resolve();
    await runner.stop();
  });

  test.each<[string, JobKind]>([
    ['its own lane', 'expire'],
    ['another lane', 'card'],
  ])('begins an end when it is due although a claim of %s waits for the disk', async (_what, slow) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ran: string[] = [];
    const kinds = { end: always(noting(ran), { evenWithoutRecord: true }), expire: always(async () => null) };
    const runner = runnerOf([{ concurrency: 2, kinds }, lane('card')]);
    runner.start();
    await settle();
    queue.claim = async (asked) => {
      if (asked.includes(slow)) await promise;
      return [];
    };
    runner.poke(new Set<JobKind>([slow]));
    await settle();
    queue.due.push(aClaim('a', { dueAt: clock.now() + SECOND }));
    queue.next = clock.now() + SECOND;
    runner.poke(new Set<JobKind>(['end']));
    await settle();
    expect(ran).toEqual([]);
    clock.advance(SECOND);
    await settle();
    expect(ran).toEqual(['a']);
    resolve();
    await runner.stop();
  });

  test('stopping waits for every lane', async () => {
    const work = gated();
    const runner = runnerOf([lane('end'), lane('card', work.handle)]);
    queue.claim = async (kinds) =>
      kinds.includes('card') && work.begun.length === 0 ? [aClaim('c', { kind: 'card' })] : [];
    runner.start();
    await settle();
    let isStopped = false;
    const stopping = runner.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    await work.end('c');
    await stopping;
    expect(work.begun).toEqual(['c']);
  });
});
