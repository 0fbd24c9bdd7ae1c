/** What owners read of a rule: names where they are known, and no policy source. */

import { describe, expect, test } from 'vitest';
import { pagerDutyIdsOf } from '../../src/domain/pagerDutyIds.ts';
import type { Rule, Test } from '../../src/domain/policy.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { entitlementText } from '../../src/wording/rules.ts';
import { aRole } from '../support/domain.ts';

const onCall = (more: Partial<Extract<Test, { kind: 'on_call' }>> = {}): Test => ({
  kind: 'on_call',
  escalationPolicies: null,
  schedules: null,
  services: null,
  minLevel: 1,
  maxLevel: Number.POSITIVE_INFINITY,
  tenure: 0,
  planned: false,
  ...more,
});
const incident = (services: string[] | null): Test => ({
  kind: 'incident',
  services,
  statuses: ['triggered', 'acknowledged'],
  urgencies: ['high'],
});
const members: Test = { kind: 'members_of', principals: ['S0SRE', 'U0BEN'] };
const allow = (...when: Test[]): Rule => ({ effect: 'allow', when });
const ask: Rule = {
  effect: 'ask',
  when: [],
  stages: [
    { reviewers: ['S0LEADS'], needed: 1 },
    { reviewers: ['S0SEC', 'U0EVE'], needed: 2 },
  ],
  escalate: [
    { after: 10 * MINUTE, to: { kind: 'on_call', escalationPolicy: 'PPAY', level: 2 }, page: null },
    { after: HOUR, to: { kind: 'people', principals: ['U0EVE'] }, page: null },
  ],
  expiresAfter: HOUR,
};
const names = new Map([
  ['S0SRE', '@sre'],
  ['S0LEADS', '@leads'],
  ['S0SEC', '@security'],
  ['U0EVE', 'Eve'],
  ['PPAY', 'Payments'],
  ['PSHIFT', 'Payments primary'],
  ['PCHECK', 'Checkout'],
]);

describe('a rule in words', () => {
  test.each<[string, Rule]>([
    ['automatic for everybody', allow()],
    [
      'automatic if they are on call for Payments at level 1',
      allow(onCall({ escalationPolicies: ['PPAY'], maxLevel: 1 })),
    ],
    [
      'automatic if they are on call on Payments primary at level 2 or higher',
      allow(onCall({ schedules: ['PSHIFT'], minLevel: 2 })),
    ],
    [
      'automatic if they are on call for Checkout at level 1 or 2',
      allow(onCall({ services: ['PCHECK'], maxLevel: 2 })),
    ],
    [
      'automatic if they are on call at level 1 to 3 for at least 10 min as planned',
      allow(onCall({ maxLevel: 3, tenure: 10 * MINUTE, planned: true })),
    ],
    [
      'automatic if there is an incident of high urgency on Checkout or PNONE that is triggered or acknowledged',
      allow(incident(['PCHECK', 'PNONE'])),
    ],
    [
      'automatic if they are one of @sre or U0BEN, and it is for at most 1 h',
      allow(members, { kind: 'duration', max: HOUR }),
    ],
    [
      'automatic if something is unusual (first time or unusual hour)',
      allow({ kind: 'signals', signals: ['first_time', 'unusual_hour'] }),
    ],
    ['automatic if not (they are one of @sre or U0BEN)', allow({ kind: 'unless', condition: [members] })],
    [
      'for everybody, after approval by 1 of @leads and 2 of @security and Eve; after 10 min also whoever is on call for Payments at level 2; after 1 h also Eve',
      ask,
    ],
  ])('%s', (text, rule) => {
    expect(entitlementText({ kind: 'rule', rule }, names).replaceAll('\u00a0', ' ')).toBe(text);
  });

  test('names who may use break-glass, and for how long', () => {
    const glass = { members: ['S0SRE'], max: HOUR, reviewWithin: HOUR, reviewers: [], page: null };
    expect(entitlementText({ kind: 'break_glass', glass }, names)).toBe(
      'break-glass, without approval, for @sre, at most 1\u00a0h',
    );
  });
});

test('PagerDuty ids that roles name are found once, also inside other conditions', () => {
  const nested = allow({ kind: 'unless', condition: [onCall({ schedules: ['PSHIFT'], services: ['PCHECK'] })] });
  const role = aRole({ rules: [nested, allow(incident(['PCHECK'])), ask] });
  expect(pagerDutyIdsOf([role, role])).toEqual([
    { kind: 'schedule', id: 'PSHIFT' },
    { kind: 'service', id: 'PCHECK' },
    { kind: 'escalation_policy', id: 'PPAY' },
  ]);
});
