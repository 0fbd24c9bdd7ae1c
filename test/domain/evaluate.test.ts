import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { Evidence, Incident, OnCallEntry } from '../../src/domain/evidence.ts';
import type { Condition, OnCallTest, Role, Rule } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { aRole } from '../support/domain.ts';

// A Thursday, 12:00 UTC.
const NOW = Date.UTC(2026, 0, 15, 12);

const entry = (more: Partial<OnCallEntry> = {}): OnCallEntry => ({
  escalationPolicy: { id: 'PPAY', name: 'Payments' },
  services: [{ id: 'PCHECKOUT', name: 'Checkout' }],
  schedule: { id: 'PSCHED', name: 'Primary' },
  level: 1,
  start: NOW - 2 * HOUR,
  end: NOW + 6 * HOUR,
  isOverride: null,
  ...more,
});
const incident: Incident = {
  id: 'PINC',
  number: 7,
  title: 'Slow',
  status: 'triggered',
  urgency: 'high',
  priority: null,
  service: { id: 'PCHECKOUT', name: 'Checkout' },
  url: '',
};

const onCall = (more: Partial<OnCallTest> = {}): OnCallTest => ({
  kind: 'on_call',
  escalationPolicies: null,
  schedules: null,
  services: null,
  minLevel: 1,
  maxLevel: Number.POSITIVE_INFINITY,
  tenure: 0,
  planned: false,
  ...more,
});
const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  at: NOW,
  onCall: known([entry()]),
  incident: null,
  groups: {},
  history: null,
  removals: null,
  signals: null,
  opa: null,
  ...more,
});
const role = (...rules: Rule[]): Role => aRole({ rules });
const allow = (...when: Condition): Rule => ({ effect: 'allow', when });
const deny = (...when: Condition): Rule => ({ effect: 'deny', when });
const ask = (...when: Condition): Rule => ({
  effect: 'ask',
  when,
  stages: [{ reviewers: ['S1'], needed: 1 }],
  escalate: [],
  expiresAfter: HOUR,
});
const decide = (rules: Rule[], ev: Evidence = evidence(), duration = HOUR, at = NOW) =>
  evaluatePolicy(role(...rules), { at, personId: 'U1', duration, evidence: ev });

const members = (...principals: string[]) => ({ kind: 'members_of', principals }) as const;

