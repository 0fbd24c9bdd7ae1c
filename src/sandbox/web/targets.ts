import { query } from '../postgres.ts';
import type { Sandbox } from '../sandbox.ts';

/** What one database login can really do right now, as PostgreSQL itself says. */
export interface LoginRights {
  readonly database: string;
  readonly login: string;
  readonly madeByBot: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
  readonly sessions: number;
  readonly validUntil: string | null;
}

const TABLES: readonly [database: string, table: string][] = [
  ['payments', 'payments'],
  ['orders', 'orders'],
];

export interface TargetRights {
  readonly logins: readonly LoginRights[];
  /** Who may edit feature flags, behind the webhook. */
  readonly flagEditors: readonly string[];
}

export async function targetRights(sandbox: Sandbox): Promise<TargetRights> {
  const perDatabase = await Promise.all(
    TABLES.map(async ([database, table]) => {
      const [result] = await query(sandbox.postgres.url(database), [
        `SELECT r.rolname AS login, r.rolname LIKE 'jit\\_%' AS "madeByBot",
                has_table_privilege(r.oid, '${table}', 'SELECT') AS reads, has_table_privilege(r.oid, '${table}', 'UPDATE') AS writes,
                (SELECT count(*)::int FROM pg_stat_activity a WHERE a.usesysid = r.oid) AS sessions, r.rolvaliduntil AS "validUntil"
           FROM pg_roles r WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> 'jitbot' ORDER BY 1`,
      ]);
      return (result?.rows ?? []).map((row: Omit<LoginRights, 'database'>) => ({ database, ...row }));
    }),
  );
  return { logins: perDatabase.flat(), flagEditors: [...sandbox.flags.editors.values()] };
}
