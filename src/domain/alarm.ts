import { ALARM_PROBLEMS, type ALARMS } from '../wording/reasons/alarms.ts';
import { durationText, type Instant, MINUTE, type Millis, SECOND } from './terms.ts';

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
  if (overdue !== null) found.set('overdue', ALARM_PROBLEMS.overdue(overdue.count, durationText(now - overdue.since)));
  if (seen.ledgerProblem !== null) found.set('ledger', seen.ledgerProblem);
  if (lastWrite === null) found.set('database', ALARM_PROBLEMS.databaseUnread);
  else if (now - lastWrite > WRITE_WITHIN)
    found.set('database', ALARM_PROBLEMS.lastWrite(durationText(now - lastWrite)));
  if (seen.canaryProblem !== null) found.set('canary', seen.canaryProblem);
  if (auditBehind !== null && now - auditBehind.since > SHOWN_WITHIN)
    found.set('audit_channel', ALARM_PROBLEMS.auditBehind(auditBehind.count, durationText(now - auditBehind.since)));
  if (disk !== null && isNearlyFull(disk))
    found.set('disk', ALARM_PROBLEMS.diskFree(Math.floor(disk.free / 1_000_000)));
  if (drift !== null && Math.abs(drift) > MOST_DRIFT)
    found.set(
      'clock',
      ALARM_PROBLEMS.clockOff(Math.round(Math.abs(drift) / SECOND), drift > 0 ? 'behind' : 'ahead of'),
    );
  return found;
}

const isNearlyFull = ({ free, size }: { readonly free: number; readonly size: number }): boolean =>
  free < LEAST_FREE.always || (free < LEAST_FREE.enough && free < size * LEAST_FREE.share);
