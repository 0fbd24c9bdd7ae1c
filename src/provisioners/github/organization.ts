import type { Octokit } from 'octokit';
import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import type { Roster, Seat } from '../roster.ts';
import type { Role, Target } from './provisioner.ts';

/** Teams and repositories of one organization as places that people are in, through Octokit. */

export const TEAM_LEVELS = ['member', 'maintainer'] as const;
export const PERMISSIONS = ['pull', 'triage', 'push', 'maintain', 'admin'] as const;

export const PUBLIC_API = 'https://api.github.com';

/** The package is loaded with the first call: who uses no such target need not have it. */
export async function connectGitHub(target: Target): Promise<Octokit> {
  const { App, Octokit } = await import('octokit');
  const options = {
    baseUrl: target.api_url,
    // What is to be tried again, and when, is for the bot's own due work to say.
    retry: { enabled: false },
    throttle: { enabled: false },
    request: { fetch: withDeadline },
  };
  if ('token' in target && target.token !== undefined) return new Octokit({ ...options, auth: target.token });
  const { id, private_key: privateKey, installation } = target.app ?? { id: 0, private_key: '', installation: 0 };
  const app = new App({ appId: id, privateKey, Octokit: Octokit.defaults(options) });
  return app.getInstallationOctokit(installation);
}

const withDeadline: typeof fetch = (input, init) =>
  fetch(input, { ...init, signal: AbortSignal.timeout(TARGET_DEADLINE) });

export function rosterOf(target: Target, octokit: () => Promise<Octokit>): Roster<Role> {
  const { org } = target;
  const where = `GitHub at ${new URL(target.api_url).host}`;

  /** @throws with the target's name; a status that is expected is an answer */
  async function ask<T>(call: (client: Octokit) => Promise<T>, expected: number | null = null): Promise<T | null> {
    try {
      return await call(await octokit());
    } catch (error) {
      const status = error instanceof Error && 'status' in error ? Number(error.status) : null;
      if (status !== null && status === expected) return null;
      throw new Error(`${where}: ${errorText(error)}`, { cause: error });
    }
  }

  /** Somebody else would be sent an invitation into the organization, which nobody here decided on. */
  async function assertMember(username: string): Promise<void> {
    const found = await ask((client) => client.rest.orgs.checkMembershipForUser({ org, username }), 404);
    if (Number(found?.status) !== 204)
      throw new TargetRefusal(`${username} is no member of the GitHub organization ${org}; invite them there first`);
  }

  const collaborators = (repo: string) =>
    ask((client) =>
      client.paginate(client.rest.repos.listCollaborators, { owner: org, repo, affiliation: 'direct', per_page: 100 }),
    );

  return {
    scope: `github ${new URL(target.api_url).host}/${org}`,
    levels: [...TEAM_LEVELS, ...PERMISSIONS],
    expires: false,
    seats: ({ teams, team_level, repositories }) => [
      ...teams.map((team): Seat => ({ place: `team ${team}`, level: team_level })),
      ...Object.entries(repositories).map(([repo, level]): Seat => ({ place: `repository ${repo}`, level })),
    ],
    placeId: async (name) => name,
    personId: async (account) => account,
    level: async (place, username) => {
      const [kind, name] = split(place);
      if (kind === 'team') {
        const found = await ask(
          (client) => client.rest.teams.getMembershipForUserInOrg({ org, team_slug: name, username }),
          404,
        );
        // An invitation that waits counts: whoever accepts it is in.
        return found?.data.role ?? null;
      }
      const all = await collaborators(name);
      const found = all?.find(({ login }) => login.toLowerCase() === username.toLowerCase());
      return found ? permissionOf(found) : null;
    },
    set: async (place, username, level) => {
      const [kind, name] = split(place);
      if (level !== null) await assertMember(username);
      if (kind === 'team') {
        const team = { org, team_slug: name, username };
        if (level === null) await ask((client) => client.rest.teams.removeMembershipForUserInOrg(team), 404);
        else
          await ask((client) =>
            client.rest.teams.addOrUpdateMembershipForUserInOrg({
              ...team,
              role: level === 'maintainer' ? level : 'member',
            }),
          );
        return;
      }
      const repository = { owner: org, repo: name, username };
      if (level === null) await ask((client) => client.rest.repos.removeCollaborator(repository), 404);
      else await ask((client) => client.rest.repos.addCollaborator({ ...repository, permission: level }));
    },
    members: async (place) => {
      const [kind, name] = split(place);
      if (kind === 'repository')
        return ((await collaborators(name)) ?? []).map((one) => ({
          id: one.login,
          account: one.login,
          level: permissionOf(one),
        }));
      const byLevel = await Promise.all(
        TEAM_LEVELS.map(async (role) => {
          const people = await ask((client) =>
            client.paginate(client.rest.teams.listMembersInOrg, { org, team_slug: name, role, per_page: 100 }),
          );
          return (people ?? []).map(({ login }) => ({ id: login, account: login, level: role }));
        }),
      );
      return byLevel.flat();
    },
  };
}

/** `team payments` → team, payments */
const split = (place: string): [string, string] => {
  const at = place.indexOf(' ');
  return [place.slice(0, at), place.slice(at + 1)];
};

interface Collaborator {
  readonly role_name?: string | undefined;
  readonly permissions?: Partial<Record<string, boolean>> | undefined;
}

/** The strongest; a role of the organization's own counts as the permission that it is built on. */
function permissionOf({ role_name: name, permissions = {} }: Collaborator): string {
  const named = { read: 'pull', write: 'push' }[name ?? ''] ?? name;
  const isKnown = PERMISSIONS.some((one) => one === named);
  return isKnown && named ? named : (PERMISSIONS.findLast((one) => permissions[one] === true) ?? 'pull');
}
