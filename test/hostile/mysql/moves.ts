/** Everything that a login can do on a MariaDB to stay, to block or to leave something behind. */

import type { Connection as Client } from 'mysql2/promise';
import type { Chance } from '../../simulation/chance.ts';

export interface Holder {
  readonly chance: Chance;
  /** Sessions of the holder's that are open, with the role taken on. */
  readonly sessions: Client[];
  /** One more. @throws where there are no more to be had */
  open(): Promise<Client>;
  /** Somebody else with a login, who is not the holder's enemy. */
  readonly friend: Client;
  /** The role of the grant. */
  readonly bridge: string;
  readonly login: string;
  /** What goes on until the end: each is called again as soon as it is done. */
  readonly loops: (() => Promise<unknown>)[];
  /** Statements that take long. They are not waited for. */
  readonly running: Promise<unknown>[];
  serial(): number;
}

type Move = (holder: Holder) => Promise<unknown>;

const some = (holder: Holder): Client => {
  const found = holder.sessions[holder.chance.int(holder.sessions.length)];
  if (!found) throw new Error('the holder has no session');
  return found;
};
const on =
  (statement: string | ((holder: Holder) => string)): Move =>
  (holder) =>
    some(holder).query(typeof statement === 'string' ? statement : statement(holder));
const all =
  (...statements: readonly ((holder: Holder) => string)[]): Move =>
  async (holder) => {
    const session = some(holder);
    for (const statement of statements) await session.query(statement(holder));
  };
const definer = ({ chance }: Holder): string => (chance.happens(0.5) ? 'DEFINER=CURRENT_ROLE ' : '');
/** Names that tempt whoever writes statements by hand; without spaces, by which the judge reads them apart. */
const ODD = ['', '', "it's", '`', '";--', '\\', '$1', 'Ünï☃', '*/', '`.`x'];
/** `shop.v7`, or an odder name. */
const named = (holder: Holder, letter: string): string =>
  `shop.\`${`${letter}${holder.serial()}${holder.chance.pick(ODD)}`.replaceAll('`', '``')}\``;
const security = ({ chance }: Holder): string =>
  chance.happens(0.7) ? 'SQL SECURITY DEFINER' : 'SQL SECURITY INVOKER';
const body = ({ chance }: Holder): string =>
  ['INSERT INTO shop.seen VALUES (1)', 'DO SLEEP(0.3)', 'GRANT writer TO evil', 'SET @x = CURRENT_USER()'][
    chance.int(4)
  ] ?? '';
/** Not waited for: it takes long, or for ever. */
const background =
  (statement: (holder: Holder) => string): Move =>
  async (holder) => {
    const session = some(holder);
    holder.running.push(session.query(statement(holder)).catch(() => undefined));
  };

