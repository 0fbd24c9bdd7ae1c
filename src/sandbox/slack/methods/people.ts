import { type Methods, TIER_2, TIER_3, TIER_4 } from './method.ts';
import { userObject } from './objects.ts';
import { SlackRefusal } from './refusal.ts';

/** Who somebody is. */
export const peopleMethods: Methods = ({ workspace, read }) => {
  const { text, userOf } = read;
  return {
    'users.info': {
      scopes: ['users:read'],
      perMinute: TIER_4,
      call: (args) => ({ user: userObject(workspace, userOf(text(args, 'user'))) }),
    },
    'users.list': {
      scopes: ['users:read'],
      perMinute: TIER_2,
      call: (args) => {
        const all = [...workspace.users.values()];
        const from = Number(args.cursor ?? 0);
        const to = from + Math.min(Number(args.limit ?? 1_000), 1_000);
        return {
          members: all.slice(from, to).map((user) => userObject(workspace, user)),
          response_metadata: { next_cursor: to < all.length ? String(to) : '' },
        };
      },
    },
    'users.lookupByEmail': {
      scopes: ['users:read.email'],
      perMinute: TIER_3,
      call: (args) => {
        const email = text(args, 'email').toLowerCase();
        const user = [...workspace.users.values()].find((one) => one.email.toLowerCase() === email && email !== '');
        if (!user || user.kind === 'deactivated') throw new SlackRefusal('users_not_found');
        return { user: userObject(workspace, user) };
      },
    },
    'dnd.info': {
      scopes: ['dnd:read'],
      perMinute: TIER_3,
      call: (args) => {
        const user = userOf(text(args, 'user'));
        const until = Math.floor((user.quietUntil ?? 0) / 1000);
        const isQuiet = until * 1000 > workspace.now();
        return {
          dnd_enabled: false,
          next_dnd_start_ts: 1,
          next_dnd_end_ts: 1,
          snooze_enabled: isQuiet,
          ...(isQuiet && { snooze_endtime: until }),
        };
      },
    },
  };
};

/** Who is in a group. */
export const groupMethods: Methods = ({ workspace, read }) => {
  const { text } = read;
  return {
    'usergroups.list': {
      scopes: ['usergroups:read'],
      perMinute: TIER_2,
      call: () => ({
        usergroups: [...workspace.groups.values()].map(({ id, handle }) => ({
          id,
          handle,
          name: handle,
          is_usergroup: true,
          date_delete: 0,
        })),
      }),
    },
    'usergroups.users.list': {
      scopes: ['usergroups:read'],
      perMinute: TIER_2,
      call: (args) => {
        const group = workspace.groups.get(text(args, 'usergroup'));
        if (!group) throw new SlackRefusal('no_such_subteam');
        return { users: group.members.filter((member) => workspace.users.get(member)?.kind !== 'deactivated') };
      },
    },
  };
};
