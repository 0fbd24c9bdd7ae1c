import type { cloudidentity_v1 } from '@googleapis/cloudidentity';
import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports.ts';
import { webAddress } from '../address.ts';
import { membership } from '../membership.ts';
import { placeText } from '../place.ts';
import { type ListedRole, type Provisioner, TargetRefusal } from '../provisioner.ts';
import type { Member, Roster } from '../roster.ts';
import { askGoogle, authOptions, clientOptions } from './client.ts';

const targetSchema = z.strictObject({
  kind: z.literal('google_group'),
  credentials: z.string().min(1).optional(),
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
    .default('{email}'),
  endpoint: webAddress().optional(),
});

const roleSchema = z.strictObject({
  groups: z.array(z.email('expected the address of a group')).min(1, 'name at least one group'),
});

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const SCOPE = 'https://www.googleapis.com/auth/cloud-identity.groups';
const MEMBER = 'MEMBER';
/** Of what one may not see, or what is not there, Google says either. */
const NOT_THERE = [403, 404];
const ALREADY_THERE = 409;
const PAGE_SIZE = 200;

/** Membership of Google groups, with an expiry that Google itself keeps. */
export const googleGroup: Provisioner<Target, Role> = {
  kind: 'google_group',
  targetSchema,
  roleSchema,
  packages: ['@googleapis/cloudidentity'],
  accountTemplate: ({ account }) => account,
  // A group's address is unique in the world.
  placeOf: ({ endpoint }) => placeText('groups', endpoint),
  connect: (target, { seats, ids, accountOf }) => {
    let opened: Promise<cloudidentity_v1.Resource$Groups> | null = null;
    // The package is loaded with the first call: who uses no such target need not have it.
    const groups = () => {
      opened ??= import('@googleapis/cloudidentity').then(
        ({ auth, cloudidentity }) =>
          cloudidentity({
            version: 'v1',
            auth: new auth.GoogleAuth(authOptions(target, SCOPE)),
            ...clientOptions(target),
          }).groups,
      );
      return opened;
    };
    const roster = rosterOf(groups);
    return {
      ...membership(roster, { seats, ids, accountOf: ({ person }) => accountOf(target.account, person) }),
      check: (roles) => check(roster, roles),
      close: async () => undefined,
    };
  },
};

function rosterOf(groups: () => Promise<cloudidentity_v1.Resource$Groups>): Roster<Role> {
  const names = new Map<string, string>();

  /** `groups/…`, by the group's address. */
  async function nameOf(group: string): Promise<string> {
    const known = names.get(group);
    if (known) return known;
    const api = await groups();
    const found = await askGoogle(() => api.lookup({ 'groupKey.id': group }), NOT_THERE);
    if (!found?.name) throw new TargetRefusal(`Google has no group ${group}, or the bot may not see it`);
    names.set(group, found.name);
    return found.name;
  }

  /** `groups/…/memberships/…`; null: they are not in it. */
  async function membershipOf(group: string, account: string): Promise<string | null> {
    const api = await groups();
    const parent = await nameOf(group);
    const found = await askGoogle(() => api.memberships.lookup({ parent, 'memberKey.id': account }), [404]);
    return found?.name ?? null;
  }

  async function add(group: string, account: string, until: Instant | null): Promise<void> {
    const api = await groups();
    const parent = await nameOf(group);
    const roleUntil = (at: Instant | null) => ({
      name: MEMBER,
      ...(at !== null && { expiryDetail: { expireTime: new Date(at).toISOString() } }),
    });
    const requestBody = { preferredMemberKey: { id: account }, roles: [roleUntil(until)] };
    const made = await askGoogle(() => api.memberships.create({ parent, requestBody }), [ALREADY_THERE]);
    if (made !== null || until === null) return;
    const name = await membershipOf(group, account);
    if (name === null) throw new Error(`Google: ${account} is in ${group} and is not`);
    const found = await askGoogle(() => api.memberships.get({ name }));
    const now = found?.roles?.find((role) => role.name === MEMBER)?.expiryDetail?.expireTime;
    // Without an end it is somebody else's; a later end is another grant's.
    if (!now || Date.parse(now) >= until) return;
    await askGoogle(() =>
      api.memberships.modifyMembershipRoles({
        name,
        requestBody: {
          updateRolesParams: [{ fieldMask: 'expiryDetail.expire_time', membershipRole: roleUntil(until) }],
        },
      }),
    );
  }

  return {
    scope: 'google_group',
    levels: [MEMBER],
    expires: true,
    seats: (role) => role.groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (name) => name,
    personId: async (account) => account,
    level: async (group, account) => ((await membershipOf(group, account)) === null ? null : MEMBER),
    set: async (group, account, level, until) => {
      if (level !== null) return add(group, account, until);
      const name = await membershipOf(group, account);
      if (name === null) return;
      const api = await groups();
      await askGoogle(() => api.memberships.delete({ name }), [404]);
    },
    members: async (group) => {
      const api = await groups();
      const parent = await nameOf(group);
      const found: Member[] = [];
      let pageToken: string | undefined;
      do {
        const page = await askGoogle(() =>
          api.memberships.list({ parent, pageSize: PAGE_SIZE, ...(pageToken && { pageToken }) }),
        );
        for (const { preferredMemberKey } of page?.memberships ?? [])
          if (preferredMemberKey?.id)
            found.push({ id: preferredMemberKey.id, account: preferredMemberKey.id, level: MEMBER });
        pageToken = page?.nextPageToken ?? undefined;
      } while (pageToken);
      return found;
    },
  };
}

/** What it may write, Google does not say without writing; that it reads is asked. */
async function check(roster: Roster<Role>, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const wanted = [...new Set(roles.flatMap(({ role }) => role.groups))];
  return Promise.all(
    wanted.map(
      (group): Promise<Finding> =>
        roster.members(group).then(
          () => ({ ok: true, what: `the bot sees who is in ${group}` }),
          (error: unknown) => ({
            ok: false,
            what: `the bot sees who is in ${group}: ${errorText(error)}`,
            fix: 'Make its service account a manager of the group.',
          }),
        ),
    ),
  );
}
