/** Work that is due at a time, kept in the database so that a crash loses none of it. */

import { HOUR, type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';

/** How work of a kind is done: everything about it but the function, which `app/flow.ts` has. */
export interface JobRow {
  /** What the key of such a job says. */
  readonly key: string;
  /** The lane it is done in; kinds of one lane share its limit. */
  readonly lane: LaneName;
  /** Longest pause between two tries. */
  readonly maxBackoff: Millis;
  /** Tries before it is given up, with an error in the log. Infinity: never. */
  readonly maxAttempts: number;
  /** Is done, at the target at least, also while the database cannot be written. */
  readonly evenWithoutRecord?: true;
}

/**
 * Lanes, in the order in which they take work: what takes access back comes before what gives it, and nobody's access waits
 * for messages. A slow lane holds up no other.
 */
export type LaneName = 'ending' | 'giving' | 'checking' | 'messages' | 'forwarding' | 'digest' | 'audit';

const FOREVER = Number.POSITIVE_INFINITY;
/** About an hour and a half of trying; what Slack or PagerDuty has refused that often is given up. */
const MESSAGE = { maxBackoff: 5 * MINUTE, maxAttempts: 24 };

/** Every kind of due work, a row a kind. The names are stored in databases: renaming one takes a migration. */
export const JOBS = {
  // Take access back.
  end: { key: 'grant', lane: 'ending', maxBackoff: MINUTE, maxAttempts: FOREVER, evenWithoutRecord: true },
  freeze: { key: 'what is frozen', lane: 'ending', maxBackoff: 5 * SECOND, maxAttempts: FOREVER },
  expire: { key: 'request', lane: 'ending', maxBackoff: MINUTE, maxAttempts: FOREVER },
  // Give access.
  provision: { key: 'grant', lane: 'giving', maxBackoff: 5 * SECOND, maxAttempts: FOREVER },
  extend: { key: 'grant', lane: 'giving', maxBackoff: 5 * SECOND, maxAttempts: FOREVER },
  start: { key: 'request', lane: 'giving', maxBackoff: MINUTE, maxAttempts: FOREVER },
  // Ask whether what a grant was given for still holds, and whether those who hold something are still there.
  watch: { key: 'grant', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  sweep: { key: 'Slack id, or everybody', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  escalate: { key: 'request and step', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  chase_use_review: { key: 'request', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  access_review: { key: 'access review', lane: 'checking', maxBackoff: 5 * MINUTE, maxAttempts: FOREVER },
  // Write down where a live grant of an earlier version was given, and what it touched.
  stamp: { key: 'grant, or all', lane: 'checking', maxBackoff: MINUTE, maxAttempts: FOREVER },
  drift: { key: 'resource, or all', lane: 'checking', maxBackoff: 5 * MINUTE, maxAttempts: FOREVER },
  // After a restore.
  reconcile: { key: 'ledger', lane: 'checking', maxBackoff: 30 * SECOND, maxAttempts: FOREVER },
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

/** Work that is due at a time. Kind and key make it unique: putting it again moves it. */
export interface Job {
  readonly kind: JobKind;
  readonly key: string;
  readonly dueAt: Instant;
}

export interface ClaimedJob extends Job {
  /** From 1. A claim that a crash cut short counts. */
  readonly attempt: number;
}

/** A claim, with what is needed to finish exactly this job and no newer one of the same key. */
export interface Claim extends ClaimedJob {
  readonly generation: number;
}

/** What became of a claimed job. */
export type Settled = {
  readonly claim: Claim;
  readonly next:
    | 'done'
    | {
        readonly dueAt: Instant;
        /** `done`: the next claim is the first of a new round; `failed`: the next try; `waiting`: the same try again. */
        readonly after: 'done' | 'failed' | 'waiting';
      };
};

/** The due work in the database. Throws StorageError where it cannot be read or written. */
export interface JobQueue {
  /** Takes due work, oldest first, for a while. One commit however many. */
  claim(kinds: readonly JobKind[], now: Instant, limit: number, lease: Millis): Promise<readonly Claim[]>;
  /** Due work as it stands, for when nothing can be written. */
  peek(kinds: readonly JobKind[], now: Instant, limit: number): Promise<readonly Claim[]>;
  /** Records what became of work. What is settled in one turn is one commit. Where it throws, it is for the caller to try again. */
  settle(settled: Settled): Promise<void>;
  /** When the next work of these kinds that nobody has taken is due; null: none. */
  nextDueAt(kinds: readonly JobKind[], now: Instant): Promise<Instant | null>;
  /** Frees what a process that died had claimed. Only for the one writing process, at its start. */
  releaseAll(): Promise<void>;
}

/**
 * Does one job. Returns when to come back, or null when nothing is left to do; throws to be tried again.
 * `waiting`: it was not done, and could not be; what an earlier try may have done is still to be looked for.
 */
export type JobHandler = (
  key: string,
  attempt: number,
) => Promise<{ readonly notBefore: Instant; readonly waiting?: boolean } | null>;
