import { dirname } from 'node:path';
import { pagerDutyMistakes, sharedInTable } from '../domain/accounts.ts';
import { CANARY_ID } from '../domain/canary.ts';
import { nearestWord } from '../domain/nearest.ts';
import { findRole, type Policy } from '../domain/policy.ts';
import { createStriker } from '../domain/secrets.ts';
import { IN_FILE, POLICY_ISSUES, UNSET, VARIABLE } from '../wording/terminal/policyFile.ts';
import { FILES } from '../wording/terminal/problems.ts';
import { ConfigError } from './configError.ts';
import { spread } from './issues.ts';
import { fieldNames, policyJsonSchema } from './policyJsonSchema.ts';
import { checkResourceNames, checkResources, checkRetired } from './policyResources.ts';
import { expandReuse, type Path } from './policyReuse.ts';
import { policySchema } from './policySchema.ts';
import { namedIn, passwordsOf, secretsOf, type TargetKind } from './policyTargets.ts';
import { readTextFile } from './readFile.ts';
import { toPolicy } from './toPolicy.ts';
import { fromFiles } from './variables.ts';
import { createLineFinder, readYaml } from './yaml.ts';

export interface PolicyIssue {
  readonly line: number;
  readonly path: string;
  readonly message: string;
}

export interface LoadedPolicy {
  readonly policy: Policy;
  /** The values of `${NAME}` variables, to be redacted. */
  readonly secrets: readonly string[];
  /** Finds the line of a path of the policy. */
  readonly locate: (path: Path) => { readonly line: number; readonly path: string };
}

export type PolicyResult = LoadedPolicy | { readonly issues: readonly PolicyIssue[] };

/** Loads a policy file. @throws ConfigError with all issues of the file, each with line, path and what was expected */
export function loadPolicy(
  path: string,
  kinds: readonly TargetKind[],
  variables: NodeJS.ProcessEnv,
  options: { readonly withoutSecrets?: boolean } = {},
): LoadedPolicy {
  const source = readTextFile(path, FILES.policy);
  const result = parsePolicy(source, kinds, variables, { ...options, folder: dirname(path) });
  if ('policy' in result) return result;
  throw new ConfigError(issuesText(path, result.issues));
}

/** Unset variables are not mistakes in the file, so they are listed separately. */
function issuesText(path: string, issues: readonly PolicyIssue[]): string {
  const block = (head: string, some: readonly PolicyIssue[]) =>
    some.length === 0
      ? []
      : [
          head,
          ...some.map(
            ({ line, path: at, message }) => `  ${path}:${line}  ${at || POLICY_ISSUES.wholeFile}  ${message}`,
          ),
        ];
  const unset = issues.filter(({ message }) => message.startsWith(UNSET));
  const wrong = issues.filter(({ message }) => !message.startsWith(UNSET));
  return [...block(POLICY_ISSUES.wrong(wrong.length), wrong), ...block(POLICY_ISSUES.unset(unset.length), unset)].join(
    '\n',
  );
}

/**
 * Text to policy. Nothing is half accepted: either a policy, or every issue that keeps it from being one.
 * @param options.withoutSecrets to read it where its secrets are not at hand: a target with a `${NAME}` that is
 *   not set is taken as it stands, and nothing can be reached with it
 */
