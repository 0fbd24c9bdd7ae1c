/** Finds out whose sessions are open, and ends them. */

import { MYSQL } from '../../wording/targets/mysql.ts';
import { pause } from '../polling.ts';
import { TargetRefusal } from '../provisioner.ts';
import { isRefusal, noneIf } from './errors.ts';
import type { Session } from './session.ts';
import { kill, type Sql } from './sql.ts';

/** How often, and at what pause in ms, to check whether ended sessions are gone. */
const LOOKS = 20;
const PAUSE_MS = 100;

export interface Open {
  readonly id: number;
  readonly user: string;
  /** Whether it was killed and is still rolling back: it runs no other statement. */
  readonly isEnding: boolean;
}

/**
 * The sessions of these users. While a session runs a routine with its definer's rights, the server shows it under the
 * definer's name. A routine can have the grant's role as definer, so that name is searched for too. If the performance schema
 * is on and readable, it says who opened each session, whatever it runs.
 * @throws if the bot may not see other sessions: then seeing none proves nothing
 */
export async function sessionsOf(sql: Sql, users: ReadonlySet<string>): Promise<Open[]> {
  // This needs the same right and fails without it, while the list of sessions would just be shorter.
  await sql.query('SELECT 1 FROM information_schema.INNODB_TRX LIMIT 1');
  const rows = await sql.query<{ id: number; user: string; command: string }>(
    'SELECT ID AS id, USER AS user, COMMAND AS command FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()',
  );
  const openers = await openersOf(sql);
  // Compared here and not in SQL: in this list the server treats `Ben` and `ben` as equal, but they are two logins.
  return rows.flatMap(({ id, user: shown, command }): Open[] => {
    const opener = openers.get(Number(id));
    const user = opener !== undefined && users.has(opener) ? opener : shown;
    return users.has(user) ? [{ id: Number(id), user, isEnding: command === 'Killed' }] : [];
  });
}

/** Who opened each session, if the server says so. */
async function openersOf(sql: Sql): Promise<ReadonlyMap<number, string>> {
  const rows = await sql
    .query<{ id: number; user: string }>(
      'SELECT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user FROM performance_schema.threads WHERE PROCESSLIST_USER IS NOT NULL',
    )
    // This is optional: many servers have it switched off, and the bot need not be allowed to read it.
    .catch(noneIf(isRefusal));
  return new Map((rows ?? []).map(({ id, user }) => [Number(id), user]));
}

/** Ends every current session of these users. @returns how many there were */
async function killAll(sql: Sql, users: ReadonlySet<string>): Promise<number> {
  const open = (await sessionsOf(sql, users)).filter(({ isEnding }) => !isEnding);
  for (const { id } of open) await kill(sql, id);
  return open.length;
}

/** Keeps ending sessions as they appear, during work that such a session could block. */
export async function endingSessions<T>(
  session: Session,
  users: ReadonlySet<string>,
  work: () => Promise<T>,
): Promise<T> {
  const working = work();
  const settled = working.then(
    () => true,
    () => true,
  );
  const killing = (async () => {
    do await session.run((sql) => killAll(sql, users));
    while (!(await Promise.race([settled, pause(PAUSE_MS).then(() => false)])));
  })();
  // If sessions cannot be ended, the work goes on. `endSessions` reports the problem later.
  await killing.catch(() => undefined);
  return working;
}

/**
 * Ends sessions and waits until they are gone.
 * @returns those that the server is still rolling back
 * @throws if one is still running
 */
export async function endSessions(
  session: Session,
  users: ReadonlySet<string>,
  which: ReadonlySet<number>,
): Promise<readonly Open[]> {
  for (let look = 0; ; look += 1) {
    const open = (await session.run((sql) => sessionsOf(sql, users))).filter(({ id }) => which.has(id));
    const going = open.filter(({ isEnding }) => !isEnding);
    if (open.length === 0) return [];
    if (look === LOOKS) {
      if (going.length === 0) return open;
      throw new TargetRefusal(MYSQL.sessionGoesOn(going[0]?.user));
    }
    await session.run(async (sql) => {
      for (const { id } of going) await kill(sql, id);
    });
    await pause(PAUSE_MS);
  }
}
