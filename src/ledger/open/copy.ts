import type { Database } from 'better-sqlite3';
import type { PoolClient } from 'pg';
import { guardFor } from '../postgres/errors.ts';
import type { PostgresLedger } from '../postgres/open.ts';
import { CHANGING, GROWING } from './tables.ts';

/** Rows per read and per transaction of SQLite: other work can run between two. */
const BATCH = 2_000;

type Value = string | number | null;

/**
 * Brings a SQLite ledger up to a ledger on PostgreSQL, as of one moment there: new events are added, all else is taken
 * anew. The events that it has already must be the beginning of the others.
 */
export async function copyInto(sqlite: Database, { pool, where }: PostgresLedger): Promise<void> {
  await guardFor(where)(async () => {
    const client = await pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const last = sqlite.prepare<[], number>('SELECT coalesce(max(seq), 0) FROM events').pluck().get() ?? 0;
      for (const table of GROWING) await copyTable(client, sqlite, { ...table, condition: `WHERE seq > ${last}` });
      for (const { name } of CHANGING.toReversed()) sqlite.exec(`DELETE FROM ${name}`);
      for (const table of CHANGING) await copyTable(client, sqlite, { ...table, condition: '' });
      await client.query('COMMIT');
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(failure);
    }
  });
}

interface Copying {
  readonly name: string;
  readonly columns: readonly string[];
  readonly order: string;
  readonly condition: string;
}

async function copyTable(client: PoolClient, sqlite: Database, copying: Copying): Promise<void> {
  const { name, columns, order, condition } = copying;
  const list = columns.join(', ');
  const insert = sqlite.prepare(`INSERT INTO ${name} (${list}) VALUES (${columns.map(() => '?').join(', ')})`);
  const put = sqlite.transaction((rows: readonly Value[][]) => {
    for (const row of rows) insert.run(...row);
  });
  await client.query(`DECLARE copying NO SCROLL CURSOR FOR SELECT ${list} FROM ${name} ${condition} ORDER BY ${order}`);
  for (;;) {
    const { rows } = await client.query<Value[]>({ text: `FETCH ${BATCH} FROM copying`, rowMode: 'array' });
    put(rows);
    if (rows.length < BATCH) break;
  }
  await client.query('CLOSE copying');
}
