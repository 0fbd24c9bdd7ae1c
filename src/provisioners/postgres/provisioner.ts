import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Holding, Log } from '../../ports.ts';
import { addressPlace, placeText } from '../place.ts';
import type { Access, Connection, ListedRole, Provisioner, Use } from '../provisioner.ts';
import * as access from './access.ts';
import { scramVerifier } from './scram.ts';
import { createSession, type Session } from './session.ts';

const targetSchema = z.strictObject({
  kind: z.literal('postgres'),
  url: z.string().regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:5432/database'),
  /** `temporary`: a login made for each grant. Otherwise a template for the name of the person's own login. */
  login: z
    .union([
      z.literal('temporary'),
      z.string().regex(/\{[a-z_]+\}/, 'expected temporary, or a template for a login name, such as {email_name}'),
    ])
    .default('temporary'),
});

const roleName = z.string().min(1).max(63, 'PostgreSQL names have at most 63 characters');
const roleSchema = z.strictObject({ roles: z.array(roleName).min(1, 'name at least one PostgreSQL role to grant') });

export type Target = z.infer<typeof targetSchema>;
export type Role = z.infer<typeof roleSchema>;

const PASSWORD_BYTES = 24;
const USUAL_PORT = 5432;

/** Gives membership of PostgreSQL roles, to a login made for the grant or to the person's own. */
export const postgres: Provisioner<Target, Role> = {
  kind: 'postgres',
  targetSchema,
  roleSchema,
  accountTemplate: ({ login }) => (login === 'temporary' ? null : login),
  placeOf: ({ url, login }) => placeText(addressPlace(url, USUAL_PORT), login === 'temporary' ? login : 'own logins'),
  connect,
};

function connect(target: Target, { log, accountOf }: Use): Connection<Role> {
  const session = createSession(target.url, log);
  const { login } = target;
  if (login !== 'temporary') return ownLogins(session, ({ person }) => accountOf(login, person), log);
  return {
    grant: (one, expiresAt) =>
      session.run((client) =>
        access.createLogin(client, {
          role: loginName(one),
          comment: commentOf(one),
          memberOf: one.role.roles,
          expiresAt,
        }),
      ),
    revoke: (one) => access.remove(session, loginName(one), null, log),
    isActive: (one) => session.run((client) => access.isPresent(client, loginName(one), null)),
    ...listing(session, log),
    afterlife: 0,
    check: (roles) => session.run((client) => access.checkRights(client, namesOf(roles))),
    issueCredential: async (one) => {
      const account = loginName(one);
      const secret = randomBytes(PASSWORD_BYTES).toString('base64url');
      await session.run((client) => access.setPassword(client, account, scramVerifier(secret)));
      return { account, secret, usage: connectionAddress(target.url, account, secret) };
    },
    close: session.close,
  };
}

/**
 * The person's own login gets the roles through a role made for the grant. Removing that one role cannot
 * touch what the login holds otherwise: from before, from outside, or from another grant.
 */
function ownLogins(session: Session, loginOf: (one: Access<Role>) => string, log: Log): Connection<Role> {
  return {
    grant: (one) =>
      session.run((client) =>
        access.createBridge(client, {
          role: bridgeName(one),
          comment: commentOf(one),
          memberOf: one.role.roles,
          login: loginOf(one),
        }),
      ),
    revoke: async (one) => {
      // Whose it is stands in the database: what the policy says of names may have changed meanwhile.
      const login = await session.run((client) => access.userOf(client, bridgeName(one)));
      await access.remove(session, bridgeName(one), login, log);
    },
    isActive: (one) => session.run((client) => access.isPresent(client, bridgeName(one), null)),
    ...listing(session, log),
    afterlife: 0,
    check: (roles) => session.run((client) => access.checkRights(client, namesOf(roles))),
    close: session.close,
  };
}

const namesOf = (roles: readonly ListedRole<Role>[]): string[] => [...new Set(roles.flatMap(({ role }) => role.roles))];

/** Who holds what. What stands in the comment of a role tells for which grant it was made. */
function listing(session: Session, log: Log): Required<Pick<Connection<Role>, 'list' | 'remove'>> {
  return {
    list: async (roles) => {
      const found = await session.run((client) => access.findHolders(client, namesOf(roles)));
      const holdings = new Map<string, Holding>();
      const add = (one: Holding) => holdings.set(JSON.stringify(one), one);
      for (const [account, held] of Map.groupBy(found, (one) => one.account)) {
        const gives = held.flatMap((one) => one.gives ?? []);
        const made = COMMENT.exec(held[0]?.comment ?? '');
        // Made for another resource on the same server: that one's list has it.
        if (made && !roles.some(({ roleKey }) => roleKey === made[1])) continue;
        if (made) add({ account, role: made[1] ?? null, grantId: made[2] ?? null });
        else
          for (const { roleKey, role } of roles)
            if (role.roles.every((name) => gives.includes(name))) add({ account, role: roleKey, grantId: null });
      }
      return [...holdings.values()];
    },
    remove: async (holding, role) => {
      if (holding.grantId !== null) {
        const user = await session.run((client) => access.userOf(client, holding.account));
        return access.remove(session, holding.account, user, log);
      }
      await session.run((client) => access.takeFrom(client, holding.account, role?.roles ?? []));
    },
  };
}

/** `jit_ana_7k2m9q4tz1`: says whose it is, and is unique by the grant's id. */
const loginName = ({ person, grantId }: Access<Role>): string => {
  const who = (person.email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  return `jit_${who}_${grantId.toLowerCase()}`;
};
const bridgeName = ({ grantId }: Access<Role>): string => `jit_${grantId.toLowerCase()}`;
/** What `commentOf` writes. */
const COMMENT = /^jitbot: (\S+) for \S+, grant (G\w+)$/;
const commentOf = ({ grantId, roleKey, person }: Access<Role>): string =>
  `jitbot: ${roleKey} for ${person.email}, grant ${grantId}`;

function connectionAddress(url: string, account: string, secret: string): string {
  const address = new URL(url);
  address.username = account;
  address.password = secret;
  return address.toString();
}
