import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { manualClock } from '../support/clock.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-migration-'));
  path = join(directory, 'jit.db');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const person = { slackId: 'U1', name: 'Ana', email: 'Ana+work@x', timeZone: 'UTC' };
const core = {
  submissionKey: 'V1',
  requester: person,
  role: 'db/read',
  duration: HOUR,
  reason: 'r',
  incidentId: null,
  submittedAt: 0,
};

/** A database as the first release left it, with its migration recorded the way drizzle does. */
function firstRelease(): SQLite.Database {
  const db = new SQLite(path);
  const sql = readFileSync(new URL('../../migrations/0000_ledger.sql', import.meta.url), 'utf8');
  for (const statement of sql.split('--> statement-breakpoint')) db.exec(statement);
  db.exec('CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)');
  db.prepare('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)').run('first', 1795230000000);
  return db;
}

test('a database of the first release goes on: reviews and ends still work', async () => {
  const db = firstRelease();
  const request = db.prepare(
    'INSERT INTO requests (id, version, state, submission_key, requester, role, body) VALUES (?, 1, ?, ?, ?, ?, ?)',
  );
  const decision = {
    effect: 'ask',
    rule: 1,
    reasons: [],
    outcomes: [],
    reviewers: ['S1'],
    needed: 2,
    expiresAfter: HOUR,
  };
  const pending = { ...core, id: 'R1', state: 'pending', decision, expiresAt: HOUR, reviews: [] };
  request.run('R1', 'pending', 'V1', 'U1', 'db/read', JSON.stringify(pending));
  const approved = {
    ...core,
    id: 'R2',
    submissionKey: 'V2',
    state: 'approved',
    decision,
    reviews: [],
    approvedAt: 0,
    grantId: 'G1',
  };
  request.run('R2', 'approved', 'V2', 'U1', 'db/admin', JSON.stringify(approved));
  const grant = {
    id: 'G1',
    requestId: 'R2',
    person,
    resourceId: 'db',
    role: 'db/admin',
    grants: {},
    duration: HOUR,
    intendedAt: 0,
    endsAt: HOUR,
    state: 'active',
    activation: { at: 0, account: 'ana' },
  };
  db.prepare(
    'INSERT INTO grants (id, version, state, request_id, person, role, resource, body) VALUES (?, 1, ?, ?, ?, ?, ?, ?)',
  ).run('G1', 'active', 'R2', 'U1', 'db/admin', 'db', JSON.stringify(grant));
  db.close();

  const ledger = openLedger(path);
  const store = createStore(ledger, { clock: manualClock(), followUps: () => [], onDue: () => undefined });
  expect((await store.request('R1'))?.value).toMatchObject({
    bundle: 'R1',
    startsAt: null,
    extends: null,
    escalations: [],
    decision: { stages: [{ reviewers: ['S1'], needed: 2 }], escalate: [] },
  });
  expect(await store.bundle('R1')).toHaveLength(1);
  expect((await store.request('R2'))?.value).toMatchObject({ useReview: null });
  expect((await store.liveGrants({}))[0]?.value).toMatchObject({
    endsBecause: 'expired',
    extension: null,
    ties: { window: null, shift: null, incident: null, inPagerDuty: false },
  });
  expect(await store.unreviewedUses()).toEqual([]);
  // What was there is found by mailbox too, so that another account of the same human does not hold it as well.
  const human = { accounts: ['U2'], mailboxes: ['ana@x'] };
  expect((await store.liveGrantOf(human, 'db/admin'))?.value.id).toBe('G1');
  expect((await store.pendingRequestOf(human, 'db/read'))?.value.id).toBe('R1');
  expect(await store.accountsOf(human)).toEqual(['U2', 'U1']);
  expect(verifyLedger(ledger)).toMatchObject({ whole: true });
  ledger.close();
});

test('pending work on break-glass uses is kept under its new name', async () => {
  const db = firstRelease();
  db.prepare("INSERT INTO jobs (kind, key, due_at) VALUES ('review', 'R1', 5)").run();
  db.close();
  const ledger = openLedger(path);
  expect(await createJobQueue(ledger).claim(['chase_use_review'], 5, 10, HOUR)).toMatchObject([
    { key: 'R1', dueAt: 5 },
  ]);
  ledger.close();
});
