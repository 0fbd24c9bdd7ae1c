/** The checks besides the decision that every way to access has to pass: request, extension, start, break-glass. */

import { checkForm } from '../../domain/form.ts';
import type { Person } from '../../domain/person.ts';
import { type Role, roleKey } from '../../domain/policy.ts';
import { type Refusal, refusedField } from '../../domain/refusal.ts';
import type { Instant, Millis } from '../../domain/terms.ts';
import type { Deps } from '../deps.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { type ConfirmedFactor, isConfirmed } from '../people/secondFactor.ts';
import { obstacleFor } from './obstacle.ts';

export interface Wanted {
  readonly role: Role;
  readonly person: Person;
  /** What was asked for, to be checked as in the role's form; null if not filled in yet. `longest` replaces the role's maximum. */
  readonly form: {
    readonly duration: Millis;
    readonly reason: string;
    readonly startsAt: Instant | null;
    readonly longest?: Millis;
  } | null;
  /** The requester's code. `earlier` if it was checked when the request was made. */
  readonly factor: ConfirmedFactor | null | 'earlier';
}

/** @returns the first reason not to give it; null if there is none */
export async function mayBeGiven(deps: Deps, { role, person, form, factor }: Wanted): Promise<Refusal | null> {
  const [wrong] = form ? checkForm(withLongest(role, form.longest), form, deps.clock.now()) : [];
  if (wrong) return wrong;
  const freeze = await grantingBlocked(deps);
  if (freeze) return freeze;
  const obstacle = await obstacleFor(deps, role.resourceId, person);
  if (obstacle !== null) return { code: 'no_account', role: roleKey(role), problem: obstacle };
  if (factor !== 'earlier' && role.secondFactor.request && !isConfirmed(factor, person.slackId, deps.clock.now()))
    return { code: 'second_factor_needed' };
  return null;
}

const withLongest = (role: Role, longest = role.duration.max): Role => ({
  ...role,
  duration: { ...role.duration, max: longest },
});

/** A refusal as a reason in the ledger, for cases without a person to read it. */
export function refusalReason(refusal: Refusal): string {
  if (refusal.code === 'no_account') return refusal.problem;
  if (refusal.code === 'frozen')
    return `nothing is granted now: all access is frozen by ${refusal.by}: ${refusal.reason}`;
  if (refusal.code === 'draining')
    return `nothing is granted ${Number.isFinite(refusal.until) ? `before ${new Date(refusal.until).toISOString()}` : 'for now'}: ${refusal.why}`;
  if (refusal.code === 'ledger_damaged')
    return `nothing is granted now, because the record cannot be relied on: ${refusal.problem}`;
  const field = refusedField(refusal);
  return `the policy's rules for what is asked no longer allow it${field === null ? '' : `, by its ${field}`}`;
}
