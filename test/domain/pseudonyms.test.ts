import { describe, expect, test } from 'vitest';
import type { DecisionInput } from '../../src/domain/decision.ts';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import { idsOf, withoutPeople } from '../../src/domain/pseudonyms.ts';
import { HOUR, known, MINUTE, SECOND, unknown } from '../../src/domain/terms.ts';
import { aLimit, allow, anInput, aPolicy, aResource, aRole, ask, memberOf, onCall } from '../support/domain.ts';

const AT = Date.UTC(2026, 0, 15, 10, 7, 12, 345);
const FIVE_PAST = Date.UTC(2026, 0, 15, 10, 5);
const shift = {
  escalationPolicy: { id: 'PPAY', name: 'Payments (Ana)' },
  services: [{ id: 'PCHECK', name: 'Checkout' }],
  schedule: { id: 'PSWEEKLY', name: 'Ana Kovač weekly' },
  level: 1,
  start: AT - 67 * MINUTE,
  end: AT + HOUR,
  isOverride: false,
};
const input: DecisionInput = {
  at: AT,
  personId: 'U0ANA',
  duration: HOUR + 5 * MINUTE + 1,
  held: 34 * MINUTE + 59 * SECOND,
  evidence: {
    at: AT - SECOND,
    onCall: known([shift]),
    incident: known({
      id: 'QINC',
      number: 7,
      title: 'Ana reports: checkout is down',
      status: 'triggered',
      urgency: 'high',
      priority: 'P1',
      service: { id: 'PCHECK', name: 'Checkout' },
      url: 'https://ana.example',
    }),
    groups: { S0OPS: known(true), S0DBA: unknown('Ana was not found') },
    otherAccounts: ['U0ANA2'],
    othersOnCall: unknown('Ana has two addresses'),
    history: known({
      automatic: [{ role: 'db/read', at: AT - 61 * MINUTE }],
      denials: [{ role: 'db/read', at: AT - 59 * MINUTE }],
      holders: [{ role: 'db/read', personId: 'U0BEN' }],
    }),
    removals: known([
      { entitlement: 'rule 2: anybody but U0BEN', by: { slackId: 'U0BEN', name: 'Ben' }, at: AT, review: 'R1' },
    ]),
    signals: known([{ kind: 'first_time', facts: 'Ana never had access to db' }]),
    opa: known({ decision: 'ask', reasons: ['Ana asked'], reviewers: ['S0OPS', 'U0BEN'], needed: 2, max: 60 }),
  },
};
const naming = (compared: readonly string[], written: readonly string[] = []) => ({
  compared: new Set(compared),
  written: new Set(written),
});
const NOBODY = naming([]);
const without = withoutPeople(input, naming(['S0OPS']));
const of = (changes: Partial<DecisionInput['evidence']>) =>
  withoutPeople({ ...input, evidence: { ...input.evidence, ...changes } }, NOBODY).evidence;

