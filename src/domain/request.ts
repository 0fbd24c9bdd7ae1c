import type { AskDecision, Decision } from './decision.ts';
import type { Evidence } from './evidence.ts';
import type { Person } from './person.ts';
import type { Stage } from './policy.ts';
import type { Signal } from './signals.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';

/** One reviewer's verdict on a request. */
export interface Review {
  readonly by: Person;
  /** Whom the reviewer stood in for; null if nobody. */
  readonly onBehalfOf: string | null;
  /** Present if they were asked because nobody had decided. */
  readonly wasAsked?: boolean;
  /** Present if they were asked because they were on call. */
  readonly wasOnCall?: boolean;
  readonly verdict: 'approve' | 'deny';
  readonly comment: string;
  readonly at: Instant;
}

/** An escalation step: people asked additionally because nobody had decided. */
export interface Escalation {
  /** Position in the rule's list, from 0; -1 if the rule's own reviewers cannot decide. */
  readonly step: number;
  readonly at: Instant;
  readonly to: readonly string[];
  /** Why others to ask were unknown, so that the step is retried. Absent if everybody was asked. */
  readonly unseen?: string;
}

/** The review of a break-glass use. */
export interface UseReview {
  /** Slack id of the person who has to review it. */
  readonly reviewer: string;
  readonly dueAt: Instant;
  /** How often it was raised since then. */
  readonly broughtUp: number;
  /** null if not reviewed yet. */
  readonly verdict: {
    readonly by: Person;
    readonly justified: boolean;
    readonly comment: string;
    readonly at: Instant;
  } | null;
}

interface RequestCore {
  readonly id: string;
  /** Shared by requests that were made together; a single request's own id. */
  readonly bundle: string;
  /** Unique per submission by a person: a repeated delivery is the same request. */
  readonly submissionKey: string;
  readonly requester: Person;
  readonly role: RoleKey;
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null;
  readonly submittedAt: Instant;
  /** null means as soon as it is approved. */
  readonly startsAt: Instant | null;
  /** The grant that it asks to extend; null if it asks for a new one. */
  readonly extends: string | null;
  /** The original request, if a reviewer gave less. null if nobody did. */
  readonly askedFor: { readonly role: RoleKey; readonly duration: Millis } | null;
  /** What was unusual about it or its review. */
  readonly signals: readonly Signal[];
  /** PagerDuty's answer about their shifts at the decision; null if no rule asked. Absent in earlier versions. */
  readonly seenOnCall?: Evidence['onCall'];
}

export type PendingRequest = RequestCore & {
  readonly state: 'pending';
  readonly decision: AskDecision;
  readonly expiresAt: Instant;
  readonly reviews: readonly Review[];
  readonly escalations: readonly Escalation[];
  /** What each stage still lacked after the last approval, for display only. Absent if nobody has approved yet. */
  readonly stillNeeded?: readonly Stage[];
};

/** Approved for later: at its start the policy decides again. */
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
  /** Present for break-glass. */
  readonly useReview: UseReview | null;
};

/** A request for a role. All states but `pending` and `scheduled` are final. */
export type Request =
  | PendingRequest
  | ScheduledRequest
  /** Approved by the policy or the reviewers; a grant exists. */
  | ApprovedRequest
  /** Denied by the policy (without reviews) or by a reviewer (the last review). */
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
