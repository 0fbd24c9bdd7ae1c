import type { cloudidentity_v1 } from '@googleapis/cloudidentity';
import { GOOGLE } from '../../wording/targets/google.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import type { Role } from './groupSchemas.ts';
import { isMembership, MEMBER, Memberships } from './memberships.ts';

/**
 * Google groups by resource name, which Google never reuses. The bot cannot ask for one of a person: before they are in
 * a group, the bot knows them by address, and afterwards by the resource name of the membership.
 */
export function rosterOf(groups: () => Promise<cloudidentity_v1.Resource$Groups>): Roster<Role> {
  const memberships = new Memberships(groups);
  return {
    scope: 'google_group',
    levels: [MEMBER],
    expires: true,
    seats: (role) => role.groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (address) => {
      const found = await memberships.groupAt(address);
      if (found === null) throw new TargetRefusal(GOOGLE.noGroup(address));
      return found;
    },
    personId: async (address) => address.toLowerCase(),
    memberId: async (group, id) => (isMembership(id) ? id : memberships.now(group, id)),
    level: async (group, id) => ((await memberships.now(group, id)) === null ? null : MEMBER),
    set: async (group, id, level, until) => {
      if (level !== null) return isMembership(id) ? memberships.prolong(id, until) : memberships.add(group, id, until);
      const name = isMembership(id) ? id : await memberships.nameOf(group, id);
      if (name !== null) await memberships.remove(name);
    },
    members: async (group) =>
      (await memberships.all(group)).map(({ name, preferredMemberKey }) => ({
        id: name,
        account: preferredMemberKey.id,
        level: MEMBER,
      })),
    // A group may be configured so that members manage each other.
    made: async (group) =>
      (await memberships.all(group)).map(({ name, preferredMemberKey, roles = [] }) => {
        const held = roles.map((role) => role.name).join(', ');
        return { id: `${name} ${held}`, person: name, what: GOOGLE.isIn(preferredMemberKey.id, group, held) };
      }),
  };
}
