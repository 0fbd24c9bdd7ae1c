/** Work that is due at a time, kept in the database so that a crash loses none of it. */

import { HOUR, type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';

/** How work of one kind is done, except for the handler, which is in `app/flow.ts`. */
export interface JobRow {
  /** What the key of such a job names. */
  readonly key: string;
  /** The lane that runs it; kinds of one lane share its limit. */
  readonly lane: LaneName;
  /** Longest pause between two tries. */
  readonly maxBackoff: Millis;
  /** Tries before it is given up, with an error in the log. Infinity means never. */
  readonly maxAttempts: number;
  /**
   * Runs even while the database cannot be written: at least the part at the target. It begins without a claim, so that
   * it waits for no write, and a crash in it counts as no try.
   */
  readonly evenWithoutRecord?: true;
}

/**
 * Lanes, in the order in which they claim work: ending access comes before giving it, and nobody's access waits
 * for messages. A slow lane delays no other.
 */
export type LaneName = 'ending' | 'giving' | 'checking' | 'messages' | 'forwarding' | 'digest' | 'audit';

const FOREVER = Number.POSITIVE_INFINITY;
/** Gives up after about an hour and a half of refusals from Slack or PagerDuty. */
const MESSAGE = { maxBackoff: 5 * MINUTE, maxAttempts: 24 };

/** Every kind of due work, one row each. The names are stored in databases: renaming one takes a migration. */
export const JOBS = {
  // Take access back.
  end: { key: 'grant', lane: 'ending', maxBackoff: MINUTE, maxAttempts: FOREVER, evenWithoutRecord: true },
  freeze: {
    key: 'what is frozen',
    lane: 'ending',
    maxBackoff: 5 * SECOND,
    maxAttempts: FOREVER,
    evenWithoutRecord: true,
  },
  expire: { key: 'request', lane: 'ending', maxBackoff: MINUTE, maxAttempts: FOREVER },
  // Give access.
  provision: { key: 'grant', lane: 'giving', maxBackoff: 5 * SECOND, maxAttempts: FOREVER },
  extend: { key: 'grant', lane: 'giving', maxBackoff: 5 * SECOND, maxAttempts: FOREVER },
  start: { key: 'request', lane: 'giving', maxBackoff: MINUTE, maxAttempts: FOREVER },
  // Check that the reason for a grant still holds, and that its holder is still there.
  watch: { key: 'grant', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER, evenWithoutRecord: true },
  sweep: {
    key: 'Slack id, or everybody',
    lane: 'checking',
    maxBackoff: MINUTE,
    maxAttempts: FOREVER,
    evenWithoutRecord: true,
  },
  escalate: { key: 'request and step', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  chase_use_review: { key: 'request', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  access_review: { key: 'access review', lane: 'checking', maxBackoff: 5 * MINUTE, maxAttempts: FOREVER },
  // Record the place of a live grant from an earlier version, and what it touched.
  stamp: { key: 'grant, or all', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  drift: { key: 'resource, or all', lane: 'checking', maxBackoff: 5 * MINUTE, maxAttempts: FOREVER },
  // Compare targets with the ledger after a restore.
  reconcile: { key: 'ledger', lane: 'checking', maxBackoff: 30 * SECOND, maxAttempts: FOREVER },
  // Give the canary its grant, look at it, and take it back.
  canary: { key: 'canary', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  checkpoint: { key: 'ledger', lane: 'checking', maxBackoff: 5 * MINUTE, maxAttempts: FOREVER },
  // Write to PagerDuty.
  page: { key: 'event', lane: 'checking', ...MESSAGE },
  resolve_page: { key: 'event', lane: 'checking', ...MESSAGE },
  note: { key: 'event', lane: 'checking', ...MESSAGE },
  // Write to Slack.
  card: { key: 'request', lane: 'messages', ...MESSAGE },
  notify: { key: 'event', lane: 'messages', ...MESSAGE },
  remind: { key: 'grant', lane: 'messages', ...MESSAGE },
  review_cards: { key: 'access review', lane: 'messages', ...MESSAGE },
  forward: { key: 'place', lane: 'forwarding', maxBackoff: 5 * MINUTE, maxAttempts: FOREVER },
  digest: { key: 'period', lane: 'digest', maxBackoff: HOUR, maxAttempts: FOREVER },
  audit: { key: 'audit channel', lane: 'audit', maxBackoff: MINUTE, maxAttempts: FOREVER },
} as const satisfies Record<string, JobRow>;

export type JobKind = keyof typeof JOBS;

/** Work that is due at a time. Kind and key are unique: putting it again moves it. */
export interface Job {
  readonly kind: JobKind;
  readonly key: string;
  readonly dueAt: Instant;
}

export interface ClaimedJob extends Job {
  /** Counts from 1, including claims that a crash interrupted. */
  readonly attempt: number;
}

/** A claim. Its generation settles exactly this job, and no newer one of the same key. */
export interface Claim extends ClaimedJob {
  readonly generation: number;
}

/** The outcome of a claimed job. */
export type Settled = {
  readonly claim: Claim;
  readonly next:
    | 'done'
    | {
        readonly dueAt: Instant;
        /** After `done` the attempts start over; after `failed` the next one counts; after `waiting` the same one is repeated. */
        readonly after: 'done' | 'failed' | 'waiting';
      };
};

/** The due work in the database. @throws StorageError if it cannot be read or written */
export interface JobQueue {
  /** Claims due work for `lease` ms, oldest first, at most `limit` jobs, in one commit. */
  claim(kinds: readonly JobKind[], now: Instant, limit: number, lease: Millis): Promise<readonly Claim[]>;
  /**
   * Due work that this process may begin although nothing can be written, oldest first, with what it has begun; `attempt`
   * is the try that it would be. Where several processes share the work, each is given its own as long as the database
   * takes writes. When it does not, each is given all of it.
   */
  mayBegin(kinds: readonly JobKind[], now: Instant, limit: number): Promise<readonly Claim[]>;
  /** Records an outcome. Outcomes of one turn of the event loop share a commit. If it throws, the caller retries. */
  settle(settled: Settled): Promise<void>;
  /** When the next work of these kinds is due, later than `after`; null if there is none. */
  nextDueAt(kinds: readonly JobKind[], after: Instant): Promise<Instant | null>;
  /** Releases the claims of a process that died. Only the one writing process may call it, at start. */
  releaseAll(): Promise<void>;
}

/**
 * Does one job. Throwing means: try again.
 * @returns when to run again, or null if nothing is left to do; `waiting` if it could not be done yet, so that
 *   an effect of an earlier try still has to be looked for
 */
export type JobHandler = (
  key: string,
  attempt: number,
) => Promise<{ readonly notBefore: Instant; readonly waiting?: boolean } | null>;
