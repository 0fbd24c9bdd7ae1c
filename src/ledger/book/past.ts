import type { History } from '../../domain/evidence.ts';
import type { Request } from '../../domain/request.ts';

/** An approval counts at its start, not at the time of the request. */
export function approvedAlone(request: Request): History['automatic'] {
  if (request.state === 'approved' && request.reviews.length === 0 && request.useReview === null)
    return [{ role: request.role, at: request.approvedAt }];
  if (request.state === 'scheduled' && request.reviews.length === 0)
    return [{ role: request.role, at: request.startsAt }];
  return [];
}

export const deniedByPeople = (request: Request): History['denials'] =>
  request.state === 'denied' && request.reviews.length > 0 ? [{ role: request.role, at: request.deniedAt }] : [];
