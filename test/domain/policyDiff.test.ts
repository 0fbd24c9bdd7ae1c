/** What a changed policy means: in which situations it decides otherwise, told by the plainest of them. */

import { describe, expect, test } from 'vitest';
import { CANARY_ID } from '../../src/domain/canary.ts';
import type { Role, Rule, Test } from '../../src/domain/policy.ts';
import { differencesOf, sampledOf } from '../../src/domain/policyDiff.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import {
  aLimit,
  allow,
  aPolicy,
  aResource,
  aRole,
  ask,
  deny,
  inIncident,
  memberOf,
  onCall,
  unless,
} from '../support/domain.ts';

const policyOf = (...roles: Role[]) => aPolicy(aResource('db', 'Database', roles));
const withRules = (...rules: Rule[]) => policyOf(aRole({ rules }));
const told = (before: ReturnType<typeof aPolicy>, after: ReturnType<typeof aPolicy>) =>
  differencesOf(before, after).map(
    (one) => `${one.role} ${one.direction}: ${one.situation}: ${one.before} → ${one.after}`,
  );
const changed = (before: Rule[], after: Rule[]) => told(withRules(...before), withRules(...after));

describe('a difference is shown by the simplest situation', () => {
  test.each<[string, Rule[], Rule[], string[]]>([
    ['nothing', [ask()], [ask()], []],
    [
      'somebody who gets in',
      [ask()],
      [allow(memberOf('U0ANA')), ask()],
      ['db/read gains: the person U0ANA: ask 1 of S0LEADS → allow'],
    ],
    [
      'a group that is shut out',
      [allow()],
      [deny(memberOf('S0OUT')), allow()],
      ['db/read loses: a member of S0OUT: allow → deny'],
    ],
    [
      'everybody, though some situations are special',
      [allow(memberOf('U0ANA'))],
      [allow(memberOf('U0ANA')), ask()],
      ['db/read gains: anybody, off call, at any time: deny → ask 1 of S0LEADS'],
    ],
    [
      'other reviewers',
      [ask()],
      [
        ask({
          stages: [
            { reviewers: ['S0A', 'U0B'], needed: 2 },
            { reviewers: ['S0C'], needed: 1 },
          ],
        }),
      ],
      ['db/read changes: anybody, off call, at any time: ask 1 of S0LEADS → ask 2 of S0A, U0B and 1 of S0C'],
    ],
    [
      'an exception, of people',
      [allow(unless(memberOf('S0A')))],
      [allow(unless(memberOf('S0A', 'S0B')))],
      ['db/read loses: a member of S0B: allow → deny'],
    ],
    [
      'a length that is longer by a minute',
      [allow({ kind: 'duration', max: HOUR })],
      [allow({ kind: 'duration', max: HOUR + MINUTE })],
      ['db/read gains: for 1 h 1 min: deny → allow'],
    ],
    [
      'any length beyond one',
      [allow({ kind: 'duration', max: 2 * HOUR })],
      [allow()],
      ['db/read gains: for 2 h 1 min: deny → allow'],
    ],
    [
      'a length that nobody asks for unless they say so',
      [],
      [allow({ kind: 'duration', max: 30 * MINUTE })],
      ['db/read gains: anybody, off call, at any time: deny → allow'],
    ],
    [
      'everybody and everything named who gains, not only the plainest',
      [],
      [
        allow(onCall({ escalationPolicies: ['PA'], maxLevel: 1 }), unless({ kind: 'duration', max: HOUR })),
        allow(memberOf('U0ANA')),
      ],
      [
        'db/read gains: on call at level 1 for PA, for 1 h 1 min: deny → allow',
        'db/read gains: the person U0ANA: deny → allow',
      ],
    ],
    [
      'two who gain the same, each of them',
      [],
      [allow(memberOf('U0ANA', 'S0SOME'))],
      ['db/read gains: the person U0ANA: deny → allow', 'db/read gains: a member of S0SOME: deny → allow'],
    ],
    [
      'a place that gains the same as another one',
      [],
      [allow(onCall({ escalationPolicies: ['PA'], maxLevel: 1 })), allow(inIncident({ services: ['PX'] }))],
      [
        'db/read gains: for a triggered incident of high urgency on PX: deny → allow',
        'db/read gains: on call at level 1 for PA: deny → allow',
      ],
    ],
    [
      'a signal',
      [allow()],
      [deny({ kind: 'signals', signals: ['first_time', 'many_requests'] }), allow()],
      ['db/read loses: with a signal of first time: allow → deny'],
    ],
    [
      'hours of the week',
      [allow()],
      [allow({ kind: 'hours', timeZone: 'UTC', days: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 21 * 60 })],
      ['db/read loses: at Mon, 05 Jan 2026 21:00 UTC: allow → deny'],
    ],
    [
      'a day of the week',
      [allow({ kind: 'hours', timeZone: 'UTC', days: [1, 7], from: 0, to: 23 * 60 })],
      [allow({ kind: 'hours', timeZone: 'UTC', days: [1], from: 0, to: 23 * 60 })],
      ['db/read loses: at Sun, 11 Jan 2026 00:00 UTC: allow → deny'],
    ],
    [
      'five minutes of a day',
      [allow({ kind: 'hours', timeZone: 'UTC', days: [3], from: 9 * 60, to: 17 * 60 })],
      [allow({ kind: 'hours', timeZone: 'UTC', days: [3], from: 9 * 60, to: 17 * 60 + 5 })],
      ['db/read gains: at Wed, 07 Jan 2026 17:00 UTC: deny → allow'],
    ],
  ])('%s', (_name, before, after, lines) => {
    expect(changed(before, after)).toEqual(lines);
  });
});

