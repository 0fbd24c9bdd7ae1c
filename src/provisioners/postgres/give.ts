/** Creates what gives access, each in one transaction. What it creates is recorded before the transaction commits. */

import type { Instant } from '../../domain/terms.ts';
import type { IdBook } from '../../ports/targets.ts';
import { POSTGRES } from '../../wording/targets/postgres.ts';
import { TargetRefusal } from '../provisioner.ts';
import {
  CLUSTER,
  clusterId,
  findMade,
  grantedThing,
  hasGrantOptions,
  literal,
  PERSON_OID,
  quote,
  ROLE_OID,
  TRANSACTION,
} from './identity.ts';
import type { Session } from './session.ts';
import type { Client } from './transaction.ts';

interface ToMake {
  readonly grantId: string;
  readonly name: string;
  readonly comment: string;
  readonly memberOf: readonly string[];
}

/** Creates a login for one grant. It has no password until its person asks for one. */
export function createLogin(
  session: Session,
  book: IdBook,
  login: ToMake & { readonly expiresAt: Instant; readonly connections: number },
): Promise<{ account: string }> {
  const { grantId, comment, memberOf, expiresAt, connections } = login;
  return session.transaction(async (client) => {
    const found = await findMade(client, { ...login, ids: await book.of(grantId) });
    const name = found?.name ?? login.name;
    if (!found) await client.query(`CREATE ROLE ${quote(name)} LOGIN PASSWORD NULL`);
    const until = literal(new Date(expiresAt).toISOString());
    await client.query(`ALTER ROLE ${quote(name)} LOGIN CONNECTION LIMIT ${connections} VALID UNTIL ${until}`);
    await client.query(`COMMENT ON ROLE ${quote(name)} IS ${literal(comment)}`);
    await giveRoles(client, memberOf, name);
    await writeDown(client, book, { grantId, name, memberOf });
    return { account: name };
  });
}

/** Creates a role for one grant, between the granted roles and the person's own login. */
export function createBridge(
  session: Session,
  book: IdBook,
  bridge: ToMake & { readonly login: string },
): Promise<{ account: string }> {
  const { grantId, comment, memberOf, login } = bridge;
  return session.transaction(async (client) => {
    const person = await personOid(client, login);
    const found = await findMade(client, { ...bridge, ids: await book.of(grantId) });
    const name = found?.name ?? bridge.name;
    if (!found) await client.query(`CREATE ROLE ${quote(name)} NOLOGIN`);
    await client.query(`COMMENT ON ROLE ${quote(name)} IS ${literal(comment)}`);
    await giveRoles(client, memberOf, name);
    await giveRoles(client, [name], login);
    await assertMay(client, login, memberOf);
    await book.keep(grantId, PERSON_OID, String(person));
    await writeDown(client, book, { grantId, name, memberOf });
    return { account: login };
  });
}

async function personOid(client: Client, login: string): Promise<number> {
  const { rows } = await client.query<{ oid: number; self: boolean }>(
    'SELECT oid, rolname = session_user AS self FROM pg_catalog.pg_roles WHERE rolname = $1 AND rolcanlogin',
    [login],
  );
  if (!rows[0]) throw new TargetRefusal(POSTGRES.noLogin(login));
  if (rows[0].self) throw new TargetRefusal(POSTGRES.ownLogin(login));
  return rows[0].oid;
}

/** Refuses a login that does not inherit its roles' rights: its person would be told of access that they cannot use. */
async function assertMay(client: Client, login: string, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ role: string }>(
    `SELECT r.rolname AS role FROM pg_catalog.pg_roles u, pg_catalog.pg_roles r
     WHERE u.rolname = $1 AND r.rolname = ANY($2::text[]) AND NOT pg_catalog.pg_has_role(u.oid, r.oid, 'USAGE') ORDER BY 1`,
    [login, roles],
  );
  if (rows.length > 0)
    throw new TargetRefusal(POSTGRES.noInherit(login, rows.map(({ role }) => role).join(', '), quote(login)));
}

/**
 * Grants the roles without SET ROLE where PostgreSQL can withhold it: what is made after SET ROLE belongs to that role and
 * stays.
 */
async function giveRoles(client: Client, roles: readonly string[], to: string): Promise<void> {
  const options = (await hasGrantOptions(client)) ? ' WITH INHERIT TRUE, SET FALSE' : '';
  await client.query(`GRANT ${roles.map(quote).join(', ')} TO ${quote(to)}${options}`);
}

/**
 * Records what was created. Called before the commit, so that everything that took effect is known even if the commit's
 * answer is lost.
 */
async function writeDown(
  client: Client,
  book: IdBook,
  { grantId, name, memberOf }: Pick<ToMake, 'grantId' | 'name' | 'memberOf'>,
): Promise<void> {
  const { rows } = await client.query<{ oid: number; transaction: string }>(
    'SELECT oid, pg_catalog.pg_current_xact_id()::text AS transaction FROM pg_catalog.pg_roles WHERE rolname = $1',
    [name],
  );
  if (!rows[0]) throw new TargetRefusal(POSTGRES.roleNotShown(name));
  await keepGranted(client, book, { grantId, memberOf });
  await keepCluster(client, book, grantId);
  await book.keep(grantId, TRANSACTION, rows[0].transaction);
  await book.keep(grantId, ROLE_OID, String(rows[0].oid));
}

async function keepCluster(client: Client, book: IdBook, grantId: string): Promise<void> {
  const cluster = await clusterId(client);
  if (cluster !== null) await book.keep(grantId, CLUSTER, cluster);
}

async function keepGranted(
  client: Client,
  book: IdBook,
  { grantId, memberOf }: Pick<ToMake, 'grantId' | 'memberOf'>,
): Promise<void> {
  const { rows } = await client.query<{ oid: number; name: string }>(
    'SELECT oid, rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY($1::text[]) ORDER BY 2',
    [memberOf],
  );
  for (const { oid, name } of rows) await book.keep(grantId, grantedThing(name), String(oid));
}

/** Sets a password, but only for a login that exists and was made for this grant. */
export async function setPassword(
  session: Session,
  book: IdBook,
  login: { grantId: string; name: string },
  verifier: string,
): Promise<string> {
  return session.transaction(async (client) => {
    const found = await findMade(client, { ...login, ids: await book.of(login.grantId) });
    if (!found) throw new TargetRefusal(POSTGRES.loginGone(login.name));
    await client.query(`ALTER ROLE ${quote(found.name)} PASSWORD ${literal(verifier)}`);
    return found.name;
  });
}

/** Records what an earlier version gave without recording it. Only roles with the grant's mark are taken for it. */
export async function stamp(
  session: Session,
  book: IdBook,
  made: { grantId: string; name: string; roles: readonly string[]; isBridge: boolean },
): Promise<void> {
  await session.transaction(async (client) => {
    const ids = await book.of(made.grantId);
    const found = await findMade(client, { ...made, ids });
    if (!found) return;
    if (made.isBridge) {
      const { rows } = await client.query<{ oid: number }>(
        `SELECT u.oid FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member
         WHERE m.roleid = $1::oid AND u.rolcanlogin AND u.rolname <> current_user`,
        [found.oid],
      );
      if (rows.length === 1 && rows[0]) await book.keep(made.grantId, PERSON_OID, String(rows[0].oid));
    }
    await keepGranted(client, book, { grantId: made.grantId, memberOf: made.roles });
    await keepCluster(client, book, made.grantId);
    await book.keep(made.grantId, ROLE_OID, String(found.oid));
  });
}
