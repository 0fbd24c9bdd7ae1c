/**
 * Ends the use of a role. Each statement commits by itself: a failure is reported, undoes nothing that worked, and prevents
 * no later statement.
 */

import { hasGrantOptions, type Made, quote } from './identity.ts';
import { lent } from './lent.ts';
import type { Session } from './session.ts';
import { preparedBy, rollBackPrepared } from './sessions.ts';
import type { Client } from './transaction.ts';

/** Collects failures, so that the rest is still done. */
export interface Attempts {
  try<T>(work: () => Promise<T>): Promise<T | undefined>;
  readonly failures: readonly unknown[];
}

export function attempts(): Attempts {
  const failures: unknown[] = [];
  return {
    failures,
    try: async (work) => {
      try {
        return await work();
      } catch (error) {
        failures.push(error);
        return undefined;
      }
    },
  };
}

/**
 * Makes sure that nobody can log in as the role. Its holder may have changed the role in a transaction that is still open (then
 * its row is locked until their session ends) or prepared (then until it is rolled back).
 * @param tries how many attempts; before each but the first, the role's sessions are ended
 */
export async function forbidLogin(session: Session, made: Made, tries: number): Promise<void> {
  const shut = `ALTER ROLE ${quote(made.name)} NOLOGIN CONNECTION LIMIT 0 PASSWORD NULL`;
  // Both in one message: sessions get a locked row in the order in which they asked. Those before the bot are told to end, and
  // those that come back queue up behind it.
  const end = `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
    WHERE usesysid = ${Number(made.oid)}::oid AND pid <> pg_catalog.pg_backend_pid()`;
  for (let left = tries; ; left -= 1)
    try {
      await session.transaction((client) => client.query(left === tries ? shut : `${end}; ${shut}`));
      return;
    } catch (error) {
      if (left <= 1) throw error;
      await rollBackAll(session, made).catch(() => undefined);
    }
}

/**
 * Rolls back a role's prepared transactions before it is dropped: they keep their locks, and later only a superuser could
 * end them.
 */
export async function rollBackAll(session: Session, made: Made): Promise<void> {
  const prepared = await session.transaction((client) => preparedBy(client, made.name));
  if (prepared.length === 0) return;
  await session.alone(() =>
    lent(session, [made.name], async () => {
      for (const one of prepared) await rollBackPrepared(session, made.name, one);
    }),
  );
}

interface Membership {
  role: string;
  member: string;
  grantor: string;
  mine: boolean;
}

/**
 * Memberships that the role has in others, that others have in it, and that it gave; the bot's own in it stays.
 * @param granted what it was made to give comes first: each of the others may have to be waited for
 */
async function membershipsOf(client: Client, oid: number, granted: readonly number[]): Promise<Membership[]> {
  const { rows } = await client.query<Membership>(
    `SELECT g.rolname AS role, u.rolname AS member, b.rolname AS grantor, b.rolname = current_user AS mine
     FROM pg_catalog.pg_auth_members m
       JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
       JOIN pg_catalog.pg_roles u ON u.oid = m.member
       LEFT JOIN pg_catalog.pg_roles b ON b.oid = m.grantor
     WHERE $1::oid IN (m.roleid, m.member, m.grantor) AND NOT (m.roleid = $1::oid AND u.rolname = current_user)
     ORDER BY (m.roleid = ANY($2::oid[])) DESC, (m.member = $1::oid) DESC, 1, 2`,
    [oid, granted],
  );
  return rows;
}

/** Removes each membership separately, so that one that somebody else gave, or that is locked, does not protect the others. */
export async function cutMemberships(
  session: Session,
  made: Made,
  { each, granted }: { each: Attempts; granted: readonly number[] },
): Promise<void> {
  const found = await session.transaction(async (client) => ({
    memberships: await membershipsOf(client, made.oid, granted),
    byGrantor: await hasGrantOptions(client),
  }));
  for (const { role, member, grantor, mine } of found.memberships) {
    const by = found.byGrantor && !mine && grantor !== null ? ` GRANTED BY ${quote(grantor)}` : '';
    await each.try(() =>
      session.transaction((client) => client.query(`REVOKE ${quote(role)} FROM ${quote(member)}${by} CASCADE`)),
    );
  }
}

/** What a role can still be used for. */
export interface Usable {
  readonly login: boolean;
  readonly sessions: boolean;
  /** Roles other than the bot that can act as it, while it gives what it was made to give. */
  readonly through: readonly string[];
}

/**
 * How a role can still be used.
 * @param granted the roles that it was made to give; if empty they are unknown, and any role counts
 */
export async function usability(client: Client, oid: number, granted: readonly number[]): Promise<Usable> {
  const { rows } = await client.query<{ login: boolean; sessions: boolean; through: string[] }>(
    `SELECT r.rolcanlogin AS login,
       EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid) AS sessions,
       CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_auth_members m
           WHERE m.member = r.oid AND (m.roleid = ANY($2::oid[]) OR pg_catalog.cardinality($2::oid[]) = 0))
         THEN ARRAY(SELECT u.rolname::text FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member
                    WHERE m.roleid = r.oid AND u.rolname <> current_user ORDER BY 1)
         ELSE '{}'::text[] END AS through
     FROM pg_catalog.pg_roles r WHERE r.oid = $1::oid`,
    [oid, granted],
  );
  if (rows[0]) return rows[0];
  // The role is gone, but a session of it may still be open.
  const open = await client.query('SELECT FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid LIMIT 1', [oid]);
  return { login: false, sessions: open.rowCount !== 0, through: [] };
}

export const isUsable = ({ login, sessions, through }: Usable): boolean => login || sessions || through.length > 0;
