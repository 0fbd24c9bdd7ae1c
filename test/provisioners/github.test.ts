/** Octokit against an independent fake of GitHub. */

import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { github } from '../../src/provisioners/github/provisioner.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import type { Answered, Asked } from '../support/front.ts';
import { BOT_TOKENS, type FakeGitHub, ORG, startGitHub } from '../support/github.ts';
import type { Changed, Changes, Way } from './changes.ts';
import {
  accessOf,
  BEN,
  describeContract,
  type Harness,
  inAnHour,
  newGrantId,
  useForTests,
  writtenEarlier,
} from './contract.ts';

const use = useForTests({ polling: { every: 5, until: 100 } });
const TEAM = github.roleSchema.parse({ teams: ['payments'] });
const REPOSITORY = github.roleSchema.parse({ repositories: { api: 'push' } });
let hub: FakeGitHub;
let team: Harness;
let repository: Harness;
let teamId: number;
let api: number;
let orgId: number;
// biome-ignore lint/suspicious/noExplicitAny: tried with several roles
let connection: Connection<any>;

const membersOf = async (slug: string): Promise<string[]> => {
  const all = await hub.asOwner<{ login: string }[]>('GET', `/orgs/${ORG}/teams/${slug}/members`);
  return typeof all === 'number' ? [] : all.map(({ login }) => login).toSorted();
};
const putIn = (slug: string, login: string) =>
  hub.asOwner('PUT', `/orgs/${ORG}/teams/${slug}/memberships/${login}`, { role: 'member' });
const takeOut = (slug: string, login: string) =>
  hub.asOwner('DELETE', `/orgs/${ORG}/teams/${slug}/memberships/${login}`);
const collaboratorsOf = async (id: number): Promise<string[]> => {
  const all = await hub.asOwner<{ login: string }[]>('GET', `/repos/${await hub.fullName(id)}/collaborators`);
  return typeof all === 'number' ? [] : all.map(({ login }) => `${login} ${hub.permission(id, login)}`).toSorted();
};
const collaborate = async (id: number, login: string, permission: string) => {
  await hub.asOwner('PUT', `/repos/${await hub.fullName(id)}/collaborators/${login}`, { permission });
  hub.allow(id, login, permission);
};
const expel = async (id: number, login: string) =>
  hub.asOwner('DELETE', `/repos/${await hub.fullName(id)}/collaborators/${login}`);

/** Whoever else is in the team and in the repository. */
const others = async () => ({
  team: (await membersOf('payments')).filter((login) => login !== 'ben-o'),
  repository: (await collaboratorsOf(api)).filter((one) => !one.startsWith('ben-o ')),
});
const lying = (how: string, before: (asked: Asked) => Answered | null): Way => ({
  how,
  act: () => {
    hub.front.before = before;
    return {
      undo: () => {
        hub.front.before = () => null;
      },
      others,
    };
  },
});
const refusal = (status: number, message: string): Answered => ({ status, body: { message } });
const NOT_FOUND = refusal(404, 'Not Found');

const renamePerson: Way = {
  how: 'the login, which a newcomer with the same access takes',
  act: async () => {
    hub.call('users', { 'ben-o': 'benny', newcomer: 'ben-o' });
    await putIn('payments', 'newcomer');
    await collaborate(api, 'newcomer', 'push');
    return {
      undo: async () => {
        await takeOut('payments', 'newcomer');
        await expel(api, 'newcomer');
        hub.call('users', {});
      },
      others,
    };
  },
};
const renameTeam: Way = {
  how: 'the slug of the team, which another team takes that the person is in too',
  act: async (): Promise<Changed> => {
    await hub.asOwner('POST', `/orgs/${ORG}/teams`, { name: 'imposter' });
    await putIn('imposter', 'ben-o');
    hub.call('teams', { payments: 'was-payments', imposter: 'payments' });
    return {
      undo: async () => {
        await hub.asOwner('DELETE', `/orgs/${ORG}/teams/imposter`);
        hub.call('teams', {});
      },
      others: () => membersOf('imposter'),
    };
  },
};
const renameRepository: Way = {
  how: 'the repository, whose name another one takes that the person is in too',
  act: async () => {
    await hub.asOwner('PATCH', `/repos/${ORG}/api`, { name: 'was-api' });
    await hub.asOwner('POST', `/orgs/${ORG}/repos`, { name: 'api' });
    const namesake = await hub.repositoryId(`${ORG}/api`);
    await collaborate(namesake, 'ben-o', 'push');
    return {
      undo: async () => {
        await hub.asOwner('DELETE', `/repos/${ORG}/api`);
        await hub.asOwner('PATCH', `/repos/${ORG}/was-api`, { name: 'api' });
      },
      others: () => collaboratorsOf(namesake),
    };
  },
};
const isRepository = ({ path }: Asked) => path.startsWith(`/repositories/${api}`);
const isTeam = ({ path }: Asked) => path.includes(`/team/${teamId}`);
const isTeams = ({ path }: Asked) => /^\/organizations\/\d+\/teams/.test(path);

