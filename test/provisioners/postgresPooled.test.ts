/** Issue 16: PostgreSQL behind PgBouncer in transaction mode. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, query } from '../../src/sandbox/postgres.ts';
import { startTargetProxy, type TargetProxy } from '../../src/sandbox/targetProxy.ts';
import { openSession } from '../support/hostileStage.ts';
import { HAS_PGBOUNCER, type Pooler, startPgBouncer } from '../support/pgbouncer.ts';
import { VERSIONS } from '../support/postgres.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';
import { documentedSetup, postgresHarness } from './postgresStage.ts';

describe.skipIf(!HAS_PGBOUNCER).each(VERSIONS)('behind PgBouncer, $name', (version) => {
  let server: PostgresServer;
  let pooler: Pooler;
  let proxy: TargetProxy & { close(): Promise<void> };
  let byTemporary: Harness;
  let byOwn: Harness;
  const use = useForTests();
  const breaks = { breakTarget: () => proxy.cut(), mendTarget: () => proxy.restore() };
  const role = { roles: ['payments_admin'] };

  beforeAll(async () => {
    server = await version.start(documentedSetup(version.hasGrantOptions), { max_prepared_transactions: '5' });
    pooler = await startPgBouncer(server.port, { login: { user: 'pgbouncer', password: 'pgbouncer' } });
    proxy = await startTargetProxy(pooler.port);
    const url = `postgres://jitbot:jitbot@127.0.0.1:${proxy.port}/payments`;
    byTemporary = await postgresHarness(server, { target: { kind: 'postgres', url, login: 'temporary' }, use, breaks });
    byOwn = await postgresHarness(server, { target: { kind: 'postgres', url, login: '{email_name}' }, use, breaks });
  });
  afterAll(async () => {
    await Promise.all([byTemporary?.connection.close(), byOwn?.connection.close()]);
    await proxy?.close();
    await pooler?.stop();
    await server?.stop();
    use.close();
  });

  describeContract('postgres, behind a pooler, temporary login', () => byTemporary);
  describeContract('postgres, behind a pooler, own login', () => byOwn);

  const temporary = () => byTemporary.connection;
  const anybody = (user: string, password = user) => pooler.url('payments', user, password);
  const ownLogins = async (name: string) =>
    (await query(server.url('payments'), [`SELECT count(*)::int AS n FROM pg_roles WHERE rolname = '${name}'`]))[0]
      ?.rows;

  async function hold(id: string): Promise<{ account: string; address: string }> {
    await temporary().grant(accessOf(role, id), inAnHour());
    const credential = await temporary().issueCredential?.(accessOf(role, id), inAnHour());
    if (!credential) throw new Error('there is no credential');
    return { account: credential.account, address: credential.usage.replace(`:${proxy.port}/`, `:${pooler.port}/`) };
  }

  test('a grant’s login gets in through the pooler, and not once it has ended', async () => {
    const id = newGrantId();
    const { address, account } = await hold(id);
    const open = await openSession(address);
    const [other] = [await openSession(anybody('app'))];
    expect((await open.query('SELECT * FROM payments')).rowCount).toBe(2);
    expect((await other.query('SELECT session_user::text AS me')).rows).toEqual([{ me: 'app' }]);
    expect(await temporary().revoke(accessOf(role, id))).toEqual({ left: [] });
    expect(await ownLogins(account)).toEqual([{ n: 0 }]);
    await expect(open.query('SELECT * FROM payments')).rejects.toThrow();
    await expect(query(address, ['SELECT 1'])).rejects.toThrow();
    expect((await other.query('SELECT session_user::text AS me')).rows).toEqual([{ me: 'app' }]);
    await other.close();
  });

  test('a new password takes the place of the one before, also for the pooler', async () => {
    const id = newGrantId();
    const before = await hold(id);
    await query(before.address, ['SELECT 1']);
    const after = await hold(id);
    expect((await query(after.address, ['SELECT session_user::text AS me']))[0]?.rows).toEqual([{ me: after.account }]);
    await expect(query(before.address, ['SELECT 1'])).rejects.toThrow(/SASL|password|authentication/i);
    await temporary().revoke(accessOf(role, id));
  });

  test('prepared transactions are rolled back, and no connection keeps a role', async () => {
    const id = newGrantId();
    const { address, account } = await hold(id);
    await query(address, ["BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'mine now'; PREPARE TRANSACTION 'for ever'"]);
    await temporary().revoke(accessOf(role, id));
    expect(await ownLogins(account)).toEqual([{ n: 0 }]);
    const bots = await Promise.all([1, 2, 3, 4].map(() => openSession(anybody('jitbot'))));
    await Promise.all(bots.map((bot) => bot.query('BEGIN')));
    const roles = await Promise.all(
      bots.map((bot) => bot.query("SELECT current_user::text AS me, current_setting('lock_timeout') AS wait")),
    );
    expect(roles.flatMap(({ rows }) => rows)).toEqual(Array(4).fill({ me: 'jitbot', wait: '0' }));
    await Promise.all(bots.map((bot) => bot.close()));
  });

  test('a person’s own sessions end through the pooler, and others’ do not', async () => {
    const id = newGrantId();
    const mine = await openSession(anybody('ben'));
    const others = await openSession(anybody('ana'));
    const pidOf = async (session: typeof mine) => (await session.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    await byOwn.connection.grant(accessOf(role, id), inAnHour());
    expect((await mine.query('SELECT * FROM payments')).rowCount).toBe(2);
    const [before, unharmed] = [await pidOf(mine), await pidOf(others)];
    await byOwn.connection.revoke(accessOf(role, id));
    const again = await openSession(anybody('ben'));
    expect(await pidOf(again)).not.toBe(before);
    await expect(again.query('SELECT * FROM payments')).rejects.toThrow(/permission denied/);
    expect(await pidOf(others)).toBe(unharmed);
    await Promise.all([mine, others, again].map((session) => session.close().catch(() => undefined)));
  });

  test('the doctor says that there is a pooler, and what follows from it', async () => {
    const findings = await temporary().check([{ roleKey: 'payments-db/read', role }]);
    expect(findings.filter(({ what }) => /pooler/.test(what))).toEqual([
      {
        ok: true,
        what: 'the bot is behind a pooler: each thing is done in one transaction; the connection that the bot keeps for a full server ends there; a login made for a grant gets in only if the pooler looks logins up (auth_query)',
        fix: '',
      },
      { ok: true, what: 'the pooler logs everybody in as themselves', fix: expect.stringContaining('user=') },
    ]);
    const direct = await postgresHarness(server, {
      target: { kind: 'postgres', url: server.url('payments', 'jitbot', 'jitbot'), login: 'temporary' },
      use,
      breaks,
    });
    const past = await direct.connection.check([{ roleKey: 'payments-db/read', role }]);
    expect(past.filter(({ what }) => /pooler/.test(what))).toEqual([]);
    await direct.connection.close();
  });

  test('the doctor says where a pooler logs everybody in as one user', async () => {
    const one = await startPgBouncer(server.port, {
      login: { user: 'pgbouncer', password: 'pgbouncer' },
      everybodyIs: { user: 'app', password: 'app', from: [{ user: 'jitbot', password: 'jitbot' }] },
    });
    const { connection } = await postgresHarness(server, {
      target: { kind: 'postgres', url: one.url('payments', 'jitbot', 'jitbot'), login: 'temporary' },
      use,
      breaks,
    });
    const findings = await connection.check([{ roleKey: 'payments-db/read', role }]);
    expect(findings.filter(({ what }) => /logs everybody in/.test(what))).toEqual([
      {
        ok: false,
        what: 'the pooler logs everybody in as themselves: jitbot becomes app, so that PostgreSQL cannot tell people apart',
        fix: 'Take user= out of the database in the configuration of the pooler.',
      },
    ]);
    await connection.close();
    await one.stop();
  });
});
