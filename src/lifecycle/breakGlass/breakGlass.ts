/** Break-glass: access now, review afterwards. */

import { entitlementsOf } from '../../domain/accessReview.ts';
import type { NewEvent } from '../../domain/events.ts';
import { isLength, REASON_MAX_LENGTH } from '../../domain/form.ts';
import { BOT, type Human, isSameHuman, named, type Person, personActor } from '../../domain/person.ts';
import { BREAK_GLASS_ITEM, type BreakGlassRule, findRole, type Role } from '../../domain/policy.ts';
import { isRefused, type Refusal, type Refused, refuse } from '../../domain/refusal.ts';
import type { ApprovedRequest, Request, requestCore, UseReview } from '../../domain/request.ts';
import { HOUR, type Instant, type Millis } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';
import type { Purpose } from '../../ports/evidence.ts';
import type { Change, Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { revokingChange } from '../grant/endGrant.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { peopleNamed } from '../people/candidates.ts';
import { areAmong, checkAdmin } from '../people/eligibility.ts';
import { commitForHuman, humanBehind, humanSince } from '../people/humans.ts';
import { type ConfirmedFactor, isConfirmed } from '../people/secondFactor.ts';
import { type DecidedRequest, decide } from '../request/decide.ts';
import { mayBeGiven } from '../request/mayBeGiven.ts';
import { obstacleFor } from '../request/obstacle.ts';
import { requestChange, signalsOf, submittedEvents } from '../request/requestChange.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';
import { serializeLimited } from '../request/serializeLimited.ts';
import { type ApprovalInput, approvalChange } from '../review/approvalChange.ts';

/** Minimum length of a break-glass reason, in characters, whatever the role asks otherwise. */
export const EMERGENCY_REASON_MIN_LENGTH = 10;
/** How often an unreviewed use is raised again after its deadline. */
const BRING_UP_EVERY: Millis = 24 * HOUR;

export interface EmergencyInput {
  readonly submissionKey: string;
  readonly personId: string;
  readonly role: string;
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null;
  readonly factor: ConfirmedFactor | null;
}

/** The checks that need only local data. */
export function checkEmergency(
  { policy }: Pick<Deps, 'policy'>,
  input: Pick<EmergencyInput, 'role' | 'duration' | 'reason'>,
): Refusal[] {
  const role = findRole(policy, input.role);
  if (!role) return [{ code: 'unknown_role', role: input.role }];
  if (!role.breakGlass) return [{ code: 'no_break_glass', role: input.role }];
  const { max } = role.breakGlass;
  const refusals: Refusal[] = [];
  if (!isLength(input.duration)) refusals.push({ code: 'duration_not_positive' });
  if (input.duration > max) refusals.push({ code: 'duration_too_long', max, asked: input.duration });
  const length = typed(input.reason).length;
  if (length < EMERGENCY_REASON_MIN_LENGTH)
    refusals.push({ code: 'reason_too_short', minLength: EMERGENCY_REASON_MIN_LENGTH });
  if (length > REASON_MAX_LENGTH) refusals.push({ code: 'reason_too_long', maxLength: REASON_MAX_LENGTH });
  return refusals;
}

/**
 * Gives access at once to people whom the role's break-glass names, whatever its rules say, and makes somebody
 * else's review due. If the rules allow it anyway, it is treated as an ordinary request in every way,
 * with the role's own ticket and reason, and nobody is alerted.
 */
export function breakGlass(deps: Deps, input: EmergencyInput): Promise<Request | Refused> {
  return serializeLimited(deps, [input.role], async () => {
    const repeated = await deps.store.requestBySubmission(input.submissionKey);
    if (repeated) return repeated.value;
    const role = findRole(deps.policy, input.role);
    const [wrong] = checkEmergency(deps, input);
    if (wrong || !role?.breakGlass) return refuse(wrong ?? { code: 'no_break_glass', role: input.role });
    const outlook = await wouldBreak(deps, { role, rule: role.breakGlass, input }, 'decision');
    if (isRefused(outlook)) return outlook;
    const { person, human, decided } = outlook;
    const id = deps.newId('R');
    const core = {
      id,
      bundle: id,
      submissionKey: input.submissionKey,
      requester: person,
      role: input.role,
      duration: input.duration,
      reason: typed(input.reason),
      incidentId: input.incidentId,
      submittedAt: deps.clock.now(),
      startsAt: null,
      extends: null,
      askedFor: null,
      signals: signalsOf(decided),
      seenOnCall: decided.input.evidence.onCall,
    };
    if (outlook.isOrdinary) {
      const { request, change } = requestChange(deps, core, decided, null);
      await commitForHuman(deps, human, change);
      return request;
    }
    const reviewer = await pickReviewer(deps, role.breakGlass, human);
    if (isRefused(reviewer)) return reviewer;
    return commitUse(deps, core, asEmergency(decided), { reviewer, human, rule: role.breakGlass });
  });
}

interface Emergency {
  readonly person: Person;
  readonly human: Human;
  readonly decided: DecidedRequest;
  /** Whether the rules allow it anyway: then it is a request like any other, and nobody is alerted. */
  readonly isOrdinary: boolean;
}

/** Nothing is filled in yet if `reason` is null and `factor` is `earlier`. */
type Attempt = Pick<EmergencyInput, 'personId' | 'role' | 'duration' | 'incidentId'> & {
  readonly reason: string | null;
  readonly factor: EmergencyInput['factor'] | 'earlier';
};

/** What a use of break-glass would lead to, for its form and for the use itself. Changes nothing. */
async function wouldBreak(
  deps: Deps,
  { role, rule, input }: { role: Role; rule: BreakGlassRule; input: Attempt },
  purpose: Purpose,
): Promise<Emergency | Refused> {
  const who = await mayBreakGlass(deps, role, rule, input);
  if (isRefused(who)) return who;
  const { person, human } = who;
  const obstacle = await obstacleFor(deps, role.resourceId, person);
  if (obstacle !== null) return refuse({ code: 'no_account', role: input.role, problem: obstacle });
  const { duration, incidentId, reason, factor } = input;
  const question = { person, duration, incidentId, reason: reason ?? '', requestId: null, startsAt: null };
  const decided = await decide(deps, role, question, purpose);
  const isOrdinary = decided.decision.effect === 'allow' && duration <= role.duration.max;
  if (!isOrdinary) return { person, human, decided, isOrdinary };
  const form = reason === null ? null : { duration, reason, startsAt: null };
  const wrong = await mayBeGiven(deps, { role, person, form, factor });
  if (wrong) return refuse(wrong);
  const pending = await deps.store.pendingRequestOf(human, input.role);
  if (pending) return refuse({ code: 'already_pending', role: input.role, requestId: pending.value.id });
  return { person, human, decided, isOrdinary };
}

/** Previews a break-glass use. @returns whether it would be an ordinary request, with the decision; or the refusal */
export async function previewEmergency(
  deps: Deps,
  asked: Pick<EmergencyInput, 'personId' | 'role' | 'duration' | 'incidentId'>,
): Promise<Pick<Emergency, 'decided' | 'isOrdinary'> | Refused> {
  const role = findRole(deps.policy, asked.role);
  if (!role?.breakGlass) return refuse({ code: 'no_break_glass', role: asked.role });
  const input: Attempt = { ...asked, reason: null, factor: 'earlier' };
  return wouldBreak(deps, { role, rule: role.breakGlass, input }, 'preview');
}

async function mayBreakGlass(
  deps: Deps,
  role: Role,
  rule: BreakGlassRule,
  input: Attempt,
): Promise<{ person: Person; human: Human } | Refused> {
  const freeze = await grantingBlocked(deps);
  if (freeze) return refuse(freeze);
  const removals = (await deps.store.record('removals', input.role)).value ?? [];
  if (
    removals.some(
      ({ entitlement }) => entitlement.startsWith(`${BREAK_GLASS_ITEM}:`) && entitlementsOf(role).includes(entitlement),
    )
  )
    return refuse({ code: 'no_break_glass', role: input.role });
  const person = await deps.directory.person(input.personId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const among = await areAmong(deps.directory, rule.members, [input.personId]);
  if (!among.known) return refuse({ code: 'eligibility_unknown', problem: among.problem });
  if (!among.value.has(input.personId)) return refuse({ code: 'no_break_glass', role: input.role });
  const { factor } = input;
  if (factor !== 'earlier' && role.secondFactor.request && !isConfirmed(factor, input.personId, deps.clock.now()))
    return refuse({ code: 'second_factor_needed' });
  const human = await humanBehind(deps, person.value);
  const late = (await deps.store.unreviewedUses(human)).find(
    ({ useReview }) => useReview && useReview.dueAt <= deps.clock.now(),
  );
  if (late?.useReview)
    return refuse({ code: 'break_glass_unreviewed', requestId: late.id, reviewer: late.useReview.reviewer });
  const live = await deps.store.liveGrantOf(human, input.role);
  if (live) return refuse({ code: 'already_holds', role: input.role, until: live.value.endsAt });
  return { person: person.value, human };
}

const asEmergency = ({ role, input, decision }: DecidedRequest): ApprovalInput['decided'] => ({
  role,
  input,
  decision: {
    effect: 'break_glass',
    rule: null,
    reasons: ['break-glass, to be reviewed'],
    outcomes: decision.outcomes,
    proof: {
      onCall: input.evidence.onCall?.known ? (input.evidence.onCall.value[0] ?? null) : null,
      incident: input.evidence.incident?.known ? input.evidence.incident.value : null,
    },
  },
});

/** Picks a reviewer other than the user: awake if possible, with the fewest waiting reviews. An administrator if there is none. */
async function pickReviewer(deps: Deps, rule: BreakGlassRule, user: Human): Promise<Person | Refused> {
  const waiting = await deps.store.unreviewedUses();
  const load = (candidate: Person) =>
    waiting.filter(({ useReview }) => useReview?.reviewer === candidate.slackId).length;
  for (const principals of [rule.reviewers, deps.policy.admins]) {
    const { people, unseen } = await peopleNamed(deps, principals);
    const humans = await Promise.all(people.map((candidate) => humanBehind(deps, candidate)));
    const candidates = people.filter((_, index) => {
      const human = humans[index];
      return human && !isSameHuman(human, user);
    });
    const ranked = await Promise.all(
      candidates.map(async (candidate) => {
        const awake = await deps.directory.isAwake(candidate);
        return { candidate, rank: load(candidate) + (awake.known && !awake.value ? 1_000 : 0) };
      }),
    );
    const [best] = ranked.sort((a, b) => a.rank - b.rank);
    if (best) return best.candidate;
    const [problem] = unseen;
    if (problem !== undefined) return refuse({ code: 'eligibility_unknown', problem });
  }
  return refuse({ code: 'nobody_to_review' });
}

async function commitUse(
  deps: Deps,
  core: ReturnType<typeof requestCore>,
  decided: ApprovalInput['decided'],
  { reviewer, human, rule }: { reviewer: Person; human: Human; rule: BreakGlassRule },
): Promise<Request> {
  const now = deps.clock.now();
  const useReview: UseReview = {
    reviewer: reviewer.slackId,
    dueAt: now + rule.reviewWithin,
    broughtUp: 0,
    verdict: null,
  };
  const approval = approvalChange(deps, { core, decided, reviews: [], extending: null, useReview });
  const invoked: NewEvent = {
    type: 'break_glass.invoked',
    actor: personActor(core.requester),
    requestId: core.id,
    grantId: approval.grants[0]?.value.id ?? null,
    payload: {
      role: core.role,
      person: named(core.requester),
      duration: core.duration,
      reason: core.reason,
      reviewer: named(reviewer),
      reviewBy: useReview.dueAt,
      page: rule.page,
    },
  };
  await commitForHuman(deps, human, {
    requests: [{ value: approval.request, version: 0 }],
    grants: approval.grants,
    events: [...submittedEvents(deps, core, decided), invoked, ...approval.events],
    jobs: [...approval.jobs, { kind: 'chase_use_review', key: core.id, dueAt: now + rule.reviewWithin / 2 }],
  });
  return approval.request;
}

/** Reminds the named reviewer half-way. From the deadline on, tells the administrators again and again until it is reviewed. */
export function chaseUseReview(deps: Deps, requestId: string): Promise<{ notBefore: Instant } | null> {
  return retryOnConflict(async () => {
    const loaded = await loadUse(deps, requestId);
    if (!loaded || loaded.use.verdict) return null;
    const { use, version, value: request } = loaded;
    const now = deps.clock.now();
    const halfWay = request.approvedAt + (use.dueAt - request.approvedAt) / 2;
    if (now < halfWay) return { notBefore: halfWay };
    const isLate = now >= use.dueAt;
    if (!isLate && use.broughtUp > 0) return { notBefore: use.dueAt };
    const person = await deps.directory.person(use.reviewer);
    const reviewer = { slackId: use.reviewer, name: person.known ? person.value.name : use.reviewer };
    const whose = { role: request.role, person: named(request.requester), reviewer };
    const about = { actor: BOT, requestId, grantId: request.grantId } as const;
    await deps.store.commit({
      requests: [{ value: { ...request, useReview: { ...use, broughtUp: use.broughtUp + 1 } }, version }],
      events: [
        isLate
          ? { ...about, type: 'break_glass.unreviewed', payload: whose }
          : { ...about, type: 'break_glass.reminded', payload: { ...whose, reviewBy: use.dueAt } },
      ],
    });
    return { notBefore: isLate ? now + BRING_UP_EVERY : use.dueAt };
  });
}

export interface UseReviewInput {
  readonly requestId: string;
  readonly reviewerId: string;
  readonly justified: boolean;
  readonly comment: string;
}

/** Records the verdict on a break-glass use by the named reviewer, another of its reviewers, or an administrator. */
export function reviewUse(deps: Deps, input: UseReviewInput): Promise<Request | Refused> {
  return retryOnConflict(async () => {
    const loaded = await loadUse(deps, input.requestId);
    if (!loaded) return refuse({ code: 'unknown_request' });
    const { use, version, value: request } = loaded;
    if (use.verdict) return refuse({ code: 'already_looked_at' });
    const comment = typed(input.comment);
    if (comment === '') return refuse({ code: 'comment_missing' });
    const reviewer = await deps.directory.person(input.reviewerId);
    if (!reviewer.known) return refuse({ code: 'person_refused', problem: reviewer.problem });
    const human = await humanBehind(deps, reviewer.value);
    const user = await humanSince(deps, request.requester);
    if (isSameHuman(human, user)) return refuse({ code: 'own_request' });
    const unseen = human.unseen ?? user.unseen;
    if (unseen) return refuse({ code: 'eligibility_unknown', problem: unseen });
    // The reviewer named at its use must still be one of the role's break-glass reviewers.
    const reviewers = findRole(deps.policy, request.role)?.breakGlass?.reviewers ?? [];
    const among = await areAmong(deps.directory, reviewers, [input.reviewerId]);
    if (!(among.known && among.value.has(input.reviewerId))) {
      const admin = await checkAdmin(deps, input.reviewerId);
      if (isRefused(admin)) return among.known ? refuse({ code: 'not_a_reviewer' }) : admin;
    }
    const verdict = { by: reviewer.value, justified: input.justified, comment, at: deps.clock.now() };
    const reviewed: Request = { ...request, useReview: { ...use, verdict } };
    const ending = input.justified ? null : await endOf(deps, request, reviewer.value);
    await deps.store.commit({
      requests: [{ value: reviewed, version }],
      ...(ending?.grants && { grants: ending.grants }),
      events: [
        {
          type: 'break_glass.reviewed',
          actor: personActor(reviewer.value),
          requestId: request.id,
          grantId: request.grantId,
          payload: { role: request.role, person: named(request.requester), justified: input.justified, comment },
        },
        ...(ending?.events ?? []),
      ],
      ...(ending?.jobs && { jobs: ending.jobs }),
      done: [{ kind: 'chase_use_review', key: request.id }, ...(ending?.done ?? [])],
    });
    return reviewed;
  });
}

/** Unjustified access ends at once, on record as ended by the reviewer. @returns null if it has already ended */
async function endOf(deps: Deps, { grantId }: ApprovedRequest, reviewer: Person): Promise<Change | null> {
  const loaded = await deps.store.grant(grantId);
  if (!loaded || (loaded.value.state !== 'active' && loaded.value.state !== 'provisioning')) return null;
  const now = deps.clock.now();
  const ending = { why: 'revoked', by: personActor(reviewer), problem: 'its use was found not justified' } as const;
  const { change } = revokingChange({ value: loaded.value, version: loaded.version }, ending, now);
  return { ...change, jobs: [{ kind: 'end', key: grantId, dueAt: now }] };
}

async function loadUse(
  deps: Deps,
  requestId: string,
): Promise<(Versioned<ApprovedRequest> & { use: UseReview }) | null> {
  const loaded = await deps.store.request(requestId);
  if (loaded?.value.state !== 'approved' || !loaded.value.useReview) return null;
  return { value: loaded.value, version: loaded.version, use: loaded.value.useReview };
}
