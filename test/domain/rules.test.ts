/** What each test of a rule finds, what it says about it, and what the decision carries on. */

import { describe, expect, test } from 'vitest';
import type { RuleDecision } from '../../src/domain/decision.ts';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { Evidence, OnCallEntry } from '../../src/domain/evidence.ts';
import type { OnCallTest, Role, Rule, Test } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import {
  aHistory,
  aLimit,
  allow,
  anEntry,
  anInput,
  anOutage,
  aRole,
  ask,
  deny,
  inIncident,
  memberOf,
  NOON,
  onCall,
  unless,
} from '../support/domain.ts';

const decide = (rules: readonly Rule[], evidence: Partial<Evidence> = {}, role: Partial<Role> = {}): RuleDecision =>
  evaluatePolicy(aRole({ rules, ...role }), anInput(evidence));
/** What one test comes to, in an allow rule of its own. */
const found = (tested: Test | readonly Test[], evidence: Partial<Evidence> = {}) => {
  const { outcomes } = decide([{ effect: 'allow', when: [tested].flat() }], evidence);
  return `${outcomes[0]?.outcome}: ${outcomes[0]?.reasons.join('; ')}`;
};
const onCallNow = (...entries: Partial<OnCallEntry>[]) => ({ onCall: known(entries.map(anEntry)) });
const search = { escalationPolicy: { id: 'PSEA', name: 'Search' } };
const orders = { escalationPolicy: { id: 'PORD', name: 'Orders' } };

