import { type NewEvent, named } from '../domain/events.ts';
import { isLength } from '../domain/form.ts';
import { isSamePerson, type Person, personActor } from '../domain/person.ts';
import { findRole, type Role, roleKey, type Stage } from '../domain/policy.ts';
import { missingApprovals } from '../domain/quorum.ts';
import { isRefused, type Refusal, type Refused, refuse } from '../domain/refusal.ts';
import { type PendingRequest, type Request, type Review, requestCore } from '../domain/request.ts';
import { reviewSignals, type Signal } from '../domain/signals.ts';
import type { Millis } from '../domain/terms.ts';
import type { Versioned } from '../ports.ts';
import { approve } from './approval.ts';
import { type Decided, decide } from './decide.ts';
import type { Deps } from './deps.ts';
import { type Standing, standingOf } from './eligibility.ts';
import { extendable } from './extendGrant.ts';
import { frozen } from './freeze.ts';
import { mayBeGiven } from './mayBeGiven.ts';
import { signalEvents } from './openRequest.ts';
import { type ConfirmedFactor, isConfirmed } from './secondFactor.ts';
import { withinLimits } from './withinLimits.ts';

export interface ReviewInput {
  readonly requestId: string;
  readonly reviewerId: string;
  readonly verdict: Review['verdict'];
  readonly comment: string;
  /** Less than was asked for: a shorter time, a narrower role. null: as asked. */
  readonly change: { readonly role: string; readonly duration: Millis } | null;
  readonly factor: ConfirmedFactor | null;
}

/**
 * Records one reviewer's word, and what follows from it. Everything is checked as it is now: the state of
 * the request, both people, the policy on fresh evidence, and the reviewer's standing. Nothing is taken
 * from the message that was clicked but the request's id.
 */
export async function reviewRequest(deps: Deps, input: ReviewInput): Promise<Request | Refused> {
  const role = (await deps.store.request(input.requestId))?.value.role ?? '';
  return withinLimits(deps, [role, input.change?.role ?? role], async () => {
    const loaded = await deps.store.request(input.requestId);
    if (!loaded) return refuse({ code: 'unknown_request' });
    const asked = loaded.value;
    if (asked.state !== 'pending') return refuse({ code: 'not_pending', state: asked.state });
    const comment = input.comment.trim();
    if (input.verdict === 'deny' && comment === '') return refuse({ code: 'comment_missing' });

    const reviewer = await deps.directory.person(input.reviewerId);
    if (!reviewer.known) return refuse({ code: 'person_refused', problem: reviewer.problem });
    const isSame = (a: Person, b: Person) => isSamePerson(a, b, deps.policy.samePerson);
    if (isSame(reviewer.value, asked.requester)) return refuse({ code: 'own_request' });
    if (asked.reviews.some((review) => isSame(review.by, reviewer.value))) return refuse({ code: 'already_reviewed' });

    const now = await decideNow(deps, asked);
    if (isRefused(now)) return now;
    const standing = await standingNow(deps, asked, now.stages, [reviewer.value]);
    if (isRefused(standing)) return standing;
    const own = standing.get(reviewer.value.slackId);
    if (!own) return refuse({ code: 'not_a_reviewer' });

    const review: Review = {
      by: reviewer.value,
      onBehalfOf: own.onBehalfOf,
      verdict: input.verdict,
      comment,
      at: deps.clock.now(),
    };
    const signals = await signalsAbout(deps, asked, review);
    const outcome: Outcome = {
      loaded: { value: { ...asked, signals: [...asked.signals, ...signals] }, version: loaded.version },
      review,
      recorded: [recorded(deps, asked, review, now), ...signalEvents(asked, signals)],
    };
    if (input.verdict === 'deny') return recordDenial(deps, outcome);
    const freeze = await frozen(deps);
    if (freeze) return refuse(freeze);
    if (now.role.secondFactor.review && !isConfirmed(input.factor, reviewer.value.slackId, deps.clock.now()))
      return refuse({ code: 'second_factor_needed' });
    return recordApproval(deps, outcome, now, input);
  });
}

interface Outcome {
  readonly loaded: Versioned<PendingRequest>;
  readonly review: Review;
  readonly recorded: readonly NewEvent[];
}

