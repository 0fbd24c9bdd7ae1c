import { endsWithin, isDraining, windowEnd } from '../domain/drain.ts';
import type { LiveGrant } from '../domain/grant.ts';
import { counted } from '../domain/text.ts';
import { liftDrain, readDrain, writeDrain } from '../ledger/sqlite/drainFile.ts';
import { openLedgerToRead } from '../ledger/sqlite/open.ts';
import { createStore } from '../ledger/sqlite/store.ts';
import type { DRAIN } from './commandOptions.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** `jitbot drain --for 45m`: nothing new is granted, and what ends in the meantime is listed. Exit codes: 0 nothing ends, 1 something does. */
export async function drain({ values, files }: Given<typeof DRAIN>): Promise<number> {
  if (files.length > 1) throw new UsageError(`one database at a time, not ${files.length}`);
  if (values.off === true && values.for !== undefined) throw new UsageError('--for begins a window, and --off ends it');
  const path = databasePath(files[0]);
  const ledger = openLedgerToRead(path);
  try {
    if (values.off === true) {
      liftDrain(path);
      process.stdout.write('Access is granted again.\n');
      return 0;
    }
    if (values.for !== undefined) {
      const until = windowEnd(values.for, Date.now());
      if (until === null) throw new UsageError(`--for ${values.for} is no duration such as 45m or 2h`);
      writeDrain(path, { until, why: values.why ?? 'maintenance' });
    }
    const store = createStore(ledger, { clock: { now: Date.now }, followUps: () => [], onDue: () => undefined });
    return tell(
      path,
      (await store.liveGrants({})).map(({ value }) => value),
    );
  } finally {
    ledger.close();
  }
}

function tell(path: string, live: readonly LiveGrant[]): number {
  const now = readDrain(path);
  if (!isDraining(now, Date.now())) {
    process.stdout.write('Access is granted as usual. "jitbot drain --for 45m" begins a window.\n');
    return 0;
  }
  const until = Number.isFinite(now.until) ? `until ${new Date(now.until).toISOString()}` : 'until it is lifted';
  process.stdout.write(`Nothing new is granted ${until}: ${now.why}\n`);
  const ending = endsWithin(live, now);
  if (ending.length === 0) {
    process.stdout.write(`Nothing that is live (${live.length}) ends in that time.\n`);
    return 0;
  }
  process.stdout.write(`${counted(ending.length, 'access ends', 'accesses end')} in that time:\n`);
  for (const { endsAt, role, person, id } of ending)
    process.stdout.write(`  ${new Date(endsAt).toISOString()}  ${role} of ${person.name} (${id})\n`);
  process.stdout.write(ADVICE);
  return 1;
}

const ADVICE = `While the bot runs, they end on time. While it is stopped, they do not, and are the first thing that it does when it starts.
So wait until they are over; or end them before, with /jit admin; or stop it for less time than is left.
`;
