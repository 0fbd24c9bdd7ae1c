import pg from 'pg';
import { SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';

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
        throw unreachable(url, error);
      });
      let failure: Error | undefined;
      const { promise: broken, reject } = Promise.withResolvers<never>();
      const fail = (error: Error): void => {
        failure ??= error;
        reject(error);
      };
      // A connection that breaks between two statements says so as an event.
      client.on('error', fail);
      const timer = setTimeout(
        () => fail(new Error(`no answer within ${TARGET_DEADLINE / SECOND} s`)),
        TARGET_DEADLINE,
      );
      try {
        return await Promise.race([work(client), broken]);
      } catch (error) {
        if (error instanceof pg.DatabaseError || error instanceof TargetRefusal) throw error;
        failure ??= error instanceof Error ? error : new Error(String(error));
        throw unreachable(url, failure);
      } finally {
        clearTimeout(timer);
        // With a failure the connection is closed for good, and whatever transaction was open on it dies.
        client.release(failure);
        if (!failure) client.off('error', fail);
      }
    },
    close: () => pool.end(),
  };
}

const unreachable = (url: string, error: unknown): Error =>
  new Error(`PostgreSQL at ${placeOf(url)} cannot be reached: ${errorText(error)}`, { cause: error });

/** Host and database, without the password. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
