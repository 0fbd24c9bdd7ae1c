/** Two people are never given one account, whichever way leads them there. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { endGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { provisionGrant } from '../../src/lifecycle/grant/provisionGrant.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const HARBOR = aPerson('U0BEN', 'Ben Okafor', 'ben@harbor.example');
const AGENCY = aPerson('U0BEN2', 'Ben (agency)', 'ben@agency.example');
const PEOPLE = { kind: 'members_of', principals: ['U0BEN', 'U0BEN2', 'U0ANA'] } as const;

let flow: Flow;
const policyWith = (more: Partial<Policy> = {}): Policy => ({
  ...aPolicy(
    aResource('db', 'Database', [aRole({ rules: [{ effect: 'allow', when: [PEOPLE] }] })]),
    aResource('db-too', 'The same database', [aRole({ rules: [{ effect: 'allow', when: [PEOPLE] }] })]),
    aResource('other', 'Another one', [aRole({ rules: [{ effect: 'allow', when: [PEOPLE] }] })]),
  ),
  ...more,
});
beforeEach(() => {
  flow = startFlow(policyWith());
  flow.templates.set('db', '{email_name}').set('other', '{email_name}');
  for (const person of [HARBOR, AGENCY]) flow.people.set(person.slackId, person);
});
afterEach(() => flow.close());

let counter = 0;
async function ask(personId: string, role = 'db/read'): Promise<string> {
  const { requests, refused } = await submitRequest(flow.deps, {
    submissionKey: `S${++counter}`,
    personId,
    roles: [role],
    duration: 30 * MINUTE,
    reason: 'looking',
    incidentId: null,
    startsAt: null,
    factor: null,
  });
  const [no] = refused;
  if (no) return no.refusal.code === 'no_account' ? no.refusal.problem : no.refusal.code;
  return requests[0]?.state ?? 'nothing';
}
const onlyKnown = (...people: (typeof HARBOR)[]) => {
  flow.everybody = known(people);
};

describe('K11.3 what stands before the @', () => {
  test('ben at the agency does not get the login of ben at harbor, or the reverse', async () => {
    expect(await ask('U0BEN2')).toContain('ben is what Ben Okafor (U0BEN) is called there, too');
    expect(await ask('U0BEN')).toContain('ben is what Ben (agency) (U0BEN2) is called there, too');
    expect(flow.events()).toEqual([]);
  });

  test('also if the other one has left Slack and only the ledger knows them', async () => {
    onlyKnown(HARBOR);
    expect(await ask('U0BEN')).toBe('approved');
    onlyKnown(AGENCY);
    expect(await ask('U0BEN2')).toContain('two people never share an account');
    // Where they had none, nothing is known against it.
    expect(await ask('U0BEN2', 'other/read')).toBe('approved');
  });

  test('capitals and other spellings of the same letters make no other account', async () => {
    flow.people.set('U0ANA', aPerson('U0ANA', 'BEN', 'ＢEN@elsewhere.example'));
    onlyKnown(HARBOR, ...[...flow.people.values()].filter(({ slackId }) => slackId === 'U0ANA'));
    expect(await ask('U0ANA')).toContain('two people never share an account');
  });

  test('with email_domains, only those addresses identify, and only within one domain', async () => {
    flow.policy = policyWith({ emailDomains: ['harbor.example'] });
    flow.everybody = unknown('Slack is not even asked');
    expect(await ask('U0BEN')).toBe('approved');
    expect(await ask('U0BEN2')).toContain('cannot be told from an address at agency.example');
    // With two domains there are two bens again.
    flow.policy = policyWith({ emailDomains: ['harbor.example', 'agency.example'] });
    flow.everybody = null;
    expect(await ask('U0BEN2')).toContain('two people never share an account');
  });

  test('two addresses of one human are no obstacle', async () => {
    flow.policy = policyWith({ samePerson: [['U0BEN', 'U0BEN2']] });
    expect(await ask('U0BEN2')).toBe('approved');
  });

  test('nothing is given while Slack does not say who else there is', async () => {
    flow.everybody = unknown('the members of the workspace could not be read');
    expect(await ask('U0BEN')).toBe('the members of the workspace could not be read');
  });

  test('two who were approved at the same moment both get nothing', async () => {
    onlyKnown();
    expect(await Promise.all([ask('U0BEN'), ask('U0BEN2')])).toEqual(['approved', 'approved']);
    for (const { value } of await flow.deps.store.liveGrants({})) await provisionGrant(flow.deps, value.id, 1);
    const grants = await flow.deps.store.liveGrants({});
    expect(grants.map(({ value }) => value.state)).toEqual(['revoking', 'revoking']);
    expect(flow.events().filter(({ type }) => type === 'grant.activated')).toEqual([]);
  });

  test('a namesake who arrives while access is being given stops it', async () => {
    onlyKnown(HARBOR);
    expect(await ask('U0BEN')).toBe('approved');
    flow.everybody = null;
    const [grant] = await flow.deps.store.liveGrants({});
    await provisionGrant(flow.deps, grant?.value.id ?? '', 1);
    expect((await flow.deps.store.grant(grant?.value.id ?? ''))?.value).toMatchObject({
      state: 'revoking',
      why: 'provision_failed',
      problem: expect.stringContaining('two people never share an account'),
    });
  });
});

describe('K11.3 any other template', () => {
  test('two resources with the same target count as one, whatever names they use', async () => {
    flow.templates.set('db-too', '{login}');
    flow.policy = policyWith({ identities: new Map([['U0ANA', { login: 'Ben' }]]) });
    flow.people.set('U0ANA', aPerson('U0ANA', 'Ana', 'ana@harbor.example'));
    onlyKnown(HARBOR);
    // Ana is called Ben at that database, by the table.
    expect(await ask('U0BEN')).toContain('ben is what U0ANA is called there, too');
    expect(await ask('U0ANA', 'db-too/read')).toContain('Ben is what Ben Okafor (U0BEN) is called there, too');
    expect(await ask('U0BEN', 'other/read')).toBe('approved');
  });

  const FILE = (more: string) => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS${more} }
identities:
  U0ANA: { github: Ana-K, ssh_key: "ssh-ed25519 AAAAC3Nz ana@laptop", first: a.b, last: c }
  U0BEN: { github: ana-k, ssh_key: "ssh-ed25519 AAAAC3Nz ben@desk", first: a, last: b.c }
resources:
  x:
    target: TARGET
    roles: { read: { grants: GRANTS, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0EVE] } }] } }
`;
  test.each([
    ['github', `{ kind: github, token: "\${T}", org: harbor, account: "{github}" }`, '{ teams: [oncall] }'],
    ['postgres', `{ kind: postgres, url: "\${DB}", login: "{first}.{last}" }`, '{ roles: [reader] }'],
    ['ssh', '{ kind: ssh, ca_key: /k, revocation_list: /r, public_key: "{ssh_key}" }', '{ principals: [logs] }'],
  ])('two people whom the table gives one name at %s are refused with the file', (_, target, grants) => {
    const read = (more: string) =>
      parsePolicy(FILE(more).replace('TARGET', target).replace('GRANTS', grants), PROVISIONERS, {
        T: 'a-token-of-some-length',
        DB: 'postgres://jit:pass-word@db.example/x',
      });
    const result = read('');
    expect('issues' in result ? result.issues : []).toEqual([
      { line: 5, path: 'identities.U0BEN', message: expect.stringContaining('U0ANA and U0BEN are both "') },
    ]);
    expect(read(', same_person: [[U0ANA, U0BEN]]')).toHaveProperty('policy');
  });
});

test('K11.3 a holder keeps access to its end when a namesake arrives', async () => {
  onlyKnown(HARBOR);
  expect(await ask('U0BEN')).toBe('approved');
  const [grant] = await flow.deps.store.liveGrants({});
  await provisionGrant(flow.deps, grant?.value.id ?? '', 1);
  flow.everybody = null;
  expect((await flow.deps.store.grant(grant?.value.id ?? ''))?.value.state).toBe('active');
  flow.clock.advance(HOUR);
  await endGrant(flow.deps, grant?.value.id ?? '', 1);
  expect((await flow.deps.store.grant(grant?.value.id ?? ''))?.value.state).toBe('ended');
  expect(await ask('U0BEN2')).toContain('two people never share an account');
});
