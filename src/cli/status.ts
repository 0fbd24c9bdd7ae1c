import { type Canary, canaryProblem } from '../domain/canary.ts';
import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import { openBeside } from '../ledger/open/beside.ts';
import type { Beside } from '../ledger/open/command.ts';
import { JOBS } from '../ports/jobs.ts';
import type { Overview } from '../ports/overview.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { STATUS as OPTIONS } from '../wording/terminal/options.ts';
import { STATUS, STATUS_PROBLEMS } from '../wording/terminal/status.ts';
import { doubtIn } from './ledgerDoubt.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** The same as in readiness. The bot writes the time down every minute. */
const SILENT_AFTER: Millis = 2.5 * MINUTE;
const LATE_AFTER: Millis = 2 * MINUTE;

/** What `jitbot status` shows. `--json` writes all of it. */
export interface Status extends Overview {
  /** Whether a process has the database. */
  readonly running: boolean;
  /** Whether it also writes, which it does every minute. */
  readonly alive: boolean;
  /** Why the ledger keeps it from granting; null if it does not. */
  readonly ledgerDoubt: string | null;
  /** What needs a look. Empty if all is well. */
  readonly problems: readonly string[];
}

/** `jitbot status [FILE]`: reads beside a running bot. Exit codes: 0 all is well, 1 something needs a look, 2 could not be read. */
export async function status({ values, files }: Given<typeof OPTIONS>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  const ledger = await openBeside(databasePath(files[0]));
  try {
    const now = Date.now();
    const found = await readStatus(ledger, now);
    process.stdout.write(values.json === true ? `${JSON.stringify(found)}\n` : textOf(found, now));
    return found.problems.length === 0 ? 0 : 1;
  } finally {
    await ledger.close();
  }
}

export const readStatus = async (ledger: Beside, now: Instant): Promise<Status> =>
  statusOf(await ledger.overview.read(now), {
    ...{ isRunning: await ledger.isRunning(), ledgerDoubt: await doubtIn(ledger), now },
  });

interface Observed {
  readonly isRunning: boolean;
  readonly ledgerDoubt: string | null;
  readonly now: Instant;
}

export function statusOf(overview: Overview, { isRunning, ledgerDoubt, now }: Observed): Status {
  const ago = (since: Instant): Millis => Math.max(SECOND, now - since);
  const isSilent = now - overview.lastBeat > SILENT_AFTER;
  const { overdue, auditBehind } = overview;
  const problems: string[] = [];
  if (!isRunning) problems.push(STATUS_PROBLEMS.notRunning);
  else if (isSilent)
    problems.push(
      overview.lastBeat === 0 ? STATUS_PROBLEMS.neverAlive : STATUS_PROBLEMS.silent(ago(overview.lastBeat)),
    );
  if (ledgerDoubt !== null) problems.push(STATUS_PROBLEMS.doubt(ledgerDoubt));
  if (overdue !== null) problems.push(STATUS_PROBLEMS.overdue(overdue.count, ago(overdue.since)));
  for (const { kind, count, since } of overview.due)
    if (JOBS[kind].lane === 'ending' && now - since > LATE_AFTER)
      problems.push(STATUS_PROBLEMS.late(count, kind, ago(since)));
  if (auditBehind !== null && now - auditBehind.since > 10 * MINUTE)
    problems.push(STATUS_PROBLEMS.auditBehind(auditBehind.count, ago(auditBehind.since)));
  const canary = overview.canary && canaryProblem(overview.canary, now);
  if (canary !== null) problems.push(STATUS_PROBLEMS.canary(canary));
  return { ...overview, running: isRunning, alive: isRunning && !isSilent, ledgerDoubt, problems };
}

/** Whether new access is granted. A freeze and a drain are somebody's decision, and so no problem. */
function newAccess({ ledgerDoubt, frozenSince, drain }: Status): string {
  if (ledgerDoubt !== null) return STATUS.newAccess.doubted;
  if (frozenSince !== null) return STATUS.newAccess.frozen(iso(frozenSince));
  if (drain === null) return STATUS.newAccess.usual;
  return STATUS.newAccess.drained(drain.until === null ? null : iso(drain.until));
}

const botText = ({ alive, running }: Status): string =>
  alive ? STATUS.bot.alive : running ? STATUS.bot.silent : STATUS.bot.gone;

const iso = (at: Instant): string => new Date(at).toISOString();

function canaryText({ role, run, last, held }: Canary, now: Instant): string {
  const result =
    last === null ? STATUS.canary.none : STATUS.canary.over(last.problem === null, Math.max(SECOND, now - last.at));
  const state = held !== null ? STATUS.canary.waits(held) : run === null ? '' : STATUS.canary.runs;
  return `${role}: ${result}${state}`;
}

function textOf(found: Status, now: Instant): string {
  const live = Object.entries(found.live);
  const { auditBehind, lastAnchor } = found;
  const rows = [
    [STATUS.bot.name, botText(found)],
    [STATUS.live.name, live.length === 0 ? STATUS.live.none : STATUS.live.some(live)],
    [STATUS.newAccess.name, newAccess(found)],
    [STATUS.pending, String(found.pending.length)],
    [STATUS.due, String(found.due.reduce((sum, { count }) => sum + count, 0))],
    [STATUS.retried, String(found.retried)],
    [STATUS.audit.name, auditBehind === null ? STATUS.audit.complete : STATUS.audit.behind(auditBehind.count)],
    ...(found.canary === null ? [] : [[STATUS.canary.name, canaryText(found.canary, now)]]),
    [STATUS.newest, `#${found.newestSeq}`],
    [
      STATUS.anchor.name,
      lastAnchor === null ? STATUS.anchor.never : STATUS.anchor.ago(Math.max(SECOND, now - lastAnchor)),
    ],
  ];
  const lines = rows.map(([name = '', value = '']) => `${name.padEnd(20)} ${value}`);
  return `${[...lines, ...found.problems.map((problem) => `! ${problem}`)].join('\n')}\n`;
}
