import { durationText, type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import { counted } from '../domain/text.ts';
import { isWriterThere, openLedgerToRead } from '../ledger/sqlite/open.ts';
import { createOverviewReader } from '../ledger/sqlite/overview.ts';
import { JOBS } from '../ports/jobs.ts';
import type { Overview } from '../ports/overview.ts';
import type { STATUS } from './commandOptions.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** As readiness has it: the bot writes the time down every minute. */
const SILENT_AFTER: Millis = 2.5 * MINUTE;
const LATE_AFTER: Millis = 2 * MINUTE;

/** What `jitbot status` says, for people and, whole, for machines. */
interface Status extends Overview {
  readonly alive: boolean;
  /** What somebody has to look at; empty: nothing. */
  readonly problems: readonly string[];
}

/** `jitbot status [FILE]`: read beside the bot. Exit codes: 0 all is well, 1 something is to look at, 2 could not be read. */
export async function status({ values, files }: Given<typeof STATUS>): Promise<number> {
  if (files.length > 1) throw new UsageError(`one database at a time, not ${files.length}`);
  const path = databasePath(files[0]);
  const ledger = openLedgerToRead(path);
  try {
    const now = Date.now();
    const found = statusOf(await createOverviewReader(ledger).read(now), { isRunning: isWriterThere(path), now });
    process.stdout.write(values.json === true ? `${JSON.stringify(found)}\n` : textOf(found, now));
    return found.problems.length === 0 ? 0 : 1;
  } finally {
    ledger.close();
  }
}

export function statusOf(
  overview: Overview,
  { isRunning, now }: { readonly isRunning: boolean; readonly now: Instant },
): Status {
  const ago = (since: Instant) => durationText(Math.max(SECOND, now - since));
  const isSilent = now - overview.lastBeat > SILENT_AFTER;
  const problems: string[] = [];
  if (!isRunning) problems.push('no bot runs on this database: nothing is taken back on time');
  else if (isSilent)
    problems.push(
      overview.lastBeat === 0
        ? 'the bot has never written the time down'
        : `the bot has written nothing for ${ago(overview.lastBeat)}`,
    );
  if (overview.overdue !== null)
    problems.push(
      `${counted(overview.overdue.count, 'access', 'accesses')} overdue, the oldest for ${ago(overview.overdue.since)}`,
    );
  for (const { kind, count, since } of overview.due)
    if (JOBS[kind].lane === 'ending' && now - since > LATE_AFTER)
      problems.push(`${counted(count, 'piece')} of due work (${kind}) not taken up for ${ago(since)}`);
  if (overview.auditBehind !== null && now - overview.auditBehind.since > 10 * MINUTE)
    problems.push(
      `the audit channel lacks ${counted(overview.auditBehind.count, 'event')}, the oldest of ${ago(overview.auditBehind.since)} ago`,
    );
  return { ...overview, alive: isRunning && !isSilent, problems };
}

/** Both are somebody's will, and so no problems. */
function newAccess({ frozenSince, drain }: Status): string {
  if (frozenSince !== null) return `NONE: frozen since ${new Date(frozenSince).toISOString()}`;
  if (drain === null) return 'as usual';
  return `NONE: drained until ${drain.until === null ? 'it is lifted' : new Date(drain.until).toISOString()}`;
}

function textOf(found: Status, now: Instant): string {
  const live = Object.entries(found.live).map(([state, count]) => `${count} ${state}`);
  const rows = [
    ['bot', found.alive ? 'alive' : 'NOT ALIVE'],
    ['live access', live.length === 0 ? 'none' : live.join(', ')],
    ['new access', newAccess(found)],
    ['waits for reviewers', String(found.pending.length)],
    ['due now', String(found.due.reduce((sum, { count }) => sum + count, 0))],
    ['tried again', String(found.retried)],
    ['audit channel', found.auditBehind === null ? 'shows all' : `lacks ${counted(found.auditBehind.count, 'event')}`],
    ['newest event', `#${found.newestSeq}`],
    [
      'last anchor',
      found.lastAnchor === null ? 'never' : `${durationText(Math.max(SECOND, now - found.lastAnchor))} ago`,
    ],
  ];
  const lines = rows.map(([name = '', value = '']) => `${name.padEnd(20)} ${value}`);
  return `${[...lines, ...found.problems.map((problem) => `! ${problem}`)].join('\n')}\n`;
}
