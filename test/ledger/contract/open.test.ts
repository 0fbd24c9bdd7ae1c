/** What is said of a database on PostgreSQL that no bot can work on. */

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isPostgresAddress } from '../../../src/ledger/open/place.ts';
import { openForBot } from '../../../src/ledger/open/postgres.ts';
import { foreignParts } from '../../../src/ledger/postgres/migrations.ts';
import { openPostgres, openPostgresToRead } from '../../../src/ledger/postgres/open.ts';
import { startPostgres } from '../../../src/sandbox/postgres.ts';
import { anEvent } from '../../support/aLedger.ts';
import { manualClock } from '../../support/clock.ts';

let server: Awaited<ReturnType<typeof startPostgres>>;
let made = 0;
let database: string;
beforeAll(async () => {
  server = await startPostgres({ postgres: ["CREATE ROLE stranger LOGIN PASSWORD 'secret-of-the-stranger'"] });
});
afterAll(() => server.stop());
beforeEach(async () => {
  made += 1;
  database = `place_${made}`;
  await run(`CREATE DATABASE ${database}`, 'postgres');
});

async function run(sql: string, on = database): Promise<void> {
  const client = new pg.Client({ connectionString: server.url(on) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
const opened = async (address = server.url(database)) => {
  const ledger = await openPostgres(address);
  await ledger.close();
};

test.each([
  ['postgres://db.harbor.example/jit', true],
  ['postgresql://jitbot@db:5432/jit?sslmode=verify-full', true],
  ['/var/lib/jitbot/jit.db', false],
  ['postgres.db', false],
])('%s is the address of a server: %s', (place, isAddress) => {
  expect(isPostgresAddress(place)).toBe(isAddress);
});

describe('an address', () => {
  test('where nothing listens is told without its password', async () => {
    const error = await openPostgres('postgres://jitbot:hunter2@127.0.0.1:1/jit').catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/127\.0\.0\.1:1\/jit: the database cannot be reached \(ECONNREFUSED\)/);
    expect(String(error)).not.toContain('hunter2');
  });

  test('of a database that is not there', async () => {
    await expect(opened(server.url('nowhere'))).rejects.toThrow(/nowhere: there is no such database/);
  });

  test('with a role that may make no tables names the command that does', async () => {
    const address = server.url(database, 'stranger', 'secret-of-the-stranger');
    await expect(opened(address)).rejects.toThrow(/may not make them; run jitbot ledger setup as the owner/);
  });

  test('of a database that holds another program’s tables', async () => {
    await run('CREATE TABLE invoices (id int)');
    await expect(opened()).rejects.toThrow(/has tables of another program; give the bot one of its own/);
  });

  test('of a database that a later version has used', async () => {
    await opened();
    await run("INSERT INTO jit_migrations (hash, created_at) VALUES ('later', 99999999999999)");
    await expect(opened()).rejects.toThrow(/a later version of jitbot has used this database/);
  });

  test('of a database that takes no writes', async () => {
    await opened();
    await run(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    await expect(opened()).rejects.toThrow(/takes no writes: it is a replica, or read-only/);
  });

  test('of a database in another encoding', async () => {
    await run(`CREATE DATABASE latin_${made} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
    await expect(opened(server.url(`latin_${made}`))).rejects.toThrow(/is in LATIN1; make it with ENCODING 'UTF8'/);
  });
});

describe('a database that the first version made', () => {
  beforeEach(async () => {
    const statements = readFileSync(new URL('../../../migrations/postgres/0000_ledger.sql', import.meta.url), 'utf8');
    await run(statements.replaceAll('--> statement-breakpoint', ''));
    await run(`CREATE TABLE jit_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
      INSERT INTO jit_migrations (hash, created_at) VALUES ('first', 1796000000000);
      SELECT jit_writer('earlier');
      SELECT jit_commit('earlier', 1, '[{"at":1,"keepsOut":"x%","requests":[],"grants":[],"records":[],"unseated":[],"names":[],"done":[],"jobs":[],
        "events":[{"type":"x","requestId":null,"grantId":null,"people":[],"actor":"{}","payload":"{}"}]}]')`);
  });

  test('is read by nobody before its bot has started, and then goes on', async () => {
    await expect(openPostgresToRead(server.url(database))).rejects.toThrow(
      /an earlier version of jitbot made this ledger/,
    );
    const bot = await openForBot(server.url(database), () => undefined);
    const store = bot.createStore({ clock: manualClock(), followUps: () => [], onDue: () => undefined });
    expect(await store.commit({ events: [anEvent('bot.stopped', { signal: 'x' })] })).toMatchObject([{ seq: 2 }]);
    expect(await bot.verify([])).toMatchObject({ whole: true, events: 2 });
    await bot.close();
  });
});

describe('to read', () => {
  test('an empty database holds no ledger, and none is made in it', async () => {
    for (const _ of [1, 2])
      await expect(openPostgresToRead(server.url(database))).rejects.toThrow(/there is no ledger in it/);
  });

  test('a ledger is opened beside its bot', async () => {
    await opened();
    const ledger = await openPostgresToRead(server.url(database));
    expect(ledger.where).toMatch(new RegExp(`/${database}$`));
    await ledger.close();
  });
});

describe('what somebody did to the tables', () => {
  const found = async () => {
    const ledger = await openPostgres(server.url(database));
    try {
      return await foreignParts(ledger.pool);
    } finally {
      await ledger.close();
    }
  };

  test('is nothing, as the bot made them', async () => {
    expect(await found()).toEqual([]);
  });

  test('is told: a trigger of theirs, and one of the bot’s that was switched off', async () => {
    await opened();
    await run(`CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER never BEFORE DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION nothing();
      ALTER TABLE events DISABLE TRIGGER events_are_kept`);
    expect(await found()).toEqual([
      'the trigger never on jobs is not the bot’s',
      'the trigger events_are_kept is gone or switched off',
    ]);
  });
});
