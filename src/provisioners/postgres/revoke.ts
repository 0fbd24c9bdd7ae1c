/** Takes back what was made for a grant in steps. Those that end its use come first. */

import type { Residue } from '../../domain/grant.ts';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { StorageError } from '../../ports/store.ts';
import type { IdBook } from '../../ports/targets.ts';
import { POSTGRES, POSTGRES_LEFT } from '../../wording/targets/postgres.ts';
import { TargetRefusal } from '../provisioner.ts';
import { finish, type Owners } from './finish.ts';
import {
  assertSameCluster,
  bridgeName,
  CLUSTER,
  findMade,
  grantedOids,
  locate,
  type Made,
  PERSON_OID,
  ROLE_OID,
  TAKEN_OID,
  TRANSACTION,
} from './identity.ts';
import type { Session } from './session.ts';
import { endSessions, hasSessions, preparedBy, settle, tellToEnd } from './sessions.ts';
import {
  type Attempts,
  attempts,
  cutMemberships,
  forbidLogin,
  isUsable,
  rollBackAll,
  type Usable,
  usability,
} from './shut.ts';
import { isThrownOut, strike } from './strike.ts';
import type { Client } from './transaction.ts';

export interface Taking {
  readonly grantId: string;
  /** The name that the bot gave it. */
  readonly name: string;
  /** The PostgreSQL roles that it gave. */
  readonly roles: readonly string[];
}

export interface Place {
  readonly session: Session;
  readonly book: IdBook;
  readonly owners: Owners;
  readonly log: Log;
}

/**
 * Attempts in the first round for a login's row that somebody may have locked. Few, just enough to end the login's sessions
 * once, so that its rights are taken soon.
 */
const FIRST_TRIES = 2;
const MORE_TRIES = 8;

/** Takes back everything it can, even if some of it fails. @throws TargetRefusal if anybody can still use it afterwards */
export async function takeBack(place: Place, taking: Taking): Promise<{ left: readonly Residue[] }> {
  const ids = await idsOf(place, taking.grantId);
  try {
    return await take(place, taking, ids);
  } catch (error) {
    if (!isThrownOut(error)) throw error;
    place.log.warn({ err: error, grantId: taking.grantId }, 'a connection was ended while access was being taken back');
    await strike(place.session, ids);
    return take(place, taking, ids);
  }
}

/** The recorded ids of a grant. If the bot's own database cannot be read, the end goes on with the mark alone. */
async function idsOf({ book, log }: Place, grantId: string): Promise<ReadonlyMap<string, string>> {
  try {
    return await book.of(grantId);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.error({ err: error, grantId }, 'cannot read the recorded ids of a grant; it is found by its mark alone');
    return new Map();
  }
}

/** Takes back a role with the mark of an ended grant, even if its oid is not the recorded one: it may come from a backup. */
export async function takeWhatIsMarked(place: Place, taking: Taking): Promise<void> {
  const ids = new Map(await idsOf(place, taking.grantId));
  for (const thing of [ROLE_OID, TRANSACTION]) ids.delete(thing);
  await take(place, taking, ids);
}

async function take(
  { session, book, owners, log }: Place,
  taking: Taking,
  ids: ReadonlyMap<string, string>,
): Promise<{ left: readonly Residue[] }> {
  const { made, doubt } = await find(session, taking, ids);
  const left: Residue[] = [];
  if (made) {
    const each = attempts();
    left.push(...(await endUse(session, made, { taking, ids, each })));
    const granted = grantedOids(ids);
    const { login, sessions } = await usableNow(session, made, granted);
    // Dropping the role also removes memberships that nobody could take away one by one.
    if (doubt === null && !login && !sessions)
      left.push(...(await cleaned(session, made, { owners, granted, otherwise: taking.roles })));
    assertUnusable(made, await usableNow(session, made, granted), each);
    if (doubt === null) await keepTaken(book, log, { grantId: taking.grantId, oid: made.oid });
  } else await endStraySessions(session, ids);
  if (doubt !== null) throw new TargetRefusal(doubt);
  if (left.length > 0)
    log.warn({ grantId: taking.grantId, role: made?.name, left }, 'ended access left something behind');
  return { left };
}

/** Cleans up. A failure here does not matter for the end of access, and `tidy` tries again. */
async function cleaned(
  session: Session,
  made: Made,
  { owners, granted, otherwise }: { owners: Owners; granted: readonly number[]; otherwise: readonly string[] },
): Promise<Residue[]> {
  try {
    return await finish(session, made, { owners, roles: await namesOf(session, granted, otherwise) });
  } catch (error) {
    return [
      {
        what: `role ${made.name}`,
        done: POSTGRES_LEFT.staysForNow(errorText(error)),
      },
    ];
  }
}

/** Records that the role was taken back. Access has ended even if this cannot be recorded. */
async function keepTaken(book: IdBook, log: Log, { grantId, oid }: { grantId: string; oid: number }): Promise<void> {
  try {
    await book.keep(grantId, TAKEN_OID, String(oid));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.error({ err: error, grantId }, 'cannot record that what was made for a grant was taken back');
  }
}

