/** K1: nothing that others made runs with the bot's rights, and nothing of theirs becomes the bot's. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../../src/sandbox/postgres.ts';
import { ADMIN, type Stage, setHostileStage } from '../support/hostileStage.ts';
import { VERSIONS } from '../support/postgres.ts';
import { accessOf, inAnHour, newGrantId } from './contract.ts';

const OWNERSHIP = `SELECT p.prosecdef AS definer, r.rolname AS owner, r.rolcanlogin AS "canLogin",
    has_function_privilege('evil', p.oid, 'EXECUTE') AS "evilMay"
  FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE p.proname = `;

describe.each(VERSIONS)('what a holder left behind, $name', (version) => {
  let stage: Stage;
  let id: string;
  beforeAll(async () => {
    stage = await setHostileStage(version, { setup: { payments: ['GRANT USAGE ON SCHEMA public TO PUBLIC'] } });
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    id = newGrantId();
  });
  const revoke = async (connection = stage.connect()) => {
    const taken = await connection.revoke(accessOf(ADMIN, id));
    return typeof taken === 'object' ? taken.left : [];
  };
  const letLeftoversCreate = async () => {
    // As the documentation asks for it.
    await stage.does(
      "DO $$BEGIN IF to_regrole('jitbot_leftovers') IS NULL THEN CREATE ROLE jitbot_leftovers NOLOGIN; END IF; END$$",
      'GRANT jitbot_leftovers TO jitbot WITH ADMIN OPTION',
      'GRANT CREATE ON SCHEMA public TO jitbot_leftovers',
    );
  };
  const evilFunction = (name: string) => [
    `CREATE FUNCTION public.${name}(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN EXECUTE q; RETURN current_user; END$$`,
    `GRANT EXECUTE ON FUNCTION public.${name}(text) TO evil`,
  ];

  test('K1.1 a function that ran as its owner is dropped if its heir may not create', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(...evilFunction('dropped_helper'));
    const left = await revoke();
    expect(await stage.says(`${OWNERSHIP} 'dropped_helper'`)).toEqual([]);
    expect(left).toContainEqual({
      what: 'function public.dropped_helper(text)',
      done: 'runs with the rights of its caller now; nobody else may use it; dropped',
    });
    expect(await stage.says(`SELECT rolname FROM pg_roles WHERE rolname = '${holder.account}'`)).toEqual([]);
  });

  test('K1.1 a function that ran as its owner runs as its caller, for nobody', async () => {
    await letLeftoversCreate();
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(...evilFunction('helper'));
    expect(await stage.says(`${OWNERSHIP} 'helper'`)).toMatchObject([{ definer: true, evilMay: true }]);
    const left = await revoke();
    expect(await stage.says(`${OWNERSHIP} 'helper'`)).toEqual([
      { definer: false, owner: 'jitbot_leftovers', canLogin: false, evilMay: false },
    ]);
    const evil = await stage.as('evil');
    await expect(evil.query("SELECT public.helper('GRANT payments_admin TO evil')")).rejects.toThrow(
      /permission denied/,
    );
    expect(left).toEqual([
      {
        what: 'function public.helper(text)',
        done: 'runs with the rights of its caller now; nobody else may use it; belongs to jitbot_leftovers',
      },
    ]);
  });

  test('K1.1 a view that was opened to everybody reads nothing any more', async () => {
    await letLeftoversCreate();
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      'CREATE VIEW public.peephole AS SELECT * FROM payments',
      'GRANT SELECT ON public.peephole TO PUBLIC',
      'CREATE MATERIALIZED VIEW public.copy AS SELECT * FROM payments',
      'GRANT SELECT (id) ON public.copy TO evil',
    );
    const evil = await stage.as('evil');
    expect((await evil.query('SELECT * FROM public.peephole')).rowCount).toBe(2);
    const left = await revoke();
    for (const what of ['public.peephole', 'public.copy'])
      await expect(evil.query(`SELECT id FROM ${what}`)).rejects.toThrow(/permission denied/);
    expect(left.map(({ what }) => what).sort()).toEqual(['materialized view public.copy', 'view public.peephole']);
    expect(
      await stage.says(
        "SELECT relname FROM pg_class WHERE relowner = 'jitbot'::regrole AND relkind IN ('r', 'v', 'm')",
      ),
    ).toEqual([]);
  });

  test('K1.1 what a holder gave to others by default or on objects is taken back', async () => {
    await letLeftoversCreate();
    await stage.does('GRANT CREATE ON DATABASE payments TO payments_admin');
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      'CREATE SCHEMA den',
      'GRANT ALL ON SCHEMA den TO evil',
      'CREATE TABLE den.t (n int)',
      'GRANT SELECT ON den.t TO evil',
      "CREATE TYPE den.kind AS ENUM ('a')",
      'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO evil',
      'SELECT lo_create(4711)',
      'GRANT SELECT ON LARGE OBJECT 4711 TO evil',
    );
    await stage.does('GRANT CREATE ON DATABASE payments TO jitbot');
    await revoke();
    expect(
      await stage.says(
        `SELECT has_schema_privilege('evil', 'den', 'USAGE') AS schema, has_table_privilege('evil', 'den.t', 'SELECT') AS table,
           (SELECT lomacl::text LIKE '%evil%' FROM pg_largeobject_metadata WHERE oid = 4711) AS object,
           (SELECT count(*)::int FROM pg_default_acl) AS defaults,
           (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'den') AS owner`,
      ),
    ).toEqual([{ schema: false, table: false, object: false, defaults: 0, owner: 'jitbot_leftovers' }]);
    expect(await stage.says(`SELECT FROM pg_roles WHERE rolname = '${holder.account}'`)).toEqual([]);
    await stage.does(
      'DROP SCHEMA den CASCADE',
      'SELECT lo_unlink(4711)',
      'REVOKE CREATE ON DATABASE payments FROM payments_admin, jitbot',
    );
  });

  test('K1.1 the hotfix table goes to the policy’s role, with its triggers disabled', async () => {
    await letLeftoversCreate();
    await stage.does(
      'GRANT CREATE ON SCHEMA public TO app_owner',
      `GRANT app_owner TO jitbot${version.hasGrantOptions ? ' WITH INHERIT FALSE, SET TRUE' : ''}`,
    );
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      'CREATE TABLE hotfix (id serial PRIMARY KEY, note text)',
      "INSERT INTO hotfix (note) VALUES ('kept')",
      'CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.note := current_user; RETURN NEW; END$$',
      'CREATE TRIGGER spy BEFORE INSERT ON hotfix FOR EACH ROW EXECUTE FUNCTION spy()',
      'CREATE RULE also AS ON INSERT TO hotfix DO ALSO NOTIFY hotfix',
    );
    const left = await revoke(stage.connect({ keep_owner: 'app_owner' }));
    expect(left).toContainEqual({
      what: 'table public.hotfix',
      done: 'belongs to app_owner, with its triggers and rules switched off',
    });
    await stage.does('SET ROLE app_owner', "INSERT INTO hotfix (note) VALUES ('as it is')");
    expect(await stage.says('SELECT note FROM hotfix ORDER BY id')).toEqual([{ note: 'kept' }, { note: 'as it is' }]);
    expect(await stage.says(`${OWNERSHIP} 'spy'`)).toMatchObject([{ owner: 'jitbot_leftovers', evilMay: false }]);
    expect(
      await stage.says(
        "SELECT FROM pg_auth_members WHERE member = 'jitbot'::regrole AND roleid::regrole::text ~ '^jit_'",
      ),
    ).toEqual([]);
  });

  test('K1.1 a trigger on somebody else’s table is dropped with its function, and named', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await holder.does(
      `CREATE FUNCTION public.skim() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.status := current_user; RETURN NEW; END$$`,
      'CREATE TRIGGER skim BEFORE INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION skim()',
      'CREATE TRIGGER frozen BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    );
    const left = await revoke();
    const app = await stage.as('app');
    await app.query("UPDATE payments SET status = 'mine' WHERE id = 1");
    expect(await stage.says('SELECT status FROM payments WHERE id = 1')).toEqual([{ status: 'mine' }]);
    expect(left).toContainEqual({ what: 'trigger skim on public.payments', done: 'dropped' });
    // Whoever made it used a function of PostgreSQL's own: nothing says who it was.
    expect(left.find(({ what }) => what === 'trigger frozen on public.payments')?.done).toMatch(
      /left alone.*look at it/,
    );
    await stage.does('DROP TRIGGER frozen ON payments');
  });

  test('K1.2 what others put on the search path is never called by the bot', async () => {
    const TRAPS: readonly (readonly [name: string, args: string, returns: string, value: string])[] = [
      ['hashtextextended', 'text, integer', 'bigint', '0'],
      ['shobj_description', 'oid, text', 'text', "''"],
      ['pg_terminate_backend', 'integer, integer', 'boolean', 'true'],
      ['equal', 'name, text', 'boolean', '$1::text OPERATOR(pg_catalog.=) $2'],
      ['equal', 'oid, integer', 'boolean', 'true'],
    ];
    const trap = (schema: string) => [
      `CREATE FUNCTION ${schema}.trap() RETURNS integer LANGUAGE sql AS $$INSERT INTO public.trapped VALUES (current_user); SELECT 1$$`,
      ...TRAPS.map(
        ([name, args, returns, value]) =>
          `CREATE FUNCTION ${schema}.${name}(${args}) RETURNS ${returns} LANGUAGE sql AS $$SELECT ${schema}.trap(); SELECT ${value}$$`,
      ),
      `CREATE OPERATOR ${schema}.= (LEFTARG = name, RIGHTARG = text, FUNCTION = ${schema}.equal)`,
      `CREATE OPERATOR ${schema}.= (LEFTARG = oid, RIGHTARG = integer, FUNCTION = ${schema}.equal)`,
      `CREATE VIEW ${schema}.pg_roles AS SELECT ${schema}.trap(), r.* FROM pg_catalog.pg_roles r`,
      `GRANT SELECT ON ${schema}.pg_roles TO PUBLIC`,
    ];
    await stage.does(
      'CREATE TABLE trapped (who text)',
      'GRANT INSERT ON trapped TO PUBLIC',
      'CREATE SCHEMA jitbot',
      'GRANT USAGE ON SCHEMA jitbot TO PUBLIC',
      ...trap('jitbot'),
      ...trap('public'),
      // What comes first in a path that names it last is searched last.
      'ALTER ROLE jitbot SET search_path = jitbot, public, pg_catalog',
    );
    // The traps work: somebody who does not pin the path falls into them.
    await query(stage.server.url('payments', 'jitbot', 'jitbot'), ["SELECT hashtextextended('x', 0)"]);
    expect(await stage.says('SELECT who FROM trapped LIMIT 1')).toEqual([{ who: 'jitbot' }]);
    await stage.does('TRUNCATE trapped');
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    await holder.does(...evilFunction('left_in_traps'));
    const roles = [{ roleKey: 'payments-db/read', role: ADMIN }];
    await connection.list?.(roles);
    await connection.check(roles);
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(true);
    await revoke(connection);
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(false);
    await connection.tidy?.();
    expect(await stage.says('SELECT who FROM trapped')).toEqual([]);
    const path = (await connection.check(roles)).find(({ what }) => what.includes('search path'));
    expect(path).toMatchObject({ ok: false, fix: 'ALTER ROLE "jitbot" SET search_path = pg_catalog, pg_temp;' });
    expect(path?.what).toContain('schema public (');
    await stage.does(
      'DROP SCHEMA jitbot CASCADE',
      'DROP VIEW public.pg_roles',
      'DROP OPERATOR public.= (name, text), public.= (oid, integer)',
      ...TRAPS.map(([name, args]) => `DROP FUNCTION public.${name}(${args})`),
      'ALTER ROLE jitbot RESET search_path',
    );
    expect((await connection.check(roles)).find(({ what }) => what.includes('search path'))?.ok).toBe(false);
    await stage.does('ALTER ROLE jitbot SET search_path = pg_catalog, pg_temp');
    const again = stage.connect();
    expect((await again.check(roles)).find(({ what }) => what.includes('search path'))?.ok).toBe(true);
  });

  if (version.hasGrantOptions)
    test.each(['temporary', '{email_name}'])(
      'K1.3 SET ROLE to what was granted is forbidden, login %s',
      async (login) => {
        const connection = stage.connect({ login });
        await connection.grant(accessOf(ADMIN, id), inAnHour());
        const credential = await connection.issueCredential?.(accessOf(ADMIN, id), inAnHour());
        const address = credential?.usage ?? stage.server.url('payments', 'ben', 'ben');
        await expect(query(address, ['SET ROLE payments_admin'])).rejects.toThrow(/permission denied to set role/);
        await query(address, ['SELECT * FROM payments']);
        await connection.revoke(accessOf(ADMIN, id));
      },
    );
  else
    test.each(['temporary', '{email_name}'])(
      'K1.3 what was made after SET ROLE is named at the end, and by drift, login %s',
      async (login) => {
        const connection = stage.connect({ login });
        await connection.grant(accessOf(ADMIN, id), inAnHour());
        const credential = await connection.issueCredential?.(accessOf(ADMIN, id), inAnHour());
        const address = credential?.usage ?? stage.server.url('payments', 'ben', 'ben');
        await query(address, ['SET ROLE payments_admin', 'CREATE TABLE stays (n int)']);
        const left = await revoke(connection);
        expect(left).toEqual([
          { what: 'table public.stays', done: expect.stringMatching(/left alone.*payments_admin/) },
        ]);
        const roles = [{ roleKey: 'payments-db/admin', role: ADMIN }];
        const found = (await connection.list?.(roles))?.find(({ account }) => account.startsWith('owned by'));
        expect(found).toEqual({
          account: 'owned by payments_admin: 1 (table public.stays)',
          role: 'payments-db/admin',
          grantId: null,
        });
        await expect(connection.remove?.(found ?? { account: '', role: null, grantId: null }, ADMIN)).rejects.toThrow(
          /REASSIGN OWNED BY "payments_admin"/,
        );
        expect(
          (await connection.check(roles)).find(({ what }) => what.startsWith('payments_admin owns nothing'))?.ok,
        ).toBe(false);
        await stage.does('DROP TABLE stays');
      },
    );

  test('K1.1 with an own login, what was made is the person’s, and the bot owns nothing', async () => {
    const connection = stage.connect({ login: '{email_name}' });
    await connection.grant(accessOf(ADMIN, id), inAnHour());
    await query(stage.server.url('payments', 'ben', 'ben'), evilFunction('bens_helper'));
    await revoke(connection);
    expect(await stage.says(`${OWNERSHIP} 'bens_helper'`)).toMatchObject([{ owner: 'ben' }]);
    const evil = await stage.as('evil');
    await expect(evil.query("SELECT public.bens_helper('SELECT * FROM payments')")).rejects.toThrow(
      /permission denied/,
    );
    await stage.does('DROP FUNCTION public.bens_helper(text)');
  });

  test('K1.1 a role for leftovers that somebody can log in as inherits nothing', async () => {
    const connection = stage.connect({ leftovers_owner: 'evil' });
    const holder = await stage.hold(connection, id);
    await holder.does(...evilFunction('for_evil'));
    const left = await revoke(connection);
    expect(await stage.says(`${OWNERSHIP} 'for_evil'`)).toEqual([
      { definer: false, owner: holder.account, canLogin: false, evilMay: false },
    ]);
    expect(left).toContainEqual({
      what: 'role evil',
      done: 'is handed nothing: evil can log in or has rights of its own',
    });
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(false);
    // What stayed is handed over when that can be done, and no drift is reported meanwhile.
    expect(await connection.list?.([{ roleKey: 'payments-db/read', role: ADMIN }])).toEqual([]);
    await letLeftoversCreate();
    await stage.connect().tidy?.();
    expect(await stage.says(`${OWNERSHIP} 'for_evil'`)).toMatchObject([{ owner: 'jitbot_leftovers' }]);
    expect(await stage.says(`SELECT FROM pg_roles WHERE rolname = '${holder.account}'`)).toEqual([]);
  });
});
