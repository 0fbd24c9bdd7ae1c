import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { StorageError } from '../../ports/store.ts';
import { drizzle, migrate } from './drizzle.ts';
import { guardFor, storageFault } from './errors.ts';
import * as schema from './schema.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/postgres', import.meta.url));
/** Generated identity columns and MERGE aside, what the functions use is there from 15 on. */
const OLDEST = 15;
/** Advisory lock under which one instance at a time brings the schema up to date. Any number that nobody else uses. */
const MIGRATING = 7_310_592_001;

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
  /** This process, as one of those that write. */
  readonly writer: string;
  close(): Promise<void>;
}

/** int8 is read as a number: times and positions are far below 2^53. */
const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
};

/** Opens the database, and brings its schema up to date. @throws StorageError that says what, where and what to do */
export async function openPostgres(address: string): Promise<PostgresLedger> {
  const where = withoutPassword(address);
  const pool = new pg.Pool({
    connectionString: address,
    application_name: 'jitbot',
    max: 8,
    connectionTimeoutMillis: CLIENT,
    query_timeout: CLIENT,
    statement_timeout: STATEMENT,
    lock_timeout: LOCK,
    idle_in_transaction_session_timeout: IDLE,
    keepAlive: true,
    types,
  });
  // A connection that is lost while nobody uses it is replaced by the pool.
  pool.on('error', () => undefined);
  try {
    await checkServer(pool, where);
    await bringUpToDate(address, pool);
    const writer = randomUUID();
    await pool.query('INSERT INTO writers (id, commit_no) VALUES ($1, 0)', [writer]);
    return { where, pool, db: drizzle(pool, { schema }), writer, close: () => pool.end() };
  } catch (error) {
    await pool.end();
    throw storageFault(error, where);
  }
}

async function checkServer(pool: pg.Pool, where: string): Promise<void> {
  const { rows } = await pool.query<{ version: number; replica: boolean }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version, pg_is_in_recovery() AS replica",
  );
  const [server] = rows;
  if (!server) throw new StorageError(`${where}: the server did not say what it is`);
  if (server.version < OLDEST)
    throw new StorageError(`${where}: this is PostgreSQL ${server.version}; it has to be ${OLDEST} or later`);
  if (server.replica)
    throw new StorageError(`${where}: this is a replica, which takes no writes; JIT_DATABASE has to name the primary`);
}

/** On a connection of its own, whose lock ends with it however the process ends. */
async function bringUpToDate(address: string, pool: pg.Pool): Promise<void> {
  const client = new pg.Client({ connectionString: address, application_name: 'jitbot migrations', types });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATING]);
    await migrate(drizzle(pool), { migrationsFolder: MIGRATIONS });
  } finally {
    await client.end();
  }
}

/** @returns the host, port and database */
function withoutPassword(address: string): string {
  const url = URL.parse(address);
  return url ? `${url.host}${url.pathname}` : 'the database in JIT_DATABASE';
}

/** Runs reads, and converts their errors. */
export const readingFrom = ({ where }: Pick<PostgresLedger, 'where'>) => guardFor(where);
