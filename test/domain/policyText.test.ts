/** A rule in words says all that the rule says: owners keep or remove it by them, and a removal is tied to them. */

import { describe, expect, test } from 'vitest';
import type { Rule } from '../../src/domain/policy.ts';
import { ruleText } from '../../src/domain/policyText.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { allow, ask, deny, inIncident, memberOf, onCall, unless } from '../support/domain.ts';

const tests: [string, Rule, string][] = [
  ['for everybody', allow(), 'allow: everybody'],
  ['for people', deny(memberOf('U0ANA', 'S0A')), 'deny: one of U0ANA, S0A'],
  ['for nobody', allow(memberOf()), 'allow: one of nobody'],
  ['of two tests', allow(memberOf('U0ANA'), { kind: 'duration', max: HOUR }), 'allow: one of U0ANA and at most 1 h'],
  ['on call for anything', allow(onCall()), 'allow: on call'],
  [
    'on call in every way that there is',
    allow(
      onCall({
        escalationPolicies: ['PA', 'PB'],
        schedules: ['PS', 'PT'],
        services: ['PX', 'PY'],
        minLevel: 2,
        maxLevel: 3,
        tenure: 30 * MINUTE,
        planned: true,
      }),
    ),
    'allow: on call for PA, PB on PS, PT for the services PX, PY at level 2 to 3 for at least 30 min by plan',
  ],
  ['from a level on', allow(onCall({ minLevel: 2 })), 'allow: on call at level 2 or higher'],
  ['at the first level', allow(onCall({ maxLevel: 1 })), 'allow: on call at level 1'],
  ['up to a level', allow(onCall({ maxLevel: 2 })), 'allow: on call at level 1 to 2'],
  ['in an incident', allow(inIncident()), 'allow: an incident that is triggered or acknowledged'],
  [
    'in some incidents',
    allow(inIncident({ statuses: ['triggered'], urgencies: ['high', 'low'], services: ['PX', 'PY'] })),
    'allow: an incident that is triggered of high or low urgency on PX, PY',
  ],
  [
    'in some hours',
    allow({ kind: 'hours', timeZone: 'UTC', days: [1, 2], from: 60, to: 120 }),
    'allow: Mon Tue 01:00–02:00 UTC',
  ],
  [
    'for something unusual',
    deny({ kind: 'signals', signals: ['first_time', 'unusual_hour'] }),
    'deny: a signal of first time or unusual hour',
  ],
  [
    'with an exception',
    deny(unless(memberOf('S0A'), { kind: 'duration', max: HOUR })),
    'deny: not (one of S0A and at most 1 h)',
  ],
  ['that asks', ask(), 'ask: 1 of S0LEADS, expires after 1 h'],
  [
    'that asks in every way that there is',
    ask({
      when: [memberOf('U0ANA')],
      stages: [
        { reviewers: ['S0A', 'U0BEN'], needed: 2 },
        { reviewers: [], needed: 1 },
      ],
      escalate: [
        { after: 5 * MINUTE, to: { kind: 'people', principals: ['S0B', 'U0EVE'] }, page: null },
        { after: 10 * MINUTE, to: { kind: 'on_call', escalationPolicy: 'PA', level: 2 }, page: 'PX' },
      ],
      expiresAfter: 2 * HOUR,
    }),
    'ask: 2 of S0A, U0BEN and 1 of nobody, when one of U0ANA, after 5 min also S0B, U0EVE, after 10 min also level 2 of PA and a page on PX, expires after 2 h',
  ],
];

describe('a rule', () => {
  test.each(tests)('%s', (_name, rule, text) => {
    expect(ruleText(rule)).toBe(text);
  });
});
