/** How the bot's work stands right now, read in one go: for health, metrics and `jitbot status`. */

import type { Grant } from '../domain/grant.ts';
import type { Instant } from '../domain/terms.ts';
import type { JobKind } from './jobs.ts';

export interface Overview {
  /** Grants that are not over, by state. */
  readonly live: Readonly<Partial<Record<Grant['state'], number>>>;
  /** Access that should be gone and is not: how many, and when the first of them should have ended. null: none. */
  readonly overdue: { readonly count: number; readonly since: Instant } | null;
  /** When each request that waits for reviewers was made, oldest first. */
  readonly pending: readonly Instant[];
  /** Work that is due and that nobody has taken up, by kind: how much, and since when. */
  readonly due: readonly { readonly kind: JobKind; readonly count: number; readonly since: Instant }[];
  /** Work that has failed at least once and is tried again. */
  readonly retried: number;
  /** Events that the audit channel does not show yet, and when the first of them happened. null: it shows all. */
  readonly auditBehind: { readonly count: number; readonly since: Instant } | null;
  /** The newest event. 0: none. */
  readonly newestSeq: number;
  /** When the bot last wrote the time down. 0: never. */
  readonly lastBeat: Instant;
  /** When a position of the ledger was last signed and kept elsewhere. null: never. */
  readonly lastAnchor: Instant | null;
}

/** @throws StorageError */
export interface OverviewReader {
  read(now: Instant): Promise<Overview>;
}
