/** Converts a checked document to the policy. */

import { createHash } from 'node:crypto';
import { CANARY_ID, type CanaryRule } from '../domain/canary.ts';
import type { Limit, Policy, Resource, RetiredTarget, Role } from '../domain/policy.ts';
import { type PolicyDocument, REASON_DEFAULT } from './policySchema.ts';

/** What the provisioners' schemas parsed. */
export interface Checked {
  /** By resource. */
  readonly targets: ReadonlyMap<string, unknown>;
  /** By the key of the role. */
  readonly grants: ReadonlyMap<string, unknown>;
  readonly retiredTargets: readonly RetiredTarget[];
}

type DocumentResource = PolicyDocument['resources'][string];
type DocumentRole = DocumentResource['roles'][string];

export function toPolicy(document: PolicyDocument, source: string, checked: Checked): Policy {
  const { slack } = document;
  const sharedBy = sharesOf(document);
  const resources = Object.entries(document.resources).map(
    ([id, resource]) => [id, toResource(id, resource, { ...checked, shared: sharedBy(id) })] as const,
  );
  return {
    hash: createHash('sha256').update(source).digest('hex'),
    source,
    ...(document.environment !== undefined && { environment: document.environment }),
    digest: slack.digest === 'never' ? null : slack.digest,
    driftEvery: document.drift.every,
    auditChannel: slack.audit_channel,
    approvalsChannel: slack.approvals_channel,
    admins: slack.admins,
    auditors: slack.auditors,
    delegates: slack.delegates,
    ...(document.alarms && { alarms: document.alarms }),
    ...(document.canary && { canary: toCanary(document.canary) }),
    samePerson: slack.same_person,
    identities: new Map([
      ...Object.entries(document.identities),
      ...(document.canary ? [[CANARY_ID, document.canary.identities] as const] : []),
    ]),
    emailDomains: document.email_domains,
    resources: new Map(resources),
    retiredTargets: checked.retiredTargets,
  };
}

function toResource(
  id: string,
  resource: DocumentResource,
  { targets, grants, shared }: Pick<Checked, 'targets' | 'grants'> & { readonly shared: Shares },
): Resource {
  const roles = Object.entries(resource.roles).map(
    ([roleId, role]) =>
      [roleId, toRole({ resourceId: id, id: roleId, gives: grants.get(`${id}/${roleId}`) }, role, shared)] as const,
  );
  return {
    id,
    name: resource.name ?? id,
    kind: resource.target.kind,
    target: targets.get(id),
    asWritten: resource.target,
    services: resource.services ?? [],
    owners: resource.owners ?? [],
    drift: resource.drift,
    roles: new Map(roles),
  };
}

function toRole(which: Pick<Role, 'resourceId' | 'id' | 'gives'>, role: DocumentRole, shared: Shares): Role {
  const reason = role.reason ?? REASON_DEFAULT;
  const { duration, ends, second_factor: factor } = role;
  return {
    ...which,
    name: role.name ?? which.id,
    reason: { minLength: reason.min_length, ticket: role.reason?.ticket ?? null },
    duration: {
      default: duration.default ?? duration.max,
      max: duration.max,
      total: duration.total ?? duration.max,
    },
    risk: role.risk,
    narrower: role.narrower,
    ends: { withShift: ends.with_shift ?? null, withIncident: ends.with_incident ?? null },
    secondFactor: { request: factor.includes('request'), review: factor.includes('review') },
    breakGlass: role.break_glass ? toBreakGlass(role.break_glass) : null,
    limits: [...(role.limits ? [toLimit(role.limits, null)] : []), ...shared.limits],
    freezes: shared.freezes,
    opa: role.opa ?? null,
    rules: role.rules,
  };
}

const toCanary = ({ role, every, lasts, email }: NonNullable<PolicyDocument['canary']>): CanaryRule => ({
  role,
  every,
  lasts,
  email,
});

const toBreakGlass = (fields: NonNullable<DocumentRole['break_glass']>): NonNullable<Role['breakGlass']> => ({
  members: fields.members_of,
  max: fields.max,
  reviewWithin: fields.review_within,
  reviewers: fields.reviewers,
  page: fields.page ?? null,
});

/** Limits that the roles of a resource share with those of others. */
type Shares = Pick<Role, 'limits' | 'freezes'>;

/**
 * Computed once for the whole file: with thousands of resources, a list for each role would have millions of entries.
 */
function sharesOf(document: PolicyDocument): (resourceId: string) => Shares {
  const everywhere = Object.keys(document.resources);
  const limits = document.limits.map((fields) => whereOf(fields, toLimit(fields, fields.resources ?? everywhere)));
  const freezes = document.freezes.map((fields) => {
    const { from, to, reason, except } = fields;
    return whereOf(fields, { from, to, reason, except });
  });
  const at = <T>(all: readonly Somewhere<T>[], resourceId: string): T[] =>
    all.filter(({ only }) => only?.has(resourceId) ?? true).map(({ what }) => what);
  return (resourceId) => ({ limits: at(limits, resourceId), freezes: at(freezes, resourceId) });
}

interface Somewhere<T> {
  readonly what: T;
  /** null for all resources. */
  readonly only: ReadonlySet<string> | null;
}

const whereOf = <T>({ resources }: { resources?: readonly string[] | undefined }, what: T): Somewhere<T> => ({
  what,
  only: resources === undefined ? null : new Set(resources),
});

type LimitFields = Omit<PolicyDocument['limits'][number], 'resources'>;

const toLimit = (fields: LimitFields, resources: readonly string[] | null): Limit => ({
  resources,
  automatic: fields.automatic ?? null,
  holders: fields.holders ?? null,
  coolDown: fields.cool_down ?? null,
});
