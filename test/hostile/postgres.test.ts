/** A holder does everything that the target offers, with exactly what was granted; then the end comes; then the judge looks. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECOND } from '../../src/domain/terms.ts';
import { accessOf, inAnHour, newGrantId } from '../provisioners/contract.ts';
import { ADMIN, openSession, type Session, type Stage, setHostileStage } from '../support/hostileStage.ts';
import { VERSIONS } from '../support/postgres.ts';
import { type Facts, judge, type Unavoidable } from './judge.ts';
import { play, seeds } from './play.ts';
import { factsOf } from './postgresFacts.ts';
import { type Arena, MOVES } from './postgresMoves.ts';

/** What docs/targets/postgres.md promises. */
const NO_NEW_USE = 30 * SECOND;
const MOST_MOVES = 14;
const DATABASES = ['payments', 'ledger'];

/** What PostgreSQL does not let the bot avoid: the table "What may be left" of docs/targets/postgres.md. */
const OF_LOGINS_MADE: readonly Unavoidable[] = [
  {
    fact: /^role jitbot_leftovers is there$|^jitbot is in jitbot_leftovers, with admin$/,
    why: 'the role that can do nothing',
  },
  { fact: /: jitbot_leftovers owns |^\w+: view .* reads as jitbot_leftovers$/, why: 'disarmed, with its new owner' },
  {
    fact: /^\w+: (trigger .* of jitbot_leftovers calls .* of jitbot_leftovers|rule .* of jitbot_leftovers|policy .* for )/,
    why: 'on a table that nobody but the new owner may use',
  },
  { fact: /^\w+: jitbot_leftovers may (CREATE|USAGE) on schema /, why: 'so that it may own things there' },
  {
    fact: /^\w+: trigger .* calls suppress_redundant_updates_trigger\(\) of postgres$/,
    why: 'PostgreSQL does not say who made it: the end names it',
  },
  { fact: /^\w+: \w+ may \w+ on what payments_admin makes$/, why: 'belongs to the granted role: the end names it' },
];
/** Before PostgreSQL 16, SET ROLE cannot be forbidden. */
const AFTER_SET_ROLE: readonly Unavoidable[] = [
  {
    fact: /^\w+: payments_admin owns |^\w+: function .* runs as payments_admin$|^\w+: \w+ may \w+ on (function public\.as_admin|table public\.handed)/,
    why: 'made after SET ROLE, or handed to the granted role',
  },
];
/** What people make with a login of their own is theirs. */
const OF_OWN_LOGINS: readonly Unavoidable[] = [
  {
    fact: /^\w+: (ben owns |view .* reads as ben$|function .* runs as ben$|trigger .* (of ben calls|calls .* of ben)|rule .* of ben|policy )/,
    why: 'theirs',
  },
  {
    fact: /^\w+: .* may \w+ on (function|procedure|view|materialized view|table|sequence|aggregate|column|large object|type|what ben makes)/,
    why: 'theirs to give',
  },
  { fact: /^ben is set /, why: 'theirs' },
  { fact: /^transaction .* of ben is prepared$/, why: 'only that login can roll it back: the end names it' },
  { fact: /^a session of ben is open$/, why: 'begun after the end, with nothing that was granted' },
];

