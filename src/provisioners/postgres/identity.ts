/**
 * What is made for a grant, and how it is found again: by its oid, which PostgreSQL never changes, once that was written
 * down; and by the comment that the bot put on it, never by its name alone. Names can be given to something else.
 */

import { type Access, TargetRefusal } from '../provisioner.ts';
import { driver } from './driver.ts';
import type { Client } from './transaction.ts';

export const quote = (name: string): string => driver().escapeIdentifier(name);
export const literal = (text: string): string => driver().escapeLiteral(text);

/** From this version on, a membership says whether it inherits and may be used for SET ROLE, and who granted it counts. */
const VERSION_WITH_GRANT_OPTIONS = 160_000;

/** What is written down of each grant. */
export const ROLE_OID = 'role oid';
export const CLUSTER = 'cluster';
export const TRANSACTION = 'transaction';
export const PERSON_OID = 'login oid';
/** The oid of what the bot took back: whatever has its name afterwards is somebody else's. */
export const TAKEN_OID = 'taken back oid';
/** Followed by the name that a granted role had. */
const GRANTED = 'granted ';
export const grantedThing = (role: string): string => `${GRANTED}${role}`;
export const grantedOids = (ids: ReadonlyMap<string, string>): number[] =>
  [...ids].flatMap(([thing, id]) => (thing.startsWith(GRANTED) ? [Number(id)] : []));

type Person = Access<unknown>['person'];

/** `jit_ana_7k2m9q4tz1`: says whose it is, and is unique by the grant's id. */
export const loginName = ({ person, grantId }: { person: Person; grantId: string }): string => {
  const who = (person.email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  return `jit_${who}_${grantId.toLowerCase()}`;
};
export const bridgeName = ({ grantId }: { grantId: string }): string => `jit_${grantId.toLowerCase()}`;

/** What the comment on a role of the bot's says: for which role of the policy and which grant, and whether that is over. */
const MARK = /^jitbot: (\S+) for .+, grant (G\w+)(, ended)?$/s;

export const markOf = ({ grantId, roleKey, person }: Pick<Access<unknown>, 'grantId' | 'roleKey' | 'person'>): string =>
  `jitbot: ${roleKey} for ${person.email}, grant ${grantId}`;

export function readMark(comment: string | null): { roleKey: string; grantId: string; hasEnded: boolean } | null {
  const [, roleKey, grantId, ended] = MARK.exec(comment ?? '') ?? [];
  return roleKey === undefined || grantId === undefined ? null : { roleKey, grantId, hasEnded: ended !== undefined };
}

/** The role that was made for a grant, as it is called now. */
export interface Made {
  readonly oid: number;
  readonly name: string;
}

export interface Wanted {
  readonly grantId: string;
  /** What the bot calls it. */
  readonly name: string;
  /** What was written down when it was made. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * Finds what was made for a grant, on the server that it was made on.
 * @returns `made` null: nothing that is known to be of the grant is there. `doubt`: why what is there cannot be told to be
 * the bot's, which is never "gone"
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
  // Its oid is known, and either its name or its mark is as the bot left it: somebody else changed the other.
  const own = rows.find((row) =>
    recorded === undefined ? isMarked(row) : isRecorded(row) && (row.name === name || isMarked(row)),
  );
  // Whoever has the name of what is found by its oid, or of what the bot dropped, is a namesake and nothing more.
  const isDone = recorded !== undefined && ids.get(TAKEN_OID) === recorded;
  const stranger = own ? (isMarked(own) ? undefined : own) : isDone ? undefined : rows[0];
  const fix = (role: string) =>
    `Look at it; then drop it, or put its comment back: COMMENT ON ROLE ${quote(role)} IS 'jitbot: RESOURCE/ROLE for ADDRESS, grant ${grantId}'`;
  if (!stranger) {
    if (!own && !isDone) await assertNotOlder(client, ids.get(TRANSACTION));
    return { made: own ?? null, doubt: null };
  }
  const why =
    recorded === undefined || isRecorded(stranger)
      ? `its comment does not say that it was made for grant ${grantId}`
      : `it has the name of what was made for grant ${grantId}, and another oid (${stranger.oid}, not ${recorded})`;
  return {
    made: own ?? null,
    doubt: `the role "${stranger.name}" is not known to be the bot's: ${why}. ${fix(stranger.name)}`,
  };
}

/** @throws TargetRefusal where something is there that cannot be told to be the bot's */
export async function findMade(client: Client, wanted: Wanted): Promise<Made | null> {
  const { made, doubt } = await locate(client, wanted);
  if (doubt !== null) throw new TargetRefusal(doubt);
  return made;
}

/** @returns null where this PostgreSQL does not tell: some that are run for others do not. */
export async function clusterId(client: Client): Promise<string | null> {
  // In a transaction that goes on, whatever the answer.
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

/** Another server at the same address knows nothing of the grant: what it does not have is no evidence. */
export async function assertSameCluster(client: Client, recorded: string | undefined): Promise<void> {
  if (recorded === undefined) return;
  const now = await clusterId(client);
  if (now !== recorded)
    throw new TargetRefusal(
      `another PostgreSQL cluster answers at this address (${now ?? 'it does not say which'}) than the one that the access was given on (${recorded}); point the address back to that one until it has ended`,
    );
}

/** A cluster that was put back to a time before the access was given does not have it; the one that does may still run. */
async function assertNotOlder(client: Client, transaction: string | undefined): Promise<void> {
  if (transaction === undefined) return;
  const { rows } = await client.query<{ older: boolean }>(
    'SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) <= $1::pg_catalog.xid8 AS older',
    [transaction],
  );
  if (rows[0]?.older !== false)
    throw new TargetRefusal(
      'this PostgreSQL cluster is older than the access that was given on it: it was put back from a backup. Make sure that the one before does not run any more, and that nobody can use what was made there',
    );
}

/** Whether memberships have the options INHERIT and SET, and count by who granted them. */
export async function hasGrantOptions(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version",
  );
  return (rows[0]?.version ?? 0) >= VERSION_WITH_GRANT_OPTIONS;
}
