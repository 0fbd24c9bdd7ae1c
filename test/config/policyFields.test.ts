/** What each field of the policy file may hold, up to its bounds, and what the bot makes of it. */

import { describe, expect, test } from 'vitest';
import { findRole, type Role } from '../../src/domain/policy.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import {
  aDocument,
  aResourceIn,
  aRoleIn,
  aSlackIn,
  type Fields,
  issuesIn,
  policyIn,
  variable,
} from '../support/policyFile.ts';

const withRole = (fields: Fields) => aDocument({ resources: { db: aResourceIn({ read: aRoleIn(fields) }) } });
const withResource = (fields: Fields) => aDocument({ resources: { db: aResourceIn(undefined, fields) } });
const withSlack = (fields: Fields) => aDocument({ slack: aSlackIn(fields) });
const withAsk = (fields: Fields) => withRole({ rules: [{ ask: { reviewers: ['U0CHLOE'], ...fields } }] });
const withTest = (fields: Fields) => withRole({ rules: [{ allow: fields }] });
const roleOf = (fields: Fields): Role | undefined => findRole(policyIn(withRole(fields)).policy, 'db/read');
const firstTest = (fields: Fields) =>
  policyIn(withTest(fields)).policy.resources.get('db')?.roles.get('read')?.rules[0]?.when[0];
const many = (count: number, one: unknown) => Array.from({ length: count }, () => one);
const ROLE = 'resources.db.roles.read';
const RULE = `${ROLE}.rules[0]`;
const STAGE = { reviewers: ['U0CHLOE'] };
const step = (after: string) => ({ after, to: { reviewers: ['U0CHLOE'] } });
const BREAK_GLASS = { members_of: ['U0ANA'], max: '1h', review_within: '1d', reviewers: ['U0EVE'] };
const FREEZE = { from: '2026-12-20T00:00+01:00', to: '2027-01-02T00:00+01:00', reason: 'peak season' };
const id = (first: string, length: number) => first.padEnd(length, '0');

