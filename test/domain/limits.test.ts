import { describe, expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { Evidence, History } from '../../src/domain/evidence.ts';
import type { FreezeWindow, Limit, Rule } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import {
  aHistory,
  aLimit,
  allow,
  anEntry,
  anInput,
  aRole,
  ask,
  NOON,
  onCall,
  someEvidence,
} from '../support/domain.ts';

const decide = (
  more: { limits?: Limit[]; freezes?: FreezeWindow[] },
  found: Evidence,
  rules: readonly Rule[] = [allow(), ask()],
) => evaluatePolicy(aRole({ rules, ...more }), { at: NOON, personId: 'U1', duration: HOUR, evidence: found });

describe('limits', () => {
  const twice = aLimit({ automatic: { max: 2, per: 24 * HOUR } });
  const approvals = (...ages: number[]) =>
    someEvidence({ history: known(aHistory({ automatic: ages.map((age) => ({ role: 'db/read', at: NOON - age })) })) });

  test('after the maximum of automatic approvals in a period, reviewers are asked', () => {
    expect(decide({ limits: [twice] }, approvals(HOUR)).effect).toBe('allow');
    const spent = decide({ limits: [twice] }, approvals(HOUR, 23 * HOUR));
    expect(spent.effect).toBe('ask');
    expect(spent.outcomes[0]?.reasons).toEqual(['automatic 2 times in 24 h already, and 2 is the most']);
    expect(decide({ limits: [twice] }, approvals(HOUR, 24 * HOUR)).effect).toBe('allow');
  });

  test('count their own role, or all roles of the resources that share them', () => {
    const elsewhere = someEvidence({
      history: known(
        aHistory({
          automatic: [
            { role: 'other/read', at: NOON - 1 },
            { role: 'other/admin', at: NOON - 1 },
          ],
        }),
      ),
    });
    expect(decide({ limits: [twice] }, elsewhere).effect).toBe('allow');
    expect(decide({ limits: [{ ...twice, resources: ['db', 'other'] }] }, elsewhere).effect).toBe('ask');
  });

  test('cap the people who hold a role at the same time, not counting the requester', () => {
    const held = (...people: string[]) =>
      someEvidence({
        history: known(aHistory({ holders: people.map((personId) => ({ role: 'db/read', personId })) })),
      });
    expect(decide({ limits: [aLimit({ holders: 2 })] }, held('U2', 'U2', 'U1')).effect).toBe('allow');
    const full = decide({ limits: [aLimit({ holders: 2 })] }, held('U2', 'U3'));
    expect(full).toMatchObject({
      effect: 'deny',
      rule: null,
      reasons: ['2 other people have it already, and 2 is the most'],
    });
  });

  test('impose a pause after a reviewer denied', () => {
    const denied = (age: number) =>
      someEvidence({ history: known(aHistory({ denials: [{ role: 'db/read', at: NOON - age }] })) });
    const limits = [aLimit({ coolDown: HOUR })];
    expect(decide({ limits }, denied(30 * MINUTE))).toMatchObject({
      effect: 'deny',
      reasons: ['a reviewer denied it 30 min ago; it can be asked for again after 1 h'],
    });
    expect(decide({ limits }, denied(HOUR)).effect).toBe('allow');
  });

  test('admit nobody if the history is unknown', () => {
    const dark = someEvidence({ history: unknown('the database is locked') });
    expect(decide({ limits: [twice] }, dark).effect).toBe('ask');
    expect(decide({ limits: [aLimit({ holders: 1 })] }, dark)).toMatchObject({
      effect: 'deny',
      reasons: ['the database is locked'],
    });
    expect(decide({ limits: [aLimit({ coolDown: HOUR })] }, someEvidence({ history: null })).effect).toBe('deny');
  });
});

describe('the reach of a limit', () => {
  const asked = (limits: Limit[], history: Partial<History>) =>
    evaluatePolicy(aRole({ limits, rules: [allow(), ask()] }), anInput({ history: known(aHistory(history)) }));
  const at = (role: string, ...ages: number[]) => ages.map((age) => ({ role, at: NOON - age }));
  const holders = (role: string, ...people: string[]) => people.map((personId) => ({ role, personId }));

  test.each([
    ['the last moment of the period counts', HOUR - 1, 'ask'],
    ['the first moment behind it does not', HOUR, 'allow'],
    ['what is approved for a time ahead counts as long', 1 - HOUR, 'ask'],
    ['what lies further ahead does not', -HOUR, 'allow'],
  ] as const)('of a budget, %s', (_name, age, effect) => {
    const once = aLimit({ automatic: { max: 1, per: HOUR } });
    expect(asked([once], { automatic: at('db/read', age) }).effect).toBe(effect);
  });

  test('one used-up budget of two is enough, whichever it is', () => {
    const wide = aLimit({ automatic: { max: 9, per: 24 * HOUR } });
    const narrow = aLimit({ automatic: { max: 1, per: HOUR } });
    const other = aLimit({ holders: 9 });
    for (const limits of [
      [wide, narrow],
      [narrow, wide],
      [other, narrow],
    ])
      expect(asked(limits, { automatic: at('db/read', MINUTE) }).effect).toBe('ask');
    expect(asked([wide, other], { automatic: at('db/read', MINUTE) }).effect).toBe('allow');
  });

  test('without its history a budget admits nobody automatically: reviewers are asked', () => {
    const limits = [aLimit({ automatic: { max: 1, per: HOUR } })];
    for (const [history, reason] of [
      [null, 'how often it was automatic was not looked up'],
      [unknown('the database is locked'), 'the database is locked'],
    ] as const) {
      const decision = evaluatePolicy(aRole({ limits, rules: [allow(), ask()] }), anInput({ history }));
      expect(decision.effect).toBe('ask');
      expect(decision.outcomes[0]).toMatchObject({ outcome: 'unknown', reasons: [reason] });
    }
  });

  test('caps and pauses that were not looked up refuse, and say so', () => {
    for (const one of [aLimit({ holders: 1 }), aLimit({ coolDown: HOUR })])
      expect(evaluatePolicy(aRole({ limits: [one], rules: [allow()] }), anInput({ history: null }))).toMatchObject({
        effect: 'deny',
        reasons: ['whether its limits are reached was not looked up'],
      });
  });

  test('another role of the resource does not count, unless the resource does', () => {
    for (const [limit, found] of [
      [aLimit({ holders: 1 }), { holders: holders('db/admin', 'U0BEN') }],
      [aLimit({ coolDown: HOUR }), { denials: at('db/admin', MINUTE) }],
    ] as const) {
      expect(asked([limit], found).effect).toBe('allow');
      expect(asked([{ ...limit, resources: ['db'] }], found).effect).toBe('deny');
      expect(asked([{ ...limit, resources: ['d', 'other'] }], found).effect).toBe('allow');
    }
  });

  test('a pause ends with its last moment, and counts from the newest denial', () => {
    const limits = [aLimit({ coolDown: HOUR })];
    expect(asked(limits, { denials: at('db/read', HOUR - 1) }).effect).toBe('deny');
    expect(asked(limits, { denials: at('db/read', HOUR) }).effect).toBe('allow');
    for (const ages of [
      [MINUTE, 3 * HOUR],
      [3 * HOUR, MINUTE],
    ])
      expect(asked(limits, { denials: at('db/read', ...ages) }).effect).toBe('deny');
  });

  test('a denial long ago causes no pause if only the number of holders is limited', () => {
    expect(asked([aLimit({ holders: 1 })], { denials: at('db/read', 1) }).effect).toBe('allow');
  });

  test('one below the cap is fine, and one other holder is written in the singular', () => {
    const two = [aLimit({ holders: 2 })];
    expect(asked(two, { holders: holders('db/read', 'U0BEN') }).effect).toBe('allow');
    expect(asked([aLimit({ holders: 1 })], { holders: holders('db/read', 'U0BEN') })).toMatchObject({
      effect: 'deny',
      reasons: ['1 other person has it already, and 1 is the most'],
    });
    // Whoever holds it already takes no second seat.
    expect(asked([aLimit({ holders: 1 })], { holders: holders('db/read', 'U0ANA') }).effect).toBe('allow');
  });

  test('either of two caps is enough to refuse', () => {
    const tight = aLimit({ holders: 1 });
    const loose = aLimit({ holders: 9, coolDown: HOUR });
    const full = { holders: holders('db/read', 'U0BEN') };
    expect(asked([loose, tight], full).effect).toBe('deny');
    expect(asked([tight, loose], full).effect).toBe('deny');
    expect(asked([tight, loose], { denials: at('db/read', MINUTE) }).effect).toBe('deny');
  });
});

describe('freeze windows', () => {
  const freeze: FreezeWindow = { from: NOON, to: NOON + HOUR, reason: 'peak season', except: ['S9', 'U7'] };
  test('block everybody except those whom they name', () => {
    expect(decide({ freezes: [freeze] }, someEvidence())).toMatchObject({
      effect: 'deny',
      reasons: ['frozen until 2026-01-15T13:00:00.000Z: peak season'],
    });
    expect(decide({ freezes: [freeze] }, someEvidence({ groups: { S9: known(true) } })).effect).toBe('allow');
    expect(decide({ freezes: [freeze] }, someEvidence({ groups: { S9: unknown('Slack is down') } })).effect).toBe(
      'deny',
    );
    expect(decide({ freezes: [{ ...freeze, from: NOON + 1 }] }, someEvidence()).effect).toBe('allow');
    expect(decide({ freezes: [{ ...freeze, from: 0, to: NOON }] }, someEvidence()).effect).toBe('allow');
    expect(decide({ freezes: [{ ...freeze, from: 0, to: NOON + 1 }] }, someEvidence()).effect).toBe('deny');
  });

  test('do not block somebody who is named, and one exception is enough', () => {
    expect(decide({ freezes: [{ ...freeze, except: ['U7', 'U1'] }] }, someEvidence()).effect).toBe('allow');
    expect(decide({ freezes: [{ ...freeze, except: [] }] }, someEvidence()).effect).toBe('deny');
    const inSecond = someEvidence({ groups: { S8: known(false), S9: known(true) } });
    expect(decide({ freezes: [{ ...freeze, except: ['S8', 'S9'] }] }, inSecond).effect).toBe('allow');
    expect(decide({ freezes: [freeze] }, someEvidence({ groups: { S9: known(false) } })).effect).toBe('deny');
    expect(decide({ freezes: [freeze] }, someEvidence({ groups: {} })).effect).toBe('deny');
  });

  test('block in the second of two windows too', () => {
    const past = { ...freeze, from: 0, to: NOON };
    expect(decide({ freezes: [past, freeze] }, someEvidence()).effect).toBe('deny');
  });

  test('are reported before a limit', () => {
    const full = someEvidence({ history: known(aHistory({ holders: [{ role: 'db/read', personId: 'U2' }] })) });
    expect(decide({ freezes: [freeze], limits: [aLimit({ holders: 1 })] }, full)).toMatchObject({
      reasons: ['frozen until 2026-01-15T13:00:00.000Z: peak season'],
    });
    expect(decide({ freezes: [{ ...freeze, except: ['U1'] }], limits: [aLimit({ holders: 1 })] }, full)).toMatchObject({
      effect: 'deny',
      reasons: ['1 other person has it already, and 1 is the most'],
    });
  });
});

describe('planned shifts', () => {
  const rule = allow(onCall({ planned: true }));
  test.each([
    [false, 'met', /on call at level 1/],
    [true, 'not_met', /by an override/],
    [null, 'unknown', /did not say/],
  ])('an override is %s: %s', (isOverride, outcome, reason) => {
    const decision = decide({}, someEvidence({ onCall: known([anEntry({ isOverride })]) }), [rule, ask()]);
    expect(decision.outcomes[0]).toMatchObject({ outcome });
    expect(decision.outcomes[0]?.reasons[0]).toMatch(reason);
  });
});

describe('a role delegated to Open Policy Agent', () => {
  const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;
  const decideWith = (answer: Evidence['opa']) =>
    evaluatePolicy(aRole({ opa }), {
      at: NOON,
      personId: 'U1',
      duration: HOUR,
      evidence: someEvidence({ opa: answer }),
    });
  test('is allowed by a clear yes, for as long as that says, and by nothing else', () => {
    const said = { decision: 'allow', reasons: ['level 1'], reviewers: [], needed: 1, max: MINUTE } as const;
    expect(decideWith(known(said))).toMatchObject({ effect: 'allow', maxDuration: MINUTE, reasons: ['level 1'] });
    expect(decideWith(known({ ...said, decision: 'ask', reviewers: ['S1'] }))).toMatchObject({
      effect: 'ask',
      stages: [{ reviewers: ['S1'], needed: 1 }],
    });
    expect(decideWith(known({ ...said, decision: 'deny' })).effect).toBe('deny');
    expect(decideWith(unknown('it is down'))).toMatchObject({ effect: 'deny', reasons: ['it is down'] });
    expect(decideWith(null).effect).toBe('deny');
  });
});
