import type { Client } from '@okta/okta-sdk-nodejs';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import type { Role, Target } from './provisioner.ts';

/** Users and groups of one Okta by their ids, through Okta's own client. */

const SCOPES = ['okta.groups.manage', 'okta.users.read'];
const NOT_FOUND = 404;
const MEMBER = 'member';
const PAGE_SIZE = 200;
/** Somebody in one of these states is given nothing. */
const OUT = ['DEPROVISIONED', 'SUSPENDED'];

const user = z.object({ id: z.string().min(1), status: z.string(), profile: z.object({ login: z.string().min(1) }) });
const users = z.array(user);
const group = z.object({ id: z.string().min(1) });
const counted = z.tuple([
  z.object({ id: z.string(), _embedded: z.object({ stats: z.object({ usersCount: z.number().int() }) }) }),
]);
type User = z.infer<typeof user>;

/** The package is loaded with the first call: who uses no such target need not have it. */
export async function connectOkta({ url, token, app }: Target): Promise<Client> {
  const { default: sdk } = await import('@okta/okta-sdk-nodejs');
  const okta = new sdk.Client({
    orgUrl: url,
    ...(app
      ? { authorizationMode: 'PrivateKey', clientId: app.client_id, privateKey: app.private_key, scopes: SCOPES }
      : { token: token ?? '' }),
    // What Okta said some minutes ago is no answer to what is so now.
    cacheMiddleware: null,
    ...(url.startsWith('http://') && { testing: { disableHttpsCheck: true } }),
  });
  // Each call has an end of its own; the client itself only tries again what Okta's rate limit refused, twice.
  okta.requestExecutor.on('request', (request: { signal?: AbortSignal }) => {
    request.signal = AbortSignal.timeout(TARGET_DEADLINE);
  });
  return okta;
}

export function rosterOf({ url }: Target, client: () => Promise<Client>): Roster<Role> {
  const where = `Okta at ${new URL(url).host}`;

  /** @throws with the target's name; a 404 that is expected is an answer */
  async function ask<T>(call: (okta: Client) => Promise<T>, isExpected = false): Promise<T | null> {
    try {
      return await call(await client());
    } catch (error) {
      if (isExpected && error instanceof Error && 'status' in error && error.status === NOT_FOUND) return null;
      throw new Error(`${where}: ${errorText(error)}`, { cause: error });
    }
  }

  /** Reads a page as it came over the wire. @throws what is not understood: the client takes an unknown shape for nobody */
  async function read<T>(
    address: string,
    schema: z.ZodType<T>,
    isExpected = false,
  ): Promise<{ value: T; next: string | null } | null> {
    const response = await ask((okta) => okta.http.http(address), isExpected);
    if (response === null) return null;
    const parsed = schema.safeParse(await response.json());
    if (!parsed.success) throw new Error(`${where}: ${new URL(address).pathname} was answered in an unknown form`);
    const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? null;
    if (next !== null && new URL(next).host !== new URL(url).host)
      throw new Error(`${where}: the next page is said to be at ${new URL(next).host}`);
    return { value: parsed.data, next };
  }
  const at = (path: string): string => `${url.replace(/\/+$/, '')}/api/v1${path}`;
  const segment = encodeURIComponent;

  /** Null: Okta shows no such user, which may be because they were deleted. */
  const userOf = async (id: string): Promise<User | null> =>
    (await read(at(`/users/${segment(id)}`), user, true))?.value ?? null;

  /** Everybody in a group, over all pages. */
  async function membersOf(groupId: string): Promise<User[]> {
    const found: User[] = [];
    let next: string | null = at(`/groups/${segment(groupId)}/users?limit=${PAGE_SIZE}`);
    while (next !== null) {
      const page: { value: User[]; next: string | null } | null = await read(next, users);
      found.push(...(page?.value ?? []));
      next = page?.next ?? null;
    }
    return found;
  }

  /** Whether Okta counts as many people in a group as it shows: then nobody in it is out of the bot's sight. */
  async function showsAll(groupId: string, shown: number): Promise<boolean> {
    const question = new URLSearchParams({ filter: `id eq "${groupId}"`, expand: 'stats' });
    const page = await read(at(`/groups?${question}`), counted);
    return page?.value[0].id === groupId && page.value[0]._embedded.stats.usersCount === shown;
  }

  return {
    scope: `okta ${new URL(url).host}`,
    levels: [MEMBER],
    expires: false,
    seats: ({ groups }) => groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (id) => (await read(at(`/groups/${segment(id)}`), group))?.value.id ?? id,
    personId: async (login) => {
      const found = await userOf(login);
      if (!found) throw new TargetRefusal(`${where} shows no user ${login} (404)`);
      // Okta also takes ids and the beginnings of logins.
      const [name] = found.profile.login.toLowerCase().split('@');
      if (![found.profile.login.toLowerCase(), name].includes(login.toLowerCase()))
        throw new TargetRefusal(`${where} answers with ${found.profile.login} when asked for ${login}`);
      return found.id;
    },
    level: async (groupId, id) => {
      const members = await membersOf(groupId);
      if (members.some((one) => one.id === id)) return MEMBER;
      // Whoever the credential may not see is missing from the list of a group as well.
      if ((await userOf(id)) !== null || (await showsAll(groupId, members.length))) return null;
      throw new Error(`${where} shows no user ${id}, and counts more people in the group ${groupId} than it shows`);
    },
    set: async (groupId, id, level) => {
      if (level === null) {
        await ask(({ groupApi }) => groupApi.unassignUserFromGroup({ groupId, userId: id }), true);
        return;
      }
      const found = await userOf(id);
      if (!found || OUT.includes(found.status))
        throw new TargetRefusal(`${found?.profile.login ?? id} is ${found?.status.toLowerCase() ?? 'unknown'} in Okta`);
      await ask(({ groupApi }) => groupApi.assignUserToGroup({ groupId, userId: id }));
    },
    members: async (groupId) =>
      (await membersOf(groupId)).map(({ id, profile }) => ({ id, account: profile.login, level: MEMBER })),
  };
}
