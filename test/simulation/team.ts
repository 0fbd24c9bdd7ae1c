/**
 * A target that only knows who is in what, over the wire of the simulation: the shipped code for such targets, on the shipped
 * book of seats. Two of its roles stand for the same seat, and Ben sat there before.
 */

import type { Grant } from '../../src/domain/grant.ts';
import type { IdBook, SeatBook, Targets } from '../../src/ports/targets.ts';
import { membership } from '../../src/provisioners/membership.ts';
import type { Access } from '../../src/provisioners/provisioner.ts';
import type { Roster } from '../../src/provisioners/roster.ts';
import type { Wire } from './wire.ts';

const PLACE = 'payments';
const LEVELS = ['member', 'lead'];
export const TEAM = 'team';

/** Who is in the team, at which level. */
export type Team = Map<string, string>;
export const teamBefore = (): Team => new Map([['U0BEN', 'member']]);

export const rank = (level: string | undefined): number => (level === undefined ? -1 : LEVELS.indexOf(level));
/** The level that a role gives, by its key; undefined: it is none of the team's. */
export const teamLevel = (roleKey: string): string | undefined =>
  roleKey.startsWith(`${TEAM}/`) ? roleKey.slice(TEAM.length + 1) : undefined;

interface Role {
  readonly level: string;
}

/** The same targets, and the team. */
export function withTeam<T extends Targets>(
  targets: T,
  wire: Wire,
  { team, onRevoked }: { readonly team: Team; readonly onRevoked: () => void },
  { seats, ids }: { seats: SeatBook; ids: IdBook },
): T {
  const call = <R>(name: string, effect: () => R): Promise<R> =>
    wire.call('target', name, effect, () => new Error('the team did not answer'));
  const roster: Roster<Role> = {
    scope: 'team',
    levels: LEVELS,
    expires: false,
    seats: ({ level }) => [{ place: PLACE, level }],
    placeId: (name) => call(`the team ${name}`, () => name),
    personId: (account) => call(`the person ${account}`, () => account),
    level: (_place, account) => call(`level of ${account}`, () => team.get(account) ?? null),
    set: (_place, account, level) =>
      call(`${account} becomes ${level}`, () => {
        if (rank(level ?? undefined) < rank(team.get(account))) onRevoked();
        if (level === null) team.delete(account);
        else team.set(account, level);
      }),
    members: () => call('members', () => [...team].map(([id, level]) => ({ id, account: id, level }))),
  };
  const connection = membership(roster, {
    seats,
    ids,
    accountOf: ({ person }) => person.slackId,
    polling: { every: 0, until: 0 },
  });
  const isTeams = (resourceId: string) => resourceId === TEAM;
  const accessOf = (grant: Grant): Access<Role> => ({
    grantId: grant.id,
    requestId: grant.requestId,
    person: grant.person,
    role: grant.grants as Role,
    roleKey: grant.role,
  });
  return {
    ...targets,
    grant: (grant, expiresAt) =>
      isTeams(grant.resourceId) ? connection.grant(accessOf(grant), expiresAt) : targets.grant(grant, expiresAt),
    revoke: async (grant) => {
      if (!isTeams(grant.resourceId)) return targets.revoke(grant);
      await connection.revoke(accessOf(grant));
      return [];
    },
    isActive: (grant) => (isTeams(grant.resourceId) ? connection.isActive(accessOf(grant)) : targets.isActive(grant)),
    list: (resource) =>
      isTeams(resource.id)
        ? connection.list(
            [...resource.roles.values()].map((role) => ({ roleKey: `${TEAM}/${role.id}`, role: role.gives as Role })),
          )
        : targets.list(resource),
    remove: (resourceId, holding) =>
      isTeams(resourceId) ? connection.remove(holding, null) : targets.remove(resourceId, holding),
  };
}
