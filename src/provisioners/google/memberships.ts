import type { cloudidentity_v1 } from '@googleapis/cloudidentity';
import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
import { GOOGLE } from '../../wording/targets/google.ts';
import { TargetRefusal } from '../provisioner.ts';
import { askGoogle } from './client.ts';

/** The one role that the bot gives in a group. */
export const MEMBER = 'MEMBER';
const PAGE_SIZE = 200;
const FORBIDDEN = 403;
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

type Groups = cloudidentity_v1.Resource$Groups;

/** Whether an id is the resource name of a membership, and not the address of somebody who has none yet. */
export const isMembership = (id: string): boolean => id.startsWith('groups/');

/** Memberships of Google groups, by resource names, through Google's own client. */
export class Memberships {
  readonly #groups: () => Promise<Groups>;

  constructor(groups: () => Promise<Groups>) {
    this.#groups = groups;
  }

  /** @returns the resource name of a group; null: Google does not show it, or there is none */
  async groupAt(address: string): Promise<string | null> {
    // Of what one may not see, or what is not there, Google says either.
    const expected = [FORBIDDEN, NOT_THERE];
    const found = await this.#ask(address, named, (api) => api.lookup({ 'groupKey.id': address }), expected);
    return found?.name ?? null;
  }

  /** Everybody, over all pages, of a group that Google shows to the bot by itself, too. */
  async all(group: string): Promise<Member[]> {
    const { name } = await this.#certain(group, named, (api) => api.get({ name: group }));
    if (name !== group) throw new Error(GOOGLE.otherAnswer(group, name));
    const found: Member[] = [];
    let pageToken: string | undefined;
    do {
      const question = { parent: group, pageSize: PAGE_SIZE, view: 'FULL', ...(pageToken && { pageToken }) };
      const { memberships = [], nextPageToken } = await this.#certain(GOOGLE.whoIsIn(group), page, (api) =>
        api.memberships.list(question),
      );
      found.push(...memberships);
      pageToken = nextPageToken || undefined;
    } while (pageToken);
    return found;
  }

  /** Null: Google knows no membership of this address; whether there is none, the group's list says. */
  async nameOf(parent: string, address: string): Promise<string | null> {
    const question = { parent, 'memberKey.id': address };
    const found = await this.#ask(GOOGLE.memberOf(address, parent), named, (api) => api.memberships.lookup(question), [
      NOT_THERE,
    ]);
    return found?.name ?? null;
  }

  /**
   * @param id a resource name or an address
   * @returns the resource name of somebody's membership; null: they have none
   */
  async now(group: string, id: string): Promise<string | null> {
    const name = isMembership(id) ? id : await this.nameOf(group, id);
    if (name !== null) {
      const found = await this.#ask(name, named, (api) => api.memberships.get({ name }), [NOT_THERE]);
      if (found?.name === name) return name;
    }
    const all = await this.all(group);
    return all.find((one) => one.name === id || one.preferredMemberKey.id.toLowerCase() === id)?.name ?? null;
  }

  async add(parent: string, address: string, until: Instant | null): Promise<void> {
    const requestBody = { preferredMemberKey: { id: address }, roles: [roleUntil(until)] };
    const made = await this.#ask(
      GOOGLE.adding(address, parent),
      z.unknown(),
      (api) => api.memberships.create({ parent, requestBody }),
      [ALREADY_THERE],
    );
    if (made !== null || until === null) return;
    const name = await this.nameOf(parent, address);
    if (name === null) throw new Error(GOOGLE.bothWays(address, parent));
    await this.prolong(name, until);
  }

  async prolong(name: string, until: Instant | null): Promise<void> {
    const found = await this.#ask(name, member, (api) => api.memberships.get({ name }), [NOT_THERE]);
    if (!found) throw new TargetRefusal(GOOGLE.takenOut(name));
    if (until === null) return;
    const now = found.roles?.find((role) => role.name === MEMBER)?.expiryDetail?.expireTime;
    // Without an end it is somebody else's; a later end is another grant's.
    if (!now || Date.parse(now) >= until) return;
    const updateRolesParams = [{ fieldMask: 'expiryDetail.expire_time', membershipRole: roleUntil(until) }];
    await this.#ask(name, z.unknown(), (api) =>
      api.memberships.modifyMembershipRoles({ name, requestBody: { updateRolesParams } }),
    );
  }

  /** Gone already is success. */
  async remove(name: string): Promise<void> {
    await this.#ask(name, z.unknown(), (api) => api.memberships.delete({ name }), [NOT_THERE]);
  }

  /** @throws on what is not understood; a status that is expected is null */
  async #ask<T>(
    what: string,
    schema: z.ZodType<T>,
    call: (api: Groups) => Promise<{ data: unknown }>,
    expected: readonly number[] = [],
  ): Promise<T | null> {
    const api = await this.#groups();
    const answer = await askGoogle(() => call(api), expected, what);
    if (answer === null) return null;
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw new Error(GOOGLE.unknownForm(what));
    return parsed.data;
  }

  async #certain<T>(what: string, schema: z.ZodType<T>, call: (api: Groups) => Promise<{ data: unknown }>): Promise<T> {
    const answer = await this.#ask(what, schema, call);
    if (answer === null) throw new Error(GOOGLE.notAnswered(what));
    return answer;
  }
}

const roleUntil = (at: Instant | null) => ({
  name: MEMBER,
  ...(at !== null && { expiryDetail: { expireTime: new Date(at).toISOString() } }),
});
