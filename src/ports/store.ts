/** Requests, grants and small states, changed one durable commit at a time. */

import type { LedgerEvent, NewEvent } from '../domain/events.ts';
import type { History } from '../domain/evidence.ts';
import type { Grant, LiveGrant } from '../domain/grant.ts';
import type { Human, Identity } from '../domain/person.ts';
import type { Records } from '../domain/records.ts';
import type { Request } from '../domain/request.ts';
import type { Instant, RoleKey } from '../domain/terms.ts';
import type { Job } from './jobs.ts';

/** A loaded thing and the version it must still have when the next state is committed. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: number;
}

/** One small state, by kind and key. */
export type RecordChange = {
  [K in keyof Records]: {
    readonly kind: K;
    readonly key: string;
    readonly value: Records[K];
    readonly version: number;
  };
}[keyof Records];

/** Everything one step changes, committed together or not at all. */
export interface Change {
  /** Version 0 means that it must not exist yet. */
  readonly requests?: readonly Versioned<Request>[];
  readonly grants?: readonly Versioned<Grant>[];
  readonly records?: readonly RecordChange[];
  /** Grants that a person declared gone: their seats are deleted. */
  readonly unseated?: readonly string[];
  readonly events?: readonly NewEvent[];
  /** Due work to add or move. */
  readonly jobs?: readonly Job[];
  /** Due work to delete. */
  readonly done?: readonly Pick<Job, 'kind' | 'key'>[];
}

/** Another commit was faster, or the thing exists already: load and decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** The database could not be read or written: locked, full, read-only, damaged. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** Another program holds the lock: a retry will probably succeed. */
  readonly isBusy: boolean;

  constructor(message: string, { isBusy = false, ...options }: ErrorOptions & { readonly isBusy?: boolean } = {}) {
    super(message, options);
    this.isBusy = isBusy;
  }
}

/** Whether the error is only a lock held by another program. */
export const isHeldByAnother = (error: unknown): boolean => error instanceof StorageError && error.isBusy;

export interface HistoryQuestion {
  readonly human: Human;
  readonly since: Instant;
  /** Resources whose holders are listed. */
  readonly resources: readonly string[];
  readonly exceptRequest: string | null;
}

/** The history that limits look at, with holders by the ids they are known by. */
export type PastAndHolders = Omit<History, 'holders'> & {
  readonly holders: readonly { readonly role: RoleKey; readonly person: Identity }[];
};

export interface Store {
  /** @throws ConflictError, StorageError */
  commit(change: Change): Promise<readonly LedgerEvent[]>;
  request(id: string): Promise<Versioned<Request> | null>;
  requestBySubmission(submissionKey: string): Promise<Versioned<Request> | null>;
  /** The request of this human, by any of their accounts, that waits for reviewers. */
  pendingRequestOf(human: Human, role: RoleKey): Promise<Versioned<Request> | null>;
  grant(id: string): Promise<Versioned<Grant> | null>;
  /** The live grant of a role that this human has by any of their accounts. */
  liveGrantOf(human: Human, role: RoleKey): Promise<Versioned<LiveGrant> | null>;
  liveGrants(filter: { slackId?: string; resourceId?: string }): Promise<readonly Versioned<LiveGrant>[]>;
  /** Live grants from an earlier version, which have no place; ids ascending, after `after`. */
  liveWithoutPlace(after: string, limit: number): Promise<readonly Versioned<LiveGrant>[]>;
  /** Places and resources with live access. `place` is null for grants from an earlier version. */
  livePlaces(): Promise<readonly { readonly place: string | null; readonly resourceId: string }[]>;
  /** Resources with live access. */
  liveResources(): Promise<readonly string[]>;
  /** Slack ids of people with live access, ascending, after `after`; at most `limit`. */
  livePeople(after: string, limit: number): Promise<readonly string[]>;
  /** Live grants that were given for an incident, whether or not it ends them. */
  liveForIncident(incidentId: string): Promise<readonly string[]>;
  /** Open requests: pending and scheduled. */
  openRequests(filter: { slackId?: string }): Promise<readonly Versioned<Request>[]>;
  /** The requests of a bundle, in the order they were made. */
  bundle(id: string): Promise<readonly Request[]>;
  /** Requests to extend a grant, in the order they were made. */
  extensionsOf(grant: Pick<Grant, 'id' | 'requestId' | 'person'>): Promise<readonly Request[]>;
  /** A person's newest requests, newest first. */
  recentRequests(slackId: string, limit: number): Promise<readonly Request[]>;
  /** Everybody who ever had access on a resource, by account and mailbox; erased people have no mailbox. */
  peopleAt(resourceId: string): Promise<readonly { readonly slackId: string; readonly mailbox: string }[]>;
  /** What limits look at. A request that is decided again does not count against itself. */
  history(about: HistoryQuestion): Promise<PastAndHolders>;
  /** Slack ids of this human's accounts, with those that asked for something under one of their mailboxes. */
  accountsOf(human: Human): Promise<readonly string[]>;
  /** A person's newest grants, newest first. */
  recentGrants(slackId: string, limit: number): Promise<readonly Grant[]>;
  /** Break-glass uses that nobody has reviewed; only this human's, if given. */
  unreviewedUses(human?: Human): Promise<readonly (Request & { state: 'approved' })[]>;
  /** `value` is null and `version` 0 if it was never set. */
  record<K extends keyof Records>(kind: K, key: string): Promise<Versioned<Records[K]>>;
  records<K extends keyof Records>(kind: K): Promise<readonly NonNullable<Records[K]>[]>;
}