describe('on call', () => {
  const A = { escalationPolicies: ['PA'] };
  test.each<[string, Test, Test, string[]]>([
    [
      'at one level less',
      onCall({ ...A, minLevel: 1, maxLevel: 2 }),
      onCall({ ...A, minLevel: 1, maxLevel: 1 }),
      ['db/read loses: on call at level 2 for PA: allow → deny'],
    ],
    [
      'from a level on',
      onCall({ ...A, minLevel: 1 }),
      onCall({ ...A, minLevel: 2 }),
      ['db/read loses: on call at level 1 for PA: allow → deny'],
    ],
    [
      'above a level',
      onCall({ ...A, maxLevel: 2 }),
      onCall({ ...A }),
      ['db/read gains: on call at level 3 for PA: deny → allow'],
    ],
    [
      'for another policy',
      onCall({ ...A, maxLevel: 1 }),
      onCall({ escalationPolicies: ['PA', 'PB'], maxLevel: 1 }),
      ['db/read gains: on call at level 1 for PB: deny → allow'],
    ],
    [
      'for any policy',
      onCall({ ...A, maxLevel: 1 }),
      onCall({ maxLevel: 1 }),
      ['db/read gains: on call at level 1 for another escalation policy: deny → allow'],
    ],
    [
      'on some schedules only',
      onCall({ ...A, maxLevel: 1, schedules: ['PS', 'PT'] }),
      onCall({ ...A, maxLevel: 1, schedules: ['PS'] }),
      ['db/read loses: on call at level 1 for PA on PT: allow → deny'],
    ],
    [
      'on whatever schedule',
      onCall({ ...A, maxLevel: 1, schedules: ['PS'] }),
      onCall({ ...A, maxLevel: 1 }),
      ['db/read gains: on call at level 1 for PA on another schedule: deny → allow'],
    ],
    [
      'for some services only',
      onCall({ ...A, maxLevel: 1, services: ['PX', 'PY'] }),
      onCall({ ...A, maxLevel: 1, services: ['PX'] }),
      ['db/read loses: on call at level 1 for PA for the service PY: allow → deny'],
    ],
    [
      'for whatever service',
      onCall({ ...A, maxLevel: 1, services: ['PX'] }),
      onCall({ ...A, maxLevel: 1 }),
      ['db/read gains: on call at level 1 for PA for the service that no rule names: deny → allow'],
    ],
    [
      'by plan only',
      onCall({ ...A, maxLevel: 1 }),
      onCall({ ...A, maxLevel: 1, planned: true }),
      ['db/read loses: on call at level 1 for PA by an override: allow → deny'],
    ],
    [
      'for long enough, which who has long been is',
      onCall({ ...A, tenure: HOUR }),
      onCall({ ...A, tenure: 2 * HOUR }),
      [],
    ],
  ])('%s', (_name, before, after, lines) => {
    expect(changed([allow(before)], [allow(after)])).toEqual(lines);
  });

  test('without an upper bound uses a level that exists', () => {
    expect(changed([allow(onCall(A))], [allow(onCall(A)), deny(onCall({ ...A, minLevel: 3 }))])).toEqual([
      'db/read loses: on call at level 3 for PA: allow → deny',
    ]);
  });

  test('includes the situation of being off call', () => {
    expect(changed([allow()], [allow(onCall(A))])).toEqual([
      'db/read loses: anybody, off call, at any time: allow → deny',
    ]);
  });
});

