/** A hostile holder who maintains a team and administers a repository. */

import { github } from '../../src/provisioners/github/provisioner.ts';
import { TargetRefusal } from '../../src/provisioners/provisioner.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from '../provisioners/contract.ts';
import { type FakeGitHub, ORG, startGitHub } from '../support/github.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Unavoidable } from './judge.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const HOLDER = 'ben-o';
/** What people of Slack are called there. Eve has a grant of her own. */
const LOGINS = new Map([
  ['U0BEN', HOLDER],
  ['U0EVE', 'eve'],
]);
const TEAM_PATH = `/orgs/${ORG}/teams/payments`;

interface Organization extends Arena, Omit<HoldersGrants, 'id'> {
  readonly hub: FakeGitHub;
  readonly api: number;
  serial(): number;
  putIn(login: string, role?: string): Promise<unknown>;
  takeOut(login: string): Promise<unknown>;
  collaborate(login: string, permission: string): Promise<unknown>;
  expel(login: string): Promise<unknown>;
}

async function begin(): Promise<Organization> {
  const hub = await startGitHub();
  const api = await hub.repositoryId(`${ORG}/api`);
  const use = {
    ...useForTests({ polling: { every: 1, until: 50 } }),
    accountOf: (_: string, { slackId }: { slackId: string }) => {
      const login = LOGINS.get(slackId);
      if (login === undefined) throw new TargetRefusal(`nobody knows ${slackId}`);
      return login;
    },
  };
  const target = { kind: 'github', org: ORG, token: 'owner-token', api_url: hub.front.url };
  const connection = github.connect(github.targetSchema.parse(target), use);
  const role = github.roleSchema.parse({
    teams: ['payments'],
    team_level: 'maintainer',
    repositories: { api: 'admin' },
  });
  const lesser = github.roleSchema.parse({ teams: ['payments'], repositories: { api: 'push' } });
  hub.standing.keys = [{ id: 1, title: 'old', read_only: true }];
  hub.standing.hooks = [{ id: 1, config: { url: 'https://old.example' } }];
  hub.standing.teams = [{ id: 1, slug: 'ops', permission: 'pull' }];
  hub.standing.runners = ['a', 'b', 'c'].map((name, index) => ({ id: index + 1, name }));
  const eve = { slackId: 'U0EVE', name: 'Eve', email: 'eve@harbor.example' };
  await connection.grant({ ...accessOf(lesser, newGrantId()), person: eve }, inAnHour());
  const repo = async () => `/repos/${await hub.fullName(api)}`;
  let serial = 100;
  return {
    ...grantsOf(connection, role, lesser),
    hub,
    api,
    serial: () => {
      serial += 1;
      return serial;
    },
    putIn: (login, level = 'member') => hub.asOwner('PUT', `${TEAM_PATH}/memberships/${login}`, { role: level }),
    takeOut: (login) => hub.asOwner('DELETE', `${TEAM_PATH}/memberships/${login}`),
    collaborate: async (login, permission) => {
      await hub.asOwner('PUT', `${await repo()}/collaborators/${login}`, { permission });
      hub.allow(api, login, permission);
    },
    expel: async (login) => hub.asOwner('DELETE', `${await repo()}/collaborators/${login}`),
    facts: () => factsOf(hub, api),
    uses: async () => [...(await factsOf(hub, api))].filter((fact) => fact.startsWith(`${HOLDER} `)),
    close: async () => {
      await connection.close();
      await hub.close();
      use.close();
    },
  };
}

/** By the fake's own names for people and teams: what they are called meanwhile makes no difference. */
async function factsOf(hub: FakeGitHub, api: number): Promise<Set<string>> {
  const people = async (path: string) => {
    const found = await hub.asOwner<{ login: string }[]>('GET', path);
    if (typeof found === 'number') throw new Error(`the fake of GitHub says ${found} to ${path}`);
    return found.map(({ login }) => login);
  };
  const inTeam = await Promise.all(
    ['member', 'maintainer'].map(async (role) =>
      (await people(`${TEAM_PATH}/members?role=${role}&per_page=100`)).map(
        (login) => `${login} is ${role} of the team`,
      ),
    ),
  );
  const collaborators = await people(`/repos/${await hub.fullName(api)}/collaborators`);
  const { keys, hooks, teams, invitations, runners, teamInvitations, childTeams } = hub.standing;
  const shown = (what: string, all: readonly object[]) => all.map((one) => `${what} ${JSON.stringify(one)}`);
  return new Set([
    ...inTeam.flat(),
    ...collaborators.map((login) => `${login} is a collaborator (${hub.permission(api, login)})`),
    ...invitations.map(({ invitee, permissions }) => `${invitee?.login} is invited (${permissions})`),
    ...childTeams.flatMap(({ slug, members }) => [
      `${slug} is a child team of the team`,
      ...members.map((login) => `${login} is in the child team ${slug}`),
    ]),
    ...shown('deploy key', keys),
    ...shown('webhook', hooks),
    ...shown('team', teams),
    ...shown('runner', runners),
    ...teamInvitations.map(({ login }) => `${login} is invited to the team`),
  ]);
}

