import type { RuleDecision } from '../../domain/decision.ts';
import { evaluatePolicy } from '../../domain/evaluate.ts';
import { plannedEnd, tiesOf } from '../../domain/grant.ts';
import { findRole, type Policy, roleKey } from '../../domain/policy.ts';
import type { RoleKey } from '../../domain/terms.ts';
import type { POLICY_TEST } from '../../wording/terminal/options.ts';
import { TESTED } from '../../wording/terminal/policy.ts';
import { policyPath, table } from '../options.ts';
import { readPolicy } from '../readPolicy.ts';
import { print } from '../shown.ts';
import type { Given } from '../spec.ts';
import { type Case, type CaseFile, caseInput, casesBeside, readCases } from './cases.ts';

interface Result {
  readonly name: string;
  readonly role: RoleKey;
  readonly passed: boolean;
  readonly decision: string;
  readonly rule: number | null;
  /** What differs from what was expected. */
  readonly problems: readonly string[];
  /** The case itself, with its time, so that two files of cases can be compared. */
  readonly case: Case;
}

/** Exit codes: 0 all as expected, 1 some are not, 2 they could not be run. */
export async function run({ values, files }: Given<typeof POLICY_TEST>): Promise<number> {
  const path = policyPath(files);
  const { policy } = readPolicy(path);
  const file = readCases(values.cases ?? casesBeside(path));
  const results = file.cases.map((one) => decideCase(policy, one, file));
  const coverage = coverageOf(policy, results);
  const failed = results.filter(({ passed }) => !passed).length;
  if (values.json) process.stdout.write(`${JSON.stringify({ file: file.path, failed, results, coverage }, null, 2)}\n`);
  else printResults(results, coverage, failed);
  return failed > 0 ? 1 : 0;
}

function decideCase(policy: Policy, one: Case, file: CaseFile): Result {
  const about = { name: one.name, role: one.role, case: { ...one, at: one.at ?? file.at } };
  if (!findRole(policy, one.role))
    return { ...about, passed: false, decision: 'deny', rule: null, problems: [TESTED.noRole(one.role)] };
  const { role, input } = caseInput(policy, one, file);
  const decision = evaluatePolicy(role, input);
  const { expect } = one;
  const problems: string[] = [];
  if (decision.effect !== expect.decision) problems.push(TESTED.decision(expect.decision, whyNot(decision)));
  if (expect.rule !== undefined && decision.rule !== expect.rule) problems.push(TESTED.rule(expect.rule));
  if (expect.until !== undefined) {
    const until = endOf(role, decision, input);
    if (until !== expect.until) problems.push(TESTED.until(iso(expect.until), until === null ? null : iso(until)));
  }
  if (expect.reviewers !== undefined) {
    const reviewers = decision.effect === 'ask' ? decision.stages.flatMap((stage) => stage.reviewers) : [];
    if ([...reviewers].sort().join() !== [...expect.reviewers].sort().join())
      problems.push(TESTED.reviewers(expect.reviewers, reviewers));
  }
  return { ...about, passed: problems.length === 0, decision: decision.effect, rule: decision.rule, problems };
}

/** When access that begins now would end. */
function endOf(
  role: Parameters<typeof tiesOf>[0],
  decision: RuleDecision,
  { at, duration, evidence }: ReturnType<typeof caseInput>['input'],
): number | null {
  if (decision.effect === 'deny') return null;
  const longest = Math.min(duration, decision.maxDuration ?? duration);
  const incidentId = evidence.incident?.known ? evidence.incident.value.id : null;
  return plannedEnd(at, longest, tiesOf(role, { decision, evidence, incidentId, window: null, before: null })).endsAt;
}

const whyNot = (decision: RuleDecision): string =>
  decision.outcomes.length === 0 ? decision.reasons.join('; ') : decision.outcomes.map(TESTED.outcome).join(' · ');

const iso = (at: number): string => new Date(at).toISOString();

/** Which rules decided a case. Roles that Open Policy Agent decides have no rules. */
function coverageOf(policy: Policy, results: readonly Result[]) {
  const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const perRole = roles.map((role) => {
    const decided = new Set(
      results.flatMap((result) => (result.role === roleKey(role) && result.rule !== null ? [result.rule] : [])),
    );
    const uncovered = role.rules.map((_, index) => index + 1).filter((rule) => !decided.has(rule));
    return { role: roleKey(role), rules: role.rules.length, uncovered };
  });
  const rules = perRole.reduce((sum, role) => sum + role.rules, 0);
  const covered = rules - perRole.reduce((sum, role) => sum + role.uncovered.length, 0);
  return { rules, covered, roles: perRole };
}

function printResults(results: readonly Result[], coverage: ReturnType<typeof coverageOf>, failed: number): void {
  const rows = results.map(({ passed, name, role, decision, rule }) => [
    passed ? '✓' : '✗',
    name,
    role,
    TESTED.decided(decision, rule),
  ]);
  print(table([TESTED.columns, ...rows]));
  for (const { name, problems } of results) for (const problem of problems) print(`\n✗ ${name}\n  ${problem}`);
  const { covered, rules } = coverage;
  print(`\n${TESTED.totals(results.length - failed, results.length, covered, rules)}`);
  for (const { role, uncovered } of coverage.roles) if (uncovered.length > 0) print(TESTED.uncovered(role, uncovered));
}