const blinded: Changes['blind'] = [
  lying('the token is revoked', () => refusal(401, 'Bad credentials')),
  lying('the token loses its scope', () => refusal(403, 'Resource not accessible by integration')),
  lying('nothing is there any more', () => NOT_FOUND),
  lying('the team and the repository are not there', (asked) => {
    if (path(asked, '/user/memberships/')) return refusal(403, 'Forbidden');
    if (isTeams(asked)) return { status: 200, body: [] };
    return isTeam(asked) || isRepository(asked) ? NOT_FOUND : null;
  }),
  lying('the bot is an ordinary member now, and the team a secret one', (asked) => {
    if (path(asked, '/user/memberships/'))
      return { status: 200, body: { role: 'member', state: 'active', organization: { id: 1 } } };
    if (isTeams(asked)) return { status: 200, body: [] };
    return isTeam(asked) || isRepository(asked) ? NOT_FOUND : null;
  }),
  lying('it may read, and not write', ({ method }) => (method === 'GET' ? null : refusal(403, 'Forbidden'))),
  lying('it may read, and nothing is there to write', ({ method }) => (method === 'GET' ? null : NOT_FOUND)),
  ...[null, {}, { ok: true }, [{}], [null], 'none'].map((body) =>
    lying(`lists are ${JSON.stringify(body)}`, ({ method, path: at }) =>
      method === 'GET' && /\/(members|collaborators)\?/.test(at) ? { status: 200, body } : null,
    ),
  ),
];
function path({ path: at }: Asked, prefix: string): boolean {
  return at.startsWith(prefix);
}

beforeAll(async () => {
  hub = await startGitHub();
  teamId = await hub.teamId('payments');
  api = await hub.repositoryId(`${ORG}/api`);
  const org = await hub.asOwner<{ id: number }>('GET', `/orgs/${ORG}`);
  orgId = typeof org === 'number' ? org : org.id;
  const connectAs = (token: string) =>
    github.connect(github.targetSchema.parse({ kind: 'github', org: ORG, token, api_url: hub.front.url }), use);
  connection = connectAs(BOT_TOKENS[0]);
  const breaks = {
    wire: hub.front.wire,
    breakTarget: () => {
      hub.front.isDown = true;
    },
    mendTarget: () => {
      hub.front.isDown = false;
    },
  };
  team = {
    connection: connectAs(BOT_TOKENS[1]),
    role: TEAM,
    reallyHas: async () => (await membersOf('payments')).includes('ben-o'),
    welcome: async () => ({
      has: async () => (await membersOf('payments')).includes('odd-name'),
      leave: async () => {},
    }),
    ...breaks,
    changes: {
      renamePerson: [renamePerson],
      renameContainer: [renameTeam],
      moveTarget: 'a team cannot leave its organization; another organization is another place in the policy file',
      blind: blinded,
    },
  };
  repository = {
    connection: connectAs(BOT_TOKENS[2]),
    role: REPOSITORY,
    reallyHas: async () => (await collaboratorsOf(api)).includes('ben-o push'),
    welcome: async () => ({
      has: async () => (await collaboratorsOf(api)).includes('odd-name push'),
      leave: async () => {},
    }),
    ...breaks,
    changes: {
      renamePerson: [renamePerson],
      renameContainer: [renameRepository],
      moveTarget: [
        {
          how: 'the repository, to another owner, whom the bot sees as well',
          act: async () => {
            await hub.asOwner('POST', `/repos/${ORG}/api/transfer`, { new_owner: 'elsewhere' });
            return {
              undo: () => void hub.asOwner('POST', '/repos/elsewhere/api/transfer', { new_owner: ORG }),
              others,
            };
          },
        },
        lying('the repository, to another owner, out of sight', (asked) => (isRepository(asked) ? NOT_FOUND : null)),
        lying('the repository, to an owner who shows it to everybody', (asked) =>
          isRepository(asked) && asked.path.includes('collaborators')
            ? refusal(403, 'Must have push access to view repository collaborators.')
            : null,
        ),
        lying('the repository, to the holder', (asked) =>
          asked.path === `/repositories/${api}`
            ? {
                status: 200,
                body: { id: api, full_name: 'ben-o/api', owner: { id: hub.idOf('ben-o'), login: 'ben-o' } },
              }
            : null,
        ),
      ],
      blind: blinded,
    },
  };
});
afterAll(async () => {
  await connection.close();
  await hub.close();
  use.close();
});

describeContract('github, teams', () => team);
describeContract('github, repositories', () => repository);

