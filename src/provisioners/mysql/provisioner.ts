import type { Holding } from '../../ports/targets.ts';
import { addressPlace, placeText } from '../place.ts';
import {
  type Access,
  type Connection,
  type ListedRole,
  type Provisioner,
  TargetRefusal,
  type Use,
} from '../provisioner.ts';
import { accountFrom, shown } from './accounts.ts';
import { keepServer, knownAccounts, type Made, usersIn } from './book.ts';
import { byHand } from './byHand.ts';
import { type Books, end, isMade, isPresent } from './ending.ts';
import { type Giving, giveRoles, issuePassword } from './give.ts';
import { findHolders, findStray, type Held, takeFrom } from './holders.ts';
import { bridgeName, bridgeOf, loginName } from './names.ts';
import { owedTo } from './owed.ts';
import { checkRights } from './rights.ts';
import { type Role, roleSchema, type Target, targetSchema } from './schemas.ts';
import { isSameServer, OTHER_SERVER, serverId } from './server.ts';
import { createSession } from './session.ts';

const USUAL_PORT = 3306;

/** Gives roles of MySQL or MariaDB, to a login made for the grant or to the person's own. */
export const mysql: Provisioner<Target, Role> = {
  kind: 'mysql',
  targetSchema,
  roleSchema,
  packages: ['mysql2'],
  accountTemplate: ({ login }) => (login === 'temporary' ? null : login),
  placeOf: ({ url, login, host }) =>
    placeText(addressPlace(url, USUAL_PORT), login === 'temporary' ? login : 'own logins', `@${host}`),
  byHand,
  connect,
};

function connect(target: Target, { clock, ids, log, accountOf }: Use): Connection<Role> {
  const session = createSession(target.url, log);
  const { login: template, host } = target;
  const isTemporary = template === 'temporary';
  const giving: Giving = {
    target,
    session,
    ids,
    now: clock.now,
    ownLoginOf: isTemporary ? null : ({ person }) => ({ user: accountOf(template, person), host }),
  };
  const madeFor = (one: Access<Role>): Made => ({
    grantId: one.grantId,
    bridge: bridgeName(one),
    login: isTemporary ? { user: loginName(one), host } : null,
    roles: one.role.roles,
  });
  const { owe, tidy } = owedTo(session, log);
  const books: Books = { ids, log, owe };
  const takeBack = (made: Made) =>
    session.ending(
      made.bridge,
      async () => [...usersIn(made, await knownAccounts(made, ids))],
      () => end(session, made, books),
    );

  return {
    grant: (one) => giveRoles(giving, one),
    revoke: async (one) => ({ left: await takeBack(madeFor(one)) }),
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
      const roles = role?.roles ?? [];
      if (holding.grantId === null) await takeFrom(session, accountFrom(holding.account), roles);
      else await takeBack(madeBy(holding.grantId, holding.account, roles));
    },
    tidy,
    check: (roles) => checkRights(session, [...new Set(roles.flatMap(({ role }) => role.roles))]),
    ...(isTemporary && {
      issueCredential: (one: Access<Role>, expiresAt: number) => issuePassword(giving, one, expiresAt),
    }),
    close: session.close,
  };
}

/** What was made for a grant, derived from the account that was found. */
function madeBy(grantId: string, account: string, roles: readonly string[]): Made {
  const bridge = bridgeOf(grantId);
  const login = accountFrom(account);
  const wasMade = login.user.endsWith(`_${bridge.slice('jit_'.length)}`);
  return { grantId, bridge, login: wasMade ? login : null, roles };
}

function holdingsOf(found: readonly Held[], roles: readonly ListedRole<Role>[]): Holding[] {
  return found.flatMap(({ account, roles: held, bridge }) => {
    const gives = roles.filter(({ role }) => role.roles.every((one) => held.has(one)));
    const grantId = bridge === null ? null : bridge.slice('jit_'.length).toUpperCase();
    // Everything made for one grant is one holding: of the first role that it gives, or of no role if it no longer gives any.
    const one = held.size === 0 ? [null] : gives.slice(0, 1).map(({ roleKey }) => roleKey);
    const keys = bridge === null ? gives.map(({ roleKey }) => roleKey) : one;
    return keys.map((role) => ({ account: shown(account), role, grantId }));
  });
}
