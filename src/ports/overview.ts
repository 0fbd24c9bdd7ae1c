/** The state of the bot's work, read in one go, for health, metrics and `jitbot status`. */

import type { Canary } from '../domain/canary.ts';
import type { Grant } from '../domain/grant.ts';
import type { Instant } from '../domain/terms.ts';
import type { JobKind } from './jobs.ts';

export interface Overview {
  /** Grants that are not over, by state. */
  readonly live: Readonly<Partial<Record<Grant['state'], number>>>;
  /** Overdue access: how many, and when the first should have ended. null if there is none. */
  readonly overdue: { readonly count: number; readonly since: Instant } | null;
  /** Submission times of the requests that wait for reviewers, oldest first. */
  readonly pending: readonly Instant[];
  /** Due work that nobody has claimed, by kind: how much, and since when. */
  readonly due: readonly { readonly kind: JobKind; readonly count: number; readonly since: Instant }[];
  /** Jobs that have failed at least once and are being retried. */
  readonly retried: number;
  /** Events missing from the audit channel, and the time of the first. null if it shows all. */
  readonly auditBehind: { readonly count: number; readonly since: Instant } | null;
  /** null if there is none. */
  readonly canary: Canary | null;
  /** Number of the newest event; 0 if there is none. */
  readonly newestSeq: number;
  /** When all access was frozen; null if it is not. */
  readonly frozenSince: Instant | null;
  /** The window of `jitbot drain`, or null if there is none. `until` is null if it has no end until it is lifted. */
  readonly drain: { readonly until: Instant | null } | null;
  /** When the bot last wrote its heartbeat; 0 if never. */
  readonly lastBeat: Instant;
  /** When the latest checkpoint was made; null if never. */
  readonly lastAnchor: Instant | null;
}

/** @throws StorageError */
export interface OverviewReader {
  read(now: Instant): Promise<Overview>;
}
