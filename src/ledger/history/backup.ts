import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { StorageError } from '../../ports/store.ts';
import { storageFault } from '../sqlite/errors.ts';
import { openLedgerToRead } from '../sqlite/open.ts';
import { openLedgerFile } from './ledgerFile.ts';
import { type Verification, verifyLedger } from './verify.ts';

/**
 * Copies a snapshot of the database into one self-contained file, while the bot goes on writing. The copy is
 * readable by its owner only, and is checked before it gets its name.
 * @param named the path that an error names, if `to` is only a draft of it
 * @returns the result of checking the copy: a damaged ledger is copied too, since there is nothing better
 * @throws StorageError if the database holds no ledger, or the file exists already or cannot be written
 */
export function backupLedger(path: string, to: string, named = to): Verification {
  if (existsSync(to)) throw new StorageError(`${to}: is there already; name a new file for each backup`);
  const draft = `${to}.part`;
  const reader = openLedgerFile(path);
  try {
    rmSync(draft, { force: true });
    closeSync(openSync(draft, 'wx', 0o600));
    reader.sqlite.prepare('VACUUM INTO ?').run(draft);
    syncFile(draft);
    const found = verifyCopy(draft);
    renameSync(draft, to);
    return found;
  } catch (error) {
    rmSync(draft, { force: true });
    throw fileFault(error, named);
  } finally {
    reader.close();
  }
}

function verifyCopy(path: string): Verification {
  const copy = openLedgerToRead(path);
  try {
    return verifyLedger(copy);
  } finally {
    copy.close();
  }
}

/** Makes a file durable. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Turns an error of the file system into a fault that names the path. */
function fileFault(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^E[A-Z]+$/.test(code)
    ? new StorageError(`${path}: the backup cannot be written there (${code})`, { cause: error })
    : storageFault(error, path);
}
