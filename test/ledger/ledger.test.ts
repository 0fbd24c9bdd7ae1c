import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/events.ts';
import { intendGrant } from '../../src/domain/grant.ts';
import { BOT } from '../../src/domain/person.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { storageFault } from '../../src/ledger/sqlite/errors.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { createSeatBook } from '../../src/ledger/sqlite/seatBook.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import type { Job } from '../../src/ports/jobs.ts';
import { ConflictError, StorageError } from '../../src/ports/store.ts';
import { manualClock } from '../support/clock.ts';
import { NO_TIES } from '../support/domain.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-ledger-'));
  path = join(directory, 'jit.db');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const event = (reason: string): NewEvent => ({
  type: 'request.cancelled',
  actor: BOT,
  requestId: null,
  grantId: null,
  payload: { role: 'db/read', requester: { slackId: 'U1', name: reason } },
});
const person = { slackId: 'U1', name: 'Ana', email: 'ana@x', timeZone: 'UTC' };
const request = (id: string, key = id): Request => ({
  id,
  bundle: id,
  submissionKey: key,
  requester: person,
  role: 'db/read',
  duration: HOUR,
  reason: 'r',
  incidentId: null,
  submittedAt: 0,
  startsAt: null,
  extends: null,
  askedFor: null,
  signals: [],
  state: 'denied',
  decision: { effect: 'deny', rule: null, reasons: [], outcomes: [] },
  reviews: [],
  deniedAt: 0,
});
const grant = (id: string, requestId: string) =>
  intendGrant(
    {
      id,
      requestId,
      person,
      resourceId: 'db',
      place: 'test',
      role: 'db/read',
      grants: {},
      duration: HOUR,
      ties: NO_TIES,
    },
    0,
  );

function open(onDue: (jobs: readonly Job[]) => void = () => undefined) {
  const ledger = openLedger(path);
  return { ledger, store: createStore(ledger, { clock: manualClock(), followUps: () => [], onDue }) };
}

async function filled(count: number) {
  const { ledger, store } = open();
  for (let index = 0; index < count; index += 1) await store.commit({ events: [event(`person ${index}`)] });
  ledger.close();
}

/** Somebody with the file and every right on it. */
function tamper(...statements: string[]) {
  const db = new SQLite(path);
  db.exec('DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted;');
  for (const statement of statements) db.exec(statement);
  db.close();
}

const verified = () => {
  const ledger = openLedgerToRead(path);
  const result = verifyLedger(ledger);
  ledger.close();
  return result;
};

describe('the chain', () => {
  test('a ledger as it was written is whole, from the first event to the last', async () => {
    await filled(5);
    expect(verified()).toMatchObject({ whole: true, events: 5 });
  });

  test('the database itself refuses to change or delete an event', async () => {
    const { ledger, store } = open();
    await store.commit({ events: [event('a')] });
    expect(() => ledger.sqlite.exec("UPDATE events SET actor = '{}'")).toThrow(/append-only/);
    expect(() => ledger.sqlite.exec('DELETE FROM events')).toThrow(/append-only/);
    ledger.close();
  });

  test.each([
    ['an edited payload', `UPDATE events SET payload = replace(payload, 'db/read', 'db/admin') WHERE seq = 3`, 3],
    ['a time moved', 'UPDATE events SET at = at + 1 WHERE seq = 2', 2],
    ['an event deleted', 'DELETE FROM events WHERE seq = 3', 3],
    [
      'two events swapped',
      'UPDATE events SET seq = 99 WHERE seq = 2; UPDATE events SET seq = 2 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 99',
      2,
    ],
    ['the first event deleted', 'DELETE FROM events WHERE seq = 1', 1],
  ])('%s is found, at its place', async (_name, statement, seq) => {
    await filled(5);
    tamper(statement);
    expect(verified()).toMatchObject({ whole: false, seq });
  });

  test('any change of any field of any event is found', async () => {
    await filled(6);
    tamper();
    const db = new SQLite(path);
    const field = fc.constantFrom('at', 'type', 'actor', 'payload', 'prev_hash', 'hash', 'request_id');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), field, fc.string({ minLength: 1 }), (seq, name, value) => {
        db.exec('BEGIN');
        const changed = db
          .prepare(`UPDATE events SET ${name} = ? WHERE seq = ? AND ${name} IS NOT ?`)
          .run(name === 'at' ? value.length : value, seq, name === 'at' ? value.length : value);
        const result = verifyLedger({ sqlite: db });
        db.exec('ROLLBACK');
        return changed.changes === 0 || (!result.whole && (result.seq === seq || result.seq === seq + 1));
      }),
    );
    db.close();
  });
});