const moves: readonly Move<Organization>[] = [
  { name: 'leaves the team', act: ({ takeOut }) => takeOut(HOLDER) },
  { name: 'becomes an ordinary member of the team', act: ({ putIn }) => putIn(HOLDER) },
  { name: 'makes somebody a maintainer of the team', act: ({ putIn }) => putIn('newcomer', 'maintainer') },
  {
    name: 'is in a child team',
    act: async ({ hub, serial }) => {
      hub.standing.childTeams.push({ id: serial(), slug: `mine-${serial()}`, members: [HOLDER] });
    },
  },
  {
    name: 'makes a child team of others',
    act: async ({ hub, serial }) => {
      hub.standing.childTeams.push({ id: serial(), slug: `theirs-${serial()}`, members: ['newcomer'] });
    },
  },
  {
    name: 'invites somebody into the team',
    act: async ({ hub, serial }) => hub.standing.teamInvitations.push({ id: serial(), login: 'stranger' }),
  },
  {
    name: 'leaves the organization and is invited into the team again',
    act: async ({ hub, serial, takeOut }) => {
      await takeOut(HOLDER);
      await hub.asOwner('DELETE', `/orgs/${ORG}/teams/members/memberships/${HOLDER}`);
      hub.standing.teamInvitations.push({ id: serial(), login: HOLDER });
    },
  },
  { name: 'gives up the repository', act: ({ expel }) => expel(HOLDER) },
  { name: 'has less of the repository', act: ({ collaborate }) => collaborate(HOLDER, 'pull') },
  { name: 'lets somebody into the repository', act: ({ collaborate }) => collaborate('newcomer', 'admin') },
  {
    name: 'invites themselves and somebody else',
    act: async ({ hub, serial }) => {
      for (const login of [HOLDER, 'stranger'])
        hub.standing.invitations.push({
          id: serial(),
          permissions: 'admin',
          invitee: { id: hub.idOf(login), login },
        });
    },
  },
  {
    name: 'adds a deploy key',
    act: async ({ hub, serial }) =>
      hub.standing.keys.push({ id: serial(), title: `key-${serial()}`, read_only: false }),
  },
  {
    name: 'points a webhook elsewhere',
    act: async ({ hub }) => {
      hub.standing.hooks = [{ id: 1, config: { url: 'https://evil.example' } }];
    },
  },
  {
    name: 'adds a webhook',
    act: async ({ hub, serial }) => hub.standing.hooks.push({ id: serial(), config: { url: 'https://new.example' } }),
  },
  {
    name: 'lets a team do more',
    act: async ({ hub }) => {
      hub.standing.teams = [{ id: 1, slug: 'ops', permission: 'admin' }];
    },
  },
  {
    name: 'adds a few runners',
    act: async ({ hub, serial }) => {
      for (let left = 3; left > 0; left -= 1) hub.standing.runners.push({ id: serial(), name: `runner-${serial()}` });
    },
  },
  {
    name: 'is called something else, and a newcomer takes the login',
    act: async ({ hub }) => hub.call('users', { [HOLDER]: 'benny', newcomer: HOLDER }),
  },
  {
    name: 'calls the team something else, and another team takes the slug',
    act: async ({ hub }) => {
      await hub.asOwner('POST', `/orgs/${ORG}/teams`, { name: 'imposter' });
      await hub.asOwner('PUT', `/orgs/${ORG}/teams/imposter/memberships/${HOLDER}`, { role: 'member' });
      hub.call('teams', { payments: 'was-payments', imposter: 'payments' });
    },
  },
  {
    name: 'calls the repository something else',
    act: ({ hub }) => hub.asOwner('PATCH', `/repos/${ORG}/api`, { name: 'was-api' }),
  },
  {
    name: 'gives the repository to another organization that the bot sees',
    act: async ({ hub, api }) =>
      hub.asOwner('POST', `/repos/${await hub.fullName(api)}/transfer`, { new_owner: 'elsewhere' }),
  },
  {
    name: 'comes back right after they were taken out',
    act: async ({ hub, putIn }, chance) => {
      let left = 1 + chance.int(2);
      let isOut = false;
      hub.front.before = ({ method, path }) => {
        if (isOut && left > 0) {
          left -= 1;
          // Before the next answer of GitHub, as far as it can be told.
          void putIn(HOLDER, 'maintainer');
        }
        isOut = method === 'DELETE' && path.includes('/memberships/');
        return null;
      };
    },
  },
  {
    name: 'uses up the rate limit',
    act: async ({ hub }, chance) => {
      let left = 1 + chance.int(2);
      hub.front.before = () => {
        left -= 1;
        return left >= 0 ? { status: 403, body: { message: 'You have exceeded a secondary rate limit' } } : null;
      };
    },
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  { name: 'gets a lesser grant of the same places', act: ({ beginAnother }) => beginAnother() },
  { name: 'lets the lesser grant end', act: ({ endAnother }) => endAnother() },
];

const unavoidable: readonly Unavoidable[] = [
  { fact: /^\S+ is in the child team (theirs|mine)-/, why: 'the child team itself is named' },
];

const STANDING = /^(deploy key|webhook|team|runner) (\{.*\})$/;

/** What the end says of something that stands in the repository or the team. */
function saidOf(fact: string): string {
  const [, kind = '', json = '{}'] = STANDING.exec(fact) ?? [];
  const { id, title, name, slug, permission, config = {} } = JSON.parse(json);
  const said: Record<string, string> = {
    'deploy key': `deploy key "${title}" (may write)`,
    webhook: `webhook ${id} to ${config.url}`,
    team: `the team ${slug} may ${permission}`,
    runner: `runner "${name}" of Actions`,
  };
  return said[kind] ?? fact;
}

describeHostileHolder<Organization>({
  kind: 'github',
  rounds: 8,
  begin,
  moves,
  unavoidable,
  isNamed: (fact, left) => {
    const said = saidOf(fact);
    // A newcomer may be called what the holder was.
    const names = [said, said.replace(/^newcomer /, `${HOLDER} `)];
    const isReplaced = /^(webhook \{"id":1|team \{"id":1)/.test(fact);
    return left.some(
      ({ what }) => names.includes(what) || (isReplaced && /^webhook 1 to|^the team ops may/.test(what)),
    );
  },
  mayBeOverdue: [
    {
      fact: /still shows \d+ in team|the access is still there/,
      why: 'members of a child team are members of the team',
    },
  ],
  mend: async ({ hub }) => {
    for (const { members } of hub.standing.childTeams) members.splice(0);
  },
  survivors: [
    { what: 'the holder in the team', plant: ({ putIn }) => putIn(HOLDER) },
    { what: 'the holder in the repository', plant: ({ collaborate }) => collaborate(HOLDER, 'pull') },
    { what: 'a colleague with more than before', plant: ({ collaborate }) => collaborate('eve', 'admin') },
    { what: 'a colleague who was taken out', plant: ({ takeOut }) => takeOut('eve') },
    { what: 'a maintainer', plant: ({ putIn }) => putIn('newcomer', 'maintainer') },
    ...(
      [
        ['keys', { id: 9, title: 'left', read_only: true }],
        ['hooks', { id: 9, config: { url: 'https://left.example' } }],
        ['teams', { id: 9, slug: 'left', permission: 'pull' }],
        ['runners', { id: 9, name: 'left' }],
      ] as const
    ).map(([part, one]) => ({
      what: `something new among ${part}`,
      plant: ({ hub }: Organization) => hub.standing[part].push(one),
    })),
    {
      what: 'an invitation into the team',
      plant: ({ hub }) => hub.standing.teamInvitations.push({ id: 9, login: 'left' }),
    },
    {
      what: 'an invitation',
      plant: ({ hub }) => hub.standing.invitations.push({ id: 9, permissions: 'read', invitee: null }),
    },
    {
      what: 'a child team',
      plant: ({ hub }) => hub.standing.childTeams.push({ id: 9, slug: 'left', members: [] }),
    },
  ],
});
