import { closeSync, existsSync, fsyncSync, linkSync, openSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import SQLite from 'better-sqlite3';
import { StorageError } from '../../ports/store.ts';
import { refuseLater } from '../sqlite/migrations.ts';
import { type OpenLedger, openLedger, takeWriterLock } from '../sqlite/open.ts';
import { backupLedger } from './backup.ts';
import { openLedgerFile } from './ledgerFile.ts';
import { giveToOwnerOf } from './owner.ts';
import { type Verification, verifyLedger } from './verify.ts';

/** Files beside a database that a bot has used. */
const COMPANIONS = ['-wal', '-shm'];

export interface InPlace {
  /** The new path of the replaced database; null if there was none. */
  readonly replaced: string | null;
}

/**
 * Replaces a database with a copy in one step, with the bot stopped. Until then the copy is a draft beside it, on which
 * `prepare` works. A crash leaves the old database, or the whole new one.
 * @param prepare prepares the copy before a bot can start on it
 * @throws StorageError if a bot runs on it, or the copy is not whole
 */
export async function putInPlace(
  copy: string,
  path: string,
  { now, prepare }: { now: number; prepare: (draft: OpenLedger) => Promise<void> },
): Promise<InPlace> {
  if (isSame(copy, path)) throw new StorageError(`${copy}: this is the database itself; name a copy of it`);
  checkCopy(copy);
  const draft = `${path}.restoring`;
  const { release } = takeWriterLock(path);
  try {
    removeDraft(draft);
    refuseDamaged(copy, backupLedger(copy, draft, path));
    const ledger = openLedger(draft, { waitsForLocks: true });
    try {
      await prepare(ledger);
    } finally {
      ledger.close();
    }
    giveToOwnerOf(existsSync(path) ? path : dirname(path), [draft, `${path}-writer`]);
    const replaced = existsSync(path) ? putAside(path, now) : null;
    renameSync(draft, path);
    syncFolder(path);
    return { replaced };
  } finally {
    removeDraft(draft);
    release();
  }
}

/** Refuses a copy before anything is made beside the database. */
function checkCopy(copy: string): void {
  const ledger = openLedgerFile(copy);
  try {
    refuseLater(ledger.sqlite, copy);
    refuseDamaged(copy, verifyLedger(ledger));
  } finally {
    ledger.close();
  }
}

function refuseDamaged(copy: string, found: Verification): void {
  if (!found.whole)
    throw new StorageError(`${copy}: the record in it is not whole (${found.problem}); nothing was put back`);
}

const isSame = (copy: string, path: string): boolean =>
  existsSync(copy) && existsSync(path) && realpathSync(copy) === realpathSync(path);

const removeDraft = (draft: string): void => {
  for (const end of ['', ...COMPANIONS, '-writer']) rmSync(`${draft}${end}`, { force: true });
};

/**
 * Keeps the old database under a second name. Its own name stays until the draft replaces it, so that a bot that starts in
 * between finds it.
 */
function putAside(path: string, now: number): string {
  const aside = `${path}.replaced-${new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  if (existsSync(aside)) throw new StorageError(`${aside}: is there already; move it away`);
  takeInLog(path);
  linkSync(path, aside);
  for (const end of COMPANIONS) if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`);
  return aside;
}

/** Moves the write-ahead log into the file, if it can be read; otherwise the log is put aside with the file. */
function takeInLog(path: string): void {
  try {
    const sqlite = new SQLite(path);
    sqlite.pragma('wal_checkpoint(TRUNCATE)');
    sqlite.close();
  } catch (error) {
    if (!(error instanceof SQLite.SqliteError)) throw error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
