import type { AskDecision, Decision } from './decision.ts';
import type { Evidence } from './evidence.ts';
import type { Person } from './person.ts';
import type { Stage } from './policy.ts';
import type { Signal } from './signals.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';

/** One reviewer's word on a request. */
export interface Review {
  readonly by: Person;
  /** Whom the reviewer stood in for; null: nobody. */
  readonly onBehalfOf: string | null;
  /** They were asked because nobody had decided. Absent: they were not. */
  readonly wasAsked?: boolean;
  /** They were, for being on call. Absent: for another reason, or not at all. */
  readonly wasOnCall?: boolean;
  readonly verdict: 'approve' | 'deny';
  readonly comment: string;
  readonly at: Instant;
}

/** Somebody who was asked as well, because nobody had decided. */
export interface Escalation {
  /** Position in the rule's list, from 0; -1: the rule's own reviewers cannot do it. */
  readonly step: number;
  readonly at: Instant;
  readonly to: readonly string[];
  /** Why it was not known who else is to be asked: the step is tried again. Absent: everybody was. */
  readonly unseen?: string;
}

/** What is left to do about a use of break-glass. */
export interface UseReview {
  /** Who has to look at it. */
  readonly reviewer: string;
  readonly dueAt: Instant;
  /** How often it was brought up since. */
  readonly broughtUp: number;
  /** null: not looked at yet. */
  readonly verdict: {
    readonly by: Person;
    readonly justified: boolean;
    readonly comment: string;
    readonly at: Instant;
  } | null;
}

interface RequestCore {
  readonly id: string;
  /** Requests that were made together share it; for one alone it is its own id. */
  readonly bundle: string;
  /** Unique per submission by a person; a delivery that comes twice is the same request. */
  readonly submissionKey: string;
  readonly requester: Person;
  readonly role: RoleKey;
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null;
  readonly submittedAt: Instant;
  /** null: as soon as it is approved. */
  readonly startsAt: Instant | null;
  /** The grant that it would make longer; null: it asks for a new one. */
  readonly extends: string | null;
  /** What was asked for at first, where a reviewer gave less. null: nobody did. */
  readonly askedFor: { readonly role: RoleKey; readonly duration: Millis } | null;
  /** What was unusual about it, or about how it was reviewed. */
  readonly signals: readonly Signal[];
  /** What PagerDuty said of their shifts when it was decided; null: no rule asked. Absent: made before this was kept. */
  readonly seenOnCall?: Evidence['onCall'];
}

export type PendingRequest = RequestCore & {
  readonly state: 'pending';
  readonly decision: AskDecision;
  readonly expiresAt: Instant;
  readonly reviews: readonly Review[];
  readonly escalations: readonly Escalation[];
  /** What each stage still lacked after the last approval, for reading only. Absent: nobody has approved yet. */
  readonly stillNeeded?: readonly Stage[];
};

/** Approved for later: at its start the policy is asked again. */
export type ScheduledRequest = RequestCore & {
  readonly state: 'scheduled';
  readonly startsAt: Instant;
  readonly decision: Decision;
  readonly reviews: readonly Review[];
};

export type ApprovedRequest = RequestCore & {
  readonly state: 'approved';
  readonly decision: Decision;
  readonly reviews: readonly Review[];
  readonly approvedAt: Instant;
  readonly grantId: string;
  /** Present where it was break-glass. */
  readonly useReview: UseReview | null;
};

/** Somebody asks for a role. Everything but `pending` and `scheduled` is final. */
export type Request =
  | PendingRequest
  | ScheduledRequest
  /** The policy or the reviewers said yes; a grant exists. */
  | ApprovedRequest
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
export function requestCore(request: RequestCore): RequestCore {
  const { id, bundle, submissionKey, requester, role, duration, reason, incidentId, submittedAt, startsAt } = request;
  return {
    id,
    bundle,
    submissionKey,
    requester,
    role,
    duration,
    reason,
    incidentId,
    submittedAt,
    startsAt,
    extends: request.extends,
    askedFor: request.askedFor,
    signals: request.signals,
    ...(request.seenOnCall !== undefined && { seenOnCall: request.seenOnCall }),
  };
}
