import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { POSTGRES_FIELDS } from '../../wording/targets/postgres.ts';
import { addressFor, databaseAddress, userOf } from '../address.ts';
import { addressPlace, placeText } from '../place.ts';
import type { Access, Connection, ListedRole, Provisioner, Use } from '../provisioner.ts';
import { byHand } from './byHand.ts';
import { checkRights } from './doctor.ts';
import { endedRoles, finish, type Owners } from './finish.ts';
import { createBridge, createLogin, setPassword, stamp } from './give.ts';
import { listHoldings, takeFrom } from './holders.ts';
import { bridgeName, loginName, markOf } from './identity.ts';
import { isInUse, type Place, type Taking, takeBack, takeWhatIsMarked } from './revoke.ts';
import { scramVerifier } from './scram.ts';
import { createSession } from './session.ts';

const roleName = z.string().min(1).max(63, POSTGRES_FIELDS.roleName);

const targetSchema = z.strictObject({
  kind: z.literal('postgres'),
  url: databaseAddress(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:5432/database', true),
  /** `temporary` for a login made for each grant, or a template for the name of the person's own login. */
  login: z.union([z.literal('temporary'), z.string().regex(/\{[a-z_]+\}/, POSTGRES_FIELDS.login)]).default('temporary'),
  /** Limit of connections of a login that is made for a grant. 10 if absent. */
  connections: z.int().min(1).max(1000).optional(),
  /**
   * The role that gets what a temporary login leaves behind. It must be able to do nothing. If absent, `jitbot_leftovers`,
   * which is created.
   */
  leftovers_owner: roleName.optional(),
  /** The role that gets tables and sequences that a temporary login leaves behind, for an application that needs them. */
  keep_owner: roleName.optional(),
});

const roleSchema = z.strictObject({
  roles: z.array(roleName).min(1, POSTGRES_FIELDS.noRole),
});

export type Target = z.infer<typeof targetSchema>;
export type Role = z.infer<typeof roleSchema>;

const PASSWORD_BYTES = 24;
const CONNECTIONS = 10;
const LEFTOVERS = 'jitbot_leftovers';
const USUAL_PORT = 5432;

/** Gives membership of PostgreSQL roles, to a login made for the grant or to the person's own. */
export const postgres: Provisioner<Target, Role> = {
  kind: 'postgres',
  targetSchema,
  roleSchema,
  accountTemplate: ({ login }) => (login === 'temporary' ? null : login),
  placeOf: ({ url, login }) => placeText(addressPlace(url, USUAL_PORT), login === 'temporary' ? login : 'own logins'),
  byHand,
  connect,
};

function connect(target: Target, { log, ids, accountOf }: Use): Connection<Role> {
  const session = createSession(target.url, log);
  const owners: Owners = { leftovers: target.leftovers_owner ?? LEFTOVERS, tables: target.keep_owner ?? null };
  const place: Place = { session, book: ids, owners, log };
  const { login, connections = CONNECTIONS } = target;
  const isTemporary = login === 'temporary';
  const nameOf = isTemporary ? loginName : bridgeName;
  const takingOf = (one: Access<Role>): Taking => ({ grantId: one.grantId, name: nameOf(one), roles: one.role.roles });

  return {
    grant: (one, expiresAt) => {
      const toMake = { grantId: one.grantId, name: nameOf(one), comment: markOf(one), memberOf: one.role.roles };
      return isTemporary
        ? createLogin(session, ids, { ...toMake, expiresAt, connections })
        : createBridge(session, ids, { ...toMake, login: accountOf(login, one.person) });
    },
    revoke: (one) => takeBack(place, takingOf(one)),
    isActive: (one) => isInUse(place, takingOf(one)),
    stamp: (one) => stamp(session, ids, { ...takingOf(one), isBridge: !isTemporary }),
    list: (roles) => listHoldings(session, ids, roles),
    remove: async (holding, role) => {
      const { account, grantId } = holding;
      const roles = role?.roles ?? [];
      if (grantId === null) return takeFrom(session, ids, account, { roleKey: holding.role ?? '', role: { roles } });
      await takeWhatIsMarked(place, { grantId, name: account, roles });
    },
    tidy: async () => {
      for (const made of await session.transaction((client) => endedRoles(client, ids))) {
        const left = await finish(session, made, { owners, roles: [] });
        const stays = left.some(({ what }) => what === `role ${made.name}`);
        if (!stays) log.info({ role: made.name, left }, 'leftovers of ended access were cleaned up');
      }
    },
    afterlife: 0,
    check: (roles) => checkRights(session, { roles: namesOf(roles), owners, user: userOf(target.url), isTemporary }),
    ...(isTemporary && {
      issueCredential: async (one: Access<Role>) => {
        const secret = randomBytes(PASSWORD_BYTES).toString('base64url');
        const account = await setPassword(session, ids, takingOf(one), scramVerifier(secret));
        return { account, secret, usage: addressFor(target.url, account, secret) };
      },
    }),
    close: session.close,
  };
}

const namesOf = (roles: readonly ListedRole<Role>[]): string[] => [...new Set(roles.flatMap(({ role }) => role.roles))];
