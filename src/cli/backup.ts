import { openLedgerFile } from '../ledger/history/ledgerFile.ts';
import { backUp } from '../ledger/open/backUp.ts';
import { createEventReader } from '../ledger/sqlite/eventReader.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { NO_OPTIONS } from '../wording/terminal/options.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';
import { RESULTS } from '../wording/terminal/results.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/**
 * `jitbot backup TO [FILE]`: a complete copy, made while the bot runs. Exit codes: 0 whole, 1 not whole, 2 not made.
 */
export async function backup({ files }: Given<typeof NO_OPTIONS>): Promise<number> {
  const [to, named, ...more] = files;
  if (to === undefined || more.length > 0) throw new UsageError(MISUSE.backup);
  const found = await backUp(databasePath(named), to);
  const copy = openLedgerFile(to);
  try {
    const newest = await createEventReader(copy).newest();
    process.stdout.write(`${RESULTS.backedUp(to, newest)}\n`);
  } finally {
    copy.close();
  }
  if (found.whole) return 0;
  process.stderr.write(`${PROBLEMS.backupNotWhole(to, found.problem)}\n`);
  return 1;
}
