import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { Evidence } from '../../src/domain/evidence.ts';
import type { Condition, Rule } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { allow, anEntry, anOutage, aRole, ask, deny, memberOf, NOON, onCall, someEvidence } from '../support/domain.ts';

const evidence = (more: Partial<Evidence> = {}): Evidence => someEvidence({ onCall: known([anEntry()]), ...more });
const decide = (rules: readonly Rule[], ev: Evidence = evidence(), duration = HOUR, at = NOON) =>
  evaluatePolicy(aRole({ rules }), { at, personId: 'U1', duration, evidence: ev });

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
      evidence({ onCall: known([anEntry({ schedule: null })]) }),
      'deny',
    ],
    [
      'the classic rule: at escalation level 2 or above',
      [onCall({ minLevel: 2 })],
      evidence({ onCall: known([anEntry({ level: 3 })]) }),
      'allow',
    ],
    ['the classic rule, at level 1', [onCall({ minLevel: 2 })], evidence(), 'deny'],
    [
      'at a level beyond the last one accepted',
      [onCall({ maxLevel: 2 })],
      evidence({ onCall: known([anEntry({ level: 3 })]) }),
      'deny',
    ],
    ['long enough on the shift', [onCall({ tenure: HOUR })], evidence(), 'allow'],
    [
      'on the shift for a minute only',
      [onCall({ tenure: HOUR })],
      evidence({ onCall: known([anEntry({ start: NOON - MINUTE })]) }),
      'deny',
    ],
    [
      'K7.6 named on the escalation policy itself, where a tenure is wanted',
      [onCall({ tenure: HOUR })],
      evidence({ onCall: known([anEntry({ schedule: null, start: null })]) }),
      'deny',
    ],
    [
      'K7.6 named on the escalation policy itself, where a planned turn is wanted',
      [onCall({ planned: true })],
      evidence({ onCall: known([anEntry({ schedule: null, start: null, isOverride: false })]) }),
      'deny',
    ],
    [
      'K7.6 named on the escalation policy itself, where neither is',
      [onCall()],
      evidence({ onCall: known([anEntry({ schedule: null, start: null })]) }),
      'allow',
    ],
    [
      'a shift that has not begun',
      [onCall()],
      evidence({ onCall: known([anEntry({ start: NOON + MINUTE })]) }),
      'deny',
    ],
    ['a shift that has ended', [onCall()], evidence({ onCall: known([anEntry({ end: NOON })]) }), 'deny'],
    [
      'an open incident on the named service',
      [{ kind: 'incident', services: ['PCHECKOUT'], statuses: ['triggered'], urgencies: ['high'] }],
      evidence({ incident: known(anOutage()) }),
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
      evidence({ incident: known(anOutage({ status: 'resolved' })) }),
      'deny',
    ],
    [
      'an incident on another service',
      [{ kind: 'incident', services: ['PSEARCH'], statuses: ['triggered'], urgencies: null }],
      evidence({ incident: known(anOutage()) }),
      'deny',
    ],
    [
      'an incident of low urgency where high is needed',
      [{ kind: 'incident', services: null, statuses: ['triggered'], urgencies: ['high'] }],
      evidence({ incident: known(anOutage({ urgency: 'low' })) }),
      'deny',
    ],
    ['in a named group', [memberOf('S1')], evidence({ groups: { S1: known(true) } }), 'allow'],
    ['in no named group', [memberOf('S1')], evidence({ groups: { S1: known(false) } }), 'deny'],
    ['named in person', [memberOf('U1')], evidence(), 'allow'],
    ['an empty list means nobody', [memberOf()], evidence(), 'deny'],
    ['within office hours in their time zone', [office], evidence(), 'allow'],
    ['outside the days named', [{ ...office, days: [6, 7] }], evidence(), 'deny'],
    ['hours that cross midnight, at noon', [night], evidence(), 'deny'],
    ['short enough', [{ kind: 'duration', max: HOUR }], evidence(), 'allow'],
    ['too long', [{ kind: 'duration', max: MINUTE }], evidence(), 'deny'],
    [
      'unless a member, who is none',
      [{ kind: 'unless', condition: [memberOf('S1')] }],
      evidence({ groups: { S1: known(false) } }),
      'allow',
    ],
    [
      'unless a member, who is one',
      [{ kind: 'unless', condition: [memberOf('S1')] }],
      evidence({ groups: { S1: known(true) } }),
      'deny',
    ],
    ['both hold', [onCall(), memberOf('U1')], evidence(), 'allow'],
    ['one of two does not hold', [onCall(), memberOf('U2')], evidence(), 'deny'],
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
  test('deny beats allow beats ask, in any order', () => {
    expect(decide([ask(), allow(onCall()), deny(memberOf('U1'))])).toMatchObject({ effect: 'deny', rule: 3 });
    expect(decide([ask(), allow(onCall())])).toMatchObject({ effect: 'allow', rule: 2 });
    expect(decide([ask(), allow(memberOf('U2'))])).toMatchObject({ effect: 'ask', rule: 1 });
  });

  test('the first of its kind decides', () => {
    expect(decide([allow(memberOf('U2')), allow(onCall()), allow(memberOf('U1'))])).toMatchObject({
      effect: 'allow',
      rule: 2,
    });
  });

  test('without a matching rule it is denied, and every rule says why it did not match', () => {
    const decision = decide([allow(onCall({ escalationPolicies: ['PSEARCH'] })), ask({ when: [memberOf('U2')] })]);
    expect(decision).toMatchObject({ effect: 'deny', rule: null });
    expect(decision.outcomes.map((outcome) => outcome.reasons)).toEqual([
      ['on call for Payments, which this rule does not name'],
      ['not a member of U2'],
    ]);
  });

  test('a rule that asks nobody admits nobody', () => {
    expect(decide([ask({ stages: [{ reviewers: [], needed: 1 }] })]).effect).toBe('deny');
  });

  test('the proof is the entry that lasts longest', () => {
    const decision = decide(
      [allow(onCall())],
      evidence({ onCall: known([anEntry(), anEntry({ level: 2, end: null })]) }),
    );
    expect(decision.effect === 'allow' && decision.proof.onCall?.level).toBe(2);
  });
});

