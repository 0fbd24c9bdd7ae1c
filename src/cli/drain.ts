import { endsWithin, isDraining, windowEnd } from '../domain/drain.ts';
import { openBeside } from '../ledger/open/beside.ts';
import type { Beside } from '../ledger/open/command.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { DRAIN } from '../wording/terminal/options.ts';
import { DRAINED } from '../wording/terminal/results.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/**
 * `jitbot drain --for 45m`: blocks new grants for a while, and lists the access that ends meanwhile. Exit codes: 0
 * nothing ends, 1 something does.
 */
export async function drain({ values, files }: Given<typeof DRAIN>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  if (values.off === true && values.for !== undefined) throw new UsageError(MISUSE.drain);
  const ledger = await openBeside(databasePath(files[0]));
  try {
    if (values.off === true) {
      await ledger.setDrain(null);
      process.stdout.write(`${DRAINED.off}\n`);
      return 0;
    }
    if (values.for !== undefined) {
      const until = windowEnd(values.for, Date.now());
      if (until === null) throw new UsageError(MISUSE.notADuration('--for', values.for, '45m or 2h'));
      await ledger.setDrain({ until, why: values.why ?? DRAINED.whyDefault });
    }
    return await tell(ledger);
  } finally {
    await ledger.close();
  }
}

async function tell(ledger: Beside): Promise<number> {
  const now = await ledger.drain();
  if (!isDraining(now, Date.now())) {
    process.stdout.write(`${DRAINED.asUsual}\n`);
    return 0;
  }
  const until = Number.isFinite(now.until) ? new Date(now.until).toISOString() : null;
  process.stdout.write(`${DRAINED.until(until, now.why)}\n`);
  const live = await ledger.liveGrants();
  const ending = endsWithin(live, now);
  if (ending.length === 0) {
    process.stdout.write(`${DRAINED.nothingEnds(live.length)}\n`);
    return 0;
  }
  process.stdout.write(`${DRAINED.ending(ending.length)}\n`);
  for (const { endsAt, role, person, id } of ending)
    process.stdout.write(`${DRAINED.grant({ at: new Date(endsAt).toISOString(), role, name: person.name, id })}\n`);
  process.stdout.write(`${DRAINED.advice}\n`);
  return 1;
}
