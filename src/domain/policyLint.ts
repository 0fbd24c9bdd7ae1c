import { LINT, NEVER } from '../wording/reasons/policyLint.ts';
import { type Condition, type Policy, type Role, type Rule, roleKey, type Test } from './policy.ts';
import { durationText } from './terms.ts';

/** Something in a policy that is valid and makes no sense, or deserves a second look. */
export interface LintFinding {
  readonly severity: 'error' | 'warning';
  /** Where it is: keys and positions in the policy file. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** What to do. */
  readonly advice: string;
}

/** Problems of a policy beyond its syntax, from the file alone. */
export function senseOf(policy: Policy): LintFinding[] {
  const named = groupsNamed(policy);
  return [...policy.resources.values()].flatMap((resource) =>
    [...resource.roles.values()].flatMap((role) => [
      ...(role.opa ? [] : roleFindings(role)),
      ...(resource.kind === 'slack' ? opensItself(role, named) : []),
    ]),
  );
}

/** Slack user groups to which the policy gives power, or which may request. */
function groupsNamed({ admins, auditors, delegates, resources }: Policy): ReadonlySet<string> {
  const roles = [...resources.values()].flatMap((one) => [...one.roles.values()].map(({ gives: _, ...rest }) => rest));
  const owners = [...resources.values()].flatMap((one) => one.owners);
  const text = JSON.stringify([admins, auditors, delegates, owners, roles]);
  return new Set([...text.matchAll(/"(S[A-Z0-9]+)"/g)].map(([, id]) => id ?? ''));
}

/** Finds roles that give membership in a group named by the policy: their holders also get what the policy gives that group. */
function opensItself(role: Role, named: ReadonlySet<string>): LintFinding[] {
  const { groups = [] } = role.gives as { groups?: readonly string[] };
  return groups.flatMap((group, index): LintFinding[] =>
    named.has(group)
      ? [
          {
            severity: 'error',
            path: ['resources', role.resourceId, 'roles', role.id, 'grants', 'groups', index],
            message: LINT.opensItself(roleKey(role), group),
            advice: LINT.opensItselfAdvice,
          },
        ]
      : [],
  );
}

function roleFindings(role: Role): LintFinding[] {
  const at = ['resources', role.resourceId, 'roles', role.id];
  const rules = role.rules.flatMap((rule, index) =>
    ruleFindings(role, rule, index).map((found) => ({ ...found, path: [...at, ...found.path] })),
  );
  const ways = role.rules.filter((rule) => rule.effect !== 'deny' && never(rule) === null);
  const findings: LintFinding[] = [...rules];
  if (ways.length === 0)
    findings.push({
      severity: 'error',
      path: at,
      message: LINT.noWay(roleKey(role)),
      advice: LINT.noWayAdvice,
    });
  if (denies(role))
    findings.push({
      severity: 'error',
      path: at,
      message: LINT.deniesAll(roleKey(role)),
      advice: LINT.deniesAllAdvice,
    });
  if (role.breakGlass && role.breakGlass.max > role.duration.total)
    findings.push({
      severity: 'warning',
      path: [...at, 'break_glass', 'max'],
      message: LINT.longBreakGlass(durationText(role.breakGlass.max), durationText(role.duration.total)),
      advice: LINT.longBreakGlassAdvice,
    });
  const spare = (role.breakGlass?.reviewers ?? []).filter((one) => !role.breakGlass?.members.includes(one));
  if (role.breakGlass && spare.length === 0 && role.breakGlass.reviewers.every(isPerson))
    findings.push({
      severity: role.breakGlass.reviewers.length === 1 ? 'error' : 'warning',
      path: [...at, 'break_glass', 'reviewers'],
      message: LINT.reviewsItself,
      advice: LINT.reviewsItselfAdvice,
    });
  return findings;
}

