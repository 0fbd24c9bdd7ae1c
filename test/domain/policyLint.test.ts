/** What makes no sense in a policy is told, where it stands; what makes sense is left alone. */

import { describe, expect, test } from 'vitest';
import type { Policy, Resource, Role, Rule } from '../../src/domain/policy.ts';
import { senseOf } from '../../src/domain/policyLint.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { allow, aPolicy, aResource, aRole, ask, deny, memberOf, onCall, unless } from '../support/domain.ts';

const found = (policy: Policy) =>
  senseOf(policy).map(({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`);
const ofRole = (more: Partial<Role>) => found(aPolicy(aResource('db', 'Database', [aRole(more)])));
const ofRules = (...rules: Rule[]) => ofRole({ rules });
const AT = 'resources.db.roles.read';
const NOBODY = `error ${AT}: nobody can get db/read: no allow or ask rule can ever match`;
/** A way in that nothing is wrong with. */
const FINE = allow(memberOf('S0ENG'));

test('a policy that makes sense has no findings', () => {
  expect(
    ofRole({
      rules: [
        FINE,
        deny(memberOf('U0OUT')),
        deny(memberOf('U0GONE'), unless(memberOf('S0ENG'))),
        allow(onCall({ minLevel: 2, maxLevel: 2 }), { kind: 'duration', max: 4 * HOUR - 1 }),
        ask({ when: [memberOf('U0ANA')], stages: [{ reviewers: ['U0BEN', 'U0EVE'], needed: 2 }] }),
        ask(),
      ],
      breakGlass: { members: ['U0ANA'], max: 4 * HOUR, reviewWithin: 1, reviewers: ['U0EVE'], page: null },
    }),
  ).toEqual([]);
});

test('a finding says what to do', () => {
  expect(senseOf(aPolicy(aResource('db', 'Database', [aRole()])))).toEqual([
    {
      severity: 'error',
      path: ['resources', 'db', 'roles', 'read'],
      message: 'nobody can get db/read: no allow or ask rule can ever match',
      advice: 'add a rule that can match, or remove the role',
    },
  ]);
});

describe('a rule that can never match', () => {
  test.each<[string, Rule, string, string]>([
    ['names nobody', allow(memberOf()), 'allow', 'members_of is empty, which means nobody'],
    [
      'names nobody in one of two tests',
      allow(onCall(), memberOf()),
      'allow',
      'members_of is empty, which means nobody',
    ],
    [
      'has its levels the wrong way round',
      allow(onCall({ minLevel: 3, maxLevel: 2 })),
      'allow',
      'its lowest level is above its highest',
    ],
    ['excludes everything', deny(unless()), 'deny', 'what it excludes is everything'],
    ['excludes what always holds', deny(unless(unless(memberOf()))), 'deny', 'what it excludes is everything'],
    [
      'asks for a thing and its opposite',
      allow(onCall(), unless(onCall())),
      'allow',
      'it asks for something and for its opposite',
    ],
    [
      'asks for an opposite and its thing',
      allow(unless(memberOf('S0A')), onCall(), memberOf('S0A')),
      'allow',
      'it asks for something and for its opposite',
    ],
    ['names no reviewers', ask({ stages: [{ reviewers: [], needed: 1 }] }), 'ask', 'it names no reviewers'],
    [
      'names no reviewers in one of two stages',
      ask({
        stages: [
          { reviewers: ['S0A'], needed: 1 },
          { reviewers: [], needed: 1 },
        ],
      }),
      'ask',
      'it names no reviewers',
    ],
  ])('%s', (_name, rule, effect, why) => {
    expect(ofRules(FINE, rule)).toEqual([`error ${AT}.rules.1.${effect}: rule 2 can never match: ${why}`]);
  });

  test.each<[string, Rule]>([
    ['an exception of people', allow(unless(memberOf('S0A')))],
    ['an exception that excludes nobody', allow(unless(memberOf()))],
    ['an exception of two tests, one of which always holds', allow(unless(unless(memberOf()), onCall()))],
    ['the opposite of something else', allow(memberOf('S0A'), unless(memberOf('S0B')))],
    ['the opposite of more than one thing', allow(memberOf('S0A'), unless(memberOf('S0A'), onCall()))],
    ['a level without an upper bound', allow(onCall({ minLevel: 9 }))],
    ['from one level on, unless at one level', allow(onCall({ minLevel: 2 }), unless(onCall({ minLevel: 3 })))],
    ['any level, unless up to one', allow(onCall(), unless(onCall({ maxLevel: 3 })))],
  ])('is not %s', (_name, rule) => {
    expect(ofRules(rule)).toEqual([]);
  });

  test('leaves nobody a way in if it is the only one, whatever is denied', () => {
    expect(ofRules(deny(memberOf('U0OUT')), allow(memberOf()))).toEqual([
      `error ${AT}.rules.1.allow: rule 2 can never match: members_of is empty, which means nobody`,
      NOBODY,
    ]);
  });

  test('gets no advice about requesters reviewing themselves if nobody reviews', () => {
    expect(ofRules(FINE, ask({ when: [memberOf('U0A')], stages: [{ reviewers: [], needed: 1 }] }))).toEqual([
      `error ${AT}.rules.1.ask: rule 2 can never match: it names no reviewers`,
    ]);
  });

  test('is not also reported as coming too late', () => {
    expect(ofRules(FINE, allow(memberOf()), allow(memberOf()))).toHaveLength(2);
  });
});

describe('a deny rule', () => {
  test.each<[string, Rule]>([
    ['without any test', deny()],
    ['with an exception that excludes nobody', deny(unless(memberOf()))],
    ['with two of them', deny(unless(memberOf()), unless(onCall({ minLevel: 2, maxLevel: 1 })))],
  ])('%s shuts everybody out', (_name, rule) => {
    expect(ofRules(FINE, rule)).toEqual([`error ${AT}: nobody can get db/read: a deny rule holds for everybody`]);
  });

  test('with an exception and a test that may fail shuts out some, an allow rule nobody', () => {
    expect(ofRules(FINE, deny(unless(memberOf()), memberOf('U0OUT')))).toEqual([]);
    expect(ofRules(allow(unless(memberOf())))).toEqual([]);
  });
});

describe('a rule that never decides', () => {
  const late = (which: number, first: number, effect = 'allow') =>
    `warning ${AT}.rules.${which - 1}.${effect}: rule ${which} never decides: whenever it matches, rule ${first} does too, and comes first`;
  test.each<[string, Rule[], string[]]>([
    ['is the same again', [FINE, FINE], [late(2, 1)]],
    ['is a narrower one behind a wider one', [FINE, allow(onCall(), memberOf('S0ENG'))], [late(2, 1)]],
    ['is any behind one for everybody', [deny(memberOf('U0OUT')), allow(), FINE], [late(3, 2)]],
    ['is told by the first that covers it', [FINE, allow(), allow(onCall())], [late(3, 2)]],
    ['is not a wider one behind a narrower one', [allow(onCall(), memberOf('S0ENG')), FINE], []],
    ['is not one of another kind', [FINE, ask({ when: [memberOf('S0ENG')] }), deny(memberOf('S0ENG'), onCall())], []],
    ['is not one for others', [FINE, allow(memberOf('S0OPS'))], []],
    ['is not one of other levels', [allow(onCall({ maxLevel: 2 })), allow(onCall())], []],
  ])('%s', (_name, rules, lines) => {
    expect(ofRules(...rules)).toEqual(lines);
  });
});

describe('a length that a rule accepts', () => {
  const always = 'always holds: nobody can ask for more than 4 h anyway';
  test('is no limit if it is at least the longest that can be requested', () => {
    expect(ofRules(allow({ kind: 'duration', max: 4 * HOUR }))).toEqual([
      `warning ${AT}.rules.0.allow.duration: ${always}`,
    ]);
    expect(ofRules(FINE, deny({ kind: 'duration', max: 5 * HOUR }))).toEqual([
      `warning ${AT}.rules.1.deny.duration: ${always}`,
    ]);
    expect(ofRules(ask({ when: [onCall(), { kind: 'duration', max: 4 * HOUR }] }))).toEqual([
      `warning ${AT}.rules.0.ask.when.duration: ${always}`,
    ]);
    expect(ofRules(allow({ kind: 'duration', max: 4 * HOUR - MINUTE }))).toEqual([]);
  });
});

describe('reviewers', () => {
  const stage = (needed: number, ...reviewers: string[]) => ({ reviewers, needed });
  const few = (needed: number, people: number, where = '') =>
    `error ${AT}.rules.0.ask${where}: ${needed} approvals are needed, and only ${people} people can give them`;
  const alone = `warning ${AT}.rules.0.ask: only one person reviews this, and there is nobody to escalate to while they sleep`;
  const own = (where = '') =>
    `error ${AT}.rules.0.ask${where}: the only reviewer is the only one who can ask, and nobody reviews their own request`;

  test.each<[string, Rule, string[]]>([
    ['of whom too few are named', ask({ stages: [stage(3, 'U0A', 'U0B')] }), [few(3, 2)]],
    ['who are named twice are one', ask({ stages: [stage(2, 'U0A', 'U0A', 'U0B', 'U0B')] }), []],
    ['who are named twice are one, and too few', ask({ stages: [stage(3, 'U0A', 'U0A', 'U0B')] }), [few(3, 2)]],
    ['of a group may be as many as are needed', ask({ stages: [stage(3, 'U0A', 'S0A')] }), []],
    [
      'of one stage of several are told at it',
      ask({ stages: [stage(1, 'S0A'), stage(3, 'U0A', 'U0B')] }),
      [few(3, 2, '.stages.1')],
    ],
    ['of whom there is one alone', ask({ stages: [stage(1, 'U0A')] }), [alone]],
    ['of whom there is one alone, in every stage', ask({ stages: [stage(1, 'U0A'), stage(1, 'U0A')] }), [alone]],
    ['of whom there is another one in another stage', ask({ stages: [stage(1, 'U0A'), stage(1, 'U0B')] }), []],
    ['who are one group', ask({ stages: [stage(1, 'S0A')] }), []],
    [
      'of whom there is one alone, and others are asked as well',
      ask({
        stages: [stage(1, 'U0A')],
        escalate: [{ after: MINUTE, to: { kind: 'people', principals: ['S0B'] }, page: null }],
      }),
      [],
    ],
    ['who would review their own request', ask({ when: [memberOf('U0A')], stages: [stage(1, 'U0A')] }), [own(), alone]],
    [
      'who would review their own request in one stage',
      ask({ when: [memberOf('U0A')], stages: [stage(1, 'S0A'), stage(1, 'U0A')] }),
      [own('.stages.1')],
    ],
    ['of whom one asks and another reviews', ask({ when: [memberOf('U0A')], stages: [stage(1, 'U0A', 'U0B')] }), []],
    ['of whom one reviews those who ask', ask({ when: [memberOf('U0A', 'U0B')], stages: [stage(1, 'U0A')] }), [alone]],
    ['of whom one reviews the other', ask({ when: [memberOf('U0B')], stages: [stage(1, 'U0A')] }), [alone]],
    ['who are the group that asks', ask({ when: [memberOf('S0A')], stages: [stage(1, 'S0A')] }), []],
    ['of whom one is in the group that asks', ask({ when: [memberOf('S0A')], stages: [stage(1, 'U0A')] }), [alone]],
  ])('%s', (_name, rule, lines) => {
    expect(ofRules(rule)).toEqual(lines);
  });
});

describe('break-glass', () => {
  const glass = (reviewers: string[], more: Partial<NonNullable<Role['breakGlass']>> = {}) =>
    ofRole({
      rules: [FINE],
      breakGlass: { members: ['U0A', 'U0B', 'S0SRE'], max: HOUR, reviewWithin: HOUR, reviewers, page: null, ...more },
    });
  const self = (severity: string) =>
    `${severity} ${AT}.break_glass.reviewers: everybody who reviews a use of break-glass may also use it`;

  test('that lasts longer than the role may be held', () => {
    expect(glass(['U0EVE'], { max: 4 * HOUR + MINUTE })).toEqual([
      `warning ${AT}.break_glass.max: break-glass gives 4 h 1 min, longer than the role may be held at all (4 h)`,
    ]);
    expect(glass(['U0EVE'], { max: 4 * HOUR })).toEqual([]);
  });

  test.each<[string, string[], string[]]>([
    ['its only user', ['U0A'], [self('error')]],
    ['its users', ['U0A', 'U0B'], [self('warning')]],
    ['one of its users and somebody else', ['U0A', 'U0EVE'], []],
    ['a group of its users, who are many', ['S0SRE'], []],
    ['one of its users and a group of them', ['U0A', 'S0SRE'], []],
  ])('that is reviewed by %s', (_name, reviewers, lines) => {
    expect(glass(reviewers)).toEqual(lines);
  });
});

test('rules of a role that Open Policy Agent decides are not checked', () => {
  expect(ofRole({ opa: { kind: 'wasm', file: 'x', entrypoint: null } })).toEqual([]);
});

test('every role of every resource is checked', () => {
  const policy = aPolicy(
    aResource('db', 'Database', [aRole({ rules: [FINE] }), aRole({ id: 'admin' })]),
    aResource('flags', 'Flags', [aRole()]),
  );
  expect(senseOf(policy).map(({ path }) => path.join('.'))).toEqual([
    'resources.db.roles.admin',
    'resources.flags.roles.read',
  ]);
});

describe('membership in a Slack user group', () => {
  const slack = (role: Partial<Role> = {}, resource: Partial<Resource> = {}) => ({
    ...aResource('handle', 'Handle', [
      aRole({ id: 'member', gives: { groups: ['S0FREE', 'S0DBA'] }, rules: [allow()], ...role }),
    ]),
    kind: 'slack',
    ...resource,
  });
  const opens =
    'error resources.handle.roles.member.grants.groups.1: handle/member gives membership of S0DBA, which this policy names: whoever gets in also gets what the policy gives that group';
  const glass = { members: ['S0DBA'], max: 1, reviewWithin: 1, reviewers: ['S0OTHER'], page: null };

  test.each<[string, Partial<Policy>, Partial<Role>]>([
    ['administrators', { admins: ['U0EVE', 'S0DBA'] }, {}],
    ['auditors', { auditors: ['S0DBA'] }, {}],
    ['delegates', { delegates: ['S0DBA'] }, {}],
    ['who may ask', {}, { rules: [allow(memberOf('S0DBA'))] }],
    ['reviewers', {}, { rules: [ask({ stages: [{ reviewers: ['S0DBA'], needed: 1 }] })] }],
    ['who may break the glass', {}, { breakGlass: glass }],
    ['whom a freeze excepts', {}, { freezes: [{ from: 0, to: 1, reason: '', except: ['S0DBA'] }] }],
  ])('gives what the policy gives to %s', (_name, policy, role) => {
    expect(found({ ...aPolicy(slack(role)), ...policy })).toEqual([opens]);
  });

  test('gives what owners of a resource may do, and what a role of another one gives', () => {
    const owned = { ...aResource('db', 'Database', [aRole({ rules: [FINE] })]), owners: ['S0DBA'] };
    expect(found(aPolicy(owned, slack()))).toEqual([opens]);
    const other = aResource('db', 'Database', [aRole({ rules: [allow(memberOf('S0DBA'))] })]);
    expect(found(aPolicy(slack(), other))).toEqual([opens]);
  });

  test('gives nothing if its name is only part of another', () => {
    expect(found({ ...aPolicy(slack()), admins: ['U0XS0DBA', 'S0DBAS'] })).toEqual([]);
  });

  test('gives nothing if only other roles give it too, or it is no group at Slack', () => {
    const twice = { ...slack(), id: 'again' };
    expect(found(aPolicy(slack(), twice))).toEqual([]);
    const rules = [allow(memberOf('S0DBA'))];
    expect(found(aPolicy(slack({ rules }, { kind: 'github' })))).toEqual([]);
    expect(found(aPolicy(slack({ rules, gives: {} })))).toEqual([]);
  });

  test('is checked for roles that Open Policy Agent decides, too', () => {
    const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;
    expect(found({ ...aPolicy(slack({ opa, rules: [] })), admins: ['S0DBA'] })).toEqual([opens]);
  });
});
