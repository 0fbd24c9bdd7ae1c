import { createHash } from 'node:crypto';
import { type Instant, SECOND } from '../../domain/terms.ts';
import type { Finding } from '../../ports.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Sql } from './session.ts';

/** The statements, where MySQL and MariaDB differ and where they do not. */

const DAY_S = 86_400;
/** How often and how long to look whether sessions that were ended are gone. */
const KILL_LOOKS = 20;
const KILL_PAUSE_MS = 100;

export interface Account {
  readonly user: string;
  readonly host: string;
}

const name = (identifier: string): string => `\`${identifier.replaceAll('`', '``')}\``;
const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const accountName = ({ user, host }: Account): string => `${text(user)}@${text(host)}`;

/** A role for one grant, which stands between what is granted and whoever gets it. */
export async function createBridge(sql: Sql, bridge: string, roles: readonly string[]): Promise<void> {
  await sql.query(`CREATE ROLE IF NOT EXISTS ${name(bridge)}`);
  for (const role of roles) await sql.query(`GRANT ${name(role)} TO ${name(bridge)}`);
}

/** A login for one grant, locked until its person asks for a password. */
export async function createLogin(sql: Sql, account: Account, bridge: string): Promise<void> {
  await sql.query(`CREATE USER IF NOT EXISTS ${accountName(account)} ACCOUNT LOCK`);
  await give(sql, account, bridge);
  // In MariaDB only who may write to the server's own tables may choose the default role of somebody else.
  if (!sql.isMariaDb) await sql.query(`SET DEFAULT ROLE ${name(bridge)} TO ${accountName(account)}`);
}

export async function give(sql: Sql, account: Account, bridge: string): Promise<void> {
  await sql.query(`GRANT ${name(bridge)} TO ${accountName(account)}`);
}

/** Whether somebody can log in by this name. */
export const exists = async (sql: Sql, { user, host }: Account): Promise<boolean> =>
  (await sql.query('SELECT 1 FROM mysql.user WHERE User = ? AND Host = ?', [user, host])).length > 0;

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
  const by = sql.isMariaDb
    ? `IDENTIFIED VIA mysql_native_password USING ${text(nativeHash(password))}`
    : `IDENTIFIED BY ${text(password)}`;
  await sql.query(`ALTER USER ${accountName(account)} ${by} PASSWORD EXPIRE INTERVAL ${days} DAY ACCOUNT UNLOCK`);
}

