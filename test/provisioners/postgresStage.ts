/** What the contract needs of a PostgreSQL with the roles and people of the sandbox. */

import { postgres, type Target } from '../../src/provisioners/postgres/provisioner.ts';
import type { Use } from '../../src/provisioners/provisioner.ts';
import { type PostgresServer, query, type Setup } from '../../src/sandbox/postgres.ts';
import { ATTACKED } from '../support/postgres.ts';
import type { Changes } from './changes.ts';
import type { Guest, Harness } from './contract.ts';
import { BASE, LOOKUP, RESERVED } from './postgresDocs.ts';

const MADE = "SELECT rolname AS name FROM pg_roles WHERE shobj_description(oid, 'pg_authid') LIKE 'jitbot: %, grant %'";
const HOLDERS =
  "SELECT u.rolname || ' in ' || g.rolname AS name FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE u.rolname IN ('ana', 'namesake') OR (g.rolname = 'payments_read' AND u.rolname !~ '^(jit|renamed|made_by)') ORDER BY 1";

/** What the documentation asks for, and nothing more. */
export const documentedSetup = (hasGrantOptions: boolean): Setup => ({
  ...ATTACKED,
  postgres: [
    ...(ATTACKED.postgres ?? []),
    "CREATE ROLE ana LOGIN PASSWORD 'ana'",
    ...BASE.filter((statement) => /search_path|jitbot_leftovers NOLOGIN|jitbot_leftovers TO/.test(statement)),
    ...(hasGrantOptions ? RESERVED.filter((statement) => statement.startsWith('GRANT')) : []),
  ],
  payments: [...(ATTACKED.payments ?? []), 'GRANT CREATE ON SCHEMA public TO jitbot_leftovers', ...LOOKUP],
});

/** How names, places and rights change, by somebody with the rights for it. */
function changesOf(server: PostgresServer, isTemporary: boolean): Changes {
  const admin = (...statements: string[]) => query(server.url('payments'), statements);
  const namesOf = async (sql: string): Promise<string[]> => {
    const [result] = await admin(sql);
    return (result?.rows ?? []).map((row: { name: string }) => row.name);
  };
  const others = () => namesOf(HOLDERS);
  return {
    renamePerson: [
      {
        how: 'the name of the login',
        act: async () => {
          const made = (await namesOf(MADE))[0] ?? '';
          const name = isTemporary ? made : 'ben';
          await admin(
            'GRANT payments_read TO ana',
            `ALTER ROLE ${name} RENAME TO renamed`,
            `CREATE ROLE ${name} LOGIN`,
            `GRANT payments_read TO ${name}`,
          );
          return {
            undo: async () => {
              await admin(`DROP ROLE ${name}`, 'REVOKE payments_read FROM ana');
              const [left] = await namesOf("SELECT rolname AS name FROM pg_roles WHERE rolname = 'renamed'");
              if (left) await admin(`ALTER ROLE renamed RENAME TO ${name}`);
            },
            others: async () => [
              await others(),
              await namesOf(
                `SELECT u.rolname::text AS name FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = '${name}'`,
              ),
            ],
          };
        },
      },
      {
        how: 'the name of what was made for the grant',
        act: async () => {
          const made = (await namesOf(MADE))[0] ?? '';
          await admin(
            `ALTER ROLE ${made} RENAME TO made_by_the_bot`,
            `CREATE ROLE namesake`,
            'GRANT payments_read TO namesake',
          );
          return { undo: () => admin('DROP ROLE namesake').then(() => undefined), others };
        },
      },
    ],
    renameContainer: [
      {
        how: 'the name of the granted role',
        act: async () => {
          await admin(
            'ALTER ROLE payments_read RENAME TO payments_reader',
            'CREATE ROLE payments_read NOLOGIN',
            'GRANT payments_read TO ana',
          );
          return {
            undo: async () => {
              await admin('DROP ROLE payments_read', 'ALTER ROLE payments_reader RENAME TO payments_read');
            },
            others,
          };
        },
      },
    ],
    moveTarget: 'Another cluster at the same address is tried in a test of its own, with two servers.',
    blind: [
      {
        how: 'the bot may no longer create roles, nor administer what it made and what it grants',
        act: async () => {
          const admins = await namesOf(
            "SELECT roleid::text AS name FROM pg_auth_members WHERE member = 'jitbot'::regrole AND admin_option",
          );
          const set = (is: boolean) =>
            admin(
              `ALTER ROLE jitbot ${is ? '' : 'NO'}CREATEROLE`,
              `UPDATE pg_auth_members SET admin_option = ${is} WHERE member = 'jitbot'::regrole AND roleid IN (${[0, ...admins].join(', ')})`,
            );
          await set(false);
          return { undo: () => set(true).then(() => undefined), others };
        },
      },
    ],
  };
}

/** Somebody with a login of their own, as `{email_name}` has it. */
async function welcomeTo(server: PostgresServer, email: string): Promise<Guest> {
  const [name = ''] = email.split('@');
  if (name === 'ben') return { has: async () => null, leave: async () => {} };
  const quoted = `"${name.replaceAll('"', '""')}"`;
  const may = `SELECT has_table_privilege($q$${name}$q$, 'payments', 'SELECT') AS yes`;
  await query(server.url('payments'), [`CREATE ROLE ${quoted} LOGIN`]);
  return {
    has: async () => {
      const [result] = await query(server.url('payments'), [may]);
      return (result?.rows[0] as { yes: boolean } | undefined)?.yes === true;
    },
    leave: () => query(server.url('payments'), [`DROP ROLE ${quoted}`]),
  };
}

/**
 * The harness of one connection.
 * @param breaks how what stands between the bot and the server fails
 */
export async function postgresHarness(
  server: PostgresServer,
  { target, use, breaks }: { target: Target; use: Use; breaks: Pick<Harness, 'breakTarget' | 'mendTarget'> },
): Promise<Harness> {
  const says = async (statement: string): Promise<Record<string, unknown> | undefined> => {
    const [result] = await query(server.url('payments'), [statement]);
    return result?.rows[0] as Record<string, unknown> | undefined;
  };
  const isTemporary = target.login === 'temporary';
  const ben = Number((await says("SELECT oid FROM pg_roles WHERE rolname = 'ben'"))?.oid);
  const has = async (sql: string): Promise<boolean> => (await says(sql))?.yes === true;
  return {
    connection: postgres.connect(target, use),
    role: { roles: ['payments_read'] },
    // By its comment, or by its oid: what it is called may change.
    reallyHas: (grantId) =>
      isTemporary
        ? has(
            `SELECT has_table_privilege(r.oid, 'payments', 'SELECT') AS yes FROM pg_roles r
             WHERE shobj_description(r.oid, 'pg_authid') ~ 'grant ${grantId}$' AND rolcanlogin`,
          )
        : has(`SELECT has_table_privilege(${ben}, 'payments', 'SELECT') AS yes`),
    ...(isTemporary
      ? {
          endOf: async (grantId: string) => {
            const row = await says(
              `SELECT EXTRACT(EPOCH FROM rolvaliduntil)::float8 * 1000 AS until FROM pg_roles
               WHERE shobj_description(oid, 'pg_authid') ~ 'grant ${grantId}$'`,
            );
            return typeof row?.until === 'number' ? row.until : null;
          },
        }
      : { welcome: (email: string) => welcomeTo(server, email) }),
    breakTarget: breaks.breakTarget,
    mendTarget: breaks.mendTarget,
    changes: changesOf(server, isTemporary),
  };
}