describe('commits', () => {
  test('state and events are committed together or not at all', async () => {
    const { ledger, store } = open();
    await store.commit({ requests: [{ value: request('R1'), version: 0 }], events: [event('one')] });
    await expect(
      store.commit({ events: [event('two')], requests: [{ value: request('R1'), version: 0 }] }),
    ).rejects.toThrow(ConflictError);
    await expect(
      store.commit({ requests: [{ value: request('R1'), version: 7 }], events: [event('three')] }),
    ).rejects.toThrow(ConflictError);
    await store.commit({ requests: [{ value: request('R1'), version: 1 }], events: [event('four')] });
    const written = await createEventReader(ledger).after(0, 10);
    expect(written.map((one) => (one.payload as { requester: { name: string } }).requester.name)).toEqual([
      'one',
      'four',
    ]);
    ledger.close();
    expect(verified()).toMatchObject({ whole: true, events: 2 });
  });

  test('one submission is one request, and one person holds a role once', async () => {
    const { ledger, store } = open();
    await store.commit({
      requests: [{ value: request('R1', 'view-1'), version: 0 }],
      grants: [{ value: grant('G1', 'R1'), version: 0 }],
    });
    await expect(store.commit({ requests: [{ value: request('R2', 'view-1'), version: 0 }] })).rejects.toThrow(
      ConflictError,
    );
    await expect(
      store.commit({
        requests: [{ value: request('R3'), version: 0 }],
        grants: [{ value: grant('G3', 'R3'), version: 0 }],
      }),
    ).rejects.toThrow(ConflictError);
    expect(await store.request('R3')).toBeNull();
    ledger.close();
  });
});

test('a full disk is said with what to do, whatever was to be written', async () => {
  const { ledger } = open();
  const [posts, seats] = [createPostBook(ledger), createSeatBook(ledger)];
  ledger.sqlite.pragma(`max_page_count = ${ledger.sqlite.pragma('page_count', { simple: true })}`);
  const until = async (write: (index: number) => Promise<void>) => {
    for (let index = 0; index < 1_000; index += 1) await write(index);
  };
  const full = /jit\.db: the disk is full; free some space; a bot that runs goes on by itself \(SQLITE_FULL\)$/;
  const post = { channel: 'C1', ts: '1.0', digest: 'd' };
  await expect(until((index) => posts.keep(`card:${index}`, post))).rejects.toThrow(full);
  await expect(until((index) => posts.moveCursor(`cursor ${index}`, index))).rejects.toThrow(full);
  const seat = { place: 'team', account: 'ana', level: 'member', role: 'team/member', before: null };
  await expect(until((index) => seats.keep({ ...seat, grantId: `G${index}` }))).rejects.toThrow(full);
  ledger.close();
});

test('a grant that gives nothing owes no seat, and stays on a revocation list', async () => {
  const { ledger, store } = open();
  const seats = createSeatBook(ledger);
  const seat = { account: 'ana', level: 'member', role: 'team/member', before: null };
  await seats.keep({ ...seat, grantId: 'G1', place: 'team' });
  await seats.keep({ ...seat, grantId: 'G2', place: 'team' });
  await seats.keep({ ...seat, grantId: 'G1', place: 'ssh revoked /etc/list' });
  await store.commit({ unseated: ['G1'] });
  expect((await seats.at('team', 'ana')).map(({ grantId }) => grantId)).toEqual(['G2']);
  expect((await seats.of('G1')).map(({ place }) => place)).toEqual(['ssh revoked /etc/list']);
  ledger.close();
});

