import { durationText, type Instant, MINUTE, type Millis, SECOND } from './terms.ts';

/** Problems that page somebody, because the bot cannot solve them by itself. */
export const ALARMS = {
  overdue: 'access that should be gone is still there',
  ledger: 'the ledger cannot be relied on',
  database: 'the database cannot be written',
  canary: 'the canary failed: access may not be given or ended',
  audit_channel: 'the audit channel is behind',
  disk: 'the disk is nearly full',
  clock: 'the clock of this machine is wrong',
} as const;

export type AlarmKind = keyof typeof ALARMS;

/** An alarm that was raised and whose reason still holds. */
export interface Alarm {
  readonly since: Instant;
  readonly problem: string;
  /** Slack ids of the people who were told. */
  readonly to: readonly string[];
}

/** The current measurements that alarms are based on. */
export interface Observed {
  readonly now: Instant;
  /** Overdue access: how many, and when the first should have ended. null if there is none. */
  readonly overdue: { readonly count: number; readonly since: Instant } | null;
  /** Why the ledger cannot be trusted; null if it can, or is still being checked. */
  readonly ledgerProblem: string | null;
  /** When the database was last written; null if it cannot be read. */
  readonly lastWrite: Instant | null;
  /** What is wrong with the canary; null if nothing is, or there is none. */
  readonly canaryProblem: string | null;
  readonly auditBehind: { readonly count: number; readonly since: Instant } | null;
  /** null if the system does not say. */
  readonly disk: { readonly free: number; readonly size: number } | null;
  /** How far other machines' clocks are ahead of this one's, in ms; null if unknown. */
  readonly drift: Millis | null;
}

/** Longer than any pause between two writes in normal operation. */
const WRITE_WITHIN: Millis = 5 * MINUTE;
const SHOWN_WITHIN: Millis = 10 * MINUTE;
/** Access would end late by as much. With five minutes of difference, Slack's signatures would be refused. */
const MOST_DRIFT: Millis = 10 * SECOND;
/** In bytes. A share alone would be too little on a small disk and more than needed on a large one. */
const LEAST_FREE = { always: 256_000_000, share: 0.05, enough: 5_000_000_000 };

/** The alarms to raise now, each with its problem in words. */
export function alarmsIn(seen: Observed): ReadonlyMap<AlarmKind, string> {
  const found = new Map<AlarmKind, string>();
  const { now, overdue, lastWrite, auditBehind, disk, drift } = seen;
  const ago = (since: Instant): string => `${durationText(now - since)} ago`;
  if (overdue !== null)
    found.set('overdue', `${overdue.count} to be taken back, the first should have ended ${ago(overdue.since)}`);
  if (seen.ledgerProblem !== null) found.set('ledger', seen.ledgerProblem);
  if (lastWrite === null) found.set('database', 'it cannot be read');
  else if (now - lastWrite > WRITE_WITHIN)
    found.set('database', `nothing was written for ${durationText(now - lastWrite)}`);
  if (seen.canaryProblem !== null) found.set('canary', seen.canaryProblem);
  if (auditBehind !== null && now - auditBehind.since > SHOWN_WITHIN)
    found.set('audit_channel', `${auditBehind.count} not shown yet, the first happened ${ago(auditBehind.since)}`);
  if (disk !== null && isNearlyFull(disk)) found.set('disk', `${Math.floor(disk.free / 1_000_000)} MB are free`);
  if (drift !== null && Math.abs(drift) > MOST_DRIFT)
    found.set(
      'clock',
      `it is ${Math.round(Math.abs(drift) / SECOND)} s ${drift > 0 ? 'behind' : 'ahead of'} Slack’s and PagerDuty’s`,
    );
  return found;
}

const isNearlyFull = ({ free, size }: { readonly free: number; readonly size: number }): boolean =>
  free < LEAST_FREE.always || (free < LEAST_FREE.enough && free < size * LEAST_FREE.share);
