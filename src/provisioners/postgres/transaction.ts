import type pg from 'pg';
import { TARGET_DEADLINE } from '../provisioner.ts';
import { driver } from './driver.ts';

/**
 * How long a statement waits for a lock. Others queue behind a statement that waits, and what is waited for may be held
 * by somebody who wants the bot to wait: so it is short, and what did not work is tried again.
 */
const LOCK_WAIT_MS = 700;
/** What PostgreSQL says of a write where it only reads; and of BEGIN READ WRITE where it follows another server. */
const READ_ONLY = '25006';
const IN_RECOVERY = '0A000';

export type Client = pg.ClientBase;

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
    if (error instanceof driver().DatabaseError && error.code === READ_ONLY) throw new OnlyReads('', { cause: error });
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
    const isReadOnly = error instanceof driver().DatabaseError && [READ_ONLY, IN_RECOVERY].includes(error.code ?? '');
    throw isReadOnly ? new OnlyReads('', { cause: error }) : error;
  });
}

/** Said on a connection to a server that cannot be written to; `cause` is what it said. */
export class OnlyReads extends Error {}
