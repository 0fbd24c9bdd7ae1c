import type { Decision } from '../../domain/decision.ts';
import type { ApprovedBy, NewEvent } from '../../domain/events.ts';
import { type ActiveGrant, type Grant, intendGrant, tiesOf } from '../../domain/grant.ts';
import { type Actor, BOT, named, personActor } from '../../domain/person.ts';
import type { ApprovedRequest, Review, requestCore, ScheduledRequest, UseReview } from '../../domain/request.ts';
import type { Job } from '../../ports/jobs.ts';
import type { Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import type { DecidedRequest } from '../request/decide.ts';

type Core = ReturnType<typeof requestCore>;

/** The request cut to what the decision allows, which may be less time; for an extension the decision covers the total. */
export function asFarAsAllowed(core: Core, { decision, input }: Pick<DecidedRequest, 'decision' | 'input'>): Core {
  const longest = decision.effect === 'deny' ? null : decision.maxDuration;
  if (longest === null) return core;
  return { ...core, duration: Math.min(core.duration, longest - (input.held ?? 0)) };
}

/** What follows from an approval, to be committed together with its cause. */
export interface Approval {
  readonly request: ApprovedRequest | ScheduledRequest;
  readonly grants: readonly Versioned<Grant>[];
  readonly events: readonly NewEvent[];
  readonly jobs: readonly Job[];
}

export interface ApprovalInput {
  readonly core: Core;
  readonly decided: Omit<DecidedRequest, 'decision'> & { readonly decision: Decision };
  readonly reviews: readonly Review[];
  /** The grant that the request extends; null if it asks for a new one. */
  readonly extending: Versioned<ActiveGrant> | null;
  /** Present for break-glass. */
  readonly useReview: UseReview | null;
}

/** Approves a request and records the intent. The policy, reviewers and break-glass all end here. */
export function approvalChange(deps: Pick<Deps, 'clock' | 'newId' | 'targets'>, input: ApprovalInput): Approval {
  const { core, reviews } = input;
  const isAhead = core.startsAt !== null && core.startsAt > deps.clock.now();
  const approvers = reviews.filter((review) => review.verdict === 'approve');
  const event = (grantId: string | null): NewEvent => ({
    type: 'request.approved',
    actor: approvedBy(input),
    requestId: core.id,
    grantId,
    payload: {
      role: core.role,
      requester: named(core.requester),
      by: basisOf(input),
      approvers: approvers.map((review) => named(review.by)),
      startsAt: isAhead ? core.startsAt : null,
    },
  });
  if (input.extending) return extend(deps, input, input.extending, event(input.extending.value.id));
  if (isAhead && core.startsAt !== null) {
    return {
      request: { ...core, startsAt: core.startsAt, state: 'scheduled', decision: input.decided.decision, reviews },
      grants: [],
      events: [event(null)],
      jobs: [{ kind: 'start', key: core.id, dueAt: core.startsAt }],
    };
  }
  return intend(deps, input, event);
}

/** The intent to give access now. */
function intend(
  deps: Pick<Deps, 'clock' | 'newId' | 'targets'>,
  { core, decided, reviews, useReview }: ApprovalInput,
  approvedEvent: (grantId: string) => NewEvent,
): Approval {
  const now = deps.clock.now();
  const { role, decision, input } = decided;
  const window = core.startsAt === null ? null : core.startsAt + core.duration;
  const grant = intendGrant(
    {
      id: deps.newId('G'),
      requestId: core.id,
      person: core.requester,
      resourceId: role.resourceId,
      place: deps.targets.placeOf(role.resourceId),
      role: core.role,
      grants: role.gives,
      duration: core.duration,
      ties: tiesOf(role, { decision, evidence: input.evidence, incidentId: core.incidentId, window, before: null }),
    },
    now,
  );
  return {
    request: { ...core, state: 'approved', decision, reviews, approvedAt: now, grantId: grant.id, useReview },
    grants: [{ value: grant, version: 0 }],
    events: [
      approvedEvent(grant.id),
      {
        type: 'grant.provisioning',
        actor: BOT,
        requestId: core.id,
        grantId: grant.id,
        payload: {
          role: core.role,
          person: named(core.requester),
          duration: core.duration,
          endsAt: grant.endsAt,
          // What has to be revoked must not depend on a row that somebody with the file can change.
          gives: { place: grant.place, grants: grant.grants },
        },
      },
    ],
    jobs: [
      { kind: 'provision', key: grant.id, dueAt: now },
      // The end is due work from the moment of the intent: a crash right after this commit still ends it.
      { kind: 'end', key: grant.id, dueAt: grant.endsAt },
    ],
  };
}

/** The intent to extend access, which goes on meanwhile. */
function extend(
  deps: Pick<Deps, 'clock'>,
  { core, decided, reviews }: ApprovalInput,
  { value: grant, version }: Versioned<ActiveGrant>,
  approvedEvent: NewEvent,
): Approval {
  const { role, decision, input } = decided;
  const { evidence } = input;
  const ties = tiesOf(role, { decision, evidence, incidentId: core.incidentId, window: null, before: grant.ties });
  const approvedAt = deps.clock.now();
  return {
    request: { ...core, state: 'approved', decision, reviews, approvedAt, grantId: grant.id, useReview: null },
    grants: [{ value: { ...grant, extension: { requestId: core.id, duration: core.duration, ties } }, version }],
    events: [approvedEvent],
    jobs: [{ kind: 'extend', key: grant.id, dueAt: approvedAt }],
  };
}

function basisOf({ decided, reviews, useReview }: ApprovalInput): ApprovedBy {
  if (decided.decision.effect === 'canary') return 'canary';
  if (useReview) return 'break_glass';
  return reviews.length > 0 ? 'reviewers' : 'policy';
}

function approvedBy({ core, reviews, useReview }: ApprovalInput): Actor {
  const last = reviews.at(-1)?.by;
  if (last) return personActor(last);
  return useReview ? personActor(core.requester) : BOT;
}
