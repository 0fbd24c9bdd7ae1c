/** A database that another program holds is never waited for synchronously. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite, { type Database } from 'better-sqlite3';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createIdBook } from '../../src/ledger/sqlite/idBook.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { createSeatBook } from '../../src/ledger/sqlite/seatBook.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { StorageError } from '../../src/ports/store.ts';
import { manualClock } from '../support/clock.ts';

let directory: string;
let ledger: OpenLedger;
let other: Database;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-gate-'));
  ledger = openLedger(join(directory, 'jit.db'));
  other = new SQLite(ledger.path);
});
afterEach(() => {
  other.close();
  ledger.close();
  rmSync(directory, { recursive: true, force: true });
});

const storeOf = () => createStore(ledger, { clock: manualClock(), followUps: () => [], onDue: () => undefined });
const due = { kind: 'end', key: 'G1', dueAt: 0 } as const;
const lock = () => other.exec('BEGIN IMMEDIATE');
const unlock = () => other.exec('ROLLBACK');

test('SQLite itself waits for nobody', () => {
  expect(ledger.sqlite.pragma('busy_timeout', { simple: true })).toBe(0);
});

test('a commit waits for a short lock, and what came meanwhile goes with it', async () => {
  const store = storeOf();
  lock();
  const first = store.commit({ jobs: [due] });
  await expect.poll(() => ledger.gate.isClosed()).toBe(true);
  const second = store.commit({ jobs: [{ ...due, key: 'G2' }] });
  unlock();
  await Promise.all([first, second]);
  expect(await createJobQueue(ledger).claim(['end'], 1, 10, 1)).toHaveLength(2);
});

test('pauses and patience are counted by the time that it is given', async () => {
  let now = 0;
  const wakes: (() => void)[] = [];
  const path = join(directory, 'counted.db');
  const counted = openLedger(path, {
    elapsed: {
      now: () => now,
      wakeIn: (_ms, callback) => {
        wakes.push(callback);
        return () => undefined;
      },
    },
  });
  onTestFinished(() => counted.close());
  const holder = new SQLite(path);
  holder.exec('BEGIN IMMEDIATE');
  const commit = createStore(counted, { clock: manualClock(), followUps: () => [], onDue: () => undefined }).commit;
  const outcome = commit({ jobs: [due] }).catch((error: unknown) => error);
  await expect.poll(() => wakes.length).toBe(1);
  now = 49;
  expect(counted.gate.isClosed()).toBe(true);
  now = 50;
  expect(counted.gate.isClosed()).toBe(false);
  now = 1_000;
  wakes[0]?.();
  now = 2_000;
  wakes[1]?.();
  expect(await outcome).toMatchObject({ isBusy: true });
  holder.close();
});

/** The next write is turned away by a gate that has opened by the time anybody looks. */
function turnedAwayOnce(): OpenLedger {
  let isFirst = true;
  const share: OpenLedger['gate']['share'] = (work, settle) => {
    if (!isFirst) return ledger.gate.share(work, settle);
    isFirst = false;
    settle.reject(new StorageError('the database is locked by another program', { isBusy: true }));
  };
  return { ...ledger, gate: { ...ledger.gate, share, isClosed: () => false } };
}

test('a commit that is turned away in the last instant of the pause is tried again', async () => {
  const options = { clock: manualClock(), followUps: () => [], onDue: () => undefined };
  await createStore(turnedAwayOnce(), options).commit({ jobs: [due] });
  expect(await createJobQueue(ledger).claim(['end'], 1, 10, 1)).toHaveLength(1);
});

test('a lock that stays is told to whoever committed, as what it is', async () => {
  const store = storeOf();
  lock();
  await expect(store.commit({ jobs: [due] })).rejects.toMatchObject({ name: 'StorageError', isBusy: true });
  unlock();
  await store.commit({ jobs: [due] });
});

test.each<[string, () => unknown]>([
  ['claim of due work', () => createJobQueue(ledger).claim(['end'], 1, 10, 1)],
  ['position', () => createPostBook(ledger).moveCursor('clock', 1)],
  ['post', () => createPostBook(ledger).keep('card:R1', { channel: 'C1', ts: '1', digest: 'd' })],
  ['seat', () => createSeatBook(ledger).drop({ grantId: 'G1', place: 'p' })],
  ['id', () => createIdBook(ledger).keep('G1', 'login', '1')],
])('a %s fails at once, and after one busy answer nobody else asks SQLite', async (_what, write) => {
  ledger.close();
  // No write is slow, and no pause ends.
  ledger = openLedger(ledger.path, { elapsed: { now: () => 0, wakeIn: () => () => undefined } });
  await storeOf().commit({ jobs: [due] });
  lock();
  await expect((async () => write())()).rejects.toMatchObject({ isBusy: true });
  expect(ledger.gate.isClosed()).toBe(true);
  expect(() => ledger.gate.write(() => expect.unreachable('SQLite is not asked'))).toThrow(StorageError);
  unlock();
});
