/** Reads the ledger of events back. */

import type { Use } from '../domain/accessReview.ts';
import type { LedgerEvent } from '../domain/events.ts';
import type { Activity, ReviewActivity } from '../domain/signals.ts';
import type { Instant, RoleKey } from '../domain/terms.ts';

/** Reads events back, in order. */
export interface EventReader {
  after(seq: number, limit: number): Promise<readonly LedgerEvent[]>;
  get(seq: number): Promise<LedgerEvent | null>;
  newest(): Promise<LedgerEvent | null>;
  /** @returns null if nothing was ever recorded */
  origin(): Promise<Origin | null>;
  /** All events of a rare type, oldest first. */
  marks<T extends MarkType>(type: T): Promise<readonly (LedgerEvent & { readonly type: T })[]>;
}

/** Events so rare that all of them are read at each start; an index finds them. */
export type MarkType =
  | 'bot.identified'
  | 'channel.forged'
  | 'ledger.damaged'
  | 'ledger.looked'
  | 'ledger.restored'
  | 'ledger.reconciled';

/** The origin of a ledger, known even if its beginning is in an archive. */
export interface Origin {
  /** Hash of the very first event: it identifies the ledger. */
  readonly ledger: string;
  readonly began: Instant;
  /** The first event that is still in the database. */
  readonly first: number;
}

/** What an auditor asks about. All given fields have to match. */
export interface EventFilter {
  /** A Slack id, or part of a name. */
  readonly person?: string;
  /** A role key, or a resource id for all its roles. */
  readonly role?: RoleKey;
  readonly requestId?: string;
  readonly incidentId?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  /** At most this many, the newest. */
  readonly limit: number;
}

export interface EventSearch {
  /** Oldest first. */
  find(filter: EventFilter): Promise<readonly LedgerEvent[]>;
  /** Every event about a request, oldest first. */
  ofRequest(requestId: string): Promise<readonly LedgerEvent[]>;
  /** The message in whose thread a request is reviewed; null if it needed no review. */
  cardOf(requestId: string): Promise<{ readonly channel: string; readonly ts: string } | null>;
  /** The latest name that the ledger has of each person, by Slack id. People without one, or with an erased one, are left out. */
  namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** What the ledger says about how people behave. Rejects if it cannot be read. */
export interface ActivityReader {
  /** @param accounts Slack ids of one human */
  asking(accounts: readonly string[], resourceId: string, now: Instant): Promise<Activity>;
  /** Like `asking`, for callers that ask about thousands of resources: says to which ones they ever had access. */
  askingAnywhere(
    accounts: readonly string[],
    now: Instant,
  ): Promise<Pick<Activity, 'requests' | 'denials'> & { readonly resources: ReadonlySet<string> }>;
  /** How often each role was used since `since`. */
  uses(since: Instant): Promise<readonly Use[]>;
  /** @param between the accounts of two people; the first of each stands for all of theirs */
  reviewing(
    between: { readonly reviewer: readonly string[]; readonly requester: readonly string[] },
    now: Instant,
  ): Promise<ReviewActivity>;
}
