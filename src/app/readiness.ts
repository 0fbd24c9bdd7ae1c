import { type Instant, MINUTE, type Millis } from '../domain/terms.ts';
import { JOBS, type LaneName } from '../ports/jobs.ts';
import type { Overview } from '../ports/overview.ts';
import { READINESS } from '../wording/health.ts';

/** What readiness is computed from. */
export interface Observed {
  readonly now: Instant;
  /** null: the database cannot be read. */
  readonly overview: Overview | null;
  readonly isLedgerChecked: boolean;
  readonly isSlackConnected: boolean;
}

/** One condition of readiness. `problem` is null if it holds. */
export interface Check {
  readonly name: 'ledger' | 'database' | 'slack' | 'due_work';
  readonly problem: string | null;
}

/** The bot stores the time every minute. If it has not for this long, it cannot. */
const LAST_WRITE_WITHIN: Millis = 2.5 * MINUTE;
/** Due work normally starts within milliseconds. Work that a target refused is due again later, and does not count. */
const TAKEN_UP_WITHIN: Millis = MINUTE;
const MUST_MOVE: readonly LaneName[] = ['ending', 'giving'];

/**
 * Whether the bot can serve people now. A damaged ledger does not make it unready: nothing is granted then, but
 * administrators have to reach the bot.
 */
export function readiness({ now, overview, isLedgerChecked, isSlackConnected }: Observed): readonly Check[] {
  const late = overview?.due.filter(({ kind }) => MUST_MOVE.includes(JOBS[kind].lane)) ?? [];
  const oldest = Math.min(...late.map(({ since }) => since));
  const isMoving = now - oldest <= TAKEN_UP_WITHIN || late.length === 0;
  return [
    { name: 'ledger', problem: isLedgerChecked ? null : READINESS.ledger },
    { name: 'database', problem: databaseProblem(overview, now) },
    { name: 'slack', problem: isSlackConnected ? null : READINESS.slack },
    { name: 'due_work', problem: isMoving ? null : READINESS.dueWork(new Date(oldest).toISOString()) },
  ];
}

function databaseProblem(overview: Overview | null, now: Instant): string | null {
  if (overview === null) return READINESS.unread;
  if (now - overview.lastBeat <= LAST_WRITE_WITHIN) return null;
  return overview.lastBeat === 0
    ? READINESS.neverWritten
    : READINESS.lastWrite(new Date(overview.lastBeat).toISOString());
}
