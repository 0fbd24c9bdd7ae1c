/** K1, K2: what a granted role reaches through what it owns, may hand on, or is a member of. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgres } from '../../src/provisioners/postgres/provisioner.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { ADMIN, openSession, type Stage, setHostileStage } from '../support/hostileStage.ts';
import { VERSIONS } from '../support/postgres.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';

const ODD = `Pay "m%_é☃ 'A\\DMIN`;
const KILLER = { roles: ['killer'] };
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

describe.each(VERSIONS)('a granted role that reaches further, $name', (version) => {
  let stage: Stage;
  let id: string;
  beforeAll(async () => {
    stage = await setHostileStage(version, {
      settings: { max_prepared_transactions: '5', wal_level: 'logical' },
      setup: {
        postgres: [
          'CREATE ROLE jitbot_leftovers NOLOGIN',
          'GRANT jitbot_leftovers TO jitbot WITH ADMIN OPTION',
          'CREATE ROLE behind NOLOGIN',
          'GRANT behind TO payments_admin',
          'CREATE ROLE vault NOLOGIN',
          'GRANT vault TO payments_admin WITH ADMIN OPTION',
          'GRANT CREATE ON DATABASE payments TO payments_admin',
          'CREATE ROLE killer',
          'GRANT pg_signal_backend TO killer',
          `CREATE ROLE ${quoted(ODD)} LOGIN`,
          `GRANT killer, ${quoted(ODD)} TO jitbot WITH ADMIN OPTION`,
          'CREATE DATABASE "l%41/@:&=;,"',
        ],
        payments: [
          'GRANT CREATE ON SCHEMA public TO jitbot_leftovers, behind',
          'CREATE TABLE behind_table (n int)',
          'ALTER TABLE behind_table OWNER TO behind',
          'GRANT SELECT (id) ON payments TO payments_admin WITH GRANT OPTION',
        ],
      },
    });
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    id = newGrantId();
  });
  const revoke = async (connection = stage.connect()) => {
    const taken = await connection.revoke(accessOf(ADMIN, id));
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(false);
    return typeof taken === 'object' ? taken.left : [];
  };
  const madeRoles = () => stage.says("SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'");
  const RUNS_AS_CALLER = `CREATE FUNCTION public.mine() RETURNS int LANGUAGE plpgsql
    AS $$BEGIN EXECUTE 'CREATE ROLE pwned SUPERUSER'; RETURN 1; END$$`;
  const CALM = 'CREATE FUNCTION public.calm(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN n; END$$';

  test('K1.1 what runs a holder’s function on others’ tables is dropped with it', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      RUNS_AS_CALLER,
      CALM,
      'ALTER TABLE behind_table ALTER n SET DEFAULT public.mine()',
      'ALTER TABLE behind_table ADD CONSTRAINT checked CHECK (n IS NULL OR public.mine() > 0)',
      'CREATE RULE also AS ON INSERT TO behind_table DO ALSO SELECT public.mine()',
      'CREATE INDEX indexed ON behind_table (public.calm(n))',
    );
    const left = await revoke();
    await stage.does('INSERT INTO behind_table DEFAULT VALUES', 'INSERT INTO behind_table VALUES (2)');
    expect(await stage.says("SELECT FROM pg_roles WHERE rolname = 'pwned'")).toEqual([]);
    for (const what of [
      'default value for public.behind_table.n',
      'table constraint checked on public.behind_table',
      'rule also on public.behind_table',
      'index public.indexed',
    ])
      expect(left).toContainEqual({ what, done: 'dropped' });
    await stage.does('TRUNCATE behind_table');
  });

  test('K1.1 what runs a holder’s function and cannot be dropped without harm is named', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      CALM,
      'CREATE DOMAIN public.odd AS int CHECK (public.calm(VALUE) <> 7)',
      'ALTER TABLE behind_table ADD COLUMN oddly public.odd',
      'ALTER TABLE behind_table ADD COLUMN counted int GENERATED ALWAYS AS (public.calm(n)) STORED',
      'CREATE POLICY hides ON behind_table USING (public.calm(n) > 0)',
    );
    const left = await revoke();
    for (const what of [
      'policy hides on public.behind_table',
      'table column public.behind_table.oddly',
      'default value for public.behind_table.counted',
    ])
      expect(left).toContainEqual({ what, done: expect.stringMatching(/^still there: drop it/) });
    await stage.does(
      'DROP POLICY hides ON behind_table',
      'ALTER TABLE behind_table DROP COLUMN oddly, DROP COLUMN counted',
    );
  });

  test('K1.3 what appears in what a role behind the granted one owns is named', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      'CREATE RULE silent AS ON DELETE TO behind_table DO INSTEAD NOTHING',
      'CREATE POLICY opened ON behind_table USING (true)',
      'ALTER DEFAULT PRIVILEGES FOR ROLE behind GRANT SELECT ON TABLES TO evil',
    );
    const left = await revoke();
    for (const what of [
      'rule silent on public.behind_table',
      'policy opened on public.behind_table',
      'default acl for role behind on tables',
    ])
      expect(left).toContainEqual({ what, done: expect.stringMatching(/^left alone: it appeared/) });
    await stage.does(
      'DROP RULE silent ON behind_table',
      'DROP POLICY opened ON behind_table',
      'ALTER DEFAULT PRIVILEGES FOR ROLE behind REVOKE SELECT ON TABLES FROM evil',
    );
  });

  test('K1.3 a role passed on with the granted role’s ADMIN ends with it, or is named', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does('GRANT vault TO evil');
    const left = await revoke();
    const holds = await stage.says("SELECT FROM pg_auth_members WHERE member = 'evil'::regrole");
    if (version.hasGrantOptions)
      expect(left).toContainEqual({
        what: 'membership of role evil in role vault',
        done: expect.stringMatching(/^left alone: it appeared/),
      });
    else expect(holds).toEqual([]);
    await stage.does(`REVOKE vault FROM evil${version.hasGrantOptions ? ' GRANTED BY payments_admin' : ''}`);
  });

  test('K1.3 the doctor names what a granted role owns or may pass on, also indirectly', async () => {
    const findings = await stage.connect().check([{ roleKey: 'payments-db/admin', role: ADMIN }]);
    const bad = findings.filter(({ ok }) => !ok).map(({ what, fix }) => `${what} => ${fix}`);
    expect(bad).toContainEqual(expect.stringMatching(/owns nothing.* through behind => REASSIGN OWNED BY "behind"/));
    expect(bad).toContainEqual(
      expect.stringMatching(
        /cannot pass on .*SELECT \(id\) ON .*payments.*REVOKE ADMIN OPTION FOR vault FROM payments_admin;/,
      ),
    );
  });

  test('K1.1 extensions go to the powerless role, and the holder’s role with them', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does('CREATE SCHEMA "od d%_"', 'CREATE EXTENSION hstore SCHEMA "od d%_"', 'CREATE EXTENSION citext');
    const left = await revoke();
    for (const what of ['extension hstore', 'extension citext'])
      expect(left).toContainEqual({ what, done: 'belongs to jitbot_leftovers' });
    expect(await madeRoles()).toEqual([]);
    await stage.does('DROP SCHEMA "od d%_" CASCADE', 'DROP EXTENSION citext');
  });

  if (version.hasGrantOptions)
    test('K1.1 a subscription that a holder made copies nothing any more', async () => {
      await stage.does('GRANT pg_create_subscription TO payments_admin');
      const holder = await stage.hold(stage.connect(), id);
      await holder.does(
        `CREATE SUBSCRIPTION "sub ""s" CONNECTION 'host=127.0.0.1 port=1 user=x password=y dbname=z' PUBLICATION p WITH (connect = false, slot_name = 'abc')`,
        'ALTER SUBSCRIPTION "sub ""s" ENABLE',
      );
      await revoke();
      expect(
        await stage.says('SELECT subenabled AS on, subowner::regrole::text AS owner FROM pg_subscription'),
      ).toEqual([{ on: false, owner: 'jitbot_leftovers' }]);
      expect(await madeRoles()).toEqual([]);
      await stage.does(
        'ALTER SUBSCRIPTION "sub ""s" SET (slot_name = NONE)',
        'DROP SUBSCRIPTION "sub ""s"',
        'REVOKE pg_create_subscription FROM payments_admin',
      );
    });

  test('K2.2 a prepared transaction that locks others’ tables is rolled back', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does('BEGIN', 'UPDATE payments SET amount_cents = 0', "PREPARE TRANSACTION E'it''s \\\\ prepared'");
    await revoke();
    expect(await stage.says('SELECT gid FROM pg_prepared_xacts')).toEqual([]);
    await stage.does('UPDATE payments SET amount_cents = amount_cents');
  });

  test('K2.2 a prepared transaction in another database is rolled back there', async () => {
    const holder = await stage.hold(stage.connect(), id);
    const session = await holder.session('ledger');
    for (const sql of ['BEGIN', 'CREATE TABLE prepared (n int)', "PREPARE TRANSACTION 'elsewhere'"])
      await session.query(sql);
    await revoke();
    expect(await stage.says('SELECT gid FROM pg_prepared_xacts')).toEqual([]);
    expect(await madeRoles()).toEqual([]);
  });

  test('K1.1 while a grant’s role has to stay, the bot can do nothing that it could', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does('CREATE TABLE in_use (n int)', 'GRANT SELECT ON in_use TO app');
    const report = await stage.as('app');
    await report.query('BEGIN');
    await report.query('SELECT * FROM in_use');
    const connection = stage.connect();
    await revoke(connection);
    expect(
      await stage.says(`SELECT pg_has_role('jitbot', '${holder.account}', 'USAGE') AS uses
        UNION ALL SELECT pg_has_role('jitbot', '${holder.account}', '${version.hasGrantOptions ? 'SET' : 'MEMBER'}')`),
    ).toEqual([{ uses: false }, { uses: false }]);
    await report.query('COMMIT');
    await connection.tidy?.();
    expect(await madeRoles()).toEqual([]);
  });

  test('K2.6 settings that the database’s owner makes for all do not stop the end', async () => {
    const atPostgres = (...sql: string[]) => query(stage.server.url('postgres'), sql);
    await atPostgres('ALTER DATABASE payments OWNER TO payments_admin');
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      "ALTER DATABASE payments SET role = 'payments_read'",
      'ALTER DATABASE payments SET search_path = public, pg_catalog',
      "ALTER DATABASE payments SET statement_timeout = '5ms'",
      "ALTER DATABASE payments SET lock_timeout = '1ms'",
      "ALTER DATABASE payments SET idle_in_transaction_session_timeout = '1ms'",
      'ALTER DATABASE payments SET standard_conforming_strings = off',
      'ALTER DATABASE payments SET default_transaction_isolation = serializable',
      ...(version.hasGrantOptions ? ["ALTER DATABASE payments SET transaction_timeout = '5ms'"] : []),
      'ALTER DATABASE payments SET default_transaction_read_only = on',
    );
    // Another bot, started just then: nothing is open from before.
    const left = await revoke(stage.connect()).finally(() =>
      atPostgres(
        'ALTER DATABASE payments RESET ALL',
        'ALTER DATABASE payments OWNER TO payments_owner',
        'GRANT CREATE ON DATABASE payments TO payments_admin',
      ),
    );
    expect(left).toEqual([]);
    expect(await madeRoles()).toEqual([]);
  });

  test.each(['temporary', '{email_name}'])(
    'K2.6 somebody who can end the bot’s connections does not stop it, login %s',
    async (login) => {
      const connection = stage.connect({ login });
      const one = accessOf(KILLER, id);
      await connection.grant(one, inAnHour());
      const credential = await connection.issueCredential?.(one, inAnHour());
      const address = credential?.usage ?? stage.server.url('payments', 'ben', 'ben');
      let goesOn = true;
      const kill = `DO $$BEGIN LOOP PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'jitbot';
        PERFORM pg_stat_clear_snapshot(); END LOOP; END$$`;
      const first = Promise.withResolvers<void>();
      const loop = async () => {
        while (goesOn)
          try {
            const session = await openSession(address);
            const killing = session.query(kill);
            first.resolve();
            await killing;
          } catch {
            // Thrown out, or not let in: again.
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
      };
      const loops = [loop(), loop(), loop()];
      await first.promise;
      const isHit = () =>
        stage
          .connect()
          .check([{ roleKey: 'payments-db/kill', role: KILLER }])
          .then(
            () => false,
            () => true,
          );
      // As the bot does, which tries again without an end.
      const isTaken = () =>
        connection.revoke(one).then(
          () => true,
          () => false,
        );
      try {
        await expect.poll(isHit, { timeout: 10_000 }).toBe(true);
        await expect.poll(isTaken, { timeout: 40_000 }).toBe(true);
        expect(await connection.isActive(one)).toBe(false);
      } finally {
        goesOn = false;
        await stage.does("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename ~ '^(ben|jit_.*)$'");
        await Promise.all(loops);
      }
    },
    60_000,
  );

  test('K2.2 opening session after session with an own login stops no end', async () => {
    const connection = stage.connect({ login: '{email_name}' });
    await connection.grant(accessOf(ADMIN, id), inAnHour());
    let goesOn = true;
    const loop = async () => {
      while (goesOn)
        try {
          const session = await openSession(stage.server.url('payments', 'ben', 'ben'));
          await session.query('SELECT 1');
          await session.close();
        } catch {
          // Thrown out: again.
        }
    };
    const loops = Array.from({ length: 6 }, loop);
    try {
      await revoke(connection);
    } finally {
      goesOn = false;
      await Promise.all(loops);
    }
    expect(await madeRoles()).toEqual([]);
  });

  test('K2.6 the doctor names roles with power over server, connections or logins', async () => {
    const findings = await stage.connect().check([
      { roleKey: 'payments-db/kill', role: KILLER },
      { roleKey: 'payments-db/odd', role: { roles: [ODD] } },
    ]);
    const bad = findings.filter(({ ok }) => !ok).map(({ what }) => what);
    expect(bad).toContain(
      'killer gives no power over the server or over the bot, neither by itself nor through pg_signal_backend',
    );
    expect(bad.some((what) => what.startsWith(`${ODD} gives no power`))).toBe(!version.hasGrantOptions);
  });

  test('K1.1 what a role of an odd name made in an odd database is disarmed', async () => {
    const elsewhere = (address: string) => address.replace(/\/payments$/, '/l%2541/@:&=;,');
    await query(elsewhere(stage.server.url('payments')), [
      `GRANT CREATE ON SCHEMA public TO jitbot_leftovers, ${quoted(ODD)}`,
    ]);
    const holder = await stage.hold(stage.connect(), id, { roles: [ODD] });
    await query(elsewhere(holder.address), [
      'CREATE FUNCTION "Odd ""f\\é"("A b" int, out x text) LANGUAGE sql SECURITY DEFINER AS $$SELECT NULL$$',
    ]);
    const { left } = (await stage.connect().revoke(accessOf({ roles: [ODD] }, id))) ?? { left: [] };
    expect(left).toEqual([
      {
        what: 'function public."Odd ""f\\é"(integer) in database l%41/@:&=;,',
        done: 'runs with the rights of its caller now; nobody else may use it; belongs to jitbot_leftovers',
      },
    ]);
    expect(await madeRoles()).toEqual([]);
  });

  test('things of somebody with spaces in their address are known by their mark', async () => {
    const one = accessOf(ADMIN, id);
    const odd = { ...one, person: { ...one.person, email: '"a b, grant G1"@harbor.example' } };
    await stage.connect().grant(odd, inAnHour());
    await stage.connect().revoke(odd);
    expect(await madeRoles()).toEqual([]);
  });
});

/** Lets somebody in, and throws them out in the same breath. */
const LET_IN_AND_OUT = Buffer.concat([
  message('R', '\0\0\0\0'),
  message('Z', 'I'),
  message('E', 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
]);

function message(kind: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(kind), length, Buffer.from(body)]);
}

test('K8.1 a connection that the server ends as it opens ends no process', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(LET_IN_AND_OUT));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const use = useForTests();
  const url = `postgres://jitbot:jitbot@127.0.0.1:${port}/payments`;
  const connection = postgres.connect({ kind: 'postgres', url, login: 'temporary' }, use);
  // What nobody caught fails the whole run.
  await expect(connection.revoke(accessOf(ADMIN, newGrantId()))).rejects.toThrow(/cannot be reached/);
  await connection.close();
  server.close();
  use.close();
});
