/** Slack user groups as places with members. Slack only accepts a group's whole list, and not an empty one. */

import type { WebClient } from '@slack/web-api';
import { keyedLock } from '../../concurrency/keyedLock.ts';
import { SLACK_GROUPS } from '../../wording/targets/slackGroups.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import type { Role, Target } from './schemas.ts';
import { groupOf, UserGroups } from './userGroups.ts';

const MEMBER = 'member';
/** In a disabled group: gives nothing until somebody enables the group. */
const LISTED = 'listed';
/** One lock for each group, because its list is read and written as a whole. */
const lock = keyedLock();

export function rosterOf({ api_url: api, keeper }: Target, client: WebClient): Roster<Role> {
  const groups = new UserGroups(client);
  return {
    scope: `slack ${api}`,
    levels: [LISTED, MEMBER],
    dormant: LISTED,
    expires: false,
    seats: ({ groups: places }) => places.map((place) => ({ place, level: MEMBER })),
    placeId: (id) => groups.placeOf(id),
    personId: async (user) => user,
    level: async (place, user) => {
      const { users, isDisabled } = await groups.read(place);
      if (!users.includes(user)) return null;
      return isDisabled ? LISTED : MEMBER;
    },
    set: (place, user, level) =>
      lock(place, () => (level === MEMBER ? add(groups, place, user, keeper) : remove(groups, place, user, keeper))),
    members: async (place) => {
      const { users, isDisabled } = await groups.read(place);
      return isDisabled ? [] : users.map((id) => ({ id, account: id, level: MEMBER }));
    },
    // In many workspaces, every full member may change groups. Enabling a group brings its listed members back.
    made: async (place) =>
      (await groups.read(place)).users
        .filter((user) => user !== keeper)
        .map((user) => ({
          id: `person ${user}`,
          person: user,
          what: SLACK_GROUPS.onList(user, groupOf(place)),
        })),
  };
}

async function add(groups: UserGroups, place: string, user: string, keeper: string | undefined): Promise<void> {
  const { users, isDisabled } = await groups.read(place);
  if (isDisabled) {
    // A disabled group has no members, so people still on its list are dropped.
    assertCanEnd(place, [], keeper);
    await groups.write(place, [user]);
    await groups.enable(place);
    return;
  }
  const others = users.filter((one) => one !== user);
  assertCanEnd(place, others, keeper);
  if (!users.includes(user)) await groups.write(place, [...others, user]);
}

/** Refuses access that Slack would not let the bot end. */
function assertCanEnd(place: string, others: readonly string[], keeper: string | undefined): void {
  if (keeper !== undefined || others.length > 0) return;
  throw new TargetRefusal(SLACK_GROUPS.nobodyElse(groupOf(place)));
}

async function remove(groups: UserGroups, place: string, user: string, keeper: string | undefined): Promise<void> {
  const { users, isDisabled } = await groups.read(place);
  if (!users.includes(user)) return;
  const others = users.filter((one) => one !== user);
  if (others.length > 0) {
    await groups.write(place, others);
    return;
  }
  if (keeper !== undefined && keeper !== user) {
    await groups.write(place, [keeper]);
    if (!isDisabled) await groups.disable(place);
    return;
  }
  // This ends what the group gives now, but is no end: enabling the group brings it back.
  if (!isDisabled) await groups.disable(place);
  throw new Error(SLACK_GROUPS.onlyOne(user, groupOf(place)));
}
