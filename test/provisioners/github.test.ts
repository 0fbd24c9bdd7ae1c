import { createServer } from 'node:http';
import { createEmulator, type Emulator } from 'emulate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { github } from '../../src/provisioners/github/provisioner.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { freePort } from '../support/ports.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

/**
 * Octokit against an independent fake of GitHub. The fake leaves out what level a collaborator has: a layer before it fills
 * that in, as GitHub's published description has it.
 */

const use = useForTests();
let emulator: Emulator;
let isDown = false;
let team: Harness;
let repository: Harness;
// biome-ignore lint/suspicious/noExplicitAny: tried with several roles
let connection: Connection<any>;

const TEAM = github.roleSchema.parse({ teams: ['payments'] });
const REPOSITORY = github.roleSchema.parse({ repositories: { api: 'push' } });

/** Around the provisioner, as the organization's owner. */
async function asOwner(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${emulator.url}${path}`, {
    method,
    headers: { authorization: 'token owner-token', 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return response.ok && text ? JSON.parse(text) : response.status;
}
const teamLevel = async () =>
  ((await asOwner('GET', '/orgs/harbor/teams/payments/memberships/ben-o')) as { role?: string }).role ?? null;
const permission = async () => {
  const all = (await asOwner('GET', '/repos/harbor/api/collaborators')) as { login: string }[];
  return all.some(({ login }) => login === 'ben-o') ? (permissions.get('ben-o') ?? null) : null;
};
/** What was last set, by login. */
const permissions = new Map<string, string>();

const front = createServer(async (request, response) => {
  if (isDown) return void request.socket.destroy();
  const body = await readBody(request);
  const answer = await fetch(`${emulator.url}${request.url}`, {
    method: request.method ?? 'GET',
    headers: { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' },
    ...(body && { body }),
  });
  let text = await answer.text();
  const [, login] = /collaborators\/([^/]+)$/.exec(request.url ?? '') ?? [];
  if (answer.ok && login && request.method === 'PUT') permissions.set(login, JSON.parse(body).permission);
  if (answer.ok && /collaborators\?/.test(request.url ?? '')) {
    const people = JSON.parse(text) as { login: string }[];
    text = JSON.stringify(people.map((one) => ({ ...one, role_name: permissions.get(one.login) })));
  }
  response
    .writeHead(answer.status, { 'content-type': 'application/json', 'x-oauth-scopes': 'admin:org, repo' })
    .end(text);
});

beforeAll(async () => {
  const port = await freePort();
  emulator = await createEmulator({
    service: 'github',
    port,
    seed: {
      tokens: { 'owner-token': { login: 'owner', scopes: ['admin:org', 'repo'] } },
      github: {
        users: [{ login: 'owner', site_admin: true }, { login: 'ben-o' }, { login: 'stranger' }],
        orgs: [{ login: 'harbor' }],
        repos: [{ owner: 'harbor', name: 'api' }],
      },
    },
  });
  const frontPort = await listen(front);
  for (const name of ['members', 'payments']) await asOwner('POST', '/orgs/harbor/teams', { name });
  // Whoever is in any team is in the organization, as the fake has it.
  for (const [login, role] of Object.entries({ owner: 'maintainer', 'ben-o': 'member' }))
    await asOwner('PUT', `/orgs/harbor/teams/members/memberships/${login}`, { role });
  const target = github.targetSchema.parse({
    kind: 'github',
    org: 'harbor',
    token: 'owner-token',
    api_url: `http://127.0.0.1:${frontPort}`,
  });
  connection = github.connect(target, use);
  const breaks = {
    breakTarget: () => {
      isDown = true;
    },
    mendTarget: () => {
      isDown = false;
    },
  };
  team = { connection, role: TEAM, reallyHas: async () => (await teamLevel()) === 'member', ...breaks };
  repository = {
    connection,
    role: REPOSITORY,
    reallyHas: async () => (await permission()) === 'push',
    ...breaks,
  };
});
afterAll(async () => {
  await connection.close();
  await closeServer(front);
  await emulator.close();
  use.close();
});

describeContract('github, teams', () => team);
describeContract('github, repositories', () => repository);

describe('github', () => {
  let id: string;
  beforeEach(() => {
    id = newGrantId();
  });

  test('who was in the team before is in it afterwards, and is listed as standing', async () => {
    await asOwner('PUT', '/orgs/harbor/teams/payments/memberships/ben-o', { role: 'member' });
    await connection.grant(accessOf(TEAM, id), inAnHour());
    const roles = [{ roleKey: 'payments-db/read', role: TEAM }];
    const standing = { account: 'ben-o', role: 'payments-db/read', grantId: null };
    expect(await connection.list?.(roles)).toEqual([{ ...standing, grantId: id }, standing]);
    await connection.revoke(accessOf(TEAM, id));
    expect(await teamLevel()).toBe('member');
    await connection.remove?.(standing, TEAM);
    expect(await teamLevel()).toBe(null);
  });

  test('a permission that somebody had comes back when a stronger one ends', async () => {
    await asOwner('PUT', '/repos/harbor/api/collaborators/ben-o', { permission: 'pull' });
    permissions.set('ben-o', 'pull');
    const admin = github.roleSchema.parse({ repositories: { api: 'admin' } });
    await connection.grant(accessOf(admin, id), inAnHour());
    expect(await permission()).toBe('admin');
    await connection.revoke(accessOf(admin, id));
    expect(await permission()).toBe('pull');
    await asOwner('DELETE', '/repos/harbor/api/collaborators/ben-o');
  });

  test('nobody is invited into the organization by the way', async () => {
    const foreign = github.connect(
      github.targetSchema.parse({ kind: 'github', org: 'harbor', token: 'owner-token', api_url: emulator.url }),
      { ...use, accountOf: () => 'stranger' },
    );
    await expect(foreign.grant(accessOf(TEAM, id), inAnHour())).rejects.toThrow(/no member of the GitHub organization/);
    await foreign.revoke(accessOf(TEAM, id));
    expect(await asOwner('GET', '/orgs/harbor/teams/payments/memberships/stranger')).toBe(404);
  });

  test('somebody whose name on GitHub nobody has told is refused with the line to add', async () => {
    const zoe = { ...accessOf(TEAM, id), person: { ...BEN, slackId: 'U0ZOE', name: 'Zoe' } };
    await expect(connection.grant(zoe, inAnHour())).rejects.toThrow('add github for U0ZOE under identities');
  });

  test('the doctor names a team that is not there', async () => {
    const role = github.roleSchema.parse({ teams: ['paymnets'] });
    const findings = await connection.check([{ roleKey: 'payments-db/read', role }]);
    expect(findings[0]).toMatchObject({ ok: false, what: expect.stringContaining('the team paymnets: Not Found') });
  });
});