describe('a shift', () => {
  test.each<[string, Partial<OnCallEntry>[], string]>([
    ['none at all', [], 'not_met: not on call in PagerDuty'],
    ['begun this moment', [{ start: NOON }], 'met: on call at level 1 for Payments'],
    ['about to begin', [{ start: NOON + 1 }], 'not_met: not on call in PagerDuty'],
    ['over this moment', [{ end: NOON }], 'not_met: not on call in PagerDuty'],
    ['about to be over', [{ end: NOON + 1 }], 'met: on call at level 1 for Payments'],
    ['that has neither beginning nor end', [{ start: null, end: null }], 'met: on call at level 1 for Payments'],
    ['that is over, and one that runs', [{ end: NOON }, { ...search, level: 2 }], 'met: on call at level 2 for Search'],
  ])('%s', (_name, entries, expected) => {
    expect(found(onCall(), onCallNow(...entries))).toBe(expected);
  });

  test('is unknown if PagerDuty was not asked', () => {
    expect(found(onCall(), { onCall: null })).toBe('unknown: PagerDuty was not asked who is on call');
  });

  test.each<[string, Partial<OnCallTest>, Partial<OnCallEntry>[], string]>([
    [
      'one of two policies named is enough',
      { escalationPolicies: ['PSEA', 'PPAY'] },
      [{}],
      'met: on call at level 1 for Payments',
    ],
    [
      'elsewhere is named, each policy once',
      { escalationPolicies: ['PX'] },
      [{}, { level: 2 }, search],
      'not_met: on call for Payments, Search, which this rule does not name',
    ],
    [
      'elsewhere is nothing where that shift is over',
      { escalationPolicies: ['PX'] },
      [{ end: NOON }],
      'not_met: not on call in PagerDuty',
    ],
    ['one of two schedules', { schedules: ['PX', 'PSCHED'] }, [{}], 'met: on call at level 1 for Payments'],
    ['another schedule', { schedules: ['PX'] }, [{}], 'not_met: on call for Payments, which this rule does not name'],
    [
      'a service is one of many that are paged',
      { services: ['PSHOP'] },
      [
        {
          services: [
            { id: 'PCHECKOUT', name: 'Checkout' },
            { id: 'PSHOP', name: 'Shop' },
          ],
        },
      ],
      'met: on call at level 1 for Payments',
    ],
    [
      'the policy of one shift and the schedule of another make no shift of both',
      { escalationPolicies: ['PPAY'], schedules: ['PSEARCHERS'] },
      [{}, { ...search, schedule: { id: 'PSEARCHERS', name: 'Searchers' } }],
      'not_met: on call for Payments, Search, which this rule does not name',
    ],
    [
      'the policy of one shift and the service of another make no shift of both',
      { escalationPolicies: ['PPAY'], services: ['PFIND'] },
      [{}, { ...search, services: [{ id: 'PFIND', name: 'Find' }] }],
      'not_met: on call for Payments, Search, which this rule does not name',
    ],
    ['at the lowest level', { minLevel: 2 }, [{ level: 2 }], 'met: on call at level 2 for Payments'],
    ['at the highest level', { maxLevel: 2 }, [{ level: 2 }], 'met: on call at level 2 for Payments'],
    [
      'below the lowest',
      { minLevel: 2 },
      [{}, { level: 1 }],
      'not_met: on call at level 1, 1; this rule needs level 2 or higher',
    ],
    [
      'not at the one level',
      { minLevel: 2, maxLevel: 2 },
      [{ level: 3 }],
      'not_met: on call at level 3; this rule needs level 2',
    ],
    [
      'above the highest',
      { minLevel: 2, maxLevel: 3 },
      [{ level: 4 }],
      'not_met: on call at level 4; this rule needs level 2 to 3',
    ],
    [
      'the level of another policy does not count',
      { escalationPolicies: ['PPAY'], minLevel: 2 },
      [{}, { ...search, level: 2 }],
      'not_met: on call at level 1; this rule needs level 2 or higher',
    ],
    ['for exactly long enough', { tenure: 2 * HOUR }, [{}], 'met: on call at level 1 for Payments'],
    ['a moment too short', { tenure: 2 * HOUR + 1 }, [{}], 'not_met: on this shift for less than 2 h'],
    [
      'without a beginning, where one is needed',
      { tenure: 30 * MINUTE },
      [{ start: null }],
      'not_met: on call without a shift that has a beginning; this rule needs 30 min on a shift',
    ],
    [
      'too short, beside one without a beginning',
      { tenure: 30 * MINUTE },
      [{ start: null }, { start: NOON - MINUTE }],
      'not_met: on this shift for less than 30 min',
    ],
    [
      'long enough on one of two',
      { tenure: HOUR },
      [{ start: NOON - MINUTE }, { ...search, start: NOON - HOUR }],
      'met: on call at level 1 for Search',
    ],
    [
      'an override',
      { planned: true },
      [{ isOverride: true }],
      'not_met: on call by an override; this rule needs a turn of the rotation',
    ],
    [
      'an override beside a turn of the rotation',
      { planned: true },
      [{ isOverride: true }, search],
      'met: on call at level 1 for Search',
    ],
    [
      'an override, and a shift of which PagerDuty does not say',
      { planned: true },
      [{ isOverride: true }, { ...search, isOverride: null }],
      'unknown: PagerDuty did not say whether this shift was planned',
    ],
    [
      'named on the policy itself, whatever is said of overrides',
      { planned: true },
      [{ schedule: null, isOverride: null }],
      'not_met: named on the escalation policy itself; this rule needs a turn of the rotation',
    ],
    [
      'named on the policy itself, and by an override elsewhere',
      { planned: true },
      [
        { schedule: null, isOverride: null },
        { ...search, isOverride: true },
      ],
      'not_met: on call by an override; this rule needs a turn of the rotation',
    ],
  ])('%s', (_name, tested, entries, expected) => {
    expect(found(onCall(tested), onCallNow(...entries))).toBe(expected);
  });

  test.each<[string, Partial<OnCallEntry>[], string]>([
    ['that ends last', [{}, { ...search, end: NOON + 7 * HOUR }, { ...orders, end: NOON + HOUR }], 'Search'],
    ['that has no end, before one that does', [{ end: null }, search], 'Payments'],
    ['that has no end, behind one that does', [{}, { ...search, end: null }], 'Search'],
    ['that comes first, of two that end together', [{}, search], 'Payments'],
  ])('proves it if it is the one %s', (_name, entries, expected) => {
    const decision = decide([allow(onCall())], onCallNow(...entries));
    expect(decision.effect === 'allow' && decision.proof.onCall?.escalationPolicy.name).toBe(expected);
  });

  test('that is too short proves nothing, however late it ends', () => {
    const decision = decide(
      [allow(onCall({ tenure: HOUR }))],
      onCallNow({ ...search, start: NOON - MINUTE, end: null }, {}),
    );
    expect(decision).toMatchObject({ effect: 'allow', proof: { onCall: { escalationPolicy: { id: 'PPAY' } } } });
  });
});

