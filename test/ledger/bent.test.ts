/** One thing is changed in the file, anywhere, by somebody who owns it and knows one anchor is elsewhere. */

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/events.ts';
import { activate, intendGrant, startRevoking } from '../../src/domain/grant.ts';
import { BOT } from '../../src/domain/person.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { type Anchor, verifyLedger } from '../../src/ledger/history/verify.ts';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createStateCheck } from '../../src/ledger/sqlite/stateCheck.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { manualClock } from '../support/clock.ts';
import { NO_TIES } from '../support/domain.ts';

let directory: string;
let whole: string;
let anchor: Anchor;
const clock = manualClock();
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const people = ['U1', 'U2', 'U3'].map((slackId) => ({
  slackId,
  name: `Name of ${slackId}`,
  email: `${slackId}@x`,
  timeZone: 'UTC',
}));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-bent-'));
  whole = join(directory, 'whole.db');
  const ledger = openLedger(whole);
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  for (const [index, person] of people.entries()) {
    const [requestId, id] = [`R${index}`, `G${index}`];
    const now = clock.now();
    const request: Request = {
      id: requestId,
      bundle: requestId,
      submissionKey: requestId,
      requester: person,
      role: 'db/read',
      duration: HOUR,
      reason: 'r',
      incidentId: null,
      submittedAt: now,
      startsAt: null,
      extends: null,
      askedFor: null,
      signals: [],
      state: 'denied',
      decision: { effect: 'deny', rule: null, reasons: [], outcomes: [] },
      reviews: [],
      deniedAt: now,
    };
    const core = { id, requestId, person, resourceId: 'db', place: 'db', role: 'db/read', grants: {} };
    const intent = intendGrant({ ...core, duration: HOUR, ties: NO_TIES }, now);
    const active = activate(intent, `jit_${id}`, now);
    const whose = { role: 'db/read', person: { slackId: person.slackId, name: person.name } };
    const about = { actor: BOT, requestId, grantId: id } as const;
    const events: NewEvent[] = [
      {
        ...about,
        type: 'grant.provisioning',
        payload: { ...whose, duration: HOUR, endsAt: intent.endsAt, gives: { place: 'db', grants: {} } },
      },
      { ...about, type: 'grant.activated', payload: { ...whose, account: `jit_${id}`, endsAt: active.endsAt } },
    ];
    await store.commit({
      requests: [{ value: request, version: 0 }],
      grants: [{ value: active, version: 0 }],
      events,
      jobs: [{ kind: 'end', key: id, dueAt: active.endsAt }],
    });
    if (index === 0)
      await store.commit({
        grants: [{ value: startRevoking(active, { why: 'revoked', by: BOT, problem: null }, now), version: 1 }],
        events: [{ ...about, type: 'grant.revoking', payload: { ...whose, why: 'revoked', problem: null } }],
        jobs: [{ kind: 'end', key: id, dueAt: now }],
      });
  }
  const head = ledger.sqlite
    .prepare<[], { seq: number; hash: string }>('SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1')
    .get();
  anchor = { seq: head?.seq ?? 0, hash: head?.hash ?? '', where: 'the auditor' };
  ledger.sqlite.pragma('wal_checkpoint(TRUNCATE)');
  ledger.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What verify says, or the look at start, of a file; null: nothing. */
async function noticed(path: string): Promise<string | null> {
  const reader = openLedgerToRead(path);
  try {
    const verified = verifyLedger(reader, { anchors: [anchor] });
    if (!verified.whole) return verified.problem;
    const [suspect] = await createStateCheck(reader, clock).suspects();
    return suspect ?? null;
  } finally {
    reader.close();
  }
}

