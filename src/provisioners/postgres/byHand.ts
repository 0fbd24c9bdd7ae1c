import type { ToTakeBack } from '../provisioner.ts';
import { bridgeName, literal, loginName, quote } from './identity.ts';

/**
 * Statements for psql, as somebody who may manage roles. Sessions end, and what the login owns is handed over, before it is
 * dropped.
 */
export function byHand(
  one: ToTakeBack<{ readonly roles: readonly string[] }>,
  target: { readonly leftovers_owner?: string | undefined } | null,
): readonly string[] {
  const login = loginName(one);
  const isOwn = one.account !== null && one.account !== login;
  const made = isOwn ? bridgeName(one) : login;
  const heir = quote(target?.leftovers_owner ?? 'jitbot_leftovers');
  const user = isOwn ? (one.account ?? made) : made;
  return [
    isOwn ? `REVOKE ${quote(made)} FROM ${quote(user)};` : `ALTER ROLE ${quote(made)} NOLOGIN;`,
    `REVOKE ${one.role.roles.map(quote).join(', ')} FROM ${quote(made)};`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${literal(user)};`,
    `REASSIGN OWNED BY ${quote(made)} TO ${heir}; DROP OWNED BY ${quote(made)}; -- in each database of the server`,
    `DROP ROLE ${quote(made)};`,
  ];
}
