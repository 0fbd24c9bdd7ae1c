/** Things of the domain as they are when nothing special is said about them. */

import type { DecisionInput } from '../../src/domain/decision.ts';
import type { Evidence, History, OnCallEntry } from '../../src/domain/evidence.ts';
import type { ActiveGrant, ProvisioningGrant, Ties } from '../../src/domain/grant.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Person } from '../../src/domain/person.ts';
import type {
  Condition,
  IncidentTest,
  Limit,
  OnCallTest,
  Policy,
  Resource,
  Role,
  Rule,
} from '../../src/domain/policy.ts';
import { HOUR, known } from '../../src/domain/terms.ts';

export const aRole = (more: Partial<Role> = {}): Role => ({
  resourceId: 'db',
  id: 'read',
  name: 'read',
  gives: {},
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

/** A Thursday, 12:00 UTC. */
export const NOON = Date.UTC(2026, 0, 15, 12);

export const ANA: Person = { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example', timeZone: 'UTC' };

/** One who is on call at noon: at level 1 of Payments, on a shift begun at ten that ends at six. */
export const anEntry = (more: Partial<OnCallEntry> = {}): OnCallEntry => ({
  escalationPolicy: { id: 'PPAY', name: 'Payments' },
  services: [{ id: 'PCHECKOUT', name: 'Checkout' }],
  schedule: { id: 'PSCHED', name: 'Primary' },
  level: 1,
  start: NOON - 2 * HOUR,
  end: NOON + 6 * HOUR,
  isOverride: false,
  ...more,
});

export const anOutage = (more: Partial<Incident> = {}): Incident => ({
  id: 'PINC',
  number: 7,
  title: 'Slow',
  status: 'triggered',
  urgency: 'high',
  priority: null,
  service: { id: 'PCHECKOUT', name: 'Checkout' },
  url: '',
  ...more,
});

/** At noon everything was looked up, and nothing was found. */
export const someEvidence = (more: Partial<Evidence> = {}): Evidence => ({
  at: NOON,
  onCall: known([]),
  incident: null,
  groups: {},
  history: known(aHistory()),
  removals: known([]),
  signals: known([]),
  opa: null,
  ...more,
});

export const aHistory = (more: Partial<History> = {}): History => ({
  automatic: [],
  denials: [],
  holders: [],
  ...more,
});

/** Ana asks for an hour at noon. */
export const anInput = (
  evidence: Partial<Evidence> = {},
  more: Partial<Omit<DecisionInput, 'evidence'>> = {},
): DecisionInput => ({
  at: NOON,
  personId: ANA.slackId,
  duration: HOUR,
  evidence: someEvidence(evidence),
  ...more,
});

/** On call for anything. */
export const onCall = (more: Partial<OnCallTest> = {}): OnCallTest => ({
  kind: 'on_call',
  escalationPolicies: null,
  schedules: null,
  services: null,
  minLevel: 1,
  maxLevel: Infinity,
  tenure: 0,
  planned: false,
  ...more,
});
/** An incident that is not resolved. */
export const inIncident = (more: Partial<IncidentTest> = {}): IncidentTest => ({
  kind: 'incident',
  services: null,
  statuses: ['triggered', 'acknowledged'],
  urgencies: null,
  ...more,
});
export const memberOf = (...principals: string[]) => ({ kind: 'members_of', principals }) as const;
export const unless = (...condition: Condition) => ({ kind: 'unless', condition }) as const;

export const allow = (...when: Condition): Rule => ({ effect: 'allow', when });
export const deny = (...when: Condition): Rule => ({ effect: 'deny', when });
export type AskRule = Extract<Rule, { effect: 'ask' }>;
/** One of the group S0LEADS within an hour. */
export const ask = (more: Partial<AskRule> = {}): AskRule => ({
  effect: 'ask',
  when: [],
  stages: [{ reviewers: ['S0LEADS'], needed: 1 }],
  escalate: [],
  expiresAfter: HOUR,
  ...more,
});

export const aLimit = (more: Partial<Limit> = {}): Limit => ({
  resources: null,
  automatic: null,
  holders: null,
  coolDown: null,
  ...more,
});

/** Ana's hour with db/read, on its way since noon. */
export const aGrantOnItsWay = (more: Partial<ProvisioningGrant> = {}): ProvisioningGrant => ({
  id: 'G1',
  requestId: 'R1',
  person: ANA,
  resourceId: 'db',
  place: 'db',
  role: 'db/read',
  grants: {},
  duration: HOUR,
  ties: NO_TIES,
  state: 'provisioning',
  intendedAt: NOON,
  endsAt: NOON + HOUR,
  endsBecause: 'expired',
  ...more,
});
/** The same, active since noon. */
export const anActiveGrant = (more: Partial<ActiveGrant> = {}): ActiveGrant => ({
  ...aGrantOnItsWay(),
  state: 'active',
  activation: { at: NOON, account: 'jit_ana' },
  extension: null,
  ...more,
});
