/** The doctor's checks: the bot's own rights, and whether roles give something that could not be taken back. */

import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import { MYSQL_CHECKS } from '../../wording/targets/mysql.ts';
import { type Account, accountName, checksPasswords, edges, isSame, name, OF_EACH, whoAmI } from './accounts.ts';
import { isDenied } from './errors.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';

export async function checkRights(session: Session, roles: readonly string[]): Promise<Finding[]> {
  const own = await session.run((sql) => checkOwn(sql, roles));
  const given: Finding[] = [];
  for (const role of roles) {
    given.push(await session.alone((sql) => checkRole(sql, role)));
    given.push(...(await session.run((sql) => checkHandingOn(sql, role))));
  }
  return [...own, ...given, ...(await session.run(checkPasswords))];
}

/** Checks that the bot's own login has the rights to grant these roles. */
async function checkOwn(sql: Sql, roles: readonly string[]): Promise<Finding[]> {
  const me = await whoAmI(sql);
  const bot = accountName(me);
  const global = (await grantsOf(sql)).find(({ on }) => on === '*.*')?.privileges ?? [];
  const may = (...wanted: readonly string[]): boolean =>
    global.includes('ALL PRIVILEGES') || wanted.some((one) => global.includes(one));
  const reads = sql.isMariaDb ? 'mysql.roles_mapping' : 'mysql.role_edges';
  const readable = async (statement: string): Promise<boolean> =>
    sql.query(statement).then(
      () => true,
      () => false,
    );
  const kill = sql.isMariaDb ? 'CONNECTION ADMIN' : 'CONNECTION_ADMIN';
  const administers = await rolesWithAdmin(sql, me).catch((): ReadonlySet<string> => new Set());
  return [
    {
      ok: may('CREATE USER'),
      what: MYSQL_CHECKS.mayCreate(me.user),
      fix: `GRANT CREATE USER ON *.* TO ${bot};`,
    },
    {
      ok: await readable('SELECT 1 FROM information_schema.INNODB_TRX LIMIT 1'),
      what: MYSQL_CHECKS.seesSessions(me.user),
      fix: `GRANT PROCESS ON *.* TO ${bot};`,
    },
    {
      ok: may(kill, 'SUPER'),
      what: MYSQL_CHECKS.mayEnd(me.user),
      fix: `GRANT ${kill} ON *.* TO ${bot};`,
    },
    {
      ok: await readable(`SELECT 1 FROM ${reads} LIMIT 1`),
      what: MYSQL_CHECKS.seesHolders(me.user),
      fix: `GRANT SELECT ON ${reads} TO ${bot};`,
    },
    {
      ok: await readable('SELECT User, Host FROM mysql.user LIMIT 1'),
      what: MYSQL_CHECKS.seesLogins(me.user),
      fix: `GRANT SELECT (User, Host) ON mysql.user TO ${bot};`,
    },
    ...roles.map((role) => ({
      ok: administers.has(role),
      what: MYSQL_CHECKS.mayGrant(me.user, role),
      fix: `GRANT ${name(role)} TO ${bot} WITH ADMIN OPTION;`,
    })),
  ];
}

interface Granted {
  readonly privileges: readonly string[];
  readonly on: string;
  readonly canHandOn: boolean;
}

/** The rights of the connection, from its login and the role that it has set. */
async function grantsOf(sql: Sql): Promise<Granted[]> {
  const rows = await sql.query<Record<string, string>>('SHOW GRANTS');
  return rows.flatMap((row): Granted[] => {
    const [, privileges, on, rest] =
      /^GRANT (.+?) ON (?:FUNCTION |PROCEDURE |PACKAGE |PACKAGE BODY )?(\S+) TO (.*)$/s.exec(
        Object.values(row)[0] ?? '',
      ) ?? [];
    if (privileges === undefined || on === undefined) return [];
    // Lists of columns in brackets also contain commas, so they are removed first.
    const names = privileges.replaceAll(/ ?\([^)]*\)/g, '').split(',');
    return [{ privileges: names.map((one) => one.trim()), on, canHandOn: / WITH .*GRANT OPTION/.test(rest ?? '') }];
  });
}

/** Server-wide rights whose holder can give themselves or others something that outlives every grant. */
const FOR_EVER = [
  ...[
    'ALL PRIVILEGES',
    'CREATE USER',
    'SUPER',
    'SET USER',
    'SET_USER_ID',
    'SET_ANY_DEFINER',
    'SYSTEM_USER',
    'ROLE_ADMIN',
  ],
  ...['CONNECTION ADMIN', 'CONNECTION_ADMIN', 'FILE', 'BINLOG ADMIN', 'REPLICATION SLAVE ADMIN', 'FEDERATED ADMIN'],
];
const WRITES = ['ALL PRIVILEGES', 'INSERT', 'UPDATE', 'DELETE', 'ALTER', 'DROP', 'CREATE'];

