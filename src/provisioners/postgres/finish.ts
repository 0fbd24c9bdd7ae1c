/**
 * The last part of an end, once nobody can use the role any more: cleans up what was made with it, and drops it. Ending
 * access does not depend on it, so failures are reported and `tidy` tries again.
 */

import type { Residue } from '../../domain/grant.ts';
import { errorText } from '../../domain/text.ts';
import type { IdBook } from '../../ports/targets.ts';
import { POSTGRES_LEFT } from '../../wording/targets/postgres.ts';
import { prepareHeir } from './heir.ts';
import { literal, type Made, quote, readMark, TAKEN_OID } from './identity.ts';
import { cleanDatabase, type Heirs } from './leftovers.ts';
import { lent } from './lent.ts';
import { newerThan, otherDatabases } from './owned.ts';
import type { Session } from './session.ts';
import { attempt, budgetOf } from './statements.ts';
import type { Client } from './transaction.ts';

/** Time for cleaning up one database, in ms. It has to fit within the deadline of one call. */
const CLEANING_MS = 5_000;

export interface Owners {
  /** `jitbot_leftovers` */
  readonly leftovers: string;
  /** `keep_owner` */
  readonly tables: string | null;
}

/** With more clean-ups than this waiting, the next one is left for the next round, so that it does not delay other ends. */
const MOST_QUEUED = 3;

/** Cleans up after a role and drops it. @returns what is left, and what was done with it */
export async function finish(
  session: Session,
  made: Made,
  { owners, roles }: { owners: Owners; roles: readonly string[] },
): Promise<Residue[]> {
  if (session.queued() >= MOST_QUEUED) {
    await session.transaction((client) => markAsEnded(client, made));
    return [{ what: `role ${made.name}`, done: POSTGRES_LEFT.nextRound }];
  }
  return session.alone(async () => {
    const hasLeftSomething = await session.transaction(
      async (client) =>
        (await hasDependents(client, made.oid)) || (await newerThan(client, made.oid, roles)).length > 0,
    );
    const residue: Residue[] = [];
    if (hasLeftSomething)
      try {
        residue.push(...(await cleanEverywhere(session, made, { owners, roles })));
      } catch (error) {
        residue.push({ what: POSTGRES_LEFT.ownedBy(made.name), done: POSTGRES_LEFT.notCleaned(errorText(error)) });
      }
    const problem = await session.run((client) => attempt(client, `DROP ROLE IF EXISTS ${quote(made.name)}`));
    if (problem !== null) {
      await session.transaction((client) => markAsEnded(client, made));
      const why = [problem.message, problem.detail].filter(Boolean).join(': ');
      residue.push({
        what: `role ${made.name}`,
        done: POSTGRES_LEFT.staysForNow(why),
      });
    }
    return residue;
  });
}

async function cleanEverywhere(
  session: Session,
  made: Made,
  { owners, roles }: { owners: Owners; roles: readonly string[] },
): Promise<Residue[]> {
  const problem = await prepareHeir(session, owners.leftovers);
  const heirs: Heirs = { powerless: problem === null ? owners.leftovers : null, tables: owners.tables };
  const residue: Residue[] = [];
  if (problem !== null) residue.push({ what: `role ${owners.leftovers}`, done: POSTGRES_LEFT.handedNothing(problem) });
  const cleaning = () => ({ made, heirs, roles, hasTime: budgetOf(CLEANING_MS) });
  await lent(session, [made.name, ...(heirs.powerless === null ? [] : [heirs.powerless])], async () => {
    residue.push(...(await session.run((client) => cleanDatabase(client, cleaning()))));
    for (const database of await session.transaction((client) => otherDatabases(client, made.oid)))
      try {
        const there = await session.elsewhere(database, (client) => cleanDatabase(client, cleaning()));
        residue.push(...there.map(({ what, done }) => ({ what: POSTGRES_LEFT.inDatabase(what, database), done })));
      } catch (error) {
        residue.push({
          what: POSTGRES_LEFT.ownedIn(made.name, database),
          done: POSTGRES_LEFT.staysWithWhy(made.name, errorText(error)),
        });
      }
  });
  return residue;
}

async function hasDependents(client: Client, oid: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM pg_catalog.pg_shdepend WHERE refclassid = 'pg_catalog.pg_authid'::regclass AND refobjid = $1::oid
       AND classid <> 'pg_catalog.pg_auth_members'::regclass LIMIT 1`,
    [oid],
  );
  return rowCount !== 0;
}

async function markAsEnded(client: Client, { oid, name }: Made): Promise<void> {
  const { rows } = await client.query<{ comment: string | null }>(
    "SELECT pg_catalog.shobj_description($1::oid, 'pg_authid') AS comment",
    [oid],
  );
  const comment = rows[0]?.comment ?? null;
  if (comment === null || readMark(comment)?.hasEnded !== false) return;
  await client.query(`COMMENT ON ROLE ${quote(name)} IS ${literal(`${comment}, ended`)}`);
}

/** Roles of ended grants that could not be dropped when access ended. They are marked as ended or recorded as taken back. */
export async function endedRoles(client: Client, book: IdBook): Promise<Made[]> {
  const { rows } = await client.query<Made & { comment: string }>(
    `SELECT r.oid, r.rolname AS name, pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment FROM pg_catalog.pg_roles r
     WHERE pg_catalog.shobj_description(r.oid, 'pg_authid') LIKE 'jitbot: % for %, grant %' AND NOT r.rolcanlogin
     ORDER BY r.oid`,
  );
  const ended: Made[] = [];
  for (const { oid, name, comment } of rows) {
    const mark = readMark(comment);
    if (!mark) continue;
    if (mark.hasEnded || (await book.of(mark.grantId)).get(TAKEN_OID) === String(oid)) ended.push({ oid, name });
  }
  return ended;
}
