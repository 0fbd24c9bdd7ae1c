/**
 * An independent fake of GitHub, with a layer before it for what it leaves out, as GitHub's published description has it:
 * users, teams and repositories by id, other names for users and teams, levels of collaborators, and what else stands in a
 * repository or a team.
 */

import { createEmulator } from 'emulate';
import { type Answered, type Asked, type Front, startFront } from './front.ts';
import { freePort } from './ports.ts';

interface Named {
  readonly id: number;
  readonly login: string;
}

/** What stands in the repository or the team, besides its people. */
export interface Standing {
  keys: object[];
  hooks: object[];
  teams: object[];
  invitations: { readonly id: number; readonly permissions: string; readonly invitee: Named | null }[];
  runners: object[];
  teamInvitations: { readonly id: number; readonly login: string }[];
  childTeams: { readonly id: number; readonly slug: string; readonly members: string[] }[];
}

export interface FakeGitHub {
  readonly front: Front;
  readonly standing: Standing;
  /** As the fake itself knows people, teams and repositories, whatever they are called now. */
  asOwner<T>(method: string, path: string, body?: object): Promise<T | number>;
  idOf(login: string): number;
  teamId(slug: string): Promise<number>;
  repositoryId(fullName: string): Promise<number>;
  fullName(repositoryId: number): Promise<string>;
  /** What a user or a team of the fake is called from now on. */
  call(what: 'users' | 'teams', names: Readonly<Record<string, string>>): void;
  permission(repositoryId: number, login: string): string | null;
  allow(repositoryId: number, login: string, permission: string): void;
  close(): Promise<void>;
}

export const ORG = 'harbor';
/** All of the owner. The fake counts requests of each, and has its limit as GitHub has. */
const OWNER = 'owner-token';
export const BOT_TOKENS = ['bot-1', 'bot-2', 'bot-3'] as const;
const SCOPES = ['admin:org', 'repo'];
const USERS = ['owner', 'ben-o', 'eve', 'newcomer', 'stranger', 'odd-name'];
const NOT_FOUND: Answered = { status: 404, body: { message: 'Not Found' } };
const ok = (body: unknown): Answered => ({ status: 200, body });

