/** Giving the roles of a grant, and a password for the login that was made for it. */

import type { Instant } from '../../domain/terms.ts';
import type { Credential, IdBook } from '../../ports/targets.ts';
import { MYSQL } from '../../wording/targets/mysql.ts';
import { type Access, TargetRefusal } from '../provisioner.ts';
import { type Account, createBridge, createLogin, exists, give, newPassword, setPassword } from './accounts.ts';
import { keepAccounts } from './book.ts';
import { bridgeName, loginName } from './names.ts';
import { keepPrepared } from './prepared.ts';
import type { Role, Target } from './schemas.ts';
import { keepWhereAndWhen } from './server.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';

export interface Giving {
  readonly target: Target;
  readonly session: Session;
  readonly ids: IdBook;
  readonly now: () => Instant;
  /** Names the person's own login; null if one is made for each grant. */
  readonly ownLoginOf: ((one: Access<Role>) => Account) | null;
}

export const giveRoles = (
  { session, ids, target, ownLoginOf }: Giving,
  one: Access<Role>,
): Promise<{ account: string }> =>
  session.granting(bridgeName(one), async (sql) => {
    const bridge = bridgeName(one);
    const own = ownLoginOf && (await there(sql, ownLoginOf(one)));
    const account = own ?? { user: loginName(one), host: target.host };
    // Stored before anything is created, so that nothing is lost in a crash.
    await keepWhereAndWhen(sql, one.grantId, ids);
    await keepPrepared(sql, one.grantId, ids);
    await keepAccounts(one.grantId, [account], ids);
    await createBridge(sql, bridge, one.role.roles);
    if (own) {
      await give(sql, own, bridge);
      return { account: MYSQL.ownLogin(own.user, bridge) };
    }
    await createLogin(sql, account, bridge);
    return { account: account.user };
  });

/** The person's own login. @throws if it does not exist */
async function there(sql: Sql, own: Account): Promise<Account> {
  if (await exists(sql, own)) return own;
  throw new TargetRefusal(MYSQL.noLogin(own.user, own.host));
}

/** Sets a new password for a login that was made for a grant. */
export async function issuePassword(
  { session, now, target: { url, host } }: Giving,
  one: Access<Role>,
  expiresAt: Instant,
): Promise<Credential> {
  const account = { user: loginName(one), host };
  const password = newPassword();
  await session.granting(bridgeName(one), (sql) => setPassword(sql, account, { password, expiresAt, now: now() }));
  return { account: account.user, secret: password, usage: usageOf(url, account.user, password, bridgeName(one)) };
}

function usageOf(url: string, user: string, secret: string, bridge: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `mysql --host=${hostname} --port=${port || 3306} --user=${user} --password=${secret} --init-command='SET ROLE ${bridge}' ${pathname.slice(1)}`.trim();
}
