/**
 * A target that only knows who is in what, over the wire of the simulation: the shipped code for such targets, on the shipped
 * book of seats. Two of its roles stand for the same seat, and Ben sat there before. In wide worlds one role stands for two seats, and
 * teams and people are renamed.
 */

import type { Grant } from '../../src/domain/grant.ts';
import type { IdBook, SeatBook, Targets } from '../../src/ports/targets.ts';
import { membership } from '../../src/provisioners/membership.ts';
import type { Access } from '../../src/provisioners/provisioner.ts';
import type { Roster } from '../../src/provisioners/roster.ts';
import type { Wire } from './wire.ts';

const LEVELS = ['member', 'lead'];
export const TEAM = 'team';

/** One team at the target. Its id stays; its name can become another's. */
interface Place {
  readonly id: string;
  /** What it was called first: roles mean places by name. */
  readonly line: string;
  name: string;
  /** Who is in it, at which level. */
  readonly members: Map<string, string>;
}

export interface Team {
  readonly places: Place[];
  /** People whose name at the target is another one now, so that nobody is found by the old one. */
  readonly renamed: Set<string>;
}

const placeOf = (line: string, generation: number, members: readonly [string, string][]): Place => ({
  id: `${line}-${generation}`,
  line,
  name: line,
  members: new Map(members),
});

export const teamBefore = (): Team => ({
  places: [placeOf('payments', 1, [['U0BEN', 'member']]), placeOf('ledger', 1, [['U0CHLOE', 'member']])],
  renamed: new Set(),
});

/** The team of this name is called something else now; mostly another one has its name at once. @returns what happened */
export function renamePlace({ places }: Team, line: string, hasSuccessor: boolean): string {
  const named = places.find(({ name }) => name === line);
  const generation = places.filter((one) => one.line === line).length;
  if (named) named.name = `${line}-as-it-was-${generation}`;
  if (!named || hasSuccessor) places.push(placeOf(line, generation + 1, []));
  return `the team ${line} ${named ? 'is renamed' : 'is made again'}${named && hasSuccessor ? ', and another has its name' : ''}`;
}

export const rank = (level: string | undefined): number => (level === undefined ? -1 : LEVELS.indexOf(level));

/** What a role gives, by its key: by the first name of a team. Nothing: it is none of the team's. */
export function seatsOf(roleKey: string, isWide: boolean): readonly (readonly [line: string, level: string])[] {
  if (!roleKey.startsWith(`${TEAM}/`)) return [];
  const level = roleKey.slice(TEAM.length + 1);
  // In wide worlds a lead is a member of another team, too: a grant with two seats.
  return [['payments', level], ...(isWide && level === 'lead' ? [['ledger', 'member'] as const] : [])];
}

/** The highest level of somebody in teams that were called so first. */
export const levelIn = ({ places }: Team, line: string, who: string): string | undefined =>
  places
    .filter((place) => place.line === line)
    .map(({ members }) => members.get(who))
    .sort((a, b) => rank(b) - rank(a))[0];

interface Role {
  readonly level: string;
}

/** The same targets, and the team. */
export function withTeam<T extends Targets>(
  targets: T,
  wire: Wire,
  { team, isWide, onRevoked }: { readonly team: Team; readonly isWide: boolean; readonly onRevoked: () => void },
  { seats, ids }: { seats: SeatBook; ids: IdBook },
): T {
  const call = <R>(name: string, effect: () => R): Promise<R> =>
    wire.call('target', name, effect, () => new Error('the team did not answer'));
  const at = (id: string): Place => {
    const place = team.places.find((one) => one.id === id);
    if (!place) throw new Error(`there is no team ${id}`);
    return place;
  };
  const roster: Roster<Role> = {
    scope: 'team',
    levels: LEVELS,
    expires: false,
    seats: ({ level: gives }) => seatsOf(`${TEAM}/${gives}`, isWide).map(([place, level]) => ({ place, level })),
    placeId: (name) =>
      call(`the team ${name}`, () => {
        const found = team.places.find((place) => place.name === name);
        if (!found) throw new Error(`the team shows nothing called ${name}`);
        return found.id;
      }),
    personId: (account) =>
      call(`the person ${account}`, () => {
        if (team.renamed.has(account)) throw new Error(`the team shows nobody called ${account}`);
        return account;
      }),
    level: (place, account) => call(`level of ${account} in ${place}`, () => at(place).members.get(account) ?? null),
    set: (place, account, level) =>
      call(`${account} becomes ${level} of ${place}`, () => {
        const { members } = at(place);
        if (rank(level ?? undefined) < rank(members.get(account))) onRevoked();
        if (level === null) members.delete(account);
        else members.set(account, level);
      }),
    members: (place) =>
      call(`members of ${place}`, () =>
        [...at(place).members].map(([id, level]) => ({
          id,
          account: team.renamed.has(id) ? `${id}-as-was` : id,
          level,
        })),
      ),
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
