import type { Ties } from '../../src/domain/grant.ts';
import type { Policy, Resource, Role } from '../../src/domain/policy.ts';
import { HOUR } from '../../src/domain/terms.ts';

/** Things of the domain as they are when nothing special is said about them. */

export const aRole = (more: Partial<Role> = {}): Role => ({
  resourceId: 'db',
  id: 'read',
  name: 'read',
  grants: {},
  reason: { minLength: 1, ticket: null },
  duration: { default: HOUR, max: 4 * HOUR, total: 4 * HOUR },
  risk: 'medium',
  narrower: [],
  ends: { withShift: null, withIncident: null },
  secondFactor: { request: false, review: false },
  breakGlass: null,
  limits: [],
  freezes: [],
  opa: null,
  rules: [],
  ...more,
});

export const aResource = (id: string, name: string, roles: readonly Role[]): Resource => ({
  id,
  name,
  kind: 'webhook',
  target: {},
  services: [],
  owners: [],
  drift: { remove: [], expected: [] },
  roles: new Map(roles.map((role) => [role.id, { ...role, resourceId: id }])),
});

export const aPolicy = (...resources: readonly Resource[]): Policy => ({
  hash: '',
  source: '',
  auditChannel: 'C0AUDIT',
  approvalsChannel: 'C0ACCESS',
  admins: [],
  auditors: [],
  delegates: [],
  samePerson: [],
  identities: new Map(),
  digest: null,
  driftEvery: HOUR,
  retiredTargets: [],
  resources: new Map(resources.map((resource) => [resource.id, resource])),
});

export const NO_TIES: Ties = { window: null, shift: null, incident: null, inPagerDuty: false };