describe('github', () => {
  let id: string;
  beforeEach(() => {
    id = newGrantId();
  });
  const roles = [{ roleKey: 'payments-db/read', role: TEAM }];
  const standing = { account: 'ben-o', role: 'payments-db/read', grantId: null };

  test('an earlier team member stays one, and is listed as standing', async () => {
    await putIn('payments', 'ben-o');
    await connection.grant(accessOf(TEAM, id), inAnHour());
    expect(await connection.list?.(roles)).toEqual([{ ...standing, grantId: id }, standing]);
    await connection.revoke(accessOf(TEAM, id));
    expect(await membersOf('payments')).toEqual(['ben-o']);
    await connection.remove?.(standing, TEAM);
    expect(await membersOf('payments')).toEqual([]);
  });

  test('an earlier permission returns when a stronger one ends, member or not', async () => {
    await collaborate(api, 'ben-o', 'pull');
    const admin = github.roleSchema.parse({ repositories: { api: 'admin' } });
    await connection.grant(accessOf(admin, id), inAnHour());
    expect(await collaboratorsOf(api)).toEqual(['ben-o admin']);
    await takeOut('members', 'ben-o');
    await connection.revoke(accessOf(admin, id));
    expect(await collaboratorsOf(api)).toEqual(['ben-o pull']);
    await putIn('members', 'ben-o');
    await expel(api, 'ben-o');
  });

  test('nobody is invited into the organization as a side effect', async () => {
    const foreign = github.connect(
      github.targetSchema.parse({ kind: 'github', org: ORG, token: 'owner-token', api_url: hub.front.url }),
      { ...use, accountOf: () => 'stranger' },
    );
    for (const role of [TEAM, REPOSITORY]) {
      const access = accessOf(role, newGrantId());
      await expect(foreign.grant(access, inAnHour())).rejects.toThrow(/not a member of the GitHub organization/);
      await foreign.revoke(access);
    }
    expect(await membersOf('payments')).toEqual([]);
    expect(await collaboratorsOf(api)).toEqual([]);
  });

  test('a person without a known GitHub name is refused, with the line to add', async () => {
    const zoe = { ...accessOf(TEAM, id), person: { ...BEN, slackId: 'U0ZOE', name: 'Zoe' } };
    await expect(connection.grant(zoe, inAnHour())).rejects.toThrow('add github for U0ZOE under identities');
  });

  test('the doctor names a missing team', async () => {
    const role = github.roleSchema.parse({ teams: ['paymnets'] });
    const findings = await connection.check([{ roleKey: 'payments-db/read', role }]);
    expect(findings[0]).toMatchObject({ ok: false, what: expect.stringContaining('the team paymnets: Not Found') });
  });

  test('K3.8 access given by names is stamped, and ends after everything was renamed', async () => {
    const role = { ...TEAM, ...REPOSITORY, teams: TEAM.teams };
    const { host } = new URL(hub.front.url);
    for (const [place, level] of [
      ['team payments', 'member'],
      ['repository api', 'push'],
    ] as const)
      await writtenEarlier(use, { grantId: id, place: `github ${host}/${ORG} ${place}`, account: 'ben-o', level });
    await putIn('payments', 'ben-o');
    await collaborate(api, 'ben-o', 'push');
    await connection.stamp?.(accessOf(role, id));
    for (const { act } of [renamePerson, renameTeam, renameRepository]) await act();
    expect(await connection.isActive(accessOf(role, id))).toBe(true);
    await connection.revoke(accessOf(role, id));
    expect(await membersOf('payments')).toEqual(['newcomer']);
    expect(await collaboratorsOf(api)).toEqual(['newcomer push']);
    await takeOut('payments', 'newcomer');
    await expel(api, 'newcomer');
    hub.call('users', {});
    hub.call('teams', {});
    await hub.asOwner('DELETE', `/orgs/${ORG}/teams/imposter`);
    await hub.asOwner('DELETE', `/repos/${ORG}/api`);
    await hub.asOwner('PATCH', `/repos/${ORG}/was-api`, { name: 'api' });
  });

  test('K3.1 a newcomer with the old login is not given what somebody else began to get', async () => {
    await connection.grant(accessOf(TEAM, id), inAnHour());
    await takeOut('payments', 'ben-o');
    hub.call('users', { 'ben-o': 'benny', newcomer: 'ben-o' });
    await connection.grant(accessOf(TEAM, id), inAnHour());
    hub.call('users', {});
    expect(await membersOf('payments')).toEqual(['ben-o']);
    await connection.revoke(accessOf(TEAM, id));
  });

  test('K3.2 a deleted team gives nothing, and an owner sees that it is gone', async () => {
    await hub.asOwner('POST', `/orgs/${ORG}/teams`, { name: 'short-lived' });
    const role = github.roleSchema.parse({ teams: ['short-lived'] });
    await connection.grant(accessOf(role, id), inAnHour());
    await hub.asOwner('DELETE', `/orgs/${ORG}/teams/short-lived`);
    await connection.revoke(accessOf(role, id));
    expect(await connection.isActive(accessOf(role, id))).toBe(false);
  });

  test('K3.5 a repository that was given away is given to nobody under its old name', async () => {
    const away = { id: api, full_name: 'eve/api', owner: { id: hub.idOf('eve'), login: 'eve' } };
    hub.front.before = ({ path: at }) => (at === `/repos/${ORG}/api` ? { status: 200, body: away } : null);
    await expect(connection.grant(accessOf(REPOSITORY, id), inAnHour())).rejects.toThrow('harbor/api is eve/api now');
    hub.front.before = () => null;
    expect(await collaboratorsOf(api)).toEqual([]);
  });

  test('K3.5 a repository that was given to its holder is still theirs', async () => {
    await connection.grant(accessOf(REPOSITORY, id), inAnHour());
    await expel(api, 'ben-o');
    expect(await connection.isActive(accessOf(REPOSITORY, id))).toBe(false);
    const theirs = { id: api, full_name: 'ben-o/api', owner: { id: hub.idOf('ben-o'), login: 'ben-o' } };
    hub.front.before = ({ path: at }) => (at === `/repositories/${api}` ? { status: 200, body: theirs } : null);
    expect(await connection.isActive(accessOf(REPOSITORY, id))).toBe(true);
    hub.front.before = () => null;
    await connection.revoke(accessOf(REPOSITORY, id));
  });

  test('the policy file may write the organization in capitals', async () => {
    const capitals = ORG.toUpperCase();
    const shouted = github.connect(
      github.targetSchema.parse({ kind: 'github', org: capitals, token: BOT_TOKENS[0], api_url: hub.front.url }),
      use,
    );
    const found = { id: api, full_name: `${ORG}/api`, owner: { id: orgId, login: ORG } };
    hub.front.before = ({ path: at }) => {
      if (at === `/repos/${capitals}/api`) return { status: 200, body: found };
      return at === `/orgs/${capitals}/members/ben-o` ? { status: 204, body: null } : null;
    };
    await shouted.grant(accessOf(REPOSITORY, id), inAnHour());
    expect(await collaboratorsOf(api)).toEqual(['ben-o push']);
    await shouted.revoke(accessOf(REPOSITORY, id));
    hub.front.before = () => null;
    expect(await collaboratorsOf(api)).toEqual([]);
  });

  test('a waiting invitation counts as access, and is taken back', async () => {
    await connection.grant(accessOf(REPOSITORY, id), inAnHour());
    await expel(api, 'ben-o');
    hub.standing.invitations = [
      { id: 7, permissions: 'write', invitee: { id: hub.idOf('ben-o'), login: 'ben-o' } },
      { id: 8, permissions: 'write', invitee: { id: hub.idOf('eve'), login: 'eve' } },
    ];
    expect(await connection.isActive(accessOf(REPOSITORY, id))).toBe(true);
    await connection.revoke(accessOf(REPOSITORY, id));
    expect(hub.standing.invitations.map((one) => one.id)).toEqual([8]);
    hub.standing.invitations = [];
  });

  test('a waiting invitation into a team counts as access, and is taken back', async () => {
    await connection.grant(accessOf(TEAM, id), inAnHour());
    await takeOut('payments', 'ben-o');
    hub.standing.teamInvitations = ['ben-o', 'stranger'].map((login, index) => ({ id: index + 1, login }));
    expect(await connection.isActive(accessOf(TEAM, id))).toBe(true);
    await connection.revoke(accessOf(TEAM, id));
    expect(hub.standing.teamInvitations.map(({ login }) => login)).toEqual(['stranger']);
    hub.standing.teamInvitations = [];
  });

  test.each([403, 500, 502])('an answer of %i about a person does not count as gone', async (status) => {
    const about = (path: RegExp) => {
      hub.front.before = ({ path: at }) => (path.test(at) ? refusal(status, 'not now') : null);
    };
    await connection.grant(accessOf(TEAM, id), inAnHour());
    about(/^\/user\/\d+$/);
    await expect(connection.revoke(accessOf(TEAM, id))).rejects.toThrow('not now');
    hub.front.before = () => null;
    expect(await membersOf('payments')).toContain('ben-o');
    await takeOut('payments', 'ben-o');
    // Whether they are invited, which counts, is not known.
    about(/\/memberships\/ben-o$/);
    await expect(connection.isActive(accessOf(TEAM, id))).rejects.toThrow('not now');
    hub.front.before = () => null;
    await connection.revoke(accessOf(TEAM, id));
    expect(await connection.isActive(accessOf(TEAM, id))).toBe(false);
  });

  test('somebody on the second page of a list is found', async () => {
    await connection.grant(accessOf(TEAM, id), inAnHour());
    // One a page: whoever goes from the first page meanwhile pulls the second one forward.
    const ben = { id: hub.idOf('ben-o'), login: 'ben-o' };
    const eve = { id: hub.idOf('eve'), login: 'eve' };
    let reads = 0;
    hub.front.before = ({ path: at, method }) => {
      const query = new URL(at, 'http://hub').searchParams;
      if (method !== 'GET' || !/\/members\?/.test(at))
        return at.includes('/memberships/') && method === 'GET' ? NOT_FOUND : null;
      if (query.get('role') === 'maintainer') return { status: 200, body: [] };
      reads += 1;
      const next = { link: '<http://hub/next>; rel="next"' };
      if (query.get('page') === '1') return { status: 200, body: [reads === 1 ? eve : ben], headers: next };
      return { status: 200, body: [] };
    };
    expect(await connection.isActive(accessOf(TEAM, id))).toBe(true);
    hub.front.before = () => null;
    await connection.revoke(accessOf(TEAM, id));
  });
});

