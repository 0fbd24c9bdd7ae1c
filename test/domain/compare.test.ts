import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OnCallTest, Role, Rule, Test } from '../../src/domain/policy.ts';
import { differencesOf } from '../../src/domain/policyDiff.ts';
import { senseOf } from '../../src/domain/policyLint.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { allow, aPolicy, aResource, aRole, ask, deny, memberOf, onCall } from '../support/domain.ts';

const duty = (more: Partial<OnCallTest> = {}) => onCall({ escalationPolicies: ['PA'], maxLevel: 2, ...more });
const askOf = (reviewer: string) => ask({ stages: [{ reviewers: [reviewer], needed: 1 }] });
const policyOf = (...rules: Rule[]) => aPolicy(aResource('db', 'Database', [aRole({ rules })]));
const someTest: fc.Arbitrary<Test> = fc.oneof(
  fc
    .record({
      min: fc.integer({ min: 1, max: 3 }),
      more: fc.integer({ min: 0, max: 2 }),
      policies: fc.subarray(['PA', 'PB'], { minLength: 1 }),
    })
    .map(({ min, more, policies }) => duty({ minLevel: min, maxLevel: min + more, escalationPolicies: policies })),
  fc.subarray(['S1', 'S2', 'U1']).map((principals): Test => memberOf(...principals)),
  fc.constantFrom(HOUR, 2 * HOUR).map((max): Test => ({ kind: 'duration', max })),
);
const someRule: fc.Arbitrary<Rule> = fc.oneof(
  fc.array(someTest, { minLength: 1, maxLength: 3 }).map((when) => allow(...when)),
  fc.array(someTest, { minLength: 1, maxLength: 2 }).map((when): Rule => deny(...when)),
  fc.constantFrom('S1', 'S2').map((reviewer) => askOf(reviewer)),
);

test('a policy does not differ from itself, and gains become losses in reverse', () => {
  const policies = fc.array(someRule, { minLength: 1, maxLength: 4 }).map((rules) => policyOf(...rules));
  const opposite = { gains: 'loses', loses: 'gains', changes: 'changes' } as const;
  fc.assert(
    fc.property(policies, policies, (a, b) => {
      expect(differencesOf(a, a)).toEqual([]);
      const there = differencesOf(a, b)
        .map(({ direction }) => direction)
        .sort();
      const back = differencesOf(b, a)
        .map(({ direction }) => opposite[direction])
        .sort();
      expect(there).toEqual(back);
    }),
  );
});

test('a role that is new, gone, shorter or asks others is reported', () => {
  const before = policyOf(allow(duty()), askOf('S1'));
  const direction = (role: Partial<Role>) =>
    differencesOf(
      before,
      aPolicy(aResource('db', 'Database', [aRole({ rules: [allow(duty()), askOf('S1')], ...role })])),
    );
  expect(direction({ duration: { default: HOUR, max: HOUR, total: HOUR } })).toMatchObject([
    { direction: 'loses', situation: 'for 4 h', before: 'ask 1 of S1', after: 'deny (at most 1 h)' },
    { direction: 'loses', situation: 'on call at level 1 for PA, for 4 h', before: 'allow' },
  ]);
  expect(direction({ rules: [allow(duty()), askOf('S2')] })).toMatchObject([
    { direction: 'changes', before: 'ask 1 of S1', after: 'ask 1 of S2' },
  ]);
  expect(differencesOf(before, aPolicy()).every((one) => one.direction === 'loses')).toBe(true);
  expect(differencesOf(aPolicy(), before).every((one) => one.direction === 'gains')).toBe(true);
});

test('a rule that never matches changes nothing, and is reported as such', () => {
  const dead = allow(memberOf());
  fc.assert(
    fc.property(fc.array(someRule, { minLength: 1, maxLength: 3 }), (rules) => {
      expect(differencesOf(policyOf(...rules), policyOf(...rules, dead))).toEqual([]);
      expect(
        senseOf(policyOf(...rules, dead)).some(
          ({ message }) =>
            message === `rule ${rules.length + 1} can never match: members_of is empty, which means nobody`,
        ),
      ).toBe(true);
    }),
  );
});
