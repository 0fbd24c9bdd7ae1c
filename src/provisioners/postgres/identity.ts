/**
 * Finds again what was made for a grant: by its recorded oid, which PostgreSQL never changes, or by the comment that the bot
 * put on it. Never by its name alone, because a name can be given to something else.
 */

import { POSTGRES } from '../../wording/targets/postgres.ts';
import { type Access, TargetRefusal } from '../provisioner.ts';
import { driver } from './driver.ts';
import type { Client } from './transaction.ts';

export const quote = (name: string): string => driver().escapeIdentifier(name);
export const literal = (text: string): string => driver().escapeLiteral(text);

/** From this version on, memberships have the options INHERIT and SET, and those from different grantors are separate. */
const VERSION_WITH_GRANT_OPTIONS = 160_000;

/** Keys of what is recorded for each grant. */
export const ROLE_OID = 'role oid';
export const CLUSTER = 'cluster';
export const TRANSACTION = 'transaction';
export const PERSON_OID = 'login oid';
/** The oid of what the bot took back: anything with the same name afterwards is somebody else's. */
export const TAKEN_OID = 'taken back oid';
/** Prefix of a key, followed by the name that a granted role had. */
const GRANTED = 'granted ';
export const grantedThing = (role: string): string => `${GRANTED}${role}`;
export const grantedOids = (ids: ReadonlyMap<string, string>): number[] =>
  [...ids].flatMap(([thing, id]) => (thing.startsWith(GRANTED) ? [Number(id)] : []));

type Person = Access<unknown>['person'];

/** `jit_ana_7k2m9q4tz1`: names the person, and is unique by the grant's id. */
export const loginName = ({ person, grantId }: { person: Person; grantId: string }): string => {
  const who = (person.email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  return `jit_${who}_${grantId.toLowerCase()}`;
};
export const bridgeName = ({ grantId }: { grantId: string }): string => `jit_${grantId.toLowerCase()}`;

/** The comment on a role made by the bot: the policy's role, the grant, and whether that has ended. */
const MARK = /^jitbot: (\S+) for .+, grant (G\w+)(, ended)?$/s;

export const markOf = ({ grantId, roleKey, person }: Pick<Access<unknown>, 'grantId' | 'roleKey' | 'person'>): string =>
  `jitbot: ${roleKey} for ${person.email}, grant ${grantId}`;

export function readMark(comment: string | null): { roleKey: string; grantId: string; hasEnded: boolean } | null {
  const [, roleKey, grantId, ended] = MARK.exec(comment ?? '') ?? [];
  return roleKey === undefined || grantId === undefined ? null : { roleKey, grantId, hasEnded: ended !== undefined };
}

/** The role that was made for a grant, with its current name. */
export interface Made {
  readonly oid: number;
  readonly name: string;
}

export interface Wanted {
  readonly grantId: string;
  /** The name that the bot gave it. */
  readonly name: string;
  /** What was recorded when it was made. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * Finds what was made for a grant, on the server that it was made on.
 * @returns `made` is null if nothing is there that is known to belong to the grant. `doubt` says why something that is there
 *   may or may not be the bot's: a doubt never means "gone"
 */
export async function locate(
  client: Client,
  { grantId, name, ids }: Wanted,
): Promise<{ made: Made | null; doubt: string | null }> {
  await assertSameCluster(client, ids.get(CLUSTER));
  const recorded = ids.get(ROLE_OID);
  const { rows } = await client.query<Made & { comment: string | null }>(
    `SELECT r.oid, r.rolname AS name, pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment
     FROM pg_catalog.pg_roles r WHERE r.rolname = $1 OR r.oid = $2::oid`,
    [name, recorded ?? null],
  );
  const isRecorded = ({ oid }: Made) => String(oid) === recorded;
  const isMarked = (row: { comment: string | null }) => readMark(row.comment)?.grantId === grantId;
  // The oid matches, and so does the name or the mark. If only one of them does, somebody changed the other.
  const own = rows.find((row) =>
    recorded === undefined ? isMarked(row) : isRecorded(row) && (row.name === name || isMarked(row)),
  );
  // A role that only has the same name as one found by its oid, or as one that the bot dropped, is unrelated.
  const isDone = recorded !== undefined && ids.get(TAKEN_OID) === recorded;
  const stranger = own ? (isMarked(own) ? undefined : own) : isDone ? undefined : rows[0];
  const fix = (role: string) => POSTGRES.lookAt(quote(role), grantId);
  if (!stranger) {
    if (!own && !isDone) await assertNotOlder(client, ids.get(TRANSACTION));
    return { made: own ?? null, doubt: null };
  }
  const why =
    recorded === undefined || isRecorded(stranger)
      ? POSTGRES.otherComment(grantId)
      : POSTGRES.otherOid(grantId, stranger.oid, recorded);
  return {
    made: own ?? null,
    doubt: POSTGRES.notOurs(stranger.name, why, fix(stranger.name)),
  };
}

/**
 * @returns what was made for the grant; null if it is gone.
 * @throws TargetRefusal if something is there that may or may not be the bot's
 */
export async function findMade(client: Client, wanted: Wanted): Promise<Made | null> {
  const { made, doubt } = await locate(client, wanted);
  if (doubt !== null) throw new TargetRefusal(doubt);
  return made;
}

/** The id of the cluster. @returns null if this PostgreSQL does not report it, as some managed ones */
export async function clusterId(client: Client): Promise<string | null> {
  // The savepoint lets the transaction continue if the query fails.
  await client.query('SAVEPOINT cluster');
  try {
    const { rows } = await client.query<{ id: string }>(
      'SELECT system_identifier::text AS id FROM pg_catalog.pg_control_system()',
    );
    return rows[0]?.id ?? null;
  } catch (error) {
    if (!(error instanceof driver().DatabaseError)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT cluster');
    return null;
  }
}

/** Refuses to ask another server at the same address: that it lacks something of the grant proves nothing. */
export async function assertSameCluster(client: Client, recorded: string | undefined): Promise<void> {
  if (recorded === undefined) return;
  const now = await clusterId(client);
  if (now !== recorded) throw new TargetRefusal(POSTGRES.otherCluster(now ?? POSTGRES.clusterUnsaid, recorded));
}

/**
 * Refuses a cluster that was restored to a time before the access was given: it does not have the access, but the original may
 * still run and have it.
 */
async function assertNotOlder(client: Client, transaction: string | undefined): Promise<void> {
  if (transaction === undefined) return;
  const { rows } = await client.query<{ older: boolean }>(
    'SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) <= $1::pg_catalog.xid8 AS older',
    [transaction],
  );
  if (rows[0]?.older !== false) throw new TargetRefusal(POSTGRES.olderCluster);
}

/** Whether memberships have the options INHERIT and SET, and those from different grantors are separate. */
export async function hasGrantOptions(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version",
  );
  return (rows[0]?.version ?? 0) >= VERSION_WITH_GRANT_OPTIONS;
}
