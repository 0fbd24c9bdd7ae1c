import { describe, expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { Evidence, History } from '../../src/domain/evidence.ts';
import type { FreezeWindow, Limit, Rule } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { aRole } from '../support/domain.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const ALLOW: Rule = { effect: 'allow', when: [] };
const ASK: Rule = {
  effect: 'ask',
  when: [],
  stages: [{ reviewers: ['S1'], needed: 1 }],
  escalate: [],
  expiresAfter: HOUR,
};
const limit = (more: Partial<Limit>): Limit => ({
  resources: null,
  automatic: null,
  holders: null,
  coolDown: null,
  ...more,
});
const past = (more: Partial<History> = {}): History => ({ automatic: [], denials: [], holders: [], ...more });
const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  at: NOW,
  onCall: null,
  incident: null,
  groups: {},
  history: known(past()),
  removals: null,
  signals: null,
  opa: null,
  ...more,
});
const decide = (more: { limits?: Limit[]; freezes?: FreezeWindow[] }, found: Evidence, rules = [ALLOW, ASK]) =>
  evaluatePolicy(aRole({ rules, ...more }), { at: NOW, personId: 'U1', duration: HOUR, evidence: found });

describe('limits', () => {
  const twice = limit({ automatic: { max: 2, per: 24 * HOUR } });
  const approvals = (...ages: number[]) =>
    evidence({ history: known(past({ automatic: ages.map((age) => ({ role: 'db/read', at: NOW - age })) })) });

  test('so many approvals at once in a period, then reviewers', () => {
    expect(decide({ limits: [twice] }, approvals(HOUR)).effect).toBe('allow');
    const spent = decide({ limits: [twice] }, approvals(HOUR, 23 * HOUR));
    expect(spent.effect).toBe('ask');
    expect(spent.outcomes[0]?.reasons).toEqual(['approved at once 2 times in 24 h, and 2 is the most']);
    expect(decide({ limits: [twice] }, approvals(HOUR, 24 * HOUR)).effect).toBe('allow');
  });

  test('counts its own role, or all roles of the resources that share it', () => {
    const elsewhere = evidence({
      history: known(
        past({
          automatic: [
            { role: 'other/read', at: NOW - 1 },
            { role: 'other/admin', at: NOW - 1 },
          ],
        }),
      ),
    });
    expect(decide({ limits: [twice] }, elsewhere).effect).toBe('allow');
    expect(decide({ limits: [{ ...twice, resources: ['db', 'other'] }] }, elsewhere).effect).toBe('ask');
  });

  test('so many holders at the same time, whoever asks not counted', () => {
    const held = (...people: string[]) =>
      evidence({ history: known(past({ holders: people.map((personId) => ({ role: 'db/read', personId })) })) });
    expect(decide({ limits: [limit({ holders: 2 })] }, held('U2', 'U2', 'U1')).effect).toBe('allow');
    const full = decide({ limits: [limit({ holders: 2 })] }, held('U2', 'U3'));
    expect(full).toMatchObject({
      effect: 'deny',
      rule: null,
      reasons: ['held by 2 others already, and 2 is the most'],
    });
  });

  test('a pause after a reviewer’s no', () => {
    const denied = (age: number) =>
      evidence({ history: known(past({ denials: [{ role: 'db/read', at: NOW - age }] })) });
    const limits = [limit({ coolDown: HOUR })];
    expect(decide({ limits }, denied(30 * MINUTE))).toMatchObject({
      effect: 'deny',
      reasons: ['a reviewer denied it 30 min ago; it can be asked for again after 1 h'],
    });
    expect(decide({ limits }, denied(HOUR)).effect).toBe('allow');
  });

  test('what is not known opens nothing', () => {
    const dark = evidence({ history: unknown('the database is locked') });
    expect(decide({ limits: [twice] }, dark).effect).toBe('ask');
    expect(decide({ limits: [limit({ holders: 1 })] }, dark)).toMatchObject({
      effect: 'deny',
      reasons: ['the database is locked'],
    });
    expect(decide({ limits: [limit({ coolDown: HOUR })] }, evidence({ history: null })).effect).toBe('deny');
  });
});

describe('freeze windows', () => {
  const freeze: FreezeWindow = { from: NOW, to: NOW + HOUR, reason: 'peak season', except: ['S9', 'U7'] };
  test('nothing is granted in them, but to whom they except', () => {
    expect(decide({ freezes: [freeze] }, evidence())).toMatchObject({
      effect: 'deny',
      reasons: ['frozen until 2026-01-15T13:00:00.000Z: peak season'],
    });
    expect(decide({ freezes: [freeze] }, evidence({ groups: { S9: known(true) } })).effect).toBe('allow');
    expect(decide({ freezes: [freeze] }, evidence({ groups: { S9: unknown('Slack is down') } })).effect).toBe('deny');
    expect(decide({ freezes: [{ ...freeze, from: NOW + 1 }] }, evidence()).effect).toBe('allow');
    expect(decide({ freezes: [{ ...freeze, from: 0, to: NOW }] }, evidence()).effect).toBe('allow');
  });
});

describe('planned shifts', () => {
  const entry = (isOverride: boolean | null) => ({
    escalationPolicy: { id: 'P', name: 'Payments' },
    services: [],
    schedule: { id: 'PS', name: 'Primary' },
    level: 1,
    start: NOW - HOUR,
    end: NOW + HOUR,
    isOverride,
  });
  const rule: Rule = {
    effect: 'allow',
    when: [
      {
        kind: 'on_call',
        escalationPolicies: null,
        schedules: null,
        services: null,
        minLevel: 1,
        maxLevel: Infinity,
        tenure: 0,
        planned: true,
      },
    ],
  };
  test.each([
    [false, 'met', /on call at level 1/],
    [true, 'not_met', /by an override/],
    [null, 'unknown', /did not say/],
  ])('an override is %s: %s', (isOverride, outcome, reason) => {
    const decision = decide({}, evidence({ onCall: known([entry(isOverride)]) }), [rule, ASK]);
    expect(decision.outcomes[0]).toMatchObject({ outcome });
    expect(decision.outcomes[0]?.reasons[0]).toMatch(reason);
  });
});

describe('handed to Open Policy Agent', () => {
  const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;
  const decideWith = (answer: Evidence['opa']) =>
    evaluatePolicy(aRole({ opa }), { at: NOW, personId: 'U1', duration: HOUR, evidence: evidence({ opa: answer }) });
  test('its clear yes allows for as long as it says; anything else does not', () => {
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