describe('conditions', () => {
  const office = {
    kind: 'hours',
    timeZone: 'Europe/Berlin',
    days: [1, 2, 3, 4, 5],
    from: 9 * 60,
    to: 17 * 60,
  } as const;
  const night = { kind: 'hours', timeZone: 'UTC', days: [4], from: 22 * 60, to: 6 * 60 } as const;
  test.each<[string, Condition, Evidence, 'allow' | 'deny']>([
    ['on call anywhere', [onCall()], evidence(), 'allow'],
    ['not on call', [onCall()], evidence({ onCall: known([]) }), 'deny'],
    ['on call for a policy that is named', [onCall({ escalationPolicies: ['PPAY'] })], evidence(), 'allow'],
    ['on call for another policy', [onCall({ escalationPolicies: ['PSEARCH'] })], evidence(), 'deny'],
    ['on call for a policy that pages the named service', [onCall({ services: ['PCHECKOUT'] })], evidence(), 'allow'],
    ['on call for a policy that pages another service', [onCall({ services: ['PSEARCH'] })], evidence(), 'deny'],
    ['on call from the named schedule', [onCall({ schedules: ['PSCHED'] })], evidence(), 'allow'],
    [
      'on call without a schedule where one is named',
      [onCall({ schedules: ['PSCHED'] })],
      evidence({ onCall: known([entry({ schedule: null })]) }),
      'deny',
    ],
    [
      'the classic rule: at escalation level 2 or above',
      [onCall({ minLevel: 2 })],
      evidence({ onCall: known([entry({ level: 3 })]) }),
      'allow',
    ],
    ['the classic rule, at level 1', [onCall({ minLevel: 2 })], evidence(), 'deny'],
    [
      'at a level beyond the last one accepted',
      [onCall({ maxLevel: 2 })],
      evidence({ onCall: known([entry({ level: 3 })]) }),
      'deny',
    ],
    ['long enough on the shift', [onCall({ tenure: HOUR })], evidence(), 'allow'],
    [
      'on the shift for a minute only',
      [onCall({ tenure: HOUR })],
      evidence({ onCall: known([entry({ start: NOW - MINUTE })]) }),
      'deny',
    ],
    [
      'K7.6 named on the escalation policy itself, where a tenure is wanted',
      [onCall({ tenure: HOUR })],
      evidence({ onCall: known([entry({ schedule: null, start: null })]) }),
      'deny',
    ],
    [
      'K7.6 named on the escalation policy itself, where a planned turn is wanted',
      [onCall({ planned: true })],
      evidence({ onCall: known([entry({ schedule: null, start: null, isOverride: false })]) }),
      'deny',
    ],
    [
      'K7.6 named on the escalation policy itself, where neither is',
      [onCall()],
      evidence({ onCall: known([entry({ schedule: null, start: null })]) }),
      'allow',
    ],
    ['a shift that has not begun', [onCall()], evidence({ onCall: known([entry({ start: NOW + MINUTE })]) }), 'deny'],
    ['a shift that has ended', [onCall()], evidence({ onCall: known([entry({ end: NOW })]) }), 'deny'],
    [
      'an open incident on the named service',
      [{ kind: 'incident', services: ['PCHECKOUT'], statuses: ['triggered'], urgencies: ['high'] }],
      evidence({ incident: known(incident) }),
      'allow',
    ],
    [
      'no incident named',
      [{ kind: 'incident', services: null, statuses: ['triggered'], urgencies: null }],
      evidence(),
      'deny',
    ],
    [
      'an incident that is resolved',
      [{ kind: 'incident', services: null, statuses: ['triggered'], urgencies: null }],
      evidence({ incident: known({ ...incident, status: 'resolved' }) }),
      'deny',
    ],
    [
      'an incident on another service',
      [{ kind: 'incident', services: ['PSEARCH'], statuses: ['triggered'], urgencies: null }],
      evidence({ incident: known(incident) }),
      'deny',
    ],
    [
      'an incident of low urgency where high is needed',
      [{ kind: 'incident', services: null, statuses: ['triggered'], urgencies: ['high'] }],
      evidence({ incident: known({ ...incident, urgency: 'low' }) }),
      'deny',
    ],
    ['in a named group', [members('S1')], evidence({ groups: { S1: known(true) } }), 'allow'],
    ['in no named group', [members('S1')], evidence({ groups: { S1: known(false) } }), 'deny'],
    ['named in person', [members('U1')], evidence(), 'allow'],
    ['an empty list means nobody', [members()], evidence(), 'deny'],
    ['within office hours in their time zone', [office], evidence(), 'allow'],
    ['outside the days named', [{ ...office, days: [6, 7] }], evidence(), 'deny'],
    ['hours that cross midnight, at noon', [night], evidence(), 'deny'],
    ['short enough', [{ kind: 'duration', max: HOUR }], evidence(), 'allow'],
    ['too long', [{ kind: 'duration', max: MINUTE }], evidence(), 'deny'],
    [
      'unless a member, who is none',
      [{ kind: 'unless', condition: [members('S1')] }],
      evidence({ groups: { S1: known(false) } }),
      'allow',
    ],
    [
      'unless a member, who is one',
      [{ kind: 'unless', condition: [members('S1')] }],
      evidence({ groups: { S1: known(true) } }),
      'deny',
    ],
    ['both hold', [onCall(), members('U1')], evidence(), 'allow'],
    ['one of two does not hold', [onCall(), members('U2')], evidence(), 'deny'],
  ])('%s', (_name, condition, ev, effect) => {
    expect(decide([allow(...condition)], ev).effect).toBe(effect);
  });

  test.each([
    ['Thursday 23:00 belongs to Thursday night', Date.UTC(2026, 0, 15, 23), 'allow'],
    ['Friday 05:59 still belongs to Thursday night', Date.UTC(2026, 0, 16, 5, 59), 'allow'],
    ['Friday 06:00 does not', Date.UTC(2026, 0, 16, 6), 'deny'],
    ['Thursday 05:00 belongs to Wednesday night', Date.UTC(2026, 0, 15, 5), 'deny'],
  ])('hours across midnight: %s', (_name, at, effect) => {
    expect(decide([allow(night)], evidence(), HOUR, at).effect).toBe(effect);
  });
});

