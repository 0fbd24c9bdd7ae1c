/** Shared by the store's reads: conditions, and rows turned back into what they were written from. */

import { LIVE_STATES } from '../../domain/grant.ts';
import type { Human } from '../../domain/person.ts';
import type { Records } from '../../domain/records.ts';
import { jsonIn } from '../book/jsonIn.ts';
import type { records } from './schema.ts';

// A body that is no JSON any more counts as missing; mendState corrects and reports it before anything is granted.
export const toRecord = <K extends keyof Records>(row: typeof records.$inferSelect): Records[K] | null =>
  (jsonIn(row.body) ?? null) as Records[K] | null;

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
