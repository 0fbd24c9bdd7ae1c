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
  /** version 0: must not exist yet. */
  readonly requests?: readonly Versioned<Request>[];
  readonly grants?: readonly Versioned<Grant>[];
  readonly records?: readonly RecordChange[];
  /** Grants that give nothing any more, by what a person says: their seats are owed to nobody. */
  readonly unseated?: readonly string[];
  readonly events?: readonly NewEvent[];
  /** Due work to add or move. */
  readonly jobs?: readonly Job[];
  /** Due work that is done. */
  readonly done?: readonly Pick<Job, 'kind' | 'key'>[];
}

/** Somebody was faster, or the thing exists already: load and decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** The database could not be read or written: locked, full, read-only, damaged. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** Another program holds the database: the same may well succeed in a moment. */
  readonly isBusy: boolean;

  constructor(message: string, { isBusy = false, ...options }: ErrorOptions & { readonly isBusy?: boolean } = {}) {
    super(message, options);
    this.isBusy = isBusy;
  }
}

/** Whether it was only another program that holds the database. */
export const isHeldByAnother = (error: unknown): boolean => error instanceof StorageError && error.isBusy;

export interface HistoryQuestion {
  readonly human: Human;
  readonly since: Instant;
  /** Holders of their roles are listed. */
  readonly resources: readonly string[];
  readonly exceptRequest: string | null;
}

/** What limits look at, with holders as they are known by. */
export type PastAndHolders = Omit<History, 'holders'> & {
  readonly holders: readonly { readonly role: RoleKey; readonly person: Identity }[];
};

export interface Store {
  /** @throws ConflictError, StorageError */
  commit(change: Change): Promise<readonly LedgerEvent[]>;
  request(id: string): Promise<Versioned<Request> | null>;
  requestBySubmission(submissionKey: string): Promise<Versioned<Request> | null>;
  /** One that waits for reviewers, by any account of this human. */
  pendingRequestOf(human: Human, role: RoleKey): Promise<Versioned<Request> | null>;
  grant(id: string): Promise<Versioned<Grant> | null>;
  /** What this human holds of a role, by any of their accounts. */
  liveGrantOf(human: Human, role: RoleKey): Promise<Versioned<LiveGrant> | null>;
  liveGrants(filter: { slackId?: string; resourceId?: string }): Promise<readonly Versioned<LiveGrant>[]>;
  /** Live grants of an earlier version, which did not say where they were given; by id, after this one. */
  liveWithoutPlace(after: string, limit: number): Promise<readonly Versioned<LiveGrant>[]>;
  /** Where anything is live, and on which resources. `place` null: an earlier version did not say. */
  livePlaces(): Promise<readonly { readonly place: string | null; readonly resourceId: string }[]>;
  /** Resources on which anything is live. */
  liveResources(): Promise<readonly string[]>;
  /** People who hold anything, by Slack id, in order, after this one; so many. */
  livePeople(after: string, limit: number): Promise<readonly string[]>;
  /** Live grants that were given for an incident, whether or not it ends them. */
  liveForIncident(incidentId: string): Promise<readonly string[]>;
  /** Requests that are not final: pending and scheduled ones. */
  openRequests(filter: { slackId?: string }): Promise<readonly Versioned<Request>[]>;
  /** Requests that were made together, in the order they were made. */
  bundle(id: string): Promise<readonly Request[]>;
  /** Requests to make a grant longer, in the order they were made. */
  extensionsOf(grant: Pick<Grant, 'id' | 'requestId' | 'person'>): Promise<readonly Request[]>;
  /** A person's newest requests, newest first. */
  recentRequests(slackId: string, limit: number): Promise<readonly Request[]>;
  /** Everybody who was ever given anything on a resource, by account and mailbox; an erased one has no mailbox. */
  peopleAt(resourceId: string): Promise<readonly { readonly slackId: string; readonly mailbox: string }[]>;
  /** What limits look at. A request that is decided again does not count against itself. */
  history(about: HistoryQuestion): Promise<PastAndHolders>;
  /** Slack ids of this human's accounts, with those that asked for something under one of their mailboxes. */
  accountsOf(human: Human): Promise<readonly string[]>;
  /** A person's newest grants, newest first. */
  recentGrants(slackId: string, limit: number): Promise<readonly Grant[]>;
  /** Uses of break-glass that nobody has reviewed; of one human, where given. */
  unreviewedUses(human?: Human): Promise<readonly (Request & { state: 'approved' })[]>;
  /** Version 0 and null: never set. */
  record<K extends keyof Records>(kind: K, key: string): Promise<Versioned<Records[K]>>;
  records<K extends keyof Records>(kind: K): Promise<readonly NonNullable<Records[K]>[]>;
}