type DecidedNow = Decided & { readonly stages: readonly Stage[] };

/** The policy's word at this moment: it may have changed its mind since the request came in. */
async function decideNow(deps: Deps, request: PendingRequest, role = request.role): Promise<DecidedNow | Refused> {
  const found = findRole(deps.policy, role);
  if (!found) return refuse({ code: 'unknown_role', role });
  const requester = await deps.directory.person(request.requester.slackId);
  if (!requester.known) return refuse({ code: 'person_refused', problem: requester.problem });
  const decided = await decide(deps, found, { ...request, requestId: request.id, person: requester.value }, 'decision');
  const { decision } = decided;
  if (decision.effect === 'deny')
    return refuse({ code: 'policy_now_denies', reasons: decision.reasons, outcomes: decision.outcomes });
  // Where the policy would by now allow it outright, or a reviewer gave a narrower role that others review, the
  // reviewers it was sent to are still the ones to say so.
  const areOwn = decision.effect === 'ask' && request.askedFor === null;
  return { ...decided, stages: areOwn ? decision.stages : request.decision.stages };
}

async function standingNow(
  deps: Deps,
  request: PendingRequest,
  stages: readonly Stage[],
  people: readonly Person[],
): Promise<ReadonlyMap<string, Standing> | Refused> {
  const standings = await standingOf(
    deps,
    request,
    stages,
    people.map(({ slackId }) => slackId),
  );
  return standings.known ? standings.value : refuse({ code: 'eligibility_unknown', problem: standings.problem });
}

/** What is unusual about this review. It informs; where the ledger cannot be read, the commit that follows fails anyway. */
async function signalsAbout(deps: Deps, request: PendingRequest, review: Review): Promise<Signal[]> {
  const reviewer = review.by.slackId;
  const requester = request.requester.slackId;
  const seen = await deps.activity.reviewing(reviewer, requester, review.at);
  const given = { at: review.at, verdict: review.verdict, after: review.at - request.submittedAt };
  return reviewSignals(seen, { review: given, reviewer, requester });
}

const recorded = (deps: Deps, request: PendingRequest, review: Review, now: Decided): NewEvent => ({
  type: 'review.recorded',
  actor: personActor(review.by),
  requestId: request.id,
  grantId: null,
  payload: {
    role: request.role,
    verdict: review.verdict,
    comment: review.comment,
    onBehalfOf: review.onBehalfOf,
    policyHash: deps.policy.hash,
    input: now.input,
    decision: now.decision,
  },
});

async function recordDenial(deps: Deps, { loaded, review, recorded: events }: Outcome): Promise<Request> {
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
      ...events,
      {
        type: 'request.denied',
        actor: personActor(review.by),
        requestId: request.id,
        grantId: null,
        payload: { role: request.role, requester: named(request.requester), by: 'reviewer', reasons: [review.comment] },
      },
    ],
    done: [{ kind: 'expire', key: request.id }],
  });
  return denied;
}

async function recordApproval(
  deps: Deps,
  { loaded, review, recorded: said }: Outcome,
  now: DecidedNow,
  { change, factor }: Pick<ReviewInput, 'change' | 'factor'>,
): Promise<Request | Refused> {
  const narrowed = await narrow(deps, loaded.value, review, change);
  if (isRefused(narrowed)) return narrowed;
  const { request, events: changed } = narrowed;
  const decided = request.role === loaded.value.role ? now : await decideNow(deps, request, request.role);
  if (isRefused(decided)) return decided;
  if (decided.role.secondFactor.review && !isConfirmed(factor, review.by.slackId, deps.clock.now()))
    return refuse({ code: 'second_factor_needed' });
  const wrong = await stillWrong(deps, request, { asked: now.role, given: decided.role });
  if (wrong) return refuse(wrong);

  const reviews = [...request.reviews, review];
  const counting = await stillCounting(deps, loaded.value, reviews, now.stages);
  if (isRefused(counting)) return counting;
  const missing = missingApprovals(
    now.stages,
    [...counting].map(([slackId, { stages }]) => ({ slackId, stages })),
  );
  if (missing.some((count) => count > 0)) {
    const waiting: Request = { ...request, reviews };
    await deps.store.commit({
      requests: [{ value: waiting, version: loaded.version }],
      events: [...said, ...changed],
    });
    return waiting;
  }
  const extending = request.extends === null ? null : await extendable(deps, request.extends, request.duration);
  if (extending && isRefused(extending)) return extending;
  if (extending && extending.value.role !== request.role) return refuse({ code: 'extension_as_asked' });
  if (!extending && request.startsAt === null) {
    const live = await deps.store.liveGrant(request.requester.slackId, request.role);
    if (live) return refuse({ code: 'already_holds', role: request.role, until: live.value.endsAt });
  }
  const approval = approve(deps, {
    core: requestCore(request),
    decided,
    reviews: reviews.filter(({ by }) => counting.has(by.slackId)),
    extending,
    useReview: null,
  });
  await deps.store.commit({
    requests: [{ value: approval.request, version: loaded.version }],
    grants: approval.grants,
    events: [...said, ...changed, ...approval.events],
    jobs: approval.jobs,
    done: [{ kind: 'expire', key: request.id }],
  });
  return approval.request;
}

