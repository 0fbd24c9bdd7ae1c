/** The role that becomes the owner of leftovers. It can do nothing, and nobody can act as it. */

import { POSTGRES_CHECKS } from '../../wording/targets/postgres.ts';
import { literal, quote } from './identity.ts';
import type { Session } from './session.ts';
import { type Client, inTransaction } from './transaction.ts';

const COMMENT = 'jitbot: owns what was left behind, can do nothing, and nobody can log in as it';

/**
 * Creates the role if it does not exist.
 * @returns why nothing may be handed over to it; null if it may be
 */
export async function prepareHeir(session: Session, name: string): Promise<string | null> {
  return session.run(async (client) => {
    const problem = await inTransaction(client, () => problemOf(client, name));
    if (problem !== 'missing') return problem;
    await inTransaction(client, async () => {
      await client.query(`CREATE ROLE ${quote(name)} NOLOGIN`);
      await client.query(`COMMENT ON ROLE ${quote(name)} IS ${literal(COMMENT)}`);
    });
    return null;
  });
}

/**
 * Why a role must not own leftovers: somebody who can act as it would get what others left, and a role that it is a member of
 * would give it rights. @returns null if it may own them
 */
export async function problemOf(client: Client, name: string): Promise<string | null> {
  const { rows } = await client.query<{ powerful: boolean; member: boolean; shared: string[] }>(
    `SELECT r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls AS powerful,
       EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid) AS member,
       ARRAY(SELECT u.rolname::text FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member
         WHERE m.roleid = r.oid AND u.rolname <> current_user AND NOT u.rolsuper ORDER BY 1) AS shared
     FROM pg_catalog.pg_roles r WHERE r.rolname = $1`,
    [name],
  );
  const [role] = rows;
  if (!role) return 'missing';
  if (role.powerful) return POSTGRES_CHECKS.hasRights(name);
  if (role.member) return POSTGRES_CHECKS.isMember(name);
  return role.shared.length > 0 ? POSTGRES_CHECKS.canActAs(role.shared.join(', '), name) : null;
}
