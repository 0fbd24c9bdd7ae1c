import { keyedLock } from '../../concurrency/keyedLock.ts';
import type { Log } from '../../ports/host.ts';
import { MYSQL } from '../../wording/targets/mysql.ts';
import { TargetRefusal } from '../provisioner.ts';
import { Connections, Unreachable } from './connections.ts';
import { isBroken } from './errors.ts';
import { endEarlierTry, lockName, takeLock } from './locks.ts';
import type { Sql } from './sql.ts';

export interface Session {
  /**
   * Runs work on one connection. Each statement commits by itself. If the connection breaks or is killed, the work starts
   * again on another one, so it has to be repeatable.
   */
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Like `run`, on a connection of its own that is closed afterwards: for work that sets a role. */
  alone<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Runs work one at a time per name, and not while a statement of an earlier attempt still runs on the server. */
  granting<T>(name: string, work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Like `granting`, for taking back, which nobody can block: an earlier attempt of the bot's is ended, and any other holder of
   * the lock is ignored.
   * @param users whose sessions are ended first if somebody kills the bot's connections as soon as they open
   */
  ending<T>(name: string, users: () => Promise<readonly string[]>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createSession(url: string, log: Log): Session {
  const connections = new Connections(url);
  // Taken before the server's lock, because waiting for that one would occupy a connection.
  const lock = keyedLock();
  return {
    run: (work) => connections.run(work),
    alone: (work) => connections.run(work, true),
    granting: (name, work) =>
      lock(name, () =>
        connections.run(async (sql) => {
          const key = lockName(url, name);
          if (!(await takeLock(sql, key))) throw new TargetRefusal(MYSQL.stillAtWork(name));
          try {
            return await work(sql);
          } finally {
            await sql.query('SELECT RELEASE_LOCK(?)', [key]);
          }
        }),
      ),
    ending: <T>(name: string, users: () => Promise<readonly string[]>, work: () => Promise<T>) =>
      lock(name, async () => {
        const both = async (): Promise<T> => {
          await connections.run((sql) => endEarlierTry(sql, lockName(url, name), log));
          return work();
        };
        try {
          return await both();
        } catch (error) {
          if (!(error instanceof Unreachable && isBroken(error.cause))) throw error;
          for (const user of await users()) await connections.strike(user);
          return both();
        }
      }),
    close: () => connections.close(),
  };
}
