/** Named locks of the server (GET_LOCK), which end with the connection that holds them. */

import { createHmac } from 'node:crypto';
import type { Log } from '../../ports/host.ts';
import { kill, LOCK_WAIT_S, type Sql } from './sql.ts';

/** @param url the server's address: with its password in the hash, others cannot guess the lock's name */
export const lockName = (url: string, name: string): string =>
  `jit_${createHmac('sha256', new URL(url).password).update(name).digest('hex').slice(0, 40)}`;

/** @returns false if somebody else holds the lock */
export async function takeLock(sql: Sql, name: string): Promise<boolean> {
  const [row] = await sql.query<{ got: number | null }>('SELECT GET_LOCK(?, ?) AS got', [name, LOCK_WAIT_S]);
  return Number(row?.got) === 1;
}

/**
 * Ends the connection of an earlier attempt for the same grant, whose statement may still be running on the server. If
 * somebody else holds the lock, the bot continues without it, so that its name need not be secret.
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
    log.warn(
      { connection: row.id, user: row.user },
      'somebody else holds a lock of the bot’s; the bot continues without it',
    );
}
