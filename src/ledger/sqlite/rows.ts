/** Shared by the store's reads: conditions, and rows turned back into what they were written from. */

import { type Grant, isLive, LIVE_STATES, type LiveGrant } from '../../domain/grant.ts';
import type { Human } from '../../domain/person.ts';
import type { Records } from '../../domain/records.ts';
import type { Request } from '../../domain/request.ts';
import type { Versioned } from '../../ports/store.ts';
import { jsonIn } from './jsonIn.ts';
import type { records } from './schema.ts';

/** A state as it is stored in its row. */
export interface StoredRow {
  readonly version: number;
  readonly body: string;
}

// Only writes.ts writes rows, from the types that they are read back as.
export const toRequest = (row: StoredRow | undefined): Versioned<Request> | null =>
  row ? { value: JSON.parse(row.body) as Request, version: row.version } : null;

export const toGrant = (row: StoredRow | undefined): Versioned<Grant> | null =>
  row ? { value: JSON.parse(row.body) as Grant, version: row.version } : null;

// A body that is no JSON any more counts as missing; mendState corrects and reports it before anything is granted.
export const toRecord = <K extends keyof Records>(row: typeof records.$inferSelect): Records[K] | null =>
  (jsonIn(row.body) ?? null) as Records[K] | null;

export const liveOnly = (loaded: Versioned<Grant> | null): Versioned<LiveGrant> | null =>
  loaded && isLive(loaded.value) ? { value: loaded.value, version: loaded.version } : null;

/** A human as a statement's parameters: JSON arrays of accounts and mailboxes. */
export interface Whose {
  readonly accounts: string;
  readonly mailboxes: string;
}

export const whose = ({ accounts, mailboxes }: Human): Whose => ({
  accounts: JSON.stringify(accounts),
  mailboxes: JSON.stringify(mailboxes),
});

export const amongAccounts = (column: string): string => `${column} IN (SELECT value FROM json_each(@accounts))`;
export const AMONG_MAILBOXES = 'mailbox IN (SELECT value FROM json_each(@mailboxes))';
export const REQUESTED_BY = `(${amongAccounts('requester')} OR ${AMONG_MAILBOXES})`;
export const IS_LIVE = `state IN (${LIVE_STATES.map((state) => `'${state}'`).join(', ')})`;
