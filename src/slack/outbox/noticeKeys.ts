import type { LedgerEvent } from '../../domain/events.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Shown } from './shown.ts';

/** The keys of messages to a requester. */
export const noticeKey = (type: LedgerEvent['type'], { request, grant }: Shown): string =>
  `notice:${type}:${grant && ABOUT_GRANTS.has(type) ? grant.id : request.id}`;

/** Types with one message for each grant. The others can repeat, with one for each request. */
const ABOUT_GRANTS: ReadonlySet<LedgerEvent['type']> = new Set([
  'grant.activated',
  'grant.shortened',
  'grant.ended',
  'grant.failed',
  'grant.overdue',
  'grant.declared_gone',
]);

/** The prefix of the keys of a grant's reminders. */
export const remindersOf = ({ id }: Pick<Grant, 'id'>): string => `reminder:${id}:`;

/** The key contains the end, so that a new end gets a new reminder. */
export const reminderKey = (grant: Pick<Grant, 'id' | 'endsAt'>): string => `${remindersOf(grant)}${grant.endsAt}`;
