import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import SQLite, { type Database } from 'better-sqlite3';
import { StorageError } from '../../ports/store.ts';
import { drizzle, migrate } from './drizzle.ts';
import { type Elapsed, PROCESS_TIME } from './elapsed.ts';
import { isBusy, storageFault } from './errors.ts';
import { MIGRATIONS, refuseLater, upToDate } from './migrations.ts';
import { closeToOthers, makeOwnerOnly, openFolder } from './ownerOnly.ts';
import { checkParts } from './ownParts.ts';
import * as schema from './schema.ts';
import type { Together } from './sharedWrites.ts';
import { createWriteGate, type WriteGate } from './writeGate.ts';

/** Timeout of opening, and of commands beside the bot, for another program's lock. */
const BUSY_TIMEOUT_MS = 2_000;

export type LedgerDb = ReturnType<typeof drizzle<typeof schema>>;

export interface OpenLedger {
  readonly path: string;
  readonly db: LedgerDb;
  readonly sqlite: Database;
  /** Every write goes through it. */
  readonly gate: WriteGate;
  /** Files that others could access, in words; empty if there were none. */
  readonly exposed: readonly string[];
  /** Foreign triggers and views that acted on the tables, in words; empty if there were none. */
  readonly bent: readonly string[];
  /** Missing parts of the schema that were restored, in words. */
  readonly putBack: readonly string[];
  close(): void;
}

/**
 * Opens the database for writing, migrates its schema, and keeps every other writer out for as long
 * as this process lives. From then on SQLite itself never waits for a lock: see {@link WriteGate}.
 * @param options.waitsForLocks for commands, which have nothing else to do meanwhile
 * @param options.elapsed a monotonic clock, in ms, that measures pauses between tries
 * @throws StorageError that says what, where and what to do
 */
export function openLedger(
  path: string,
  { waitsForLocks = false, elapsed = PROCESS_TIME }: { waitsForLocks?: boolean; elapsed?: Elapsed } = {},
): OpenLedger {
  const { release, exposed } = takeWriterLock(path);
  try {
    // SQLite creates its companion files with the mode of the database.
    exposed.push(...makeOwnerOnly(path), ...[`${path}-wal`, `${path}-shm`].flatMap(closeToOthers), ...openFolder(path));
    const sqlite = new SQLite(path, { timeout: BUSY_TIMEOUT_MS });
    refuseLater(sqlite, path);
    setPragmas(sqlite, path);
    const db = drizzle(sqlite, { schema });
    const parts = checkParts(sqlite, MIGRATIONS);
    const bent = parts.takeOutForeign();
    migrate(db, { migrationsFolder: MIGRATIONS });
    const own = parts.putBackOwn();
    if (!waitsForLocks) sqlite.pragma('busy_timeout = 0');
    const gate = createWriteGate(path, elapsed, togetherIn(sqlite));
    return {
      path,
      db,
      sqlite,
      gate,
      exposed,
      bent: [...bent, ...own.bent],
      putBack: own.putBack,
      close: () => {
        gate.close();
        sqlite.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw startFault(error, path);
  }
}

/** Several writes in one transaction, each a savepoint in it. */
export const togetherIn =
  (sqlite: Database): Together =>
  <T>(works: readonly (() => T)[]) =>
    sqlite
      .transaction(() =>
        works.map((work) => {
          try {
            return { value: sqlite.transaction(work)() };
          } catch (error) {
            // A full disk rolls the whole transaction back, including earlier changes.
            if (!sqlite.inTransaction) throw error;
            return { error };
          }
        }),
      )
      .immediate();

/** Opens an existing database read-only, beside a bot that may be writing. */
export function openLedgerToRead(path: string): OpenLedger {
  if (!existsSync(path)) throw new StorageError(`${path}: there is no such file`);
  try {
    const found = new SQLite(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
    found.prepare('select count(*) from sqlite_schema').get();
    const sqlite = upToDate(found);
    return {
      path,
      db: drizzle(sqlite, { schema }),
      sqlite,
      exposed: [],
      bent: [],
      putBack: [],
      gate: createWriteGate(path),
      close: () => sqlite.close(),
    };
  } catch (error) {
    throw startFault(error, path);
  }
}

/** Makes the settings that durability depends on, and reads them back: SQLite ignores a setting that it cannot make. */
function setPragmas(sqlite: Database, path: string): void {
  const wanted = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1 } as const;
  // For a new file only. Events are small, and a commit writes whole pages: half the page size is about 7 % faster.
  sqlite.pragma('page_size = 2048');
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  for (const [name, value] of Object.entries(wanted)) {
    const actual = sqlite.pragma(name, { simple: true });
    if (actual !== value)
      throw new StorageError(
        `${path}: SQLite did not accept ${name}=${value} (it is ${String(actual)}); the file system may not support it`,
      );
  }
}

/** Whether another process holds the writer lock now. Does not take it. */
export function isWriterThere(path: string): boolean {
  const lockPath = `${path}-writer`;
  if (!existsSync(lockPath)) return false;
  const lock = new SQLite(lockPath, { readonly: true, timeout: 0 });
  try {
    lock.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw startFault(error, lockPath);
  } finally {
    lock.close();
  }
}

/** Takes the writer lock: an exclusive SQLite transaction, which the system releases even if the process dies. @throws StorageError */
export function takeWriterLock(path: string): { release: () => void; exposed: string[] } {
  const lockPath = `${path}-writer`;
  let lock: Database;
  let exposed: string[];
  try {
    exposed = makeOwnerOnly(lockPath);
    lock = new SQLite(lockPath, { timeout: 0 });
    // Nothing is ever written to it, so that it works on a full disk.
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') {
      throw new StorageError(
        `${path}: another bot is already running on this database; stop it first, two would grant and revoke against each other`,
        { cause: error },
      );
    }
    throw startFault(error, existsSync(dirname(path)) ? lockPath : path);
  }
  return { release: () => lock.close(), exposed };
}

function startFault(error: unknown, path: string): unknown {
  if (error instanceof TypeError && /directory does not exist/.test(error.message)) {
    return new StorageError(`${path}: its folder does not exist; create it or set JIT_DATABASE to another place`, {
      cause: error,
    });
  }
  // drizzle wraps the driver's error.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const fault = storageFault(cause, path);
  return fault === cause ? error : fault;
}
