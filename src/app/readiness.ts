import { type Instant, MINUTE, type Millis } from '../domain/terms.ts';
import { JOBS, type LaneName } from '../ports/jobs.ts';
import type { Overview } from '../ports/overview.ts';

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
    { name: 'ledger', problem: isLedgerChecked ? null : 'it is still being checked' },
    { name: 'database', problem: databaseProblem(overview, now) },
    { name: 'slack', problem: isSlackConnected ? null : 'the bot is not connected to Slack' },
    { name: 'due_work', problem: isMoving ? null : `work has been due since ${new Date(oldest).toISOString()}` },
  ];
}

function databaseProblem(overview: Overview | null, now: Instant): string | null {
  if (overview === null) return 'it cannot be read';
  if (now - overview.lastBeat <= LAST_WRITE_WITHIN) return null;
  return overview.lastBeat === 0
    ? 'nothing was written yet'
    : `nothing was written since ${new Date(overview.lastBeat).toISOString()}`;
}
