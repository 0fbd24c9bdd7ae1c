import { expect, test } from 'vitest';
import { pseudonymised } from '../../src/domain/pseudonyms.ts';

const keeping = {
  policyText: 'allow: { members_of: [S0OPS, U0EVE] }\npayments-db:\n  read: {}',
  pseudonymOf: (text: string) => `p${text.length}`,
};
const of = (value: unknown) => pseudonymised(value, keeping);

test('people, their words and addresses are others afterwards, wherever they stand', () => {
  const found = of({
    personId: 'U0ANA',
    holders: [{ person: 'Ana Kovač', mail: 'ana@harbor.example' }],
    groups: { U0BEN: { known: false, problem: 'Ben was not found' } },
  });
  expect(JSON.stringify(found)).not.toMatch(/ana|ben|kov/i);
});

test('what rules compare with stays: ids of groups, the policy’s own words, states, numbers', () => {
  const kept = {
    groups: { S0OPS: true },
    role: 'payments-db/read',
    status: 'triggered',
    id: 'PPAY1',
    by: 'U0EVE',
    at: 5,
    no: null,
  };
  expect(of(kept)).toEqual(kept);
});

test('the same person is the same afterwards, and looks like an id', () => {
  expect(of(['U0ANA', 'U0ANA'])).toEqual(['UP5', 'UP5']);
});

test('a part of a word of the policy is nobody that the policy names', () => {
  expect(of('pay')).toBe('p3');
  expect(of('U0EV')).toBe('UP4');
});
