import type { LedgerEvent } from '../../domain/events.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Shown } from './shown.ts';

/** Under which key each message to a requester is kept. */
export const noticeKey = (type: LedgerEvent['type'], { request, grant }: Shown): string =>
  `notice:${type}:${grant && ABOUT_GRANTS.has(type) ? grant.id : request.id}`;

/** A grant has one of each of these; the others can come again, each with its own request. */
const ABOUT_GRANTS: ReadonlySet<LedgerEvent['type']> = new Set([
  'grant.activated',
  'grant.shortened',
  'grant.ended',
  'grant.failed',
  'grant.overdue',
  'grant.declared_gone',
]);

/** What the key of every reminder of a grant begins with. */
export const remindersOf = ({ id }: Pick<Grant, 'id'>): string => `reminder:${id}:`;

/** Another end is another reminder. */
export const reminderKey = (grant: Pick<Grant, 'id' | 'endsAt'>): string => `${remindersOf(grant)}${grant.endsAt}`;