describe('what GitHub says of people and levels', () => {
  let id: string;
  beforeEach(() => {
    id = newGrantId();
  });
  afterEach(() => {
    hub.front.before = () => null;
  });
  const answer = (body: unknown): Answered => ({ status: 200, body });
  const ben = () => ({ id: hub.idOf('ben-o'), login: 'ben-o' });

  test.each([
    [{ role_name: 'read' }, ['pull']],
    [{ role_name: 'write' }, ['pull', 'triage', 'push']],
    [{ role_name: 'maintain' }, ['pull', 'triage', 'push', 'maintain']],
    [{ role_name: 'security-lead', permissions: { pull: true, triage: true, push: true } }, ['pull', 'triage', 'push']],
    [{ role_name: 'security-lead', permissions: { pull: true, push: false } }, ['pull']],
    [{ permissions: { admin: true } }, ['pull', 'triage', 'push', 'maintain', 'admin']],
    [{}, ['pull']],
  ])('a collaborator %j has %j', async (said, expected) => {
    const all = ['pull', 'triage', 'push', 'maintain', 'admin'] as const;
    hub.front.before = (asked) =>
      isRepository(asked) && asked.path.includes('/collaborators?') ? answer([{ ...ben(), ...said }]) : null;
    const roles = all.map((level) => ({
      roleKey: level,
      role: github.roleSchema.parse({ repositories: { api: level } }),
    }));
    expect((await connection.list?.(roles))?.map(({ role }) => role)).toEqual(expected);
  });

  test('only a repository’s direct collaborators are listed, not the organization', async () => {
    hub.front.asked.length = 0;
    await connection.list?.([{ roleKey: 'a/b', role: REPOSITORY }]);
    const lists = hub.front.asked.filter(({ path: at }) => at.includes('/collaborators?'));
    expect(lists.map(({ path: at }) => new URL(at, 'http://hub').searchParams.get('affiliation'))).toEqual(['direct']);
  });

  test('a team member who is made its maintainer is a member again afterwards', async () => {
    const maintainer = github.roleSchema.parse({ teams: ['payments'], team_level: 'maintainer' });
    await putIn('payments', 'ben-o');
    await connection.grant(accessOf(maintainer, id), inAnHour());
    const held = async () => (await connection.list?.([{ roleKey: 'a/m', role: maintainer }])) ?? [];
    // Of the same role they were no more than a member before.
    expect(await held()).toEqual([]);
    expect(await connection.isActive(accessOf(maintainer, id))).toBe(true);
    await connection.revoke(accessOf(maintainer, id));
    expect(await connection.isActive(accessOf(maintainer, id))).toBe(false);
    expect(await membersOf('payments')).toEqual(['ben-o']);
    await takeOut('payments', 'ben-o');
  });

  test('K3.1 a person renamed meanwhile gets nothing, nor does the name’s new owner', async () => {
    let isPut = false;
    hub.front.before = (asked) => {
      if (asked.method === 'PUT') isPut = true;
      return isPut && asked.path === `/user/${ben().id}` ? answer({ ...ben(), login: 'benny' }) : null;
    };
    await expect(connection.grant(accessOf(TEAM, id), inAnHour())).rejects.toThrow(
      'ben-o was renamed while access was being given',
    );
    expect(await membersOf('payments')).toEqual([]);
    hub.front.before = () => null;
    await connection.revoke(accessOf(TEAM, id));
  });

  test('K3.1 an answer about another user than the one who was asked for is none', async () => {
    await connection.grant(accessOf(TEAM, id), inAnHour());
    hub.front.before = ({ path: at }) =>
      at === `/user/${ben().id}` ? answer({ id: hub.idOf('eve'), login: 'eve' }) : null;
    await expect(connection.revoke(accessOf(TEAM, id))).rejects.toThrow(
      `was asked for the user ${ben().id} and answered with ${hub.idOf('eve')}`,
    );
    hub.front.before = () => null;
    await connection.revoke(accessOf(TEAM, id));
    expect(await membersOf('payments')).toEqual([]);
  });

  test('K3.1 whoever deleted their account is in nothing, and is given nothing', async () => {
    await connection.grant(accessOf(TEAM, id), inAnHour());
    await takeOut('payments', 'ben-o');
    hub.front.before = ({ path: at }) => (at === `/user/${ben().id}` ? NOT_FOUND : null);
    expect(await connection.isActive(accessOf(TEAM, id))).toBe(false);
    await expect(connection.grant(accessOf(TEAM, id), inAnHour())).rejects.toThrow(`has no user ${ben().id} any more`);
    await connection.revoke(accessOf(TEAM, id));
  });

  test('a team with a 404 that is still in the list of teams is not gone', async () => {
    await connection.grant(accessOf(TEAM, id), inAnHour());
    hub.front.before = (asked) => (isTeam(asked) ? NOT_FOUND : null);
    await expect(connection.isActive(accessOf(TEAM, id))).rejects.toThrow('Not Found');
    hub.front.before = () => null;
    await connection.revoke(accessOf(TEAM, id));
  });

  test.each([
    ['whose membership waits', { role: 'admin', state: 'pending' }, null],
    ['of another organization', { role: 'admin', state: 'active' }, 4711],
    ['who is an ordinary member', { role: 'member', state: 'active' }, null],
  ])('an owner %s cannot see whether a team is gone', async (_, said, organization) => {
    await connection.grant(accessOf(TEAM, id), inAnHour());
    hub.front.before = (asked) => {
      if (isTeam(asked)) return NOT_FOUND;
      if (isTeams(asked)) return answer([]);
      return path(asked, '/user/memberships/')
        ? answer({ ...said, organization: { id: organization ?? orgId } })
        : null;
    };
    await expect(connection.isActive(accessOf(TEAM, id))).rejects.toThrow('Not Found');
    hub.front.before = () => null;
    await connection.revoke(accessOf(TEAM, id));
  });
});