describe('the shift of another account of the same person', () => {
  const others = (...entries: Partial<OnCallEntry>[]) => ({ othersOnCall: known(entries.map(anEntry)) });
  test.each<[string, Partial<Evidence>, string]>([
    [
      'is neither yes nor no',
      others({}),
      'unknown: another account of the same person is on call at level 1 for Payments',
    ],
    ['that is no such shift says nothing', others(search), 'not_met: not on call in PagerDuty'],
    ['that is not known leaves it open', { othersOnCall: unknown('it is down') }, 'unknown: it is down'],
    [
      'does not matter where the own one holds',
      { ...onCallNow({}), othersOnCall: unknown('it is down') },
      'met: on call at level 1 for Payments',
    ],
    [
      'does not matter where the own one is not known',
      { onCall: unknown('no answer'), ...others({}) },
      'unknown: no answer',
    ],
  ])('%s', (_name, evidence, expected) => {
    expect(found(onCall({ escalationPolicies: ['PPAY'] }), evidence)).toBe(expected);
  });

  test('excludes them, and admits nobody', () => {
    expect(decide([deny(onCall()), allow()], others({}))).toMatchObject({ effect: 'deny', rule: 1 });
    expect(decide([deny(onCall()), allow()], others())).toMatchObject({ effect: 'allow', rule: 2 });
    expect(decide([allow(unless(onCall()))], others({})).effect).toBe('deny');
  });
});

describe('an incident', () => {
  test.each<[string, Test, Partial<Evidence>, string]>([
    ['not named', inIncident(), {}, 'not_met: the request names no incident'],
    ['not to be had', inIncident(), { incident: unknown('no such incident') }, 'unknown: no such incident'],
    ['open', inIncident(), { incident: known(anOutage()) }, 'met: incident #7 on Checkout is triggered'],
    [
      'in the second of two states',
      inIncident(),
      { incident: known(anOutage({ status: 'acknowledged' })) },
      'met: incident #7 on Checkout is acknowledged',
    ],
    [
      'resolved',
      inIncident(),
      { incident: known(anOutage({ status: 'resolved' })) },
      'not_met: incident #7 is resolved; this rule needs triggered or acknowledged',
    ],
    [
      'on another service',
      inIncident({ services: ['PSEARCH', 'PSHOP'] }),
      { incident: known(anOutage()) },
      'not_met: incident #7 is on Checkout, which this rule does not name',
    ],
    [
      'on the second of two services',
      inIncident({ services: ['PSEARCH', 'PCHECKOUT'] }),
      { incident: known(anOutage()) },
      'met: incident #7 on Checkout is triggered',
    ],
    [
      'of the other urgency',
      inIncident({ urgencies: ['low'] }),
      { incident: known(anOutage()) },
      'not_met: incident #7 has high urgency',
    ],
  ])('%s', (_name, tested, evidence, expected) => {
    expect(found(tested, evidence)).toBe(expected);
  });
});

describe('a signal', () => {
  const unusual: Test = { kind: 'signals', signals: ['first_time', 'many_requests'] };
  const seen = (kind: 'first_time' | 'unusual_hour' | 'many_requests', facts: string) => ({ kind, facts });
  test.each<[string, Evidence['signals'], string]>([
    ['not looked for', null, 'unknown: whether this is unusual was not looked up'],
    ['not to be had', unknown('the database is locked'), 'unknown: the database is locked'],
    ['none', known([]), 'not_met: nothing unusual was seen'],
    ['that the rule does not name', known([seen('unusual_hour', 'it is night')]), 'not_met: nothing unusual was seen'],
    [
      'named, beside one that is not',
      known([seen('unusual_hour', 'it is night'), seen('first_time', 'never before')]),
      'met: first time: never before',
    ],
    [
      'two that are named',
      known([seen('first_time', 'never before'), seen('many_requests', 'number 9')]),
      'met: first time: never before; many requests: number 9',
    ],
  ])('%s', (_name, signals, expected) => {
    expect(found(unusual, { signals })).toBe(expected);
  });
});

