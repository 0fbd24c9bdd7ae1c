/** Compares the meaning of two policies: the same situations, decided by both. */

import { SITUATIONS } from '../wording/reasons/policyChanges.ts';
import { CANARY_ID, type CanaryRule } from './canary.ts';
import type { DecisionInput } from './decision.ts';
import { evaluatePolicy } from './evaluate.ts';
import { addTo, plainestIn, type Situations } from './plainest.ts';
import { type BreakGlassRule, type Policy, type Role, roleKey } from './policy.ts';
import { breakGlassText } from './roleText.ts';
import { sampleOf, situationsFor } from './situations.ts';
import { durationText, type RoleKey } from './terms.ts';

/** A situation in which the two policies decide differently. */
export interface Difference {
  readonly role: RoleKey;
  readonly situation: string;
  readonly before: string;
  readonly after: string;
  /** More is allowed than before, less, or the same by other people. */
  readonly direction: 'gains' | 'loses' | 'changes';
}

/** A role with so many situations that not all of them were tried. */
export interface Sampled {
  readonly role: RoleKey;
  readonly tried: number;
  readonly of: number;
}

export function differencesOf(before: Policy, after: Policy): Difference[] {
  return [
    ...canaryDifferences(before, after),
    ...pairsOf(before, after).flatMap(([key, old, now]) => [
      ...roleDifferences(key, old, now),
      ...breakGlassDifference(key, old, now),
    ]),
  ];
}

/** The canary gets its role without approval, whatever the rules say. With another name at targets, somebody else may get it. */
function canaryDifferences(before: Policy, after: Policy): Difference[] {
  const [{ canary: old }, { canary: now }] = [before, after];
  const isSame = old?.role === now?.role && old?.email === now?.email && canaryNames(before) === canaryNames(after);
  const by = ({ email }: CanaryRule, policy = after): string =>
    [SITUATIONS.canary, email, canaryNames(policy)].filter((part) => part !== NO_NAMES).join(', ');
  const given = ({ lasts }: CanaryRule): string => SITUATIONS.canaryGiven(durationText(lasts));
  if (old && now && isSame) {
    if (old.lasts === now.lasts) return [];
    const direction = now.lasts > old.lasts ? 'gains' : 'loses';
    return [{ role: now.role, situation: by(now), before: given(old), after: given(now), direction }];
  }
  return [
    ...(now
      ? [{ role: now.role, situation: by(now), before: 'none', after: given(now), direction: 'gains' } as const]
      : []),
    ...(old
      ? [{ role: old.role, situation: by(old, before), before: given(old), after: 'none', direction: 'loses' } as const]
      : []),
  ];
}

const NO_NAMES = '{}';
const canaryNames = ({ identities }: Policy): string => JSON.stringify(identities.get(CANARY_ID) ?? {});

/** Break-glass gives access whatever the rules say. */
function breakGlassDifference(role: RoleKey, before: Role | undefined, after: Role | undefined): Difference[] {
  const [old, now] = [before?.breakGlass ?? null, after?.breakGlass ?? null];
  const told = { before: breakGlassText({ breakGlass: old }), after: breakGlassText({ breakGlass: now }) };
  if (told.before === told.after) return [];
  const allows = (one: BreakGlassRule | null, other: BreakGlassRule | null): boolean =>
    one !== null && (one.max > (other?.max ?? 0) || one.members.some((member) => !other?.members.includes(member)));
  const direction = allows(now, old) ? 'gains' : allows(old, now) ? 'loses' : 'changes';
  return [{ role, situation: SITUATIONS.breakGlass, ...told, direction }];
}

/** The roles of which a difference may have been missed. */
export function sampledOf(before: Policy, after: Policy): Sampled[] {
  return pairsOf(before, after).flatMap(([role, ...both]) => {
    const { tried, of } = sampleOf(both.flatMap((one) => one ?? []));
    return tried < of ? [{ role, tried, of }] : [];
  });
}

/** Each role of either policy, in the order of their names. */
function pairsOf(before: Policy, after: Policy): [RoleKey, Role | undefined, Role | undefined][] {
  const [old, now] = [rolesOf(before), rolesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().map((key) => [key, old.get(key), now.get(key)]);
}

const rolesOf = (policy: Policy): ReadonlyMap<string, Role> =>
  new Map(
    [...policy.resources.values()].flatMap((resource) =>
      [...resource.roles.values()].map((role) => [roleKey(role), role]),
    ),
  );

function roleDifferences(role: RoleKey, before: Role | undefined, after: Role | undefined): Difference[] {
  const found = new Map<string, { readonly before: string; readonly after: string; readonly where: Situations }>();
  for (const situation of situationsFor([before, after].flatMap((one) => one ?? []))) {
    const outcomes = { before: outcomeOf(before, situation.input), after: outcomeOf(after, situation.input) };
    if (outcomes.before === outcomes.after || isDenied(outcomes.before, outcomes.after)) continue;
    const same = `${outcomes.before} → ${outcomes.after}`;
    const { where } = found.get(same) ?? { where: new Map() };
    found.set(same, { ...outcomes, where });
    addTo(where, situation);
  }
  return [...found.values()].flatMap(({ where, ...outcomes }) =>
    plainestIn(where).map(({ text }) => ({ role, situation: text, ...outcomes, direction: directionOf(outcomes) })),
  );
}

/** What Open Policy Agent will say is not known: it may allow more. */
function directionOf({ before, after }: { before: string; after: string }): Difference['direction'] {
  if (before === BY_OPA || after === BY_OPA) return 'changes';
  return rank(after) > rank(before) ? 'gains' : rank(after) < rank(before) ? 'loses' : 'changes';
}

/** Denied before and after, if for another reason. */
const isDenied = (...outcomes: string[]): boolean => outcomes.every((one) => rank(one) === 0);

/** How much an outcome allows. */
const rank = (outcome: string): number => ['deny', 'ask', 'allow'].indexOf(outcome.split(' ')[0] ?? '');

const BY_OPA = SITUATIONS.byOpa;

function outcomeOf(role: Role | undefined, input: DecisionInput): string {
  if (!role) return SITUATIONS.noRole;
  if (input.duration > role.duration.max) return SITUATIONS.tooLong(durationText(role.duration.max));
  if (role.opa) return BY_OPA;
  const decision = evaluatePolicy(role, input);
  if (decision.effect !== 'ask') return decision.effect;
  return SITUATIONS.asks(decision.stages.map(({ reviewers, needed }) => SITUATIONS.approvals(needed, reviewers)));
}
