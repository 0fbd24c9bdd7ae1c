/** Logins and roles: what is made for a grant, where MySQL and MariaDB differ and where they do not. */

import { createHash, randomInt } from 'node:crypto';
import { type Instant, SECOND } from '../../domain/terms.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Sql } from './sql.ts';

const DAY_S = 86_400;
/** Connections that a login made for a grant may hold at once: enough for people and their tools, too few to fill a server. */
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
  /** Who has it: a login, or a role, which has no host in MariaDB. */
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

/** Whether there is a login or a role of this name. */
export const exists = async (sql: Sql, { user, host }: Account): Promise<boolean> =>
  (await sql.query('SELECT 1 FROM mysql.user WHERE User = ? AND Host = ?', [user, host])).length > 0;

/** Whether the role of a grant is there. A login that is called like it is none. */
export const bridgeExists = (sql: Sql, bridge: string): Promise<boolean> =>
  exists(sql, { user: bridge, host: sql.isMariaDb ? '' : '%' });

/**
 * Whose login uses the role of a grant. In MariaDB whoever makes a role administers it, and nobody else may give it away: that is
 * the bot's mark, and a login with the role is the one that the bot gave it to, whatever it is called by now. A role of that name
 * without the mark is somebody else's, and says nothing about anybody.
 */
export async function holdersOfBridge(sql: Sql, bridge: string): Promise<Account[]> {
  const me = await whoAmI(sql);
  const all = (await edges(sql)).filter(({ role }) => role === bridge);
  return sql.isMariaDb && !all.some((edge) => isSame(edge, me) && edge.isAdmin)
    ? []
    : all.filter(({ isAdmin }) => !isAdmin);
}

/** A role for one grant, which stands between what is granted and whoever gets it. */
export async function createBridge(sql: Sql, bridge: string, roles: readonly string[]): Promise<void> {
  if (await bridgeExists(sql, bridge)) {
    const me = await whoAmI(sql);
    const isMine = (await edges(sql)).some((edge) => edge.role === bridge && isSame(edge, me) && edge.isAdmin);
    if (sql.isMariaDb && !isMine)
      throw new TargetRefusal(`there is a role "${bridge}" that is not the bot's; find out who made it, and drop it`);
  } else await sql.query(`CREATE ROLE ${name(bridge)}`);
  for (const role of roles) await sql.query(`GRANT ${name(role)} TO ${name(bridge)}`);
}

/** A login for one grant, locked until its person asks for a password. */
export async function createLogin(sql: Sql, account: Account, bridge: string): Promise<void> {
  const isThere = (await holdersOfBridge(sql, bridge)).some((one) => isSame(one, account));
  if (!isThere) {
    // One that does not have the role is not whole, or is somebody else's: it begins anew.
    await sql.query(`DROP USER IF EXISTS ${accountName(account)}`);
    await identified(sql, newPassword(), (by) =>
      sql.query(
        `CREATE USER ${accountName(account)} ${by} WITH MAX_USER_CONNECTIONS ${LOGIN_CONNECTIONS} ACCOUNT LOCK`,
      ),
    );
    await give(sql, account, bridge);
  }
  // In MariaDB only who may write to the server's own tables may choose the default role of somebody else.
  if (!sql.isMariaDb) await sql.query(`SET DEFAULT ROLE ${name(bridge)} TO ${accountName(account)}`);
}

export async function give(sql: Sql, account: Account, bridge: string): Promise<void> {
  await sql.query(`GRANT ${name(bridge)} TO ${accountName(account)}`);
}

/**
 * Sets a password. The server's own expiry of passwords counts in days, from now: it is what ends a login that nobody
 * removes.
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
 * MariaDB is sent a hash, so that the password itself never travels, except where the server checks passwords: a hash cannot
 * be checked, and it refuses one.
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

/** What MariaDB stores of a password. */
function nativeHash(password: string): string {
  const sha1 = (data: string | Buffer) => createHash('sha1').update(data).digest();
  return `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;
}

/** How many of each kind a password has at least; servers that check passwords want one or two of each. */
export const OF_EACH = 8;
const KINDS = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789', '-_.+'];

/** Of letters, digits and marks that no shell reads, in random order: more than 110 bits, and whatever a server demands. */
export function newPassword(): string {
  const picked = KINDS.flatMap((kind) => Array.from({ length: OF_EACH }, () => kind[randomInt(kind.length)] ?? ''));
  for (let last = picked.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [picked[last], picked[other]] = [picked[other] ?? '', picked[last] ?? ''];
  }
  return picked.join('');
}
