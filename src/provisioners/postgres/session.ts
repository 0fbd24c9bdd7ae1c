import pg from 'pg';
import { SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import { type Log, StorageError } from '../../ports.ts';
import { eachServer, shownPlace, withDatabase } from '../address.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import { openPools, type Pools } from './pools.ts';

export type Client = pg.ClientBase;

/**
 * How long a statement waits for a lock. Others queue behind a statement that waits, and what is waited for may be held
 * by somebody who wants the bot to wait: so it is short, and what did not work is tried again.
 */
const LOCK_WAIT_MS = 700;
/** Beyond one for each server: a pooler may have kept several connections to a server that only reads. */
const MORE_TRIES = 3;
/** What PostgreSQL says of a write where it only reads; and of BEGIN READ WRITE where it follows another server. */
const READ_ONLY = '25006';
const IN_RECOVERY = '0A000';
const GOING_OR_COMING = '57P';

export interface Session {
  /**
   * Runs work on one connection under the deadline. When it passes, the connection is torn down: an open
   * transaction dies with it.
   */
  run<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** The same in one transaction. */
  transaction<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Runs work, which is to commit by itself, on a connection that nothing was done on before, and that is closed afterwards. */
  fresh<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** The same in another database of this server. */
  elsewhere<T>(database: string, work: (client: Client) => Promise<T>): Promise<T>;
  /** Work that lends the bot membership of others' roles for a moment goes one at a time. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** So many wait for their turn to be alone, or have it. */
  readonly queued: () => number;
  close(): Promise<void>;
}

export function createSession(url: string, log: Log): Session {
  const servers = eachServer(url);
  const options = {
    connectionTimeoutMillis: TARGET_DEADLINE / servers.length,
    application_name: 'jitbot',
    keepAlive: true,
  };
  const open = (address: string): Pools => openPools({ ...options, connectionString: address }, log);
  let pools = open(servers[0]);
  const left = new Set<Promise<void>>();
  const lock = keyedLock();
  let queued = 0;

  /** The next server, or the same one by connections of now: those that were open lead to where nothing can be done. */
  function moveOn(from: Pools): void {
    // Whoever came first has moved on already.
    if (pools !== from) return;
    pools = open(servers[(servers.indexOf(from.address) + 1) % servers.length] ?? servers[0]);
    const ending = from
      .end()
      .catch((error: unknown) => log.warn({ err: error }, 'connections to PostgreSQL could not be closed'))
      .finally(() => left.delete(ending));
    left.add(ending);
  }

  async function runOn<T>(used: Pools, work: (client: Client) => Promise<T>): Promise<T> {
    const client = await used.connect().catch((error: unknown) => {
      const problem = unreachable(used.address, error);
      throw servers.length > 1 && isNoAnswer(error) ? new WrongServer(problem.message, { cause: error }) : problem;
    });
    return withDeadline(client, used.address, work, (failure) => client.release(failure));
  }

  async function run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const problems = new Set<string>();
    for (let tries = 1; ; tries += 1) {
      const used = pools;
      try {
        return await runOn(used, work);
      } catch (error) {
        if (!(error instanceof WrongServer)) throw error;
        problems.add(error.message);
        moveOn(used);
        if (tries >= servers.length + MORE_TRIES) throw new Error([...problems].join('; '), { cause: error });
      }
    }
  }

  async function apart<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ ...options, connectionString: address });
    // Told below; without a listener an error after that would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      throw unreachable(address, error);
    }
    return withDeadline(client, address, work, () => void client.end().catch(() => undefined));
  }

  return {
    run,
    transaction: (work) => run((client) => inTransaction(client, () => work(client))),
    fresh: (work) => apart(pools.address, work),
    elsewhere: (database, work) => apart(withDatabase(pools.address, database), work),
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
      await Promise.all([pools.end(), ...left]);
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
    if (error instanceof OnlyReads) {
      failure = error;
      // Whether that works or breaks, this connection is not used again.
      await Promise.race([client.query(DROP), broken]).catch(() => undefined);
      throw new WrongServer(
        `PostgreSQL at ${shownPlace(url)} only reads (it follows another server, or was set to): ${errorText(error.cause)}. Let the address lead to the server that can be written to, or name all of them: postgres://user:password@a:5432,b:5432/database`,
        { cause: error.cause },
      );
    }
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
  await begin(client);
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: unknown) => {
      // Not a word of the server's about the statement: the connection is not used again.
      throw new Error('a transaction could not be rolled back', { cause: new AggregateError([error, rollbackError]) });
    });
    if (error instanceof pg.DatabaseError && error.code === READ_ONLY) throw new OnlyReads('', { cause: error });
    throw error;
  }
}

/** Also what only reads is not to answer: a server that follows another one may not know yet what was given. */
async function begin(client: Client): Promise<void> {
  const begun = client.query(
    `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
     SET LOCAL ROLE NONE;
     SET LOCAL search_path = pg_catalog, pg_temp;
     SELECT pg_catalog.set_config('transaction_timeout', '0', true)
       WHERE pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL;
     SET LOCAL lock_timeout = ${LOCK_WAIT_MS};
     SET LOCAL statement_timeout = ${TARGET_DEADLINE};
     SET LOCAL idle_in_transaction_session_timeout = ${2 * TARGET_DEADLINE}`,
  );
  await begun.catch((error: unknown) => {
    const isReadOnly = error instanceof pg.DatabaseError && [READ_ONLY, IN_RECOVERY].includes(error.code ?? '');
    throw isReadOnly ? new OnlyReads('', { cause: error }) : error;
  });
}

/** A server that only follows another one, or none: whatever it says is no answer, and another one is to be asked. */
class WrongServer extends Error {
  override readonly name = 'WrongServer';
}

/** A server that is being started or stopped answers as little as one that is not there. */
const isNoAnswer = (error: unknown): boolean =>
  !(error instanceof pg.DatabaseError) || error.code?.startsWith(GOING_OR_COMING) === true;

/** Said on a connection to a server that cannot be written to; `cause` is what it said. */
class OnlyReads extends Error {}

/**
 * A pooler goes on giving out the connection that it has to that server: it is closed there, and the pooler opens another
 * one. The answer is that the connection breaks.
 */
const DROP = `SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())
  WHERE pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool`;

const unreachable = (url: string, error: unknown): Error =>
  new Error(`PostgreSQL at ${shownPlace(url)} cannot be reached: ${errorText(error)}`, { cause: error });
