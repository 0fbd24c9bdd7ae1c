import { createHmac } from 'node:crypto';
import type { Connection, Pool } from 'mysql2/promise';
import { errorText } from '../../domain/text.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import type { Log } from '../../ports.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import { codeOf, isBroken, isDenied, isFull, isRefusal } from './errors.ts';

/** Connections that the bot holds to one server at most. */
const MAX_CONNECTIONS = 8;
/** How long one statement waits for what others hold, in seconds: shorter than the deadline, so that the server ends it. */
const LOCK_WAIT_S = 2;
const STATEMENT_S = 3;
/** One connection that nobody uses is kept, also over night: it is the way in when others have used up all there are. */
const IDLE_S = 31_536_000;
/** How often to try to be quicker than somebody who kills the bot's connections as they come. */
const STRIKES = 60;
/** How often work that lost its connection is begun again, and how often a place on a full server is asked for. */
const TRIES = 10;
const FULL_PAUSE_MS = 200;

/** The server's own word for no limit. */
const ALL_ROWS = '18446744073709551615';

export interface Sql {
  /** Rows of one statement; values go in as values, never as text. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  readonly isMariaDb: boolean;
}

export interface Session {
  /**
   * Runs work on one connection. Each statement commits by itself. Where the connection breaks or is killed, the work is
   * begun again on another: it has to be repeatable.
   */
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** The same on a connection of its own, which is closed afterwards: for work that takes on a role. */
  alone<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** One at a time by name, and not while a statement of an earlier try is still on its way at the server. */
  granting<T>(name: string, work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * The same for taking back, which nobody can hold up: an earlier try of the bot's is ended, any other holder is passed by.
   * @param users whose sessions are ended first where somebody kills the bot's connections as they come
   */
  ending<T>(name: string, users: () => Promise<readonly string[]>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The package is loaded with the first call: who uses no such target need not have it. */
export function createSession(url: string, log: Log): Session {
  let opened: Promise<Pool> | null = null;
  const lock = keyedLock();
  const open = (): Promise<Pool> => {
    opened ??= import('mysql2/promise').then(({ createPool }) =>
      createPool({
        uri: withoutDatabase(url),
        connectionLimit: MAX_CONNECTIONS,
        connectTimeout: TARGET_DEADLINE,
        enableKeepAlive: true,
        maxIdle: 1,
        idleTimeout: Number.MAX_SAFE_INTEGER,
        multipleStatements: false,
      }),
    );
    return opened;
  };

  /** On a full server the connection that the bot holds is waited for. */
  async function connection() {
    const pool = await open();
    for (let tries = 1; ; tries += 1) {
      try {
        return await pool.getConnection();
      } catch (error) {
        if (!isFull(error) || tries === TRIES) throw unreachable(url, error);
        await pause(FULL_PAUSE_MS);
      }
    }
  }

  async function once<T>(work: (sql: Sql) => Promise<T>, isAlone: boolean): Promise<T> {
    const taken = await connection();
    let keep = false;
    let isFresh = true;
    try {
      const { isKnown, ...sql } = await sqlOver(taken);
      isFresh = !isKnown;
      const result = await work(sql);
      keep = true;
      return result;
    } catch (error) {
      // What the server refuses is an answer; everything else is a connection that nobody should use again.
      keep = (error instanceof TargetRefusal || isRefusal(error)) && !isDenied(error);
      throw isDenied(error) && !isFresh ? new Stale('', { cause: error }) : error;
    } finally {
      if (keep && !isAlone) taken.release();
      else taken.destroy();
    }
  }

  async function run<T>(work: (sql: Sql) => Promise<T>, isAlone = false): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await once(work, isAlone);
      } catch (error) {
        if (error instanceof Stale) continue;
        if (error instanceof TargetRefusal || isRefusal(error) || error instanceof Unreachable) throw error;
        if (!isBroken(error) || tries === TRIES) throw unreachable(url, error);
      }
    }
  }

  /**
   * Ends every session of a login with the first statement of a fresh connection, again and again: somebody whose role lets them
   * kill the bot's connections has to be quicker each time.
   */
  async function strike(user: string): Promise<void> {
    const { createConnection } = await import('mysql2/promise');
    for (let tries = 1; ; tries += 1) {
      try {
        const fresh = await createConnection({ uri: withoutDatabase(url), connectTimeout: TARGET_DEADLINE });
        fresh.on('error', () => undefined);
        // MySQL has no such statement; there the second try has to do.
        await fresh.query(`KILL USER ${fresh.escape(user)}`).finally(() => fresh.destroy());
        return;
      } catch (error) {
        if (isRefusal(error)) return;
        if (!isBroken(error) || tries === STRIKES) throw unreachable(url, error);
      }
    }
  }

