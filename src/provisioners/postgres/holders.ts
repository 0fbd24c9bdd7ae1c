/** Who holds which roles, directly or through others. */

import { cut } from '../../domain/text.ts';
import type { Holding, IdBook } from '../../ports/targets.ts';
import { POSTGRES } from '../../wording/targets/postgres.ts';
import { type ListedRole, TargetRefusal } from '../provisioner.ts';
import { hasGrantOptions, PERSON_OID, quote, readMark } from './identity.ts';
import type { Session } from './session.ts';
import type { Client } from './transaction.ts';

interface Role {
  readonly roles: readonly string[];
}

interface Found {
  readonly account: string;
  readonly oid: number;
  /** Which of the PostgreSQL roles it gives; null if none. */
  readonly gives: string | null;
  /** The comment on what the bot made; null if the bot did not make it. */
  readonly comment: string | null;
  /** The comment on the bot's role through which it is held; null if there is none. */
  readonly via: string | null;
}

/**
 * Logins that hold any of these roles directly or through other roles, and every role made by the bot that somebody can use.
 * Superusers, who hold everything, and the bot's own login are left out.
 */
async function findHolders(client: Client, roles: readonly string[]): Promise<Found[]> {
  const { rows } = await client.query<Found>(
    `WITH RECURSIVE made AS (
       SELECT r.oid, r.rolname, r.rolcanlogin, pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment
       FROM pg_catalog.pg_roles r WHERE pg_catalog.shobj_description(r.oid, 'pg_authid') LIKE 'jitbot: % for %, grant %'
     ), holds(member, gives, via) AS (
       SELECT m.member, g.rolname, NULL::oid FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
       WHERE g.rolname = ANY($1::text[])
       UNION
       SELECT m.member, h.gives, coalesce(h.via, made.oid)
       FROM holds h JOIN pg_catalog.pg_auth_members m ON m.roleid = h.member LEFT JOIN made ON made.oid = h.member
     )
     SELECT made.rolname AS account, made.oid, h.gives, made.comment, NULL AS via
       FROM made LEFT JOIN holds h ON h.member = made.oid AND h.via IS NULL
       WHERE made.rolcanlogin OR EXISTS (
         SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member
         WHERE m.roleid = made.oid AND u.rolname <> current_user AND EXISTS (
           SELECT FROM pg_catalog.pg_auth_members o WHERE o.member = made.oid))
     UNION
     SELECT r.rolname, r.oid, h.gives, NULL, made.comment
       FROM holds h JOIN pg_catalog.pg_roles r ON r.oid = h.member LEFT JOIN made ON made.oid = h.via
       WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user AND r.oid NOT IN (SELECT oid FROM made)
     ORDER BY 1, 3`,
    [roles],
  );
  return rows;
}

const namesOf = (roles: readonly ListedRole<Role>[]): string[] => [...new Set(roles.flatMap(({ role }) => role.roles))];

export async function listHoldings(
  session: Session,
  book: IdBook,
  roles: readonly ListedRole<Role>[],
): Promise<Holding[]> {
  const { found, owned } = await session.transaction(async (client) => ({
    found: await findHolders(client, namesOf(roles)),
    owned: (await hasGrantOptions(client)) ? new Map<string, string>() : await ownedByGiven(client, namesOf(roles)),
  }));
  const holdings = new Map<string, Holding>();
  const add = (one: Holding) => holdings.set(JSON.stringify(one), one);
  for (const [account, held] of Map.groupBy(found, (one) => one.account)) {
    const made = readMark(held[0]?.comment ?? null);
    // It was made for another resource on the same server, whose list has it.
    if (made && !roles.some(({ roleKey }) => roleKey === made.roleKey)) continue;
    if (made) {
      add({ account, role: made.roleKey, grantId: made.grantId });
      continue;
    }
    const gives = new Set<string>();
    for (const one of held) if (one.gives !== null && !(await isMeant(book, one))) gives.add(one.gives);
    for (const { roleKey, role } of roles)
      if (role.roles.every((name) => gives.has(name))) add({ account, role: roleKey, grantId: null });
  }
  for (const { roleKey, role } of roles)
    for (const name of role.roles) {
      const account = owned.get(name);
      if (account !== undefined) add({ account, role: roleKey, grantId: null });
    }
  return [...holdings.values()];
}

/** Whether the role through which somebody holds access was made for them. If not, its holder let them in. */
async function isMeant(book: IdBook, { oid, via }: Found): Promise<boolean> {
  const grant = readMark(via);
  if (!grant) return false;
  const person = (await book.of(grant.grantId)).get(PERSON_OID);
  // Nothing is recorded for grants of earlier versions: their role is meant for the member that it has.
  return person === undefined ? (await book.of(grant.grantId)).size === 0 : person === String(oid);
}

const OWNED_BY = 'owned by ';
const OWNED_SHOWN = 200;

/**
 * What the granted roles own, on versions where SET ROLE cannot be withheld: things made after SET ROLE are among it.
 * @returns a text for people, by role
 */
async function ownedByGiven(client: Client, roles: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await client.query<{ role: string; count: string; things: string }>(
    `SELECT r.rolname AS role, pg_catalog.count(*) AS count,
       pg_catalog.string_agg(i.type || ' ' || i.identity, ', ' ORDER BY i.type, i.identity) AS things
     FROM pg_catalog.pg_roles r
       JOIN pg_catalog.pg_shdepend d ON d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
         AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
       CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
     WHERE r.rolname = ANY($1::text[]) AND i.identity IS NOT NULL GROUP BY r.rolname`,
    [roles],
  );
  return new Map(
    rows.map(({ role, count, things }) => [role, `${OWNED_BY}${role}: ${count} (${cut(things, OWNED_SHOWN)})`]),
  );
}

/** Takes a role from a login that got it outside the bot. */
export async function takeFrom(session: Session, book: IdBook, login: string, role: ListedRole<Role>): Promise<void> {
  if (login.startsWith(OWNED_BY)) throw new TargetRefusal(POSTGRES.ownedByRole(role.role.roles.map(quote).join(', ')));
  await session.transaction(async (client) => {
    for (const name of role.role.roles) await client.query(`REVOKE ${quote(name)} FROM ${quote(login)}`);
  });
  const left = (await listHoldings(session, book, [role])).some(
    ({ account, grantId }) => account === login && grantId === null,
  );
  if (left) throw new TargetRefusal(POSTGRES.throughOther(login, role.role.roles.join(', ')));
}
