/** A decision that is made again under another policy: whether it would be the same if all had been looked up then. */

import { expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { Role, Rule } from '../../src/domain/policy.ts';
import { restsOnMissing } from '../../src/domain/replayed.ts';
import { HOUR, known, unknown } from '../../src/domain/terms.ts';
import { aLimit, allow, anEntry, aRole, ask, deny, memberOf, NOON, onCall } from '../support/domain.ts';

const nothing = { onCall: null, incident: null, history: null, removals: null, signals: null, opa: null };
const input = (groups = {}) => ({
  at: NOON,
  personId: 'U0ANA',
  duration: HOUR,
  evidence: { at: NOON, groups, ...nothing },
});
const rests = (role: Role, groups = {}) => restsOnMissing(role, input(groups), evaluatePolicy(role, input(groups)));
const [one, two] = [memberOf('S0ONE'), memberOf('S0TWO')];
const anybody = memberOf('U0ANA');

test.each<[string, Rule[], object, boolean]>([
  ['an allow whose group was not looked up', [allow(one), ask()], {}, true],
  ['a deny whose group was not looked up', [deny(one), allow(anybody)], {}, true],
  ['an ask whose group was not looked up', [ask({ when: [one] })], {}, true],
  ['a shift that nobody asked about', [allow(onCall())], {}, true],
  ['no match, with all looked up', [allow(one)], { S0ONE: known(false) }, false],
  ['what could not be looked up then either', [allow(one)], { S0ONE: unknown('down') }, false],
  ['a deny that holds whatever else does', [deny(anybody), deny(one), allow(two)], {}, false],
  ['an allow that holds whatever else does', [allow(anybody), allow(one)], {}, false],
  ['an ask that holds, where an allow might', [ask(), allow(one)], {}, true],
  ['an ask that holds, where another might', [ask(), ask({ when: [one] })], {}, false],
])('%s', (_name, rules, groups, expected) => {
  expect(rests(aRole({ rules }), groups)).toBe(expected);
});

test.each([
  ['was not looked up', null, true],
  ['was looked up', true, false],
])('a shift of which it %s whether it was planned', (_name, isOverride, expected) => {
  const shift = { ...anEntry(), isOverride };
  const role = aRole({ rules: [allow(onCall({ planned: true }))] });
  const given = { ...input(), evidence: { ...input().evidence, onCall: known([shift]) } };
  expect(restsOnMissing(role, given, evaluatePolicy(role, given))).toBe(expected);
});

test('a deny for signs that nobody looked for', () => {
  const role = aRole({ rules: [deny({ kind: 'signals', signals: ['first_time'] }), allow(anybody)] });
  expect(rests(role)).toBe(true);
  const given = { ...input(), evidence: { ...input().evidence, signals: known([]) } };
  expect(restsOnMissing(role, given, evaluatePolicy(role, given))).toBe(false);
});

test.each<[string, Partial<Role>]>([
  ['limits that nobody counted', { rules: [allow(anybody)], limits: [aLimit({ holders: 1 })] }],
  ['an Open Policy Agent that was not asked', { opa: { kind: 'wasm', file: 'x', entrypoint: null } }],
])('%s', (_name, more) => {
  expect(rests(aRole(more))).toBe(true);
});
