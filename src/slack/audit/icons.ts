import type { LedgerEvent } from '../../domain/events.ts';

/** What stands before the line of an event; others have a small blue diamond. */
export const ICONS: Partial<Record<LedgerEvent['type'], string>> = {
  'request.submitted': ':memo:',
  'signals.raised': ':mag:',
  'request.approved': ':white_check_mark:',
  'request.denied': ':no_entry:',
  'grant.activated': ':key:',
  'grant.ended': ':lock:',
  'grant.failed': ':warning:',
  'grant.overdue': ':rotating_light:',
  'grant.stranded': ':rotating_light:',
  'grant.extended': ':key:',
  'break_glass.invoked': ':rotating_light:',
  'break_glass.unreviewed': ':rotating_light:',
  'access.frozen': ':rotating_light:',
  'access_review.started': ':clipboard:',
  'access_review.closed': ':clipboard:',
  'drift.found': ':rotating_light:',
  'access.unfrozen': ':white_check_mark:',
  'ledger.anchored': ':anchor:',
  'ledger.damaged': ':rotating_light:',
  'forwarding.shortened': ':warning:',
  'ledger.looked': ':white_check_mark:',
  'channel.forged': ':rotating_light:',
  'event.unreadable': ':rotating_light:',
};