/** What speaks against the role that is given, which a reviewer may have made another one. */
async function stillWrong(
  deps: Deps,
  request: PendingRequest,
  { asked, given }: { asked: Role; given: Role },
): Promise<Refusal | null> {
  const requester = await deps.directory.person(request.requester.slackId);
  if (!requester.known) return { code: 'person_refused', problem: requester.problem };
  const longest = request.extends === null ? given.duration.max : given.duration.total;
  const form = { duration: request.duration, reason: request.reason, startsAt: null, longest };
  // The code was asked for by the role that was asked for: another one that wants a code was never given one.
  const factor = asked.secondFactor.request ? 'earlier' : null;
  const isSameRole = roleKey(asked) === roleKey(given);
  return mayBeGiven(deps, { role: given, person: requester.value, form, factor: isSameRole ? 'earlier' : factor });
}

/** The request as the reviewer would have it: never more than was asked for. */
async function narrow(
  deps: Deps,
  request: PendingRequest,
  review: Review,
  change: ReviewInput['change'],
): Promise<{ request: PendingRequest; events: readonly NewEvent[] } | Refused> {
  if (!change || (change.role === request.role && change.duration === request.duration)) return { request, events: [] };
  // No card offers less of an extension: it is about the role that is held, which cannot become another one.
  if (request.extends !== null) return refuse({ code: 'extension_as_asked' });
  const asked = findRole(deps.policy, request.role);
  const wanted = findRole(deps.policy, change.role);
  if (!asked || !wanted) return refuse({ code: 'unknown_role', role: asked ? change.role : request.role });
  if (!isNarrower(asked, wanted)) return refuse({ code: 'not_narrower', role: change.role });
  const longest = Math.min(request.duration, wanted.duration.max);
  if (!isLength(change.duration) || change.duration > longest) return refuse({ code: 'change_is_wider' });
  if (change.role !== request.role) {
    const other = await deps.store.pendingRequest(request.requester.slackId, change.role);
    if (other) return refuse({ code: 'already_pending', role: change.role, requestId: other.value.id });
  }
  const { role: _role, duration: _duration, ...rest } = request;
  return {
    request: { ...rest, ...change, askedFor: request.askedFor ?? { role: request.role, duration: request.duration } },
    events: [
      {
        type: 'request.changed',
        actor: personActor(review.by),
        requestId: request.id,
        grantId: null,
        payload: {
          requester: named(request.requester),
          from: { role: request.role, duration: request.duration },
          to: { role: change.role, duration: change.duration },
        },
      },
    ],
  };
}

const isNarrower = (asked: Role, wanted: Role): boolean =>
  asked.resourceId === wanted.resourceId && (asked.id === wanted.id || asked.narrower.includes(wanted.id));

/** Approvals, this one and earlier ones, whose reviewers are still active and still may give them. */
async function stillCounting(
  deps: Deps,
  request: PendingRequest,
  reviews: readonly Review[],
  stages: readonly Stage[],
): Promise<ReadonlyMap<string, Standing> | Refused> {
  const people = await Promise.all(reviews.map((review) => deps.directory.person(review.by.slackId)));
  const active = people.flatMap((person) => (person.known ? [person.value] : []));
  return standingNow(deps, request, stages, active);
}
