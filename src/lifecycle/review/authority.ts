/** In whose name somebody may approve a request now, by accounts, groups, shifts and the policy. */

import { pagerDutyAddress } from '../../domain/accounts.ts';
import { bothHumans, type Human, isSameHuman, type Person } from '../../domain/person.ts';
import type { EscalationStep, Stage } from '../../domain/policy.ts';
import type { Voice } from '../../domain/quorum.ts';
import type { Delegation } from '../../domain/records.ts';
import type { PendingRequest, Review } from '../../domain/request.ts';
import { type Known, unknown } from '../../domain/terms.ts';
import type { Deps } from '../deps.ts';
import { areAmong } from '../people/eligibility.ts';
import { humanBehind } from '../people/humans.ts';

/** Who may decide, as the policy says now. */
export interface RequestTerms {
  readonly stages: readonly Stage[];
  readonly escalate: readonly EscalationStep[];
}

export interface Matter {
  readonly terms: RequestTerms;
  /** Their identity when they asked and their current one. */
  readonly requester: Human;
  /**
   * `click`: everything has to hold now. `afterwards`: enough people approved, and it is about to take effect;
   * by then a stand-in's time or a shift may be over, but no account, group or rule may be gone.
   */
  readonly when: 'click' | 'afterwards';
}

/** The authority by which somebody approves, or did. */
export interface ReviewerClaim {
  readonly by: Person;
  /** All their current and earlier identities. */
  readonly human: Human;
  /** The reviewer whom they stand in for; null if they decide for themselves. */
  readonly onBehalfOf: string | null;
  /** They were asked because nobody had decided. */
  readonly wasAsked: boolean;
  /** They were asked because they were on call. */
  readonly wasOnCall: boolean;
  /** Why their other accounts are unknown now; null if they are known. */
  readonly unseen: string | null;
}

/** A claim that holds. */
export type Say = ReviewerClaim & Voice;

/** The claims that hold. `problem` says why some could not be checked, and is null if all were. */
export interface Weighed {
  readonly says: readonly Say[];
  readonly problem: string | null;
}

export async function weigh(deps: Deps, matter: Matter, claims: readonly ReviewerClaim[]): Promise<Weighed> {
  const weighed = await Promise.all(claims.map((claim) => weighOne(deps, matter, claim)));
  const says = weighed.flatMap((found) => (found.known && found.value ? [found.value] : []));
  const failed = weighed.find((found) => !found.known);
  return { says, problem: failed && !failed.known ? failed.problem : null };
}

async function weighOne(deps: Deps, matter: Matter, claim: ReviewerClaim): Promise<Known<Say | null>> {
  if (isSameHuman(claim.human, matter.requester)) return NOBODY;
  if (claim.unseen !== null) return unknown(claim.unseen);
  return claim.onBehalfOf === null
    ? forThemselves(deps, matter, claim)
    : asStandIn(deps, matter, claim, claim.onBehalfOf);
}

const NOBODY = { known: true, value: null } as const;

async function forThemselves(deps: Deps, matter: Matter, claim: ReviewerClaim): Promise<Known<Say | null>> {
  const own = await stagesOf(deps, matter.terms, claim.by.slackId);
  if (!own.known || own.value.length > 0 || !claim.wasAsked) return own.known ? sayIf(claim, own.value) : own;
  const asked = await wouldBeAsked(deps, matter, claim);
  if (!asked.known) return asked;
  const wasOnCall = asked.value === 'on_call';
  return sayIf({ ...claim, wasOnCall }, asked.value === null ? [] : matter.terms.stages.map((_, index) => index));
}

/** Nobody stands in for the requester, for somebody who has left, or without the policy's permission. */
async function asStandIn(
  deps: Deps,
  matter: Matter,
  claim: ReviewerClaim,
  absentId: string,
): Promise<Known<Say | null>> {
  const absent = await deps.directory.person(absentId);
  if (!absent.known) return NOBODY;
  if (
    matter.when === 'click' &&
    !(await delegationsTo(deps, claim.by.slackId)).some(({ from }) => from.slackId === absentId)
  )
    return NOBODY;
  const human = await humanBehind(deps, absent.value);
  if (isSameHuman(human, matter.requester) || isSameHuman(human, claim.human)) return NOBODY;
  if (human.unseen) return unknown(human.unseen);
  const mayStandIn = await areAmong(deps.directory, deps.policy.delegates, [claim.by.slackId]);
  if (!mayStandIn.known) return mayStandIn;
  if (!mayStandIn.value.has(claim.by.slackId)) return NOBODY;
  const stages = await stagesOf(deps, matter.terms, absentId);
  return stages.known ? sayIf({ ...claim, human: bothHumans(claim.human, human) }, stages.value) : stages;
}