describe('a decision without people', () => {
  test('contains neither ids nor names, also not in texts of other systems', () => {
    expect(JSON.stringify(without)).not.toMatch(/ana|ben/i);
  });

  test('keeps everything that rules compare with, in steps of five minutes', () => {
    expect(without).toEqual({
      at: FIVE_PAST,
      personId: 'person-1',
      duration: 70 * MINUTE,
      held: 30 * MINUTE,
      evidence: {
        at: FIVE_PAST,
        onCall: known([
          {
            escalationPolicy: { id: 'PPAY', name: 'PPAY' },
            services: [{ id: 'PCHECK', name: 'PCHECK' }],
            schedule: { id: 'PSWEEKLY', name: 'PSWEEKLY' },
            level: 1,
            start: FIVE_PAST - 65 * MINUTE,
            end: null,
            isOverride: false,
          },
        ]),
        incident: known({
          ...{ id: '', number: 0, title: '', priority: null, url: '' },
          ...{ status: 'triggered', urgency: 'high', service: { id: 'PCHECK', name: 'PCHECK' } },
        }),
        groups: { S0OPS: known(true), S0DBA: unknown('not known then') },
        otherAccounts: ['person-2'],
        othersOnCall: unknown('not known then'),
        history: known({
          automatic: [{ role: 'db/read', at: FIVE_PAST - 60 * MINUTE }],
          denials: [{ role: 'db/read', at: FIVE_PAST - 55 * MINUTE }],
          holders: [{ role: 'db/read', personId: 'person-3' }],
        }),
        removals: known([
          {
            entitlement: 'rule 2: anybody but person-3',
            by: { slackId: '', name: '' },
            at: Date.UTC(2026, 0, 15),
            review: '(left out)',
          },
        ]),
        signals: known([{ kind: 'first_time', facts: '' }]),
        opa: known({ decision: 'ask', reasons: [], reviewers: ['S0OPS', 'person-3'], needed: 2, max: 60 }),
      },
    });
  });

  test('gives somebody another pseudonym in another decision', () => {
    const byBen = withoutPeople({ ...input, personId: 'U0BEN' }, NOBODY);
    expect(byBen.personId).toBe('person-1');
    expect(byBen.evidence.history).toMatchObject({ value: { holders: [{ personId: 'person-1' }] } });
  });

  test('keeps the ids of people whom the policy names', () => {
    expect(withoutPeople(input, naming(['U0ANA'])).personId).toBe('U0ANA');
  });

  test('keeps nobody of whom a rule only counts that they are there', () => {
    const { history, opa } = withoutPeople(input, naming(['U0BEN'])).evidence;
    expect(history).toMatchObject({ value: { holders: [{ personId: 'person-3' }] } });
    expect(opa).toMatchObject({ value: { reviewers: ['S0OPS', 'person-3'] } });
  });

  test('still tells the requester from other holders', () => {
    const holders = [{ role: 'db/read', personId: 'U0ANA' }];
    const given = { ...input.evidence, history: known({ automatic: [], denials: [], holders }) };
    const { personId, evidence } = withoutPeople({ ...input, evidence: given }, naming(['U0ANA']));
    expect(evidence.history).toMatchObject({ value: { holders: [{ personId }] } });
  });

  test('keeps the text of a removed rule that the policy has, with its reviewers', () => {
    const { removals } = withoutPeople(input, naming([], ['U0BEN'])).evidence;
    expect(removals).toMatchObject({ value: [{ entitlement: 'rule 2: anybody but U0BEN' }] });
  });

  test('has no id of an organisation-wide account in the text of a removed rule either', () => {
    const removed = { entitlement: 'allow: one of W0BEN, S0OPS', by: { slackId: '', name: '' }, at: AT, review: 'R1' };
    expect(of({ removals: known([removed]) }).removals).toMatchObject({
      value: [{ entitlement: 'allow: one of person-4, S0OPS' }],
    });
  });

  test('keeps another account of the requester that a rule compares with', () => {
    expect(withoutPeople(input, naming(['U0ANA2'])).evidence.otherAccounts).toEqual(['U0ANA2']);
  });

  test('drops fields that it does not know, wherever they are', () => {
    const more = { note: 'Ana' };
    const marked = {
      ...{ onCall: known([{ ...shift, ...more }]), othersOnCall: known([{ ...shift, ...more }]) },
      groups: { S0OPS: { ...known(true), ...more } },
      ...more,
    };
    const past = { role: 'db/read', at: 1, ...more };
    const history = known({ automatic: [past], denials: [past], holders: [{ role: 'r', personId: 'U1', ...more }] });
    expect(JSON.stringify(of({ ...marked, history }))).not.toContain('note');
  });

  test('leaves out shifts that were over or had not begun', () => {
    const over = { ...shift, end: AT };
    const later = { ...shift, start: AT + 1 };
    expect(of({ onCall: known([over, later]) }).onCall).toEqual(known([]));
  });

  test.each([
    [20 * MINUTE, true],
    [20 * MINUTE - SECOND, false],
  ])('%s ms on a shift of at least 20 minutes is decided as before: %s', (ago, isAllowed) => {
    const role = aRole({ rules: [allow(onCall({ tenure: 20 * MINUTE }))] });
    const given = anInput({ onCall: known([{ ...shift, start: AT - ago }]) }, { at: AT });
    for (const one of [given, withoutPeople(given, NOBODY)])
      expect(evaluatePolicy(role, one).effect).toBe(isAllowed ? 'allow' : 'deny');
  });

  test.each([
    [HOUR - SECOND, false],
    [HOUR, true],
  ])('%s ms after a denial, with an hour to wait, is decided as before: %s', (ago, isAllowed) => {
    const role = aRole({ rules: [allow()], limits: [aLimit({ coolDown: HOUR })] });
    const denials = [{ role: 'db/read', at: AT - ago }];
    const given = anInput({ history: known({ automatic: [], denials, holders: [] }) }, { at: AT });
    for (const one of [given, withoutPeople(given, NOBODY)])
      expect(evaluatePolicy(role, one).effect).toBe(isAllowed ? 'allow' : 'deny');
  });

  test('lacks what an earlier version did not record', () => {
    const { removals, signals, opa, ...earlier } = input.evidence;
    const old: DecisionInput = JSON.parse(
      JSON.stringify({ at: 5, personId: 'U0ANA', duration: 60, evidence: earlier }),
    );
    expect(withoutPeople(old, NOBODY)).toMatchObject({ evidence: { removals: null, signals: null, opa: null } });
    expect(withoutPeople(old, NOBODY)).not.toHaveProperty('held');
  });
});

test('people stay whom rules and freezes compare with, and no reviewer', () => {
  const role = aRole({
    rules: [allow(memberOf('U0ANA', 'S0OPS')), ask({ stages: [{ reviewers: ['U0BEN'], needed: 1 }] })],
    freezes: [{ from: 0, to: HOUR, reason: 'for U0DEV', except: ['U0EVE'] }],
  });
  const policy = {
    ...aPolicy(aResource('db', 'Database', [role])),
    source: '# U0CHLOE is away',
    identities: new Map([['U0KIM', { github: 'kim' }]]),
    samePerson: [['U0KIM', 'W0KIM']],
  };
  const { compared, written } = idsOf(policy);
  expect([...compared].sort()).toEqual(['S0OPS', 'U0ANA', 'U0EVE']);
  // In the text of a rule, as an access review removed it.
  expect([...written].sort()).toEqual(['U0ANA', 'U0BEN']);
});
