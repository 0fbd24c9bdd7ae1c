import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { StorageError } from '../../ports/store.ts';
import { shownAddress } from '../book/address.ts';
import { drizzle } from './drizzle.ts';
import { guardFor, storageFault } from './errors.ts';
import { bringUpToDate, schemaState } from './migrations.ts';
import { createRemembered, type Remembered } from './remembered.ts';
import * as schema from './schema.ts';

/** Generated identity columns and MERGE aside, what the functions use is there from 15 on. */
const OLDEST = 15;

/**
 * The server ends what takes longer, and so does the client somewhat later: then nobody knows what became of it. A client that
 * stands still in a transaction keeps a lock for no longer than that.
 */
const STATEMENT: Millis = 4 * SECOND;
const LOCK: Millis = 2 * SECOND;
const IDLE: Millis = 3 * SECOND;
const CLIENT: Millis = 5 * SECOND;

export interface PostgresLedger {
  /** The address without its password, for messages. */
  readonly where: string;
  readonly pool: pg.Pool;
  readonly db: ReturnType<typeof drizzle<typeof schema>>;
  readonly remembered: Remembered;
  /** This process, as one of those that write. Empty if it only reads. */
  readonly writer: string;
  close(): Promise<void>;
}

/** int8 is read as a number: times and positions are far below 2^53. */
const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
};

/** Opens the database, and brings its schema up to date. @throws StorageError that says what, where and what to do */
export const openPostgres = (address: string): Promise<PostgresLedger> =>
  connected(address, async ({ pool, where, config }) => {
    if ((await schemaState(pool, where)) !== 'current') await bringUpToDate(config, where);
    const writer = randomUUID();
    await pool.query('SELECT jit_writer($1)', [writer]);
    return writer;
  });

/** Opens an existing ledger to read it, beside a bot that may be writing. @throws StorageError if there is none */
export const openPostgresToRead = (address: string): Promise<PostgresLedger> =>
  connected(address, async ({ pool, where }) => {
    const state = await schemaState(pool, where);
    if (state === 'none') throw new StorageError(`${where}: there is no ledger in it`);
    if (state === 'older')
      throw new StorageError(
        `${where}: an earlier version of jitbot made this ledger; start the bot of this version first`,
      );
    return '';
  });

interface Connecting {
  readonly pool: pg.Pool;
  readonly where: string;
  readonly config: pg.ClientConfig;
}

/** @param prepare makes the database ready, and says who writes */
async function connected(address: string, prepare: (parts: Connecting) => Promise<string>): Promise<PostgresLedger> {
  const where = shownAddress(address);
  const config = {
    connectionString: address,
    application_name: 'jitbot',
    connectionTimeoutMillis: CLIENT,
    keepAlive: true,
    types,
  };
  const pool = poolOf(config, where);
  try {
    await checkServer(pool, where);
    const writer = await prepare({ pool, where, config });
    const remembered = createRemembered();
    const close = () => {
      remembered.stop();
      return pool.end();
    };
    return { where, pool, db: drizzle(pool, { schema }), remembered, writer, close };
  } catch (error) {
    await pool.end();
    throw storageFault(error, where);
  }
}

/** @throws StorageError if the address cannot be understood */
function poolOf(config: pg.PoolConfig, where: string): pg.Pool {
  try {
    const pool = new pg.Pool({
      ...config,
      max: 8,
      query_timeout: CLIENT,
      statement_timeout: STATEMENT,
      lock_timeout: LOCK,
      idle_in_transaction_session_timeout: IDLE,
    });
    // A connection that is lost while nobody uses it is replaced by the pool.
    pool.on('error', () => undefined);
    return pool;
  } catch (error) {
    throw new StorageError(`${where}: this address of a database is not understood`, { cause: error });
  }
}

async function checkServer(pool: pg.Pool, where: string): Promise<void> {
  const { rows } = await pool.query<{ version: number; replica: boolean; encoding: string }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, pg_is_in_recovery() AS replica,
       current_setting('server_encoding') AS encoding`,
  );
  const [server] = rows;
  if (!server) throw new StorageError(`${where}: the server did not say what it is`);
  if (server.version < OLDEST)
    throw new StorageError(`${where}: this is PostgreSQL ${server.version}; it has to be ${OLDEST} or later`);
  if (server.replica)
    throw new StorageError(`${where}: this is a replica, which takes no writes; JIT_DATABASE has to name the primary`);
  if (server.encoding !== 'UTF8')
    throw new StorageError(`${where}: the database is in ${server.encoding}; make it with ENCODING 'UTF8'`);
}

/** Runs reads, and converts their errors. */
export const readingFrom = ({ where }: Pick<PostgresLedger, 'where'>) => guardFor(where);