const sayIf = (claim: ReviewerClaim, stages: readonly number[]): Known<Say | null> => ({
  known: true,
  value: stages.length > 0 ? { ...claim, stages } : null,
});

/** Positions of the stages that name somebody as a reviewer. */
async function stagesOf(deps: Deps, { stages }: RequestTerms, slackId: string): Promise<Known<readonly number[]>> {
  const found = await Promise.all(stages.map(({ reviewers }) => areAmong(deps.directory, reviewers, [slackId])));
  const value = found.flatMap((among, index) => (among.known && among.value.has(slackId) ? [index] : []));
  const failed = found.find((among) => !among.known);
  return failed && !failed.known && value.length === 0 ? failed : { known: true, value };
}

/** Whether somebody who was asked by escalation would still be asked now. */
async function wouldBeAsked(
  deps: Deps,
  { terms, when }: Matter,
  { by: person, wasOnCall }: ReviewerClaim,
): Promise<Known<'named' | 'on_call' | null>> {
  const principals = terms.escalate.flatMap(({ to }) => (to.kind === 'people' ? to.principals : []));
  // If a rule has no steps, administrators are asked instead of unavailable reviewers.
  const named = terms.escalate.length > 0 ? principals : deps.policy.admins;
  const among = await areAmong(deps.directory, named, [person.slackId]);
  if (among.known && among.value.has(person.slackId)) return { known: true, value: 'named' };
  const shifts = terms.escalate.flatMap(({ to }) => (to.kind === 'on_call' ? [to] : []));
  if (when === 'afterwards' && wasOnCall && shifts.length > 0) return { known: true, value: 'on_call' };
  let problem = among.known ? null : among.problem;
  if (shifts.length === 0) return problem === null ? { known: true, value: null } : { known: false, problem };
  const address = pagerDutyAddress(person, deps.policy);
  if (!address.known) return address;
  for (const { escalationPolicy, level } of shifts) {
    const onCall = await deps.onCall.onCallFor(escalationPolicy, level);
    if (onCall.known && onCall.value.addresses.includes(address.value)) return { known: true, value: 'on_call' };
    problem = (onCall.known ? onCall.value.unread : onCall.problem) ?? problem;
  }
  return problem === null ? { known: true, value: null } : { known: false, problem };
}

const delegationsTo = async ({ store, clock }: Deps, slackId: string): Promise<readonly Delegation[]> =>
  (await store.records('delegation')).filter(({ to, until }) => to.slackId === slackId && until > clock.now());

/** Every authority by which somebody could decide, their own first. A denial does not need their other accounts. */
export async function claimsOf(
  deps: Deps,
  { escalations }: Pick<PendingRequest, 'escalations'>,
  by: Person,
): Promise<readonly ReviewerClaim[]> {
  const human = await humanBehind(deps, by);
  const wasAsked = escalations.some(({ to }) => to.includes(by.slackId));
  const absent = (await delegationsTo(deps, by.slackId)).map(({ from }) => from.slackId);
  return [null, ...absent].map((onBehalfOf) => ({ by, human, onBehalfOf, wasAsked, wasOnCall: false, unseen: null }));
}

/** The claims of earlier reviews that still count: people who have left have no say. */
export async function claimsIn(deps: Deps, reviews: readonly Review[]): Promise<readonly ReviewerClaim[]> {
  const claims = await Promise.all(
    reviews.map(async ({ by, onBehalfOf, wasAsked = false, wasOnCall = false }): Promise<ReviewerClaim | null> => {
      const now = await deps.directory.person(by.slackId);
      if (!now.known) return null;
      const human = await humanBehind(deps, by, now.value);
      return { by: now.value, human, onBehalfOf, wasAsked, wasOnCall, unseen: human.unseen ?? null };
    }),
  );
  return claims.filter((claim) => claim !== null);
}
