import { writeFileSync } from 'node:fs';
import { ConfigError } from '../config/env.ts';
import { HOUR } from '../domain/terms.ts';
import { eventReader } from '../ledger/events.ts';
import { figuresOf } from '../ledger/figures.ts';
import { openLedgerToRead } from '../ledger/open.ts';
import { auditLine } from '../slack/audit/lines.ts';
import { asText } from './audit.ts';
import type { Command } from './jit.ts';
import { complain, databasePath, instantOption, ownZone, readOptions, UsageError } from './options.ts';

const USAGE = [
  'jit report [FILE] [--from DATE] [--to DATE] [--out report.html]   a page about a period, both days included, by default the last 30 days, to print or to open',
];
const DEFAULT_PERIOD = 30 * 24 * HOUR;

/** Exit codes: 0 made, 2 could not be made. */
export const report: Command = {
  usage: USAGE,
  run: (args) =>
    complain('jit report', USAGE, async () => {
      const { values, files } = readOptions(args, { from: 'string', to: 'string', out: 'string' });
      if (files.length > 1) throw new UsageError(`one database at a time, not ${files.length}`);
      const madeAt = Date.now();
      const to = instantOption('--to', values.to, 'ends') ?? madeAt;
      const from = instantOption('--from', values.from) ?? to - DEFAULT_PERIOD;
      if (from >= to) throw new UsageError('--from is not before --to');
      const ledger = openLedgerToRead(databasePath(files[0]));
      try {
        const { reportPage } = await import('../report/page.ts');
        const events = eventReader(ledger);
        const lineOf = (seq: number): string => {
          const event = events.get(seq);
          return event ? asText(auditLine(event)) : `#${seq}`;
        };
        const page = await reportPage({ figures: figuresOf(ledger, { from, to }), lineOf, madeAt, zone: ownZone() });
        if (values.out === undefined) process.stdout.write(page);
        else write(values.out, page);
        return 0;
      } finally {
        ledger.close();
      }
    }),
};

function write(path: string, page: string): void {
  try {
    // It holds names, and who may do what.
    writeFileSync(path, page, { mode: 0o600 });
  } catch (error) {
    throw new ConfigError(`${path}: cannot be written; check that its folder exists`, { cause: error });
  }
  process.stderr.write(`${path}\n`);
}