describe('words of other people in an event', () => {
  /** Any UTF-16 that a program can hold, halves of emoji too: a target's answer may have been cut in the middle of one. */
  const words = fc
    .array(fc.oneof(fc.constantFrom(0x20, 0x22, 0x5c, 0x75, 0x64, 0x38, 0xd83d, 0xde00), fc.nat({ max: 0xffff })))
    .map((units) => String.fromCharCode(...units));
  const overdue = (problem: string): NewEvent => ({
    type: 'grant.overdue',
    actor: BOT,
    requestId: null,
    grantId: null,
    payload: { role: 'db/read', person: { slackId: 'U1', name: 'Ana' }, failures: 6, problem },
  });

  test('half an emoji does not stop an alarm’s record: it is replaced', async () => {
    const { ledger, store } = open();
    await store.commit({ events: [overdue('the target answered 500: \ud83d')] });
    expect((await createEventReader(ledger).after(0, 1))[0]?.payload).toMatchObject({
      problem: 'the target answered 500: \ufffd',
    });
    ledger.close();
    expect(verified()).toMatchObject({ whole: true, events: 1 });
  });

  test('any words are recorded as canonical JSON (RFC 8785), as a library writes it', async () => {
    const { ledger, store } = open();
    await fc.assert(
      fc.asyncProperty(words, async (problem) => {
        const [recorded] = await store.commit({ events: [overdue(problem)] });
        const [payload] = ledger.sqlite
          .prepare<[number], string>('SELECT payload FROM events WHERE seq = ?')
          .pluck()
          .all(recorded?.seq ?? 0);
        const wanted = { ...(JSON.parse(payload ?? '') as object), problem: problem.toWellFormed() };
        expect(payload).toBe(canonicalize(wanted));
      }),
    );
    ledger.close();
    expect(verified()).toMatchObject({ whole: true });
  });
});

describe('opening', () => {
  test('a second bot on the same database is kept out, and told why', () => {
    const { ledger } = open();
    expect(() => openLedger(path)).toThrow(/another bot is already running/);
    ledger.close();
    openLedger(path).close();
  });

  test.each([
    [
      'a folder that does not exist',
      () => join(directory, 'nowhere', 'jit.db'),
      /its folder does not exist; create it/,
    ],
    [
      'a file that is no database',
      () => {
        writeFileSync(path, 'not a database, but long enough to look at '.repeat(40));
        return path;
      },
      /damaged or no SQLite database/,
    ],
    ['a folder in place of the file', () => directory, /cannot be opened/],
  ])('%s is refused with what to do', (_name, make, message) => {
    const where = make();
    expect(() => openLedger(where)).toThrow(StorageError);
    expect(() => openLedger(where)).toThrow(message);
  });

  test('a database that another program has locked is named as locked', async () => {
    await filled(1);
    const { ledger, store } = open();
    const other = new SQLite(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.commit({ events: [event('x')] })).rejects.toThrow(/locked by another program/);
    other.exec('ROLLBACK');
    other.close();
    await store.commit({ events: [event('x')] });
    ledger.close();
    expect(verified()).toMatchObject({ whole: true, events: 2 });
  });

  test.each([
    ['SQLITE_READONLY', /read-only; give the bot's user write access/],
    ['SQLITE_FULL', /disk is full/],
    ['SQLITE_CORRUPT', /damaged.*put back a copy/],
    ['SQLITE_IOERR_READ', /reading or writing the disk failed/],
  ])('what SQLite calls %s is said with what to do', (code, message) => {
    const fault = storageFault(Object.assign(new Error('x'), { code }), path);
    expect(fault).toBeInstanceOf(StorageError);
    expect(String(fault)).toMatch(message);
  });

  test('reading a ledger that is not there says so', () => {
    expect(() => openLedgerToRead(path)).toThrow(/no such file/);
  });
});