/** The current names of the granted roles. */
async function namesOf(session: Session, oids: readonly number[], otherwise: readonly string[]) {
  if (oids.length === 0) return otherwise;
  const { rows } = await session.transaction((client) =>
    client.query<{ name: string }>(
      'SELECT rolname AS name FROM pg_catalog.pg_roles WHERE oid = ANY($1::oid[]) ORDER BY 1',
      [oids],
    ),
  );
  return rows.map(({ name }) => name);
}

/**
 * Finds what was made for the grant. Settles an open transaction of the bot first, which could otherwise take effect after
 * the search.
 */
async function find(session: Session, taking: Taking, ids: ReadonlyMap<string, string>) {
  await session.transaction((client) => assertSameCluster(client, ids.get(CLUSTER)));
  const transaction = ids.get(TRANSACTION);
  if (transaction !== undefined) await settle(session, transaction);
  return session.transaction((client) => locate(client, { ...taking, ids }));
}

async function endUse(
  session: Session,
  made: Made,
  { taking, ids, each }: { taking: Taking; ids: ReadonlyMap<string, string>; each: Attempts },
): Promise<Residue[]> {
  const person = await session.transaction((client) => personOf(client, made, { taking, ids }));
  const isShut = await each.try(() => forbidLogin(session, made, FIRST_TRIES).then(() => true));
  // Sessions are told to end before any step that may wait. Whether they did end is checked below.
  if (isShut) await each.try(() => tellToEnd(session, made));
  await cutMemberships(session, made, { each, granted: grantedOids(ids) });
  if (!isShut) await each.try(() => forbidLogin(session, made, MORE_TRIES));
  await each.try(() => endSessions(session, made, 'all'));
  await each.try(() => rollBackAll(session, made));
  const residue = await preparedOf(session, made);
  if (person) {
    // A session keeps a role from SET ROLE until it ends. A session that starts after this has nothing to set.
    await endSessions(session, person, 'open now');
    residue.push(...(await preparedOf(session, person)));
  }
  return residue;
}

const usableNow = (session: Session, { oid }: Made, granted: readonly number[]): Promise<Usable> =>
  session.transaction((client) => usability(client, oid, granted));

function assertUnusable(made: Made, usable: Usable, each: Attempts): void {
  if (!isUsable(usable)) return;
  const what = [
    ...(usable.login ? [POSTGRES.canLogIn(made.name)] : []),
    ...(usable.sessions ? [POSTGRES.sessionGoesOn(made.name)] : []),
    ...(usable.through.length > 0 ? [POSTGRES.canActAs(usable.through.join(', '), made.name)] : []),
  ];
  const why = each.failures.map(errorText);
  throw new TargetRefusal([what.join('; '), ...new Set(why)].join(': '), { cause: new AggregateError(each.failures) });
}

/** The person's own login, if the grant's role connects it with the granted roles. */
async function personOf(
  client: Client,
  made: Made,
  { taking, ids }: { taking: Taking; ids: ReadonlyMap<string, string> },
): Promise<Made | null> {
  const recorded = ids.get(PERSON_OID);
  // If nothing was recorded, the role was made for the member that it has.
  if (recorded === undefined && taking.name !== bridgeName(taking)) return null;
  const { rows } = await client.query<Made>(
    `SELECT u.oid, u.rolname AS name FROM pg_catalog.pg_roles u
     WHERE CASE WHEN $2::oid IS NOT NULL THEN u.oid = $2::oid
       ELSE u.rolcanlogin AND u.rolname <> current_user
         AND u.oid IN (SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = $1::oid) END`,
    [made.oid, recorded ?? null],
  );
  return rows[0] ?? null;
}

/** Prepared transactions that are left. Only the login itself or a superuser can roll them back. */
async function preparedOf(session: Session, owner: Made): Promise<Residue[]> {
  const prepared = await session.transaction((client) => preparedBy(client, owner.name));
  return prepared.map(({ gid, database }) => ({
    what: POSTGRES_LEFT.prepared(gid, owner.name, database),
    done: POSTGRES_LEFT.rollBack,
  }));
}

/** Ends sessions of a role that somebody else dropped: they may still be open. */
async function endStraySessions(session: Session, ids: ReadonlyMap<string, string>): Promise<void> {
  const oid = Number(ids.get(ROLE_OID) ?? Number.NaN);
  if (Number.isNaN(oid)) return;
  if (await session.transaction((client) => hasSessions(client, oid)))
    await endSessions(session, { oid, name: `oid ${oid}` }, 'all');
}

/** Whether anybody can use what was made for a grant. @throws TargetRefusal if that cannot be known */
export async function isInUse(place: Place, taking: Taking): Promise<boolean> {
  const { session } = place;
  const ids = await idsOf(place, taking.grantId);
  const made = await session.transaction((client) => findMade(client, { ...taking, ids }));
  const oid = made?.oid ?? Number(ids.get(ROLE_OID) ?? Number.NaN);
  if (Number.isNaN(oid)) return false;
  return isUsable(await session.transaction((client) => usability(client, oid, grantedOids(ids))));
}
