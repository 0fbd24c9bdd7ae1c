/** On a slow disk, writes leave the event loop to others in between, and share a sync. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import type { Elapsed } from '../../src/ledger/sqlite/elapsed.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import type { Together } from '../../src/ledger/sqlite/sharedWrites.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { createWriteGate } from '../../src/ledger/sqlite/writeGate.ts';
import { ConflictError, StorageError } from '../../src/ports/store.ts';
import { aDeniedRequest, anEvent } from '../support/aLedger.ts';
import { manualClock } from '../support/clock.ts';

/** Time that goes by only where something takes it, and timers that go off when it is their time. */
function handTime() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const elapsed: Elapsed = {
    now: () => now,
    wakeIn: (ms, callback) => {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const take = (ms: number): void => {
    now += ms;
  };
  const goOn = (ms: number): void => {
    now += ms;
    for (const timer of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(timer);
      timer.callback();
    }
  };
  return { elapsed, take, goOn, timers: () => timers.size };
}

describe('the gate after a write that met a slow disk', () => {
  let time: ReturnType<typeof handTime>;
  let did: string[];
  let together: (readonly unknown[])[];
  const inOne: Together = (works) => {
    together.push(works);
    return works.map((work) => {
      try {
        return { value: work() };
      } catch (error) {
        return { error };
      }
    });
  };
  beforeEach(() => {
    time = handTime();
    did = [];
    together = [];
  });
  const aGate = () => createWriteGate('jit.db', time.elapsed, inOne);
  const taking =
    (name: string, ms = 0) =>
    () => {
      did.push(name);
      time.take(ms);
      return name;
    };

  test('leaves the loop to others for as long, and writes all that waits with one sync', async () => {
    const gate = aGate();
    expect(await gate.enqueue(taking('slow', 500))).toBe('slow');
    const later = Promise.all([gate.enqueue(taking('a')), gate.enqueue(taking('b'))]);
    time.goOn(499);
    expect(did).toEqual(['slow']);
    time.goOn(1);
    expect(await later).toEqual(['a', 'b']);
    expect(together.map(({ length }) => length)).toEqual([2]);
    expect(await gate.enqueue(taking('c'))).toBe('c');
    expect(together).toHaveLength(1);
  });

  test('rests again after each that is slow, for two seconds at most', async () => {
    const gate = aGate();
    await gate.enqueue(taking('slow', 60_000));
    const [first, second] = [gate.enqueue(taking('a', 300)), gate.enqueue(taking('b', 300))];
    time.goOn(1_999);
    expect(did).toEqual(['slow']);
    time.goOn(1);
    await Promise.all([first, second]);
    const third = gate.enqueue(taking('c'));
    time.goOn(599);
    expect(did).toEqual(['slow', 'a', 'b']);
    time.goOn(1);
    expect(await third).toBe('c');
  });

  test('does not rest after one that takes fifty milliseconds', async () => {
    const gate = aGate();
    await gate.enqueue(taking('a', 50));
    await gate.enqueue(taking('b'));
    expect(did).toEqual(['a', 'b']);
    await gate.enqueue(taking('slow', 51));
    void gate.enqueue(taking('c'));
    expect(did).toEqual(['a', 'b', 'slow']);
  });

  test('one that fails keeps none of the others, and each is told its own', async () => {
    const gate = aGate();
    await gate.enqueue(taking('slow', 500));
    const fails = (error: Error) => () => {
      throw error;
    };
    const conflict = new ConflictError('somebody was faster');
    const full = Object.assign(new Error('x'), { code: 'SQLITE_FULL' });
    const all = Promise.allSettled([
      gate.enqueue(taking('a')),
      gate.enqueue(fails(conflict)),
      gate.enqueue(fails(full)),
      gate.enqueue(taking('b')),
    ]);
    time.goOn(500);
    expect(await all).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: conflict },
      { status: 'rejected', reason: expect.any(StorageError) },
      { status: 'fulfilled', value: 'b' },
    ]);
  });

  test('is closed without leaving anything unwritten, or a timer', async () => {
    const gate = aGate();
    await gate.enqueue(taking('slow', 500));
    const last = gate.enqueue(taking('a', 500));
    // As a change does that waits for another program's lock.
    gate.whenOpen(() => void gate.enqueue(taking('b')));
    gate.close();
    expect(await last).toBe('a');
    expect(did).toEqual(['slow', 'a', 'b']);
    expect(time.timers()).toBe(0);
  });
});

