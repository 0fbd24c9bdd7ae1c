/** Whoever puts a policy in force sees each thing that it changes, a line each. */

import { describe, expect, test } from 'vitest';
import type { Policy, Resource, Role } from '../../src/domain/policy.ts';
import { policyChanges } from '../../src/domain/policyChanges.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { aLimit, allow, aPolicy, aResource, aRole, ask, memberOf } from '../support/domain.ts';

const read = aRole({ rules: [allow(memberOf('U0ANA'))] });
const withRole = (more: Partial<Role> = {}, resource: Partial<Resource> = {}): Policy =>
  aPolicy({ ...aResource('db', 'Database', [{ ...read, ...more }]), ...resource });

test('a new identity at a target is a change that the reloading person sees', () => {
  const withNames = (identities: Record<string, Record<string, string>>) => ({
    ...aPolicy(),
    identities: new Map(Object.entries(identities)),
  });
  const before = withNames({ U0ANA: { github: 'ana-k' }, U0BEN: { github: 'ben-o' }, U0EVE: { okta: 'eve' } });
  const after = withNames({ U0ANA: { github: 'eve' }, U0BEN: { github: 'ben-o' }, U0DEV: { github: 'dev' } });
  expect(policyChanges(before, after)).toEqual([
    'what U0ANA is called at targets: {"github":"ana-k"} → {"github":"eve"}',
    'what U0EVE is called at targets: {"okta":"eve"} → none',
    'what U0DEV is called at targets: none → {"github":"dev"}',
  ]);
});

/** What is told of a new role of which nothing special is said. */
const told = (key: string, ...rules: string[]): string[] =>
  [
    `name ${aRole().name}`,
    ...['longest 4 h', 'with extensions 4 h', 'default 1 h', 'risk medium', 'gives {}', 'ends by time only'],
    'reason at least 1 characters',
    ...rules,
  ].map((one) => `${key}: ${one}`);

test('the same policy twice has no changes', () => {
  expect(policyChanges(withRole(), withRole())).toEqual([]);
});

describe('changes of the whole policy', () => {
  test.each<[string, Partial<Policy>, string]>([
    ['the audit channel', { auditChannel: 'C0OTHER' }, 'audit channel: C0AUDIT → C0OTHER'],
    ['the approvals channel', { approvalsChannel: 'C0OTHER' }, 'approvals channel: C0ACCESS → C0OTHER'],
    ['administrators', { admins: ['U0EVE'] }, 'administrators: none → U0EVE'],
    ['auditors', { auditors: ['S0AUD'] }, 'auditors: none → S0AUD'],
    ['the environment', { environment: 'staging' }, 'environment: none → staging'],
    ['the digest', { digest: { day: 1, minute: 540, timeZone: 'UTC' } }, 'digest: never → Monday 09:00 UTC'],
    ['how often drift is looked for', { driftEvery: 2 * HOUR }, 'drift looked for every: 1 h → 2 h'],
    ['delegates', { delegates: ['S0ENG'] }, 'delegates: none → S0ENG'],
    ['who is one person', { samePerson: [['U1', 'U2']] }, 'accounts of one person: none → U1 = U2'],
  ])('%s', (_name, more, line) => {
    expect(policyChanges(withRole(), { ...withRole(), ...more })).toEqual([line]);
  });
});

describe('what reads alike', () => {
  const withTarget = (asWritten: Record<string, unknown>) => withRole({}, { asWritten });
  const withExpected = (...expected: string[]) => withRole({}, { drift: { remove: [], expected } });

  test.each<[string, Policy, Policy, string]>([
    [
      'a list and the words of one item',
      withTarget({ run: ['/bin/grant', '--dry'] }),
      withTarget({ run: ['/bin/grant, --dry'] }),
      'db: target run: ["/bin/grant","--dry"] → ["/bin/grant, --dry"]',
    ],
    ['nothing and a text that says so', withTarget({ mode: 'none' }), withTarget({}), 'db: target mode: "none" → none'],
    ['a number and its digits', withTarget({ port: 1 }), withTarget({ port: '1' }), 'db: target port: 1 → "1"'],
    [
      'one account and two',
      withExpected('app, ops'),
      withExpected('app', 'ops'),
      'db: drift: {"remove":[],"expected":["app, ops"]} → {"remove":[],"expected":["app","ops"]}',
    ],
  ])('%s is told as the file has it', (_name, before, after, line) => {
    expect(policyChanges(before, after)).toEqual([line]);
  });
});

describe('changes of resources', () => {
  test('a new one is listed with its roles, and a removed one takes them along', () => {
    const more = aPolicy(
      aResource('db', 'Database', [read]),
      aResource('flags', 'Flags', [aRole(), aRole({ id: 'admin', rules: [allow(), ask()] })]),
    );
    expect(policyChanges(withRole(), more)).toEqual([
      'resource flags is new',
      'flags/read is new, with 0 rules',
      ...told('flags/read'),
      'flags/admin is new, with 2 rules',
      ...told('flags/admin', 'rule 1 allow: everybody', 'rule 2 ask: 1 of S0LEADS, expires after 1 h'),
    ]);
    expect(policyChanges(more, withRole())).toEqual(['resource flags is gone']);
  });

  test('a changed target is reported without its secrets', () => {
    const before = withRole({}, { target: { url: 'https://a', password: 'old-secret' } });
    const after = withRole({}, { target: { url: 'https://a', password: 'new-secret' } });
    expect(policyChanges(before, after)).toEqual(['db: its target has changed']);
    expect(policyChanges(before, before)).toEqual([]);
    expect(policyChanges(withRole(), withRole({}, { kind: 'command' }))).toEqual(['db: its target has changed']);
  });

  test('owners and the handling of drift are reported', () => {
    expect(policyChanges(withRole(), withRole({}, { owners: ['U0EVE'] }))).toEqual(['db: owners: none → U0EVE']);
    expect(policyChanges(withRole(), withRole({}, { drift: { remove: ['standing'], expected: ['app'] } }))).toEqual([
      'db: drift: {"remove":[],"expected":[]} → {"remove":["standing"],"expected":["app"]}',
    ]);
  });
});