describe('which rule decides', () => {
  test('deny beats allow beats ask, wherever they stand', () => {
    expect(decide([ask(), allow(onCall()), deny(members('U1'))])).toMatchObject({ effect: 'deny', rule: 3 });
    expect(decide([ask(), allow(onCall())])).toMatchObject({ effect: 'allow', rule: 2 });
    expect(decide([ask(), allow(members('U2'))])).toMatchObject({ effect: 'ask', rule: 1 });
  });

  test('the first of its kind decides', () => {
    expect(decide([allow(members('U2')), allow(onCall()), allow(members('U1'))])).toMatchObject({
      effect: 'allow',
      rule: 2,
    });
  });

  test('no rule that matches denies, and every rule says why it did not', () => {
    const decision = decide([allow(onCall({ escalationPolicies: ['PSEARCH'] })), ask(members('U2'))]);
    expect(decision).toMatchObject({ effect: 'deny', rule: null });
    expect(decision.outcomes.map((outcome) => outcome.reasons)).toEqual([
      ['on call for Payments, which this rule does not name'],
      ['not a member of U2'],
    ]);
  });

  test('a rule that asks nobody is no way in', () => {
    expect(
      decide([{ effect: 'ask', when: [], stages: [{ reviewers: [], needed: 1 }], escalate: [], expiresAfter: HOUR }])
        .effect,
    ).toBe('deny');
  });

  test('the proof is the entry that holds longest', () => {
    const decision = decide([allow(onCall())], evidence({ onCall: known([entry(), entry({ level: 2, end: null })]) }));
    expect(decision.effect === 'allow' && decision.proof.onCall?.level).toBe(2);
  });
});

describe('what is not known', () => {
  const down = unknown('PagerDuty gave no answer');
  test('an on-call condition that cannot be checked is not met, says so, and reviewers are asked', () => {
    const decision = decide([allow(onCall()), ask()], evidence({ onCall: down }));
    expect(decision.effect).toBe('ask');
    expect(decision.outcomes[0]).toMatchObject({ outcome: 'unknown', reasons: ['PagerDuty gave no answer'] });
  });

  test('a deny rule that cannot be checked denies, also behind "unless"', () => {
    expect(decide([deny(onCall()), allow(members('U1'))], evidence({ onCall: down })).effect).toBe('deny');
    expect(
      decide(
        [deny({ kind: 'unless', condition: [members('S1')] }), allow(members('U1'))],
        evidence({ groups: { S1: unknown('Slack is down') } }),
      ).effect,
    ).toBe('deny');
  });

  test('for any rules, taking evidence away never turns a decision into allow', () => {
    const test = fc.oneof(
      fc.constantFrom(onCall(), onCall({ minLevel: 2 }), members('S1'), members('U1'), {
        kind: 'incident',
        services: null,
        statuses: ['triggered'],
        urgencies: null,
      } as const),
      fc.constantFrom(members('S1'), onCall()).map((inner) => ({ kind: 'unless', condition: [inner] }) as const),
    );
    const rule = fc
      .tuple(fc.constantFrom('allow', 'deny', 'ask'), fc.array(test, { minLength: 1, maxLength: 3 }))
      .map(([effect, when]): Rule => (effect === 'ask' ? ask(...when) : ({ effect, when } as Rule)));
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        (rules, isOnCall, isMember) => {
          const full = evidence({
            onCall: known(isOnCall ? [entry()] : []),
            incident: known(incident),
            groups: { S1: known(isMember) },
          });
          const before = decide(rules, full).effect;
          const holes: Evidence[] = [
            { ...full, onCall: down },
            { ...full, incident: down },
            { ...full, groups: { S1: down } },
            { ...full, onCall: null, incident: down, groups: {} },
          ];
          for (const hole of holes) if (decide(rules, hole).effect === 'allow') expect(before).toBe('allow');
        },
      ),
    );
  });
});
