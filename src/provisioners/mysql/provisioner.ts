import { z } from 'zod';
import type { Holding } from '../../ports.ts';
import { databaseAddress } from '../address.ts';
import { addressPlace, placeText } from '../place.ts';
import {
  type Access,
  type Connection,
  type ListedRole,
  type Provisioner,
  TargetRefusal,
  type Use,
} from '../provisioner.ts';
import {
  type Account,
  accountFrom,
  createBridge,
  createLogin,
  exists,
  give,
  newPassword,
  setPassword,
  shown,
} from './accounts.ts';
import { keepAccounts, keepServer, knownAccounts, type Made, usersIn } from './book.ts';
import { type Books, end, isMade, isPresent } from './ending.ts';
import { findHolders, findStray, type Held, takeFrom } from './holders.ts';
import { cleanUp, type Left } from './leftovers.ts';
import { keepPrepared } from './prepared.ts';
import { checkRights } from './rights.ts';
import { isSameServer, keepWhereAndWhen, OTHER_SERVER, serverId } from './server.ts';
import { createSession, type Sql } from './session.ts';

const targetSchema = z.strictObject({
  kind: z.literal('mysql'),
  url: databaseAddress(/^mysql:\/\//, 'expected mysql://user:password@host:3306/database'),
  /** `temporary`: a login made for each grant. Otherwise a template for the name of the person's own login. */
  login: z
    .union([
      z.literal('temporary'),
      z.string().regex(/\{[a-z_]+\}/, 'expected temporary, or a template for a login name, such as {email_name}'),
    ])
    .default('temporary'),
  /** The host part of logins: where people may come from. */
  host: z.string().min(1).default('%'),
});

const roleSchema = z.strictObject({
  roles: z
    .array(z.string().min(1).max(32, 'MySQL names have at most 32 characters'))
    .min(1, 'name at least one role to grant'),
});

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const USUAL_PORT = 3306;
/** So that a login's name has at most 32 characters, which is MySQL's limit. */
const WHO_LENGTH = 14;

/** Gives roles of MySQL or MariaDB, to a login made for the grant or to the person's own. */
export const mysql: Provisioner<Target, Role> = {
  kind: 'mysql',
  targetSchema,
  roleSchema,
  packages: ['mysql2'],
  accountTemplate: ({ login }) => (login === 'temporary' ? null : login),
  placeOf: ({ url, login, host }) =>
    placeText(addressPlace(url, USUAL_PORT), login === 'temporary' ? login : 'own logins', `@${host}`),
  connect,
};

function connect(target: Target, { clock, ids, log, accountOf }: Use): Connection<Role> {
  const session = createSession(target.url, log);
  const { login: template, host } = target;
  const isTemporary = template === 'temporary';
  const loginOf = (one: Access<Role>): Account | null => (isTemporary ? { user: loginName(one), host } : null);
  const madeFor = (one: Access<Role>): Made => ({
    grantId: one.grantId,
    bridge: bridgeName(one),
    login: loginOf(one),
    roles: one.role.roles,
  });
  /** What could not be cleaned up when access ended, because somebody used it just then. */
  let owed: readonly Left[] = [];
  const books: Books = {
    ids,
    log,
    owe: (left) => {
      owed = [...owed, left];
    },
  };

  const taken = <T>(made: Made, work: () => Promise<T>): Promise<T> =>
    session.ending(made.bridge, async () => [...usersIn(made, await knownAccounts(made, ids))], work);

  return {
    grant: (one) =>
      session.granting(bridgeName(one), async (sql) => {
        const bridge = bridgeName(one);
        const own = isTemporary ? null : await ownLogin(sql, { user: accountOf(template, one.person), host });
        const account = own ?? { user: loginName(one), host };
        // Before it is made, so that a crash loses none of it.
        await keepWhereAndWhen(sql, one.grantId, ids);
        await keepPrepared(sql, one.grantId, ids);
        await keepAccounts(one.grantId, [account], ids);
        await createBridge(sql, bridge, one.role.roles);
        if (own) {
          await give(sql, own, bridge);
          return { account: `${own.user}, after SET ROLE ${bridge}` };
        }
        await createLogin(sql, account, bridge);
        return { account: account.user };
      }),
    revoke: (one) => taken(madeFor(one), async () => ({ left: await end(session, madeFor(one), books) })),
    isActive: (one) =>
      session.run(async (sql) => {
        if (await isPresent(sql, madeFor(one), ids)) return true;
        if (!(await isSameServer(sql, one.grantId, ids))) throw new TargetRefusal(OTHER_SERVER);
        return false;
      }),
    stamp: (one) =>
      session.run(async (sql) => {
        if (await isMade(sql, madeFor(one))) await keepServer(one.grantId, await serverId(sql), ids);
      }),
    afterlife: 0,
    list: (roles) =>
      session.run(async (sql) => holdingsOf([...(await findHolders(sql)), ...(await findStray(sql))], roles)),
    remove: async (holding, role) => {
      const account = accountFrom(holding.account);
      if (holding.grantId === null) return takeFrom(session, account, role?.roles ?? []);
      const bridge = bridgeOf(holding.grantId);
      const wasMade = account.user.endsWith(`_${bridge.slice('jit_'.length)}`);
      const made = { grantId: holding.grantId, bridge, login: wasMade ? account : null, roles: role?.roles ?? [] };
      await taken(made, () => end(session, made, books));
    },
    tidy: async () => {
      const again = owed;
      owed = [];
      for (const left of again) if ((await cleanUp(session, left, log)).isOwed) books.owe(left);
    },
    check: (roles) => checkRights(session, [...new Set(roles.flatMap(({ role }) => role.roles))]),
    ...(isTemporary && {
      issueCredential: async (one: Access<Role>, expiresAt: number) => {
        const account = { user: loginName(one), host };
        const password = newPassword();
        await session.granting(bridgeName(one), (sql) =>
          setPassword(sql, account, { password, expiresAt, now: clock.now() }),
        );
        return {
          account: account.user,
          secret: password,
          usage: usageOf(target.url, account.user, password, bridgeName(one)),
        };
      },
    }),
    close: session.close,
  };
}

async function ownLogin(sql: Sql, own: Account): Promise<Account> {
  if (await exists(sql, own)) return own;
  throw new TargetRefusal(
    `there is no login "${own.user}"@"${own.host}" on this server; create it, or check login and host of the target`,
  );
}

function holdingsOf(found: readonly Held[], roles: readonly ListedRole<Role>[]): Holding[] {
  return found.flatMap(({ account, roles: held, bridge }) => {
    const gives = roles.filter(({ role }) => role.roles.every((one) => held.has(one)));
    const grantId = bridge === null ? null : bridge.slice('jit_'.length).toUpperCase();
    // What was made for a grant is one holding, of the first role that it gives; one that gives nothing any more, of none.
    const one = held.size === 0 ? [null] : gives.slice(0, 1).map(({ roleKey }) => roleKey);
    const keys = bridge === null ? gives.map(({ roleKey }) => roleKey) : one;
    return keys.map((role) => ({ account: shown(account), role, grantId }));
  });
}

/** `jit_g7k2m9q4tz1` */
const bridgeOf = (grantId: string): string => `jit_${grantId.toLowerCase()}`;
const bridgeName = ({ grantId }: Access<Role>): string => bridgeOf(grantId);
/** `jit_ana_g7k2m9q4tz1`: says whose it is, and is unique by the grant's id. */
const loginName = ({ person, grantId }: Access<Role>): string => {
  const who = (person.email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, WHO_LENGTH);
  return `jit_${who}_${grantId.toLowerCase()}`;
};

function usageOf(url: string, user: string, secret: string, bridge: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `mysql --host=${hostname} --port=${port || 3306} --user=${user} --password=${secret} --init-command='SET ROLE ${bridge}' ${pathname.slice(1)}`.trim();
}
