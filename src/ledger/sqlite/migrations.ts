/** Which migrations there are, and which a database has had. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import SQLite, { type Database } from 'better-sqlite3';
import { z } from 'zod';
import { StorageError } from '../../ports/store.ts';
import { drizzle, migrate } from './drizzle.ts';

export const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));

const journalSchema = z.object({ entries: z.array(z.object({ when: z.number() })).min(1) });

function newestKnown(): number {
  const journal: unknown = JSON.parse(readFileSync(`${MIGRATIONS}/meta/_journal.json`, 'utf8'));
  return Math.max(...journalSchema.parse(journal).entries.map(({ when }) => when));
}

/** @returns null if no version of jitbot has used the database */
function newestHad(sqlite: Database): number | null {
  const isUsed = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = '__drizzle_migrations'").get() !== undefined;
  return isUsed
    ? (sqlite.prepare<[], number | null>('SELECT max(created_at) FROM __drizzle_migrations').pluck().get() ?? 0)
    : null;
}

/** Refuses a database that a later version has migrated: this version would take its changes for damage. @throws StorageError */
export function refuseLater(sqlite: Database, path: string): void {
  if ((newestHad(sqlite) ?? 0) > newestKnown())
    throw new StorageError(
      `${path}: a later version of jitbot has used this database, and this one does not know what it changed; start that version again, or put back a copy from before it with jitbot restore`,
    );
}

/** Where the header of a file says that it has a write-ahead log, which memory has not. */
const LOG_MARKS = [18, 19];

/**
 * For reading: a database that an earlier version left, brought up to date in memory. Its file stays as it is, and the
 * earlier version can still write it.
 * @returns the connection itself if its database is up to date; otherwise it is closed, and another one returned
 */
export function upToDate(sqlite: Database): Database {
  const had = newestHad(sqlite);
  if (had === null || had >= newestKnown()) return sqlite;
  const image = sqlite.serialize();
  sqlite.close();
  for (const at of LOG_MARKS) image[at] = 1;
  const inMemory = new SQLite(image);
  migrate(drizzle(inMemory), { migrationsFolder: MIGRATIONS });
  return inMemory;
}
