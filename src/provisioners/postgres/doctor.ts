/** The doctor's checks: whether the bot's own login can give and take back access, and what a holder could do beyond the grant. */

import type { Finding } from '../../ports/targets.ts';
import { POSTGRES, POSTGRES_CHECKS } from '../../wording/targets/postgres.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Owners } from './finish.ts';
import { problemOf } from './heir.ts';
import { clusterId, hasGrantOptions, quote } from './identity.ts';
import { mayBeChangedForGood } from './lasting.ts';
import { poolerFindings } from './pooler.ts';
import type { Session } from './session.ts';
import { type Client, inTransaction } from './transaction.ts';

export interface Checked {
  readonly roles: readonly string[];
  readonly owners: Owners;
  /** The user in the address; empty if it names none. */
  readonly user: string;
  /** Whether logins are made for grants. */
  readonly isTemporary: boolean;
}

export async function checkRights(session: Session, { roles, owners, ...who }: Checked): Promise<Finding[]> {
  return session.run(async (client) => {
    // Read before the bot pins the path, so that it is the one that other programs with this login get.
    const path = await client.query<{ path: string }>("SELECT pg_catalog.current_setting('search_path') AS path");
    return inTransaction(client, async () => {
      const me = await whoAmI(client);
      const options = await hasGrantOptions(client);
      return [
        ...me.findings,
        ...(await poolerFindings(client, who)),
        ...(await mayGrant(client, roles, me.name)),
        ...(options ? [await reservedConnection(client, me)] : []),
        ...(await clusterFinding(client, me.name)),
        await searchPath(client, me.name, path.rows[0]?.path ?? ''),
        ...(await heirFindings(client, { roles, owners, me: me.name, options })),
        ...(await mayBeChangedForGood(client, roles)),
      ];
    });
  });
}

interface Me {
  readonly name: string;
  readonly isSuperuser: boolean;
  readonly findings: readonly Finding[];
}

