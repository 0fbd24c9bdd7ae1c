import type { Chance } from '../simulation/chance.ts';
import type { Session } from '../support/hostileStage.ts';
import type { Move } from './play.ts';

/** Who plays, with what. */
export interface Arena {
  /** What the holder makes has names that nothing had before. */
  unique(word: string): string;
  /** A session of the holder's, open until somebody ends it. */
  session(database?: string): Promise<Session>;
  /** Statements of the holder's, one after the other, in a session of their own that is closed afterwards. */
  does(...statements: string[]): Promise<void>;
  /** Somebody who helps the holder, with a login of their own that was granted nothing. */
  accomplice(): Promise<Session>;
  /** The login that the holder uses, and its password, which they may set again. */
  readonly login: string;
  readonly secret: string;
  /** Comes back as often as it is thrown out, until the round is over. */
  comeBack(doing: string): void;
}

const WHO = ['PUBLIC', 'evil', 'app', 'jitbot'];
/** Names that tempt whoever writes statements by hand. */
const ODD = ['"; DROP ROLE jitbot; --', 'x$$y', "it's", 'naïve ☃', 'UPPER', 'pg_catalog.text'];
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Changes the login's own row, to what it was. */
const ownRow = ({ secret }: Arena): string => `ALTER ROLE CURRENT_USER PASSWORD '${secret}'`;

const odd = (arena: Arena, chance: Chance): string => quoted(`${chance.pick(ODD)} ${arena.unique('n')}`);

