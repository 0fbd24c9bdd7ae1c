/** What the bot's own role may do, which is enforced by PostgreSQL. */

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openForBot } from '../../../src/ledger/open/postgres.ts';
import { openPostgres, openPostgresToRead } from '../../../src/ledger/postgres/open.ts';
import { findingsOf, grantTo } from '../../../src/ledger/postgres/rights.ts';
import { startPostgres } from '../../../src/sandbox/postgres.ts';
import { anEvent } from '../../support/aLedger.ts';
import { manualClock } from '../../support/clock.ts';

let server: Awaited<ReturnType<typeof startPostgres>>;
let owner: string;
let bot: string;
beforeAll(async () => {
  server = await startPostgres({
    postgres: [
      "CREATE ROLE ledger_owner LOGIN PASSWORD 'o'",
      "CREATE ROLE ledger_bot LOGIN PASSWORD 'b'",
      'CREATE DATABASE ledger OWNER ledger_owner',
    ],
  });
  owner = server.url('ledger', 'ledger_owner', 'o');
  bot = server.url('ledger', 'ledger_bot', 'b');
  const ledger = await openPostgres(owner);
  await grantTo(ledger, 'ledger_bot');
  await ledger.close();
  const opened = await openForBot(bot, () => undefined);
  const store = opened.createStore({ clock: manualClock(), followUps: () => [], onDue: () => undefined });
  await store.commit({
    events: [anEvent('bot.stopped', { signal: 'x' })],
    jobs: [{ kind: 'end', key: 'G', dueAt: 0 }],
  });
  await opened.close();
});
afterAll(() => server.stop());

async function run(address: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
const found = async (address: string) => {
  const ledger = await openPostgresToRead(address);
  try {
    return await findingsOf(ledger);
  } finally {
    await ledger.close();
  }
};

test.each([
  "INSERT INTO events (seq, at, type, actor, payload, prev_hash, hash) VALUES (2, 0, 'x', '{}', '{}', '', '')",
  "UPDATE events SET type = 'x'",
  'DELETE FROM events',
  'TRUNCATE events',
  'ALTER TABLE events DISABLE TRIGGER events_are_kept',
  'DROP TABLE events CASCADE',
  "UPDATE head SET seq = 0, hash = ''",
  "UPDATE names SET value = 'Eve'",
  "UPDATE grants SET state = 'ended'",
  "UPDATE records SET body = 'null'",
  'DELETE FROM writers',
  "SELECT jit_apply('{}')",
  'CREATE TABLE mine (id int)',
  "CREATE FUNCTION jit_commit(text, bigint, text) RETURNS json LANGUAGE sql AS 'SELECT NULL::json'",
])('its role may not: %s', async (sql) => {
  await expect(run(bot, sql)).rejects.toThrow(/permission denied|must be owner/);
});

test('nobody else who may connect can record anything', async () => {
  await run(server.url('postgres'), "CREATE ROLE passer_by LOGIN PASSWORD 'p'");
  const address = server.url('ledger', 'passer_by', 'p');
  await expect(run(address, "SELECT jit_commit('x', 1, '[]')")).rejects.toThrow(/permission denied/);
  await expect(run(address, "SELECT jit_join('x', interval '1 day', 'x', 1)")).rejects.toThrow(/permission denied/);
});

describe('a doctor', () => {
  test('finds nothing wrong with the role that was set up', async () => {
    const findings = await found(bot);
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^the ledger is on PostgreSQL \d+/),
      'ledger_bot can add to the record, and change or delete none of it',
      'the connection does not leave this machine',
      "the server's clock agrees with this machine's",
    ]);
  });

  test('names the owner of the tables as a risk', async () => {
    expect((await found(owner)).filter(({ ok }) => !ok)).toEqual([
      {
        ok: false,
        what: 'ledger_owner owns the tables: whoever has its password can rewrite the record',
        fix: expect.stringContaining('jitbot ledger setup --role'),
      },
    ]);
  });

  test('tells of a right too many and one too few', async () => {
    await run(owner, 'GRANT UPDATE ON events TO ledger_bot');
    expect((await found(bot)).filter(({ ok }) => !ok)).toMatchObject([
      { what: 'ledger_bot may change what is recorded: events' },
    ]);
    await run(owner, 'REVOKE UPDATE ON events FROM ledger_bot; REVOKE INSERT ON posts FROM ledger_bot');
    expect((await found(bot)).filter(({ ok }) => !ok)).toMatchObject([{ what: 'ledger_bot may not use posts' }]);
    await run(owner, 'GRANT INSERT ON posts TO ledger_bot');
  });
});

test('the setup takes away what an older server gives to everybody', async () => {
  await run(owner, 'GRANT CREATE ON SCHEMA public TO PUBLIC');
  expect((await found(bot)).filter(({ ok }) => !ok)).toMatchObject([
    { what: 'ledger_bot may make tables and functions in the schema public' },
  ]);
  const ledger = await openPostgres(owner);
  await grantTo(ledger, 'ledger_bot');
  await ledger.close();
  expect((await found(bot)).filter(({ ok }) => !ok)).toEqual([]);
});

test('a role that owns the tables is not set up as the bot’s', async () => {
  const ledger = await openPostgres(owner);
  await expect(grantTo(ledger, 'ledger_owner')).rejects.toThrow(/owns the tables.*name another role/);
  await expect(grantTo(ledger, 'nobody_here')).rejects.toThrow(/there is no role nobody_here/);
  await ledger.close();
});
