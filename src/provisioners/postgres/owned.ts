/** Queries about what a role owns, and what was made with it, in the connection's database. */

import { hasGrantOptions } from './identity.ts';
import type { Client } from './transaction.ts';

export interface Owned {
  /** PostgreSQL's own name of the kind, such as `function`, `table` or `large object`. */
  readonly type: string;
  /** Quoted and with its schema, as a statement takes it. */
  readonly identity: string;
  readonly schema: string | null;
  readonly oid: number;
  /** Whether it runs with its owner's rights. */
  readonly definer: boolean;
  /** Roles that have rights on it, quoted, or PUBLIC. */
  readonly grantees: readonly string[];
  /** Whether it is a table's sequence, which goes where the table goes. */
  readonly follows: boolean;
}

/** What a role owns. Default privileges and user mappings are left out: DROP OWNED removes them with the role. */
const OWNED = `
  SELECT d.classid, d.objid FROM pg_catalog.pg_shdepend d
  WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = $1::oid AND d.deptype = 'o'
    AND d.classid NOT IN ('pg_catalog.pg_default_acl'::regclass, 'pg_catalog.pg_user_mapping'::regclass)
    AND d.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))`;

/** Rights that others have on things of a role, by the oid of the thing. Functions and types are open to all by default. */
const GRANTS = `
  SELECT oid, relacl AS acl FROM pg_catalog.pg_class WHERE relowner = $1::oid
  UNION ALL SELECT a.attrelid, a.attacl FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    WHERE c.relowner = $1::oid AND a.attacl IS NOT NULL
  UNION ALL SELECT oid, coalesce(proacl, pg_catalog.acldefault('f', proowner)) FROM pg_catalog.pg_proc WHERE proowner = $1::oid
  UNION ALL SELECT oid, coalesce(typacl, pg_catalog.acldefault('T', typowner)) FROM pg_catalog.pg_type WHERE typowner = $1::oid
  UNION ALL SELECT oid, nspacl FROM pg_catalog.pg_namespace WHERE nspowner = $1::oid
  UNION ALL SELECT oid, coalesce(lanacl, pg_catalog.acldefault('l', lanowner)) FROM pg_catalog.pg_language WHERE lanowner = $1::oid
  UNION ALL SELECT oid, srvacl FROM pg_catalog.pg_foreign_server WHERE srvowner = $1::oid
  UNION ALL SELECT oid, fdwacl FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwowner = $1::oid
  UNION ALL SELECT oid, lomacl FROM pg_catalog.pg_largeobject_metadata WHERE lomowner = $1::oid`;

/** The roles of these names, and those that they are in. */
const GIVEN = `
  SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ANY($2::text[])
  UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN given ON given.oid = m.member`;

/** What a role owns here, except what disappears with the session that made it. */
export async function ownedBy(client: Client, oid: number): Promise<Owned[]> {
  const { rows } = await client.query<Owned>(
    `WITH owned AS (${OWNED}), grants AS (${GRANTS})
     SELECT i.type, i.identity, i.schema, o.objid AS oid,
       coalesce((SELECT p.prosecdef FROM pg_catalog.pg_proc p
         WHERE o.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = o.objid), false) AS definer,
       ARRAY(SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END
         FROM grants g CROSS JOIN LATERAL pg_catalog.aclexplode(g.acl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
         WHERE g.oid = o.objid AND a.grantee <> $1::oid AND (a.grantee = 0 OR r.oid IS NOT NULL)) AS grantees,
       EXISTS (SELECT FROM pg_catalog.pg_depend s WHERE s.classid = o.classid AND s.objid = o.objid
         AND i.type = 'sequence' AND s.refclassid = 'pg_catalog.pg_class'::regclass AND s.deptype IN ('a', 'i')) AS follows
     FROM owned o CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i
     WHERE i.identity IS NOT NULL AND coalesce(i.schema, '') !~ '^pg_(toast_)?temp'
     ORDER BY i.type <> 'schema', i.type = 'table', o.objid`,
    [oid],
  );
  return rows;
}

export interface UseByOthers {
  /** `trigger block on public.payments` */
  readonly what: string;
  /**
   * The function of the role that it runs, quoted, if only triggers, rules, defaults, checks and indexes depend on it. These
   * hold no data, protect none, and are newer than the access, so all of them may be dropped together. null if more depends on it.
   */
  readonly routine: string | null;
}

/**
 * Triggers, rules, defaults, checks, policies, columns and indexes on tables of others that use something of the role. They
 * run with the rights of whoever uses the table, even a superuser.
 */
