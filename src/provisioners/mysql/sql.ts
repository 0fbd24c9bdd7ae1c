/** Statements over one connection, which means the same whatever the server is set to. */

import type { Connection } from 'mysql2/promise';
import { TARGET_DEADLINE } from '../provisioner.ts';
import { codeOf } from './errors.ts';

/** How long one statement waits for what others hold, in seconds: shorter than the deadline, so that the server ends it. */
export const LOCK_WAIT_S = 2;
const STATEMENT_S = 3;
/** One connection that nobody uses is kept, also over night: it is the way in when others have used up all there are. */
const IDLE_S = 31_536_000;

/** The server's own word for no limit. */
const ALL_ROWS = '18446744073709551615';

export interface Sql {
  /** Rows of one statement; values go in as values, never as text. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  readonly isMariaDb: boolean;
}

const prepared = new WeakMap<Connection, { isMariaDb: boolean }>();

/** `isKnown`: something was done over this connection before. */
export async function sqlOver(
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

/** Ends a session. One that ended by itself meanwhile is what was wanted. */
export async function kill(sql: Sql, id: number): Promise<void> {
  await sql.query(`KILL ${Number(id)}`).catch((error: unknown) => {
    if (codeOf(error) !== 'ER_NO_SUCH_THREAD') throw error;
  });
}
