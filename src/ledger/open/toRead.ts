import { openLedgerFile } from '../history/ledgerFile.ts';
import type { OpenLedger } from '../sqlite/open.ts';
import { isPostgresAddress } from './place.ts';

/**
 * Opens a ledger to read all of it, beside a bot that may be running: the file itself, or a copy of what is on PostgreSQL.
 * @throws StorageError if there is none, or it cannot be read
 */
export async function openToRead(place: string): Promise<OpenLedger> {
  if (!isPostgresAddress(place)) return openLedgerFile(place);
  const [{ openMirror }, { openPostgresToRead }] = await Promise.all([
    import('./mirror.ts'),
    import('../postgres/open.ts'),
  ]);
  const source = await openPostgresToRead(place);
  try {
    return (await openMirror(source)).ledger;
  } finally {
    await source.close();
  }
}
