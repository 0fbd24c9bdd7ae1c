import type { Pool, PoolConnection } from 'mysql2/promise';
import { errorText } from '../../domain/text.ts';
import { pause } from '../polling.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import { isBroken, isDenied, isFull, isRefusal } from './errors.ts';
import { type Sql, sqlOver } from './sql.ts';

/** Connections that the bot holds to one server at most. */
const MAX_CONNECTIONS = 8;
/** How often to try to be quicker than somebody who kills the bot's connections as they come. */
const STRIKES = 60;
/** How often work that lost its connection is begun again, and how often a place on a full server is asked for. */
const TRIES = 10;
const FULL_PAUSE_MS = 200;

/** The bot's connections to one server. */
export class Connections {
  readonly #url: string;
  #opened: Promise<Pool> | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Runs work on one connection, and again on another where that breaks or is killed.
   * @param isAlone the connection is closed afterwards
   */
  async run<T>(work: (sql: Sql) => Promise<T>, isAlone = false): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once(work, isAlone);
      } catch (error) {
        if (error instanceof Stale) continue;
        if (error instanceof TargetRefusal || isRefusal(error) || error instanceof Unreachable) throw error;
        if (!isBroken(error) || tries === TRIES) throw unreachable(this.#url, error);
      }
    }
  }

  /**
   * Ends every session of a login with the first statement of a fresh connection, again and again: somebody whose role lets them
   * kill the bot's connections has to be quicker each time.
   */
  async strike(user: string): Promise<void> {
    const { createConnection } = await import('mysql2/promise');
    for (let tries = 1; ; tries += 1) {
      try {
        const fresh = await createConnection({ uri: withoutDatabase(this.#url), connectTimeout: TARGET_DEADLINE });
        fresh.on('error', () => undefined);
        // MySQL has no such statement; there the second try has to do.
        await fresh.query(`KILL USER ${fresh.escape(user)}`).finally(() => fresh.destroy());
        return;
      } catch (error) {
        if (isRefusal(error)) return;
        if (!isBroken(error) || tries === STRIKES) throw unreachable(this.#url, error);
      }
    }
  }

  async close(): Promise<void> {
    await (await this.#opened)?.end();
  }

  async #once<T>(work: (sql: Sql) => Promise<T>, isAlone: boolean): Promise<T> {
    const taken = await this.#connection();
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

  /** On a full server the connection that the bot holds is waited for. */
  async #connection(): Promise<PoolConnection> {
    this.#opened ??= openPool(this.#url);
    const pool = await this.#opened;
    for (let tries = 1; ; tries += 1) {
      try {
        return await pool.getConnection();
      } catch (error) {
        if (!isFull(error) || tries === TRIES) throw unreachable(this.#url, error);
        await pause(FULL_PAUSE_MS);
      }
    }
  }
}

/** The package is loaded with the first call: who uses no such target need not have it. */
async function openPool(url: string): Promise<Pool> {
  const { createPool } = await import('mysql2/promise');
  return createPool({
    uri: withoutDatabase(url),
    connectionLimit: MAX_CONNECTIONS,
    connectTimeout: TARGET_DEADLINE,
    enableKeepAlive: true,
    maxIdle: 1,
    idleTimeout: Number.MAX_SAFE_INTEGER,
    multipleStatements: false,
  });
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