export async function usesByOthers(client: Client, oid: number): Promise<UseByOthers[]> {
  const { rows } = await client.query<UseByOthers>(
    `WITH owned AS (${OWNED}), uses AS (
       SELECT DISTINCT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid,
         coalesce(t.tgrelid, a.adrelid, w.ev_class, n.conrelid, y.polrelid,
           CASE WHEN d.classid = 'pg_catalog.pg_class'::regclass THEN d.objid END) AS relation,
         t.oid IS NOT NULL OR (w.oid IS NOT NULL AND w.rulename <> '_RETURN') OR (n.contype = 'c' AND n.conrelid <> 0) OR
           EXISTS (SELECT FROM pg_catalog.pg_index x WHERE d.classid = 'pg_catalog.pg_class'::regclass AND x.indexrelid = d.objid) OR
           (a.oid IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.pg_attribute c
             WHERE c.attrelid = a.adrelid AND c.attnum = a.adnum AND c.attgenerated = '')) AS goes
       FROM owned JOIN pg_catalog.pg_depend d ON d.refclassid = owned.classid AND d.refobjid = owned.objid
         LEFT JOIN pg_catalog.pg_trigger t ON d.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = d.objid AND NOT t.tgisinternal
         LEFT JOIN pg_catalog.pg_attrdef a ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND a.oid = d.objid
         LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
         LEFT JOIN pg_catalog.pg_constraint n ON d.classid = 'pg_catalog.pg_constraint'::regclass AND n.oid = d.objid
         LEFT JOIN pg_catalog.pg_policy y ON d.classid = 'pg_catalog.pg_policy'::regclass AND y.oid = d.objid
       WHERE d.deptype IN ('n', 'a')
     ), routines AS (SELECT refobjid AS oid, pg_catalog.bool_and(goes) AS goes FROM uses
       WHERE refclassid = 'pg_catalog.pg_proc'::regclass GROUP BY refobjid)
     SELECT i.type || ' ' || i.identity AS what,
       CASE WHEN r.goes THEN f.identity END AS routine
     FROM uses u JOIN pg_catalog.pg_class c ON c.oid = u.relation
       LEFT JOIN routines r ON u.refclassid = 'pg_catalog.pg_proc'::regclass AND r.oid = u.refobjid
       CROSS JOIN LATERAL pg_catalog.pg_identify_object(u.classid, u.objid, u.objsubid) i
       CROSS JOIN LATERAL pg_catalog.pg_identify_object(u.refclassid, u.refobjid, 0) f
     WHERE c.relowner <> $1::oid AND i.identity IS NOT NULL
     ORDER BY 1`,
    [oid],
  );
  return rows;
}

/**
 * What appeared while the role lived, in places that the granted roles open, themselves or through roles that they are in:
 * things that such a role owns (made after SET ROLE), triggers on tables that it may put triggers on, rules and policies on
 * tables of its own, what it gives by default, and memberships that it gave. PostgreSQL does not record who made them; an
 * oid that is higher than the role's says that they are newer.
 */
export async function newerThan(client: Client, oid: number, roles: readonly string[]): Promise<string[]> {
  // In versions where memberships have no oid, they name the role that gave them and disappear with it.
  const memberships = (await hasGrantOptions(client))
    ? `UNION SELECT 'pg_catalog.pg_auth_members'::regclass, m.oid FROM pg_catalog.pg_auth_members m
         JOIN given ON given.oid = m.grantor WHERE m.oid > $1::oid AND $1::oid NOT IN (m.member, m.roleid)`
    : '';
  const { rows } = await client.query<{ what: string }>(
    `WITH RECURSIVE given AS (${GIVEN}), newer AS (
       SELECT d.classid, d.objid FROM pg_catalog.pg_shdepend d JOIN given ON given.oid = d.refobjid
         WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.deptype = 'o' AND d.objid > $1::oid
           AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
       UNION SELECT 'pg_catalog.pg_trigger'::regclass, t.oid FROM pg_catalog.pg_trigger t
         JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
         WHERE t.oid > $1::oid AND NOT t.tgisinternal AND c.relowner <> $1::oid AND p.proowner <> $1::oid
           AND EXISTS (SELECT FROM given WHERE pg_catalog.has_table_privilege(given.oid, c.oid, 'TRIGGER'))
       UNION SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid FROM pg_catalog.pg_rewrite w
         JOIN pg_catalog.pg_class c ON c.oid = w.ev_class JOIN given ON given.oid = c.relowner
         WHERE w.oid > $1::oid AND w.rulename <> '_RETURN'
       UNION SELECT 'pg_catalog.pg_policy'::regclass, y.oid FROM pg_catalog.pg_policy y
         JOIN pg_catalog.pg_class c ON c.oid = y.polrelid JOIN given ON given.oid = c.relowner WHERE y.oid > $1::oid
       UNION SELECT 'pg_catalog.pg_default_acl'::regclass, a.oid FROM pg_catalog.pg_default_acl a
         JOIN given ON given.oid = a.defaclrole WHERE a.oid > $1::oid
       ${memberships}
     )
     SELECT CASE i.type WHEN 'role membership' THEN i.identity ELSE i.type || ' ' || i.identity END AS what
     FROM newer CROSS JOIN LATERAL pg_catalog.pg_identify_object(newer.classid, newer.objid, 0) i
     WHERE i.identity IS NOT NULL ORDER BY 1`,
    [oid, roles],
  );
  return rows.map(({ what }) => what);
}

/** Other databases of this server in which the role owns something or has rights. */
export async function otherDatabases(client: Client, oid: number): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT b.datname AS name FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_database b ON b.oid = d.dbid
     WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = $1::oid
       AND b.datname <> pg_catalog.current_database() ORDER BY 1`,
    [oid],
  );
  return rows.map(({ name }) => name);
}

/** The triggers and rules of a table, which run their author's code for everybody who uses it, as clauses of ALTER TABLE. */
export async function switchesOf(client: Client, oid: number): Promise<string[]> {
  const { rows } = await client.query<{ clause: string }>(
    `SELECT 'DISABLE TRIGGER USER' AS clause FROM pg_catalog.pg_trigger t WHERE t.tgrelid = $1::oid AND NOT t.tgisinternal
     UNION SELECT 'DISABLE RULE ' || pg_catalog.quote_ident(w.rulename) FROM pg_catalog.pg_rewrite w
       WHERE w.ev_class = $1::oid AND w.rulename <> '_RETURN'`,
    [oid],
  );
  return rows.map(({ clause }) => clause);
}

/** Whether the role owns nothing here, nor anything that all databases share. */
export async function ownsNothing(client: Client, oid: number): Promise<boolean> {
  const { rowCount } = await client.query(`${OWNED} LIMIT 1`, [oid]);
  return rowCount === 0;
}
