import { randomBytes } from 'node:crypto';
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
import * as access from './access.ts';
import { createSession } from './session.ts';

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

const PASSWORD_BYTES = 24;
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

function connect(target: Target, { clock, accountOf }: Use): Connection<Role> {
  const session = createSession(target.url);
  const { login: template, host } = target;
  const isTemporary = template === 'temporary';
  const loginOf = (one: Access<Role>): access.Account | null => (isTemporary ? { user: loginName(one), host } : null);

  return {
    grant: (one) =>
      session.locked(bridgeName(one), async (sql) => {
        const bridge = bridgeName(one);
        const login = loginOf(one);
        if (login) {
          await access.createBridge(sql, bridge, one.role.roles);
          await access.createLogin(sql, login, bridge);
          return { account: login.user };
        }
        const own = { user: accountOf(template, one.person), host };
        if (!(await access.exists(sql, own)))
          throw new TargetRefusal(
            `there is no login "${own.user}"@"${host}" on this server; create it, or check login and host of the target`,
          );
        await access.createBridge(sql, bridge, one.role.roles);
        await access.give(sql, own, bridge);
        return { account: `${own.user}, after SET ROLE ${bridge}` };
      }),
    revoke: (one) => session.locked(bridgeName(one), (sql) => access.remove(sql, bridgeName(one), loginOf(one))),
    isActive: (one) => session.run((sql) => access.isPresent(sql, { bridge: bridgeName(one), login: loginOf(one) })),
    afterlife: 0,
    list: (roles) => session.run(async (sql) => holdingsOf(await access.findHolders(sql, isBridge), roles)),
    remove: (holding, role) =>
      holding.grantId === null
        ? session.run((sql) => access.takeFrom(sql, accountFrom(holding.account), role?.roles ?? []))
        : session.locked(bridgeOf(holding.grantId), (sql) => {
            const account = accountFrom(holding.account);
            const wasMade = account.user.endsWith(`_${bridgeOf(holding.grantId ?? '').slice('jit_'.length)}`);
            return access.remove(sql, bridgeOf(holding.grantId ?? ''), wasMade ? account : null);
          }),
    check: (roles) =>
      session.run((sql) => access.checkRights(sql, [...new Set(roles.flatMap(({ role }) => role.roles))])),
    ...(isTemporary && {
      issueCredential: async (one: Access<Role>, expiresAt: number) => {
        const account = { user: loginName(one), host };
        const secret = randomBytes(PASSWORD_BYTES).toString('base64url');
        await session.locked(bridgeName(one), (sql) =>
          access.setPassword(sql, account, { password: secret, expiresAt, now: clock.now() }),
        );
        return { account: account.user, secret, usage: usageOf(target.url, account.user, secret, bridgeName(one)) };
      },
    }),
    close: session.close,
  };
}

function holdingsOf(found: readonly access.Held[], roles: readonly ListedRole<Role>[]): Holding[] {
  return found.flatMap(({ account, roles: held, bridge }) => {
    const gives = roles.filter(({ role }) => role.roles.every((one) => held.has(one)));
    const shown = `${account.user}@${account.host}`;
    const grantId = bridge === null ? null : bridge.slice('jit_'.length).toUpperCase();
    // A bridge is one holding, of the first role that it gives.
    return (bridge === null ? gives : gives.slice(0, 1)).map(({ roleKey }) => ({
      account: shown,
      role: roleKey,
      grantId,
    }));
  });
}

/** `jit_g7k2m9q4tz1` */
const bridgeOf = (grantId: string): string => `jit_${grantId.toLowerCase()}`;
const bridgeName = ({ grantId }: Access<Role>): string => bridgeOf(grantId);
const isBridge = (role: string): boolean => /^jit_g[0-9a-z]+$/.test(role);
/** `jit_ana_g7k2m9q4tz1`: says whose it is, and is unique by the grant's id. */
const loginName = ({ person, grantId }: Access<Role>): string => {
  const who = (person.email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, WHO_LENGTH);
  return `jit_${who}_${grantId.toLowerCase()}`;
};

function accountFrom(shown: string): access.Account {
  const at = shown.lastIndexOf('@');
  return { user: shown.slice(0, at), host: shown.slice(at + 1) };
}

function usageOf(url: string, user: string, secret: string, bridge: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `mysql --host=${hostname} --port=${port || 3306} --user=${user} --password=${secret} --init-command='SET ROLE ${bridge}' ${pathname.slice(1)}`.trim();
}