/** Where it stands, documents with it, values that it may have, and values that it may not. */
const BOUNDS: [string, (value: unknown) => Fields, readonly unknown[], readonly unknown[]][] = [
  ['version', (version) => aDocument({ version }), [1], [0, 2, '1', undefined]],
  [
    'slack.audit_channel',
    (audit_channel) => withSlack({ audit_channel }),
    ['C00', id('G', 21)],
    ['C0', id('C', 22), 'U0ANA', 'c0audit', 'xC0AUDIT'],
  ],
  [
    'slack.approvals_channel',
    (approvals_channel) => withSlack({ approvals_channel }),
    ['C0ACCESS'],
    ['general', undefined],
  ],
  [
    'slack.admins[0]',
    (one) => withSlack({ admins: [one] }),
    ['U00', 'S00', 'W00', id('U', 21)],
    ['U0', id('U', 22), 'C0AUDIT', 'xU0ANA'],
  ],
  ['slack.auditors[0]', (one) => withSlack({ auditors: [one] }), ['S0SEC'], ['auditors']],
  ['slack.delegates[0]', (one) => withSlack({ delegates: [one] }), ['S0SEC'], ['everybody']],
  ['slack.same_person[0]', (one) => withSlack({ same_person: [one] }), [['U0ANA', 'W0ANA']], [['U0ANA'], []]],
  [
    'slack.same_person[0][0]',
    (one) => withSlack({ same_person: [[one, 'U0BEN']] }),
    ['U00', 'W00', id('W', 21)],
    ['S0SEC', 'U0', id('U', 22)],
  ],
  ['environment', (environment) => aDocument({ environment }), ['x', 'x'.repeat(70)], ['', 'x'.repeat(71), 7]],
  ['slack.digest.day', (day) => withSlack({ digest: { day } }), ['mon', 'sun'], []],
  [
    'slack.digest',
    (digest) => withSlack({ digest }),
    ['never', {}, { at: '24:00' }],
    ['always', { at: '24:01' }, { day: 'monday' }, { time_zone: 'Mars' }],
  ],
  ['drift.every', (every) => aDocument({ drift: { every } }), ['1s', '1d'], ['0m', 'often', 5]],
  ['groups.leads', (leads) => aDocument({ groups: { leads } }), [['U0ANA']], [[]]],
  ['resource_groups.all', (all) => aDocument({ resource_groups: { all } }), [['db']], [[]]],
  ['identities.U0ANA.github', (github) => aDocument({ identities: { U0ANA: { github } } }), ['a'], ['']],
  ['identities.U0ANA.Git', (Git) => aDocument({ identities: { U0ANA: { Git } } }), [], ['ana']],
  ['identities.U0ANA.a_1', (a_1) => aDocument({ identities: { U0ANA: { a_1 } } }), ['ana'], []],
  ['identities.S0SEC', (names) => aDocument({ identities: { S0SEC: names } }), [], [{ github: 'ana' }]],
  [
    'email_domains[0]',
    (one) => aDocument({ email_domains: [one] }),
    ['harbor.example', 'a.b-c.d'],
    ['Harbor.example', 'example', 'a..b', '@a.b'],
  ],
  ['limits[0].resources', (resources) => aDocument({ limits: [{ resources, holders: 1 }] }), [['db']], [[]]],
  ['limits[0].holders', (holders) => aDocument({ limits: [{ holders }] }), [1], [0, 1.5]],
  [
    'limits[0]',
    (limit) => aDocument({ limits: [limit] }),
    [{ cool_down: '1h' }, { automatic: { max: 0, per: '1h' } }],
    [{}, { resources: ['db'] }],
  ],
  [
    'freezes[0]',
    (dates: unknown) => aDocument({ freezes: [{ ...FREEZE, ...Object(dates) }] }),
    [{}, { to: '2026-12-20T00:01+01:00' }],
    [{ to: FREEZE.from }, { to: '2026-12-19T23:59+01:00' }],
  ],
  [
    'freezes[0].from',
    (from) => aDocument({ freezes: [{ ...FREEZE, from }] }),
    ['2026-12-20T00:00Z', '2026-12-20T00:00-11:30'],
    ['2026-12-20', '2026-12-20T00:00', 'soonZ', 5, '2026-12-20 00:00 +01:00 (winter)'],
  ],
  [
    'freezes[0].reason',
    (reason) => aDocument({ freezes: [{ ...FREEZE, reason }] }),
    ['x'.repeat(70)],
    ['x'.repeat(71), '', undefined],
  ],
  ['freezes[0].resources', (resources) => aDocument({ freezes: [{ ...FREEZE, resources }] }), [['db']], [[]]],
  ['freezes[0].except[0]', (one) => aDocument({ freezes: [{ ...FREEZE, except: [one] }] }), ['S0SEC'], ['sec']],
  ['resources.db.name', (name) => withResource({ name }), ['x', 'x'.repeat(70)], ['', 'x'.repeat(71)]],
  ['resources.db.services', (services) => withResource({ services }), [['PSVC']], [[]]],
  [
    'resources.db.services[0]',
    (one) => withResource({ services: [one] }),
    ['PSV', id('P', 20)],
    ['PS', id('P', 21), 'psvc', 'P/SVC'],
  ],
  ['resources.db.owners', (owners) => withResource({ owners }), [['S0SEC']], [[]]],
  [
    'resources.db.drift.remove[0]',
    (one) => withResource({ drift: { remove: [one] } }),
    ['leftover', 'standing'],
    ['all'],
  ],
  ['resources.db.drift.expected[0]', (one) => withResource({ drift: { expected: [one] } }), ['app'], ['']],
  ['resources.db.roles', (roles) => withResource({ roles }), [{ read: aRoleIn() }], [{}]],
  [`${ROLE}.name`, (name) => withRole({ name }), ['x', 'x'.repeat(70)], ['', 'x'.repeat(71)]],
  [`${ROLE}.reason.min_length`, (min_length) => withRole({ reason: { min_length } }), [0, 500], [-1, 501, 1.5]],
  [`${ROLE}.reason.ticket`, (pattern) => withRole({ reason: { ticket: pattern } }), ['^A-\\d+$'], ['(', '(?=a)']],
  [
    `${ROLE}.duration`,
    (duration) => withRole({ duration }),
    [{ max: '1h' }, { max: '1h', default: '1h' }, { max: '1h', total: '1h' }],
    [
      { max: '1h', default: '61m' },
      { max: '1h', total: '59m' },
    ],
  ],
  [
    `${ROLE}.duration.max`,
    (max) => withRole({ duration: { max } }),
    ['1s', '90d'],
    ['0m', '0h0m', 'soon', '', 60, undefined],
  ],
  [`${ROLE}.risk`, (risk) => withRole({ risk }), ['low', 'medium', 'high'], ['none']],
  [`${ROLE}.ends.with_shift`, (with_shift) => withRole({ ends: { with_shift } }), ['0m', '15m'], ['soon', '', 15]],
  [`${ROLE}.ends.with_incident`, (with_incident) => withRole({ ends: { with_incident } }), ['0m', '15m'], ['soon']],
  [`${ROLE}.second_factor[0]`, (one) => withRole({ second_factor: [one] }), ['request', 'review'], ['both']],
  [
    `${ROLE}.break_glass.members_of`,
    (members_of) => withRole({ break_glass: { ...BREAK_GLASS, members_of } }),
    [['U0ANA']],
    [[], undefined],
  ],
  [
    `${ROLE}.break_glass.reviewers`,
    (reviewers) => withRole({ break_glass: { ...BREAK_GLASS, reviewers } }),
    [['U0EVE']],
    [[], undefined],
  ],
  [`${ROLE}.break_glass.max`, (max) => withRole({ break_glass: { ...BREAK_GLASS, max } }), ['1h'], ['0m', undefined]],
  [
    `${ROLE}.break_glass.review_within`,
    (review_within) => withRole({ break_glass: { ...BREAK_GLASS, review_within } }),
    ['1h'],
    ['0m', undefined],
  ],
  [`${ROLE}.break_glass.page`, (page) => withRole({ break_glass: { ...BREAK_GLASS, page } }), ['PSVC'], ['svc']],
  [
    `${ROLE}.limits`,
    (limits) => withRole({ limits }),
    [{ holders: 1 }, { cool_down: '1h' }, { automatic: { max: 1, per: '1d' } }],
    [{}],
  ],
  [`${ROLE}.limits.automatic.max`, (max) => withRole({ limits: { automatic: { max, per: '1d' } } }), [0, 9], [-1, 0.5]],
  [
    `${ROLE}.limits.automatic.per`,
    (per) => withRole({ limits: { automatic: { max: 1, per } } }),
    ['1d'],
    ['0m', undefined],
  ],
  [`${ROLE}.limits.cool_down`, (cool_down) => withRole({ limits: { cool_down } }), ['1h'], ['0m']],
  [
    `${RULE}`,
    (one) => withRole({ rules: [one] }),
    [{ deny: { members_of: [] } }],
    [{}, { allow: { members_of: [] }, deny: { members_of: [] } }, { allow: { members_of: [] }, ask: STAGE }],
  ],
  [`${RULE}.allow`, (one) => withTest(Object(one)), [{ members_of: [] }], [{}]],
  [`${RULE}.allow.unless`, (unless) => withTest({ unless }), [{ members_of: [] }], [{}]],
  [
    `${RULE}.allow.on_call.escalation_policies`,
    (some) => withTest({ on_call: { escalation_policies: some } }),
    [['PPAY']],
    [[]],
  ],
  [`${RULE}.allow.on_call.schedules`, (schedules) => withTest({ on_call: { schedules } }), [['PSCHED']], [[]]],
  [`${RULE}.allow.on_call.services`, (services) => withTest({ on_call: { services } }), [['PSVC']], [[]]],
  [
    `${RULE}.allow.on_call.level`,
    (level) => withTest({ on_call: { level } }),
    [{}, { min: 2, max: 2 }, { min: 2 }],
    [{ min: 3, max: 2 }],
  ],
  [`${RULE}.allow.on_call.level.min`, (min) => withTest({ on_call: { level: { min } } }), [1, 9], [0, 1.5]],
  [`${RULE}.allow.on_call.level.max`, (max) => withTest({ on_call: { level: { max } } }), [1, 9], [0, 1.5]],
  [`${RULE}.allow.on_call.tenure`, (tenure) => withTest({ on_call: { tenure } }), ['30m'], ['0m']],
  [`${RULE}.allow.incident.status`, (status) => withTest({ incident: { status } }), [['resolved']], [[]]],
  [`${RULE}.allow.incident.urgency`, (urgency) => withTest({ incident: { urgency } }), [['low', 'high']], [[]]],
  [`${RULE}.allow.incident.services`, (services) => withTest({ incident: { services } }), [['PSVC']], [[]]],
  [
    `${RULE}.allow.hours`,
    (hours) => withTest({ hours: { time_zone: 'UTC', from: '09:00', ...Object(hours) } }),
    [{ to: '08:59' }],
    [{ to: '09:00' }],
  ],
  [
    `${RULE}.allow.hours.from`,
    (from) => withTest({ hours: { time_zone: 'UTC', from, to: '12:00' } }),
    ['00:00', '19:59', '23:59', '24:00'],
    ['24:01', '9:00', '09:60', '25:00', '09:000', 540],
  ],
  [
    `${RULE}.allow.hours.days`,
    (days) => withTest({ hours: { time_zone: 'UTC', from: '09:00', to: '17:00', days } }),
    [['mon']],
    [[]],
  ],
  [
    `${RULE}.allow.hours.time_zone`,
    (time_zone) => withTest({ hours: { time_zone, from: '09:00', to: '17:00' } }),
    ['Europe/Berlin'],
    ['Mars/Olympus', undefined],
  ],
  [`${RULE}.allow.duration.max`, (max) => withTest({ duration: { max } }), ['1h'], ['0m', undefined]],
  [`${RULE}.allow.signals`, (signals) => withTest({ signals }), [['first_time']], [[]]],
  [`${RULE}.allow.signals[0]`, (one) => withTest({ signals: [one] }), ['repeated_denials'], ['unusual']],
  [
    `${RULE}.ask`,
    (ask) => withRole({ rules: [{ ask }] }),
    [STAGE, { stages: [STAGE] }, { reviewers: [] }],
    [{}, { ...STAGE, stages: [STAGE] }, { stages: [STAGE], needed: 1 }],
  ],
  [`${RULE}.ask.needed`, (needed) => withAsk({ needed }), [1, 10], [0, 11, 1.5]],
  [
    `${RULE}.ask.stages`,
    (stages) => withRole({ rules: [{ ask: { stages } }] }),
    [many(1, STAGE), many(5, STAGE)],
    [[], many(6, STAGE)],
  ],
  [
    `${RULE}.ask.stages[0].needed`,
    (needed) => withRole({ rules: [{ ask: { stages: [{ ...STAGE, needed }] } }] }),
    [1, 10],
    [0, 11],
  ],
  [
    `${RULE}.ask.stages[0].reviewers`,
    (reviewers) => withRole({ rules: [{ ask: { stages: [{ reviewers }] } }] }),
    [['U0EVE']],
    [[]],
  ],
  [`${RULE}.ask.expires`, (expires) => withAsk({ expires }), ['1m'], ['0m']],
  [`${RULE}.ask.escalate`, (escalate) => withAsk({ escalate }), [[], many(5, step('5m'))], [many(6, step('5m'))]],
  [
    `${RULE}.ask`,
    (after) => withAsk({ expires: '30m', escalate: [step('5m'), step(String(after))] }),
    ['1799s'],
    ['30m', '31m'],
  ],
  [`${RULE}.ask`, (after) => withAsk({ escalate: [step(String(after))] }), ['59m'], ['1h']],
  [
    `${RULE}.ask.escalate[0].to`,
    (to) => withAsk({ escalate: [{ after: '5m', to }] }),
    [STAGE, { on_call: { escalation_policy: 'PPAY' } }],
    [{}, { ...STAGE, on_call: { escalation_policy: 'PPAY' } }],
  ],
  [
    `${RULE}.ask.escalate[0].to.reviewers`,
    (reviewers) => withAsk({ escalate: [{ after: '5m', to: { reviewers } }] }),
    [['U0EVE']],
    [[]],
  ],
  [
    `${RULE}.ask.escalate[0].to.on_call.level`,
    (level) => withAsk({ escalate: [{ after: '5m', to: { on_call: { escalation_policy: 'PPAY', level } } }] }),
    [1, 9],
    [0, 1.5],
  ],
  [`${RULE}.ask.escalate[0].page`, (page) => withAsk({ escalate: [{ ...step('5m'), page }] }), ['PSVC'], ['svc']],
  [
    `${ROLE}.opa`,
    (opa) => withRole({ rules: [], opa }),
    [{ url: 'http://opa', path: 'jit' }, { wasm: 'x.wasm' }],
    [{}, { url: 'http://opa' }, { url: 'http://opa', path: 'jit', wasm: 'x.wasm' }],
  ],
  [
    `${ROLE}.opa.url`,
    (url) => withRole({ rules: [], opa: { url, path: 'jit' } }),
    ['https://opa:8181'],
    ['ftp://opa', 'opa'],
  ],
  [
    `${ROLE}.opa.path`,
    (path) => withRole({ rules: [], opa: { url: 'http://opa', path } }),
    ['jit/decision_1'],
    ['jit?x', ''],
  ],
  [
    `${ROLE}.opa.timeout`,
    (timeout) => withRole({ rules: [], opa: { url: 'http://opa', path: 'jit', timeout } }),
    ['2s'],
    ['0s'],
  ],
  [`${ROLE}.opa.wasm`, (wasm) => withRole({ rules: [], opa: { wasm } }), ['x'], ['']],
  [`${ROLE}.opa.entrypoint`, (entrypoint) => withRole({ rules: [], opa: { wasm: 'x', entrypoint } }), ['jit'], ['']],
  [`${ROLE}.opa`, (opa) => withRole({ opa }), [], [{ wasm: 'x.wasm' }]],
  [`${ROLE}.rules`, (rules) => withRole({ rules }), [], [[], undefined]],
  [
    'templates.reading',
    (reading) => aDocument({ templates: { reading } }),
    [{ risk: 'low' }, {}],
    [{ template: 'other' }],
  ],
  ['resources', (resources) => aDocument({ resources }), [{ db: aResourceIn() }], [{}, undefined]],
];

