/** `jitbot support`: what somebody needs who looks for a fault, and nothing that names anybody. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { logLines } from '../../src/cli/support/logLines.ts';
import { policyShape } from '../../src/cli/support/policyShape.ts';
import { runHere } from '../support/cliHere.ts';
import { aSite } from '../support/flowWorld.ts';
import { aLivedLedger } from '../support/livedLedger.ts';

const TOKEN = 'xoxb-1234567890-abcdefghijkl';
const POLICY = `
slack: { audit_channel: C0AUDIT01, approvals_channel: C0APPROVE, admins: [U0EVE00001] }
variables: { team: "the payments crew" }
resources:
  ledger-of-payments:
    name: Payments database
    target: { kind: postgres, url: "postgres://jitbot:\${PAYMENTS_PASSWORD}@db.harbor.example/payments", login: temporary }
    roles:
      reading-it: { grants: { roles: [payments_ro] }, duration: { max: 4h }, rules: [{ allow: { on_call: { schedule: PAY1234 } } }] }
bundles: { both: { roles: [ledger-of-payments/reading-it] } }
`;
const LOG = [
  {
    level: 'error',
    time: '2026-11-27T03:12:00.000Z',
    grantId: 'G0001',
    msg: 'a job failed; it is tried again',
    kind: 'end',
    attempt: 3,
  },
  {
    level: 'warn',
    msg: 'not connected to Slack: xoxb is refused for harbor. Nobody can ask',
    problem: 'ana@harbor.example',
  },
  {
    level: 'error',
    msg: 'role "payments_ro" of db.harbor.example is gone',
    err: {
      type: 'DatabaseError',
      code: '42704',
      message: 'no payments_ro',
      stack: 'Error: no payments_ro\n    at take (/srv/jitbot/src/jobs/lane.ts:10:3)',
    },
  },
].map((line) => JSON.stringify(line));

let folder: string;
let database: string;
let files: Record<string, string>;
let typed: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-support-'));
  const site = aSite(join(folder, 'jit.db'));
  await aLivedLedger(site);
  database = site.path;
  const writing = new SQLite(database);
  writing.prepare("INSERT INTO records (kind, key, body, version) VALUES ('canary', 'bot', ?, 1)").run(
    JSON.stringify({
      ...{ role: 'ledger-of-payments/reading-it', every: 3_600_000, run: null, beganAt: 1, held: null, heldAt: null },
      last: { at: 1, took: 1, problem: 'ledger-of-payments refused it' },
    }),
  );
  writing.close();
  const sqlite = new SQLite(database, { readonly: true });
  typed = [
    ...sqlite
      .prepare<[], { value: string }>('SELECT value FROM names WHERE value IS NOT NULL')
      .all()
      .map(({ value }) => value),
    ...sqlite
      .prepare<[], { person: string }>('SELECT DISTINCT person FROM names')
      .all()
      .map(({ person }) => person),
    ...sqlite
      .prepare<[], { reason: string }>(
        "SELECT DISTINCT json_extract(payload, '$.reason') AS reason FROM events WHERE reason > ''",
      )
      .all()
      .map(({ reason }) => reason),
  ];
  sqlite.close();
  const policy = join(folder, 'policy.yaml');
  const log = join(folder, 'bot.log');
  writeFileSync(policy, POLICY);
  writeFileSync(log, `${LOG.join('\n')}\nStarted jitbot for harbor.\n`);
  vi.stubEnv('JIT_POLICY', policy);
  vi.stubEnv('SLACK_BOT_TOKEN', TOKEN);
  const out = join(folder, 'support.zip');
  expect(await runHere('support', database, '--log', log, '--out', out)).toMatchObject({ code: 0, err: '' });
  files = Object.fromEntries(
    Object.entries(unzipSync(readFileSync(out))).map(([name, bytes]) => [name, strFromU8(bytes)]),
  );
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));
const read = (name: string): unknown => JSON.parse(files[name] ?? '');

test('names nobody, no place, no reason and no secret', () => {
  expect(typed.length).toBeGreaterThan(5);
  const all = Object.values(files).join('\n');
  const secrets = [
    TOKEN,
    'harbor',
    'payments',
    'crew',
    'C0AUDIT01',
    'U0EVE00001',
    'PAY1234',
    'reading-it',
    'G0001',
    folder,
  ];
  expect([...typed, ...secrets].filter((text) => all.includes(text))).toEqual([]);
});

test('says of which version and machine, and which variables are set', () => {
  expect(read('about.json')).toMatchObject({ node: process.version, jitbot: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  expect(read('environment.json')).toMatchObject({
    SLACK_BOT_TOKEN: 'set',
    JIT_POLICY: 'set',
    JIT_SECRET_KEY: 'not set',
  });
});

test('says whether the record is whole, and how much there is of everything', () => {
  expect(read('database.json')).toMatchObject({
    whole: true,
    bytes: expect.any(Number),
    rows: { events: expect.any(Number), requests: expect.any(Number) },
    events: { first: 1, byType: { 'request.submitted': expect.any(Number), 'grant.ended': expect.any(Number) } },
  });
  expect(read('status.json')).toMatchObject({
    alive: false,
    live: { overdue: 1 },
    canary: { last: { passed: false } },
  });
});

test('has the settings of the policy, in which the same name is the same number', () => {
  expect(read('policy.json')).toMatchObject({
    resources: {
      'name 7': {
        target: { kind: 'postgres', login: 'temporary' },
        roles: { 'name 10': { duration: { max: '4h' }, rules: [{ allow: { on_call: {} } }] } },
      },
    },
  });
  expect(policyShape({ a: ['x', 'y', 'x'] }, { keys: new Set('a'), values: new Set() })).toEqual({
    a: ['name 1', 'name 2', 'name 1'],
  });
});

describe('a line of the log', () => {
  test('keeps level, time, kind of message and of work', () => {
    expect(logLines(LOG[0] ?? '')).toEqual([
      {
        level: 'error',
        time: '2026-11-27T03:12:00.000Z',
        kind: 'end',
        attempt: 3,
        msg: 'a job failed; it is tried again',
      },
    ]);
  });

  test('loses what varies in its message, and what a fault says but not where it was', () => {
    expect(logLines(LOG.slice(1).join('\n'))).toEqual([
      { level: 'warn', msg: 'not connected to Slack: …' },
      {
        level: 'error',
        msg: 'role …',
        err: { type: 'DatabaseError', code: '42704', at: ['at take (src/jobs/lane.ts:10:3)'] },
      },
    ]);
  });

  test('that is no JSON is only counted', () => {
    expect(logLines('Started jitbot for harbor.\n\n')).toEqual([{ msg: '(a line that is no JSON)' }]);
  });
});

test('what is there already is not written over', async () => {
  const out = join(folder, 'support.zip');
  const before = readFileSync(out);
  const { code, err } = await runHere('support', database, '--out', out);
  expect(code).toBe(2);
  expect(err).toContain('exists already; name a new file');
  expect(readFileSync(out)).toEqual(before);
});
