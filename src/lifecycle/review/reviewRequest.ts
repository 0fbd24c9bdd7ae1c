import type { NewEvent } from '../../domain/events.ts';
import { isLength } from '../../domain/form.ts';
import { isSameHuman, named, type Person, personActor } from '../../domain/person.ts';
import { findRole, type Role, roleKey } from '../../domain/policy.ts';
import { missingApprovals, voicesOf } from '../../domain/quorum.ts';
import { isRefused, type Refusal, type Refused, refuse } from '../../domain/refusal.ts';
import { type PendingRequest, type Request, type Review, requestCore } from '../../domain/request.ts';
import { reviewSignals, type Signal } from '../../domain/signals.ts';
import type { Millis } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';
import type { Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { extendable } from '../grant/extendGrant.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { commitForHuman, humanBehind, humanSince } from '../people/humans.ts';
import { type ConfirmedFactor, isConfirmed } from '../people/secondFactor.ts';
import { type DecidedRequest, decide } from '../request/decide.ts';
import { mayBeGiven } from '../request/mayBeGiven.ts';
import { signalEvents } from '../request/requestChange.ts';
import { serializeLimited } from '../request/serializeLimited.ts';
import { approvalChange, asFarAsAllowed } from './approvalChange.ts';
import { claimsIn, claimsOf, type Matter, type RequestTerms, type Say, weigh } from './authority.ts';
import { questionOf, termsNow } from './reapproval.ts';

export interface ReviewInput {
  readonly requestId: string;
  readonly reviewerId: string;
  readonly verdict: Review['verdict'];
  readonly comment: string;
  /** Less than was asked for: a shorter time or a narrower role. null if as asked. */
  readonly change: { readonly role: string; readonly duration: Millis } | null;
  readonly factor: ConfirmedFactor | null;
}

/**
 * Records one reviewer's verdict and its consequences. Everything is checked as it is now: the state of
 * the request, both people, the policy on fresh evidence, and the reviewer's standing. Nothing is taken
 * from the clicked message but the request's id.
 */
export async function reviewRequest(deps: Deps, input: ReviewInput): Promise<Request | Refused> {
  const role = (await deps.store.request(input.requestId))?.value.role ?? '';
  return serializeLimited(deps, [role, input.change?.role ?? role], async () => {
    const loaded = await deps.store.request(input.requestId);
    if (!loaded) return refuse({ code: 'unknown_request' });
    const asked = loaded.value;
    if (asked.state !== 'pending') return refuse({ code: 'not_pending', state: asked.state });
    const comment = typed(input.comment);
    if (input.verdict === 'deny' && comment === '') return refuse({ code: 'comment_missing' });

    const reviewer = await deps.directory.person(input.reviewerId);
    if (!reviewer.known) return refuse({ code: 'person_refused', problem: reviewer.problem });
    const requester = await deps.directory.person(asked.requester.slackId);
    if (!requester.known) return refuse({ code: 'person_refused', problem: requester.problem });
    const human = await humanBehind(deps, reviewer.value);
    // The identity at the time of the request and the current one: an address may have changed in between.
    const asking = await humanBehind(deps, asked.requester, requester.value);
    if (isSameHuman(human, asking)) return refuse({ code: 'own_request' });
    const unseen = human.unseen ?? asking.unseen;
    if (unseen && input.verdict === 'approve') return refuse({ code: 'eligibility_unknown', problem: unseen });
    for (const { by } of asked.reviews)
      if (isSameHuman(human, await humanSince(deps, by))) return refuse({ code: 'already_reviewed' });

    const now = await decideNow(deps, asked, requester.value);
    if (isRefused(now)) return now;
    const matter: Matter = { terms: now.terms, requester: asking, when: 'click' };
    const earlier = await weigh(deps, matter, await claimsIn(deps, asked.reviews));
    const say = await sayOf(deps, matter, { asked, reviewer: reviewer.value, earlier: earlier.says, ...input });
    if (isRefused(say)) return say;

    const review: Review = {
      by: reviewer.value,
      onBehalfOf: say.onBehalfOf,
      ...(say.wasAsked && { wasAsked: true }),
      ...(say.wasOnCall && { wasOnCall: true }),
      verdict: input.verdict,
      comment,
      at: deps.clock.now(),
    };
    const signals = await signalsAbout(deps, asked, review);
    const outcome: Outcome = {
      loaded: { value: { ...asked, signals: [...asked.signals, ...signals] }, version: loaded.version },
      review,
      recorded: [await recorded(deps, asked, review, now), ...signalEvents(asked, signals)],
    };
    if (input.verdict === 'deny') return recordDenial(deps, outcome);
    const freeze = await grantingBlocked(deps);
    if (freeze) return refuse(freeze);
    if (now.role.secondFactor.review && !isConfirmed(input.factor, reviewer.value.slackId, deps.clock.now()))
      return refuse({ code: 'second_factor_needed' });
    return recordApproval(deps, outcome, now, { ...input, says: [...earlier.says, say] });
  });
}

interface Outcome {
  readonly loaded: Versioned<PendingRequest>;
  readonly review: Review;
  readonly recorded: readonly NewEvent[];
}

/**
 * In whose name somebody reviews. An authority approves only once: somebody who stands in for a reviewer who
 * has approved, or whose stand-in has, adds nothing. A denial needs no authority that is still unused.
 */
async function sayOf(
  deps: Deps,
  matter: Matter,
  about: {
    readonly asked: PendingRequest;
    readonly reviewer: Person;
    readonly earlier: readonly Say[];
    readonly verdict: Review['verdict'];
  },
): Promise<Say | Refused> {
  const { says, problem } = await weigh(deps, matter, await claimsOf(deps, about.asked, about.reviewer));
  const [first] = says;
  if (!first) return refuse(problem === null ? { code: 'not_a_reviewer' } : { code: 'eligibility_unknown', problem });
  if (about.verdict === 'deny') return first;
  const usedBy = (say: Say) => about.earlier.find(({ human }) => isSameHuman(human, say.human));
  return says.find((say) => !usedBy(say)) ?? refuse({ code: 'authority_used', by: usedBy(first)?.by.slackId ?? '' });
}

type DecidedNow = DecidedRequest & { readonly terms: RequestTerms; readonly person: Person };

/** The policy's decision at this moment: it may have changed since the request came in. */
async function decideNow(deps: Deps, request: PendingRequest, requester: Person): Promise<DecidedNow | Refused> {
  const found = findRole(deps.policy, request.role);
  if (!found) return refuse({ code: 'unknown_role', role: request.role });
  const decided = await decide(deps, found, await questionOf(deps, request, requester), 'decision');
  const { decision } = decided;
  if (decision.effect === 'deny')
    return refuse({ code: 'policy_now_denies', reasons: decision.reasons, outcomes: decision.outcomes });
  const terms = await termsNow(deps, request, requester, decided);
  return isRefused(terms) ? terms : { ...decided, terms, person: requester };
}

/** What is unusual about this review, for information. If the ledger cannot be read, the next commit fails anyway. */
async function signalsAbout(deps: Deps, request: PendingRequest, review: Review): Promise<Signal[]> {
  const [reviewer, requester] = await Promise.all(
    [review.by, request.requester].map(async (who) => {
      const accounts = await deps.store.accountsOf(await humanBehind(deps, who));
      return [who.slackId, ...accounts.filter((id) => id !== who.slackId)];
    }),
  );
  if (!reviewer || !requester) return [];
  const seen = await deps.activity.reviewing({ reviewer, requester }, review.at);
  const given = { at: review.at, verdict: review.verdict, after: review.at - request.submittedAt };
  return reviewSignals(seen, {
    review: given,
    reviewer: review.by.slackId,
    requester: request.requester.slackId,
  });
}

async function recorded(deps: Deps, request: PendingRequest, review: Review, now: DecidedRequest): Promise<NewEvent> {
  const absent = review.onBehalfOf === null ? null : await deps.directory.person(review.onBehalfOf);
  return {
    type: 'review.recorded',
    actor: personActor(review.by),
    requestId: request.id,
    grantId: null,
    payload: {
      role: request.role,
      requester: named(request.requester),
      verdict: review.verdict,
      comment: review.comment,
      onBehalfOf: review.onBehalfOf,
      ...(absent?.known && { inPlaceOf: named(absent.value) }),
      policyHash: deps.policy.hash,
      input: now.input,
      decision: now.decision,
    },
  };
}

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
  { change, factor, says }: Pick<ReviewInput, 'change' | 'factor'> & { readonly says: readonly Say[] },
): Promise<Request | Refused> {
  const narrowed = await narrow(deps, loaded.value, review, change);
  if (isRefused(narrowed)) return narrowed;
  const { request, events: changed } = narrowed;
  const decided = request.role === loaded.value.role ? now : await decideNow(deps, request, now.person);
  if (isRefused(decided)) return decided;
  if (decided.role.secondFactor.review && !isConfirmed(factor, review.by.slackId, deps.clock.now()))
    return refuse({ code: 'second_factor_needed' });
  const wrong = await stillWrong(deps, request, { asked: now.role, given: decided.role });
  if (wrong) return refuse(wrong);

  const reviews = [...request.reviews, review];
  const missing = missingApprovals(now.terms.stages, voicesOf(says));
  if (missing.some((count) => count > 0)) {
    const stillNeeded = now.terms.stages
      .map((stage, index) => ({ ...stage, needed: missing[index] ?? 0 }))
      .filter(({ needed }) => needed > 0);
    const waiting: Request = { ...request, reviews, stillNeeded };
    await deps.store.commit({
      requests: [{ value: waiting, version: loaded.version }],
      events: [...said, ...changed],
    });
    return waiting;
  }
  const human = await humanBehind(deps, request.requester, now.person);
  // The maximum may have changed since the request: never give more than the current one.
  const core = asFarAsAllowed(requestCore(request), decided);
  const extending = core.extends === null ? null : await extendable(deps, core.extends, core.duration);
  if (extending && isRefused(extending)) return extending;
  if (extending && extending.value.role !== request.role) return refuse({ code: 'extension_as_asked' });
  if (!extending && request.startsAt === null) {
    const live = await deps.store.liveGrantOf(human, request.role);
    if (live) return refuse({ code: 'already_holds', role: request.role, until: live.value.endsAt });
  }
  const approval = approvalChange(deps, {
    core,
    decided,
    reviews: reviews.filter(({ by }) => says.some((say) => say.by.slackId === by.slackId)),
    extending,
    useReview: null,
  });
  await commitForHuman(deps, human, {
    requests: [{ value: approval.request, version: loaded.version }],
    grants: approval.grants,
    events: [...said, ...changed, ...approval.events],
    jobs: approval.jobs,
    done: [{ kind: 'expire', key: request.id }],
  });
  return approval.request;
}

