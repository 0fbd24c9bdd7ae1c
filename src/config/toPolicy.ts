import { createHash } from 'node:crypto';
import type { Limit, Policy, Resource, RetiredTarget, Role } from '../domain/policy.ts';
import { type PolicyDocument, REASON_DEFAULT } from './policySchema.ts';

/** The policy that a document says, once all of it was checked. */

/** What the schemas of provisioners made of the document. */
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
  const resources = Object.entries(document.resources).map(
    ([id, resource]) => [id, toResource(document, id, resource, checked)] as const,
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
    samePerson: slack.same_person,
    identities: new Map(Object.entries(document.identities)),
    emailDomains: document.email_domains,
    resources: new Map(resources),
    retiredTargets: checked.retiredTargets,
  };
}

function toResource(
  document: PolicyDocument,
  id: string,
  resource: DocumentResource,
  { targets, grants }: Checked,
): Resource {
  const roles = Object.entries(resource.roles).map(
    ([roleId, role]) =>
      [roleId, toRole(document, { resourceId: id, id: roleId, gives: grants.get(`${id}/${roleId}`) }, role)] as const,
  );
  return {
    id,
    name: resource.name ?? id,
    kind: resource.target.kind,
    target: targets.get(id),
    services: resource.services ?? [],
    owners: resource.owners ?? [],
    drift: resource.drift,
    roles: new Map(roles),
  };
}

function toRole(document: PolicyDocument, which: Pick<Role, 'resourceId' | 'id' | 'gives'>, role: DocumentRole): Role {
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
    limits: limitsFor(document, which.resourceId, role),
    freezes: document.freezes
      .filter(({ resources: only }) => only === undefined || only.includes(which.resourceId))
      .map(({ from, to, reason: why, except }) => ({ from, to, reason: why, except })),
    opa: role.opa ?? null,
    rules: role.rules,
  };
}

const toBreakGlass = (fields: NonNullable<DocumentRole['break_glass']>): NonNullable<Role['breakGlass']> => ({
  members: fields.members_of,
  max: fields.max,
  reviewWithin: fields.review_within,
  reviewers: fields.reviewers,
  page: fields.page ?? null,
});

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