describe('unknown evidence', () => {
  const down = unknown('PagerDuty gave no answer');
  test('an unchecked on-call condition is not met, says so, and reviewers are asked', () => {
    const decision = decide([allow(onCall()), ask()], evidence({ onCall: down }));
    expect(decision.effect).toBe('ask');
    expect(decision.outcomes[0]).toMatchObject({ outcome: 'unknown', reasons: ['PagerDuty gave no answer'] });
  });

  test('a deny rule that cannot be checked denies, also inside "unless"', () => {
    expect(decide([deny(onCall()), allow(memberOf('U1'))], evidence({ onCall: down })).effect).toBe('deny');
    expect(
      decide(
        [deny({ kind: 'unless', condition: [memberOf('S1')] }), allow(memberOf('U1'))],
        evidence({ groups: { S1: unknown('Slack is down') } }),
      ).effect,
    ).toBe('deny');
  });

  test('for any rules, taking evidence away never turns a decision into allow', () => {
    const test = fc.oneof(
      fc.constantFrom(onCall(), onCall({ minLevel: 2 }), memberOf('S1'), memberOf('U1'), {
        kind: 'incident',
        services: null,
        statuses: ['triggered'],
        urgencies: null,
      } as const),
      fc.constantFrom(memberOf('S1'), onCall()).map((inner) => ({ kind: 'unless', condition: [inner] }) as const),
    );
    const rule = fc
      .tuple(fc.constantFrom('allow', 'deny', 'ask'), fc.array(test, { minLength: 1, maxLength: 3 }))
      .map(([effect, when]): Rule => (effect === 'ask' ? ask({ when }) : ({ effect, when } as Rule)));
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        (rules, isOnCall, isMember) => {
          const full = evidence({
            onCall: known(isOnCall ? [anEntry()] : []),
            incident: known(anOutage()),
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