describe('an incident', () => {
  test.each<[string, Test, Test, string[]]>([
    [
      'in another state',
      inIncident({ statuses: ['triggered'] }),
      inIncident(),
      ['db/read gains: for a acknowledged incident of high urgency on another service: deny → allow'],
    ],
    [
      'of another urgency',
      inIncident(),
      inIncident({ urgencies: ['high'] }),
      ['db/read loses: for a triggered incident of low urgency on another service: allow → deny'],
    ],
    [
      'on another service',
      inIncident({ services: ['PX'] }),
      inIncident({ services: ['PX', 'PY'] }),
      ['db/read gains: for a triggered incident of high urgency on PY: deny → allow'],
    ],
  ])('%s', (_name, before, after, lines) => {
    expect(changed([allow(before)], [allow(after)])).toEqual(lines);
  });

  test('includes the situation without one', () => {
    expect(changed([allow()], [allow(inIncident())])[0]).toBe(
      'db/read loses: anybody, off call, at any time: allow → deny',
    );
  });
});

describe('a role', () => {
  const open = { rules: [allow()] };
  test('gains from new rules and loses with removed ones, sorted by name', () => {
    const before = policyOf(aRole(open), aRole({ id: 'write', ...open }));
    const after = policyOf(aRole(open), aRole({ id: 'admin', ...open }));
    expect(told(before, after)).toEqual([
      'db/admin gains: anybody, off call, at any time: deny (no such role) → allow',
      'db/write loses: anybody, off call, at any time: allow → deny (no such role)',
    ]);
  });

  test('that may be held longer differs for the longer duration', () => {
    const longer = aRole({ ...open, duration: { default: HOUR, max: 8 * HOUR, total: 8 * HOUR } });
    expect(told(policyOf(aRole(open)), policyOf(longer))).toEqual([
      'db/read gains: for 8 h: deny (at most 4 h) → allow',
    ]);
  });

  test('with a default below an hour is tried for that long', () => {
    const short = (max: number) => policyOf(aRole({ ...open, duration: { default: MINUTE, max, total: max } }));
    expect(told(short(MINUTE), short(2 * MINUTE))).toEqual(['db/read gains: for 2 min: deny (at most 1 min) → allow']);
  });

  test('that is delegated to Open Policy Agent is not compared', () => {
    const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;
    expect(told(policyOf(aRole(open)), policyOf(aRole({ ...open, opa })))).toEqual([
      'db/read changes: anybody, off call, at any time: allow → decided by Open Policy Agent (not compared)',
    ]);
    expect(told(policyOf(aRole({ opa })), policyOf(aRole({ opa })))).toEqual([]);
  });
});

test('the person tried is long on call, within all limits, and not removed', () => {
  expect(changed([allow(onCall({ escalationPolicies: ['PA'], maxLevel: 1, tenure: 99 * HOUR }))], [deny()])).toEqual([
    'db/read loses: on call at level 1 for PA: allow → deny',
  ]);
  const limits = [aLimit({ holders: 1, automatic: { max: 1, per: HOUR }, coolDown: HOUR })];
  expect(told(policyOf(aRole({ limits, rules: [ask()] })), policyOf(aRole({ limits, rules: [allow()] })))).toEqual([
    'db/read gains: anybody, off call, at any time: ask 1 of S0LEADS → allow',
  ]);
});

test('several outcomes are separate, each with its simplest situation', () => {
  expect(
    changed(
      [allow(onCall({ escalationPolicies: ['PA'], maxLevel: 1 })), ask()],
      [allow(memberOf('U0ANA')), ask({ stages: [{ reviewers: ['S0SEC'], needed: 1 }] })],
    ),
  ).toEqual([
    'db/read changes: anybody, off call, at any time: ask 1 of S0LEADS → ask 1 of S0SEC',
    'db/read loses: on call at level 1 for PA: allow → ask 1 of S0SEC',
    'db/read gains: the person U0ANA: ask 1 of S0LEADS → allow',
  ]);
});

