/** K2: an end never depends on anything that the holder, or anybody else, can hold. */

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { HOUR, SECOND } from '../../src/domain/terms.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { ADMIN, openSession, type Session, type Stage, setHostileStage } from '../support/hostileStage.ts';
import { VERSIONS } from '../support/postgres.ts';
import { accessOf, inAnHour, newGrantId } from './contract.ts';

/** The promise is 30 s; on an idle server each of these takes a fraction of it. */
const BOUND = 15 * SECOND;

describe.each(VERSIONS)('what is held against an end, $name', (version) => {
  let stage: Stage;
  let id: string;
  beforeAll(async () => {
    stage = await setHostileStage(version, { settings: { max_prepared_transactions: '5' } });
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    id = newGrantId();
  });
  const revoke = async (connection = stage.connect()) => {
    const began = performance.now();
    const taken = await connection.revoke(accessOf(ADMIN, id));
    expect(performance.now() - began).toBeLessThan(BOUND);
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(false);
    return typeof taken === 'object' ? taken.left : [];
  };
  const roleOf = async (account: string) =>
    (await stage.says<{ login: boolean }>(`SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = '${account}'`))[0];
  /** A session of the superuser, whom the bot can neither end nor overrule. */
  const dba = () => openSession(stage.server.url('payments'));
  const isAlive = async (session: Session) => (await session.query('SELECT 1')).rowCount === 1;

  test.each(['the holder', 'somebody without any right'])(
    'K2.1 an advisory lock on any name, held by %s, does not delay the end',
    async (who) => {
      const connection = stage.connect();
      const holder = await stage.hold(connection, id);
      const session = who === 'the holder' ? await holder.session() : await stage.as('evil');
      const bridge = `jit_${id.toLowerCase()}`;
      for (const name of [holder.account, bridge, id])
        await session.query(
          `SELECT pg_advisory_lock(hashtextextended('${name}', 0)), pg_advisory_lock(hashtext('${name}'))`,
        );
      await revoke(connection);
      expect(await roleOf(holder.account)).toBeUndefined();
    },
  );

  test('K2.2 an open transaction that has altered the login’s own role does not keep it', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    const session = await holder.session();
    await session.query('BEGIN');
    await session.query("ALTER ROLE CURRENT_USER PASSWORD 'mine now'");
    await session.query('CREATE TABLE mine (n int)');
    await revoke(connection);
    await session.ended;
    expect(await roleOf(holder.account)).toBeUndefined();
  });

  test('K2.2 a prepared transaction that altered its own role is rolled back', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    await holder.does('BEGIN', "ALTER ROLE CURRENT_USER PASSWORD 'mine now'", "PREPARE TRANSACTION 'for ever'");
    await revoke(connection);
    expect(await stage.says('SELECT gid FROM pg_prepared_xacts')).toEqual([]);
    expect(await roleOf(holder.account)).toBeUndefined();
  });

  test('K2.2 somebody who comes back faster than they are thrown out stays out', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    let keepsOn = true;
    const loop = async () => {
      while (keepsOn)
        try {
          const session = await openSession(holder.address);
          await session.query("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'mine now'");
          await session.ended;
        } catch {
          // Thrown out, or not let in: again.
        }
    };
    const loops = [loop(), loop(), loop(), loop()];
    await revoke(connection);
    await expect(openSession(holder.address)).rejects.toThrow(/not permitted|does not exist|authentication failed/);
    keepsOn = false;
    await Promise.all(loops);
    expect(await roleOf(holder.account)).toBeUndefined();
  });

  if (!version.hasGrantOptions)
    test.each(['temporary', '{email_name}'])(
      'K2.2 a session that took the role on with SET ROLE does not keep it, login %s',
      async (login) => {
        const connection = stage.connect({ login });
        await connection.grant(accessOf(ADMIN, id), inAnHour());
        const credential = await connection.issueCredential?.(accessOf(ADMIN, id), inAnHour());
        const session = await openSession(credential?.usage ?? stage.server.url('payments', 'ben', 'ben'));
        await session.query('SET ROLE payments_admin');
        await revoke(connection);
        await session.ended;
      },
    );

  test('K2.3 a new login has the target’s number of connections and no more', async () => {
    const holder = await stage.hold(stage.connect({ connections: 2 }), id);
    await holder.session();
    await holder.session();
    await expect(holder.session()).rejects.toThrow(/too many connections/);
    await revoke();
  });

  test('K2.3 when somebody has used up all connections, the bot still ends their access', async () => {
    // A connection that is not kept would be let go in the hour that passes.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const connection = stage.connect({ login: '{email_name}' });
    await connection.grant(accessOf(ADMIN, id), inAnHour());
    vi.advanceTimersByTime(HOUR);
    vi.useRealTimers();
    const sessions: Session[] = [];
    const fill = async () => {
      for (;;) sessions.push(await stage.as('ben'));
    };
    await expect(fill()).rejects.toThrow(/too many|remaining connection slots/);
    expect(sessions.length).toBeGreaterThan(20);
    await revoke(connection);
    await Promise.all(sessions.map(({ ended }) => ended));
    const ben = await stage.as('ben');
    await expect(ben.query('SELECT * FROM payments')).rejects.toThrow(/permission denied/);
  });

  test('K2.4 a role that somebody gave to the grant’s role undoes nothing done before', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    await stage.does(`GRANT secret_role TO ${holder.account}`, `GRANT ${holder.account} TO evil`);
    const session = await holder.session();
    expect((await session.query('SELECT word FROM secrets')).rows).toEqual([{ word: 'hunter2' }]);
    await revoke(connection);
    await session.ended;
    expect(await roleOf(holder.account)).toBeUndefined();
    const evil = await stage.as('evil');
    for (const table of ['secrets', 'payments'])
      await expect(evil.query(`SELECT * FROM ${table}`)).rejects.toThrow(/permission denied/);
  });

  test('K2.4 what a holder with ADMIN on a foreign role gave to others goes with it', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    await stage.does('GRANT secret_role TO jitbot WITH ADMIN OPTION');
    await query(stage.server.url('payments', 'jitbot', 'jitbot'), [
      `GRANT secret_role TO ${holder.account} WITH ADMIN OPTION`,
    ]);
    await holder.does('GRANT secret_role TO evil');
    await revoke(connection);
    const evil = await stage.as('evil');
    await expect(evil.query('SELECT * FROM secrets')).rejects.toThrow(/permission denied/);
    await stage.does('REVOKE secret_role FROM jitbot CASCADE', 'REVOKE secret_role FROM evil');
  });

  test('K2.5 an open report on a login’s table delays neither the end nor other readers', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    await holder.does('CREATE TABLE read_by_all (n int)', 'GRANT SELECT ON read_by_all TO evil, app');
    const report = await stage.as('evil');
    await report.query('BEGIN');
    await report.query('SELECT * FROM read_by_all');
    const app = await stage.as('app');
    let longest = 0;
    let reads = true;
    const others = (async () => {
      while (reads) {
        const began = performance.now();
        // Until it is closed to them.
        if (await app.query('SELECT * FROM read_by_all').catch(() => null))
          longest = Math.max(longest, performance.now() - began);
        else return;
      }
    })();
    const left = await revoke(connection);
    reads = false;
    await others;
    expect(longest).toBeLessThan(3 * SECOND);
    expect(await isAlive(report)).toBe(true);
    expect(left.find(({ what }) => what === 'table public.read_by_all')?.done).toMatch(
      /nobody else may use it; stays with/,
    );
    expect(await roleOf(holder.account)).toEqual({ login: false });
    // It is handed over in a later round, and what is left until then is not drift.
    expect(await connection.list?.([{ roleKey: 'payments-db/read', role: ADMIN }])).toEqual([]);
    await connection.tidy?.();
    expect(await roleOf(holder.account)).toEqual({ login: false });
    await report.query('COMMIT');
    await connection.tidy?.();
    expect(await roleOf(holder.account)).toBeUndefined();
    expect(
      await stage.says("SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'read_by_all'"),
    ).toEqual([{ owner: 'jitbot_leftovers' }]);
    await stage.does('DROP TABLE read_by_all');
  });

  test('K2.6 a right given in an open transaction is worked around, and dropped later', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    const evil = await stage.as('evil');
    await evil.query('BEGIN');
    await evil.query('CREATE TEMP TABLE t (n int)');
    await evil.query(`GRANT SELECT ON t TO ${holder.account}`);
    const left = await revoke(connection);
    expect(left).toEqual([
      {
        what: `role ${holder.account}`,
        done: expect.stringMatching(/^stays, and nobody can use it \(.*\); it is tried again$/),
      },
    ]);
    expect(await isAlive(evil)).toBe(true);
    await evil.query('ROLLBACK');
    await connection.tidy?.();
    expect(await roleOf(holder.account)).toBeUndefined();
  });

  test('K2.6 a right that somebody gave on their own thing keeps the role, nothing else', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    await stage.does(
      'CREATE TABLE bait (n int)',
      'ALTER TABLE bait OWNER TO evil',
      `GRANT ALL ON bait TO ${holder.account}`,
    );
    const left = await revoke(connection);
    expect(left).toEqual([
      { what: `role ${holder.account}`, done: expect.stringMatching(/^stays, and nobody can use it .*bait/) },
    ]);
    expect(await connection.list?.([{ roleKey: 'payments-db/read', role: ADMIN }])).toEqual([]);
    await stage.does('DROP TABLE bait');
    await connection.tidy?.();
    expect(await roleOf(holder.account)).toBeUndefined();
  });

  test.each(['temporary', '{email_name}'])(
    'K2.6 an administrator’s transaction on the granted role is bypassed, login %s',
    async (login) => {
      const connection = stage.connect({ login });
      await connection.grant(accessOf(ADMIN, id), inAnHour());
      const blocker = await dba();
      await blocker.query('BEGIN');
      await blocker.query('GRANT payments_admin TO app');
      await revoke(connection);
      expect(await isAlive(blocker)).toBe(true);
      await blocker.query('ROLLBACK');
      await blocker.close();
      await connection.tidy?.();
      expect(await stage.says("SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'")).toEqual([]);
    },
  );

  test('K2.6 while an administrator’s transaction holds the login, all else is taken', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    const session = await holder.session();
    const blocker = await dba();
    await blocker.query('BEGIN');
    await blocker.query(`ALTER ROLE ${holder.account} SET work_mem = '8MB'`);
    await blocker.query(`ALTER ROLE ${holder.account} CONNECTION LIMIT 3`);
    await expect(connection.revoke(accessOf(ADMIN, id))).rejects.toThrow(/can still log in.*lock/);
    // Not written down as taken back: it can still be used.
    expect([...(await stage.use.ids.of(id)).keys()]).not.toContain('taken back oid');
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(true);
    await session.ended;
    expect(await stage.says(`SELECT FROM pg_auth_members WHERE member = '${holder.account}'::regrole`)).toEqual([]);
    expect(await isAlive(blocker)).toBe(true);
    await blocker.query('COMMIT');
    await blocker.close();
    await revoke(connection);
    expect(await roleOf(holder.account)).toBeUndefined();
  });

  test('K2.6 a role held by an administrator during clean-up has ended, dropped later', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    const blocker = await dba();
    await blocker.query('BEGIN');
    // What COMMENT and DROP of the role wait for, and NOLOGIN does not.
    await blocker.query(`GRANT ${holder.account} TO app`);
    await blocker.query(`COMMENT ON ROLE ${holder.account} IS 'held'`);
    const left = await revoke(connection);
    expect(left.map(({ what }) => what)).toContain(`role ${holder.account}`);
    await blocker.query('ROLLBACK');
    await blocker.close();
    await connection.tidy?.();
    expect(await roleOf(holder.account)).toBeUndefined();
  });

  test('K2.7 only sessions of this grant’s login are ended', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    const otherId = newGrantId();
    const other = await (await stage.hold(connection, otherId)).session();
    const app = await stage.as('app');
    // Up to PostgreSQL 14 a login may let others act as itself: that is no way to have somebody else thrown out.
    await stage.does(`GRANT ${holder.account} TO app`);
    await app.query(`SET ROLE ${holder.account}`);
    const own = await holder.session();
    await revoke(connection);
    await own.ended;
    for (const session of [other, app]) expect(await isAlive(session)).toBe(true);
    await expect(app.query('TABLE payments')).rejects.toThrow(/permission denied/);
    await connection.revoke(accessOf(ADMIN, otherId));
  });

  test('K2.8 what it owns in a closed database is named, and nothing is overdue for it', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    const session = await holder.session('ledger');
    await session.query('CREATE TABLE elsewhere (n int)');
    await stage.does('ALTER DATABASE ledger ALLOW_CONNECTIONS false');
    const left = await revoke(connection);
    expect(left).toEqual([
      {
        what: `what ${holder.account} owns in database ledger`,
        done: expect.stringMatching(/^stays with .*not currently accepting/),
      },
      { what: `role ${holder.account}`, done: expect.stringMatching(/^stays, and nobody can use it/) },
    ]);
    // Again: nothing new, and still no failure; and drift takes what nobody can use for nobody's access.
    await revoke(connection);
    expect(await connection.list?.([{ roleKey: 'payments-db/read', role: ADMIN }])).toEqual([]);
    await stage.does('ALTER DATABASE ledger ALLOW_CONNECTIONS true');
    await connection.tidy?.();
    expect(await roleOf(holder.account)).toBeUndefined();
    expect(
      await stage.says("SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'elsewhere'", 'ledger'),
    ).toEqual([{ owner: 'jitbot_leftovers' }]);
  });

  test('K2.9 the bot’s own abandoned transaction never takes effect after the end', async () => {
    const connection = stage.connect();
    const lost = await stage.as('jitbot');
    const name = `jit_ben_${id.toLowerCase()}`;
    await lost.query('BEGIN');
    await lost.query(`CREATE ROLE ${name} LOGIN`);
    await lost.query(`COMMENT ON ROLE ${name} IS 'jitbot: payments-db/read for ben@harbor.example, grant ${id}'`);
    await lost.query(`GRANT payments_admin TO ${name}`);
    const { rows } = await lost.query(
      'SELECT pg_current_xact_id()::text AS xid, system_identifier::text AS cluster FROM pg_control_system()',
    );
    await stage.use.ids.keep(id, 'transaction', rows[0].xid);
    await stage.use.ids.keep(id, 'cluster', rows[0].cluster);
    await revoke(connection);
    await lost.ended;
    expect(await roleOf(name)).toBeUndefined();
  });
});
