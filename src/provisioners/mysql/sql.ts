/** Runs statements over one connection, with settings under which they mean the same on every server. */

import type { Connection } from 'mysql2/promise';
import { TARGET_DEADLINE } from '../provisioner.ts';
import { codeOf } from './errors.ts';

/** How long a statement waits for locks, in seconds: less than the deadline, so that the server gives up first. */
export const LOCK_WAIT_S = 2;
const STATEMENT_S = 3;
/** In seconds. One idle connection is kept open, also overnight, for when others have used up all connections. */
const IDLE_S = 31_536_000;

/** The value that means no limit to the server. */
const ALL_ROWS = '18446744073709551615';

export interface Sql {
  /** Runs one statement and returns its rows. Values are passed as parameters, never as text. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  readonly isMariaDb: boolean;
}

const prepared = new WeakMap<Connection, { isMariaDb: boolean }>();

/** Prepares a connection. `isKnown` is true if it was prepared before. */
export async function sqlOver(
  connection: Connection & { readonly connection?: Connection },
): Promise<Sql & { readonly isKnown: boolean }> {
  const query = async <Row>(statement: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const [rows] = await connection.query({ sql: statement, values: [...values], timeout: TARGET_DEADLINE });
    return Array.isArray(rows) ? (rows as Row[]) : [];
  };
  // The pool wraps the same connection in a new object each time.
  const key = connection.connection ?? connection;
  const known = prepared.get(key);
  if (known) return { query, ...known, isKnown: true };
  const [row] = await query<{ version: string }>('SELECT VERSION() AS version');
  const isMariaDb = (row?.version ?? '').includes('MariaDB');
  // Some modes change what a statement means: a backslash no longer escapes a quote, names are padded with spaces and match
  // nothing, views are printed with other quotes. So all modes are switched off here. So is any limit to the number of rows,
  // because a missing row would count as gone.
  await query(`SET SESSION sql_mode = '', sql_select_limit = ${ALL_ROWS}, sql_big_selects = 1`);
  await query(`SET SESSION wait_timeout = ${IDLE_S}, lock_wait_timeout = ${LOCK_WAIT_S}`);
  // MariaDB waits for a global read lock for ever, in spite of lock_wait_timeout.
  if (isMariaDb) await query(`SET SESSION max_statement_time = ${STATEMENT_S}`);
  prepared.set(key, { isMariaDb });
  return { query, isMariaDb, isKnown: false };
}

/** Ends a session. It may have ended by itself already. */
export async function kill(sql: Sql, id: number): Promise<void> {
  await sql.query(`KILL ${Number(id)}`).catch((error: unknown) => {
    if (codeOf(error) !== 'ER_NO_SUCH_THREAD') throw error;
  });
}
