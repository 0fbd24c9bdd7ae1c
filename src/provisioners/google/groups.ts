import type { cloudidentity_v1 } from '@googleapis/cloudidentity';
import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import { askGoogle } from './client.ts';
import type { Role } from './group.ts';

/**
 * Google groups by their resource names, which Google never gives to anything else. People have none that the bot may ask for:
 * until they are in a group they are known by their address, and from then on by the resource name of their membership.
 */

const MEMBER = 'MEMBER';
const PAGE_SIZE = 200;
const NOT_THERE = 404;
const ALREADY_THERE = 409;

const named = z.object({ name: z.string().startsWith('groups/') });
const member = z.object({
  name: z.string().startsWith('groups/'),
  preferredMemberKey: z.object({ id: z.string().min(1) }),
  roles: z
    .array(z.object({ name: z.string(), expiryDetail: z.object({ expireTime: z.string().optional() }).optional() }))
    .optional(),
});
/** Google leaves out what is empty. */
const page = z.object({ memberships: z.array(member).optional(), nextPageToken: z.string().optional() });
type Member = z.infer<typeof member>;

const isMembership = (id: string): boolean => id.startsWith('groups/');

export function rosterOf(groups: () => Promise<cloudidentity_v1.Resource$Groups>): Roster<Role> {
  /** @throws on what is not understood; a status that is expected is null */
  async function ask<T>(
    what: string,
    schema: z.ZodType<T>,
    call: (api: cloudidentity_v1.Resource$Groups) => Promise<{ data: unknown }>,
    expected: readonly number[] = [],
  ): Promise<T | null> {
    const api = await groups();
    const answer = await askGoogle(() => call(api), expected, what);
    if (answer === null) return null;
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw new Error(`Google: ${what} was answered in an unknown form`);
    return parsed.data;
  }
  async function certain<T>(
    what: string,
    schema: z.ZodType<T>,
    call: (api: cloudidentity_v1.Resource$Groups) => Promise<{ data: unknown }>,
  ): Promise<T> {
    const answer = await ask(what, schema, call);
    if (answer === null) throw new Error(`Google: ${what} was not answered`);
    return answer;
  }

  /** Everybody, over all pages, of a group that Google shows to the bot by itself, too. */
  async function membersOf(group: string): Promise<Member[]> {
    const { name } = await certain(group, named, (api) => api.get({ name: group }));
    if (name !== group) throw new Error(`Google: asked for ${group}, it answers with ${name}`);
    const found: Member[] = [];
    let pageToken: string | undefined;
    do {
      const question = { parent: group, pageSize: PAGE_SIZE, view: 'FULL', ...(pageToken && { pageToken }) };
      const { memberships = [], nextPageToken } = await certain(`who is in ${group}`, page, (api) =>
        api.memberships.list(question),
      );
      found.push(...memberships);
      pageToken = nextPageToken || undefined;
    } while (pageToken);
    return found;
  }

  /** Null: Google knows no membership of this address; whether there is none, the group's list says. */
  const membershipOf = async (parent: string, address: string): Promise<string | null> =>
    (
      await ask(
        `${address} in ${parent}`,
        named,
        (api) => api.memberships.lookup({ parent, 'memberKey.id': address }),
        [NOT_THERE],
      )
    )?.name ?? null;

  /** @returns the resource name of somebody's membership; null: they have none */
  async function membershipNow(group: string, id: string): Promise<string | null> {
    const name = isMembership(id) ? id : await membershipOf(group, id);
    if (name !== null) {
      const found = await ask(name, named, (api) => api.memberships.get({ name }), [NOT_THERE]);
      if (found?.name === name) return name;
    }
    const all = await membersOf(group);
    return all.find((one) => one.name === id || one.preferredMemberKey.id.toLowerCase() === id)?.name ?? null;
  }

  async function prolong(name: string, until: Instant | null): Promise<void> {
    const found = await ask(name, member, (api) => api.memberships.get({ name }), [NOT_THERE]);
    if (!found) throw new TargetRefusal(`Google: ${name} is gone; somebody took this person out of the group`);
    if (until === null) return;
    const now = found.roles?.find((role) => role.name === MEMBER)?.expiryDetail?.expireTime;
    // Without an end it is somebody else's; a later end is another grant's.
    if (!now || Date.parse(now) >= until) return;
    const updateRolesParams = [{ fieldMask: 'expiryDetail.expire_time', membershipRole: roleUntil(until) }];
    await ask(name, z.unknown(), (api) =>
      api.memberships.modifyMembershipRoles({ name, requestBody: { updateRolesParams } }),
    );
  }

  async function add(parent: string, address: string, until: Instant | null): Promise<void> {
    const requestBody = { preferredMemberKey: { id: address }, roles: [roleUntil(until)] };
    const made = await ask(
      `adding ${address} to ${parent}`,
      z.unknown(),
      (api) => api.memberships.create({ parent, requestBody }),
      [ALREADY_THERE],
    );
    if (made !== null || until === null) return;
    const name = await membershipOf(parent, address);
    if (name === null) throw new Error(`Google: ${address} is in ${parent} and is not`);
    await prolong(name, until);
  }

  return {
    scope: 'google_group',
    levels: [MEMBER],
    expires: true,
    seats: (role) => role.groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (address) => {
      // Of what one may not see, or what is not there, Google says either.
      const found = await ask(address, named, (api) => api.lookup({ 'groupKey.id': address }), [403, NOT_THERE]);
      if (!found) throw new TargetRefusal(`Google has no group ${address}, or the bot may not see it`);
      return found.name;
    },
    personId: async (address) => address.toLowerCase(),
    memberId: async (group, id) => (isMembership(id) ? id : membershipNow(group, id)),
    level: async (group, id) => ((await membershipNow(group, id)) === null ? null : MEMBER),
    set: async (group, id, level, until) => {
      if (level !== null) return isMembership(id) ? prolong(id, until) : add(group, id, until);
      const name = isMembership(id) ? id : await membershipOf(group, id);
      if (name !== null) await ask(name, z.unknown(), (api) => api.memberships.delete({ name }), [NOT_THERE]);
    },
    members: async (group) =>
      (await membersOf(group)).map(({ name, preferredMemberKey }) => ({
        id: name,
        account: preferredMemberKey.id,
        level: MEMBER,
      })),
  };
}

const roleUntil = (at: Instant | null) => ({
  name: MEMBER,
  ...(at !== null && { expiryDetail: { expireTime: new Date(at).toISOString() } }),
});