test('a sample of too many situations includes those with and without a signal', () => {
  const many = (letter: string, count: number) => Array.from({ length: count }, (_, index) => `${letter}${index}`);
  const calm = unless({ kind: 'signals', signals: ['first_time'] });
  const everywhere = onCall({ escalationPolicies: many('P', 80), services: many('S', 90), maxLevel: 1 });
  const [before, after] = [[allow(calm)], [ask({ when: [calm] }), allow(everywhere, memberOf())]];
  expect(changed(before, after)).toEqual(['db/read loses: anybody, off call, at any time: allow → ask 1 of S0LEADS']);
  expect(sampledOf(withRules(...before), withRules(...after))).toEqual([
    { role: 'db/read', tried: expect.any(Number), of: (1 + 81 * 91 * 2) * 2 },
  ]);
  expect(sampledOf(withRules(ask()), withRules(allow()))).toEqual([]);
});

describe('what no rule decides', () => {
  const breakGlass = { members: ['U0EVE'], max: HOUR, reviewWithin: HOUR, reviewers: ['U0ANA'], page: null };
  const used = 'for U0EVE, at most 1 h, reviewed within 1 h by U0ANA';
  const emergency = 'in an emergency, by break-glass';

  test('break-glass of a new role is something to gain, and of a removed one to lose', () => {
    const [before, after] = [policyOf(), policyOf(aRole({ breakGlass }))];
    expect(told(before, after)).toEqual([`db/read gains: ${emergency}: none → ${used}`]);
    expect(told(after, before)).toEqual([`db/read loses: ${emergency}: ${used} → none`]);
    expect(told(after, after)).toEqual([]);
  });

  test.each([
    ['more people', { members: ['U0EVE', 'U0ANA'] }, 'gains'],
    ['other people', { members: ['U0BEN'] }, 'gains'],
    ['longer', { max: 2 * HOUR }, 'gains'],
    ['shorter', { max: MINUTE }, 'loses'],
    ['with another review', { reviewers: ['U0EVE'] }, 'changes'],
  ])('break-glass, %s', (_name, more, direction) => {
    const [before, after] = [
      policyOf(aRole({ breakGlass })),
      policyOf(aRole({ breakGlass: { ...breakGlass, ...more } })),
    ];
    expect(differencesOf(before, after)).toMatchObject([{ situation: emergency, direction }]);
  });

  test('a canary gets its role without approval', () => {
    const canary = { role: 'db/read', email: 'eve@mail.example', every: HOUR, lasts: 5 * MINUTE };
    const [before, after] = [policyOf(aRole()), { ...policyOf(aRole()), canary }];
    const line = 'the canary, eve@mail.example';
    const given = 'allow without approval, for at most 5 min';
    expect(told(before, after)).toEqual([`db/read gains: ${line}: none → ${given}`]);
    expect(told(after, before)).toEqual([`db/read loses: ${line}: ${given} → none`]);
    const another = { ...after, canary: { ...canary, email: 'ben@mail.example' } };
    expect(told(after, another)).toEqual([
      `db/read gains: the canary, ben@mail.example: none → ${given}`,
      `db/read loses: ${line}: ${given} → none`,
    ]);
    const longer = { ...after, canary: { ...canary, lasts: 10 * MINUTE } };
    expect(differencesOf(after, longer)).toMatchObject([{ direction: 'gains' }]);
    expect(differencesOf(longer, after)).toMatchObject([{ direction: 'loses' }]);
    expect(told(after, { ...after, canary: { ...canary, every: 2 * HOUR } })).toEqual([]);
  });

  test('a canary with another name at targets may be somebody else', () => {
    const canary = { role: 'db/read', email: 'c@mail.example', every: HOUR, lasts: 5 * MINUTE };
    const called = (github: string) => ({
      ...policyOf(aRole()),
      canary,
      identities: new Map([[CANARY_ID, { github }]]),
    });
    const given = 'allow without approval, for at most 5 min';
    expect(told(called('jitbot-canary'), called('mallory'))).toEqual([
      `db/read gains: the canary, c@mail.example, {"github":"mallory"}: none → ${given}`,
      `db/read loses: the canary, c@mail.example, {"github":"jitbot-canary"}: ${given} → none`,
    ]);
    expect(told(called('jitbot-canary'), called('jitbot-canary'))).toEqual([]);
  });
});
