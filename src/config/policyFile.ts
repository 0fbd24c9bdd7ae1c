import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pagerDutyMistakes, sharedInTable } from '../domain/accounts.ts';
import type { Limit, Policy, Resource, RetiredTarget, Role } from '../domain/policy.ts';
import { striker } from '../domain/secrets.ts';
import { counted } from '../domain/text.ts';
import { ConfigError } from './env.ts';
import { entriesOf, fieldOf, spread } from './issues.ts';
import { NAME } from './policyConditions.ts';
import { expandReuse, type Path } from './policyReuse.ts';
import { type PolicyDocument, policySchema, REASON_DEFAULT } from './policySchema.ts';
import { checkResource, checkTarget, lacksSecrets, passwordsOf, secretsOf, type TargetKind } from './policyTargets.ts';
import { lineFinder, readYaml } from './yaml.ts';

export interface PolicyIssue {
  readonly line: number;
  readonly path: string;
  readonly message: string;
}

export interface LoadedPolicy {
  readonly policy: Policy;
  /** What was put in for `${NAME}`, to be kept out of logs. */
  readonly secrets: readonly string[];
  /** Where in the file something of the policy stands. */
  readonly locate: (path: Path) => { readonly line: number; readonly path: string };
}

export type PolicyResult = LoadedPolicy | { readonly issues: readonly PolicyIssue[] };

/** @throws ConfigError with every issue of the file at once, each with line, path and what was expected */
export function loadPolicy(
  path: string,
  kinds: readonly TargetKind[],
  variables: NodeJS.ProcessEnv,
  options: { readonly withoutSecrets?: boolean } = {},
): LoadedPolicy {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: the policy file cannot be read; check JIT_POLICY and the file's permissions`, {
      cause: error,
    });
  }
  const result = parsePolicy(source, kinds, variables, { ...options, folder: dirname(path) });
  if ('policy' in result) return result;
  const lines = result.issues.map((issue) => `  ${path}:${issue.line}  ${issue.path || '(file)'}  ${issue.message}`);
  throw new ConfigError(`${counted(lines.length, 'issue')} in the policy file:\n${lines.join('\n')}`);
}

/**
 * Text to policy. Nothing is half accepted: either a policy, or every issue that keeps it from being one.
 * @param options.withoutSecrets to read it where its secrets are not at hand: a target with a `${NAME}` that is
 *   not set is taken as it stands, and nothing can be reached with it
 */
export function parsePolicy(
  source: string,
  kinds: readonly TargetKind[],
  variables: NodeJS.ProcessEnv,
  { withoutSecrets = false, folder = '.' }: { readonly withoutSecrets?: boolean; readonly folder?: string } = {},
): PolicyResult {
  const read = readYaml(source);
  if ('problem' in read) return { issues: [{ line: read.line, path: '', message: read.problem }] };
  const place = lineFinder(source);
  const issues: PolicyIssue[] = [];
  const secrets = secretsOf(source, variables);
  const strike = striker(secrets);
  const report = (path: Path, message: string) => {
    const where = pathText(path);
    // One word per place: what comes later there mostly follows from the first.
    if (issues.some((issue) => issue.path === where)) return;
    issues.push({ line: place(path), path: where, message: strike(message) });
  };

  const { document: expanded, origin } = expandReuse(read.value, report);
  const parsed = policySchema.safeParse(expanded);
  for (const issue of parsed.error?.issues ?? [])
    for (const { path, message } of spread(issue)) report(origin(path), message);

  const raw = expanded;
  const targets = new Map<string, unknown>();
  const grants = new Map<string, unknown>();
  /** Names that are told of at least somebody. */
  const identified = new Set(
    entriesOf(fieldOf(raw, 'identities')).flatMap(([, names]) => entriesOf(names).map(([name]) => name)),
  );
  for (const [id, resource] of entriesOf(fieldOf(raw, 'resources'))) {
    for (const [at, name] of [
      [['resources', id], id],
      ...entriesOf(fieldOf(resource, 'roles')).map(([role]) => [['resources', id, 'roles', role], role]),
    ] as [Path, string][]) {
      if (!NAME.pattern.test(name)) report(at, NAME.expected);
    }
    const reportOrigin = (at: Path, message: string) => report(origin(at), message);
    const isDark = withoutSecrets && lacksSecrets(fieldOf(resource, 'target'), variables);
    const check = { kinds, variables: isDark ? null : variables, report: reportOrigin, identified, folder };
    checkResource(id, resource, check, { targets, grants });
    checkNarrower(id, resource, reportOrigin);
  }
  checkResourceNames(raw, report);
  const retired: RetiredTarget[] = [];
  for (const [name, target] of entriesOf(fieldOf(raw, 'retired_targets'))) {
    // Its secrets may be gone from the environment. Access that is still live there is then told of, loudly.
    const isDark = lacksSecrets(target, variables);
    const check = { kinds, variables: isDark ? null : variables, report, identified, folder };
    const checked = checkTarget(['retired_targets', name], target, check);
    if (checked) retired.push({ name, kind: String(fieldOf(target, 'kind')), target: checked.target ?? null });
  }
  if (issues.length > 0 || !parsed.success) return { issues: issues.sort((a, b) => a.line - b.line) };
  const policy = {
    ...toPolicy(parsed.data, source, targets, grants, retired),
    secrets,
    passwords: passwordsOf(source, variables),
  };
  checkAccounts(policy, kinds, report);
  if (issues.length > 0) return { issues };
  const locate = (path: Path) => {
    const at = origin(path);
    return { line: place(at), path: pathText(at) };
  };
  return { policy, secrets, locate };
}

