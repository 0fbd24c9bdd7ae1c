import { describe, expect, test } from 'vitest';
import type { DecisionInput } from '../../src/domain/decision.ts';
import { withoutPeople } from '../../src/domain/pseudonyms.ts';
import { known, unknown } from '../../src/domain/terms.ts';

const shift = {
  escalationPolicy: { id: 'PPAY', name: 'Payments (Ana)' },
  services: [{ id: 'PCHECK', name: 'Checkout' }],
  schedule: { id: 'PSWEEKLY', name: 'Ana Kovač weekly' },
  level: 1,
  start: 1,
  end: 2,
  isOverride: false,
};
const input: DecisionInput = {
  at: 5,
  personId: 'U0ANA',
  duration: 60,
  held: 30,
  evidence: {
    at: 4,
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
      automatic: [{ role: 'db/read', at: 1 }],
      denials: [{ role: 'db/read', at: 2 }],
      holders: [{ role: 'db/read', personId: 'U0BEN' }],
    }),
    removals: known([
      { entitlement: 'rule 2: anybody but U0BEN', by: { slackId: 'U0BEN', name: 'Ben' }, at: 3, review: 'R1' },
    ]),
    signals: known([{ kind: 'first_time', facts: 'Ana never had access to db' }]),
    opa: known({ decision: 'ask', reasons: ['Ana asked'], reviewers: ['S0OPS', 'U0BEN'], needed: 2, max: 60 }),
  },
};
const without = withoutPeople(input, (id) => (id === 'S0OPS' ? id : `X${id.length}`));

describe('a decision without people', () => {
  test('nobody is in it: neither ids, nor names in words of others', () => {
    expect(JSON.stringify(without)).not.toMatch(/ana|ben/i);
  });

  test('everything that rules compare with is as it was', () => {
    expect(without).toMatchObject({
      at: 5,
      duration: 60,
      held: 30,
      evidence: {
        onCall: {
          value: [{ escalationPolicy: { id: 'PPAY' }, services: [{ id: 'PCHECK' }], level: 1, start: 1, end: 2 }],
        },
        incident: { value: { status: 'triggered', urgency: 'high', priority: 'P1', service: { id: 'PCHECK' } } },
        groups: { S0OPS: { known: true, value: true }, S0DBA: { known: false } },
        othersOnCall: { known: false },
        history: { value: { automatic: [{ role: 'db/read', at: 1 }], denials: [{ role: 'db/read', at: 2 }] } },
        removals: { value: [{ entitlement: 'rule 2: anybody but X5', at: 3 }] },
        signals: { value: [{ kind: 'first_time' }] },
        opa: { value: { decision: 'ask', reviewers: ['S0OPS', 'X5'], needed: 2, max: 60 } },
      },
    });
  });

  test('the same person has one pseudonym in every place', () => {
    expect(without).toMatchObject({
      personId: 'X5',
      evidence: {
        otherAccounts: ['X6'],
        history: { value: { holders: [{ personId: 'X5' }] } },
        removals: { value: [{ by: { slackId: 'X5', name: 'X5' } }] },
      },
    });
  });

  test('what an earlier version did not record is not there', () => {
    const { removals, signals, opa, ...earlier } = input.evidence;
    const old: DecisionInput = JSON.parse(
      JSON.stringify({ at: 5, personId: 'U0ANA', duration: 60, evidence: earlier }),
    );
    expect(withoutPeople(old, (id) => id)).toMatchObject({ evidence: { removals: null, signals: null, opa: null } });
    expect(withoutPeople(old, (id) => id)).not.toHaveProperty('held');
  });
});