describe('changes of roles', () => {
  test('a removed one and a new one are reported', () => {
    const before = aPolicy(aResource('db', 'Database', [read, aRole({ id: 'write' })]));
    const after = aPolicy(aResource('db', 'Database', [read, aRole({ id: 'admin', rules: [ask()] })]));
    expect(policyChanges(before, after)).toEqual([
      'db/write is gone',
      'db/admin is new, with 1 rule',
      ...told('db/admin', 'rule 1 ask: 1 of S0LEADS, expires after 1 h'),
    ]);
  });

  test('a new one hides nothing of what it gives, and by which ways', () => {
    const peek = aRole({
      id: 'peek',
      gives: { roles: ['payments_admin'] },
      secondFactor: { request: true, review: false },
      breakGlass: { members: ['U0EVE'], max: HOUR, reviewWithin: HOUR, reviewers: ['U0ANA'], page: null },
      limits: [aLimit({ holders: 1 })],
      opa: { kind: 'wasm', file: 'x', entrypoint: null },
    });
    const lines = policyChanges(withRole(), aPolicy(aResource('db', 'Database', [read, peek])));
    expect(lines).toEqual(
      expect.arrayContaining([
        'db/peek: gives {"roles":["payments_admin"]}',
        'db/peek: second factor for requests',
        'db/peek: break-glass for U0EVE, at most 1 h, reviewed within 1 h by U0ANA',
        'db/peek: limits at most 1 holders',
        'db/peek: OPA {"kind":"wasm","file":"x","entrypoint":null}',
      ]),
    );
  });

  const { duration } = read;
  test.each<[string, Partial<Role>, string]>([
    ['the longest', { duration: { ...duration, max: 2 * HOUR } }, 'longest 4 h → 2 h'],
    ['the longest with extensions', { duration: { ...duration, total: 8 * HOUR } }, 'with extensions 4 h → 8 h'],
    ['the default', { duration: { ...duration, default: 30 * MINUTE } }, 'default 1 h → 30 min'],
    ['the risk', { risk: 'high' }, 'risk medium → high'],
    ['what it gives', { gives: { roles: ['reader'] } }, 'gives {} → {"roles":["reader"]}'],
    ['what is narrower', { narrower: ['peek'] }, 'narrower none → peek'],
    ['what it ends with', { ends: { withShift: 0, withIncident: null } }, 'ends by time only → 0 s after its shift'],
    [
      'how long a reason is',
      { reason: { minLength: 9, ticket: null } },
      'reason at least 1 characters → at least 9 characters',
    ],
    [
      'the ticket in a reason',
      { reason: { minLength: 1, ticket: /^INC-/ } },
      'reason at least 1 characters → at least 1 characters, ticket ^INC-',
    ],
    ['one-time codes', { secondFactor: { request: true, review: false } }, 'second factor none → for requests'],
    [
      'break-glass',
      { breakGlass: { members: ['U0ANA'], max: HOUR, reviewWithin: 2 * HOUR, reviewers: ['U0EVE'], page: 'PSEC' } },
      'break-glass none → for U0ANA, at most 1 h, reviewed within 2 h by U0EVE, pages PSEC',
    ],
    [
      'limits',
      { limits: [aLimit({ holders: 1, automatic: { max: 3, per: HOUR }, coolDown: MINUTE, resources: ['a', 'b'] })] },
      'limits none → automatic 3 times in 1 h, at most 1 holders, 1 min after a denial, counted over a b',
    ],
    [
      'freezes',
      { freezes: [{ from: 0, to: HOUR, reason: 'x', except: ['U0EVE'] }] },
      'freezes none → 1970-01-01T00:00:00.000Z to 1970-01-01T01:00:00.000Z (x), except U0EVE',
    ],
    [
      'Open Policy Agent',
      { opa: { kind: 'wasm', file: 'x', entrypoint: null } },
      'OPA none → {"kind":"wasm","file":"x","entrypoint":null}',
    ],
    ['a rule', { rules: [allow()] }, 'rule 1 allow: one of U0ANA → allow: everybody'],
    [
      'a rule that is new, at its place',
      { rules: [...read.rules, ask()] },
      'rule 2 none → ask: 1 of S0LEADS, expires after 1 h',
    ],
    ['a rule that is gone', { rules: [] }, 'rule 1 allow: one of U0ANA → none'],
  ])('%s', (_name, more, line) => {
    expect(policyChanges(withRole(), withRole(more))).toEqual([`db/read: ${line}`]);
  });
});
