import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { github } from '../../src/provisioners/github/provisioner.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import type { Answered, Asked } from '../support/front.ts';
import { type FakeGitHub, ORG, startGitHub } from '../support/github.ts';
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

/** Octokit against an independent fake of GitHub. */

const use = useForTests({ polling: { every: 5, until: 100 } });
const TEAM = github.roleSchema.parse({ teams: ['payments'] });
const REPOSITORY = github.roleSchema.parse({ repositories: { api: 'push' } });
let hub: FakeGitHub;
let team: Harness;
let repository: Harness;
let teamId: number;
let api: number;
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
  connection = github.connect(
    github.targetSchema.parse({ kind: 'github', org: ORG, token: 'owner-token', api_url: hub.front.url }),
    use,
  );
  const breaks = {
    breakTarget: () => {
      hub.front.isDown = true;
    },
    mendTarget: () => {
      hub.front.isDown = false;
    },
  };
  team = {
    connection,
    role: TEAM,
    reallyHas: async () => (await membersOf('payments')).includes('ben-o'),
    ...breaks,
    changes: {
      renamePerson: [renamePerson],
      renameContainer: [renameTeam],
      moveTarget: 'a team cannot leave its organization; another organization is another place in the policy file',
      blind: blinded,
    },
  };
  repository = {
    connection,
    role: REPOSITORY,
    reallyHas: async () => (await collaboratorsOf(api)).includes('ben-o push'),
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

  test('who was in the team before is in it afterwards, and is listed as standing', async () => {
    await putIn('payments', 'ben-o');
    await connection.grant(accessOf(TEAM, id), inAnHour());
    expect(await connection.list?.(roles)).toEqual([{ ...standing, grantId: id }, standing]);
    await connection.revoke(accessOf(TEAM, id));
    expect(await membersOf('payments')).toEqual(['ben-o']);
    await connection.remove?.(standing, TEAM);
    expect(await membersOf('payments')).toEqual([]);
  });

  test('a permission that somebody had comes back when a stronger one ends, in the organization or not', async () => {
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

  test('nobody is invited into the organization by the way', async () => {
    const foreign = github.connect(
      github.targetSchema.parse({ kind: 'github', org: ORG, token: 'owner-token', api_url: hub.front.url }),
      { ...use, accountOf: () => 'stranger' },
    );
    for (const role of [TEAM, REPOSITORY]) {
      const access = accessOf(role, newGrantId());
      await expect(foreign.grant(access, inAnHour())).rejects.toThrow(/no member of the GitHub organization/);
      await foreign.revoke(access);
    }
    expect(await membersOf('payments')).toEqual([]);
    expect(await collaboratorsOf(api)).toEqual([]);
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

  test('K3.8 access that an earlier version gave by names is stamped, and ends after everything was renamed', async () => {
    const role = { ...TEAM, ...REPOSITORY, teams: TEAM.teams };
    const { host } = new URL(hub.front.url);
    for (const [place, level] of [
      ['team payments', 'member'],
      ['repository api', 'push'],
    ] as const)
      writtenEarlier(use, { grantId: id, place: `github ${host}/${ORG} ${place}`, account: 'ben-o', level });
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

  test('K3.2 a team that was deleted gives nobody anything, and an owner sees that it is gone', async () => {
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

  test('K3 an invitation that waits counts as access, and is taken back', async () => {
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

  test('K3 somebody on the second page of a list is found', async () => {
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

describe('a hostile holder of GitHub', () => {
  const newId = newGrantId;
  const ids = () => ({ ben: hub.idOf('ben-o'), eve: hub.idOf('eve') });
  const leftOf = async (role: object, id: string) => {
    const ended = await connection.revoke(accessOf(role, id));
    return typeof ended === 'object' ? ended.left.map(({ what }) => what).toSorted() : [];
  };

  test('what an administrator of a repository left in it is named at the end, and what was there is not', async () => {
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
    hub.standing.runners = [{ id: 4, name: 'box' }];
    expect(await leftOf(admin, id)).toEqual([
      'deploy key "mine" (may write)',
      'eve is a collaborator (admin)',
      'mallory is invited (admin)',
      'runner "box" of Actions',
      'the team ops may admin',
      'webhook 2 to https://evil.example',
    ]);
    expect(await collaboratorsOf(api)).toEqual(['eve admin']);
    await expel(api, 'eve');
    Object.assign(hub.standing, { keys: [], hooks: [], teams: [], invitations: [], runners: [] });
  });

  test('whoever is there by a grant of their own is not named, and what cannot be looked at is said so', async () => {
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

  test('whom a maintainer of a team let in is named at the end', async () => {
    const maintainer = github.roleSchema.parse({ teams: ['payments'], team_level: 'maintainer' });
    const id = newId();
    await connection.grant(accessOf(maintainer, id), inAnHour());
    await putIn('payments', 'eve');
    hub.standing.childTeams = [{ id: 5, slug: 'mine' }];
    expect(await leftOf(maintainer, id)).toEqual(['eve is member of the team', 'the team mine is a child of the team']);
    expect(ids().eve).not.toBe(ids().ben);
    expect(await membersOf('payments')).toEqual(['eve']);
    hub.standing.childTeams = [];
    await takeOut('payments', 'eve');
  });
});
