import type pg from 'pg';
import type { Log } from '../../ports/host.ts';
import { driver } from './driver.ts';

/** Limit of connections that the bot opens to one server, besides the one that it keeps open. */
const MORE_CONNECTIONS = 7;
const IDLE_MS = 10_000;
const TOO_MANY_CONNECTIONS = '53300';

/** The connections to one server. */
export interface Pools {
  /** The address of one server. */
  readonly address: string;
  connect(): Promise<pg.PoolClient>;
  /** Resolves when the last connection in use was returned. */
  end(): Promise<void>;
}

/** @param options how each connection is opened, with the address in `connectionString` */
export function openPools(options: pg.PoolConfig & { readonly connectionString: string }, log: Log): Pools {
  // The first connection stays open, for when somebody has used up all that the server allows.
  const kept = new (driver().Pool)({ ...options, max: 1, min: 1, idleTimeoutMillis: 0 });
  const more = new (driver().Pool)({ ...options, max: MORE_CONNECTIONS, idleTimeoutMillis: IDLE_MS });
  // A connection that breaks while it is idle is replaced by the pool at the next use.
  for (const pool of [kept, more]) {
    pool.on('error', (error) => log.warn({ err: error }, 'an idle PostgreSQL connection broke'));
    // Without this listener, a connection that is ended as soon as it opens would emit an error that ends the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
  }
  return {
    address: options.connectionString,
    connect: async () => {
      if (kept.idleCount > 0 || kept.totalCount === 0) return kept.connect();
      try {
        return await more.connect();
      } catch (error) {
        if (!isFull(error)) throw error;
        return kept.connect();
      }
    },
    end: async () => {
      await Promise.all([kept.end(), more.end()]);
    },
  };
}

/** Whether all connections that the server, the database or the login may have are in use. */
const isFull = (error: unknown): boolean =>
  error instanceof driver().DatabaseError && error.code === TOO_MANY_CONNECTIONS;
