import type { Connection, Pool } from 'mysql2/promise';
import { errorText } from '../../domain/text.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';

/** Connections that the bot holds to one server at most. */
const MAX_CONNECTIONS = 8;
/** How long to wait for somebody else's work on the same name, in seconds. */
const LOCK_WAIT_S = 10;

export interface Sql {
  /** Rows of one statement; values go in as values, never as text. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  readonly isMariaDb: boolean;
}

export interface Session {
  /**
   * Runs work under a lock on the server, by name: a revoke waits for a grant of which a statement is still on its way.
   */
  locked<T>(name: string, work: (sql: Sql) => Promise<T>): Promise<T>;
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The package is loaded with the first call: who uses no such target need not have it. */
export function createSession(url: string): Session {
  let opened: Promise<Pool> | null = null;
  const lock = keyedLock();
  const open = (): Promise<Pool> => {
    opened ??= import('mysql2/promise').then(({ createPool }) =>
      createPool({
        uri: withoutDatabase(url),
        connectionLimit: MAX_CONNECTIONS,
        connectTimeout: TARGET_DEADLINE,
        enableKeepAlive: true,
        maxIdle: 1,
        idleTimeout: 10_000,
        multipleStatements: false,
      }),
    );
    return opened;
  };

  async function run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const pool = await open();
    const connection = await pool.getConnection().catch((error: unknown) => {
      throw unreachable(url, error);
    });
    let keep = false;
    try {
      const result = await work(await sqlOver(connection));
      keep = true;
      return result;
    } catch (error) {
      // What the server refuses is an answer; everything else is a connection that nobody should use again.
      keep = error instanceof TargetRefusal || isRefusal(error);
      throw keep ? error : unreachable(url, error);
    } finally {
      if (keep) connection.release();
      else connection.destroy();
    }
  }

  return {
    run,
    locked: (name, work) =>
      // Here first: waiting on the server would hold a connection.
      lock(name, () =>
        run(async (sql) => {
          const [row] = await sql.query<{ got: number | null }>('SELECT GET_LOCK(?, ?) AS got', [name, LOCK_WAIT_S]);
          if (Number(row?.got) !== 1) throw new Error(`somebody else is still at work on ${name}`);
          try {
            return await work(sql);
          } finally {
            await sql.query('SELECT RELEASE_LOCK(?)', [name]);
          }
        }),
      ),
    close: async () => {
      await (await opened)?.end();
    },
  };
}

async function sqlOver(connection: Connection): Promise<Sql> {
  const query = async <Row>(statement: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const [rows] = await connection.query({ sql: statement, values: [...values], timeout: TARGET_DEADLINE });
    return Array.isArray(rows) ? (rows as Row[]) : [];
  };
  const [row] = await query<{ version: string }>('SELECT VERSION() AS version');
  return { query, isMariaDb: (row?.version ?? '').includes('MariaDB') };
}

/** The bot itself has no business in the database that people are sent to. */
function withoutDatabase(url: string): string {
  const server = new URL(url);
  server.pathname = '';
  return server.toString();
}

const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  'sqlState' in error &&
  typeof error.sqlState === 'string' &&
  !('fatal' in error && error.fatal);

const unreachable = (url: string, error: unknown): Error =>
  new Error(`the MySQL server at ${new URL(url).host} cannot be reached: ${errorText(error)}`, { cause: error });