  const lockName = (name: string): string =>
    `jit_${createHmac('sha256', new URL(url).password).update(name).digest('hex').slice(0, 40)}`;

  return {
    run: (work) => run(work),
    alone: (work) => run(work, true),
    granting: (name, work) =>
      // Here first: waiting on the server would hold a connection.
      lock(name, () =>
        run(async (sql) => {
          if (!(await takeLock(sql, lockName(name))))
            throw new TargetRefusal(`somebody else is still at work on ${name}`);
          try {
            return await work(sql);
          } finally {
            await sql.query('SELECT RELEASE_LOCK(?)', [lockName(name)]);
          }
        }),
      ),
    ending: <T>(name: string, users: () => Promise<readonly string[]>, work: () => Promise<T>) =>
      lock(name, async () => {
        const both = async (): Promise<T> => {
          await run((sql) => endEarlierTry(sql, lockName(name), log));
          return work();
        };
        try {
          return await both();
        } catch (error) {
          if (!(error instanceof Unreachable && isBroken(error.cause))) throw error;
          for (const user of await users()) await strike(user);
          return both();
        }
      }),
    close: async () => {
      await (await opened)?.end();
    },
  };
}

async function takeLock(sql: Sql, name: string): Promise<boolean> {
  const [row] = await sql.query<{ got: number | null }>('SELECT GET_LOCK(?, ?) AS got', [name, LOCK_WAIT_S]);
  return Number(row?.got) === 1;
}

/**
 * A statement of a grant may still be on its way, on a connection that was lost: its connection is ended. The name of the
 * lock is no secret that access rests on: somebody else who holds it holds up nothing.
 */
async function endEarlierTry(sql: Sql, name: string, log: Log): Promise<void> {
  const [row] = await sql.query<{ id: number | null; user: string | null; me: string }>(
    `SELECT p.ID AS id, p.USER AS user, SUBSTRING_INDEX(USER(), '@', 1) AS me
     FROM (SELECT IS_USED_LOCK(?) AS id) l LEFT JOIN information_schema.PROCESSLIST p ON p.ID = l.id`,
    [name],
  );
  if (row?.id == null) return;
  if (row.user === row.me) await kill(sql, row.id);
  else
    log.warn({ connection: row.id, user: row.user }, 'a lock of the bot’s is held by somebody else; it is passed by');
}

/** Ends a session. One that ended by itself meanwhile is what was wanted. */
export async function kill(sql: Sql, id: number): Promise<void> {
  await sql.query(`KILL ${Number(id)}`).catch((error: unknown) => {
    if (codeOf(error) !== 'ER_NO_SUCH_THREAD') throw error;
  });
}

const prepared = new WeakMap<Connection, { isMariaDb: boolean }>();

async function sqlOver(
  connection: Connection & { readonly connection?: Connection },
): Promise<Sql & { readonly isKnown: boolean }> {
  const query = async <Row>(statement: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const [rows] = await connection.query({ sql: statement, values: [...values], timeout: TARGET_DEADLINE });
    return Array.isArray(rows) ? (rows as Row[]) : [];
  };
  // The pool wraps the same connection anew each time.
  const key = connection.connection ?? connection;
  const known = prepared.get(key);
  if (known) return { query, ...known, isKnown: true };
  const [row] = await query<{ version: string }>('SELECT VERSION() AS version');
  const isMariaDb = (row?.version ?? '').includes('MariaDB');
  // Some modes change what a statement means: a backslash in a name no longer protects the quote behind it, names are filled
  // with spaces and equal nothing, views are shown in other quotes. So none holds here, whatever the server has; nor does a
  // limit to how many rows are answered, since what is not among them would count as gone.
  await query(`SET SESSION sql_mode = '', sql_select_limit = ${ALL_ROWS}, sql_big_selects = 1`);
  await query(`SET SESSION wait_timeout = ${IDLE_S}, lock_wait_timeout = ${LOCK_WAIT_S}`);
  // A global read lock is waited for without end in MariaDB, whatever lock_wait_timeout says.
  if (isMariaDb) await query(`SET SESSION max_statement_time = ${STATEMENT_S}`);
  prepared.set(key, { isMariaDb });
  return { query, isMariaDb, isKnown: false };
}

/** The bot itself has no business in the database that people are sent to. */
function withoutDatabase(url: string): string {
  const server = new URL(url);
  server.pathname = '';
  return server.toString();
}

/** Rights on the whole server are those of when a connection was opened: a fresh one may have been given them since. */
class Stale extends Error {}

/** No answer from the server, or none that came through. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const unreachable = (url: string, error: unknown): Error =>
  error instanceof Unreachable
    ? error
    : new Unreachable(`the MySQL server at ${new URL(url).host} cannot be reached: ${errorText(error)}`, {
        cause: error,
      });

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