export async function startGitHub(): Promise<FakeGitHub> {
  const emulator = await createEmulator({
    service: 'github',
    port: await freePort(),
    seed: {
      tokens: Object.fromEntries([OWNER, ...BOT_TOKENS].map((token) => [token, { login: 'owner', scopes: SCOPES }])),
      github: {
        users: USERS.map((login) => ({ login, site_admin: login === 'owner' })),
        orgs: [{ login: ORG }, { login: 'elsewhere' }],
        repos: [{ owner: ORG, name: 'api' }],
      },
    },
  });

  async function asOwner<T>(method: string, path: string, body?: object): Promise<T | number> {
    const response = await fetch(`${emulator.url}${path}`, {
      method,
      headers: { authorization: `token ${OWNER}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return response.ok && text ? JSON.parse(text) : response.status;
  }
  async function get<T>(path: string): Promise<T> {
    const found = await asOwner<T>('GET', path);
    if (typeof found === 'number') throw new Error(`the fake of GitHub says ${found} to ${path}`);
    return found;
  }

  for (const org of [ORG, 'elsewhere']) {
    await asOwner('POST', `/orgs/${org}/teams`, { name: 'members' });
    await asOwner('PUT', `/orgs/${org}/teams/members/memberships/owner`, { role: 'maintainer' });
  }
  await asOwner('POST', `/orgs/${ORG}/teams`, { name: 'payments' });
  // Whoever is in any team is in the organization, as the fake has it.
  for (const login of ['ben-o', 'eve', 'newcomer', 'odd-name'])
    await asOwner('PUT', `/orgs/${ORG}/teams/members/memberships/${login}`, { role: 'member' });

  const ids = new Map<string, number>();
  for (const login of USERS) ids.set(login, (await get<Named>(`/users/${login}`)).id);
  const orgId = (await get<Named>(`/orgs/${ORG}`)).id;
  /** What things of the fake are called, where that differs. */
  const called = { users: new Map<string, string>(), teams: new Map<string, string>() };
  const permissions = new Map<string, string>();
  const standing: Standing = {
    keys: [],
    hooks: [],
    teams: [],
    invitations: [],
    runners: [],
    teamInvitations: [],
    childTeams: [],
  };

  /** The fake's own name for what is called so now; one that somebody gave away leads nowhere. */
  const real = (what: 'users' | 'teams', name: string): string => {
    const taken = [...called[what]].find(([, now]) => now === name);
    if (taken) return taken[0];
    return called[what].has(name) ? 'nobody-of-this-name' : name;
  };
  /** Names of now, in whatever the fake says. */
  const shown = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value ?? null), (key, one: unknown) => {
      if (typeof one !== 'string') return one;
      if (key === 'login') return called.users.get(one) ?? one;
      return key === 'slug' ? (called.teams.get(one) ?? one) : one;
    });
  const slugOf = async (teamId: string): Promise<string | null> =>
    (await get<{ id: number; slug: string }[]>(`/orgs/${ORG}/teams`)).find(({ id }) => String(id) === teamId)?.slug ??
    null;

  async function ofUser(path: string, pass: (path: string) => Promise<Answered>): Promise<Answered> {
    const [, id] = /^\/user\/(\d+)$/.exec(path) ?? [];
    const login = [...ids].find(([, one]) => String(one) === id)?.[0];
    if (id !== undefined) return login === undefined ? NOT_FOUND : pass(`/users/${login}`);
    const [, name] = /^\/users\/([^/]+)$/.exec(path) ?? [];
    return pass(name === undefined ? path : `/users/${real('users', name)}`);
  }

  async function ofTeam(
    method: string,
    id: string,
    rest: string,
    pass: (path: string) => Promise<Answered>,
  ): Promise<Answered> {
    const slug = await slugOf(id);
    if (slug === null) return NOT_FOUND;
    if (rest.startsWith('/invitations')) return ok(standing.teamInvitations);
    if (rest.startsWith('/teams')) return ok(standing.childTeams);
    const [, invited] = /^\/memberships\/([^/?]+)/.exec(rest) ?? [];
    const isInvited = (login: string) => invited !== undefined && login === real('users', invited);
    const isPending = standing.teamInvitations.some(({ login }) => isInvited(login));
    if (method === 'DELETE')
      standing.teamInvitations = standing.teamInvitations.filter(({ login }) => !isInvited(login));
    const answer = await pass(`/orgs/${ORG}/teams/${slug}${withRealUser(rest, '/memberships/')}`);
    if (answer.status === 404 && isPending)
      return method === 'GET' ? ok({ role: 'member', state: 'pending' }) : { status: 204, body: null };
    if (!/^\/members\?.*role=member/.test(rest) || !Array.isArray(answer.body)) return answer;
    // Members of child teams are members of the team.
    const below = standing.childTeams.flatMap(({ members }) => members);
    const own = answer.body as Named[];
    const more = below.filter((login) => own.every((one) => one.login !== login));
    return { ...answer, body: [...own, ...more.map((login) => ({ id: ids.get(login) ?? 0, login }))] };
  }

  async function ofRepository(asked: Asked, id: number, rest: string, pass: Passing): Promise<Answered> {
    const [path = '', query = ''] = rest.split('?');
    const fullName = await fullNameOf(id);
    if (fullName === null) return NOT_FOUND;
    const parts: Record<string, readonly object[]> = {
      '/invitations': standing.invitations,
      '/keys': standing.keys,
      '/hooks': standing.hooks,
      '/teams': standing.teams,
    };
    const search = new URLSearchParams(query);
    if (path in parts && asked.method === 'GET') return pageOf(parts[path] ?? [], search, (some) => some);
    if (path === '/actions/runners')
      return pageOf(standing.runners, search, (runners) => ({ total_count: standing.runners.length, runners }));
    const [, invitation] = /^\/invitations\/(\d+)$/.exec(path) ?? [];
    if (invitation !== undefined) {
      standing.invitations = standing.invitations.filter((one) => String(one.id) !== invitation);
      return { status: 204, body: null };
    }
    const answer = await pass({
      ...asked,
      path: `/repos/${fullName}${withRealUser(path, '/collaborators/')}?${query}`,
    });
    return path.startsWith('/collaborators') ? withLevels(asked, id, path, answer) : answer;
  }

  /** Two a page, whatever is asked for, so that whoever forgets the rest is noticed. */
  function pageOf(
    all: readonly object[],
    query: URLSearchParams,
    shape: (some: readonly object[]) => unknown,
  ): Answered {
    const page = Number(query.get('page') ?? 1);
    const isLast = page * 2 >= all.length;
    const headers: Record<string, string> = isLast
      ? {}
      : { link: `<https://api.github.com/?page=${page + 1}>; rel="next"` };
    return { ...ok(shape(all.slice(page * 2 - 2, page * 2))), headers };
  }

  function withLevels(asked: Asked, id: number, path: string, answer: Answered): Answered {
    const [, name] = /^\/collaborators\/([^/]+)$/.exec(path) ?? [];
    if (name !== undefined && asked.method === 'PUT' && answer.status < 300)
      permissions.set(`${id}/${real('users', name)}`, JSON.parse(asked.body).permission);
    if (path !== '/collaborators' || !Array.isArray(answer.body)) return answer;
    const people = answer.body as Named[];
    return { ...answer, body: people.map((one) => ({ ...one, role_name: permissions.get(`${id}/${one.login}`) })) };
  }

  const withRealUser = (rest: string, before: string): string =>
    rest.startsWith(before) ? `${before}${real('users', rest.slice(before.length))}` : rest;
  const fullNameOf = async (id: number): Promise<string | null> => {
    const found = await asOwner<{ full_name: string }>('GET', `/repositories/${id}`);
    return typeof found === 'number' ? null : found.full_name;
  };

  async function answer(asked: Asked, pass: Passing): Promise<Answered> {
    const { path } = asked;
    const passPath = (to: string) => pass({ ...asked, path: to });
    const [, ofTeamId, teamRest = ''] = /^\/organizations\/\d+\/team\/(\d+)(.*)$/.exec(path) ?? [];
    if (ofTeamId !== undefined) return ofTeam(asked.method, ofTeamId, teamRest, passPath);
    const [, repositoryId, repositoryRest = ''] = /^\/repositories\/(\d+)(.*)$/.exec(path) ?? [];
    if (repositoryId !== undefined) return ofRepository(asked, Number(repositoryId), repositoryRest, pass);
    if (/^\/organizations\/\d+$/.test(path)) return ok({ id: orgId, login: ORG });
    const [, teams] = /^\/organizations\/\d+(\/teams.*)$/.exec(path) ?? [];
    if (teams !== undefined) return passPath(`/orgs/${ORG}${teams}`);
    if (path === `/user/memberships/orgs/${ORG}`)
      return ok({ role: 'admin', state: 'active', organization: { id: orgId, login: ORG } });
    const [, slug] = /^\/orgs\/harbor\/teams\/([^/]+)$/.exec(path) ?? [];
    if (slug !== undefined) {
      const found = await passPath(`/orgs/${ORG}/teams/${real('teams', slug)}`);
      return found.status === 200 ? ok({ ...(found.body as object), organization: { id: orgId, login: ORG } }) : found;
    }
    const [, member] = /^\/orgs\/harbor\/members\/([^/]+)$/.exec(path) ?? [];
    if (member !== undefined) return passPath(`/orgs/${ORG}/members/${real('users', member)}`);
    return ofUser(path, passPath);
  }

  const front = await startFront(emulator.url, async (asked, pass) => {
    const { status, body, headers } = await answer(asked, pass);
    return { status, body: shown(body), headers: { 'x-oauth-scopes': 'admin:org, repo', ...headers } };
  });

  return {
    front,
    standing,
    asOwner,
    idOf: (login) => ids.get(login) ?? 0,
    teamId: async (slug) => (await get<{ id: number }>(`/orgs/${ORG}/teams/${slug}`)).id,
    repositoryId: async (fullName) => (await get<{ id: number }>(`/repos/${fullName}`)).id,
    fullName: async (id) => (await fullNameOf(id)) ?? '',
    call: (what, names) => {
      called[what] = new Map(Object.entries(names));
    },
    permission: (id, login) => permissions.get(`${id}/${login}`) ?? null,
    allow: (id, login, permission) => void permissions.set(`${id}/${login}`, permission),
    close: async () => {
      await front.close();
      await emulator.close();
    },
  };
}

type Passing = (asked: Asked) => Promise<Answered>;
