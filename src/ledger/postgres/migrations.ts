import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { z } from 'zod';
import { StorageError } from '../../ports/store.ts';
import { drizzle, migrate } from './drizzle.ts';
import { storageFault } from './errors.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/postgres', import.meta.url));
/** Advisory lock under which one instance at a time brings the schema up to date. Any number that nobody else uses. */
const MIGRATING = 7_310_592_001;
const TABLE = { migrationsSchema: 'public', migrationsTable: 'jit_migrations' };

const journalSchema = z.object({ entries: z.array(z.object({ when: z.number() })).min(1) });

const newestKnown = (): number => {
  const journal: unknown = JSON.parse(readFileSync(`${MIGRATIONS}/meta/_journal.json`, 'utf8'));
  return Math.max(...journalSchema.parse(journal).entries.map(({ when }) => when));
};

/**
 * How the schema stands beside what this version knows.
 * @throws StorageError if the database is another program's, or a later version has used it
 */
export async function schemaState(pool: pg.Pool, where: string): Promise<'none' | 'older' | 'current'> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
  );
  const tables = new Set(rows.map(({ name }) => name));
  if (!tables.has(TABLE.migrationsTable)) {
    if (tables.size === 0) return 'none';
    throw new StorageError(`${where}: this database has tables of another program; give the bot one of its own`);
  }
  const { rows: done } = await pool.query<{ newest: number | null }>(
    `SELECT max(created_at) AS newest FROM ${TABLE.migrationsTable}`,
  );
  const newest = done[0]?.newest ?? 0;
  const known = newestKnown();
  if (newest > known)
    throw new StorageError(
      `${where}: a later version of jitbot has used this database, and this one does not know what it changed; start that version again`,
    );
  return newest === known ? 'current' : 'older';
}

/**
 * What somebody added to the bot's tables, or switched off, in words. A role that owns them can: a trigger could keep every
 * end from being recorded.
 */
export async function foreignParts(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ what: string }>(
    `SELECT format('the trigger %s on %s is not the bot’s', tgname, relname) AS what
       FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
       WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal AND NOT (relname = 'events' AND tgname = ANY($1))
     UNION ALL
     SELECT format('the rule %s on %s is not the bot’s', rulename, relname)
       FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
     UNION ALL
     SELECT format('the trigger %s is gone or switched off', own) FROM unnest($1) AS own
       WHERE NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = 'public.events'::regclass AND tgname = own AND tgenabled = 'O')`,
    [['events_are_kept', 'events_are_kept_whole']],
  );
  return rows.map(({ what }) => what);
}

/** On a connection of its own, whose lock ends with it however the process ends. @throws StorageError */
export async function bringUpToDate(config: pg.ClientConfig, where: string): Promise<void> {
  const client = new pg.Client({ ...config, application_name: 'jitbot migrations', statement_timeout: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATING]);
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS, ...TABLE });
  } catch (error) {
    throw lacksRight(error)
      ? new StorageError(
          `${where}: the tables of this version are not there, and this role may not make them; run jitbot ledger setup as the owner of the database`,
          { cause: error },
        )
      : storageFault(error, where);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** drizzle wraps the driver's error. */
function lacksRight(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && 'code' in cause && cause.code === '42501';
}
