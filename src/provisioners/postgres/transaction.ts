import type pg from 'pg';
import { POSTGRES } from '../../wording/targets/postgres.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';
import { driver } from './driver.ts';

/**
 * How long a statement waits for a lock, in ms. Others queue behind a waiting statement, and the lock may be held by somebody
 * who wants the bot to wait. So it is short, and failed statements are repeated.
 */
const LOCK_WAIT_MS = 700;
/** PostgreSQL's error for a write in a read-only transaction, and for BEGIN READ WRITE on a replica. */
const READ_ONLY = '25006';
const IN_RECOVERY = '0A000';

export type Client = pg.ClientBase;

/**
 * Runs work in one transaction with safe settings. The search path is pinned, so that PostgreSQL's own objects come before
 * those that others made. The bot acts as itself, even if the database's owner has set another role for those who connect. No
 * statement waits for ever or is cut short. All settings are local to the transaction, so that they also work with a pooler
 * that hands the connection on after each.
 */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await begin(client);
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: unknown) => {
      // This is no answer of the server to the statement, so the connection is not used again.
      throw new Error(POSTGRES.notRolledBack, { cause: new AggregateError([error, rollbackError]) });
    });
    if (error instanceof driver().DatabaseError && error.code === READ_ONLY) throw new OnlyReads('', { cause: error });
    throw error;
  }
}

/** Begins a READ WRITE transaction even for reads: a replica, which may not know yet what was given, refuses that. */
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

/** The server of this connection cannot be written to. `cause` is the server's error. */
export class OnlyReads extends Error {}