export const MOVES: Readonly<Record<string, Move>> = {
  view: on((h) => `CREATE ${definer(h)}${security(h)} VIEW ${named(h, 'v')} AS SELECT * FROM shop.payments`),
  procedure: on((h) => `CREATE ${definer(h)}PROCEDURE ${named(h, 'p')}() ${security(h)} ${body(h)}`),
  function: on(
    (h) =>
      `CREATE ${definer(h)}FUNCTION ${named(h, 'f')}() RETURNS INT ${security(h)} RETURN (SELECT MAX(id) FROM shop.payments)`,
  ),
  trigger: on(
    (h) =>
      `CREATE ${definer(h)}TRIGGER ${named(h, 't')} AFTER INSERT ON shop.payments FOR EACH ROW ${h.chance.happens(0.5) ? 'INSERT INTO shop.seen VALUES (NEW.id)' : 'SET @x = 1'}`,
  ),
  event: on((h) => `CREATE ${definer(h)}EVENT ${named(h, 'e')} ON SCHEDULE EVERY 1 SECOND DO ${body(h)}`),
  'event that never ends': on(
    (h) => `CREATE ${definer(h)}EVENT ${named(h, 'e')} ON SCHEDULE EVERY 1 SECOND DO DO SLEEP(60)`,
  ),
  table: on((h) => `CREATE TABLE shop.made${h.serial()} (id INT)`),
  'temporary table': on((h) => `CREATE TEMPORARY TABLE shop.tmp${h.serial()} (id INT)`),
  'lock by name': on((h) => `SELECT GET_LOCK('${h.chance.happens(0.5) ? h.bridge : h.login}', 0)`),
  "a friend's lock by name": ({ friend, bridge }) => friend.query(`SELECT GET_LOCK('${bridge}', 0)`),
  'lock tables': on(({ chance }) => `LOCK TABLES shop.payments ${chance.happens(0.5) ? 'READ' : 'WRITE'}`),
  transaction: all(
    () => 'START TRANSACTION',
    () => 'UPDATE shop.payments SET id = id',
  ),
  snapshot: all(
    () => 'START TRANSACTION WITH CONSISTENT SNAPSHOT',
    () => 'SELECT * FROM shop.payments',
  ),
  'global read lock': on('FLUSH TABLES WITH READ LOCK'),
  'read lock on a table': on('FLUSH TABLES shop.payments WITH READ LOCK'),
  backup: all(
    () => 'BACKUP STAGE START',
    () => 'BACKUP STAGE BLOCK_COMMIT',
  ),
  'prepared transaction': async (holder) => {
    const session = some(holder);
    const name = `'x${holder.serial()}'`;
    for (const statement of [
      `XA START ${name}`,
      'INSERT INTO shop.seen VALUES (2)',
      `XA END ${name}`,
      `XA PREPARE ${name}`,
    ])
      await session.query(statement);
  },
  'password of their own': on("SET PASSWORD = PASSWORD('one of their own')"),
  'another way to log in': on("ALTER USER CURRENT_USER() IDENTIFIED BY 'another'"),
  'no limit': on('ALTER USER CURRENT_USER() WITH MAX_USER_CONNECTIONS 0'),
  'role off': on('SET ROLE NONE'),
  'default role': on(({ bridge }) => `SET DEFAULT ROLE ${bridge}`),
  'prepared statement': on("PREPARE s FROM 'SELECT SLEEP(50)'"),
  'role handed on': on(({ bridge }) => `GRANT ${bridge} TO evil WITH ADMIN OPTION`),
  'granted role handed on': on('GRANT writer TO evil'),
  'right handed on': on('GRANT SELECT ON shop.payments TO evil'),
  'a foreign role': ({ friend, bridge }) => friend.query(`GRANT secret TO ${bridge}`),
  'more sessions': async (holder) => {
    for (let count = holder.chance.int(12); count > 0; count -= 1) holder.sessions.push(await holder.open());
  },
  'long query': background(() => 'SELECT SLEEP(50)'),
  'heavy query': background(() => "SELECT BENCHMARK(1000000000, MD5('x'))"),
  'a statement that waits': background(() => 'INSERT INTO shop.payments SELECT id FROM shop.payments'),
  "somebody's routine": background(() => 'CALL shop.slow(3)'),
  'hidden session': async (holder) => {
    const session = some(holder);
    const name = named(holder, 'h');
    await session.query(`CREATE ${definer(holder)}PROCEDURE ${name}() DO SLEEP(50)`);
    holder.running.push(session.query(`CALL ${name}()`).catch(() => undefined));
  },
  'a routine that survives errors': async (holder) => {
    const session = some(holder);
    const name = named(holder, 's');
    await session.query(
      `CREATE ${definer(holder)}PROCEDURE ${name}() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; WHILE 1 DO DO SLEEP(0.05); END WHILE; END`,
    );
    holder.running.push(session.query(`CALL ${name}()`).catch(() => undefined));
  },
  'coming back': async (holder) => {
    holder.loops.push(async () => holder.sessions.push(await holder.open()));
  },
  'locking again and again': async (holder) => {
    holder.loops.push(async () => (await holder.open()).query('FLUSH TABLES WITH READ LOCK'));
  },
  'killing the bot': async (holder) => {
    const session = await holder.open();
    holder.loops.push(() => session.query('KILL USER jitbot'));
  },
};
