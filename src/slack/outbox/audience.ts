import type { EventType, LedgerEvent } from '../../domain/events.ts';

/**
 * Who gets a message about each type of event, besides the audit channel and the card. A new type needs an entry here.
 */
const AUDIENCE = {
  'request.submitted': 'requester',
  'signals.raised': 'nobody',
  'review.recorded': 'nobody',
  'request.changed': 'nobody',
  'request.approved': 'requester',
  'request.denied': 'requester',
  'request.cancelled': 'nobody',
  'request.expired': 'requester',
  'request.escalated': 'others',
  'grant.provisioning': 'nobody',
  'grant.activated': 'requester',
  'grant.extended': 'requester',
  'grant.not_extended': 'requester',
  'grant.shortened': 'requester',
  'grant.revoking': 'nobody',
  'grant.ended': 'requester',
  'grant.declared_gone': 'requester',
  'grant.failed': 'requester',
  'grant.overdue': 'requester',
  'grant.stranded': 'nobody',
  'access.offered': 'others',
  'credential.issued': 'nobody',
  'break_glass.invoked': 'others',
  'break_glass.reminded': 'others',
  'break_glass.unreviewed': 'others',
  'break_glass.reviewed': 'others',
  'delegation.set': 'others',
  'delegation.ended': 'nobody',
  'second_factor.enrolled': 'others',
  'second_factor.locked': 'others',
  'second_factor.reset': 'others',
  'access.frozen': 'others',
  'access.unfrozen': 'others',
  'access_review.started': 'nobody',
  'access_review.answered': 'nobody',
  'access_review.reminded': 'others',
  'access_review.closed': 'others',
  'drift.found': 'nobody',
  'drift.removed': 'nobody',
  'drift.gone': 'nobody',
  'ledger.anchored': 'nobody',
  'ledger.archived': 'nobody',
  'names.erased': 'nobody',
  'ledger.damaged': 'others',
  'alarm.raised': 'others',
  'canary.passed': 'nobody',
  'canary.failed': 'nobody',
  'alarm.ended': 'others',
  'ledger.restored': 'nobody',
  'ledger.reconciled': 'others',
  'ledger.looked': 'nobody',
  'bot.identified': 'nobody',
  'channel.forged': 'nobody',
  'forwarding.shortened': 'nobody',
  'policy.loaded': 'nobody',
  'bot.started': 'nobody',
  'bot.stopped': 'nobody',
  'event.unreadable': 'nobody',
} as const satisfies Record<EventType, 'requester' | 'others' | 'nobody'>;

type ForThem<Audience> = { [T in EventType]: (typeof AUDIENCE)[T] extends Audience ? T : never }[EventType];

export type ForRequester = ForThem<'requester'>;
export type ForOthers = ForThem<'others'>;

const isFor = (audience: string, { type }: LedgerEvent): boolean =>
  Object.hasOwn(AUDIENCE, type) && AUDIENCE[type] === audience;

export const isForRequester = (event: LedgerEvent): event is LedgerEvent<ForRequester> => isFor('requester', event);
export const isForOthers = (event: LedgerEvent): event is LedgerEvent<ForOthers> => isFor('others', event);
