import { expect, test } from 'vitest';
import { explainDecision, treeLines } from '../../src/domain/explain.ts';
import { HOUR, known, unknown } from '../../src/domain/terms.ts';
import {
  aLimit,
  allow,
  anEntry,
  anInput,
  aRole,
  ask,
  deny,
  inIncident,
  memberOf,
  onCall,
  unless,
} from '../support/domain.ts';

const linesOf = (role: Parameters<typeof aRole>[0], evidence: Parameters<typeof anInput>[0] = {}) =>
  treeLines(explainDecision(aRole(role), anInput(evidence)));

test('a decision is explained rule by rule and test by test, with each outcome', () => {
  const rules = [
    deny(memberOf('U0BEN'), unless(onCall(), memberOf('U0BEN'))),
    allow(inIncident(), { kind: 'duration', max: HOUR }),
    allow(onCall({ escalationPolicies: ['PPAY'] }), { kind: 'signals', signals: ['first_time'] }),
    ask(),
    ask({ when: [{ kind: 'hours', timeZone: 'UTC', days: [5], from: 0, to: 60 }] }),
  ];
  const evidence = { onCall: known([anEntry()]), signals: unknown('the database is locked') };
  expect(linesOf({ rules }, evidence)).toEqual([
    '● db/read: ask (rule 4)',
    '  ✗ rule 1: deny',
    '    ✗ members: not a member of U0BEN',
    '    ✓ unless: not a member of U0BEN',
    '      ✓ on call: on call at level 1 for Payments',
    '      ✗ members: not a member of U0BEN',
    '  ✗ rule 2: allow',
    '    ✗ incident: the request names no incident',
    '    ✓ duration: the duration is at most 1 h',
    '  ? rule 3: allow',
    '    ✓ on call: on call at level 1 for Payments',
    '    ? signals: the database is locked',
    '  ✓ rule 4: ask  ← decided',
    '    ✓ for everybody',
    '  ✗ rule 5: ask',
    '    ✗ hours: it is outside Fri 00:00–01:00 UTC',
  ]);
});

test('if no rule matches, the explanation says so', () => {
  expect(linesOf({ rules: [allow(memberOf('U0BEN'))] })[0]).toBe('● db/read: deny (no rule of this role matches)');
});

test('a decision made before the rules is shown in their place', () => {
  const limits = [aLimit({ holders: 0 })];
  expect(linesOf({ rules: [allow()], limits })).toEqual([
    '● db/read: deny (0 other people have it already, and 0 is the most)',
    '  ✓ 0 other people have it already, and 0 is the most',
  ]);
});

test('rules that were not evaluated match nobody', () => {
  const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;
  expect(linesOf({ rules: [allow()], opa })).toEqual([
    '● db/read: deny (Open Policy Agent was not asked)',
    '  ✗ rule 1: allow',
    '    ✓ for everybody',
  ]);
});