async function whoAmI(client: Client): Promise<Me> {
  const { rows } = await client.query<{ me: string; superuser: boolean; creates: boolean; signals: boolean }>(
    `SELECT current_user AS me, rolsuper AS superuser, rolcreaterole OR rolsuper AS creates,
       rolsuper OR pg_catalog.pg_has_role(current_user, 'pg_signal_backend', 'MEMBER') AS signals
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );
  const [bot] = rows;
  if (!bot) throw new TargetRefusal(POSTGRES.rightsUnknown);
  const me = quote(bot.me);
  return {
    name: bot.me,
    isSuperuser: bot.superuser,
    findings: [
      { ok: bot.creates, what: POSTGRES_CHECKS.mayCreate(bot.me), fix: `ALTER ROLE ${me} CREATEROLE;` },
      { ok: bot.signals, what: POSTGRES_CHECKS.mayEnd(bot.me), fix: `GRANT pg_signal_backend TO ${me};` },
    ],
  };
}

async function mayGrant(client: Client, roles: readonly string[], me: string): Promise<Finding[]> {
  const { rows } = await client.query<{ name: string; exists: boolean; admin: boolean }>(
    `SELECT wanted.name, r.oid IS NOT NULL AS exists,
       coalesce(pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION'), false) AS admin
     FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS wanted(name, place)
       LEFT JOIN pg_catalog.pg_roles r ON r.rolname = wanted.name ORDER BY wanted.place`,
    [roles],
  );
  return rows.map(({ name, exists, admin }) =>
    exists
      ? {
          ok: admin,
          what: POSTGRES_CHECKS.mayGrant(me, name),
          fix: `GRANT ${quote(name)} TO ${quote(me)} WITH ADMIN OPTION;`,
        }
      : { ok: false, what: POSTGRES_CHECKS.exists(name), fix: `CREATE ROLE ${quote(name)} NOLOGIN;` },
  );
}

/** Checks for connections that are reserved for the bot's login: anybody who may connect can use up all others. */
async function reservedConnection(client: Client, me: Me): Promise<Finding> {
  const { rows } = await client.query<{ reserved: boolean; member: boolean }>(
    `SELECT pg_catalog.current_setting('reserved_connections')::int4 > 0 AS reserved,
       pg_catalog.pg_has_role(current_user, 'pg_use_reserved_connections', 'USAGE') AS member`,
  );
  const { reserved = false, member = false } = rows[0] ?? {};
  return {
    ok: me.isSuperuser || (reserved && member),
    what: POSTGRES_CHECKS.reserved(me.name),
    fix: POSTGRES_CHECKS.reserve(quote(me.name)),
  };
}

/** Checks that the server reports its cluster id, without which the bot cannot tell it from another one at the same address. */
async function clusterFinding(client: Client, me: string): Promise<Finding[]> {
  if ((await clusterId(client)) !== null) return [];
  return [
    {
      ok: false,
      what: POSTGRES_CHECKS.tellsCluster(me),
      fix: POSTGRES_CHECKS.allowCluster(quote(me)),
    },
  ];
}

/**
 * Checks the login's search path. The bot pins the path in each transaction; a path that nobody else can write to is a
 * second defence.
 */
async function searchPath(client: Client, me: string, path: string): Promise<Finding> {
  const { rows } = await client.query<{ place: string }>(
    `WITH named AS (SELECT pg_catalog.btrim(part, ' "') AS name FROM pg_catalog.unnest(pg_catalog.string_to_array($2::text, ',')) AS part),
       others AS (SELECT r.oid, r.rolname FROM pg_catalog.pg_roles r
         WHERE NOT r.rolsuper AND r.rolname <> $1::text AND r.rolname !~ '^pg_' AND r.rolname !~ '^jit_')
     SELECT 'schema ' || n.nspname || ' (' || pg_catalog.string_agg(o.rolname, ', ' ORDER BY o.rolname) || ')' AS place
       FROM named JOIN pg_catalog.pg_namespace n ON n.nspname = named.name OR (named.name = '$user' AND n.nspname = $1::text)
         JOIN others o ON pg_catalog.has_schema_privilege(o.oid, n.oid, 'CREATE') GROUP BY n.nspname
     UNION ALL
     SELECT 'a schema called ' || $1::text || ' (' || pg_catalog.string_agg(o.rolname, ', ' ORDER BY o.rolname) || ')'
       FROM others o JOIN named ON named.name = '$user'
       WHERE pg_catalog.has_database_privilege(o.oid, pg_catalog.current_database(), 'CREATE') HAVING pg_catalog.count(*) > 0
     ORDER BY 1`,
    [me, path],
  );
  const places = rows.map(({ place }) => place);
  return {
    ok: places.length === 0,
    what: POSTGRES_CHECKS.searchPath(me, places),
    fix: `ALTER ROLE ${quote(me)} SET search_path = pg_catalog, pg_temp;`,
  };
}

/** Checks that leftovers can be handed over: their new owner needs the right to create in their schema. */
async function heirFindings(
  client: Client,
  { roles, owners, me, options }: { roles: readonly string[]; owners: Owners; me: string; options: boolean },
): Promise<Finding[]> {
  const { leftovers, tables } = owners;
  const problem = await problemOf(client, leftovers);
  const lets = `GRANT ${quote(leftovers)} TO ${quote(me)} WITH ADMIN OPTION;`;
  const findings: Finding[] = [
    problem === 'missing'
      ? {
          ok: false,
          what: POSTGRES_CHECKS.leftoversExist(leftovers),
          fix: `CREATE ROLE ${quote(leftovers)} NOLOGIN; ${lets}`,
        }
      : {
          ok: problem === null,
          what: POSTGRES_CHECKS.powerless(leftovers, problem),
          fix: POSTGRES_CHECKS.makePowerless(quote(leftovers)),
        },
  ];
  const isThere = problem !== 'missing';
  if (isThere)
    findings.push({
      ok: await mayActAs(client, leftovers, { options, orAdmin: true }),
      what: POSTGRES_CHECKS.mayHand(me, leftovers),
      fix: lets,
    });
  if (tables !== null)
    findings.push({
      ok: await mayActAs(client, tables, { options, orAdmin: false }),
      what: POSTGRES_CHECKS.mayHandTables(me, tables),
      fix: `GRANT ${quote(tables)} TO ${quote(me)}${options ? ' WITH INHERIT FALSE, SET TRUE' : ''};`,
    });
  for (const heir of [...(isThere ? [leftovers] : []), ...(tables === null ? [] : [tables])])
    findings.push(...(await mayCreateWhere(client, heir, roles)));
  findings.push(...(await mayHandOverSchemas(client, me, roles)));
  return findings;
}

async function mayActAs(client: Client, role: string, { options, orAdmin }: { options: boolean; orAdmin: boolean }) {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT pg_catalog.pg_has_role(current_user, r.oid, '${options ? 'SET' : 'MEMBER'}')
       OR ($2::bool AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION')) AS may
     FROM pg_catalog.pg_roles r WHERE r.rolname = $1::text`,
    [role, orAdmin],
  );
  return rows[0]?.may === true;
}

async function mayCreateWhere(client: Client, heir: string, roles: readonly string[]): Promise<Finding[]> {
  const { rows } = await client.query<{ schema: string; may: boolean }>(
    `SELECT n.nspname AS schema, coalesce((SELECT pg_catalog.has_schema_privilege(h.oid, n.oid, 'CREATE')
         FROM pg_catalog.pg_roles h WHERE h.rolname = $1::text), false) AS may
     FROM pg_catalog.pg_namespace n
     WHERE n.nspname !~ '^pg_' AND EXISTS (SELECT FROM pg_catalog.pg_roles r
       WHERE r.rolname = ANY($2::text[]) AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE'))
     ORDER BY 1`,
    [heir, roles],
  );
  return rows.map(({ schema, may }) => ({
    ok: may,
    what: POSTGRES_CHECKS.mayOwn(heir, schema),
    fix: `GRANT CREATE ON SCHEMA ${quote(schema)} TO ${quote(heir)};`,
  }));
}

/** Checks the bot's right to create schemas, which PostgreSQL demands of the bot to hand over a schema that a holder made. */
async function mayHandOverSchemas(client: Client, me: string, roles: readonly string[]): Promise<Finding[]> {
  const { rows } = await client.query<{ database: string; needed: boolean; may: boolean }>(
    `SELECT pg_catalog.current_database() AS database,
       EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = ANY($1::text[])
         AND pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CREATE')) AS needed,
       pg_catalog.has_database_privilege(current_user, pg_catalog.current_database(), 'CREATE') AS may`,
    [roles],
  );
  return rows.flatMap(({ database, needed, may }) =>
    needed
      ? [
          {
            ok: may,
            what: POSTGRES_CHECKS.mayHandSchemas(me, database),
            fix: `GRANT CREATE ON DATABASE ${quote(database)} TO ${quote(me)};`,
          },
        ]
      : [],
  );
}
