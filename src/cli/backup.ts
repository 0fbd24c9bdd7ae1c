import { backupLedger } from '../ledger/history/backup.ts';
import { createEventReader } from '../ledger/sqlite/eventReader.ts';
import { openLedgerToRead } from '../ledger/sqlite/open.ts';
import type { NO_OPTIONS } from './commandOptions.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** `jitbot backup TO [FILE]`: a copy that stands alone, while the bot writes. Exit codes: 0 whole, 1 not whole, 2 not made. */
export async function backup({ files }: Given<typeof NO_OPTIONS>): Promise<number> {
  const [to, named, ...more] = files;
  if (to === undefined || more.length > 0)
    throw new UsageError('name the file to write, which must not be there yet, and at most one database');
  const found = backupLedger(databasePath(named), to);
  const copy = openLedgerToRead(to);
  try {
    const newest = await createEventReader(copy).newest();
    process.stdout.write(
      `${to}: ${newest === null ? 'no event yet' : `up to event #${newest.seq} (${newest.hash})`}\n`,
    );
  } finally {
    copy.close();
  }
  if (found.whole) return 0;
  process.stderr.write(`${to}: the record in it is not whole: ${found.problem}\n`);
  return 1;
}
