import { keyedLock } from '../../concurrency/keyedLock.ts';
import type { Log } from '../../ports/host.ts';
import { withDatabase } from '../address.ts';
import { Servers } from './servers.ts';
import { type Client, inTransaction } from './transaction.ts';

export interface Session {
  /**
   * Runs work on one connection under the deadline. When the deadline passes, the connection is closed, which aborts an open
   * transaction.
   */
  run<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Like `run`, in one transaction. */
  transaction<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Runs work on a new connection, which is closed afterwards. The work has to commit by itself. */
  fresh<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Sends SQL with the last message of a login: see `sendEarly`. The SQL has to commit by itself. */
  early(sql: string): Promise<void>;
  /** Like `fresh`, in another database of this server. */
  elsewhere<T>(database: string, work: (client: Client) => Promise<T>): Promise<T>;
  /** Runs work one at a time, for work that makes the bot a member of other roles for a moment. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** How many calls of `alone` are waiting or running. */
  readonly queued: () => number;
  close(): Promise<void>;
}

export function createSession(url: string, log: Log): Session {
  const servers = new Servers(url, log);
  const lock = keyedLock();
  let queued = 0;
  return {
    run: (work) => servers.run(work),
    transaction: (work) => servers.run((client) => inTransaction(client, () => work(client))),
    fresh: (work) => servers.runApart(servers.address, work),
    early: (sql) => servers.sendEarly(sql),
    elsewhere: (database, work) => servers.runApart(withDatabase(servers.address, database), work),
    alone: async (work) => {
      queued += 1;
      try {
        return await lock('leftovers', work);
      } finally {
        queued -= 1;
      }
    },
    queued: () => queued,
    close: () => servers.close(),
  };
}
