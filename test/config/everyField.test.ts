/** Whoever puts a policy in force sees each field that it changes: none may be forgotten, and none added later. */

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { policySchema } from '../../src/config/policySchema.ts';
import { policyChanges } from '../../src/domain/policyChanges.ts';
import { aSlackIn, BOX, type Fields, policyIn, variable } from '../support/policyFile.ts';

const KINDS = [BOX, { ...BOX, kind: 'crate', targetSchema: z.looseObject({ kind: z.literal('crate') }) }];

const tests = {
  on_call: {
    ...{ escalation_policies: ['PPAY'], schedules: ['PSCH'], services: ['PSVC'] },
    ...{ level: { min: 2, max: 3 }, tenure: '10m', planned: true },
  },
  incident: { services: ['PSVC'], status: ['triggered'], urgency: ['high'] },
  members_of: ['team'],
  hours: { time_zone: 'UTC', days: ['mon'], from: '09:00', to: '17:00' },
  duration: { max: '1h' },
  signals: ['first_time'],
};
const condition = { ...tests, unless: tests };
const stages = [{ reviewers: ['S0ONE'], needed: 2 }];
const escalate = [
  { after: '10m', to: { reviewers: ['S0TWO'] }, page: 'PSVC' },
  { after: '20m', to: { on_call: { escalation_policy: 'PPAY', level: 2 } } },
];
const role = {
  name: 'Read',
  grants: { drawer: 'top' },
  reason: { min_length: 5, ticket: '^INC-' },
  duration: { default: '1h', max: '2h', total: '4h' },
  risk: 'low',
  narrower: ['served'],
  ends: { with_shift: '5m', with_incident: '6m' },
  second_factor: ['request'],
  break_glass: { members_of: ['U0ANA'], max: '1h', review_within: '2h', reviewers: ['U0EVE'], page: 'PSVC' },
  limits: { automatic: { max: 1, per: '1h' }, holders: 2, cool_down: '1h' },
  rules: [
    { allow: condition },
    { deny: condition },
    { ask: { when: condition, reviewers: ['S0ONE'], needed: 2, expires: '1h', escalate } },
    { ask: { stages } },
  ],
};
const { rules: _, ...served } = role;
const compiled = { wasm: 'authz.wasm', entrypoint: 'jit/decision' };
const more = {
  narrower: [],
  opa: { url: 'http://opa', path: 'jit/decision', timeout: '2s' },
};
const resources = {
  db: {
    ...{ name: 'Database', services: ['PSVC'], owners: ['U0ANA'] },
    target: { kind: 'box', url: variable('A_URL'), token: variable('A_TOKEN') },
    drift: { remove: ['leftover'], expected: ['app'] },
    roles: {
      read: role,
      served: { ...served, ...more },
      compiled: { ...served, narrower: [], opa: compiled },
      short: {
        template: 'common',
        grants: { drawer: 'top' },
        duration: { max: '1h' },
        rules: [{ allow: { members_of: ['U0ANA'] } }],
      },
    },
  },
  logs: { target: { kind: 'box' }, roles: { read: { ...served, ...more } } },
};
const FULL: Fields = {
  version: 1,
  environment: 'staging',
  slack: aSlackIn({
    ...{ admins: ['S0ADM'], auditors: ['S0AUD'], delegates: ['S0DEL'], same_person: [['U0ANA', 'W0ANA']] },
    digest: { day: 'mon', at: '09:00', time_zone: 'UTC' },
  }),
  alarms: { page: 'PSVC' },
  canary: {
    ...{ role: 'db/read', email: 'canary@harbor.example', every: '1h', lasts: '5m' },
    identities: { github: 'canary' },
  },
  drift: { every: '1h' },
  groups: { team: ['U0ANA'] },
  resource_groups: { stores: ['db'] },
  identities: { U0ANA: { github: 'ana' } },
  email_domains: ['harbor.example'],
  templates: { common: { risk: 'low' } },
  limits: [{ resources: ['stores'], automatic: { max: 1, per: '1h' }, holders: 2, cool_down: '1h' }],
  freezes: [
    {
      ...{ from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', reason: 'peak' },
      ...{ resources: ['stores'], except: ['U0EVE'] },
    },
  ],
  retired_targets: { old: { kind: 'box' } },
  resources,
};

/** By the end of the field's path, the longest that fits. */
const OTHER: Readonly<Record<string, unknown>> = {
  environment: 'testing',
  audit_channel: 'C0OTHER',
  approvals_channel: 'C0OTHER',
  admins: ['U0EVE'],
  auditors: ['U0EVE'],
  delegates: ['U0EVE'],
  digest: 'never',
  day: 'fri',
  at: '10:00',
  time_zone: 'Europe/Berlin',
  same_person: [['U0ANA', 'W0BEN']],
  page: 'POTHER',
  'canary.role': 'logs/read',
  email: 'eve@harbor.example',
  every: '30m',
  lasts: '4m',
  'identities.*': 'other',
  'identities.*.*': 'other',
  'groups.*': ['U0EVE'],
  'resource_groups.*': ['logs'],
  email_domains: ['gmail.com'],
  'templates.*': { risk: 'high' },
  resources: ['logs'],
  max: '90m',
  'automatic.max': 7,
  'level.max': 7,
  per: '2h',
  holders: 7,
  cool_down: '2h',
  'freezes[].from': '2025-12-31T00:00:00Z',
  'freezes[].to': '2026-01-03T00:00:00Z',
  'freezes[].reason': 'another',
  except: ['U0BEN'],
  kind: 'crate',
  name: 'Another',
  services: ['POTHER'],
  owners: ['U0EVE'],
  remove: ['standing'],
  expected: ['eve'],
  grants: { drawer: 'bottom' },
  min_length: 6,
  ticket: '^ANY-',
  'duration.default': '50m',
  'duration.total': '5h',
  risk: 'high',
  narrower: ['compiled'],
  with_shift: '50m',
  with_incident: '50m',
  second_factor: ['review'],
  members_of: ['U0BEN'],
  review_within: '3h',
  reviewers: ['U0BEN'],
  url: 'http://evil',
  path: 'jit/other',
  timeout: '3s',
  wasm: 'other.wasm',
  entrypoint: 'jit/other',
  escalation_policies: ['POTHER'],
  schedules: ['POTHER'],
  'level.min': 1,
  tenure: '20m',
  planned: false,
  status: ['acknowledged'],
  urgency: ['low'],
  days: ['tue'],
  from: '08:00',
  to: '18:00',
  signals: ['unusual_hour'],
  needed: 1,
  after: '5m',
  escalation_policy: 'POTHER',
  level: 1,
  expires: '2h',
};

/** Not a matter of what a policy means. */
const NOT_TOLD = ['version'];

interface Schema {
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

/** The paths of all fields: `*` for any name, `[]` for any place in a list. */
function pathsOf(schema: Schema, path: readonly string[] = []): string[] {
  const { anyOf = [], properties = {}, additionalProperties: any, items } = schema;
  const named = typeof any === 'object' ? [any] : [];
  const below = [
    ...anyOf.flatMap((one) => pathsOf(one, path)),
    ...Object.entries(properties).flatMap(([key, one]) => pathsOf(one, [...path, key])),
    ...named.filter((one) => Object.keys(one).length > 0).flatMap((one) => pathsOf(one, [...path, '*'])),
    ...(items && (items.properties ?? items.anyOf) ? pathsOf(items, [...path, '[]']) : []),
  ];
  const isLeaf = below.length === 0 || (anyOf.length > 0 && anyOf.some((one) => !one.properties));
  return [...new Set([...(isLeaf ? [path.join('.')] : []), ...below])];
}

/** The document with another value at the first place that the path fits, or null if it fits none. */
function withOther(document: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return document === undefined ? null : value;
  if (typeof document !== 'object' || document === null) return null;
  const keys = key === '*' || key === '[]' ? Object.keys(document) : [key];
  for (const one of keys) {
    const inside: unknown = Reflect.get(document, one);
    const changed = withOther(inside, rest, value);
    if (changed === null) continue;
    if (Array.isArray(document)) return document.map((each, at) => (`${at}` === one ? changed : each));
    return { ...document, [one]: changed };
  }
  return null;
}

function otherAt(path: string): unknown {
  const plain = path.replaceAll('.[]', '[]');
  const ends = Object.keys(OTHER).filter((end) => plain === end || plain.endsWith(`.${end}`));
  const [end] = ends.sort((a, b) => b.length - a.length);
  if (end === undefined) throw new Error(`say here what ${path} may become`);
  return OTHER[end];
}

/** As the commands read it: with these variables and no others. */
function boxIn(variables: NodeJS.ProcessEnv, target: Fields) {
  const source = JSON.stringify({ ...FULL, resources: { ...resources, logs: { ...resources.logs, target } } });
  const result = parsePolicy(
    source,
    KINDS,
    { A_URL: 'http://a', A_TOKEN: 'a-token', ...variables },
    { withoutSecrets: true },
  );
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result.policy;
}

describe('a target', () => {
  const before = { kind: 'box', url: 'http://flags', token: variable('FLAGS_TOKEN') };
  const after = { ...before, url: variable('OTHER_URL') };
  const told = [`logs: target url: http://flags → ${variable('OTHER_URL')}`];

  test('is compared as written where its variables are not set', () => {
    expect(policyChanges(boxIn({}, before), boxIn({}, after))).toEqual(told);
  });

  test('is told as written where they are set: no secret is in it', () => {
    const set = { FLAGS_TOKEN: 'a-flags-token', OTHER_URL: 'http://user:secret@other' };
    expect(policyChanges(boxIn(set, before), boxIn(set, after))).toEqual(told);
    const turned = boxIn({ ...set, FLAGS_TOKEN: 'another-token' }, before);
    expect(policyChanges(boxIn(set, before), turned)).toEqual(['logs: its target has changed']);
  });

  test('is the same where only its variables are known now', () => {
    expect(policyChanges(boxIn({}, before), boxIn({ FLAGS_TOKEN: 'a-flags-token' }, before))).toEqual([]);
  });

  test('has no password written out, even where its variables are not set', () => {
    const target = { kind: 'box', url: variable('OTHER_URL'), token: 'written-out' };
    expect(() => boxIn({}, target)).toThrow('resources.logs.target.token');
  });
});

const PATHS = pathsOf(z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' }) as Schema);

test.each(PATHS.filter((path) => !NOT_TOLD.includes(path)))('%s', (path) => {
  const changed = withOther(FULL, path.split('.'), otherAt(path));
  expect(changed, 'the document here has no such field').not.toBeNull();
  const [before, after] = [FULL, changed as Fields].map(
    (one) => policyIn(one, { A_URL: 'http://a', A_TOKEN: 'a-token' }, KINDS).policy,
  );
  if (!before || !after) throw new Error('there are two');
  expect(policyChanges(before, before)).toEqual([]);
  expect(policyChanges(before, after)).not.toEqual([]);
});
