import type { Octokit } from 'octokit';
import { z } from 'zod';
import { GITHUB } from '../../wording/targets/github.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Made, Member, Roster, Seat } from '../roster.ts';
import { type Asking, askingOf } from './asking.ts';
import { repositoriesOf } from './repositories.ts';
import type { Role, Target } from './schemas.ts';
import { PERMISSIONS, TEAM_LEVELS } from './schemas.ts';
import { teamsOf } from './teams.ts';

/** Levels that may add others, or leave behind something that works without them. */
const CAN_HAND_ON: Readonly<Record<string, string>> = { team: 'maintainer', repository: 'admin' };

/** One kind of place, by GitHub's ids. */
interface Places {
  idOf(name: string): Promise<string>;
  members(id: string): Promise<Member[]>;
  level(id: string, personId: string): Promise<string | null>;
  put(id: string, username: string, level: string): Promise<void>;
  remove(id: string, username: string, personId: string): Promise<void>;
  made(id: string): Promise<Made[]>;
}

/** Teams and repositories of one organization as places with members, all by their ids, through Octokit. */
export function rosterOf(target: Target, octokit: () => Promise<Octokit>): Roster<Role> {
  const { org } = target;
  const asking = askingOf(target, octokit);
  const { host } = new URL(target.api_url);
  const teams = teamsOf(asking, org, target.app !== undefined);
  const repositories = repositoriesOf(asking, org);
  const placesOf = (kind: string): Places => (kind === 'team' ? teams : repositories);

  return {
    scope: `github ${host}`,
    earlierScope: `github ${host}/${org}`,
    levels: [...TEAM_LEVELS, ...PERMISSIONS],
    expires: false,
    seats: ({ teams: slugs, team_level, repositories: permissions }) => [
      ...slugs.map((team): Seat => ({ place: `team ${team}`, level: team_level })),
      ...Object.entries(permissions).map(([repo, level]): Seat => ({ place: `repository ${repo}`, level })),
    ],
    placeId: async (place) => {
      const [kind, name] = split(place);
      return `${kind} ${await placesOf(kind).idOf(name)}`;
    },
    personId: async (login) => {
      const found = await asking.userOf(login);
      if (!found) throw new TargetRefusal(GITHUB.noUser(asking.where, login));
      return String(found.id);
    },
    level: (place, personId) => {
      const [kind, id] = split(place);
      return placesOf(kind).level(id, personId);
    },
    set: async (place, personId, level) => {
      const username = await asking.loginOf(personId);
      const [kind, id] = split(place);
      if (level === null) {
        if (username !== null) await placesOf(kind).remove(id, username, personId);
        return;
      }
      if (username === null) throw new TargetRefusal(GITHUB.userIdGone(asking.where, personId));
      await put(asking, { places: placesOf(kind), org }, id, { personId, username, level });
    },
    members: (place) => {
      const [kind, id] = split(place);
      return placesOf(kind).members(id);
    },
    made: async (place, level): Promise<readonly Made[] | null> => {
      const [kind, id] = split(place);
      return CAN_HAND_ON[kind] === level ? placesOf(kind).made(id) : null;
    },
  };
}

async function put(
  asking: Asking,
  { places, org }: { readonly places: Places; readonly org: string },
  id: string,
  { personId, username, level }: { readonly personId: string; readonly username: string; readonly level: string },
): Promise<void> {
  // A person who is already in it gets no invitation with a new level.
  if ((await places.level(id, personId)) === null) await assertMember(asking, org, username);
  await places.put(id, username, level);
  // GitHub's call takes a name, which another person may have taken meanwhile.
  if ((await asking.loginOf(personId)) === username) return;
  await places.remove(id, username, personId);
  throw new Error(GITHUB.renamed(asking.where, username));
}

/** Refuses people outside the organization: GitHub would invite them into it, which nobody here decided. */
async function assertMember({ askOrNull }: Asking, org: string, username: string): Promise<void> {
  const found = await askOrNull('GET /orgs/{org}/members/{username}', { org, username }, z.unknown());
  if (found === null) throw new TargetRefusal(GITHUB.noMember(username, org));
}

/** `team payments` → team, payments */
const split = (place: string): [string, string] => {
  const at = place.indexOf(' ');
  return [place.slice(0, at), place.slice(at + 1)];
};
