import type { Pool, PoolConnection } from 'mysql2/promise';
import { type Once, once } from '../../concurrency/once.ts';
import { errorText } from '../../domain/text.ts';
import { MYSQL } from '../../wording/targets/mysql.ts';
import { pause } from '../polling.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import { isBroken, isDenied, isFull, isRefusal } from './errors.ts';
import { type Sql, sqlOver } from './sql.ts';

/** Limit of the bot's connections to one server. */
const MAX_CONNECTIONS = 8;
/** Attempts against somebody who kills the bot's connections as soon as they open. */
const STRIKES = 60;
/** Attempts for work that loses its connection, and attempts to connect to a full server. */
const TRIES = 10;
const FULL_PAUSE_MS = 200;

/** The bot's connections to one server. */
export class Connections {
  readonly #url: string;
  readonly #pool: Once<Pool>;

  constructor(url: string) {
    this.#url = url;
    this.#pool = once(() => openPool(url));
  }

  /**
   * Runs work on one connection, and again on another if that one breaks or is killed.
   * @param isAlone uses a connection of its own, which is closed afterwards
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
   * Ends every session of a login with the first statement of a fresh connection, again and again. A holder whose role lets them
   * kill the bot's connections would have to win that race every time.
   */
  async strike(user: string): Promise<void> {
    const { createConnection } = await import('mysql2/promise');
    for (let tries = 1; ; tries += 1) {
      try {
        const fresh = await createConnection({ uri: withoutDatabase(this.#url), connectTimeout: TARGET_DEADLINE });
        fresh.on('error', () => undefined);
        // MySQL has no such statement: there the second attempt below has to succeed.
        await fresh.query(`KILL USER ${fresh.escape(user)}`).finally(() => fresh.destroy());
        return;
      } catch (error) {
        if (isRefusal(error)) return;
        if (!isBroken(error) || tries === STRIKES) throw unreachable(this.#url, error);
      }
    }
  }

  async close(): Promise<void> {
    await (await this.#pool.begun())?.end();
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
      // After a refusal by the server the connection is fine. After any other error it must not be used again.
      keep = (error instanceof TargetRefusal || isRefusal(error)) && !isDenied(error);
      throw isDenied(error) && !isFresh ? new Stale('', { cause: error }) : error;
    } finally {
      if (keep && !isAlone) taken.release();
      else taken.destroy();
    }
  }

  /** If the server is full, waits for the connection that the bot already holds. */
  async #connection(): Promise<PoolConnection> {
    const pool = await this.#pool.get();
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

/** Loads the package at the first call: without such a target it need not be installed. */
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

/** The address without its database: that one is for people, and the bot needs none. */
function withoutDatabase(url: string): string {
  const server = new URL(url);
  server.pathname = '';
  return server.toString();
}

/** A connection keeps the server-wide rights of the moment it was opened. A fresh one may have more. */
class Stale extends Error {}

/** The server did not answer, or its answer did not arrive. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const unreachable = (url: string, error: unknown): Error =>
  error instanceof Unreachable
    ? error
    : new Unreachable(MYSQL.notReached(new URL(url).host, errorText(error)), {
        cause: error,
      });
