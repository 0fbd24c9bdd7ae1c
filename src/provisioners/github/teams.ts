/** Teams by the ids of the organization and the team, because slugs can be reused. */

import { z } from 'zod';
import { GITHUB_SEEN } from '../../wording/targets/github.ts';
import type { Made, Member } from '../roster.ts';
import { type Asking, isNotFound } from './asking.ts';
import { lookAt, type Part } from './lookAt.ts';
import { TEAM_LEVELS } from './schemas.ts';

const TEAM = '/organizations/{org_id}/team/{team_id}';
const person = z.object({ id: z.number().int(), login: z.string().min(1) });
const team = z.object({ id: z.number().int(), organization: z.object({ id: z.number().int() }) });
const named = z.object({ id: z.number().int(), slug: z.string() });
const membership = z.object({ role: z.enum(TEAM_LEVELS), state: z.enum(['active', 'pending']) });
const invitation = z.object({ id: z.number().int(), login: z.string().nullable() });

/** `ORG/TEAM` */
const parametersOf = (id: string) => {
  const [org = '', own = ''] = id.split('/');
  return { org_id: org, team_id: own };
};

export function teamsOf(asking: Asking, org: string, isApp: boolean) {
  const { ask, askOrNull, act, loginOf } = asking;
  return {
    idOf: async (slug: string): Promise<string> => {
      const found = await ask('GET /orgs/{org}/teams/{team_slug}', { org, team_slug: slug }, team);
      return `${found.organization.id}/${found.id}`;
    },
    members: (id: string): Promise<Member[]> => membersOf(asking, id),
    level: async (id: string, personId: string): Promise<string | null> => {
      let people: Member[];
      try {
        people = await membersOf(asking, id);
      } catch (error) {
        if (isNotFound(error) && (await isDeleted(asking, id, isApp))) return null;
        throw error;
      }
      const found = people.find((one) => one.id === personId);
      if (found) return found.level;
      // A pending invitation counts, because accepting it makes the person a member.
      const username = await loginOf(personId);
      if (username === null) return null;
      const question = { ...parametersOf(id), username };
      const waiting = await askOrNull(`GET ${TEAM}/memberships/{username}`, question, membership);
      return waiting?.role ?? null;
    },
    put: async (id: string, username: string, level: string): Promise<void> => {
      const wanted = { ...parametersOf(id), username, role: level };
      await ask(`PUT ${TEAM}/memberships/{username}`, wanted, z.unknown());
    },
    remove: (id: string, username: string): Promise<void> =>
      act(`DELETE ${TEAM}/memberships/{username}`, { ...parametersOf(id), username }),
    made: (id: string): Promise<Made[]> => madeIn(asking, id),
  };
}

async function membersOf({ all }: Asking, id: string): Promise<Member[]> {
  const byLevel = await Promise.all(
    TEAM_LEVELS.map(async (role) => {
      const people = await all(`GET ${TEAM}/members`, { ...parametersOf(id), role }, person);
      return people.map(({ id: one, login }) => ({ id: String(one), account: login, level: role }));
    }),
  );
  return byLevel.flat();
}

/**
 * Whether a team that GitHub does not show was deleted. That is certain only for a credential that sees all teams,
 * secret ones too: an App that may read members, or an owner.
 */
async function isDeleted({ ask, all }: Asking, id: string, isApp: boolean): Promise<boolean> {
  const { org_id, team_id } = parametersOf(id);
  const teams = await all('GET /organizations/{org_id}/teams', { org_id }, named);
  if (teams.some((one) => String(one.id) === team_id)) return false;
  if (isApp) return true;
  const { login } = await ask('GET /organizations/{org_id}', { org_id }, z.object({ login: z.string().min(1) }));
  const role = z.object({ role: z.string(), state: z.string(), organization: z.object({ id: z.number() }) });
  const mine = await ask('GET /user/memberships/orgs/{org}', { org: login }, role);
  return mine.role === 'admin' && mine.state === 'active' && String(mine.organization.id) === org_id;
}

/** What a maintainer may have done for others: added people of the organization. */
function madeIn(asking: Asking, id: string): Promise<Made[]> {
  const listed = <T extends { id: number }>(
    what: string,
    { route, item }: { route: string; item: z.ZodType<T> },
    told: (one: T) => Made,
  ): Part => [what, async () => (await asking.all(`GET ${TEAM}/${route}`, parametersOf(id), item)).map(told)];
  return lookAt([
    [
      'members',
      async () =>
        (await membersOf(asking, id)).map(({ id: one, account, level }) => ({
          id: `person ${one} ${level}`,
          person: one,
          what: GITHUB_SEEN.ofTeam(account, level),
        })),
    ],
    listed('invitations', { route: 'invitations', item: invitation }, (one) => ({
      id: `invitation ${one.id}`,
      what: GITHUB_SEEN.invitedToTeam(one.login ?? GITHUB_SEEN.somebody),
    })),
    listed('child teams', { route: 'teams', item: named }, (one) => ({
      id: `team ${one.id}`,
      what: GITHUB_SEEN.childTeam(one.slug),
    })),
  ]);
}
