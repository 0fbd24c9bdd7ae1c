/** What has become of requests and grants, as events tell it. */

import type { Book, Told as ToldEvent } from '../model/book.ts';
import type { Fates } from './due.ts';

export function noFates(book: Book): Fates {
  return {
    book,
    closed: new Map(),
    denials: new Map(),
    over: new Map(),
    endingBy: new Map(),
    ends: new Map(),
    passed: new Map(),
    reasons: new Map(),
    verdicts: new Set(),
    asked: new Set(),
    grantOf: (requestId) => {
      const extended = book.requests.get(requestId)?.extends ?? null;
      if (extended !== null) return book.grants.get(extended);
      return [...book.grants.values()].find(({ request }) => request.id === requestId);
    },
  };
}

/** What is no longer so with each kind of event. */
const PASSES: Partial<Record<ToldEvent['type'], readonly string[]>> = {
  'request.approved': ['open'],
  'request.denied': ['open', 'scheduled'],
  'request.cancelled': ['open', 'scheduled'],
  'request.expired': ['open', 'scheduled'],
  'grant.revoking': ['active'],
  'grant.ended': ['active', 'overdue'],
  'grant.failed': ['active', 'overdue'],
};

/** @param troubles how often something had gone wrong by then */
export function noteFate(fates: Fates, event: ToldEvent, troubles: number): void {
  const { type, at, requestId, grantId, actor, said } = event;
  for (const state of PASSES[type] ?? []) note(`${(type.startsWith('grant.') ? grantId : requestId) ?? ''} ${state}`);
  // What was approved for later is approved once more when it begins.
  if (type === 'request.approved' && fates.book.requests.get(requestId ?? '')?.state === 'approved')
    note(`${requestId} scheduled`);
  function note(what: string): void {
    if (!fates.passed.has(what)) fates.passed.set(what, { at, troubles });
  }
  const request = requestId ?? '';
  const grant = grantId ?? '';
  switch (type) {
    case 'request.submitted':
      fates.reasons.set(request, String(said.reason));
      break;
    case 'review.recorded':
      if (said.verdict === 'deny') fates.denials.set(request, { by: actor, comment: String(said.comment) });
      break;
    case 'request.approved':
      if (fates.book.requests.get(request)?.state === 'approved') fates.closed.set(request, 'approved');
      break;
    case 'request.denied':
      fates.closed.set(request, 'denied');
      if (said.by === 'policy') fates.denials.set(request, { by: null, comment: '' });
      break;
    case 'request.cancelled':
      fates.closed.set(request, 'cancelled');
      break;
    case 'request.expired':
      fates.closed.set(request, 'expired');
      break;
    case 'grant.activated':
    case 'grant.extended':
    case 'grant.shortened':
      fates.ends.set(grant, [...(fates.ends.get(grant) ?? []), Number(said.endsAt)]);
      break;
    case 'grant.revoking':
      fates.endingBy.set(grant, actor);
      break;
    case 'grant.ended':
    case 'grant.failed':
      fates.over.set(grant, {
        at,
        why: String(said.why ?? 'provision_failed'),
        by: fates.endingBy.get(grant) ?? actor,
        isFailed: type === 'grant.failed',
      });
      break;
    case 'break_glass.reviewed':
      fates.verdicts.add(request);
      break;
    default:
      break;
  }
}