/** Leaves things behind. */
const LEAVE: readonly Move<Arena>[] = [
  {
    name: 'a function that runs as its owner, for others',
    act: (arena, chance) => {
      const name = chance.happens(0.5) ? odd(arena, chance) : arena.unique('helper');
      return arena.does(
        `CREATE FUNCTION public.${name}(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $f$BEGIN EXECUTE q; RETURN current_user; END$f$`,
        `GRANT EXECUTE ON FUNCTION public.${name} TO ${chance.pick(WHO)}`,
      );
    },
  },
  {
    name: 'a procedure that runs as its owner',
    act: (arena) =>
      arena.does(
        `CREATE PROCEDURE public.${arena.unique('proc')}(INOUT x int, y text DEFAULT 'a') LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN x := 1; END$$`,
      ),
  },
  {
    name: 'an aggregate and an operator',
    act: (arena) =>
      arena.does(
        `CREATE AGGREGATE public.${arena.unique('agg')}(int) (SFUNC = int4pl, STYPE = int)`,
        `CREATE OPERATOR public.${[...arena.unique('')].map((digit) => '@#~<>!%^&|'[Number(digit)]).join('')}@ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)`,
      ),
  },
  {
    name: 'a view for others',
    act: (arena, chance) => {
      const name = arena.unique('peephole');
      return arena.does(
        `CREATE VIEW public.${name} AS SELECT * FROM payments`,
        `GRANT SELECT ON public.${name} TO ${chance.pick(WHO)}`,
      );
    },
  },
  {
    name: 'a copy of the table, for others, by column and to be passed on',
    act: (arena, chance) => {
      const name = odd(arena, chance);
      return arena.does(
        `CREATE MATERIALIZED VIEW public.${name} AS SELECT * FROM payments`,
        `GRANT SELECT (id) ON public.${name} TO ${chance.pick(WHO)}`,
        `GRANT SELECT ON public.${name} TO evil WITH GRANT OPTION`,
      );
    },
  },
  {
    name: 'a table with everything on it',
    act: (arena, chance) => {
      const name = chance.happens(0.5) ? odd(arena, chance) : arena.unique('hotfix');
      const other = arena.unique('fn');
      return arena.does(
        `CREATE FUNCTION public.${other}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN RETURN NEW; END$$`,
        `CREATE TABLE public.${name} (id serial PRIMARY KEY, note text DEFAULT 'x', big bigint GENERATED ALWAYS AS IDENTITY)`,
        `CREATE INDEX ON public.${name} (note)`,
        `CREATE TRIGGER t BEFORE INSERT ON public.${name} FOR EACH ROW EXECUTE FUNCTION public.${other}()`,
        `CREATE RULE r AS ON DELETE TO public.${name} DO ALSO NOTIFY gone`,
        `ALTER TABLE public.${name} ENABLE ROW LEVEL SECURITY`,
        `CREATE POLICY p ON public.${name} TO evil USING (true)`,
        `GRANT ALL ON public.${name} TO ${chance.pick(WHO)}`,
        `CREATE STATISTICS public.${arena.unique('stats')} ON id, note FROM public.${name}`,
      );
    },
  },
  {
    name: 'a trigger on a table of somebody else’s',
    act: (arena, chance) => {
      const name = arena.unique('skim');
      return arena.does(
        `CREATE FUNCTION public.${name}() RETURNS trigger LANGUAGE plpgsql ${chance.pick(['SECURITY DEFINER', ''])} AS $$BEGIN RETURN NEW; END$$`,
        `CREATE TRIGGER ${chance.happens(0.3) ? odd(arena, chance) : name} BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION public.${name}()`,
      );
    },
  },
  {
    name: 'a trigger with a function of PostgreSQL’s own on a table of somebody else’s',
    act: (arena) =>
      arena.does(
        `CREATE TRIGGER ${arena.unique('frozen')} BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      ),
  },
  {
    name: 'types, sequences, a collation, a search configuration',
    act: (arena) =>
      arena.does(
        `CREATE TYPE public.${arena.unique('kind')} AS ENUM ('a')`,
        `CREATE DOMAIN public.${arena.unique('dom')} AS text CHECK (VALUE <> '')`,
        `CREATE TYPE public.${arena.unique('pair')} AS (a int, b text)`,
        `CREATE SEQUENCE public.${arena.unique('seq')}`,
        `CREATE COLLATION public.${arena.unique('coll')} FROM "C"`,
        `CREATE TEXT SEARCH CONFIGURATION public.${arena.unique('ts')} (COPY = simple)`,
      ),
  },
  {
    name: 'a large object for everybody',
    act: async (arena) => {
      const oid = 900_000 + Number(arena.unique('').replace(/\D/g, ''));
      await arena.does(`SELECT lo_create(${oid})`, `GRANT ALL ON LARGE OBJECT ${oid} TO PUBLIC`);
    },
  },
  {
    name: 'rights by default',
    act: (arena, chance) =>
      arena.does(
        `ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${chance.pick(['PUBLIC', 'evil'])}`,
        `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO evil`,
      ),
  },
  {
    name: 'rights by default on what the granted role makes',
    act: (arena) => arena.does('ALTER DEFAULT PRIVILEGES FOR ROLE payments_admin GRANT ALL ON TABLES TO evil'),
  },
  {
    name: 'things in another database',
    act: async (arena) => {
      const session = await arena.session('ledger');
      const name = arena.unique('elsewhere');
      await session.query(`CREATE TABLE public.${name} (n int)`);
      await session.query(`GRANT ALL ON public.${name} TO evil`);
      await session.query(
        `CREATE FUNCTION public.${name}() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT current_user::text$$`,
      );
      await session.close();
    },
  },
  {
    name: 'things made as the granted role',
    act: (arena) =>
      arena.does(
        'SET ROLE payments_admin',
        `CREATE FUNCTION public.${arena.unique('as_admin')}() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT current_user::text$$`,
      ),
  },
  {
    name: 'things handed to the granted role',
    act: (arena) => {
      const name = arena.unique('handed');
      return arena.does(`CREATE TABLE public.${name} (n int)`, `ALTER TABLE public.${name} OWNER TO payments_admin`);
    },
  },
  { name: 'a schema called like the bot’s login', act: (arena) => arena.does('CREATE SCHEMA jitbot') },
  {
    name: 'an event trigger',
    act: (arena) =>
      arena.does(`CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.${arena.unique('x')}()`),
  },
  { name: 'a right on the granted table passed on', act: (arena) => arena.does('GRANT SELECT ON payments TO evil') },
  { name: 'the granted role passed on', act: (arena) => arena.does('GRANT payments_admin TO evil') },
  { name: 'itself passed on', act: (arena) => arena.does(`GRANT ${quoted(arena.login)} TO evil`) },
  {
    name: 'settings of its own',
    act: (arena) =>
      arena.does(
        'ALTER ROLE CURRENT_USER SET search_path = public, pg_catalog',
        "ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'serializable'",
      ),
  },
  { name: 'a password of its own', act: (arena) => arena.does(ownRow(arena)) },
  { name: 'no end to its time', act: (arena) => arena.does("ALTER ROLE CURRENT_USER VALID UNTIL 'infinity'") },
];

/** Keeps others, or the bot, waiting. */
const HOLD: readonly Move<Arena>[] = [
  {
    name: 'its own row locked',
    act: async (arena) => {
      const session = await arena.session();
      await session.query('BEGIN');
      await session.query(ownRow(arena));
    },
  },
  {
    name: 'its own row locked in a prepared transaction',
    act: async (arena) => arena.does('BEGIN', ownRow(arena), `PREPARE TRANSACTION '${arena.unique('p')}'`),
  },
  {
    name: 'rows of the granted table locked in a prepared transaction, in any database',
    act: async (arena, chance) => {
      const session = await arena.session(chance.happens(0.3) ? 'ledger' : 'payments');
      const made = `CREATE TABLE public.${arena.unique('prepared')} (n int)`;
      for (const statement of [
        'BEGIN',
        chance.happens(0.5) ? 'UPDATE payments SET amount_cents = amount_cents' : made,
        `PREPARE TRANSACTION '${arena.unique("it''s ")}'`,
      ])
        await session.query(statement);
    },
  },
  {
    name: 'the granted table locked',
    act: async (arena) => {
      const session = await arena.session();
      await session.query('BEGIN');
      await session.query("SET LOCAL lock_timeout = '1s'");
      await session.query('LOCK TABLE payments IN ACCESS EXCLUSIVE MODE');
    },
  },
  {
    name: 'the catalogues of roles locked',
    act: async (arena) => {
      const session = await arena.session();
      await session.query('BEGIN');
      await session.query('LOCK TABLE pg_auth_members IN ACCESS SHARE MODE').catch(() => undefined);
    },
  },
  {
    name: 'advisory locks',
    act: async (arena, chance) => {
      const session = chance.happens(0.5) ? await arena.session() : await arena.accomplice();
      await session.query(
        `SELECT pg_advisory_lock(hashtextextended('${arena.login}', 0)), pg_advisory_lock(1), pg_advisory_lock(0, 0)`,
      );
    },
  },
  {
    name: 'as many connections as there are to be had',
    act: async (arena) => {
      for (let left = 30; left > 0; left -= 1) await arena.session();
    },
  },
  {
    name: 'coming back, with its row locked each time',
    act: async (arena) => arena.comeBack(`BEGIN; ${ownRow(arena)}`),
  },
  { name: 'coming back', act: async (arena) => arena.comeBack('LISTEN anything') },
  {
    name: 'a report that reads a table of its own',
    act: async (arena) => {
      const name = arena.unique('report');
      await arena.does(`CREATE TABLE public.${name} AS SELECT 1 AS n`, `GRANT SELECT ON public.${name} TO evil`);
      const session = await arena.accomplice();
      await session.query('BEGIN');
      await session.query(`SELECT * FROM public.${name}`);
    },
  },
  {
    name: 'a right given to it in an open transaction',
    act: async (arena) => {
      const session = await arena.accomplice();
      await session.query('BEGIN');
      await session.query('CREATE TEMP TABLE IF NOT EXISTS t (n int)');
      await session.query(`GRANT SELECT ON t TO ${quoted(arena.login)}`);
    },
  },
  {
    name: 'a cursor, a temporary table, something to listen to, and a copy that nobody reads',
    act: async (arena) => {
      const session = await arena.session();
      await session.query('BEGIN');
      await session.query('DECLARE c CURSOR WITH HOLD FOR SELECT * FROM payments');
      await session.query('CREATE TEMP TABLE mine AS SELECT * FROM payments');
      await session.query('GRANT ALL ON mine TO PUBLIC');
      await session.query('COMMIT; LISTEN anything');
      session.query('SELECT pg_sleep(600)').catch(() => undefined);
    },
  },
  {
    name: 'a session that acts as the granted role',
    act: async (arena) => {
      const session = await arena.session();
      await session.query('SET ROLE payments_admin');
    },
  },
  {
    name: 'a session that nothing may time out, in the middle of something',
    act: async (arena) => {
      const session = await arena.session();
      session
        .query('DO $$BEGIN LOOP BEGIN PERFORM pg_sleep(0.01); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END$$')
        .catch(() => undefined);
    },
  },
];

export const MOVES: readonly Move<Arena>[] = [...LEAVE, ...LEAVE, ...HOLD];
