import { keyedLock } from '../../concurrency/keyedLock.ts';
import type { Log } from '../../ports/host.ts';
import { withDatabase } from '../address.ts';
import { Servers } from './servers.ts';
import { type Client, inTransaction } from './transaction.ts';

export interface Session {
  /**
   * Runs work on one connection under the deadline. When it passes, the connection is torn down: an open
   * transaction dies with it.
   */
  run<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** The same in one transaction. */
  transaction<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Runs work, which is to commit by itself, on a connection that nothing was done on before, and that is closed afterwards. */
  fresh<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Sends SQL, which is to commit by itself, with the last word of a login of its own: see `sendEarly`. */
  early(sql: string): Promise<void>;
  /** The same as `fresh` in another database of this server. */
  elsewhere<T>(database: string, work: (client: Client) => Promise<T>): Promise<T>;
  /** Work that lends the bot membership of others' roles for a moment goes one at a time. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** So many wait for their turn to be alone, or have it. */
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
