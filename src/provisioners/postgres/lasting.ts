/** The doctor's findings about roles whose holders could change something, or pass on rights, for good. */

import type { Finding } from '../../ports/targets.ts';
import { POSTGRES_CHECKS } from '../../wording/targets/postgres.ts';
import { hasGrantOptions, quote } from './identity.ts';
import type { Client } from './transaction.ts';

/** Rights WITH GRANT OPTION on everything that can be granted: who has them, and what they are called. */
const PASSABLE = `
  SELECT a.grantee, a.privilege_type || ' ON ' || c.oid::pg_catalog.regclass::text AS what, 'REVOKE GRANT OPTION FOR ' AS revoke
    FROM pg_catalog.pg_class c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
    WHERE a.is_grantable AND a.grantee <> c.relowner
  UNION ALL SELECT a.grantee, a.privilege_type || ' (' || pg_catalog.quote_ident(t.attname) || ') ON ' || c.oid::pg_catalog.regclass::text, 'REVOKE GRANT OPTION FOR '
    FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a
    WHERE a.is_grantable AND a.grantee <> c.relowner
  UNION ALL SELECT a.grantee, a.privilege_type || ' ON SCHEMA ' || pg_catalog.quote_ident(n.nspname), 'REVOKE GRANT OPTION FOR '
    FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a
    WHERE a.is_grantable AND a.grantee <> n.nspowner
  UNION ALL SELECT a.grantee, a.privilege_type || ' ON ROUTINE ' || p.oid::pg_catalog.regprocedure::text, 'REVOKE GRANT OPTION FOR '
    FROM pg_catalog.pg_proc p CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) a
    WHERE a.is_grantable AND a.grantee <> p.proowner
  UNION ALL SELECT a.grantee, a.privilege_type || ' ON DATABASE ' || pg_catalog.quote_ident(b.datname), 'REVOKE GRANT OPTION FOR '
    FROM pg_catalog.pg_database b CROSS JOIN LATERAL pg_catalog.aclexplode(b.datacl) a
    WHERE a.is_grantable AND a.grantee <> b.datdba
  UNION ALL SELECT m.member, pg_catalog.quote_ident(g.rolname), 'REVOKE ADMIN OPTION FOR '
    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE m.admin_option`;

/** Predefined roles with power over the server's files and programs, or over connections of others, such as the bot's. */
const POWERS = [
  ...['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'],
  ...['pg_signal_backend', 'pg_create_subscription'],
];

interface Reach {
  readonly role: string;
  readonly owners: readonly string[];
  readonly passes: readonly { readonly what: string; readonly sql: string }[];
  /** Also roles with attributes, if SET ROLE cannot be withheld: somebody acting as a role that may log in can set its password. */
  readonly powers: readonly string[];
}

/**
 * Finds what a role, or one that it is a member of, owns or may pass on. PostgreSQL's own roles are left out: they own its
 * own objects.
 */
export async function mayBeChangedForGood(client: Client, roles: readonly string[]): Promise<Finding[]> {
  const { rows } = await client.query<Reach>(
    `WITH RECURSIVE reach AS (
       SELECT r.rolname AS role, r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = ANY($1::text[])
       UNION SELECT reach.role, m.roleid FROM reach JOIN pg_catalog.pg_auth_members m ON m.member = reach.oid
     ), passable AS (${PASSABLE})
     SELECT given.rolname AS role,
       ARRAY(SELECT o.rolname::text FROM reach JOIN pg_catalog.pg_roles o ON o.oid = reach.oid
         WHERE reach.role = given.rolname AND o.rolname !~ '^pg_' AND EXISTS (SELECT FROM pg_catalog.pg_shdepend d
           WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = o.oid AND d.deptype = 'o') ORDER BY 1) AS owners,
       coalesce((SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_object('what', p.what,
           'sql', p.revoke || p.what || ' FROM ' || pg_catalog.quote_ident(o.rolname) || ';'))
         FROM reach JOIN passable p ON p.grantee = reach.oid JOIN pg_catalog.pg_roles o ON o.oid = reach.oid
         WHERE reach.role = given.rolname), '[]') AS passes,
       ARRAY(SELECT o.rolname::text FROM reach JOIN pg_catalog.pg_roles o ON o.oid = reach.oid
         WHERE reach.role = given.rolname AND (o.rolname = ANY($2::text[]) OR ($3::bool AND (o.rolcanlogin OR o.rolsuper OR
           o.rolcreaterole OR o.rolcreatedb OR o.rolreplication OR o.rolbypassrls))) ORDER BY 1) AS powers
     FROM pg_catalog.pg_roles given WHERE given.rolname = ANY($1::text[]) ORDER BY 1`,
    [roles, POWERS, !(await hasGrantOptions(client))],
  );
  return rows.flatMap(({ role, owners, passes, powers }) => [
    {
      ok: owners.length === 0,
      what: POSTGRES_CHECKS.ownsNothing(
        role,
        owners.filter((one) => one !== role),
      ),
      fix: POSTGRES_CHECKS.handOwned((owners.length > 0 ? owners : [role]).map(quote).join(', ')),
    },
    {
      ok: passes.length === 0,
      what: POSTGRES_CHECKS.passesNothing(
        role,
        passes.map(({ what }) => what),
      ),
      fix: passes.map(({ sql }) => sql).join(' '),
    },
    {
      ok: powers.length === 0,
      what: POSTGRES_CHECKS.noPower(role, powers),
      fix: POSTGRES_CHECKS.grantOther(powers.join(', ')),
    },
  ]);
}