describe('a list of people', () => {
  const slackDown = unknown('Slack is down');
  test.each<[string, Test, Partial<Evidence>, string]>([
    ['empty', memberOf(), {}, 'not_met: the list of people is empty'],
    ['of others', memberOf('U0BEN', 'S0A'), { groups: { S0A: known(false) } }, 'not_met: not a member of U0BEN, S0A'],
    [
      'that names them counts, whatever Slack says of its groups',
      memberOf('S0A', 'U0ANA'),
      { groups: { S0A: slackDown } },
      'met: named in the policy',
    ],
    [
      'of two groups, in the second of which they are',
      memberOf('S0A', 'S0B'),
      { groups: { S0A: known(false), S0B: known(true) } },
      'met: member of user group S0B',
    ],
    [
      'of a group that is not known and one that they are in',
      memberOf('S0A', 'S0B'),
      { groups: { S0A: slackDown, S0B: known(true) } },
      'met: member of user group S0B',
    ],
    [
      'of a group that they are not in and one that is not known',
      memberOf('S0A', 'S0B'),
      { groups: { S0A: known(false), S0B: slackDown } },
      'unknown: Slack is down',
    ],
    [
      'of a group that nobody looked up',
      memberOf('S0A', 'S0B'),
      { groups: { S0A: known(false) } },
      'unknown: user group S0B was not looked up',
    ],
    [
      'that names another account of theirs is neither yes nor no',
      memberOf('U0ANA2'),
      { otherAccounts: ['U0ANA1', 'U0ANA2'] },
      'unknown: another account of the same person, U0ANA2, is named in the policy',
    ],
    [
      'that names none of their accounts',
      memberOf('U0BEN'),
      { otherAccounts: ['U0ANA2'] },
      'not_met: not a member of U0BEN',
    ],
  ])('%s', (_name, tested, evidence, expected) => {
    expect(found(tested, evidence)).toBe(expected);
  });

  test('excludes somebody by another account of theirs, and admits nobody by it', () => {
    const others = { otherAccounts: ['U0ANA2'] };
    expect(decide([deny(memberOf('U0ANA2')), allow()], others)).toMatchObject({ effect: 'deny', rule: 1 });
    expect(decide([allow(memberOf('U0ANA2'))], others).effect).toBe('deny');
  });
});

describe('hours and lengths', () => {
  const office = { kind: 'hours', timeZone: 'UTC', days: [4], from: 9 * 60, to: 12 * 60 } as const;
  test('name their bounds in the reasons', () => {
    expect(found({ ...office, to: 13 * 60 })).toBe('met: it is within Thu 09:00–13:00 UTC');
    expect(found(office)).toBe('not_met: it is outside Thu 09:00–12:00 UTC');
  });

  test('accept a length up to and including the bound', () => {
    expect(found({ kind: 'duration', max: HOUR })).toBe('met: the duration is at most 1 h');
    expect(found({ kind: 'duration', max: HOUR - 1 })).toBe('not_met: the duration is over 1 h');
  });
});

