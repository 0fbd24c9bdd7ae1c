import pg from 'pg';
import type { Log } from '../../ports.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

/** Connections that the bot holds to one server at most. */
const MAX_CONNECTIONS = 8;
const IDLE_MS = 10_000;

export interface Session {
  /**
   * Runs work on one connection under the deadline. When it passes, the connection is torn down: an open
   * transaction dies with it.
   */
  run<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createSession(url: string, log: Log): Session {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: TARGET_DEADLINE,
    application_name: 'jitbot',
    statement_timeout: TARGET_DEADLINE,
  });
  // An idle connection that breaks is replaced by the pool at the next use.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle PostgreSQL connection broke'));
  return {
    run: async (work) => {
      const client = await pool.connect().catch((error: unknown) => {
        throw new Error(`cannot connect to PostgreSQL at ${placeOf(url)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      });
      let failure: Error | undefined;
      const deadline = setTimeout(() => {
        failure = new Error(`PostgreSQL at ${placeOf(url)} did not answer within ${TARGET_DEADLINE / 1000} s`);
        client.release(failure);
      }, TARGET_DEADLINE);
      try {
        return await work(client);
      } catch (error) {
        throw failure ?? error;
      } finally {
        clearTimeout(deadline);
        if (!failure) client.release();
      }
    },
    close: () => pool.end(),
  };
}

/** Host and database, without the password. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