describe('the credential of the bot at GitHub', () => {
  afterEach(() => {
    hub.front.before = () => null;
  });
  const both = github.roleSchema.parse({ teams: ['payments', 'payments'], repositories: { api: 'push' } });
  const saying = (scopes: string | null) => {
    hub.front.before = ({ path: at }) =>
      at === '/user'
        ? { status: 200, body: { login: 'owner' }, headers: scopes === null ? {} : { 'x-oauth-scopes': scopes } }
        : null;
  };
  const doctor = async (role: typeof TEAM, with_ = connection) =>
    (await with_.check([{ roleKey: 'a/b', role }])).map(({ ok, what }) => `${ok ? 'yes' : 'no'}: ${what}`);

  test.each([
    ['admin:org, repo', both, ['yes: the token has the scope admin:org', 'yes: the token has the scope repo']],
    ['repo,admin:org', both, ['yes: the token has the scope admin:org', 'yes: the token has the scope repo']],
    ['read:org, public_repo', both, ['no: the token has the scope admin:org', 'no: the token has the scope repo']],
    ['', both, ['no: the token has the scope admin:org', 'no: the token has the scope repo']],
    ['repo', TEAM, ['no: the token has the scope admin:org']],
    ['repo', REPOSITORY, ['yes: the token has the scope repo']],
    [null, both, ['yes: the token is accepted (GitHub does not say what a fine-grained one may do)']],
  ])('a token with the scopes %s is told which ones the roles still need', async (scopes, role, expected) => {
    saying(scopes);
    const findings = await doctor(role);
    expect(findings.slice(-expected.length)).toEqual(expected);
    // Each thing that is named twice is looked at once.
    expect(findings).toHaveLength(
      expected.length + role.teams.slice(0, 1).length + Object.keys(role.repositories).length,
    );
  });

  describe('of an App', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const app = { id: 12, private_key: pem, installation: 77 };
    const connect = () =>
      github.connect(github.targetSchema.parse({ kind: 'github', org: ORG, app, api_url: hub.front.url }), use);
    const installed =
      (permissions: Record<string, string>, more: (asked: Asked) => Answered | null = () => null) =>
      (asked: Asked): Answered | null => {
        if (asked.path === '/app/installations/77/access_tokens')
          return {
            status: 201,
            body: { token: BOT_TOKENS[0], expires_at: new Date(inAnHour()).toISOString(), permissions },
          };
        return asked.path === '/app/installations/77' ? { status: 200, body: { id: 77, permissions } } : more(asked);
      };

    test('it acts as the installation that the policy file names', async () => {
      hub.front.before = installed({});
      const [as, id] = [connect(), newGrantId()];
      await as.grant(accessOf(TEAM, id), inAnHour());
      expect(await membersOf('payments')).toEqual(['ben-o']);
      await as.revoke(accessOf(TEAM, id));
      expect(await membersOf('payments')).toEqual([]);
    });

    test.each([
      [{ members: 'write', administration: 'write' }, ['yes', 'yes']],
      [{ members: 'read', administration: 'write' }, ['no', 'yes']],
      [{ members: 'write' }, ['yes', 'no']],
      [{}, ['no', 'no']],
    ])('the doctor knows what an App with %j may write', async (permissions, [members, administration]) => {
      hub.front.before = installed(permissions);
      expect((await doctor(both, connect())).slice(-2)).toEqual([
        `${members}: the App may write organization members`,
        `${administration}: the App may write repository administration`,
      ]);
      expect((await doctor(TEAM, connect())).slice(1)).toEqual([`${members}: the App may write organization members`]);
      expect((await doctor(REPOSITORY, connect())).slice(1)).toEqual([
        `${administration}: the App may write repository administration`,
      ]);
    });

    test('K3.2 it sees that a team is gone without being anybody in the organization', async () => {
      const [as, id] = [connect(), newGrantId()];
      hub.front.before = installed({});
      await as.grant(accessOf(TEAM, id), inAnHour());
      hub.front.before = installed({}, (asked) => {
        if (path(asked, '/user/')) return refusal(403, 'Resource not accessible by integration');
        if (isTeams(asked)) return { status: 200, body: [] };
        return isTeam(asked) ? NOT_FOUND : null;
      });
      expect(await as.isActive(accessOf(TEAM, id))).toBe(false);
      hub.front.before = installed({});
      await as.revoke(accessOf(TEAM, id));
    });
  });

  test('a target has either an App or a token, and a template that names a person', () => {
    const says = (more: object) => {
      const parsed = github.targetSchema.safeParse({ kind: 'github', org: ORG, ...more });
      return parsed.success ? parsed.data : parsed.error.issues.map(({ message }) => message);
    };
    const key = '-----BEGIN PRIVATE KEY-----';
    const app = { id: '12', private_key: key, installation: 77 };
    expect(says({ token: 't' })).toMatchObject({ account: '{github}', api_url: 'https://api.github.com' });
    expect(says({ app })).toMatchObject({ app: { id: 12, installation: 77 } });
    expect(says({})).toEqual(['expected either app or token']);
    expect(says({ app, token: 't' })).toEqual(['expected either app or token']);
    expect(says({ app: { ...app, id: 0 } })).toHaveLength(1);
    expect(says({ app: { ...app, private_key: 'sealed' } })).toEqual(['expected the App’s private key, in PEM form']);
    expect(says({ token: 't', account: 'ben' })).toEqual(['expected a template such as "{github}"']);
    expect(says({ token: 't', org: 'harbor/api' })).toEqual(['expected a name as in the address of the page']);
  });

  test('a role names a team or a repository, with a level that GitHub has', () => {
    const says = (role: object) => github.roleSchema.safeParse(role).error?.issues.map(({ message }) => message);
    expect(github.roleSchema.parse({ teams: ['a.b_c-D'] })).toEqual({
      teams: ['a.b_c-D'],
      team_level: 'member',
      repositories: {},
    });
    expect(says({ repositories: { api: 'triage' } })).toBeUndefined();
    expect(says({})).toEqual(['name a team or a repository']);
    expect(says({ teams: [], repositories: {} })).toEqual(['name a team or a repository']);
    for (const wrong of [
      { teams: ['a b'] },
      { teams: ['a/b'] },
      { repositories: { api: 'write' } },
      { teams: ['a'], team_level: 'owner' },
    ])
      expect(says(wrong), JSON.stringify(wrong)).toHaveLength(1);
  });
});

