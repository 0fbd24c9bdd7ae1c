/** Everything on a MariaDB that says who may do what, and what runs as whom, as an administrator reads it. */

import type { MariaDb } from '../../support/mariadb.ts';

/** One line of the catalogue, such as `trigger shop.t on shop.payments`, and what it says. */
export type Catalogue = ReadonlyMap<string, string>;

/** What stands in each table: what it is called, and what is compared. */
const READ: readonly { kind: string; sql: string }[] = [
  { kind: 'account', sql: 'SELECT User, Host, CONCAT(Priv) AS says FROM mysql.global_priv' },
  { kind: 'mapping', sql: 'SELECT Host, User, Role, Admin_option AS says FROM mysql.roles_mapping' },
  {
    kind: 'rights on a schema',
    sql: 'SELECT Host, User, Db, CONCAT_WS(",", Select_priv, Insert_priv, Update_priv, Delete_priv, Create_priv, Drop_priv, Grant_priv, Trigger_priv, Event_priv, Execute_priv, Create_view_priv, Create_routine_priv, Alter_routine_priv) AS says FROM mysql.db',
  },
  {
    kind: 'rights on a table',
    sql: 'SELECT Host, User, Db, Table_name, CONCAT(Table_priv, Column_priv) AS says FROM mysql.tables_priv',
  },
  {
    kind: 'rights on a column',
    sql: 'SELECT Host, User, Db, Table_name, Column_name, Column_priv AS says FROM mysql.columns_priv',
  },
  {
    kind: 'rights on a routine',
    sql: 'SELECT Host, User, Db, Routine_name, Routine_type, Proc_priv AS says FROM mysql.procs_priv',
  },
  { kind: 'proxy', sql: 'SELECT Host, User, Proxied_host, Proxied_user, With_grant AS says FROM mysql.proxies_priv' },
  {
    kind: 'routine',
    sql: "SELECT db, name, LOWER(type) AS type, CONCAT(definer, ' ', security_type, ' ', MD5(body)) AS says FROM mysql.proc WHERE db = 'shop'",
  },
  { kind: 'event', sql: "SELECT db, name, CONCAT(definer, ' ', status, ' ', MD5(body)) AS says FROM mysql.event" },
  {
    kind: 'trigger',
    sql: "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_TABLE, CONCAT(DEFINER, ' ', MD5(ACTION_STATEMENT)) AS says FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop'",
  },
  {
    kind: 'view',
    sql: "SELECT TABLE_SCHEMA, TABLE_NAME, CONCAT(DEFINER, ' ', SECURITY_TYPE, ' ', MD5(VIEW_DEFINITION)) AS says FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'shop'",
  },
  {
    kind: 'table',
    sql: "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE AS says FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' AND TABLE_TYPE = 'BASE TABLE'",
  },
  { kind: 'prepared transaction', sql: 'XA RECOVER' },
  {
    kind: 'setting',
    sql: "SELECT VARIABLE_NAME, VARIABLE_VALUE AS says FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME IN ('READ_ONLY', 'EVENT_SCHEDULER', 'INIT_CONNECT', 'MAX_CONNECTIONS', 'STRICT_PASSWORD_VALIDATION')",
  },
];

export async function readCatalogue(server: MariaDb): Promise<Catalogue> {
  const found = new Map<string, string>();
  for (const { kind, sql } of READ)
    for (const { says, ...named } of await server.query(sql)) {
      const names = Object.values(named).map(String);
      found.set(`${kind} ${names.join(' ')}`, String(says ?? ''));
    }
  return found;
}

export interface Difference {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

export function differences(before: Catalogue, after: Catalogue): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((what): Difference[] => {
    const [was, is] = [before.get(what) ?? null, after.get(what) ?? null];
    return was === is ? [] : [{ what, before: was, after: is }];
  });
}
