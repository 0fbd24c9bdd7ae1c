/** Freezes and limits, which come before any rule. Unknown evidence never admits anybody. */

import { LIMIT_REASONS } from '../wording/reasons/decisions.ts';
import type { DecisionInput, RuleFinding } from './decision.ts';
import { NO_PROOF } from './decision.ts';
import { isGroup, type Limit, type Role, roleKey } from './policy.ts';
import { durationText, type Instant, type Millis, type RoleKey } from './terms.ts';

/** Why nothing may be granted now; null if granting is fine. */
export function blockedBy(role: Role, input: DecisionInput): string | null {
  return frozenBy(role, input) ?? limitedBy(role, input);
}

function frozenBy(role: Role, { at, personId, evidence }: DecisionInput): string | null {
  const freeze = role.freezes.find(({ from, to }) => from <= at && at < to);
  if (!freeze) return null;
  const isExcepted = freeze.except.some((principal) => {
    if (!isGroup(principal)) return principal === personId;
    const member = evidence.groups[principal];
    return member?.known === true && member.value;
  });
  return isExcepted ? null : LIMIT_REASONS.frozen(new Date(freeze.to).toISOString(), freeze.reason);
}

function limitedBy(role: Role, { at, personId, evidence }: DecisionInput): string | null {
  const bounding = role.limits.filter(({ holders, coolDown }) => holders !== null || coolDown !== null);
  if (bounding.length === 0) return null;
  if (!evidence.history) return LIMIT_REASONS.limitsNotAsked;
  if (!evidence.history.known) return evidence.history.problem;
  const { denials, holders } = evidence.history.value;
  for (const limit of bounding) {
    const counts = countsFor(role, limit);
    // -Infinity if nobody has denied it.
    const denied = Math.max(...denials.filter(counts).map((one) => one.at));
    if (limit.coolDown !== null && at < denied + limit.coolDown)
      return LIMIT_REASONS.coolingDown(durationText(at - denied), durationText(limit.coolDown));
    const others = new Set(holders.filter(counts).map((one) => one.personId));
    others.delete(personId);
    if (limit.holders !== null && others.size >= limit.holders)
      return LIMIT_REASONS.holders(others.size, limit.holders);
  }
  return null;
}

/** Why an allow rule no longer applies, because the person's automatic approvals are used up; null if they are not. */
export function budgetLeft(role: Role, { at, evidence }: DecisionInput): RuleFinding | null {
  const spent = (outcome: RuleFinding['outcome'], reason: string): RuleFinding => ({
    outcome,
    reasons: [reason],
    proof: NO_PROOF,
  });
  for (const limit of role.limits) {
    if (limit.automatic === null) continue;
    if (!evidence.history) return spent('unknown', LIMIT_REASONS.budgetNotAsked);
    if (!evidence.history.known) return spent('unknown', evidence.history.problem);
    const { max, per } = limit.automatic;
    const recent = evidence.history.value.automatic.filter(
      (one) => countsFor(role, limit)(one) && isWithin(one.at, at, per),
    );
    if (recent.length >= max) return spent('not_met', LIMIT_REASONS.automatic(recent.length, durationText(per), max));
  }
  return null;
}

const countsFor =
  (role: Role, { resources }: Limit) =>
  (one: { readonly role: RoleKey }): boolean =>
    resources === null ? one.role === roleKey(role) : resources.includes(one.role.split('/')[0] ?? '');

/** Counts in both directions: an approval for a future time counts around that time. */
const isWithin = (then: Instant, now: Instant, period: Millis): boolean => Math.abs(now - then) < period;
