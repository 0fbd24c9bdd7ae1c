/** Which sessions belong to whom, and how they are ended. */

import { pause } from '../polling.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Session } from './session.ts';
import { kill, type Sql } from './sql.ts';

/** How often and how long to look whether sessions that were ended are gone. */
const LOOKS = 20;
const PAUSE_MS = 100;

export interface Open {
  readonly id: number;
  readonly user: string;
  /** Told to end, and still undoing what it did: it runs no other statement. */
  readonly isEnding: boolean;
}

/**
 * The sessions of these names. While a session runs a routine with the rights of its definer, the server shows it under the
 * definer's name: so the role of a grant is asked for too, since a routine can be defined as it. Where the performance schema
 * is on and may be read, it tells by whom a session was opened, whatever it runs.
 * @throws where the bot may not see sessions of others: seeing none means nothing then
 */
export async function sessionsOf(sql: Sql, users: ReadonlySet<string>): Promise<Open[]> {
  // Needs the same right, and fails without it, where the list of sessions would only be shorter.
  await sql.query('SELECT 1 FROM information_schema.INNODB_TRX LIMIT 1');
  const rows = await sql.query<{ id: number; user: string; command: string }>(
    'SELECT ID AS id, USER AS user, COMMAND AS command FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()',
  );
  const openers = await openersOf(sql);
  // Compared here: the server does not tell `Ben` from `ben` in this list, and they are two logins.
  return rows.flatMap(({ id, user: shown, command }): Open[] => {
    const opener = openers.get(Number(id));
    const user = opener !== undefined && users.has(opener) ? opener : shown;
    return users.has(user) ? [{ id: Number(id), user, isEnding: command === 'Killed' }] : [];
  });
}

/** Who opened each session, as far as the server says. */
async function openersOf(sql: Sql): Promise<ReadonlyMap<number, string>> {
  const rows = await sql
    .query<{ id: number; user: string }>(
      'SELECT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user FROM performance_schema.threads WHERE PROCESSLIST_USER IS NOT NULL',
    )
    // It is an extra: many servers have it switched off, and the bot need not be allowed to read it.
    .catch(() => []);
  return new Map(rows.map(({ id, user }) => [Number(id), user]));
}

/** Ends every session of these names that there is now. @returns how many there were */
async function killAll(sql: Sql, users: ReadonlySet<string>): Promise<number> {
  const open = (await sessionsOf(sql, users)).filter(({ isEnding }) => !isEnding);
  for (const { id } of open) await kill(sql, id);
  return open.length;
}

/** Goes on ending sessions as they come while something is under way that a session of theirs could hold up. */
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
  // Whatever keeps sessions from being ended must not keep the work from being done; it is said when they are waited for.
  await killing.catch(() => undefined);
  return working;
}

/**
 * Ends sessions, and waits until they are gone.
 * @returns those that the server is still undoing
 * @throws where one goes on
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
      throw new TargetRefusal(`a database session of "${going[0]?.user}" did not end when told to`);
    }
    await session.run(async (sql) => {
      for (const { id } of going) await kill(sql, id);
    });
    await pause(PAUSE_MS);
  }
}
