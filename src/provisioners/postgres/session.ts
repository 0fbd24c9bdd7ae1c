import pg from 'pg';
import { SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import { type Log, StorageError } from '../../ports.ts';
import { shownPlace, withDatabase } from '../address.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';

export type Client = pg.ClientBase;

/** Connections that the bot opens to one server beside the one that it keeps. */
const MORE_CONNECTIONS = 7;
const IDLE_MS = 10_000;
/**
 * How long a statement waits for a lock. Others queue behind a statement that waits, and what is waited for may be held
 * by somebody who wants the bot to wait: so it is short, and what did not work is tried again.
 */
const LOCK_WAIT_MS = 700;
const TOO_MANY_CONNECTIONS = '53300';

export interface Session {
  /**
   * Runs work on one connection under the deadline. When it passes, the connection is torn down: an open
   * transaction dies with it.
   */
  run<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** The same in one transaction. */
  transaction<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Runs work, which is to commit by itself, on a connection of its own to another database of this server. */
  elsewhere<T>(database: string, work: (client: Client) => Promise<T>): Promise<T>;
  /** Work that lends the bot membership of others' roles for a moment goes one at a time. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** So many wait for their turn to be alone, or have it. */
  readonly queued: () => number;
  close(): Promise<void>;
}

export function createSession(url: string, log: Log): Session {
  const options = {
    connectionString: url,
    connectionTimeoutMillis: TARGET_DEADLINE,
    application_name: 'jitbot',
    keepAlive: true,
  };
  // One connection stays open once there was one: the way in when somebody has used up all that the server allows.
  const kept = new pg.Pool({ ...options, max: 1, min: 1, idleTimeoutMillis: 0 });
  const more = new pg.Pool({ ...options, max: MORE_CONNECTIONS, idleTimeoutMillis: IDLE_MS });
  // A connection that breaks while it is idle is replaced by the pool at the next use.
  for (const pool of [kept, more])
    pool.on('error', (error) => log.warn({ err: error }, 'an idle PostgreSQL connection broke'));
  const lock = keyedLock();
  let queued = 0;

  async function connect(): Promise<pg.PoolClient> {
    if (kept.idleCount > 0 || kept.totalCount === 0) return kept.connect();
    try {
      return await more.connect();
    } catch (error) {
      if (!isFull(error)) throw error;
      return kept.connect();
    }
  }

  async function run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await connect().catch((error: unknown) => {
      throw unreachable(url, error);
    });
    return withDeadline(client, url, work, (failure) => client.release(failure));
  }

  return {
    run,
    transaction: (work) => run((client) => inTransaction(client, () => work(client))),
    elsewhere: async (database, work) => {
      const address = withDatabase(url, database);
      const client = new pg.Client({ ...options, connectionString: address });
      // Heard below; without a listener an error after the deadline would end the process.
      client.on('error', (error) => log.warn({ err: error, database }, 'a connection to another database broke'));
      try {
        await client.connect();
      } catch (error) {
        throw unreachable(address, error);
      }
      return withDeadline(client, address, work, () => void client.end().catch(() => undefined));
    },
    alone: async (work) => {
      queued += 1;
      try {
        return await lock('leftovers', work);
      } finally {
        queued -= 1;
      }
    },
    queued: () => queued,
    close: async () => {
      await Promise.all([kept.end(), more.end()]);
    },
  };
}

async function withDeadline<T>(
  client: pg.ClientBase,
  url: string,
  work: (client: Client) => Promise<T>,
  release: (failure: Error | undefined) => void,
): Promise<T> {
  let failure: Error | undefined;
  const { promise: broken, reject } = Promise.withResolvers<never>();
  const fail = (error: Error): void => {
    failure ??= error;
    reject(error);
  };
  // A connection that breaks between two statements says so as an event.
  client.on('error', fail);
  const timer = setTimeout(() => fail(new Error(`no answer within ${TARGET_DEADLINE / SECOND} s`)), TARGET_DEADLINE);
  try {
    return await Promise.race([work(client), broken]);
  } catch (error) {
    if (error instanceof pg.DatabaseError || error instanceof TargetRefusal || error instanceof StorageError)
      throw error;
    failure ??= error instanceof Error ? error : new Error(String(error));
    throw unreachable(url, failure);
  } finally {
    clearTimeout(timer);
    // With a failure the connection is closed for good, and whatever transaction was open on it dies.
    release(failure);
    if (!failure) client.off('error', fail);
  }
}

/**
 * One transaction. Nothing that others made is found before what PostgreSQL brings, whatever the role, the database or a
 * connection before says of the search path; the bot acts as itself, whatever role the owner of the database has set for
 * whoever connects to it; and nothing waits for ever, nor is cut short. All of it is local to the transaction, so that it also
 * holds where a pooler hands the connection to somebody else after each.
 */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query(
    `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
     SET LOCAL role = DEFAULT;
     SET LOCAL search_path = pg_catalog, pg_temp;
     SELECT pg_catalog.set_config('transaction_timeout', '0', true)
       WHERE pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL;
     SET LOCAL ROLE NONE;
     SET LOCAL lock_timeout = ${LOCK_WAIT_MS};
     SET LOCAL statement_timeout = ${TARGET_DEADLINE};
     SET LOCAL idle_in_transaction_session_timeout = ${2 * TARGET_DEADLINE}`,
  );
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: unknown) => {
      // Not a word of the server's about the statement: the connection is not used again.
      throw new Error('a transaction could not be rolled back', { cause: new AggregateError([error, rollbackError]) });
    });
    throw error;
  }
}

/** Whether all connections that the server, the database or the login may have are in use. */
const isFull = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === TOO_MANY_CONNECTIONS;

const unreachable = (url: string, error: unknown): Error =>
  new Error(`PostgreSQL at ${shownPlace(url)} cannot be reached: ${errorText(error)}`, { cause: error });
