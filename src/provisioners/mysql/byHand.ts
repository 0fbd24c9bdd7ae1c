import type { ToTakeBack } from '../provisioner.ts';
import { accountFrom, accountName, name, text } from './accounts.ts';
import { bridgeOf } from './names.ts';
import type { Role, Target } from './schemas.ts';

/** Statements for a mysql session of somebody who may manage users. */
export function byHand({ grantId, account }: ToTakeBack<Role>, target: Target | null): readonly string[] {
  const bridge = name(bridgeOf(grantId));
  const ending = grantId.toLowerCase();
  if (account === null)
    return [
      `SELECT user, host FROM mysql.user WHERE user LIKE ${text(`jit\\_%\\_${ending}`)}; -- DROP USER each of them`,
      `DROP ROLE IF EXISTS ${bridge};`,
    ];
  const login = account.includes('@') ? accountFrom(account) : { user: account, host: target?.host ?? '%' };
  const isMade = login.user.startsWith('jit_') && login.user.endsWith(`_${ending}`);
  return [
    isMade ? `DROP USER IF EXISTS ${accountName(login)};` : `REVOKE ${bridge} FROM ${accountName(login)};`,
    `DROP ROLE IF EXISTS ${bridge};`,
    `SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = ${text(login.user)}; -- and run what it says`,
  ];
}
