import pg from 'pg';
import type { Instant } from '../../domain/terms.ts';
import type { Finding, Log } from '../../ports.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Session } from './session.ts';

/**
 * The statements. Each runs in a transaction that first takes an advisory lock on the role's name: a
 * revoke waits for a grant whose commit is still on its way, however late it arrives.
 */

type Client = pg.ClientBase;
const quote = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/** How long ending a session may take before the revoke counts as failed. */
const TERMINATE_WAIT_MS = 3_000;
const DEPENDENT_OBJECTS = '2BP01';
/** From this version on, membership needs the INHERIT and SET options to be used. */
const VERSION_WITH_GRANT_OPTIONS = 160_000;

async function transaction<T>(client: Client, role: string, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [role]);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: unknown) => {
      // Not a word of the server's about the statement: the connection is not used again.
      throw new Error('a transaction could not be rolled back', { cause: new AggregateError([error, rollbackError]) });
    });
    throw error;
  }
}

async function oidOf(client: Client, role: string): Promise<number | null> {
  const { rows } = await client.query<{ oid: number }>('SELECT oid FROM pg_roles WHERE rolname = $1', [role]);
  return rows[0]?.oid ?? null;
}

/** A login for one grant. It has no password until its person asks for one. */
export function createLogin(
  client: Client,
  login: { role: string; comment: string; memberOf: readonly string[]; expiresAt: Instant },
): Promise<{ account: string }> {
  const { role, comment, memberOf, expiresAt } = login;
  return transaction(client, role, async () => {
    if ((await oidOf(client, role)) === null) await client.query(`CREATE ROLE ${quote(role)} LOGIN PASSWORD NULL`);
    await client.query(`ALTER ROLE ${quote(role)} LOGIN VALID UNTIL ${literal(new Date(expiresAt).toISOString())}`);
    await client.query(`COMMENT ON ROLE ${quote(role)} IS ${literal(comment)}`);
    await client.query(`GRANT ${memberOf.map(quote).join(', ')} TO ${quote(role)}`);
    return { account: role };
  });
}

/** A role for one grant between the granted roles and the person's own login. */
export function createBridge(
  client: Client,
  bridge: { role: string; comment: string; memberOf: readonly string[]; login: string },
): Promise<{ account: string }> {
  const { role, comment, memberOf, login } = bridge;
  return transaction(client, role, async () => {
    const { rows } = await client.query<{ self: boolean }>(
      'SELECT rolname = session_user AS self FROM pg_roles WHERE rolname = $1 AND rolcanlogin',
      [login],
    );
    if (!rows[0])
      throw new TargetRefusal(
        `there is no login "${login}" in this database; create it, or check the login template of the target`,
      );
    if (rows[0].self) throw new TargetRefusal(`the login "${login}" is the bot's own`);
    if ((await oidOf(client, role)) === null) await client.query(`CREATE ROLE ${quote(role)} NOLOGIN`);
    await client.query(`COMMENT ON ROLE ${quote(role)} IS ${literal(comment)}`);
    await client.query(`GRANT ${memberOf.map(quote).join(', ')} TO ${quote(role)}`);
    await client.query(`GRANT ${quote(role)} TO ${quote(login)}`);
    return { account: login };
  });
}

export async function setPassword(client: Client, role: string, verifier: string): Promise<void> {
  await transaction(client, role, () => client.query(`ALTER ROLE ${quote(role)} PASSWORD ${literal(verifier)}`));
}

/** A membership of one of these roles that lets somebody log in with it, or something that the bot made. */
export interface Found {
  readonly account: string;
  /** The PostgreSQL role that it gives; null: none of them. */
  readonly gives: string | null;
  /** The comment on what the bot made; null: it is not the bot's. */
  readonly comment: string | null;
}

/**
 * Logins that hold any of these roles, directly or through other roles, and every role that the bot made.
 * Superusers, who hold everything, and the bot's own login are left out.
 */
export async function findHolders(client: Client, roles: readonly string[]): Promise<Found[]> {
  const { rows } = await client.query<Found>(
    `WITH RECURSIVE made AS (
       SELECT r.oid, r.rolname, shobj_description(r.oid, 'pg_authid') AS comment FROM pg_roles r
       WHERE r.rolname LIKE 'jit\\_%' AND shobj_description(r.oid, 'pg_authid') LIKE 'jitbot: %'
     ), holds AS (
       SELECT m.member, g.rolname AS gives FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
       WHERE g.rolname = ANY($1)
       UNION
       SELECT m.member, h.gives FROM holds h JOIN pg_auth_members m ON m.roleid = h.member
       WHERE h.member NOT IN (SELECT oid FROM made)
     )
     SELECT made.rolname AS account, h.gives, made.comment
       FROM made LEFT JOIN holds h ON h.member = made.oid
     UNION
     SELECT r.rolname, h.gives, NULL
       FROM holds h JOIN pg_roles r ON r.oid = h.member
       WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user AND r.oid NOT IN (SELECT oid FROM made)
     ORDER BY 1, 2`,
    [roles],
  );
  return rows;
}