describe('a ledger on a slow disk', () => {
  let directory: string;
  let ledger: OpenLedger;
  let time: ReturnType<typeof handTime>;
  let syncs = 0;

  /** Every transaction takes half a second. */
  function slowDown({ sqlite }: OpenLedger): void {
    const { transaction } = sqlite;
    sqlite.transaction = ((work: (...args: unknown[]) => unknown) => {
      const made = transaction.call(sqlite, work);
      const immediate = (...args: unknown[]) => {
        if (sqlite.inTransaction) return made.immediate(...args);
        syncs += 1;
        time.take(500);
        return made.immediate(...args);
      };
      return Object.assign((...args: unknown[]) => made(...args), { immediate });
    }) as typeof transaction;
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'jitbot-slow-'));
    time = handTime();
    syncs = 0;
    ledger = openLedger(join(directory, 'jit.db'), { elapsed: time.elapsed });
    slowDown(ledger);
  });
  afterEach(() => {
    ledger.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const parts = () => ({
    store: createStore(ledger, { clock: manualClock(), followUps: () => [], onDue: () => undefined }),
    queue: createJobQueue(ledger),
    posts: createPostBook(ledger),
  });
  const turns = async () => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const asking = (id: string) => ({
    requests: [{ value: aDeniedRequest(id), version: 0 }],
    events: [anEvent('bot.stopped', { signal: id })],
    jobs: [{ kind: 'notify', key: id, dueAt: 0 } as const],
  });
  const signals = () =>
    ledger.sqlite
      .prepare<[], string>("SELECT json_extract(payload, '$.signal') FROM events ORDER BY seq")
      .pluck()
      .all();

  test('changes, claims, outcomes and posts that come during a rest share one sync', async () => {
    const { store, queue, posts } = parts();
    await store.commit({ ...asking('R0'), jobs: [{ kind: 'end', key: 'G1', dueAt: 0 }] });
    time.goOn(500);
    const [claim] = await queue.claim(['end'], 1, 1, 1_000);
    if (!claim) throw new Error('nothing is due');
    await store.commit(asking('R1'));
    expect(syncs).toBe(2);
    const many = Array.from({ length: 120 }, (_, index) => store.commit(asking(`R${index + 2}`)));
    const others = [
      queue.settle({ claim, next: 'done' }),
      posts.keep('card:R1', { channel: 'C1', ts: '1', digest: 'd' }),
      posts.moveCursor('clock', 7),
    ];
    const claims = queue.claim(['notify'], 1, 5, 1_000);
    await turns();
    expect(syncs).toBe(2);
    time.goOn(500);
    await Promise.all([...many, ...others]);
    expect([syncs, (await claims).map(({ key }) => key)]).toEqual([3, ['R1']]);
    expect(signals()).toEqual(Array.from({ length: 122 }, (_, index) => `R${index}`));
    expect(verifyLedger(ledger)).toMatchObject({ whole: true, events: 122 });
    expect(await posts.cursor('clock')).toBe(7);
    expect(await queue.mayBegin(['end'], 1, 5)).toEqual([]);
  });

  test('a change that conflicts keeps none from happening that shares its sync', async () => {
    const { store, posts } = parts();
    await store.commit(asking('R0'));
    const all = Promise.allSettled([
      store.commit(asking('R1')),
      store.commit(asking('R0')),
      store.commit(asking('R2')),
      posts.moveCursor('clock', 7),
    ]);
    await turns();
    time.goOn(500);
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(signals()).toEqual(['R0', 'R1', 'R2']);
    expect(verifyLedger(ledger)).toMatchObject({ whole: true, events: 3 });
  });

  test('a disk that is full then takes nothing of it, and the chain goes on later', async () => {
    const { store, posts } = parts();
    await store.commit(asking('R0'));
    const pages = Number(ledger.sqlite.pragma('page_count', { simple: true }));
    ledger.sqlite.pragma(`max_page_count = ${pages}`);
    const large = { events: [anEvent('bot.stopped', { signal: 'x'.repeat(20_000) })] };
    const all = Promise.allSettled([posts.moveCursor('clock', 7), store.commit(asking('R1')), store.commit(large)]);
    await turns();
    time.goOn(500);
    for (const outcome of await all)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StorageError' } });
    expect([signals(), await posts.cursor('clock')]).toEqual([['R0'], 0]);
    ledger.sqlite.pragma(`max_page_count = ${10 * pages}`);
    const later = Promise.all([store.commit(asking('R1')), store.commit(asking('R2'))]);
    await turns();
    time.goOn(500);
    await later;
    expect(verifyLedger(ledger)).toMatchObject({ whole: true, events: 3 });
  });

  test('a lock by another program fails a claim, and a change waits for it', async () => {
    const { store, queue } = parts();
    await store.commit({ ...asking('R0'), jobs: [{ kind: 'card', key: 'R0', dueAt: 0 }] });
    const changes = Promise.all([store.commit(asking('R1')), store.commit(asking('R2'))]);
    const claim = queue.claim(['card'], 1, 5, 1_000);
    await turns();
    const other = new SQLite(ledger.path);
    other.exec('BEGIN IMMEDIATE');
    time.goOn(500);
    await expect(claim).rejects.toMatchObject({ isBusy: true });
    expect(signals()).toEqual(['R0']);
    other.exec('ROLLBACK');
    other.close();
    time.goOn(50);
    await turns();
    time.goOn(500);
    await changes;
    expect(signals()).toEqual(['R0', 'R1', 'R2']);
  });
});
