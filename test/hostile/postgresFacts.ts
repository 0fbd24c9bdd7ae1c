/** The whole catalogue of a server, as its superuser sees it. */

import { query } from '../../src/sandbox/postgres.ts';
import type { Facts } from './judge.ts';

/** Of all databases. */
const SHARED = [
  `SELECT 'role ' || rolname || ' may log in' FROM pg_roles WHERE rolcanlogin`,
  `SELECT 'role ' || rolname || ' is there' FROM pg_roles`,
  `SELECT 'role ' || rolname || ' is powerful' FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls`,
  `SELECT m.member::regrole || ' is in ' || m.roleid::regrole || CASE WHEN m.admin_option THEN ', with admin' ELSE '' END FROM pg_auth_members m`,
  `SELECT s.setrole::regrole || ' is set ' || s.setconfig::text FROM pg_db_role_setting s`,
  `SELECT 'a session of ' || usename || ' is open' FROM pg_stat_activity WHERE usename IS NOT NULL AND usename NOT IN ('postgres', 'jitbot')`,
  `SELECT 'transaction ' || gid || ' of ' || owner || ' is prepared' FROM pg_prepared_xacts`,
  `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' may ' || a.privilege_type || ' on database ' || d.datname
     FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a`,
  `SELECT d.datdba::regrole || ' owns database ' || d.datname FROM pg_database d`,
];

/** Rights on things, by catalogue: the column with the rights, the owner, and the letter of what holds by default. */
const RIGHTS: readonly (readonly [catalogue: string, acl: string, owner: string, kind: string | null])[] = [
  ['pg_class', 'relacl', 'relowner', null],
  ['pg_proc', 'proacl', 'proowner', 'f'],
  ['pg_namespace', 'nspacl', 'nspowner', null],
  ['pg_type', 'typacl', 'typowner', null],
  ['pg_language', 'lanacl', 'lanowner', null],
  ['pg_foreign_server', 'srvacl', 'srvowner', null],
  ['pg_foreign_data_wrapper', 'fdwacl', 'fdwowner', null],
  ['pg_largeobject_metadata', 'lomacl', 'lomowner', null],
];

const named = (catalogue: string, oid: string): string => {
  // Large objects stand in the catalogue under the name of another one.
  const known = catalogue === 'pg_largeobject_metadata' ? 'pg_largeobject' : catalogue;
  return `LATERAL pg_identify_object('${known}'::regclass, ${oid}, 0) i`;
};

const IN_DATABASE = [
  ...RIGHTS.map(
    ([catalogue, acl, owner, kind]) =>
      `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' may ' || a.privilege_type || ' on ' || i.type || ' ' || i.identity
         || CASE WHEN a.is_grantable THEN ', and pass it on' ELSE '' END
       FROM ${catalogue} o, ${named(catalogue, 'o.oid')},
         aclexplode(${kind === null ? `o.${acl}` : `coalesce(o.${acl}, acldefault('${kind}', o.${owner}))`}) a
       WHERE a.grantee <> o.${owner} AND (o.oid >= 16384 OR i.identity = 'public') AND i.identity IS NOT NULL`,
  ),
  `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' may ' || a.privilege_type || ' on column ' || c.oid::regclass || '.' || t.attname
     FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a WHERE c.oid >= 16384`,
  `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' may ' || a.privilege_type || ' on what ' || d.defaclrole::regrole || ' makes'
     FROM pg_default_acl d, aclexplode(d.defaclacl) a WHERE a.grantee <> d.defaclrole`,
  `SELECT d.refobjid::regrole || ' owns ' || i.type || ' ' || i.identity
     FROM pg_shdepend d, LATERAL pg_identify_object(d.classid, d.objid, 0) i
     WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' AND i.identity IS NOT NULL
       AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND d.classid NOT IN ('pg_default_acl'::regclass)`,
  `SELECT 'function ' || p.oid::regprocedure || ' runs as ' || p.proowner::regrole FROM pg_proc p WHERE p.prosecdef AND p.oid >= 16384`,
  `SELECT 'view ' || c.oid::regclass || ' reads as ' || c.relowner::regrole FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.oid >= 16384`,
  `SELECT 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass || ' of ' || c.relowner::regrole || ' calls ' || t.tgfoid::regprocedure || ' of ' || p.proowner::regrole
     || CASE t.tgenabled WHEN 'D' THEN ', switched off' ELSE '' END
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal`,
  `SELECT 'rule ' || r.rulename || ' on ' || r.ev_class::regclass || ' of ' || c.relowner::regrole || CASE r.ev_enabled WHEN 'D' THEN ', switched off' ELSE '' END
     FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN' AND c.oid >= 16384`,
  `SELECT 'policy ' || p.polname || ' on ' || p.polrelid::regclass || ' for ' || (SELECT string_agg(r::regrole::text, ', ') FROM unnest(p.polroles) r) FROM pg_policy p`,
  `SELECT 'event trigger ' || evtname || ' of ' || evtowner::regrole FROM pg_event_trigger`,
  `SELECT 'user mapping of ' || coalesce(nullif(umuser, 0)::regrole::text, 'PUBLIC') || ' on server ' || umserver FROM pg_user_mapping`,
];

const IS_SYSTEM = /pg_catalog\.|information_schema|pg_toast|pg_temp/;

/** @param url of a database of the server, as its superuser */
export async function factsOf(url: (database: string) => string, databases: readonly string[]): Promise<Facts> {
  const facts = new Set<string>();
  const add = (prefix: string, results: Awaited<ReturnType<typeof query>>) => {
    for (const { rows, fields } of results)
      for (const row of rows) {
        const fact: unknown = row[fields[0]?.name ?? ''];
        if (typeof fact === 'string' && !IS_SYSTEM.test(fact.replaceAll('pg_catalog.', '')))
          facts.add(`${prefix}${fact}`);
      }
  };
  add('', await query(url('postgres'), ['SET search_path = pg_catalog', ...SHARED]));
  for (const database of databases)
    add(`${database}: `, await query(url(database), ['SET search_path = pg_catalog', ...IN_DATABASE]));
  return facts;
}
