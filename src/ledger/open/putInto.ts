import type { Database } from 'better-sqlite3';
import type { PoolClient } from 'pg';
import type { Grant } from '../../domain/grant.ts';
import type { Request } from '../../domain/request.ts';
import { StorageError } from '../../ports/store.ts';
import { jsonIn } from '../book/jsonIn.ts';
import { lookedUp, placed } from '../postgres/encode.ts';
import { guardFor } from '../postgres/errors.ts';
import type { PostgresLedger } from '../postgres/open.ts';
import { CHANGING, GROWING, type Table } from './tables.ts';

/** Rows per statement. */
const BATCH = 500;

type Row = Readonly<Record<string, string | number | boolean | null>>;

/** Columns that PostgreSQL has besides, made from the body. A body that cannot be read gives none, as a check will say. */
const BESIDES: Readonly<Record<string, (row: Row) => Row>> = {
  requests: ({ body }) => {
    const request = objectIn<Request>(body);
    if (!request) return { is_reviewed: false };
    const { extends: grant, incident, decidedAt, isReviewed } = lookedUp(request);
    return { extends_grant: grant, incident, decided_at: decidedAt, is_reviewed: isReviewed };
  },
  grants: ({ body }) => {
    const grant = objectIn<Grant>(body);
    return grant ? placed(grant) : {};
  },
};
const BESIDE_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  requests: ['extends_grant', 'incident', 'decided_at', 'is_reviewed'],
  grants: ['place', 'incident'],
};

/** Only the bot writes these bodies, from these very types. */
function objectIn<T extends object>(body: unknown): T | null {
  const value = typeof body === 'string' ? jsonIn(body) : null;
  return typeof value === 'object' && value !== null ? (value as T) : null;
}

/**
 * Puts a SQLite ledger into an empty one on PostgreSQL, all or nothing, with the chain as it is. Its role has to own the
 * tables: the bot's own may not.
 * @throws StorageError if there is anything in it already
 */
export async function putInto({ pool, where }: PostgresLedger, sqlite: Database): Promise<void> {
  await guardFor(where)(async () => {
    const client = await pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      await client.query('SET LOCAL statement_timeout = 0');
      await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      const { rows } = await client.query<{ seq: number }>('SELECT seq FROM head FOR UPDATE');
      if (rows[0]?.seq !== 0)
        throw new StorageError(`${where}: there is a ledger in it already; name an empty database`);
      for (const table of [...GROWING, ...CHANGING]) await putTable(client, sqlite, table);
      await client.query(
        'UPDATE head SET (seq, hash) = (SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1) WHERE EXISTS (SELECT 1 FROM events)',
      );
      await client.query('COMMIT');
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      // A connection that is given up ends its transaction.
      client.release(failure);
    }
  });
}

async function putTable(client: PoolClient, sqlite: Database, { name, columns, rowOrder }: Table): Promise<void> {
  const all = [...columns, ...(BESIDE_COLUMNS[name] ?? [])].filter(
    (column) => column !== 'lease_until' && column !== 'generation',
  );
  const insert = `INSERT INTO ${name} (${all.join(', ')}) SELECT ${all.join(', ')} FROM json_populate_recordset(NULL::${name}, $1)`;
  const besides = BESIDES[name] ?? (() => ({}));
  let rows: Row[] = [];
  const put = async () => {
    if (rows.length > 0) await client.query(insert, [JSON.stringify(rows)]);
    rows = [];
  };
  for (const row of sqlite
    .prepare<[], Row>(`SELECT ${columns.join(', ')} FROM ${name} ORDER BY ${rowOrder}`)
    .iterate()) {
    rows.push({ ...row, ...besides(row) });
    if (rows.length === BATCH) await put();
  }
  await put();
}