/** Why the given role, which the reviewer may have changed, must not be given. */
async function stillWrong(
  deps: Deps,
  request: PendingRequest,
  { asked, given }: { asked: Role; given: Role },
): Promise<Refusal | null> {
  const requester = await deps.directory.person(request.requester.slackId);
  if (!requester.known) return { code: 'person_refused', problem: requester.problem };
  const longest = request.extends === null ? given.duration.max : given.duration.total;
  const form = { duration: request.duration, reason: request.reason, startsAt: null, longest };
  // The requester gave a code only if the original role demanded it: a narrower role that demands one has none yet.
  const factor = asked.secondFactor.request ? 'earlier' : null;
  const isSameRole = roleKey(asked) === roleKey(given);
  return mayBeGiven(deps, { role: given, person: requester.value, form, factor: isSameRole ? 'earlier' : factor });
}

/** The request as the reviewer changed it: never more than was asked for. */
async function narrow(
  deps: Deps,
  request: PendingRequest,
  review: Review,
  change: ReviewInput['change'],
): Promise<{ request: PendingRequest; events: readonly NewEvent[] } | Refused> {
  if (!change) return { request, events: [] };
  // No card offers less of an extension: it is about the role already held, which cannot change.
  if (request.extends !== null) return refuse({ code: 'extension_as_asked' });
  // A form submitted unchanged is no full approval, which has its own button.
  if (change.role === request.role && change.duration === request.duration) return refuse({ code: 'nothing_less' });
  const asked = findRole(deps.policy, request.role);
  const wanted = findRole(deps.policy, change.role);
  if (!asked || !wanted) return refuse({ code: 'unknown_role', role: asked ? change.role : request.role });
  if (!isNarrower(asked, wanted)) return refuse({ code: 'not_narrower', role: change.role });
  const longest = Math.min(request.duration, wanted.duration.max);
  if (!isLength(change.duration) || change.duration > longest) return refuse({ code: 'change_is_wider' });
  if (change.role !== request.role) {
    const human = await humanSince(deps, request.requester);
    const other = await deps.store.pendingRequestOf(human, change.role);
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
