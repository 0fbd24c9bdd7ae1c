import { ConfigError } from '../config/configError.ts';
import { moveLedger as move } from '../ledger/open/move.ts';
import { isPostgresAddress, shownPlace } from '../ledger/open/place.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { LEDGER_MOVE, LEDGER_SETUP } from '../wording/terminal/options.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';
import { RESULTS } from '../wording/terminal/results.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** `jitbot ledger move --to PLACE [FILE]`: from a file to PostgreSQL, or back, with the bot stopped. */
export async function moveLedger({ values, files }: Given<typeof LEDGER_MOVE>): Promise<number> {
  if (!values.to || files.length > 1) throw new UsageError(MISUSE.move);
  const { found, left } = await move(databasePath(files[0]), values.to, Date.now());
  process.stdout.write(`${RESULTS.moved({ to: shownPlace(values.to), left, ...found })}\n`);
  return 0;
}

/** `jitbot ledger setup [--role ROLE] [ADDRESS]`: makes the tables as their owner, and gives the bot's role its rights. */
export async function setUpLedger({ values, files }: Given<typeof LEDGER_SETUP>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  const address = databasePath(files[0]);
  if (!isPostgresAddress(address)) throw new ConfigError(PROBLEMS.noSetup(address));
  const [{ openPostgres }, { grantTo }] = await Promise.all([
    import('../ledger/postgres/open.ts'),
    import('../ledger/postgres/rights.ts'),
  ]);
  const ledger = await openPostgres(address);
  try {
    if (values.role !== undefined) await grantTo(ledger, values.role);
    process.stdout.write(`${RESULTS.setUp(ledger.where, values.role ?? null)}\n`);
    return 0;
  } finally {
    await ledger.close();
  }
}
