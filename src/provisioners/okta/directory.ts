import type { Client } from '@okta/okta-sdk-nodejs';
import { OKTA } from '../../wording/targets/okta.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import { People } from './people.ts';
import type { Role, Target } from './schemas.ts';

const MEMBER = 'member';
/** Users in one of these states get no access. */
const OUT = ['DEPROVISIONED', 'SUSPENDED'];

/** Groups of one Okta as places with members, all by their ids. */
export function rosterOf({ url }: Target, client: () => Promise<Client>): Roster<Role> {
  const people = new People(url, client);
  const { where } = people;
  return {
    scope: `okta ${new URL(url).host}`,
    levels: [MEMBER],
    expires: false,
    seats: ({ groups }) => groups.map((place) => ({ place, level: MEMBER })),
    placeId: (id) => people.groupId(id),
    personId: async (login) => {
      const found = await people.user(login);
      if (!found) throw new TargetRefusal(OKTA.noUser(where, login));
      // Okta also accepts ids and prefixes of logins.
      const [name] = found.profile.login.toLowerCase().split('@');
      if (![found.profile.login.toLowerCase(), name].includes(login.toLowerCase()))
        throw new TargetRefusal(OKTA.otherUser(where, found.profile.login, login));
      return found.id;
    },
    level: async (groupId, id) => {
      const members = await people.membersOf(groupId);
      if (members.some((one) => one.id === id)) return MEMBER;
      // Users whom the credential may not see are also missing from a group's list.
      if ((await people.user(id)) !== null || (await people.showsAll(groupId, members.length))) return null;
      throw new Error(OKTA.showsLess(where, id, groupId));
    },
    set: async (groupId, id, level) => {
      if (level === null) return people.remove(groupId, id);
      const found = await people.user(id);
      if (!found || OUT.includes(found.status))
        throw new TargetRefusal(OKTA.isOut(found?.profile.login ?? id, found?.status.toLowerCase() ?? 'unknown'));
      await people.add(groupId, id);
    },
    members: async (groupId) =>
      (await people.membersOf(groupId)).map(({ id, profile }) => ({ id, account: profile.login, level: MEMBER })),
  };
}