/** Nobody is called at a target what somebody else is called there. */
function checkAccounts(
  { resources, identities, samePerson }: Policy,
  kinds: readonly TargetKind[],
  report: (path: Path, message: string) => void,
): void {
  for (const { slackId, message } of pagerDutyMistakes({ identities, samePerson }))
    report(['identities', slackId, 'pagerduty'], message);
  for (const { id, kind, target } of resources.values()) {
    const isDark = target === undefined || target === null;
    const template = isDark ? null : kinds.find((one) => one.kind === kind)?.accountTemplate?.(target);
    const shared = template ? sharedInTable(template, identities, samePerson) : null;
    if (shared)
      report(
        ['identities', shared.ids[1]],
        `${shared.ids.join(' and ')} are both "${shared.account}" at ${id}: two people never share an account. If they are one human, say so under slack.same_person`,
      );
  }
}

/** Shared limits and freezes name resources that there are. */
function checkResourceNames(raw: unknown, report: (path: Path, message: string) => void): void {
  const known = entriesOf(fieldOf(raw, 'resources')).map(([id]) => id);
  for (const field of ['limits', 'freezes', 'resource_groups'] as const) {
    for (const [key, entry] of entriesOf(fieldOf(raw, field))) {
      const named = field === 'resource_groups' ? entry : fieldOf(entry, 'resources');
      if (!Array.isArray(named)) continue;
      const wrong = named.find((name) => !known.includes(String(name)));
      const at = field === 'resource_groups' ? [field, key] : [field, Number(key), 'resources'];
      if (wrong !== undefined)
        report(at, `there is no resource "${String(wrong)}" in this file, and no group of resources of that name`);
    }
  }
}

/** A role that may be given instead has to be another one of the same resource. */
function checkNarrower(id: string, resource: unknown, report: (path: Path, message: string) => void): void {
  const roles = entriesOf(fieldOf(resource, 'roles'));
  for (const [roleId, role] of roles) {
    const narrower = fieldOf(role, 'narrower');
    if (!Array.isArray(narrower)) continue;
    for (const [index, other] of narrower.entries()) {
      if (other === roleId || !roles.some(([name]) => name === other))
        report(
          ['resources', id, 'roles', roleId, 'narrower', index],
          `expected another role of ${id}: ${
            roles
              .map(([name]) => name)
              .filter((name) => name !== roleId)
              .join(', ') || 'it has none'
          }`,
        );
    }
  }
}

function toPolicy(
  document: PolicyDocument,
  source: string,
  targets: ReadonlyMap<string, unknown>,
  grants: ReadonlyMap<string, unknown>,
  retiredTargets: readonly RetiredTarget[],
): Policy {
  const resources = new Map<string, Resource>();
  for (const [id, resource] of Object.entries(document.resources)) {
    const roles = new Map<string, Role>();
    for (const [roleId, role] of Object.entries(resource.roles)) {
      const reason = role.reason ?? REASON_DEFAULT;
      roles.set(roleId, {
        resourceId: id,
        id: roleId,
        name: role.name ?? roleId,
        grants: grants.get(`${id}/${roleId}`),
        reason: { minLength: reason.min_length, ticket: role.reason?.ticket ?? null },
        duration: {
          default: role.duration.default ?? role.duration.max,
          max: role.duration.max,
          total: role.duration.total ?? role.duration.max,
        },
        risk: role.risk,
        narrower: role.narrower,
        ends: { withShift: role.ends.with_shift ?? null, withIncident: role.ends.with_incident ?? null },
        secondFactor: {
          request: role.second_factor.includes('request'),
          review: role.second_factor.includes('review'),
        },
        breakGlass: role.break_glass
          ? {
              members: role.break_glass.members_of,
              max: role.break_glass.max,
              reviewWithin: role.break_glass.review_within,
              reviewers: role.break_glass.reviewers,
              page: role.break_glass.page ?? null,
            }
          : null,
        limits: limitsFor(document, id, role),
        freezes: document.freezes
          .filter(({ resources: only }) => only === undefined || only.includes(id))
          .map(({ from, to, reason: why, except }) => ({ from, to, reason: why, except })),
        opa: role.opa ?? null,
        rules: role.rules,
      });
    }
    resources.set(id, {
      id,
      name: resource.name ?? id,
      kind: resource.target.kind,
      target: targets.get(id),
      services: resource.services ?? [],
      owners: resource.owners ?? [],
      drift: resource.drift,
      roles,
    });
  }
  const { slack } = document;
  return {
    hash: createHash('sha256').update(source).digest('hex'),
    source,
    digest: slack.digest === 'never' ? null : slack.digest,
    driftEvery: document.drift.every,
    auditChannel: slack.audit_channel,
    approvalsChannel: slack.approvals_channel,
    admins: slack.admins,
    auditors: slack.auditors,
    delegates: slack.delegates,
    samePerson: slack.same_person,
    identities: new Map(Object.entries(document.identities)),
    emailDomains: document.email_domains,
    resources,
    retiredTargets,
  };
}

/** A role's own limits, and those that it shares with others. */
function limitsFor(document: PolicyDocument, resourceId: string, role: { limits?: LimitFields | undefined }): Limit[] {
  const limit = (fields: LimitFields, resources: readonly string[] | null): Limit => ({
    resources,
    automatic: fields.automatic ?? null,
    holders: fields.holders ?? null,
    coolDown: fields.cool_down ?? null,
  });
  const everywhere = Object.keys(document.resources);
  const shared = document.limits
    .map((fields) => ({ fields, resources: fields.resources ?? everywhere }))
    .filter(({ resources }) => resources.includes(resourceId));
  return [
    ...(role.limits ? [limit(role.limits, null)] : []),
    ...shared.map(({ fields, resources }) => limit(fields, resources)),
  ];
}

type LimitFields = Omit<PolicyDocument['limits'][number], 'resources'>;

const pathText = (path: Path): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');
