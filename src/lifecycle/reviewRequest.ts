import { type Decision, type DecisionInput, evaluatePolicy } from '../domain/evaluate.ts';
import type { NewEvent } from '../domain/events.ts';
import { isSamePerson, type Person, personActor } from '../domain/person.ts';
import { findRole, type Role } from '../domain/policy.ts';
import { isRefused, type Refused, refuse } from '../domain/refusal.ts';
import { type PendingRequest, type Request, type Review, requestCore } from '../domain/request.ts';
import { approve } from './approval.ts';
import { decideAgain } from './decideAgain.ts';
import type { Deps } from './deps.ts';
import { areAmong } from './eligibility.ts';

export interface ReviewInput {
  readonly requestId: string;
  readonly reviewerId: string;
  readonly verdict: Review['verdict'];
  readonly comment: string;
}

/**
 * Records one reviewer's word, and what follows from it. Everything is checked as it is now: the state of
 * the request, both people, the policy on fresh evidence, and the reviewer's standing. Nothing is taken
 * from the message that was clicked but the request's id.
 */
export function reviewRequest(deps: Deps, input: ReviewInput): Promise<Request | Refused> {
  return decideAgain(async () => {
    const loaded = await deps.store.request(input.requestId);
    if (!loaded) return refuse({ code: 'unknown_request' });
    const request = loaded.value;
    if (request.state !== 'pending') return refuse({ code: 'not_pending', state: request.state });
    const comment = input.comment.trim();
    if (input.verdict === 'deny' && comment === '') return refuse({ code: 'comment_missing' });

    const reviewer = await deps.directory.person(input.reviewerId);
    if (!reviewer.known) return refuse({ code: 'person_refused', problem: reviewer.problem });
    if (isSamePerson(reviewer.value, request.requester)) return refuse({ code: 'own_request' });
    if (request.reviews.some((review) => isSamePerson(review.by, reviewer.value)))
      return refuse({ code: 'already_reviewed' });

    const now = await decideNow(deps, request);
    if (isRefused(now)) return now;
    const standing = await checkStanding(deps, now.reviewers, reviewer.value);
    if (standing) return standing;

    const review: Review = { by: reviewer.value, verdict: input.verdict, comment, at: deps.clock.now() };
    const recorded: NewEvent = {
      type: 'review.recorded',
      actor: personActor(reviewer.value),
      requestId: request.id,
      grantId: null,
      payload: {
        role: request.role,
        verdict: input.verdict,
        comment,
        policyHash: deps.policy.hash,
        input: now.input,
        decision: now.decision,
      },
    };
    const outcome = { loaded: { value: request, version: loaded.version }, review, recorded };
    return input.verdict === 'deny' ? recordDenial(deps, outcome) : recordApproval(deps, outcome, now);
  });
}

interface Outcome {
  readonly loaded: { readonly value: PendingRequest; readonly version: number };
  readonly review: Review;
  readonly recorded: NewEvent;
}

interface DecidedNow {
  readonly role: Role;
  readonly input: DecisionInput;
  readonly decision: Decision;
  readonly reviewers: readonly string[];
  readonly needed: number;
}

/** The policy's word at this moment: it may have changed its mind since the request came in. */
async function decideNow(deps: Deps, request: PendingRequest): Promise<DecidedNow | Refused> {
  const role = findRole(deps.policy, request.role);
  if (!role) return refuse({ code: 'unknown_role', role: request.role });
  const requester = await deps.directory.person(request.requester.slackId);
  if (!requester.known) return refuse({ code: 'person_refused', problem: requester.problem });
  const evidence = await deps.evidence.gather(
    role,
    { person: requester.value, incidentId: request.incidentId },
    'decision',
  );
  const input = { at: deps.clock.now(), personId: request.requester.slackId, duration: request.duration, evidence };
  const decision = evaluatePolicy(role, input);
  if (decision.effect === 'deny') {
    return refuse({ code: 'policy_now_denies', reasons: decision.reasons, outcomes: decision.outcomes });
  }
  // Where the policy would by now allow it outright, the reviewers it was sent to may still say so.
  const { reviewers, needed } = decision.effect === 'ask' ? decision : request.decision;
  return { role, input, decision, reviewers, needed };
}

async function checkStanding(deps: Deps, reviewers: readonly string[], reviewer: Person): Promise<Refused | null> {
  const standing = await areAmong(deps.directory, reviewers, [reviewer.slackId]);
  if (!standing.known) return refuse({ code: 'eligibility_unknown', problem: standing.problem });
  return standing.among.has(reviewer.slackId) ? null : refuse({ code: 'not_a_reviewer' });
}

async function recordDenial(deps: Deps, { loaded, review, recorded }: Outcome): Promise<Request> {
  const request = loaded.value;
  const denied: Request = {
    ...requestCore(request),
    state: 'denied',
    decision: request.decision,
    reviews: [...request.reviews, review],
    deniedAt: review.at,
  };
  await deps.store.commit({
    requests: [{ value: denied, version: loaded.version }],
    events: [
      recorded,
      {
        type: 'request.denied',
        actor: personActor(review.by),
        requestId: request.id,
        grantId: null,
        payload: { role: request.role, requester: request.requester.name, by: 'reviewer', reasons: [review.comment] },
      },
    ],
    done: [{ kind: 'expire', key: request.id }],
  });
  return denied;
}

async function recordApproval(
  deps: Deps,
  { loaded, review, recorded }: Outcome,
  now: DecidedNow,
): Promise<Request | Refused> {
  const request = loaded.value;
  const earlier = await stillCounting(deps, request.reviews, now.reviewers);
  if (isRefused(earlier)) return earlier;
  if (earlier.length + 1 < now.needed) {
    const waiting: Request = { ...request, reviews: [...request.reviews, review] };
    await deps.store.commit({ requests: [{ value: waiting, version: loaded.version }], events: [recorded] });
    return waiting;
  }
  const live = await deps.store.liveGrant(request.requester.slackId, request.role);
  if (live) return refuse({ code: 'already_holds', role: request.role, until: live.value.endsAt });
  const approved = approve(deps, requestCore(request), now.role, now.decision, [...earlier, review]);
  await deps.store.commit({
    requests: [{ value: approved.request, version: loaded.version }],
    grants: [{ value: approved.grant, version: 0 }],
    events: [recorded, ...approved.change.events],
    jobs: approved.change.jobs,
    done: [{ kind: 'expire', key: request.id }],
  });
  return approved.request;
}

/** Earlier approvals whose reviewers are still active and still reviewers. */
async function stillCounting(
  deps: Deps,
  reviews: readonly Review[],
  reviewers: readonly string[],
): Promise<readonly Review[] | Refused> {
  if (reviews.length === 0) return [];
  const people = await Promise.all(reviews.map((review) => deps.directory.person(review.by.slackId)));
  const active = reviews.filter((_, index) => people[index]?.known);
  const standing = await areAmong(
    deps.directory,
    reviewers,
    active.map((review) => review.by.slackId),
  );
  if (!standing.known) return refuse({ code: 'eligibility_unknown', problem: standing.problem });
  return active.filter((review) => standing.among.has(review.by.slackId));
}
