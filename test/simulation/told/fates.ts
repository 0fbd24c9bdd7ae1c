import type { Book, Told as ToldEvent } from '../model/book.ts';
import type { Fates } from './due.ts';

/** What has become of requests and grants, as events tell it. */

export function noFates(book: Book): Fates {
  return {
    book,
    closed: new Map(),
    denials: new Map(),
    over: new Map(),
    endingBy: new Map(),
    ends: new Map(),
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

export function noteFate(fates: Fates, { type, at, requestId, grantId, actor, said }: ToldEvent): void {
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
