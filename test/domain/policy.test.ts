import { describe, expect, test } from 'vitest';
import {
  evidenceNeeded,
  findRole,
  principalsOf,
  principalsOfRole,
  type Role,
  reviewersOf,
  roleKey,
} from '../../src/domain/policy.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import {
  aLimit,
  allow,
  aPolicy,
  aResource,
  aRole,
  ask,
  deny,
  inIncident,
  memberOf,
  onCall,
  unless,
} from '../support/domain.ts';

describe('a role by its key', () => {
  const policy = aPolicy(
    aResource('db', 'Database', [aRole(), aRole({ id: 'admin' })]),
    aResource('flags', 'Flags', [aRole()]),
  );
  test.each([
    ['db/admin', 'db', 'admin'],
    ['flags/read', 'flags', 'read'],
  ])('%s is found', (key, resourceId, id) => {
    expect(findRole(policy, key)).toMatchObject({ resourceId, id });
    expect(roleKey({ resourceId, id })).toBe(key);
  });

  test.each(['db', 'db/', '/read', 'read', 'db/read/x', 'flags/admin', 'other/read', ''])('%s is not found', (key) => {
    expect(findRole(policy, key)).toBeUndefined();
  });
});

describe('what has to be known for a decision', () => {
  const NOTHING = { onCall: false, overrides: false, incident: false, groups: [], history: null };
  test.each<[string, Partial<Role>, object]>([
    ['nothing for a rule that looks at nothing', { rules: [allow()] }, {}],
    [
      'shifts for a rule about them',
      { rules: [allow(memberOf('U0ANA')), ask({ when: [onCall()] })] },
      { onCall: true },
    ],
    ['shifts for an exception about them', { rules: [deny(unless(unless(onCall())))] }, { onCall: true }],
    [
      'overrides for a rule about planned turns',
      { rules: [allow(onCall(), onCall({ planned: true }))] },
      { onCall: true, overrides: true },
    ],
    ['the incident for a rule about it', { rules: [allow(inIncident())] }, { incident: true }],
    [
      'the incident for a role that ends with it, at once or later',
      { ends: { withShift: null, withIncident: 0 } },
      { incident: true },
    ],
    ['no shift for a role that ends with it', { ends: { withShift: 0, withIncident: null } }, {}],
    [
      'shifts and the incident where Open Policy Agent decides',
      { opa: { kind: 'wasm', file: 'x', entrypoint: null } },
      { onCall: true, incident: true },
    ],
    [
      'each group once, of rules, exceptions and freezes, and no person',
      {
        rules: [allow(memberOf('S0A', 'U0ANA'), memberOf('S0B')), deny(unless(memberOf('S0A', 'S0C')))],
        freezes: [
          { from: 0, to: 1, reason: '', except: ['S0D', 'U0EVE'] },
          { from: 2, to: 3, reason: '', except: ['S0E'] },
        ],
      },
      { groups: ['S0A', 'S0B', 'S0C', 'S0D', 'S0E'] },
    ],
    [
      'the past of the role’s own resource for its limits, as far back as the longest looks',
      {
        limits: [
          aLimit({ automatic: { max: 1, per: HOUR } }),
          aLimit({ coolDown: 2 * HOUR }),
          aLimit({ automatic: { max: 1, per: MINUTE }, coolDown: MINUTE }),
        ],
      },
      { history: { lookBack: 2 * HOUR, resources: ['db'] } },
    ],
    [
      'as far back as the longest budget looks',
      { limits: [aLimit({ automatic: { max: 1, per: 3 * HOUR }, coolDown: HOUR })] },
      { history: { lookBack: 3 * HOUR, resources: ['db'] } },
    ],
    [
      'who holds it now, for a bound on that',
      { limits: [aLimit({ holders: 1 })] },
      { history: { lookBack: 0, resources: ['db'] } },
    ],
    [
      'the past of all resources that its limits name',
      { limits: [aLimit({ holders: 1 }), aLimit({ resources: ['flags', 'db'] }), aLimit({ resources: ['logs'] })] },
      { history: { lookBack: 0, resources: ['db', 'flags', 'logs'] } },
    ],
  ])('is %s', (_name, role, needed) => {
    expect(evidenceNeeded(aRole(role))).toEqual({ ...NOTHING, ...needed });
  });
});

describe('people and groups that a role names', () => {
  const role = aRole({
    rules: [
      allow(memberOf('U0ANA')),
      deny(memberOf('U0EVE')),
      ask({
        when: [memberOf('S0ENG')],
        stages: [
          { reviewers: ['U0BEN', 'S0LEADS'], needed: 1 },
          { reviewers: ['S0SEC'], needed: 1 },
        ],
        escalate: [
          { after: MINUTE, to: { kind: 'on_call', escalationPolicy: 'PPAY', level: 1 }, page: null },
          { after: HOUR, to: { kind: 'people', principals: ['U0CTO'] }, page: null },
        ],
      }),
      ask({ stages: [{ reviewers: ['U0BEN', 'U0DEV'], needed: 1 }] }),
    ],
    breakGlass: { members: ['S0SRE'], max: HOUR, reviewWithin: HOUR, reviewers: ['U0CISO'], page: null },
  });

  test('as reviewers, each once', () => {
    expect(reviewersOf(role)).toEqual(['U0BEN', 'S0LEADS', 'S0SEC', 'U0DEV']);
  });

  test('in a condition, also inside an exception', () => {
    expect(principalsOf([memberOf('U0ANA'), unless(memberOf('S0B'), unless(memberOf('U0C')))])).toEqual([
      'U0ANA',
      'S0B',
      'U0C',
    ]);
  });

  test('for anything: requesting, being excluded, reviewing, escalation or break-glass', () => {
    expect(principalsOfRole(aRole({ ...role, rules: role.rules.slice(1) }))).toEqual([
      'U0EVE',
      'S0ENG',
      'U0BEN',
      'S0LEADS',
      'S0SEC',
      'U0DEV',
      'U0CTO',
      'S0SRE',
    ]);
    expect(principalsOfRole(aRole({ rules: [allow(memberOf('U0ANA'))] }))).toEqual(['U0ANA']);
  });
});