/** Checks whether a role gives something that outlives the grant. The bot sets the role for that, on a connection of its own. */
async function checkRole(sql: Sql, role: string): Promise<Finding> {
  const what = MYSQL_CHECKS.nothingLasting(role);
  const before = new Set((await grantsOf(sql)).map(keyOf));
  try {
    await sql.query(`SET ROLE ${name(role)}`);
  } catch (error) {
    return {
      ok: false,
      what: MYSQL_CHECKS.unknownRights(role, errorText(error)),
      fix: MYSQL_CHECKS.holdRole,
    };
  }
  const given = (await grantsOf(sql)).filter((one) => !before.has(keyOf(one)));
  const bad = given.flatMap(({ privileges, on, canHandOn }) => [
    ...(canHandOn ? [{ privilege: 'GRANT OPTION', on }] : []),
    ...privileges
      .filter((one) => (on === '*.*' && FOR_EVER.includes(one)) || (isSystem(on) && WRITES.includes(one)))
      .map((privilege) => ({ privilege, on })),
  ]);
  if (bad.length === 0) return { ok: true, what };
  return {
    ok: false,
    what: MYSQL_CHECKS.lasting(role, bad),
    fix: bad.map(({ privilege, on }) => `REVOKE ${privilege} ON ${on} FROM ${name(role)};`).join(' '),
  };
}

/** Finds roles that a holder may grant to others, who would keep them, also through roles that the granted role holds. */
async function checkHandingOn(sql: Sql, role: string): Promise<Finding[]> {
  // If the bot may not see them, another finding says so already.
  const all = await edges(sql).catch((error: unknown) => {
    if (isDenied(error)) return null;
    throw error;
  });
  if (all === null) return [];
  const reached = new Set([role]);
  // A set can grow while it is walked: what is added is visited too.
  for (const one of reached)
    for (const edge of all) if (edge.user === one && edge.host === (sql.isMariaDb ? '' : '%')) reached.add(edge.role);
  const hands = all.filter(
    ({ user, host, isAdmin }) => isAdmin && reached.has(user) && host === (sql.isMariaDb ? '' : '%'),
  );
  return [
    {
      ok: hands.length === 0,
      what: MYSQL_CHECKS.handsOn(
        role,
        hands.map((one) => one.role),
      ),
      fix: hands.map((one) => `REVOKE ADMIN OPTION FOR ${name(one.role)} FROM ${name(one.user)};`).join(' '),
    },
  ];
}

const keyOf = ({ privileges, on, canHandOn }: Granted): string => JSON.stringify([privileges, on, canHandOn]);
const isSystem = (on: string): boolean => (on === '*.*' ? false : /^`?mysql`?\./i.test(on));

/** Checks whether the server accepts the bot's passwords. One that checks passwords must see them, and refuses simple ones. */
async function checkPasswords(sql: Sql): Promise<Finding[]> {
  if (!(await checksPasswords(sql))) return [];
  const demands = (
    await sql.query<{ Variable_name: string; Value: string }>(
      "SHOW VARIABLES LIKE 'simple\\\\_password\\\\_check\\\\_%'",
    )
  ).filter(({ Variable_name: demand, Value }) => Number(Value) > (demand.endsWith('minimal_length') ? 4 : 1) * OF_EACH);
  const [cipher] = await sql.query<{ Value: string }>("SHOW STATUS LIKE 'Ssl_cipher'");
  return [
    {
      ok: demands.length === 0,
      what: MYSQL_CHECKS.passwordsTaken,
      fix: demands
        .map(
          ({ Variable_name: demand }) =>
            `SET GLOBAL ${demand} = ${demand.endsWith('minimal_length') ? 4 * OF_EACH : OF_EACH};`,
        )
        .join(' '),
    },
    {
      ok: (cipher?.Value ?? '') !== '' || sql.isMariaDb === false,
      what: MYSQL_CHECKS.passwordsSent,
      fix: MYSQL_CHECKS.encrypt,
    },
  ];
}

async function rolesWithAdmin(sql: Sql, me: Account): Promise<ReadonlySet<string>> {
  return new Set((await edges(sql)).filter((edge) => edge.isAdmin && isSame(edge, me)).map(({ role }) => role));
}
