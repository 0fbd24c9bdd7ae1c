/** Decides again before an approval takes effect: the policy may have changed, and people may have left. */

import type { Person } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import { missingApprovals, voicesOf } from '../../domain/quorum.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import type { ApprovedRequest, PendingRequest, Request, ScheduledRequest } from '../../domain/request.ts';
import { durationText, type Millis } from '../../domain/terms.ts';
import type { Deps } from '../deps.ts';
import { humanBehind } from '../people/humans.ts';
import { type DecidedRequest, decide, type Question } from '../request/decide.ts';
import { claimsIn, type RequestTerms, weigh } from './authority.ts';

/** The question of a request, for its requester's current identity. For an extension it is about the total time. */
export async function questionOf(deps: Deps, request: Request, person: Person): Promise<Question> {
  const { id, duration, incidentId, reason, startsAt } = request;
  const held = await heldBefore(deps, request);
  return { person, duration: held + duration, held, incidentId, reason, startsAt, requestId: id };
}

/** How long the access that a request extends already lasts, in ms. */
async function heldBefore({ store }: Deps, { extends: grantId }: Request): Promise<Millis> {
  return grantId === null ? 0 : ((await store.grant(grantId))?.value.duration ?? 0);
}

/**
 * Who may decide about a request now. If a reviewer gave less, those who review the original request; if the policy
 * now allows it without review, still the reviewers it was sent to.
 */
export async function termsNow(
  deps: Deps,
  request: PendingRequest | ApprovedRequest | ScheduledRequest,
  person: Person,
  decided: DecidedRequest,
): Promise<RequestTerms | Refused> {
  const { askedFor } = request;
  const { decision } = askedFor ? await decideAsAsked(deps, { ...request, ...askedFor }, person) : decided;
  if (decision.effect === 'ask') return decision;
  if (decision.effect === 'deny')
    return refuse({ code: 'policy_now_denies', reasons: decision.reasons, outcomes: decision.outcomes });
  return request.decision.effect === 'ask' ? request.decision : { stages: [], escalate: [] };
}

async function decideAsAsked(deps: Deps, asked: Request, person: Person): Promise<Pick<DecidedRequest, 'decision'>> {
  const role = findRole(deps.policy, asked.role);
  if (role) return decide(deps, role, await questionOf(deps, asked, person), 'decision');
  const reasons = [`the role ${asked.role} is no longer in the policy`];
  return { decision: { effect: 'deny', rule: null, reasons, outcomes: [] } };
}

/** Why the policy or the reviews no longer support an approval; null if they do. */
export async function notCarried(
  deps: Deps,
  request: ApprovedRequest | ScheduledRequest,
  person: Person,
  decided: DecidedRequest,
): Promise<readonly string[] | null> {
  const { decision } = decided;
  if (decision.effect === 'allow') return null;
  const approvals = request.reviews.filter(({ verdict }) => verdict === 'approve');
  if (decision.effect === 'deny' || approvals.length === 0)
    return decision.outcomes.length > 0 ? decision.outcomes.flatMap(({ reasons }) => reasons) : decision.reasons;
  const terms = await termsNow(deps, request, person, decided);
  if ('refused' in terms)
    return terms.refused.code === 'policy_now_denies' ? terms.refused.reasons : [terms.refused.code];
  const requester = await humanBehind(deps, request.requester, person);
  if (requester.unseen) return [requester.unseen];
  const { says, problem } = await weigh(
    deps,
    { terms, requester, when: 'afterwards' },
    await claimsIn(deps, approvals),
  );
  const missing = missingApprovals(terms.stages, voicesOf(says)).reduce((sum, count) => sum + count, 0);
  if (missing === 0) return null;
  return [
    problem ??
      `not everybody who approved it still may: ${missing} of the approvals it needs ${missing === 1 ? 'is' : 'are'} missing`,
  ];
}

/** Like `notCarried`, for access with a fixed length, which must not exceed what the decision now allows. */
export async function notCarriedInFull(
  deps: Deps,
  request: ApprovedRequest,
  person: Person,
  decided: DecidedRequest,
): Promise<readonly string[] | null> {
  const { decision, input } = decided;
  const longest = decision.effect === 'deny' ? null : decision.maxDuration;
  if (longest !== null && input.duration > longest)
    return [`by now it may be held for ${durationText(longest)} at most`];
  return notCarried(deps, request, person, decided);
}