/** What MariaDB stores of a password; the password itself never travels. */
function nativeHash(password: string): string {
  const sha1 = (data: string | Buffer) => createHash('sha1').update(data).digest();
  return `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;
}

interface Edge {
  /** Who has it: a login, or a role, which has no host. */
  readonly user: string;
  readonly host: string;
  readonly role: string;
}

const edges = (sql: Sql): Promise<Edge[]> =>
  sql.isMariaDb
    ? sql.query('SELECT User AS user, Host AS host, Role AS role FROM mysql.roles_mapping')
    : sql.query('SELECT TO_USER AS user, TO_HOST AS host, FROM_USER AS role FROM mysql.role_edges');

/** Who has the role of a grant, besides the bot, which made it. */
export async function holdersOfBridge(sql: Sql, bridge: string): Promise<Account[]> {
  const me = await whoAmI(sql);
  return (await edges(sql)).filter(({ role, user }) => role === bridge && user !== me.user);
}

async function whoAmI(sql: Sql): Promise<Account> {
  const [row] = await sql.query<{ me: string }>('SELECT CURRENT_USER() AS me');
  const at = (row?.me ?? '').lastIndexOf('@');
  return { user: row?.me.slice(0, at) ?? '', host: row?.me.slice(at + 1) ?? '' };
}

/**
 * Takes away what a grant gave: first what its role gives, then every session of whoever has it, and only then the role,
 * which tells who that is: so a try that was cut short can be gone on with.
 */
export async function remove(sql: Sql, bridge: string, login: Account | null): Promise<void> {
  const gives = (await edges(sql)).filter(({ user }) => user === bridge);
  for (const { role } of gives) await sql.query(`REVOKE ${name(role)} FROM ${name(bridge)}`);
  if (login && (await exists(sql, login))) await sql.query(`ALTER USER ${accountName(login)} ACCOUNT LOCK`);
  const users = new Set((await holdersOfBridge(sql, bridge)).map(({ user }) => user));
  if (login) users.add(login.user);
  for (const user of users) await endSessions(sql, user);
  if (login) await sql.query(`DROP USER IF EXISTS ${accountName(login)}`);
  await sql.query(`DROP ROLE IF EXISTS ${name(bridge)}`);
}

/** A session keeps the role that it took on until it ends. */
async function endSessions(sql: Sql, user: string): Promise<void> {
  for (let look = 0; look < KILL_LOOKS; look += 1) {
    const open = await sessionsOf(sql, user);
    if (open.length === 0) return;
    for (const id of open) {
      // One that ended by itself meanwhile is what was wanted.
      await sql.query(`KILL ${Number(id)}`).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'ER_NO_SUCH_THREAD')) throw error;
      });
    }
    await new Promise((resolve) => setTimeout(resolve, KILL_PAUSE_MS));
  }
  throw new TargetRefusal(`a database session of "${user}" did not end when told to`);
}

const sessionsOf = async (sql: Sql, user: string): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(
      'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ? AND ID <> CONNECTION_ID()',
      [user],
    )
  ).map(({ id }) => id);

/** Whether anything of a grant is there. */
export async function isPresent(sql: Sql, made: { bridge: string; login: Account | null }): Promise<boolean> {
  if ((await holdersOfBridge(sql, made.bridge)).length > 0) return true;
  return (
    made.login !== null && ((await exists(sql, made.login)) || (await sessionsOf(sql, made.login.user)).length > 0)
  );
}

export interface Held {
  readonly account: Account;
  readonly roles: ReadonlySet<string>;
  /** The role of a grant by way of which it is held; null: otherwise. */
  readonly bridge: string | null;
}

/** Every login that holds roles, with what it holds directly and through other roles; the bot's own is left out. */
export async function findHolders(sql: Sql, isBridge: (role: string) => boolean): Promise<Held[]> {
  const all = await edges(sql);
  const me = await whoAmI(sql);
  const isRole = new Set(all.map(({ role }) => role));
  const withAll = (roles: readonly string[]): Set<string> => {
    const reached = new Set(roles);
    // A set can grow while it is walked: what is added is visited too.
    for (const role of reached) for (const edge of all) if (edge.user === role) reached.add(edge.role);
    return reached;
  };
  const ofLogins = all.filter(({ user }) => user !== me.user && !isRole.has(user));
  return [...Map.groupBy(ofLogins, ({ user, host }) => `${user}@${host}`).values()].flatMap((held): Held[] => {
    const [{ user, host } = { user: '', host: '' }] = held;
    const account = { user, host };
    const direct = held.map(({ role }) => role);
    const otherwise = direct.filter((role) => !isBridge(role));
    return [
      ...direct.filter(isBridge).map((bridge) => ({ account, roles: withAll([bridge]), bridge })),
      ...(otherwise.length > 0 ? [{ account, roles: withAll(otherwise), bridge: null }] : []),
    ];
  });
}

/** Takes roles from a login that was given them outside the bot. */
export async function takeFrom(sql: Sql, account: Account, roles: readonly string[]): Promise<void> {
  for (const role of roles) {
    const isDirect = (await edges(sql)).some(
      (edge) => edge.user === account.user && edge.host === account.host && edge.role === role,
    );
    if (isDirect) await sql.query(`REVOKE ${name(role)} FROM ${accountName(account)}`);
  }
  const left = (await findHolders(sql, () => false)).find(
    (held) => held.account.user === account.user && held.account.host === account.host,
  );
  const role = roles.find((one) => left?.roles.has(one));
  if (role !== undefined)
    throw new TargetRefusal(`"${account.user}" holds ${role} through another role; take it away there`);
  await endSessions(sql, account.user);
}

/** Whether the bot's own login may do what granting these roles takes. */
export async function checkRights(sql: Sql, roles: readonly string[]): Promise<Finding[]> {
  const me = await whoAmI(sql);
  const bot = accountName(me);
  const grants = (await sql.query<Record<string, string>>('SHOW GRANTS')).map((row) => Object.values(row)[0] ?? '');
  const global = grants.find((line) => /^GRANT .* ON \*\.\* TO /.test(line)) ?? '';
  const may = (...privileges: readonly string[]): boolean =>
    global.startsWith('GRANT ALL PRIVILEGES') ||
    privileges.some((one) => new RegExp(`(GRANT|,) ${one}(,| ON)`).test(global));
  const reads = sql.isMariaDb ? 'mysql.roles_mapping' : 'mysql.role_edges';
  const readable = async (statement: string): Promise<boolean> =>
    sql.query(statement).then(
      () => true,
      () => false,
    );
  const kill = sql.isMariaDb ? 'CONNECTION ADMIN' : 'CONNECTION_ADMIN';
  const administers = await rolesWithAdmin(sql, me).catch((): ReadonlySet<string> => new Set());
  return [
    {
      ok: may('CREATE USER'),
      what: `${me.user} may create logins and roles`,
      fix: `GRANT CREATE USER ON *.* TO ${bot};`,
    },
    { ok: may('PROCESS'), what: `${me.user} sees sessions`, fix: `GRANT PROCESS ON *.* TO ${bot};` },
    { ok: may(kill, 'SUPER'), what: `${me.user} may end sessions`, fix: `GRANT ${kill} ON *.* TO ${bot};` },
    {
      ok: await readable(`SELECT 1 FROM ${reads} LIMIT 1`),
      what: `${me.user} sees who holds which role`,
      fix: `GRANT SELECT ON ${reads} TO ${bot};`,
    },
    {
      ok: await readable('SELECT User, Host FROM mysql.user LIMIT 1'),
      what: `${me.user} sees which logins there are`,
      fix: `GRANT SELECT (User, Host) ON mysql.user TO ${bot};`,
    },
    ...roles.map((role) => ({
      ok: administers.has(role),
      what: `${me.user} may grant ${role}`,
      fix: `GRANT ${name(role)} TO ${bot} WITH ADMIN OPTION;`,
    })),
  ];
}

async function rolesWithAdmin(sql: Sql, me: Account): Promise<ReadonlySet<string>> {
  const rows = sql.isMariaDb
    ? await sql.query<{ role: string }>(
        "SELECT Role AS role FROM mysql.roles_mapping WHERE User = ? AND Host = ? AND Admin_option = 'Y'",
        [me.user, me.host],
      )
    : await sql.query<{ role: string }>(
        "SELECT FROM_USER AS role FROM mysql.role_edges WHERE TO_USER = ? AND TO_HOST = ? AND WITH_ADMIN_OPTION = 'Y'",
        [me.user, me.host],
      );
  return new Set(rows.map(({ role }) => role));
}
