import { HOUR } from '../domain/terms.ts';
import { figuresOf } from '../ledger/history/figures.ts';
import { openToRead } from '../ledger/open/toRead.ts';
import { createEventReader } from '../ledger/sqlite/eventReader.ts';
import { eventSentence } from '../wording/eventSentences.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { REPORT } from '../wording/terminal/options.ts';
import { inTerminal } from './inTerminal.ts';
import { writeNewFile } from './newFile.ts';
import { databasePath, instantOption, ownZone } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

const DEFAULT_PERIOD = 30 * 24 * HOUR;
/** Ten years, with a few days for leap years. */
const LONGEST_PERIOD = 3_660 * 24 * HOUR;

/** Exit codes: 0 made, 2 could not be made. */
export async function report({ values, files }: Given<typeof REPORT>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  const madeAt = Date.now();
  const to = instantOption('--to', values.to, 'ends') ?? madeAt;
  const from = instantOption('--from', values.from) ?? to - DEFAULT_PERIOD;
  if (from >= to) throw new UsageError(MISUSE.fromAfterTo);
  if (to - from > LONGEST_PERIOD) throw new UsageError(MISUSE.longReport);
  const ledger = await openToRead(databasePath(files[0]));
  try {
    const { reportPage } = await import('../report/page.ts');
    const events = createEventReader(ledger);
    const lineOf = async (seq: number): Promise<string> => {
      const event = await events.get(seq);
      return event ? inTerminal(eventSentence(event)) : `#${seq}`;
    };
    const page = await reportPage({ figures: figuresOf(ledger, { from, to }), lineOf, madeAt, zone: ownZone() });
    if (values.out === undefined) process.stdout.write(page);
    else {
      writeNewFile(values.out, page);
      process.stderr.write(`${values.out}\n`);
    }
    return 0;
  } finally {
    ledger.close();
  }
}
