import type { AskDecision, Decision } from './evaluate.ts';
import type { Person } from './person.ts';
import type { Instant, Millis } from './terms.ts';

/** One reviewer's word on a request. */
export interface Review {
  readonly by: Person;
  readonly verdict: 'approve' | 'deny';
  readonly comment: string;
  readonly at: Instant;
}

interface RequestCore {
  readonly id: string;
  /** Unique per submission by a person; a delivery that comes twice is the same request. */
  readonly submissionKey: string;
  readonly requester: Person;
  /** `payments-db/read` */
  readonly role: string;
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null;
  readonly submittedAt: Instant;
}

export type PendingRequest = RequestCore & {
  readonly state: 'pending';
  readonly decision: AskDecision;
  readonly expiresAt: Instant;
  readonly reviews: readonly Review[];
};

/** Somebody asks for a role. Everything but `pending` is final. */
export type Request =
  | PendingRequest
  /** The policy or the reviewers said yes; a grant exists. */
  | (RequestCore & {
      readonly state: 'approved';
      readonly decision: Decision;
      readonly reviews: readonly Review[];
      readonly approvedAt: Instant;
      readonly grantId: string;
    })
  /** The policy (no reviews) or a reviewer (the last review) said no. */
  | (RequestCore & {
      readonly state: 'denied';
      readonly decision: Decision;
      readonly reviews: readonly Review[];
      readonly deniedAt: Instant;
    })
  | (RequestCore & { readonly state: 'cancelled'; readonly decision: Decision; readonly cancelledAt: Instant })
  /** Nobody decided in time. */
  | (RequestCore & { readonly state: 'expired'; readonly decision: Decision; readonly expiredAt: Instant });

/** The fields that every state shares, to build the next state from. */
export function requestCore(request: Request): RequestCore {
  const { id, submissionKey, requester, role, duration, reason, incidentId, submittedAt } = request;
  return { id, submissionKey, requester, role, duration, reason, incidentId, submittedAt };
}