export function parsePolicy(
  source: string,
  kinds: readonly TargetKind[],
  given: NodeJS.ProcessEnv,
  { withoutSecrets = false, folder = '.' }: { readonly withoutSecrets?: boolean; readonly folder?: string } = {},
): PolicyResult {
  const read = readYaml(source);
  if ('problem' in read) return { issues: [{ line: read.line, path: '', message: read.problem }] };
  const place = createLineFinder(source);
  const { filled, problems } = fromFiles([...namedIn(source).keys()], given);
  const variables = { ...given, ...filled };
  const secrets = secretsOf(source, variables);
  const { issues, report } = issueList(place, createStriker(secrets), kinds);
  if (problems.length > 0 && !withoutSecrets) return { issues: problems.map((problem) => fileIssue(source, problem)) };

  const { document, origin } = expandReuse(read.value, report);
  const reportOrigin = (path: Path, message: string) => report(origin(path), message);
  const parsed = policySchema.safeParse(document);
  for (const issue of parsed.error?.issues ?? [])
    for (const { path, message } of spread(issue)) reportOrigin(path, message);
  const reading = { kinds, variables, withoutSecrets, folder };
  const checked = checkResources(document, reading, reportOrigin);
  checkResourceNames(document, report);
  const retiredTargets = checkRetired(document, reading, report);
  if (issues.length > 0 || !parsed.success) return { issues: issues.sort((a, b) => a.line - b.line) };

  const policy = {
    ...toPolicy(parsed.data, source, { ...checked, retiredTargets }),
    secrets,
    passwords: passwordsOf(source, variables),
  };
  checkAccounts(policy, kinds, report);
  checkCanary(policy, kinds, report);
  if (issues.length > 0) return { issues };
  const locate = (path: Path) => {
    const at = origin(path);
    return { line: place(at), path: pathText(at) };
  };
  return { policy, secrets, locate };
}

/** An issue with the `_FILE` of a variable that the policy names. */
const fileIssue = (source: string, { name, message }: { name: string; message: string }): PolicyIssue => ({
  line: source.slice(0, namedIn(source).get(name)).split('\n').length,
  path: '',
  message: VARIABLE.problem(name, message),
});

/**
 * Collects issues, one for each place: later ones at the same place mostly follow from the first, and issues of an
 * object with a misspelt field follow from the spelling.
 */
function issueList(place: (path: Path) => number, strike: (text: string) => string, kinds: readonly TargetKind[]) {
  const issues: PolicyIssue[] = [];
  const told = new Set<string>();
  const misspelt = new Set<string>();
  const report = (path: Path, message: string): void => {
    const where = pathText(path);
    if (misspelt.has(where) || told.has(where)) return;
    told.add(where);
    const isUnknown = message.startsWith(IN_FILE.unknownField);
    if (isUnknown) misspelt.add(pathText(path.slice(0, -1)));
    const whole = isUnknown ? `${message}; ${meant(String(path.at(-1)), kinds)}` : message;
    issues.push({ line: place(path), path: where, message: strike(whole) });
  };
  return { issues, report };
}

function meant(field: string, kinds: readonly TargetKind[]): string {
  const nearest = nearestWord(field, fieldNames(policyJsonSchema(kinds)));
  return nearest === null || nearest === field ? IN_FILE.checkSpelling : IN_FILE.didYouMean(nearest);
}

/** No two people may have the same account at a target. */
function checkAccounts(
  { resources, identities, samePerson }: Policy,
  kinds: readonly TargetKind[],
  report: (path: Path, message: string) => void,
): void {
  for (const { slackId, message } of pagerDutyMistakes({ identities, samePerson }))
    report(['identities', slackId, 'pagerduty'], message);
  for (const { id, kind, target } of resources.values()) {
    const template = target === undefined ? null : kinds.find((one) => one.kind === kind)?.accountTemplate?.(target);
    const shared = template ? sharedInTable(template, identities, samePerson) : null;
    if (shared)
      report(
        shared.ids[1] === CANARY_ID ? ['canary', 'identities'] : ['identities', shared.ids[1]],
        IN_FILE.sharedAccount(shared.ids, shared.account, id),
      );
  }
}

/** Its role has to be there, long enough, and at a target where the canary can have an account. */
function checkCanary(
  policy: Policy,
  kinds: readonly TargetKind[],
  report: (path: Path, message: string) => void,
): void {
  if (!policy.canary) return;
  const role = findRole(policy, policy.canary.role);
  const kind = role && policy.resources.get(role.resourceId)?.kind;
  if (kinds.find((one) => one.kind === kind)?.isOfSlack)
    report(['canary', 'role'], IN_FILE.canaryOfSlack(policy.canary.role));
  if (!role) report(['canary', 'role'], IN_FILE.canaryRole(policy.canary.role));
  else if (policy.canary.lasts > role.duration.max) report(['canary', 'lasts'], IN_FILE.canaryTooLong);
}

const pathText = (path: Path): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');