describe('a hostile holder of GitHub', () => {
  const newId = newGrantId;
  const ids = () => ({ ben: hub.idOf('ben-o'), eve: hub.idOf('eve') });
  const leftOf = async (role: object, id: string) => {
    const ended = await connection.revoke(accessOf(role, id));
    return typeof ended === 'object' ? ended.left.map(({ what }) => what).toSorted() : [];
  };

  test('what a repository’s administrator added is named, and earlier things are not', async () => {
    const admin = github.roleSchema.parse({ repositories: { api: 'admin' } });
    const id = newId();
    Object.assign(hub.standing, {
      keys: [{ id: 1, title: 'old', read_only: true }],
      hooks: [{ id: 1, config: { url: 'https://old.example' } }],
      teams: [{ id: 1, slug: 'ops', permission: 'pull' }],
    });
    await connection.grant(accessOf(admin, id), inAnHour());
    await collaborate(api, 'eve', 'admin');
    hub.standing.keys.push({ id: 2, title: 'mine', read_only: false });
    hub.standing.hooks.push({ id: 2, config: { url: 'https://evil.example' } });
    hub.standing.teams = [{ id: 1, slug: 'ops', permission: 'admin' }];
    hub.standing.invitations = [{ id: 3, permissions: 'admin', invitee: { id: 99, login: 'mallory' } }];
    hub.standing.runners = ['box', 'bot', 'bus'].map((name, index) => ({ id: 4 + index, name }));
    expect(await leftOf(admin, id)).toEqual([
      'deploy key "mine" (may write)',
      'eve is a collaborator (admin)',
      'mallory is invited (admin)',
      'runner "bot" of Actions',
      'runner "box" of Actions',
      'runner "bus" of Actions',
      'the team ops may admin',
      'webhook 2 to https://evil.example',
    ]);
    expect(await collaboratorsOf(api)).toEqual(['eve admin']);
    await expel(api, 'eve');
    Object.assign(hub.standing, { keys: [], hooks: [], teams: [], invitations: [], runners: [] });
  });

  test('a holder with their own grant is not named, and what is unknown is said', async () => {
    const admin = github.roleSchema.parse({ repositories: { api: 'admin' } });
    const [id, other] = [newId(), newId()];
    await connection.grant(accessOf(admin, id), inAnHour());
    const eve = github.connect(
      github.targetSchema.parse({ kind: 'github', org: ORG, token: 'owner-token', api_url: hub.front.url }),
      { ...use, accountOf: () => 'eve' },
    );
    await eve.grant(accessOf(REPOSITORY, other), inAnHour());
    hub.front.before = ({ path: at }) => (at.includes('/hooks') ? refusal(403, 'Forbidden') : null);
    expect(await leftOf(admin, id)).toEqual([expect.stringContaining('webhooks, not seen: GitHub at 127.0.0.1')]);
    hub.front.before = () => null;
    await eve.revoke(accessOf(REPOSITORY, other));
    expect(await collaboratorsOf(api)).toEqual([]);
  });

  test('a changed thing, and one without a name, are named too', async () => {
    const admin = github.roleSchema.parse({ repositories: { api: 'admin' } });
    const id = newId();
    Object.assign(hub.standing, {
      hooks: [
        { id: 1, config: { url: 'https://old.example' } },
        { id: 2, config: {} },
      ],
      invitations: [{ id: 1, permissions: 'read', invitee: null }],
    });
    await connection.grant(accessOf(admin, id), inAnHour());
    hub.standing.hooks = [
      { id: 1, config: { url: 'https://evil.example' } },
      { id: 2, config: {} },
      { id: 3, config: {} },
    ];
    hub.standing.keys = [{ id: 9, title: 'look', read_only: true }];
    hub.standing.invitations.push({ id: 4, permissions: 'write', invitee: null });
    expect(await leftOf(admin, id)).toEqual([
      'deploy key "look" (may read)',
      'somebody is invited (write)',
      'webhook 1 to https://evil.example',
      'webhook 3 to an address that is not shown',
    ]);
    Object.assign(hub.standing, { keys: [], hooks: [], invitations: [] });
  });

  test('holders who can pass nothing on are not checked: writers, team members', async () => {
    for (const role of [REPOSITORY, TEAM]) {
      const id = newId();
      await connection.grant(accessOf(role, id), inAnHour());
      hub.standing.keys = [{ id: 9, title: 'of somebody else', read_only: false }];
      hub.standing.teamInvitations = [{ id: 9, login: 'stranger' }];
      expect(await leftOf(role, id)).toEqual([]);
      Object.assign(hub.standing, { keys: [], teamInvitations: [] });
    }
  });

  test('people whom a team’s maintainer added are named at the end', async () => {
    const maintainer = github.roleSchema.parse({ teams: ['payments'], team_level: 'maintainer' });
    const id = newId();
    await connection.grant(accessOf(maintainer, id), inAnHour());
    await putIn('payments', 'eve');
    hub.standing.childTeams = [{ id: 5, slug: 'mine', members: [] }];
    hub.standing.teamInvitations = [{ id: 6, login: 'stranger' }];
    expect(await leftOf(maintainer, id)).toEqual([
      'eve is member of the team',
      'mine is a child team of the team',
      'stranger is invited to the team',
    ]);
    hub.standing.teamInvitations = [];
    expect(ids().eve).not.toBe(ids().ben);
    expect(await membersOf('payments')).toEqual(['eve']);
    hub.standing.childTeams = [];
    await takeOut('payments', 'eve');
  });
});