describe('several tests in one rule', () => {
  const dark = { onCall: unknown('PagerDuty is down') };
  test('one that fails outweighs an unknown one, and only its reasons are given', () => {
    expect(found([onCall(), memberOf('U0BEN'), inIncident()], dark)).toBe(
      'not_met: not a member of U0BEN; the request names no incident',
    );
    expect(found([onCall(), memberOf('U0ANA')], dark)).toBe('unknown: PagerDuty is down');
    expect(found([memberOf('U0ANA'), onCall()], onCallNow({}))).toBe(
      'met: named in the policy; on call at level 1 for Payments',
    );
  });

  test('shift and incident are both proof, whichever test saw them', () => {
    const evidence = { ...onCallNow({}), incident: known(anOutage()) };
    expect(decide([allow(memberOf('U0ANA'), inIncident(), onCall())], evidence)).toMatchObject({
      effect: 'allow',
      proof: { onCall: anEntry(), incident: anOutage() },
      maxDuration: null,
    });
    expect(decide([allow(memberOf('U0ANA'))], evidence)).toMatchObject({ proof: { onCall: null, incident: null } });
  });

  test('"unless" turns yes into no, and unknown stays unknown', () => {
    expect(found(unless(memberOf('U0ANA')))).toBe('not_met: named in the policy');
    expect(found(unless(memberOf('U0BEN')))).toBe('met: not a member of U0BEN');
    expect(found(unless(onCall()), dark)).toBe('unknown: PagerDuty is down');
  });

  test('a shift seen inside an exception is no proof', () => {
    expect(decide([allow(unless(onCall(), memberOf('U0BEN')))], onCallNow({}))).toMatchObject({
      effect: 'allow',
      proof: { onCall: null, incident: null },
    });
  });
});

describe('the decision', () => {
  test('has the outcome of every rule, and whom it names', () => {
    const decision = decide([allow(memberOf('U0BEN', 'S0A')), deny(memberOf('U0EVE')), ask()], {
      groups: { S0A: known(false) },
    });
    expect(decision).toMatchObject({ effect: 'ask', rule: 3, reasons: ['it applies to everybody'] });
    expect(decision.outcomes).toEqual([
      {
        rule: 1,
        effect: 'allow',
        outcome: 'not_met',
        reasons: ['not a member of U0BEN, S0A'],
        principals: ['U0BEN', 'S0A'],
      },
      { rule: 2, effect: 'deny', outcome: 'not_met', reasons: ['not a member of U0EVE'], principals: ['U0EVE'] },
      { rule: 3, effect: 'ask', outcome: 'met', reasons: ['it applies to everybody'], principals: [] },
    ]);
  });

  test('gives the reasons of the deciding rule if two match', () => {
    expect(decide([deny(memberOf('U0BEN')), deny(memberOf('U0ANA')), deny()])).toMatchObject({
      effect: 'deny',
      rule: 2,
      reasons: ['named in the policy'],
    });
    expect(decide([ask({ when: [memberOf('U0BEN')] }), ask({ when: [memberOf('U0ANA')] }), ask()])).toMatchObject({
      effect: 'ask',
      rule: 2,
      reasons: ['named in the policy'],
    });
    expect(decide([allow(memberOf('U0BEN'))])).toMatchObject({
      rule: null,
      reasons: ['no rule of this role matches'],
    });
  });

  test('asks nobody by an ask rule that cannot be checked', () => {
    expect(decide([ask({ when: [onCall()] })], { onCall: unknown('it is down') }).effect).toBe('deny');
  });

  test('to ask has the stages, the steps and the wait of the deciding rule', () => {
    const second = ask({
      when: [memberOf('U0ANA')],
      stages: [
        { reviewers: ['S0A'], needed: 2 },
        { reviewers: ['U0EVE'], needed: 1 },
      ],
      escalate: [{ after: MINUTE, to: { kind: 'people', principals: ['S0B'] }, page: 'PCHECKOUT' }],
      expiresAfter: 2 * HOUR,
    });
    expect(decide([ask({ when: [memberOf('U0BEN')] }), second])).toMatchObject({
      effect: 'ask',
      stages: second.stages,
      escalate: second.escalate,
      expiresAfter: 2 * HOUR,
      maxDuration: null,
    });
  });

  test('to ask shows reviewers a shift and an incident that no rule depended on', () => {
    const evidence = { ...onCallNow({}, search), incident: known(anOutage()) };
    expect(decide([ask()], evidence)).toMatchObject({
      effect: 'ask',
      proof: { onCall: { escalationPolicy: { id: 'PPAY' } }, incident: { id: 'PINC' } },
    });
    const dark = { onCall: unknown('it is down'), incident: unknown('it is down') };
    for (const nothing of [{}, dark, { onCall: null }])
      expect(decide([ask()], nothing)).toMatchObject({ effect: 'ask', proof: { onCall: null, incident: null } });
  });

  test('asks nobody if one of two stages has nobody in it, and says why', () => {
    const stages = [
      { reviewers: ['S0A'], needed: 1 },
      { reviewers: [], needed: 1 },
    ];
    const decision = decide([ask({ stages })]);
    expect(decision.effect).toBe('deny');
    expect(decision.outcomes[0]?.reasons).toEqual(['the rule names no reviewers, so nobody could approve']);
  });

  test('names no rule if a limit or a freeze decided', () => {
    const frozen = { from: NOON, to: NOON + HOUR, reason: 'peak season', except: [] };
    expect(decide([allow()], {}, { freezes: [frozen] })).toEqual({
      effect: 'deny',
      rule: null,
      reasons: ['frozen until 2026-01-15T13:00:00.000Z: peak season'],
      outcomes: [],
    });
  });
});

