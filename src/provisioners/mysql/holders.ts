/** Who holds which roles on the server, directly or through others. */

import { MYSQL } from '../../wording/targets/mysql.ts';
import { TargetRefusal } from '../provisioner.ts';
import { type Account, accountName, type Edge, edges, isSame, name, shown, whoAmI } from './accounts.ts';
import type { Session } from './session.ts';
import { endSessions, sessionsOf } from './sessions.ts';
import type { Sql } from './sql.ts';

export interface Held {
  readonly account: Account;
  readonly roles: ReadonlySet<string>;
  /** The grant's role through which it is held; null if there is none. */
  readonly bridge: string | null;
}

/** `jit_g7k2m9q4tz1` */
export const isBridge = (role: string): boolean => /^jit_g[0-9a-z]+$/.test(role);
/** The role of the grant that a login was made for: `jit_g7k2m9q4tz1` for `jit_ana_g7k2m9q4tz1`. */
const bridgeOfLogin = (user: string): string | null => {
  const grant = /^jit_.*_(g[0-9a-z]+)$/.exec(user)?.[1];
  return grant === undefined ? null : `jit_${grant}`;
};

/**
 * Every login that holds roles directly or through other roles, except the bot's own. A login that shares its name with a
 * role is still a login.
 */
export async function findHolders(sql: Sql): Promise<Held[]> {
  const all = await edges(sql);
  const me = await whoAmI(sql);
  const keyOf = (user: string, host: string): string => JSON.stringify([user, host]);
  const isRole = new Set(all.map(({ role, roleHost }) => keyOf(role, roleHost)));
  const from = Map.groupBy(all, ({ user, host }) => keyOf(user, host));
  const withAll = (held: readonly Edge[]): Set<string> => {
    const reached = new Map(held.map(({ role, roleHost }) => [keyOf(role, roleHost), role]));
    // A map can grow while it is walked: what is added is visited too.
    for (const [key] of reached)
      for (const edge of from.get(key) ?? []) reached.set(keyOf(edge.role, edge.roleHost), edge.role);
    return new Set(reached.values());
  };
  // In MariaDB, PUBLIC means everybody.
  const ofLogins = [...from].filter(
    ([key, [one]]) => one && !isSame(one, me) && (!isRole.has(key) || one.user === 'PUBLIC'),
  );
  return ofLogins
    .filter(([, [one]]) => !sql.isMariaDb || one?.host !== '' || one.user === 'PUBLIC')
    .flatMap(([, held]): Held[] => {
      const [{ user, host } = { user: '', host: '' }] = held;
      const account = { user, host };
      const otherwise = held.filter(({ role }) => !isBridge(role));
      return [
        ...held
          .filter(({ role }) => isBridge(role))
          .map((one) => ({ account, roles: withAll([one]), bridge: one.role })),
        ...(otherwise.length > 0 ? [{ account, roles: withAll(otherwise), bridge: null }] : []),
      ];
    });
}

/** Logins and sessions that were made for a grant and hold no role, which `findHolders` does not return. */
export async function findStray(sql: Sql): Promise<Held[]> {
  const logins = await sql.query<Account>(
    "SELECT User AS user, Host AS host FROM mysql.user WHERE User LIKE 'jit\\\\_%'",
  );
  const holds = new Set((await edges(sql)).map(shown));
  const names = new Set(logins.map(({ user }) => user));
  const open = await openLogins(sql, names);
  const roles: ReadonlySet<string> = new Set();
  return [...logins.filter((one) => !holds.has(shown(one))), ...open].flatMap((account): Held[] => {
    const bridge = bridgeOfLogin(account.user);
    return bridge === null ? [] : [{ account, roles, bridge }];
  });
}

/** Logins that no longer exist but have a session: one that was hidden when sessions were ended can appear later. */
async function openLogins(sql: Sql, known: ReadonlySet<string>): Promise<Account[]> {
  const rows = await sql.query<{ user: string }>(
    "SELECT DISTINCT USER AS user FROM information_schema.PROCESSLIST WHERE USER LIKE 'jit\\\\_%'",
  );
  const users = rows.map(({ user }) => user).filter((user) => !known.has(user));
  const open = await sessionsOf(sql, new Set(users));
  return [...new Set(open.map(({ user }) => user))].map((user) => ({ user, host: '%' }));
}

/** Takes roles from a login that got them outside the bot. */
export async function takeFrom(session: Session, account: Account, roles: readonly string[]): Promise<void> {
  await session.run(async (sql) => {
    for (const role of roles) {
      const isDirect = (await edges(sql)).some((edge) => isSame(edge, account) && edge.role === role);
      if (isDirect)
        await sql.query(`REVOKE ${name(role)} FROM ${account.user === 'PUBLIC' ? 'PUBLIC' : accountName(account)}`);
    }
    const left = (await findHolders(sql)).find((held) => held.bridge === null && isSame(held.account, account));
    const role = roles.find((one) => left?.roles.has(one));
    if (role !== undefined) throw new TargetRefusal(MYSQL.throughOther(account.user, role));
  });
  const users = new Set([account.user]);
  const open = await session.run((sql) => sessionsOf(sql, users));
  await endSessions(session, users, new Set(open.map(({ id }) => id)));
}