/** Whether the bot's own login may do what granting these roles takes. */
export async function checkRights(client: Client, roles: readonly string[]): Promise<Finding[]> {
  const { rows } = await client.query<{ me: string; creates: boolean; signals: boolean }>(
    `SELECT current_user AS me, rolcreaterole OR rolsuper AS creates,
       rolsuper OR pg_has_role(current_user, 'pg_signal_backend', 'MEMBER') AS signals
     FROM pg_roles WHERE rolname = current_user`,
  );
  const [bot] = rows;
  if (!bot) throw new TargetRefusal('PostgreSQL answered a question about the bot with nothing');
  const me = quote(bot.me);
  const held = await client.query<{ name: string; exists: boolean; admin: boolean }>(
    `SELECT wanted.name, r.oid IS NOT NULL AS exists,
       COALESCE(pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION'), false) AS admin
     FROM unnest($1::text[]) AS wanted(name) LEFT JOIN pg_roles r ON r.rolname = wanted.name`,
    [roles],
  );
  return [
    { ok: bot.creates, what: `${bot.me} may create roles`, fix: `ALTER ROLE ${me} CREATEROLE;` },
    { ok: bot.signals, what: `${bot.me} may end sessions`, fix: `GRANT pg_signal_backend TO ${me};` },
    ...held.rows.map(({ name, exists, admin }) =>
      exists
        ? { ok: admin, what: `${bot.me} may grant ${name}`, fix: `GRANT ${quote(name)} TO ${me} WITH ADMIN OPTION;` }
        : { ok: false, what: `the role ${name} exists`, fix: `CREATE ROLE ${quote(name)} NOLOGIN;` },
    ),
  ];
}

/** Who uses a role that was made between the granted roles and a login of somebody's own; null: nobody. */
export async function userOf(client: Client, role: string): Promise<string | null> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT u.rolname AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE r.rolname = $1 AND u.rolname <> current_user',
    [role],
  );
  return rows[0]?.name ?? null;
}

/** Takes a role from a login that was given it outside the bot. */
export function takeFrom(client: Client, login: string, roles: readonly string[]): Promise<void> {
  return transaction(client, login, async () => {
    for (const role of roles) await client.query(`REVOKE ${quote(role)} FROM ${quote(login)}`);
    const left = (await findHolders(client, roles)).find(
      ({ account, comment }) => account === login && comment === null,
    );
    if (left)
      throw new TargetRefusal(
        `"${login}" holds ${left.gives} through another role, or from somebody else; take it away there`,
      );
  });
}

/** Whether the role gives anybody anything: it can log in, links roles, or a session of it is open. */
export async function isPresent(client: Client, role: string, oid: number | null): Promise<boolean> {
  const { rows } = await client.query<{ present: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND rolcanlogin)
         OR EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = $1)
         OR EXISTS (SELECT FROM pg_stat_activity WHERE usename = $1 OR usesysid = $2) AS present`,
    [role, oid],
  );
  if (!rows[0]) throw new TargetRefusal('PostgreSQL answered a question about a role with nothing');
  return rows[0].present;
}

/**
 * Removes the role of a grant: first what it gives, then every session that used it, then the role.
 * @param ownLogin the person's own login, where that is what used the role
 */
export async function remove(session: Session, role: string, ownLogin: string | null, log: Log): Promise<void> {
  const oid = await session.run((client) => transaction(client, role, () => disable(client, role)));
  await session.run((client) => endSessions(client, ownLogin ?? role, oid));
  if (oid === null) return;
  await session
    .run((client) => transaction(client, role, () => drop(client, role, oid)))
    .catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError) || error.code !== DEPENDENT_OBJECTS) throw error;
      log.warn(
        { role, detail: error.detail },
        'a role that no longer gives anything stays, because it owns objects in another database; reassign them and drop it',
      );
    });
  await session.run((client) => endSessions(client, ownLogin ?? role, oid));
}

/** After this commits nobody can log in as the role, and it links to nothing. @returns its oid; null: it is gone already */
async function disable(client: Client, role: string): Promise<number | null> {
  const oid = await oidOf(client, role);
  if (oid === null) return null;
  await client.query(`ALTER ROLE ${quote(role)} NOLOGIN PASSWORD NULL`);
  const { rows } = await client.query<{ name: string }>(
    'SELECT r.rolname AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = $1',
    [oid],
  );
  for (const { name } of rows) await client.query(`REVOKE ${quote(name)} FROM ${quote(role)}`);
  return oid;
}

/** A session keeps what it was given until it ends, also one that did SET ROLE. */
async function endSessions(client: Client, login: string, oid: number | null): Promise<void> {
  const { rows } = await client.query<{ ended: boolean }>(
    'SELECT pg_terminate_backend(pid, $3) AS ended FROM pg_stat_activity WHERE (usename = $1 OR usesysid = $2) AND pid <> pg_backend_pid()',
    [login, oid, TERMINATE_WAIT_MS],
  );
  if (rows.some(({ ended }) => !ended))
    throw new TargetRefusal(`a database session of "${login}" did not end when told to`);
}

async function drop(client: Client, role: string, oid: number): Promise<void> {
  const owned = await client.query(
    "SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = $1 AND classid <> 'pg_auth_members'::regclass LIMIT 1",
    [oid],
  );
  if (owned.rowCount) {
    // What the person made while they had access stays, owned by the bot; rights handed to the role go.
    const { rows } = await client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    const options = (rows[0]?.version ?? 0) >= VERSION_WITH_GRANT_OPTIONS ? ' WITH INHERIT TRUE, SET TRUE' : '';
    await client.query(`GRANT ${quote(role)} TO CURRENT_USER${options}`);
    await client.query(`REASSIGN OWNED BY ${quote(role)} TO CURRENT_USER`);
    await client.query(`DROP OWNED BY ${quote(role)}`);
  }
  await client.query(`DROP ROLE IF EXISTS ${quote(role)}`);
}