describe('a used-up budget of automatic approvals', () => {
  const limits = [aLimit({ automatic: { max: 1, per: HOUR } })];
  const spent = { history: known(aHistory({ automatic: [{ role: 'db/read', at: NOON - 1 }] })) };
  const used = 'automatic 1 time in 1 h already, and 1 is the most';
  test('disables every allow rule that matches, and no other rule', () => {
    const decision = decide([allow(memberOf('U0BEN')), allow(), allow(memberOf('U0ANA')), ask()], spent, { limits });
    expect(decision).toMatchObject({ effect: 'ask', rule: 4 });
    expect(decision.outcomes.map(({ outcome, reasons }) => [outcome, ...reasons])).toEqual([
      ['not_met', 'not a member of U0BEN'],
      ['not_met', used],
      ['not_met', used],
      ['met', 'it applies to everybody'],
    ]);
  });

  test('weakens no deny rule', () => {
    expect(decide([deny(memberOf('U0ANA')), allow()], spent, { limits })).toMatchObject({ effect: 'deny', rule: 1 });
  });
});

describe('a rule that an owner removed', () => {
  const REMOVAL = {
    entitlement: 'allow: one of U0ANA',
    by: { slackId: 'U0EVE', name: 'Eve' },
    at: Date.UTC(2026, 0, 9, 23, 59),
    review: 'AR7',
  };
  const removed = (...entitlements: string[]) => ({
    removals: known(entitlements.map((entitlement) => ({ ...REMOVAL, entitlement }))),
  });
  const rules = [allow(memberOf('U0ANA')), ask()];

  test('admits nobody any more, and the reason says in which review and when', () => {
    const decision = decide(rules, { removals: known([REMOVAL]) });
    expect(decision).toMatchObject({ effect: 'ask', rule: 2 });
    expect(decision.outcomes[0]).toMatchObject({
      outcome: 'not_met',
      reasons: ['removed by an owner in access review AR7, 2026-01-09'],
    });
  });

  test('is found among several', () => {
    expect(decide(rules, removed('allow: everybody', 'allow: one of U0ANA'))).toMatchObject({ effect: 'ask' });
  });

  test('is not another rule, nor the same one after it was changed', () => {
    expect(decide(rules, removed('allow: one of U0ANA, U0BEN'))).toMatchObject({ effect: 'allow' });
  });

  test('asks nobody any more if it asked', () => {
    expect(decide([ask()], removed('ask: 1 of S0LEADS, expires after 1 h'))).toMatchObject({ effect: 'deny' });
  });

  test('still denies if it denied', () => {
    expect(decide([deny(memberOf('U0ANA')), allow()], removed('deny: one of U0ANA'))).toMatchObject({
      effect: 'deny',
      rule: 1,
    });
  });

  test('may be any rule while unknown: none allows or asks, and deny rules still deny', () => {
    const dark = { removals: unknown('the database is locked') };
    const decision = decide(rules, dark);
    expect(decision.effect).toBe('deny');
    expect(decision.outcomes.map(({ outcome, reasons }) => [outcome, ...reasons])).toEqual([
      ['unknown', 'the database is locked'],
      ['unknown', 'the database is locked'],
    ]);
    expect(decide([deny(memberOf('U0BEN')), allow()], dark).outcomes[0]?.outcome).toBe('not_met');
    expect(decide(rules, { removals: null })).toMatchObject({ effect: 'allow' });
  });
});