describe.each(VERSIONS)('a hostile holder, $name', (version) => {
  let stage: Stage;
  let serial = 0;
  beforeAll(async () => {
    stage = await setHostileStage(version, {
      settings: { max_prepared_transactions: '20', max_connections: '80' },
      setup: {
        postgres: ['CREATE ROLE jitbot_leftovers NOLOGIN', 'GRANT jitbot_leftovers TO jitbot WITH ADMIN OPTION'],
        payments: ['GRANT CREATE ON SCHEMA public TO jitbot_leftovers'],
      },
    });
  });
  afterAll(() => stage.close());
  const facts = () => factsOf((database) => stage.server.url(database), DATABASES);
  const table = (login: string) => [
    ...OF_LOGINS_MADE,
    ...(version.hasGrantOptions ? [] : AFTER_SET_ROLE),
    ...(login === 'temporary' ? [] : OF_OWN_LOGINS),
  ];

  /** One holder, with what they have open and what goes on until the round is over. */
  function enter(address: string, login: string, secret: string) {
    const open: Session[] = [];
    let goesOn = true;
    const loops: Promise<void>[] = [];
    const keep = async (opening: Promise<Session>) => {
      const session = await opening;
      open.push(session);
      return session;
    };
    const at = (database = 'payments') => address.replace(/\/payments$/, `/${database}`);
    const loop = async (doing: string) => {
      while (goesOn)
        try {
          const session = await openSession(address);
          open.push(session);
          await session.query(doing);
          await session.ended;
        } catch {
          // Thrown out, or not let in: again.
        }
    };
    const arena: Arena = {
      login,
      secret,
      unique: (word) => {
        serial += 1;
        return `${word}${serial}`;
      },
      session: async (database) => {
        const session = await keep(openSession(at(database)));
        await session.query("SET statement_timeout = '5s'");
        return session;
      },
      does: async (...statements) => {
        const session = await keep(openSession(at()));
        await session.query("SET statement_timeout = '2s'");
        try {
          for (const statement of statements) await session.query(statement);
        } finally {
          await session.close().catch(() => undefined);
        }
      },
      accomplice: () => keep(openSession(stage.server.url('payments', 'evil', 'evil'))),
      comeBack: (doing) => void loops.push(loop(doing)),
    };
    return {
      arena,
      leave: async () => {
        goesOn = false;
        await Promise.all(open.map((session) => session.close().catch(() => undefined)));
        await Promise.all(loops);
      },
    };
  }

  /** What is with its new owner now, and was not told. */
  const untold = (before: Facts, after: Facts, left: readonly string[]): string[] =>
    [...after].flatMap((fact) => {
      const [, database, what] =
        /^(\w+): jitbot_leftovers owns ((?:table|view|materialized view|function|procedure) .*)$/.exec(fact) ?? [];
      if (before.has(fact) || what === undefined) return [];
      const shown = `${what.replaceAll('pg_catalog.', '')}${database === 'payments' ? '' : ` in database ${database}`}`;
      return left.includes(shown) ? [] : [shown];
    });

  async function round(seed: number, login: string) {
    const id = newGrantId();
    const connection = stage.connect({ login });
    const before = await facts();
    const { account } = await connection.grant(accessOf(ADMIN, id), inAnHour());
    const credential = await connection.issueCredential?.(accessOf(ADMIN, id), inAnHour());
    const address = credential?.usage ?? stage.server.url('payments', 'ben', 'ben');
    const { arena, leave } = enter(address, account, credential?.secret ?? 'ben');
    const played = await play(MOVES, arena, { seed, most: MOST_MOVES });
    const about = `HOSTILE_SEED=${seed} HOSTILE_ROUNDS=1, ${version.name}, login ${login}: ${played.join('; ')}`;
    const began = performance.now();
    const taken = await connection.revoke(accessOf(ADMIN, id)).catch((error: unknown) => {
      throw new Error(about, { cause: error });
    });
    expect(await connection.isActive(accessOf(ADMIN, id)), about).toBe(false);
    expect(performance.now() - began, about).toBeLessThan(NO_NEW_USE);
    await noNewUse(address, about);
    await leave();
    // What was in somebody's use is cleaned up in a later round.
    await connection.tidy?.();
    await connection.close();
    const after = await facts();
    const left = typeof taken === 'object' ? taken.left.map(({ what }) => what) : [];
    return { verdict: judge(before, after, table(login)), untold: untold(before, after, left), about };
  }

  /** Whoever the holder is, they get nothing of it any more; a login of theirs is as good as none. */
  async function noNewUse(address: string, about: string) {
    const refused = await openSession(address).then(
      async (session) => {
        const problem = await session.query('SELECT * FROM payments').then(
          () => null,
          (error: unknown) => error,
        );
        await session.close();
        return problem;
      },
      (error: unknown) => error,
    );
    expect(String(refused), about).toMatch(
      /permission denied|does not exist|not permitted to log in|authentication failed|too many connections|remaining connection slots/,
    );
  }

  test.each(seeds(5))(
    'temporary login, seed %i',
    async (seed) => {
      const { verdict, untold, about } = await round(seed, 'temporary');
      expect(untold, about).toEqual([]);
      expect(verdict, about).toEqual({ survivors: [], missing: [] });
    },
    120_000,
  );

  test.each(seeds(3))(
    'own login, seed %i',
    async (seed) => {
      // What they did to their own login in the round before is theirs, and not what is tried here.
      for (const { gid } of await stage.says<{ gid: string }>('SELECT gid FROM pg_prepared_xacts'))
        await stage.does(`ROLLBACK PREPARED '${gid}'`);
      await stage.does("ALTER ROLE ben PASSWORD 'ben' VALID UNTIL 'infinity'", 'ALTER ROLE ben RESET ALL');
      const { verdict, about } = await round(seed, '{email_name}');
      expect(verdict, about).toEqual({ survivors: [], missing: [] });
    },
    120_000,
  );

  const PLANTED: readonly (readonly [
    what: string,
    plant: readonly string[],
    uproot: readonly string[],
    found: RegExp,
  ])[] = [
    ['a login', ['CREATE ROLE jit_left LOGIN'], ['DROP ROLE jit_left'], /role jit_left may log in/],
    ['a role', ['CREATE ROLE jit_left'], ['DROP ROLE jit_left'], /role jit_left is there/],
    [
      'a membership',
      ['GRANT payments_admin TO evil'],
      ['REVOKE payments_admin FROM evil'],
      /evil is in payments_admin/,
    ],
    [
      'a membership of the bot’s',
      ['GRANT secret_role TO jitbot'],
      ['REVOKE secret_role FROM jitbot'],
      /jitbot is in secret_role/,
    ],
    [
      'a right',
      ['GRANT SELECT ON payments TO evil'],
      ['REVOKE SELECT ON payments FROM evil'],
      /evil may SELECT on table public.payments/,
    ],
    [
      'a right on a column',
      ['GRANT SELECT (id) ON payments TO evil'],
      ['REVOKE SELECT (id) ON payments FROM evil'],
      /evil may SELECT on column public.payments.id/,
    ],
    [
      'a right of everybody’s',
      ['GRANT SELECT ON payments TO PUBLIC'],
      ['REVOKE SELECT ON payments FROM PUBLIC'],
      /PUBLIC may SELECT/,
    ],
    [
      'a function that runs as the bot',
      [
        'CREATE FUNCTION planted() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT 1$$',
        'ALTER FUNCTION planted() OWNER TO jitbot',
      ],
      ['DROP FUNCTION planted()'],
      /function public.planted\(\) runs as jitbot/,
    ],
    [
      'a function that still runs as its owner',
      [
        'CREATE FUNCTION planted() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT 1$$',
        'ALTER FUNCTION planted() OWNER TO jitbot_leftovers',
      ],
      ['DROP FUNCTION planted()'],
      /runs as jitbot_leftovers/,
    ],
    [
      'a function that everybody may call',
      [
        'CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
        'ALTER FUNCTION planted() OWNER TO jitbot_leftovers',
      ],
      ['DROP FUNCTION planted()'],
      /PUBLIC may EXECUTE/,
    ],
    [
      'a view that reads as the bot',
      ['CREATE VIEW planted AS SELECT 1 AS n', 'ALTER VIEW planted OWNER TO jitbot'],
      ['DROP VIEW planted'],
      /view public.planted reads as jitbot/,
    ],
    [
      'a table of the bot’s',
      ['CREATE TABLE planted ()', 'ALTER TABLE planted OWNER TO jitbot'],
      ['DROP TABLE planted'],
      /jitbot owns table public.planted/,
    ],
    [
      'a trigger',
      [
        'CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$',
        'REVOKE ALL ON FUNCTION planted() FROM PUBLIC',
        'ALTER FUNCTION planted() OWNER TO jitbot_leftovers',
        'CREATE TRIGGER planted BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION planted()',
      ],
      ['DROP FUNCTION planted() CASCADE'],
      /trigger planted on public.payments of payments_owner/,
    ],
    [
      'a rule',
      ['CREATE RULE planted AS ON UPDATE TO payments DO ALSO NOTIFY x'],
      ['DROP RULE planted ON payments'],
      /rule planted on public.payments/,
    ],
    [
      'a right by default',
      ['ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO evil'],
      ['ALTER DEFAULT PRIVILEGES FOR ROLE app REVOKE SELECT ON TABLES FROM evil'],
      /evil may SELECT on what app makes/,
    ],
    ['a schema', ['CREATE SCHEMA planted AUTHORIZATION evil'], ['DROP SCHEMA planted'], /evil owns schema planted/],
    [
      'a right on a schema',
      ['GRANT CREATE ON SCHEMA public TO evil'],
      ['REVOKE CREATE ON SCHEMA public FROM evil'],
      /evil may CREATE on schema public/,
    ],
    [
      'a large object',
      ['SELECT lo_create(940712)', 'GRANT SELECT ON LARGE OBJECT 940712 TO evil'],
      ['SELECT lo_unlink(940712)'],
      /evil may SELECT on large object 940712/,
    ],
    [
      'an event trigger',
      [
        'CREATE FUNCTION planted() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$',
        'CREATE EVENT TRIGGER planted ON ddl_command_end EXECUTE FUNCTION planted()',
      ],
      ['DROP EVENT TRIGGER planted', 'DROP FUNCTION planted()'],
      /event trigger planted/,
    ],
    ['a setting', ['ALTER ROLE evil SET search_path = public'], ['ALTER ROLE evil RESET search_path'], /evil is set/],
    [
      'a prepared transaction',
      ['BEGIN', 'LOCK TABLE secrets', "PREPARE TRANSACTION 'planted'"],
      ["ROLLBACK PREPARED 'planted'"],
      /transaction planted of postgres is prepared/,
    ],
    ['power', ['ALTER ROLE evil CREATEROLE'], ['ALTER ROLE evil NOCREATEROLE'], /role evil is powerful/],
    [
      'a right on a database',
      ['GRANT CREATE ON DATABASE ledger TO evil'],
      ['REVOKE CREATE ON DATABASE ledger FROM evil'],
      /evil may CREATE on database ledger/,
    ],
  ];
  test.each(PLANTED)('the judge finds %s that survived', async (_what, plant, uproot, found) => {
    const before = await facts();
    await stage.does(...plant);
    const { survivors } = judge(before, await facts(), table('temporary'));
    await stage.does(...uproot);
    expect(
      survivors.filter((fact) => found.test(fact)),
      survivors.join('\n'),
    ).not.toEqual([]);
    expect(judge(before, await facts(), table('temporary'))).toEqual({ survivors: [], missing: [] });
  });

  test('the judge finds a session that survived', async () => {
    const before = await facts();
    const session = await stage.as('evil');
    expect(judge(before, await facts(), table('temporary')).survivors).toContain('a session of evil is open');
    await session.close();
  });
});
