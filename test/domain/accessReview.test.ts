/** What owners are asked about in an access review, and who they are. */

import { describe, expect, test } from 'vitest';
import { entitlementsOf, itemsOf, namedBy, ownersOf } from '../../src/domain/accessReview.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { allow, aPolicy, aResource, aRole, ask, deny, memberOf, unless } from '../support/domain.ts';

const glass = {
  members: ['U0BEN', 'S0SRE', 'U0EVE'],
  max: 2 * HOUR,
  reviewWithin: HOUR,
  reviewers: ['U0CISO'],
  page: null,
};
const GLASS = 'break-glass: U0BEN, S0SRE, U0EVE, at most 2 h';

test('a resource without owners belongs to the administrators', () => {
  const policy = { ...aPolicy(), admins: ['U0ADMIN'] };
  expect(ownersOf(policy, { owners: ['U0ANA', 'S0DBA'] })).toEqual(['U0ANA', 'S0DBA']);
  expect(ownersOf(policy, { owners: [] })).toEqual(['U0ADMIN']);
  expect(ownersOf(policy, undefined)).toEqual(['U0ADMIN']);
});

describe('entitlements of a role', () => {
  test('are its allow and ask rules, each once, and no deny rules', () => {
    const rules = [allow(memberOf('U0ANA')), deny(memberOf('U0BEN')), ask(), allow(memberOf('U0ANA'))];
    expect(entitlementsOf(aRole({ rules }))).toEqual(['allow: one of U0ANA', 'ask: 1 of S0LEADS, expires after 1 h']);
  });

  test('include break-glass, with its members and length, and Open Policy Agent', () => {
    const opa = { kind: 'wasm', file: 'x', entrypoint: null } as const;
    expect(entitlementsOf(aRole({ breakGlass: glass, opa }))).toEqual([GLASS, 'Open Policy Agent decides']);
    expect(entitlementsOf(aRole())).toEqual([]);
  });
});

describe('people named by an entitlement', () => {
  const role = aRole({
    rules: [
      allow(memberOf('U0ANA', 'S0ENG', 'U0DEV'), unless(memberOf('U0OUT'))),
      deny(memberOf('U0MAL')),
      ask({ when: [memberOf('U0FRED')] }),
    ],
    breakGlass: glass,
  });
  test.each([
    ['allow: one of U0ANA, S0ENG, U0DEV and not (one of U0OUT)', ['U0ANA', 'U0DEV', 'U0OUT']],
    ['ask: 1 of S0LEADS, when one of U0FRED, expires after 1 h', ['U0FRED']],
    ['deny: one of U0MAL', []],
    [GLASS, ['U0BEN', 'U0EVE']],
    ['Open Policy Agent decides', []],
    ['allow: everybody', []],
  ])('%s', (entitlement, people) => {
    expect(namedBy(role, entitlement)).toEqual(people);
  });

  test('are nobody for break-glass that the role no longer has', () => {
    expect(namedBy(aRole(), GLASS)).toEqual([]);
  });
});

test('owners are asked about each entitlement of each role, with its number of uses', () => {
  const policy = aPolicy(
    aResource('db', 'Database', [
      aRole({ rules: [allow(memberOf('U0ANA')), ask()] }),
      aRole({ id: 'admin', rules: [ask()] }),
    ]),
    aResource('flags', 'Flags', [aRole({ rules: [allow()] })]),
  );
  const uses = [
    { role: 'db/admin', uses: 3, people: 2 },
    { role: 'flags/read', uses: 1, people: 1 },
  ];
  const item = (role: string, entitlement: string, used: number, people: number) => ({
    resource: role.split('/')[0],
    role,
    entitlement,
    uses: used,
    people,
    answer: null,
  });
  expect(itemsOf(policy, uses)).toEqual([
    item('db/read', 'allow: one of U0ANA', 0, 0),
    item('db/read', 'ask: 1 of S0LEADS, expires after 1 h', 0, 0),
    item('db/admin', 'ask: 1 of S0LEADS, expires after 1 h', 3, 2),
    item('flags/read', 'allow: everybody', 1, 1),
  ]);
});
