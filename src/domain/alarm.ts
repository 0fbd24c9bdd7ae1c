import { type Instant, MINUTE, type Millis, SECOND } from './terms.ts';

/** What somebody has to be woken for, because the bot cannot put it right by itself. */
export const ALARMS = {
  overdue: 'access that should be gone is still there',
  ledger: 'the ledger cannot be relied on',
  database: 'the database cannot be written',
  audit_channel: 'the audit channel is behind',
  disk: 'the disk is nearly full',
  clock: 'the clock of this machine is wrong',
} as const;

export type AlarmKind = keyof typeof ALARMS;

/** An alarm that was raised and is not over. */
export interface Alarm {
  readonly since: Instant;
  readonly problem: string;
  /** Slack ids of whoever was told. */
  readonly to: readonly string[];
}

/** What alarms are about, as it was seen just now. */
export interface Observed {
  readonly now: Instant;
  /** Access that should be gone: how many, and when the first of them should have ended. null: none. */
  readonly overdue: { readonly count: number; readonly since: Instant } | null;
  /** Why the ledger cannot be relied on; null: nothing speaks against it, or it is still being looked at. */
  readonly ledgerProblem: string | null;
  /** When the database was last written; null: it cannot be read. */
  readonly lastWrite: Instant | null;
  readonly auditBehind: { readonly count: number; readonly since: Instant } | null;
  /** null: the system does not say. */
  readonly disk: { readonly free: number; readonly size: number } | null;
  /** How far other machines' clocks are ahead of this one's; null: nobody said. */
  readonly drift: Millis | null;
}

/** Longer than any pause between two tries that is not a fault. */
const WRITE_WITHIN: Millis = 5 * MINUTE;
const SHOWN_WITHIN: Millis = 10 * MINUTE;
/** Seconds late for an end; and Slack's signatures are refused at five minutes. */
const MOST_DRIFT: Millis = 10 * SECOND;
/** Of a small disk a share is too little, of a large one a share is plenty. */
const LEAST_FREE = { always: 256_000_000, share: 0.05, enough: 5_000_000_000 };

/** What to be woken for now, with what is wrong, for people. */
export function alarmsIn(seen: Observed): ReadonlyMap<AlarmKind, string> {
  const found = new Map<AlarmKind, string>();
  const { now, overdue, lastWrite, auditBehind, disk, drift } = seen;
  if (overdue !== null)
    found.set('overdue', `${overdue.count} to be taken back, the first should have ended ${at(overdue.since)}`);
  if (seen.ledgerProblem !== null) found.set('ledger', seen.ledgerProblem);
  if (lastWrite === null) found.set('database', 'it cannot be read');
  else if (now - lastWrite > WRITE_WITHIN) found.set('database', `nothing was written since ${at(lastWrite)}`);
  if (auditBehind !== null && now - auditBehind.since > SHOWN_WITHIN)
    found.set('audit_channel', `${auditBehind.count} not shown yet, the first happened ${at(auditBehind.since)}`);
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

const at = (instant: Instant): string => new Date(instant).toISOString();
