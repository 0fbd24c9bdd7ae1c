/** Against a real PostgreSQL. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgres } from '../../src/provisioners/postgres/provisioner.ts';
import { type PostgresServer, query, startPostgres } from '../../src/sandbox/postgres.ts';
import { startTargetProxy, type TargetProxy } from '../../src/sandbox/targetProxy.ts';
import { DATABASE_SETUP } from '../../src/sandbox/team.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';
import { postgresHarness } from './postgresStage.ts';

let server: PostgresServer;
let proxy: TargetProxy & { close(): Promise<void> };
let byTemporary: Harness;
let byOwn: Harness;
const use = useForTests();

beforeAll(async () => {
  server = await startPostgres(DATABASE_SETUP);
  proxy = await startTargetProxy(server.port);
  const url = `postgres://jitbot:jitbot-sandbox@127.0.0.1:${proxy.port}/payments`;
  const breaks = { breakTarget: () => proxy.cut(), mendTarget: () => proxy.restore() };
  byTemporary = await postgresHarness(server, { target: { kind: 'postgres', url, login: 'temporary' }, use, breaks });
  byOwn = await postgresHarness(server, { target: { kind: 'postgres', url, login: '{email_name}' }, use, breaks });
});
afterAll(async () => {
  await Promise.all([byTemporary.connection.close(), byOwn.connection.close()]);
  await proxy.close();
  await server.stop();
  use.close();
});

describeContract('postgres, temporary login', () => byTemporary);
describeContract('postgres, own login', () => byOwn);

let serial = 0;
let id: string;
beforeEach(() => {
  serial += 1;
  id = newGrantId();
});
const access = <Role>(role: Role, grantId = id) => accessOf(role, grantId);

describe('postgres', () => {
  const temporary = () => byTemporary.connection;
  const own = () => byOwn.connection;
  const role = { roles: ['payments_read'] };

  async function login(grantId = id): Promise<string> {
    await temporary().grant(access(role, grantId), inAnHour());
    const credential = await temporary().issueCredential?.(access(role, grantId), inAnHour());
    return (credential?.usage ?? '').replace(`:${proxy.port}/`, `:${server.port}/`);
  }

  test('a login has no password until asked, and its own expiry in PostgreSQL', async () => {
    const until = inAnHour();
    await temporary().grant(access(role), until);
    const [result] = await query(server.url('postgres'), [
      `SELECT rolpassword, rolvaliduntil FROM pg_authid WHERE rolname = 'jit_ben_${id.toLowerCase()}'`,
    ]);
    expect(result?.rows).toEqual([{ rolpassword: null, rolvaliduntil: new Date(until) }]);
    await temporary().revoke(access(role));
  });

  test('revoking ends the sessions that are open', async () => {
    const address = await login();
    const pg = (await import('pg')).default;
    const client = new pg.Client({ connectionString: address });
    const cut = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await client.query('SELECT * FROM payments');
    await temporary().revoke(access(role));
    expect(String(await cut)).toMatch(/terminat|connection/i);
    await expect(query(address, ['SELECT 1'])).rejects.toThrow();
  });

  test('a session that outlives its dropped login is access until it is ended', async () => {
    const address = await login();
    const pg = (await import('pg')).default;
    const client = new pg.Client({ connectionString: address });
    const cut = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await query(server.url('postgres'), [`DROP ROLE jit_ben_${id.toLowerCase()}`]);
    expect(await temporary().isActive(access(role))).toBe(true);
    // Somebody else's session is none of this grant's.
    expect(await temporary().isActive(access(role, newGrantId()))).toBe(false);
    await temporary().revoke(access(role));
    await cut;
    expect(await temporary().isActive(access(role))).toBe(false);
  });

  test('what the person made during access stays, without keeping the login', async () => {
    const admin = { roles: ['payments_admin'] };
    await temporary().grant(access(admin), inAnHour());
    const credential = await temporary().issueCredential?.(access(admin), inAnHour());
    await query((credential?.usage ?? '').replace(`:${proxy.port}/`, `:${server.port}/`), [
      `CREATE TABLE notes_${serial} (n int)`,
      `INSERT INTO notes_${serial} VALUES (1)`,
    ]);
    await temporary().revoke(access(admin));
    const [roles, rows] = await query(server.url('payments'), [
      "SELECT 1 FROM pg_roles WHERE rolname LIKE 'jit\\_ben\\_%'",
      `SELECT * FROM notes_${serial}`,
    ]);
    expect(roles?.rowCount).toBe(0);
    expect(rows?.rowCount).toBe(1);
  });

  test('what a login had before, outside the bot, is still there after the grant', async () => {
    await query(server.url('postgres'), ['GRANT payments_read TO ben']);
    await own().grant(access(role), inAnHour());
    await own().revoke(access(role));
    const [held] = await query(server.url('payments'), [
      "SELECT has_table_privilege('ben', 'payments', 'SELECT') AS yes",
    ]);
    expect(held?.rows).toEqual([{ yes: true }]);
    await query(server.url('postgres'), ['REVOKE payments_read FROM ben']);
  });

  test('lists indirect holders of a role, and takes away what was given directly', async () => {
    const list = () => temporary().list?.([{ roleKey: 'payments-db/read', role }]);
    const logins = async () => (await list())?.map(({ account, grantId }) => [account, grantId]);
    expect(await logins()).toEqual([]);
    await query(server.url('postgres'), [
      'GRANT payments_read TO ben',
      'CREATE ROLE analysts NOLOGIN',
      'GRANT payments_read TO analysts',
      'GRANT analysts TO ana',
    ]);
    expect(await logins()).toEqual([
      ['ana', null],
      ['ben', null],
    ]);
    const standing = (account: string) => ({ account, role: 'payments-db/read', grantId: null });
    await query(server.url('postgres'), ['REVOKE payments_read FROM ben']);
    await query(server.url('postgres', 'jitbot', 'jitbot-sandbox'), ['GRANT payments_read TO ben']);
    await temporary().remove?.(standing('ben'), role);
    await expect(temporary().remove?.(standing('ana'), role)).rejects.toThrow(
      /"ana" has payments_read through another role/,
    );
    expect(await logins()).toEqual([['ana', null]]);
    await query(server.url('postgres'), ['DROP OWNED BY analysts', 'DROP ROLE analysts']);
    expect(await logins()).toEqual([]);
  });

  test('an own login’s open session does not keep it', async () => {
    await own().grant(access(role), inAnHour());
    const pg = (await import('pg')).default;
    const client = new pg.Client({ connectionString: server.url('payments', 'ben', 'ben-sandbox') });
    const cut = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await client.query('SELECT * FROM payments');
    await own().revoke(access(role));
    await cut;
    await expect(query(server.url('payments', 'ben', 'ben-sandbox'), ['SELECT * FROM payments'])).rejects.toThrow(
      /permission denied/,
    );
  });

  test('a missing login is named, and nothing is made', async () => {
    const nobody = { ...access(role), person: { slackId: 'U1', name: 'X', email: 'zoe@harbor.example' } };
    await expect(own().grant(nobody, inAnHour())).rejects.toThrow(/no login "zoe"/);
    expect(await own().isActive(nobody)).toBe(false);
  });

  test('a revoke waits for a grant whose commit is still on its way', async () => {
    const held = proxy.holdAnswerAfter('CREATE ROLE');
    const granting = temporary()
      .grant(access(role), inAnHour())
      .catch((error: unknown) => error);
    await held;
    // The grant took effect and nobody knows; a revoke finds and removes it.
    await temporary().revoke(access(role));
    expect(await temporary().isActive(access(role))).toBe(false);
    proxy.cut();
    proxy.restore();
    expect(await granting).toBeInstanceOf(Error);
  });

  test('the doctor names each right that is missing, with the statement that gives it', async () => {
    const weak = postgres.connect(
      {
        kind: 'postgres',
        url: server.url('payments', 'ben', 'ben-sandbox'),
        login: 'temporary',
        leftovers_owner: 'ben_leftovers',
        keep_owner: 'ana',
      },
      use,
    );
    const found = await weak.check([
      { roleKey: 'payments-db/read', role: { roles: ['payments_read', 'nobody_made'] } },
      { roleKey: 'payments-db/admin', role: { roles: ['payments_admin'] } },
    ]);
    expect(found.filter(({ ok }) => !ok)).toEqual([
      { ok: false, what: 'ben may create roles', fix: 'ALTER ROLE "ben" CREATEROLE;' },
      { ok: false, what: 'ben may end sessions', fix: 'GRANT pg_signal_backend TO "ben";' },
      { ok: false, what: 'ben may grant payments_read', fix: 'GRANT "payments_read" TO "ben" WITH ADMIN OPTION;' },
      { ok: false, what: 'the role nobody_made exists', fix: 'CREATE ROLE "nobody_made" NOLOGIN;' },
      { ok: false, what: 'ben may grant payments_admin', fix: 'GRANT "payments_admin" TO "ben" WITH ADMIN OPTION;' },
      {
        ok: false,
        what: 'a connection is reserved for ben, also when all others are in use',
        fix: 'ALTER SYSTEM SET reserved_connections = 3; GRANT pg_use_reserved_connections TO "ben"; (and restart PostgreSQL)',
      },
      {
        ok: false,
        what: 'nobody else may create on the search path of ben: schema public (jitbot, jitbot_leftovers, payments_admin)',
        fix: 'ALTER ROLE "ben" SET search_path = pg_catalog, pg_temp;',
      },
      {
        ok: false,
        what: 'the role ben_leftovers exists, for what is left behind',
        fix: 'CREATE ROLE "ben_leftovers" NOLOGIN; GRANT "ben_leftovers" TO "ben" WITH ADMIN OPTION;',
      },
      { ok: false, what: 'ben may hand tables to ana', fix: 'GRANT "ana" TO "ben" WITH INHERIT FALSE, SET TRUE;' },
      {
        ok: false,
        what: 'ana may own what is made in schema public',
        fix: 'GRANT CREATE ON SCHEMA "public" TO "ana";',
      },
    ]);
    await weak.close();
  });
});
