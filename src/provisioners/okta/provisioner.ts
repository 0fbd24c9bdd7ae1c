import type { Client } from '@okta/okta-sdk-nodejs';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports.ts';
import { membership } from '../membership.ts';
import { addressPlace } from '../place.ts';
import { type ListedRole, type Provisioner, TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import type { Member, Roster } from '../roster.ts';

const targetSchema = z
  .strictObject({
    kind: z.literal('okta'),
    url: z.url({ protocol: /^https?$/, error: 'expected the address of your Okta, such as https://acme.okta.com' }),
    token: z.string().min(1).optional(),
    /** A service app of the bot's own, with the scopes okta.groups.manage and okta.users.read: better than a token. */
    app: z.strictObject({ client_id: z.string().min(1), private_key: z.string().min(1) }).optional(),
    /** What people log in to Okta with. */
    account: z
      .string()
      .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
      .default('{email}'),
  })
  .refine(({ app, token }) => (app === undefined) !== (token === undefined), 'expected either app or token');

const groupId = z.string().regex(/^00g[A-Za-z0-9_]+$/, 'expected the id of an Okta group (00g…): names can change');
const roleSchema = z.strictObject({ groups: z.array(groupId).min(1, 'name at least one group') });

export type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const SCOPES = ['okta.groups.manage', 'okta.users.read'];
const NOT_FOUND = 404;
/** The one kind of group that people are put in by hand. */
const MANAGED_HERE = 'OKTA_GROUP';

/** Membership of Okta groups, and so of whatever they open. */
export const okta: Provisioner<Target, Role> = {
  kind: 'okta',
  targetSchema,
  roleSchema,
  packages: ['@okta/okta-sdk-nodejs'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ url }) => addressPlace(url),
  connect: (target, { seats, ids, accountOf }) => {
    let opened: Promise<Client> | null = null;
    const client = (): Promise<Client> => {
      opened ??= connectOkta(target);
      return opened;
    };
    const roster = rosterOf(target, client);
    return {
      ...membership(roster, { seats, ids, accountOf: ({ person }) => accountOf(target.account, person) }),
      // An application that Okta opened keeps its own session.
      afterlife: null,
      check: async (roles) => check(await client(), roles),
      close: async () => undefined,
    };
  },
};

/** The package is loaded with the first call: who uses no such target need not have it. */
async function connectOkta({ url, token, app }: Target): Promise<Client> {
  const { default: sdk } = await import('@okta/okta-sdk-nodejs');
  const okta = new sdk.Client({
    orgUrl: url,
    ...(app
      ? { authorizationMode: 'PrivateKey', clientId: app.client_id, privateKey: app.private_key, scopes: SCOPES }
      : { token: token ?? '' }),
    ...(url.startsWith('http://') && { testing: { disableHttpsCheck: true } }),
  });
  // Each call has an end of its own; the client itself only tries again what Okta's rate limit refused, twice.
  okta.requestExecutor.on('request', (request: { signal?: AbortSignal }) => {
    request.signal = AbortSignal.timeout(TARGET_DEADLINE);
  });
  return okta;
}

function rosterOf({ url }: Target, client: () => Promise<Client>): Roster<Role> {
  /** @throws with the target's name; a 404 that is expected is an answer */
  async function ask<T>(call: (okta: Client) => Promise<T>, isExpected = false): Promise<T | null> {
    try {
      return await call(await client());
    } catch (error) {
      if (isExpected && error instanceof Error && 'status' in error && error.status === NOT_FOUND) return null;
      throw new Error(`Okta at ${new URL(url).host}: ${errorText(error)}`, {
        cause: error,
      });
    }
  }

  return {
    scope: `okta ${new URL(url).host}`,
    levels: ['member'],
    expires: false,
    seats: ({ groups }) => groups.map((place) => ({ place, level: 'member' })),
    placeId: async (name) => name,
    personId: async (account) => account,
    level: async (place, login) => {
      const isIn = await ask(async ({ userApi }) => {
        for await (const group of await userApi.listUserGroups({ userId: login })) if (group?.id === place) return true;
        return false;
      }, true);
      return isIn === true ? 'member' : null;
    },
    set: async (place, login, level) => {
      const user = await ask(({ userApi }) => userApi.getUser({ userId: login }), level === null);
      if (level === null) {
        const userId = user?.id;
        if (userId) await ask(({ groupApi }) => groupApi.unassignUserFromGroup({ groupId: place, userId }), true);
        return;
      }
      if (!user?.id || user.status === 'DEPROVISIONED' || user.status === 'SUSPENDED')
        throw new TargetRefusal(`${login} is ${user?.status?.toLowerCase() ?? 'unknown'} in Okta`);
      const userId = user.id;
      await ask(({ groupApi }) => groupApi.assignUserToGroup({ groupId: place, userId }));
    },
    members: async (place) =>
      (await ask(async ({ groupApi }) => {
        const found: Member[] = [];
        for await (const user of await groupApi.listGroupUsers({ groupId: place }))
          if (user?.profile?.login)
            found.push({ id: user.profile.login, account: user.profile.login, level: 'member' });
        return found;
      })) ?? [],
  };
}

/** What a credential may write, Okta does not say without writing; that it reads, and what the groups are, is asked. */
async function check({ groupApi }: Client, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const groups = [...new Set(roles.flatMap(({ role }) => role.groups))];
  return Promise.all(
    groups.map(async (id): Promise<Finding> => {
      try {
        const { profile, type } = await groupApi.getGroup({ groupId: id });
        return {
          ok: type === MANAGED_HERE,
          what: `${profile?.name ?? id} is a group that people are put in by hand`,
          fix: `It is filled by ${type === 'APP_GROUP' ? 'an application' : 'Okta itself'}: make a group of Okta's own.`,
        };
      } catch (error) {
        return {
          ok: false,
          what: `the bot sees the group ${id}: ${errorText(error)}`,
          fix: 'Is the id right? The credential has to read and manage this group: the role Group Membership Administrator, for it alone.',
        };
      }
    }),
  );
}
