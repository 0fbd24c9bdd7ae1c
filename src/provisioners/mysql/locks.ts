/** The server's own locks by name, which end with the connection that holds them. */

import { createHmac } from 'node:crypto';
import type { Log } from '../../ports/host.ts';
import { kill, LOCK_WAIT_S, type Sql } from './sql.ts';

/** @param url of the server, whose password keeps others from finding the name */
export const lockName = (url: string, name: string): string =>
  `jit_${createHmac('sha256', new URL(url).password).update(name).digest('hex').slice(0, 40)}`;

/** @returns whether nobody else has it */
export async function takeLock(sql: Sql, name: string): Promise<boolean> {
  const [row] = await sql.query<{ got: number | null }>('SELECT GET_LOCK(?, ?) AS got', [name, LOCK_WAIT_S]);
  return Number(row?.got) === 1;
}

/**
 * A statement of a grant may still be on its way, on a connection that was lost: its connection is ended. The name of the
 * lock is no secret that access rests on: somebody else who holds it holds up nothing.
 */
export async function endEarlierTry(sql: Sql, name: string, log: Log): Promise<void> {
  const [row] = await sql.query<{ id: number | null; user: string | null; me: string }>(
    `SELECT p.ID AS id, p.USER AS user, SUBSTRING_INDEX(USER(), '@', 1) AS me
     FROM (SELECT IS_USED_LOCK(?) AS id) l LEFT JOIN information_schema.PROCESSLIST p ON p.ID = l.id`,
    [name],
  );
  if (row?.id == null) return;
  if (row.user === row.me) await kill(sql, row.id);
  else
    log.warn({ connection: row.id, user: row.user }, 'a lock of the bot’s is held by somebody else; it is passed by');
}
