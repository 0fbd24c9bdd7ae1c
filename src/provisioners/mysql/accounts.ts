/** The logins and roles that are made for grants, on MySQL and MariaDB. */

import { createHash, randomInt } from 'node:crypto';
import { type Instant, SECOND } from '../../domain/terms.ts';
import { MYSQL } from '../../wording/targets/mysql.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Sql } from './sql.ts';

const DAY_S = 86_400;
/** Limit of connections per login made for a grant: enough for a person and their tools, too few to fill a server. */
export const LOGIN_CONNECTIONS = 10;

export interface Account {
  readonly user: string;
  readonly host: string;
}

export const name = (identifier: string): string => `\`${identifier.replaceAll('`', '``')}\``;
export const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
export const accountName = ({ user, host }: Account): string => `${text(user)}@${text(host)}`;
export const shown = ({ user, host }: Account): string => `${user}@${host}`;
export const accountFrom = (text: string): Account => {
  const at = text.lastIndexOf('@');
  return { user: text.slice(0, at), host: text.slice(at + 1) };
};
export const isSame = (one: Account, other: Account): boolean => one.user === other.user && one.host === other.host;

export interface Edge extends Account {
  /** Name of the login, or of a role, which has no host in MariaDB. */
  readonly user: string;
  readonly host: string;
  readonly role: string;
  readonly roleHost: string;
  readonly isAdmin: boolean;
}

export async function edges(sql: Sql): Promise<Edge[]> {
  const rows = await sql.query<Omit<Edge, 'isAdmin'> & { admin: string }>(
    sql.isMariaDb
      ? "SELECT User AS user, Host AS host, Role AS role, '' AS roleHost, Admin_option AS admin FROM mysql.roles_mapping"
      : 'SELECT TO_USER AS user, TO_HOST AS host, FROM_USER AS role, FROM_HOST AS roleHost, WITH_ADMIN_OPTION AS admin FROM mysql.role_edges',
  );
  return rows.map(({ admin, ...edge }) => ({ ...edge, isAdmin: admin === 'Y' }));
}

export async function whoAmI(sql: Sql): Promise<Account> {
  const [row] = await sql.query<{ me: string }>('SELECT CURRENT_USER() AS me');
  return accountFrom(row?.me ?? '');
}

/** Whether a login or role with this name exists. */
export const exists = async (sql: Sql, { user, host }: Account): Promise<boolean> =>
  (await sql.query('SELECT 1 FROM mysql.user WHERE User = ? AND Host = ?', [user, host])).length > 0;

/** Whether the role of a grant exists. A login with the same name does not count. */
export const bridgeExists = (sql: Sql, bridge: string): Promise<boolean> =>
  exists(sql, { user: bridge, host: sql.isMariaDb ? '' : '%' });

/**
 * The logins that have the role of a grant. In MariaDB the creator of a role administers it, and nobody else may grant it.
 * So if the bot administers the role, a login with it is the one that the bot gave it to, even if it was renamed. Otherwise
 * the role is somebody else's and proves nothing.
 */
export async function holdersOfBridge(sql: Sql, bridge: string): Promise<Account[]> {
  const me = await whoAmI(sql);
  const all = (await edges(sql)).filter(({ role }) => role === bridge);
  return sql.isMariaDb && !all.some((edge) => isSame(edge, me) && edge.isAdmin)
    ? []
    : all.filter(({ isAdmin }) => !isAdmin);
}

/** Creates the role of one grant, which connects the granted roles with the login. */
export async function createBridge(sql: Sql, bridge: string, roles: readonly string[]): Promise<void> {
  if (await bridgeExists(sql, bridge)) {
    const me = await whoAmI(sql);
    const isMine = (await edges(sql)).some((edge) => edge.role === bridge && isSame(edge, me) && edge.isAdmin);
    if (sql.isMariaDb && !isMine) throw new TargetRefusal(MYSQL.roleNotOurs(bridge));
  } else await sql.query(`CREATE ROLE ${name(bridge)}`);
  for (const role of roles) await sql.query(`GRANT ${name(role)} TO ${name(bridge)}`);
}

/** Creates the login of one grant, locked until its person asks for a password. */
export async function createLogin(sql: Sql, account: Account, bridge: string): Promise<void> {
  const isThere = (await holdersOfBridge(sql, bridge)).some((one) => isSame(one, account));
  if (!isThere) {
    // A login without the role is incomplete or somebody else's, so it is created again.
    await sql.query(`DROP USER IF EXISTS ${accountName(account)}`);
    await identified(sql, newPassword(), (by) =>
      sql.query(
        `CREATE USER ${accountName(account)} ${by} WITH MAX_USER_CONNECTIONS ${LOGIN_CONNECTIONS} ACCOUNT LOCK`,
      ),
    );
    await give(sql, account, bridge);
  }
  // In MariaDB, setting another login's default role takes write access to the server's own tables.
  if (!sql.isMariaDb) await sql.query(`SET DEFAULT ROLE ${name(bridge)} TO ${accountName(account)}`);
}

export async function give(sql: Sql, account: Account, bridge: string): Promise<void> {
  await sql.query(`GRANT ${name(bridge)} TO ${accountName(account)}`);
}

/**
 * Sets a password with the server's own expiry, which counts in days from now and locks out a login that nobody removes.
 */
export async function setPassword(
  sql: Sql,
  account: Account,
  { password, expiresAt, now }: { password: string; expiresAt: Instant; now: Instant },
): Promise<void> {
  const days = Math.max(1, Math.ceil((expiresAt - now) / SECOND / DAY_S));
  await identified(sql, password, (by) =>
    sql.query(`ALTER USER ${accountName(account)} ${by} PASSWORD EXPIRE INTERVAL ${days} DAY ACCOUNT UNLOCK`),
  );
}

/**
 * Sends MariaDB a hash, so that the password itself is never sent. A server that checks passwords cannot check a hash and
 * refuses it: that server gets the password.
 */
async function identified(sql: Sql, password: string, statement: (by: string) => Promise<unknown>): Promise<void> {
  await statement(
    (await checksPasswords(sql))
      ? `IDENTIFIED BY ${text(password)}`
      : `IDENTIFIED VIA mysql_native_password USING ${text(nativeHash(password))}`,
  );
}

/** Whether a password has to be shown to the server to be accepted. */
export async function checksPasswords(sql: Sql): Promise<boolean> {
  if (!sql.isMariaDb) return true;
  const [row] = await sql.query<{ checks: number }>(
    `SELECT @@strict_password_validation AND EXISTS (SELECT 1 FROM information_schema.PLUGINS
       WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' AND PLUGIN_STATUS = 'ACTIVE') AS checks`,
  );
  return Number(row?.checks) === 1;
}

/** The hash that MariaDB stores for a password. */
function nativeHash(password: string): string {
  const sha1 = (data: string | Buffer) => createHash('sha1').update(data).digest();
  return `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;
}

/** Characters of each kind in a password. Servers that check passwords demand one or two of each. */
export const OF_EACH = 8;
const KINDS = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789', '-_.+'];

/** A password of more than 110 bits, from letters, digits and marks that no shell interprets. It passes every server's check. */
export function newPassword(): string {
  const picked = KINDS.flatMap((kind) => Array.from({ length: OF_EACH }, () => kind[randomInt(kind.length)] ?? ''));
  for (let last = picked.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [picked[last], picked[other]] = [picked[other] ?? '', picked[last] ?? ''];
  }
  return picked.join('');
}
