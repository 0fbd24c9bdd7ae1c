import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { StorageError } from '../../ports/store.ts';
import { backupLedger, syncFile } from '../history/backup.ts';
import { type Verification, verifyLedger } from '../history/verify.ts';
import { openPostgresToRead } from '../postgres/open.ts';
import { openLedger } from '../sqlite/open.ts';
import { copyInto } from './copy.ts';
import { isPostgresAddress } from './place.ts';

/**
 * Copies a ledger into one SQLite file, while the bot goes on writing, and checks the copy before it gets its name.
 * @returns the result of checking the copy: a damaged ledger is copied too, since there is nothing better
 * @throws StorageError if there is no ledger, or the file exists already or cannot be written
 */
export const backUp = async (place: string, to: string): Promise<Verification> =>
  isPostgresAddress(place) ? fromPostgres(place, to) : backupLedger(place, to);

async function fromPostgres(address: string, to: string): Promise<Verification> {
  if (existsSync(to)) throw new StorageError(`${to}: is there already; name a new file for each backup`);
  const draft = `${to}.part`;
  const source = await openPostgresToRead(address);
  try {
    removeDraft(draft);
    closeSync(openSync(draft, 'wx', 0o600));
    const ledger = openLedger(draft, { waitsForLocks: true });
    let found: Verification;
    try {
      await copyInto(ledger.sqlite, source);
      found = verifyLedger(ledger);
      // One file without companions, as a backup of a file is.
      ledger.sqlite.pragma('wal_checkpoint(TRUNCATE)');
      ledger.sqlite.pragma('journal_mode = DELETE');
    } finally {
      ledger.close();
    }
    syncFile(draft);
    renameSync(draft, to);
    return found;
  } finally {
    removeDraft(draft);
    await source.close();
  }
}

const removeDraft = (draft: string): void => {
  for (const end of ['', '-wal', '-shm', '-writer']) rmSync(`${draft}${end}`, { force: true });
};