/** Columns of which any change must be noticed. */
const COLUMNS: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ['events', ['seq', 'at', 'type', 'actor', 'request_id', 'grant_id', 'payload', 'prev_hash', 'hash']],
  ['names', ['ref', 'person', 'salt', 'value']],
  ['grants', ['id', 'state', 'request_id', 'person', 'role', 'resource', 'body']],
  ['jobs', ['kind', 'key']],
];
const PATHS = [
  '$.id',
  '$.state',
  '$.requestId',
  '$.person.slackId',
  '$.role',
  '$.resourceId',
  '$.endsAt',
  '$.place',
  '$.grants',
];
const later = fc.integer({ min: 10 * MINUTE, max: 1_000_000 * HOUR });
const change = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    column: columnOf(),
    row: fc.nat(),
    value: fc.string({ maxLength: 9 }),
  }),
  fc.record({ kind: fc.constant('swap' as const), column: columnOf(), row: fc.nat(), other: fc.nat() }),
  fc.record({
    kind: fc.constant('delete' as const),
    table: fc.constantFrom('events', 'names', 'grants', 'jobs'),
    row: fc.nat(),
  }),
  fc.record({ kind: fc.constant('body' as const), path: fc.constantFrom(...PATHS), row: fc.nat(), by: later }),
  fc.record({ kind: fc.constant('late' as const), row: fc.nat(), by: later }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function columnOf() {
  return fc.constantFrom(...COLUMNS.flatMap(([table, columns]) => columns.map((column) => ({ table, column }))));
}

/** @returns whether anything is different now */
function apply(path: string, one: Change): boolean {
  const db = new SQLite(path);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  db.exec('DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted');
  const rowOf = (table: string, row: number): number => {
    const ids = db.prepare<[], number>(`SELECT rowid FROM ${table} ORDER BY rowid`).pluck().all();
    return ids[row % ids.length] ?? 0;
  };
  const dump = () =>
    JSON.stringify(COLUMNS.map(([table]) => db.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all()));
  const before = dump();
  try {
    if (one.kind === 'delete') db.prepare(`DELETE FROM ${one.table} WHERE rowid = ?`).run(rowOf(one.table, one.row));
    if (one.kind === 'late')
      db.prepare('UPDATE jobs SET due_at = due_at + ? WHERE rowid = ?').run(one.by, rowOf('jobs', one.row));
    if (one.kind === 'body')
      db.prepare(
        one.path === '$.endsAt'
          ? "UPDATE grants SET body = json_set(body, ?, json_extract(body, '$.endsAt') + ?) WHERE rowid = ? AND state = 'active'"
          : 'UPDATE grants SET body = json_set(body, ?, ?) WHERE rowid = ?',
      ).run(one.path, one.path === '$.endsAt' ? one.by : `x${one.by}`, rowOf('grants', one.row));
    if (one.kind === 'set') {
      const { table, column } = one.column;
      const isNumber = column === 'seq' || column === 'at';
      const value = isNumber ? one.value.length + 1_000 : `x${one.value}`;
      db.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(value, rowOf(table, one.row));
    }
    if (one.kind === 'swap') {
      const { table, column } = one.column;
      const other = db
        .prepare<[number], string | number>(`SELECT ${column} FROM ${table} WHERE rowid = ?`)
        .pluck()
        .get(rowOf(table, one.other));
      db.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(other, rowOf(table, one.row));
    }
    return dump() !== before;
  } catch (error) {
    // What the table itself refuses, such as a second row of the same name, has changed nothing.
    if (error instanceof SQLite.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT')) return false;
    throw error;
  } finally {
    db.close();
  }
}

test('the file as the bot left it is whole', async () => {
  expect(await noticed(whole)).toBeNull();
});

test('K10.8 any one change in what is checked is noticed, with one anchor elsewhere', async () => {
  const path = join(directory, 'bent.db');
  let changed = 0;
  await fc.assert(
    fc.asyncProperty(change, async (one) => {
      copyFileSync(whole, path);
      if (!apply(path, one)) return;
      changed += 1;
      expect(await noticed(path), JSON.stringify(one)).not.toBeNull();
    }),
    { numRuns: 200, seed: SEED },
  );
  expect(changed).toBeGreaterThan(100);
}, 60_000);

test('K10.8 the docs say of every table what is checked in it', () => {
  const docs = readFileSync(new URL('../../docs/ledger.md', import.meta.url), 'utf8');
  const db = new SQLite(whole, { readonly: true });
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'")
    .pluck()
    .all();
  db.close();
  for (const table of tables) expect(docs, table).toContain(`| \`${table}\` |`);
});
