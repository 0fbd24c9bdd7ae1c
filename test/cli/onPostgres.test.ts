/** Commands that change a ledger on PostgreSQL, as somebody types them. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { personActor } from '../../src/domain/person.ts';
import { openForBot } from '../../src/ledger/open/postgres.ts';
import { startPostgres } from '../../src/sandbox/postgres.ts';
import { aDeniedRequest, anEvent, person } from '../support/aLedger.ts';
import { jit, type Ran } from '../support/cli.ts';
import { aSite, copyOfSite, type Site } from '../support/flowWorld.ts';
import { aLivedLedger } from '../support/livedLedger.ts';

let server: Awaited<ReturnType<typeof startPostgres>>;
let folder: string;
let lived: Site;
let made = 0;
let site: Site;
let address: string;
beforeAll(async () => {
  server = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'jitbot-on-postgres-'));
  lived = aSite(join(folder, 'lived.db'));
  await aLivedLedger(lived);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  made += 1;
  site = copyOfSite(lived, join(folder, `jit-${made}.db`));
  await query('postgres', `CREATE DATABASE ledger_${made}`);
  address = server.url(`ledger_${made}`);
});

async function query(database: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
const rows = (sql: string) => query(`ledger_${made}`, sql);
const there = (...args: readonly string[]): Promise<Ran> => jit(args, { JIT_DATABASE: address });
const move = () => jit(['ledger', 'move', '--to', address, site.path]);
const done = { code: 0, err: '' };
const file = (name: string) => join(folder, `${name}-${made}`);

describe('ledger move', () => {
  test('takes a ledger to PostgreSQL, where it is whole, and leaves no file to start on', async () => {
    const before = await jit(['ledger', 'verify', site.path]);
    expect(await move()).toMatchObject({ code: 0, out: expect.stringMatching(/events, whole, up to hash .*\.moved-/) });
    expect(existsSync(site.path)).toBe(false);
    const after = await there('ledger', 'verify');
    expect(after.code).toBe(0);
    expect(after.out.split('\n')[0]).toBe(before.out.split('\n')[0]);
  });

  test('takes a window before maintenance along', async () => {
    await jit(['drain', '--for', '45m', '--why', 'new disk', site.path]);
    await move();
    expect((await there('drain')).out).toContain('new disk');
  });

  test('and back, after which no bot starts on PostgreSQL', async () => {
    const before = await jit(['ledger', 'export', site.path]);
    await move();
    expect(await there('ledger', 'move', '--to', file('back.db'))).toMatchObject({ code: 0 });
    expect((await jit(['ledger', 'export', file('back.db')])).out).toBe(before.out);
    await expect(openForBot(address, () => undefined)).rejects.toThrow(/this ledger was moved to .*back\.db/);
  });

  test('does nothing while a bot works there, or where there is a ledger already', async () => {
    await move();
    const bot = await openForBot(address, () => undefined);
    expect(await there('ledger', 'move', '--to', file('back.db'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('another bot works on this database already'),
    });
    await bot.close();
    const second = copyOfSite(lived, file('second.db'));
    expect(await jit(['ledger', 'move', '--to', address, second.path])).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is a ledger in it already'),
    });
    expect(existsSync(second.path)).toBe(true);
  });

  test('says what it needs', async () => {
    expect((await there('ledger', 'move')).err).toContain('move needs --to');
    expect((await jit(['ledger', 'move', '--to', file('other.db'), site.path])).err).toContain(
      'from a file to PostgreSQL, or from PostgreSQL to a file',
    );
  });
});

test('a backup is one file, which restore puts into an empty database', async () => {
  await move();
  expect(await there('backup', file('copy.db'))).toMatchObject(done);
  await query('postgres', `CREATE DATABASE empty_${made}`);
  const empty = server.url(`empty_${made}`);
  expect(await jit(['restore', file('copy.db')], { JIT_DATABASE: empty })).toMatchObject({ code: 0 });
  const marks = await query(`empty_${made}`, "SELECT type FROM events WHERE type = 'ledger.restored'");
  expect(marks).toHaveLength(1);
  expect((await jit(['ledger', 'verify'], { JIT_DATABASE: empty })).code).toBe(0);
  const again = await jit(['restore', file('copy.db')], { JIT_DATABASE: empty });
  expect(again).toMatchObject({ code: 2, err: expect.stringContaining('there is a ledger in it already') });
});

test('old events go to an archive, and the rest is whole beside it', async () => {
  await move();
  const [{ at } = { at: 0 }] = await rows('SELECT at FROM events ORDER BY seq DESC LIMIT 1');
  const before = new Date(Number(at) - 60_000).toISOString();
  const ran = await there('ledger', 'archive', '--before', before, '--to', file('old.jsonl'));
  expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/: events 1 to \d+, SHA-256/) });
  const archived = readFileSync(file('old.jsonl'), 'utf8').trim().split('\n').length;
  expect(await rows('SELECT min(seq)::int AS first FROM events')).toEqual([{ first: archived + 1 }]);
  expect((await there('ledger', 'verify', '--archives', file('old.jsonl'))).code).toBe(0);
  expect((await there('ledger', 'verify')).out).toContain('whole');
  await expect(rows('DELETE FROM events')).rejects.toThrow('append-only');
});

test('a name is erased everywhere in the database, and the rest is whole', async () => {
  await move();
  const zoe = person('U0ZOE', 'Zoe Unmistakable');
  const bot = await openForBot(address, () => undefined);
  const store = bot.createStore({ clock: site.clock, followUps: () => [], onDue: () => undefined });
  await store.commit({
    requests: [{ value: aDeniedRequest('R-zoe', { requester: zoe }), version: 0 }],
    events: [
      anEvent(
        'request.cancelled',
        { role: 'db/read', requester: zoe },
        { requestId: 'R-zoe', actor: personActor(zoe) },
      ),
    ],
  });
  await bot.close();
  expect(await there('ledger', 'erase', '--person', 'U0ZOE')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Erased \d names? /),
  });
  for (const table of ['names', 'requests', 'grants', 'records', 'events'])
    expect(await rows(`SELECT 1 FROM ${table} WHERE strpos(${table}::text, 'Unmistakable') > 0`)).toEqual([]);
  expect(await rows("SELECT mailbox FROM requests WHERE requester = 'U0ZOE'")).toEqual([{ mailbox: '' }]);
  expect((await there('ledger', 'verify')).code).toBe(0);
  expect((await there('ledger', 'erase', '--person', 'U0ZOE')).code).toBe(1);
});

test('ledger setup makes the tables, and refuses a file', async () => {
  await query('postgres', `CREATE ROLE bot_${made} LOGIN`);
  expect(await there('ledger', 'setup', '--role', `bot_${made}`)).toMatchObject({
    code: 0,
    out: expect.stringContaining(`bot_${made} may add to the record`),
  });
  expect(await jit(['ledger', 'setup', site.path])).toMatchObject({
    code: 2,
    err: expect.stringContaining('only a ledger on PostgreSQL is set up'),
  });
});