describe('Open Policy Agent', () => {
  const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;
  const SAID = { decision: 'allow', reasons: ['level 1'], reviewers: ['S1', 'S2'], needed: 2, max: HOUR } as const;
  const answered = (answer: Evidence['opa'], more: { held?: number; evidence?: Partial<Evidence> } = {}) =>
    evaluatePolicy(
      aRole({ opa, rules: [allow()] }),
      anInput({ opa: answer, ...more.evidence }, more.held === undefined ? {} : { held: more.held }),
    );

  test('admits nobody if it was not asked or did not answer, whatever the rules say', () => {
    expect(answered(null)).toEqual({
      effect: 'deny',
      rule: null,
      outcomes: [],
      reasons: ['Open Policy Agent was not asked'],
    });
    expect(answered(unknown('it is down'))).toEqual({
      effect: 'deny',
      rule: null,
      outcomes: [],
      reasons: ['it is down'],
    });
  });

  test('allows with the evidence as proof', () => {
    const evidence = { ...onCallNow({}), incident: known(anOutage()) };
    expect(answered(known(SAID), { evidence })).toEqual({
      effect: 'allow',
      rule: null,
      outcomes: [],
      reasons: ['level 1'],
      proof: { onCall: anEntry(), incident: anOutage() },
      maxDuration: HOUR,
    });
  });

  test('names who is asked, for an hour', () => {
    expect(answered(known({ ...SAID, decision: 'ask' }))).toEqual({
      effect: 'ask',
      rule: null,
      outcomes: [],
      reasons: ['level 1'],
      proof: { onCall: null, incident: null },
      maxDuration: HOUR,
      stages: [{ reviewers: ['S1', 'S2'], needed: 2 }],
      escalate: [],
      expiresAfter: HOUR,
    });
  });

  test.each(['allow', 'ask', 'deny'] as const)('that gives no reason for %s still has its answer shown', (decision) => {
    expect(answered(known({ ...SAID, decision, reasons: [] })).reasons).toEqual([`Open Policy Agent: ${decision}`]);
  });

  test.each([
    ['less than the most', HOUR - 1, HOUR, 'allow'],
    ['the most', HOUR, HOUR, 'deny'],
    ['more, where it sets no bound', 99 * HOUR, null, 'allow'],
  ] as const)('once %s is held', (_name, held, max, effect) => {
    expect(answered(known({ ...SAID, max }), { held }).effect).toBe(effect);
  });

  test('says why no more is given, when it asks and when it allows', () => {
    for (const decision of ['allow', 'ask'] as const)
      expect(answered(known({ ...SAID, decision }), { held: HOUR })).toEqual({
        effect: 'deny',
        rule: null,
        outcomes: [],
        reasons: ['Open Policy Agent lets it be held for 1 h in all, and that is used up'],
      });
    expect(answered(known({ ...SAID, decision: 'deny', reasons: ['no'] }), { held: HOUR }).reasons).toEqual(['no']);
  });

  test('no longer decides if an owner removed it, or that is unknown', () => {
    const removal = {
      entitlement: 'Open Policy Agent decides',
      by: { slackId: 'U0EVE', name: 'Eve' },
      at: 0,
      review: 'AR7',
    };
    expect(answered(known(SAID), { evidence: { removals: known([removal]) } })).toEqual({
      effect: 'deny',
      rule: null,
      outcomes: [],
      reasons: ['removed by an owner in access review AR7, 1970-01-01'],
    });
    expect(answered(known(SAID), { evidence: { removals: unknown('locked') } })).toMatchObject({
      effect: 'deny',
      reasons: ['locked'],
    });
    const other = { ...removal, entitlement: 'allow: everybody' };
    expect(answered(known(SAID), { evidence: { removals: known([other]) } }).effect).toBe('allow');
  });
});