function ruleFindings(role: Role, rule: Rule, index: number): LintFinding[] {
  const path = ['rules', index, rule.effect];
  const findings: LintFinding[] = [];
  const why = never(rule);
  if (why !== null)
    findings.push({
      severity: 'error',
      path,
      message: LINT.never(index + 1, why),
      advice: LINT.neverAdvice,
    });
  const earlier = role.rules.slice(0, index).findIndex((other) => covers(other, rule));
  if (why === null && earlier >= 0)
    findings.push({
      severity: 'warning',
      path,
      message: LINT.covered(index + 1, earlier + 1),
      advice: LINT.coveredAdvice,
    });
  for (const test of rule.when) {
    if (test.kind === 'duration' && test.max >= role.duration.max)
      findings.push({
        severity: 'warning',
        path: [...path, ...(rule.effect === 'ask' ? ['when'] : []), 'duration'],
        message: LINT.alwaysHolds(durationText(role.duration.max)),
        advice: LINT.alwaysHoldsAdvice,
      });
  }
  if (rule.effect === 'ask') findings.push(...reviewerFindings(rule, path));
  return findings;
}

function reviewerFindings(rule: Rule & { effect: 'ask' }, path: readonly (string | number)[]): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const [index, { reviewers, needed }] of rule.stages.entries()) {
    const where = rule.stages.length === 1 ? path : [...path, 'stages', index];
    if (reviewers.length > 0 && reviewers.every(isPerson) && new Set(reviewers).size < needed)
      findings.push({
        severity: 'error',
        path: where,
        message: LINT.tooFew(needed, new Set(reviewers).size),
        advice: LINT.tooFewAdvice,
      });
    const askers = rule.when.flatMap((test) => (test.kind === 'members_of' ? test.principals : []));
    const all = new Set([...reviewers, ...askers]);
    if (reviewers.length > 0 && askers.length > 0 && all.size === 1 && [...all].every(isPerson))
      findings.push({
        severity: 'error',
        path: where,
        message: LINT.ownReviewer,
        advice: LINT.ownReviewerAdvice,
      });
  }
  if (
    new Set(rule.stages.flatMap(({ reviewers }) => reviewers)).size === 1 &&
    rule.stages.flatMap(({ reviewers }) => reviewers).every(isPerson) &&
    rule.escalate.length === 0
  )
    findings.push({
      severity: 'warning',
      path,
      message: LINT.oneReviewer,
      advice: LINT.oneReviewerAdvice,
    });
  return findings;
}

const isPerson = (principal: string): boolean => !principal.startsWith('S');

/** Why a rule can never match; null if it can. */
function never(rule: Rule): string | null {
  if (rule.effect === 'ask' && rule.stages.some(({ reviewers }) => reviewers.length === 0)) return NEVER.noReviewers;
  return neverHolds(rule.when);
}

function neverHolds(condition: Condition): string | null {
  for (const test of condition) {
    if (test.kind === 'members_of' && test.principals.length === 0) return NEVER.nobody;
    if (test.kind === 'on_call' && test.minLevel > test.maxLevel) return NEVER.noLevel;
    if (test.kind === 'unless' && test.condition.every(alwaysHolds)) return NEVER.excludesAll;
    if (test.kind === 'unless' && condition.some((other) => isSame([other], test.condition)))
      return NEVER.contradiction;
  }
  return null;
}

const alwaysHolds = (test: Test): boolean => test.kind === 'unless' && neverHolds(test.condition) !== null;

/** Whether a deny rule holds for everybody at all times. */
const denies = (role: Role): boolean =>
  role.rules.some((rule) => rule.effect === 'deny' && rule.when.every(alwaysHolds));

/** Whether `earlier` matches whenever `later` does: all its tests are among the later one's. */
const covers = (earlier: Rule, later: Rule): boolean =>
  earlier.effect === later.effect && earlier.when.every((test) => later.when.some((other) => isSame([test], [other])));

const isSame = (a: Condition, b: Condition): boolean => JSON.stringify(a) === JSON.stringify(b);