const shown = (value: unknown) => JSON.stringify(value) ?? 'nothing';
describe.each(BOUNDS)('%s', (path, documentWith, good, bad) => {
  if (good.length > 0)
    test.each(good.map((value) => [shown(value), value]))('may be %s', (_name, value) => {
      expect(issuesIn(documentWith(value))).toEqual([]);
    });
  if (bad.length > 0)
    test.each(bad.map((value) => [shown(value), value]))('may not be %s', (_name, value) => {
      const paths = issuesIn(documentWith(value)).map((issue) => issue.path);
      expect(
        paths.filter((one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[`)),
      ).not.toEqual([]);
    });
});

describe('a role', () => {
  test('about which little is said is as careful as the reference says', () => {
    expect(roleOf({})).toEqual({
      resourceId: 'db',
      id: 'read',
      name: 'read',
      gives: { drawer: 'top' },
      reason: { minLength: 1, ticket: null },
      duration: { default: 4 * HOUR, max: 4 * HOUR, total: 4 * HOUR },
      risk: 'medium',
      narrower: [],
      ends: { withShift: null, withIncident: null },
      secondFactor: { request: false, review: false },
      breakGlass: null,
      limits: [],
      freezes: [],
      opa: null,
      rules: [{ effect: 'allow', when: [{ kind: 'members_of', principals: ['U0ANA'] }] }],
    });
  });

  test.each<[Fields, Partial<Role>]>([
    [{ name: 'Read all' }, { name: 'Read all' }],
    [{ reason: { min_length: 20 } }, { reason: { minLength: 20, ticket: null } }],
    [{ reason: {} }, { reason: { minLength: 1, ticket: null } }],
    [
      { duration: { default: '1h', max: '4h', total: '1d' } },
      { duration: { default: HOUR, max: 4 * HOUR, total: 24 * HOUR } },
    ],
    [{ risk: 'high' }, { risk: 'high' }],
    [{ ends: { with_shift: '0m' } }, { ends: { withShift: 0, withIncident: null } }],
    [{ ends: { with_incident: '15m' } }, { ends: { withShift: null, withIncident: 15 * MINUTE } }],
    [{ second_factor: ['request'] }, { secondFactor: { request: true, review: false } }],
    [{ second_factor: ['review'] }, { secondFactor: { request: false, review: true } }],
    [
      { break_glass: BREAK_GLASS },
      { breakGlass: { members: ['U0ANA'], max: HOUR, reviewWithin: 24 * HOUR, reviewers: ['U0EVE'], page: null } },
    ],
    [{ break_glass: { ...BREAK_GLASS, page: 'PSVC' } }, { breakGlass: expect.objectContaining({ page: 'PSVC' }) }],
    [
      { limits: { automatic: { max: 2, per: '1d' } } },
      { limits: [{ resources: null, automatic: { max: 2, per: 24 * HOUR }, holders: null, coolDown: null }] },
    ],
    [
      { limits: { holders: 3, cool_down: '2h' } },
      { limits: [{ resources: null, automatic: null, holders: 3, coolDown: 2 * HOUR }] },
    ],
    [
      { rules: [], opa: { url: 'http://opa', path: 'jit' } },
      { rules: [], opa: { kind: 'rest', url: 'http://opa', path: 'jit', timeout: SECOND } },
    ],
    [
      { rules: [], opa: { url: 'http://opa', path: 'jit', timeout: '3s' } },
      { opa: { kind: 'rest', url: 'http://opa', path: 'jit', timeout: 3 * SECOND } },
    ],
    [{ rules: [], opa: { wasm: 'x.wasm' } }, { opa: { kind: 'wasm', file: 'x.wasm', entrypoint: null } }],
    [
      { rules: [], opa: { wasm: 'x.wasm', entrypoint: 'jit' } },
      { opa: { kind: 'wasm', file: 'x.wasm', entrypoint: 'jit' } },
    ],
  ])('of which %j is said', (fields, expected) => {
    expect(roleOf(fields)).toMatchObject(expected);
  });

  test('whose reason has to name a ticket knows one', () => {
    const ticket = roleOf({ reason: { ticket: '^INC-\\d+$' } })?.reason.ticket;
    expect([ticket?.source, ticket?.test('INC-4'), ticket?.test('OPS-4')]).toEqual(['^INC-\\d+$', true, false]);
  });
});

describe('rules', () => {
  const effect = (rule: Fields) => roleOf({ rules: [rule] })?.rules[0];

  test('allow and deny where their condition holds', () => {
    const when = [{ kind: 'members_of', principals: ['S0SEC'] }];
    expect(effect({ allow: { members_of: ['S0SEC'] } })).toEqual({ effect: 'allow', when });
    expect(effect({ deny: { members_of: ['S0SEC'] } })).toEqual({ effect: 'deny', when });
  });

  test('ask some people, one of whom is enough, for an hour', () => {
    expect(effect({ ask: { reviewers: ['U0EVE', 'S0SEC'] } })).toEqual({
      effect: 'ask',
      when: [],
      stages: [{ reviewers: ['U0EVE', 'S0SEC'], needed: 1 }],
      escalate: [],
      expiresAfter: HOUR,
    });
  });

  test('ask in stages, for as long and as many as they say, with steps to others', () => {
    const ask = {
      when: { duration: { max: '2h' } },
      stages: [{ reviewers: ['U0EVE'] }, { reviewers: ['S0SEC'], needed: 2 }],
      expires: '8h',
      escalate: [
        { after: '10m', to: { reviewers: ['U0DEV'] } },
        { after: '20m', to: { on_call: { escalation_policy: 'PPAY' } }, page: 'PSVC' },
        { after: '30m', to: { on_call: { escalation_policy: 'PPAY', level: 2 } } },
      ],
    };
    expect(effect({ ask })).toEqual({
      effect: 'ask',
      when: [{ kind: 'duration', max: 2 * HOUR }],
      stages: [
        { reviewers: ['U0EVE'], needed: 1 },
        { reviewers: ['S0SEC'], needed: 2 },
      ],
      escalate: [
        { after: 10 * MINUTE, to: { kind: 'people', principals: ['U0DEV'] }, page: null },
        { after: 20 * MINUTE, to: { kind: 'on_call', escalationPolicy: 'PPAY', level: 1 }, page: 'PSVC' },
        { after: 30 * MINUTE, to: { kind: 'on_call', escalationPolicy: 'PPAY', level: 2 }, page: null },
      ],
      expiresAfter: 8 * HOUR,
    });
  });

  test('of two that are needed, two are', () => {
    expect(effect({ ask: { reviewers: ['U0EVE', 'U0DEV'], needed: 2 } })).toMatchObject({ stages: [{ needed: 2 }] });
  });

  test('stand in their order', () => {
    const rules = [{ ask: STAGE }, { deny: { members_of: [] } }, { allow: { members_of: [] } }];
    expect(roleOf({ rules })?.rules.map((rule) => rule.effect)).toEqual(['ask', 'deny', 'allow']);
  });
});

describe('a condition', () => {
  test.each<[Fields, object]>([
    [
      { on_call: {} },
      {
        kind: 'on_call',
        escalationPolicies: null,
        schedules: null,
        services: null,
        minLevel: 1,
        maxLevel: Number.POSITIVE_INFINITY,
        tenure: 0,
        planned: false,
      },
    ],
    [
      {
        on_call: {
          escalation_policies: ['PPAY'],
          schedules: ['PSCHED'],
          services: ['PSVC'],
          level: { min: 2, max: 3 },
          tenure: '30m',
          planned: true,
        },
      },
      {
        kind: 'on_call',
        escalationPolicies: ['PPAY'],
        schedules: ['PSCHED'],
        services: ['PSVC'],
        minLevel: 2,
        maxLevel: 3,
        tenure: 30 * MINUTE,
        planned: true,
      },
    ],
    [{ on_call: { level: { max: 2 } } }, expect.objectContaining({ minLevel: 1, maxLevel: 2 })],
    [{ incident: {} }, { kind: 'incident', services: null, statuses: ['triggered', 'acknowledged'], urgencies: null }],
    [
      { incident: { services: ['PSVC'], status: ['resolved'], urgency: ['high'] } },
      { kind: 'incident', services: ['PSVC'], statuses: ['resolved'], urgencies: ['high'] },
    ],
    [{ members_of: ['S0SEC'] }, { kind: 'members_of', principals: ['S0SEC'] }],
    [
      { hours: { time_zone: 'Europe/Berlin', from: '09:30', to: '24:00' } },
      { kind: 'hours', timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5, 6, 7], from: 570, to: 1440 },
    ],
    [
      { hours: { time_zone: 'UTC', days: ['sun', 'mon'], from: '22:00', to: '06:05' } },
      { kind: 'hours', timeZone: 'UTC', days: [7, 1], from: 1320, to: 365 },
    ],
    [{ duration: { max: '1h30m' } }, { kind: 'duration', max: 90 * MINUTE }],
    [{ signals: ['first_time'] }, { kind: 'signals', signals: ['first_time'] }],
    [
      { unless: { members_of: ['S0SEC'], duration: { max: '1h' } } },
      {
        kind: 'unless',
        condition: [
          { kind: 'members_of', principals: ['S0SEC'] },
          { kind: 'duration', max: HOUR },
        ],
      },
    ],
  ])('that says %j', (fields, expected) => {
    expect(firstTest(fields)).toEqual(expected);
  });

  test('holds where all of its tests do', () => {
    const [rule] =
      roleOf({ rules: [{ allow: { members_of: [], duration: { max: '1h' }, unless: { on_call: {} } } }] })?.rules ?? [];
    expect(rule?.when.map(({ kind }) => kind)).toEqual(['members_of', 'duration', 'unless']);
  });

  test('has no unless within unless', () => {
    expect(issuesIn(withTest({ unless: { unless: { members_of: [] } } }))).toMatchObject([
      { path: `${RULE}.allow.unless.unless` },
    ]);
  });
});

describe('the file as a whole', () => {
  test('with few settings looks for drift hourly and sums up on Monday morning', () => {
    const { policy } = policyIn(aDocument());
    expect(policy).toMatchObject({
      auditChannel: 'C0AUDIT',
      approvalsChannel: 'C0ACCESS',
      admins: [],
      auditors: [],
      delegates: [],
      samePerson: [],
      emailDomains: [],
      digest: { day: 1, minute: 540, timeZone: 'UTC' },
      driftEvery: HOUR,
      retiredTargets: [],
    });
    expect(policy.identities.size).toBe(0);
    expect(policy.resources.get('db')).toMatchObject({
      id: 'db',
      name: 'db',
      kind: 'box',
      target: { kind: 'box', url: 'http://box' },
      services: [],
      owners: [],
      drift: { remove: [], expected: [] },
    });
  });

  test('says who is who at Slack, and when', () => {
    const slack = aSlackIn({
      admins: ['U0ADM'],
      auditors: ['U0AUD'],
      delegates: ['U0DEL'],
      same_person: [['U0ANA', 'W0ANA']],
      digest: { day: 'fri', at: '16:30', time_zone: 'Europe/Berlin' },
    });
    const { policy } = policyIn(aDocument({ slack, drift: { every: '10m' }, email_domains: ['harbor.example'] }));
    expect(policy).toMatchObject({
      admins: ['U0ADM'],
      auditors: ['U0AUD'],
      delegates: ['U0DEL'],
      samePerson: [['U0ANA', 'W0ANA']],
      emailDomains: ['harbor.example'],
      digest: { day: 5, minute: 990, timeZone: 'Europe/Berlin' },
      driftEvery: 10 * MINUTE,
    });
    expect(policyIn(withSlack({ digest: 'never' })).policy.digest).toBeNull();
    expect(policyIn(aDocument()).policy).not.toHaveProperty('environment');
    expect(policyIn(aDocument({ environment: 'staging' })).policy.environment).toBe('staging');
  });

  test('says what people are called', () => {
    const { policy } = policyIn(aDocument({ identities: { U0ANA: { github: 'ana-k' }, W0BEN: { github: 'ben' } } }));
    expect([...policy.identities]).toEqual([
      ['U0ANA', { github: 'ana-k' }],
      ['W0BEN', { github: 'ben' }],
    ]);
  });

  test('says of a resource what it is called, whose it is, and what belongs there', () => {
    const { policy } = policyIn(
      withResource({
        name: 'Payments',
        services: ['PSVC'],
        owners: ['S0PAY'],
        drift: { remove: ['leftover'], expected: ['app'] },
      }),
    );
    expect(policy.resources.get('db')).toMatchObject({
      id: 'db',
      name: 'Payments',
      services: ['PSVC'],
      owners: ['S0PAY'],
      drift: { remove: ['leftover'], expected: ['app'] },
    });
  });

  test('is known by the hash of its text', () => {
    const { policy } = policyIn({ ...aDocument() });
    expect(policy.source).toBe(JSON.stringify(aDocument(), null, 1));
    expect(policy.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(policyIn(withRole({ risk: 'low' })).policy.hash).not.toBe(policy.hash);
  });
});

describe('what several resources share', () => {
  const three = { db: aResourceIn(), cache: aResourceIn(), queue: aResourceIn() };
  const read = (document: Fields, resource: string) => findRole(policyIn(document).policy, `${resource}/read`);

  test('limits cover the resources they name, or all where they name none', () => {
    const limits = [{ resources: ['db', 'cache'], holders: 2 }, { cool_down: '1h' }];
    const document = aDocument({ resources: three, limits });
    const everywhere = { resources: ['db', 'cache', 'queue'], automatic: null, holders: null, coolDown: HOUR };
    const two = { resources: ['db', 'cache'], automatic: null, holders: 2, coolDown: null };
    expect(read(document, 'db')?.limits).toEqual([two, everywhere]);
    expect(read(document, 'cache')?.limits).toEqual([two, everywhere]);
    expect(read(document, 'queue')?.limits).toEqual([everywhere]);
  });

  test('a role’s own limits come beside those that it shares', () => {
    const db = aResourceIn({ read: aRoleIn({ limits: { holders: 1 } }) });
    const document = aDocument({ resources: { ...three, db }, limits: [{ resources: ['db'], holders: 2 }] });
    expect(read(document, 'db')?.limits.map(({ holders, resources }) => [holders, resources])).toEqual([
      [1, null],
      [2, ['db']],
    ]);
  });

  test('freezes cover the resources they name, or all where they name none', () => {
    const freezes = [
      { ...FREEZE, resources: ['db'], except: ['U0ANA'] },
      { from: '2026-07-01T00:00Z', to: '2026-07-02T00:00Z', reason: 'move' },
    ];
    const document = aDocument({ resources: three, freezes });
    const peak = {
      from: Date.UTC(2026, 11, 19, 23),
      to: Date.UTC(2027, 0, 1, 23),
      reason: 'peak season',
      except: ['U0ANA'],
    };
    const move = { from: Date.UTC(2026, 6, 1), to: Date.UTC(2026, 6, 2), reason: 'move', except: [] };
    expect(read(document, 'db')?.freezes).toEqual([peak, move]);
    expect(read(document, 'queue')?.freezes).toEqual([move]);
  });

  test('each role gives what it says itself', () => {
    const roles = (drawer: string) => ({
      read: aRoleIn({ grants: { drawer } }),
      write: aRoleIn({ grants: { drawer: `${drawer} too` } }),
    });
    const { policy } = policyIn(
      aDocument({ resources: { db: aResourceIn(roles('a')), cache: aResourceIn(roles('b')) } }),
    );
    const gives = ['db/read', 'db/write', 'cache/read', 'cache/write'].map((key) => findRole(policy, key)?.gives);
    expect(gives).toEqual([{ drawer: 'a' }, { drawer: 'a too' }, { drawer: 'b' }, { drawer: 'b too' }]);
  });

  test('each resource has its own target', () => {
    const resources = {
      db: aResourceIn(undefined, { target: { kind: 'box', url: 'http://a' } }),
      cache: aResourceIn(undefined, { target: { kind: 'box', url: variable('B') } }),
    };
    const { policy } = policyIn(aDocument({ resources }), { B: 'http://b' });
    expect([...policy.resources.values()].map(({ target }) => target)).toEqual([
      { kind: 'box', url: 'http://a' },
      { kind: 'box', url: 'http://b' },
    ]);
  });
});
