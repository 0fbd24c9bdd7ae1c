/** What a login has open: sessions, and prepared transactions, which a session of the same login can commit later. */

import { POSTGRES } from '../../wording/targets/postgres.ts';
import { TargetRefusal } from '../provisioner.ts';
import { literal, quote } from './identity.ts';
import { inOneGo } from './oneGo.ts';
import type { Session } from './session.ts';
import type { Client } from './transaction.ts';

/** How often sessions are told to end and searched for again, and how long each is waited for. */
const ROUNDS = 8;
const ROUND_WAIT_MS = 500;

/**
 * Ends the sessions of one login, and of nobody else.
 * @param which `open now` ends only current sessions, so that somebody who keeps opening new ones cannot prevent the end
 * @throws TargetRefusal if some do not end
 */
export async function endSessions(
  session: Session,
  login: { oid: number; name: string },
  which: 'all' | 'open now',
): Promise<void> {
  // Compared by process id and not by start time, which only users with the right to see all activity can read.
  const pids = which === 'all' ? null : await session.transaction((client) => pidsOf(client, login.oid));
  for (let round = 0; round < ROUNDS; round += 1)
    if (await session.transaction((client) => endRound(client, login.oid, pids))) return;
  throw new TargetRefusal(POSTGRES.sessionGoesOn(login.name));
}

async function pidsOf(client: Client, oid: number): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    'SELECT pid FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid AND pid <> pg_catalog.pg_backend_pid()',
    [oid],
  );
  return rows.map(({ pid }) => pid);
}

/** Tells all sessions of a login to end, without waiting for them. */
export async function tellToEnd(session: Session, { oid }: { oid: number }): Promise<void> {
  await session.transaction((client) =>
    client.query(
      `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
       WHERE usesysid = $1::oid AND pid <> pg_catalog.pg_backend_pid()`,
      [oid],
    ),
  );
}

/** Tells all sessions to end, then waits for them. @returns whether none is left */
async function endRound(client: Client, oid: number, pids: readonly number[] | null): Promise<boolean> {
  const those = `FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid AND pid <> pg_catalog.pg_backend_pid()
    AND ($2::int4[] IS NULL OR pid = ANY($2::int4[]))`;
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid, pg_catalog.pg_terminate_backend(pid, 0::bigint) ${those}`,
    [oid, pids],
  );
  // They end at the same time, so waiting for the first is enough. The next round finds those that take longer.
  if (rows[0])
    await client.query('SELECT pg_catalog.pg_terminate_backend($1::int4, $2::bigint)', [rows[0].pid, ROUND_WAIT_MS]);
  return rows.length === 0;
}

export async function hasSessions(client: Client, oid: number): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid AND pid <> pg_catalog.pg_backend_pid() LIMIT 1',
    [oid],
  );
  return rowCount !== 0;
}

export interface Prepared {
  readonly gid: string;
  readonly database: string;
}

/** A login's prepared transactions that were neither committed nor rolled back. They hold their locks without a session. */
export async function preparedBy(client: Client, name: string): Promise<Prepared[]> {
  const { rows } = await client.query<Prepared>(
    'SELECT gid, database FROM pg_catalog.pg_prepared_xacts WHERE owner = $1::name ORDER BY gid',
    [name],
  );
  return rows;
}

/**
 * Rolls back a prepared transaction. PostgreSQL allows it only to the login that prepared it, in its database and outside a
 * transaction, so the bot has to be a member of that login.
 */
export async function rollBackPrepared(session: Session, name: string, { gid, database }: Prepared): Promise<void> {
  await session.elsewhere(database, async (client) => {
    // After COMMIT the role stays set for the next statement. If that one fails the role remains set, but every transaction
    // resets it.
    await inOneGo(client, [`SET ROLE ${quote(name)}`, 'COMMIT', `ROLLBACK PREPARED ${literal(gid)}`, 'RESET ROLE']);
  });
}

/**
 * Ends a transaction of the bot whose answer never arrived, if it is still open. After this, it has either taken effect or
 * never will.
 */
export async function settle(session: Session, transaction: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const open = await session.transaction(async (client) => {
      const { rowCount } = await client.query(
        `SELECT pg_catalog.pg_terminate_backend(pid, $2::bigint) FROM pg_catalog.pg_stat_activity
         WHERE backend_xid = $1::pg_catalog.xid8::pg_catalog.xid AND usename = session_user
           AND pid <> pg_catalog.pg_backend_pid()`,
        [transaction, ROUND_WAIT_MS],
      );
      return rowCount !== 0;
    });
    if (!open) return;
  }
  throw new TargetRefusal(POSTGRES.transactionOpen(transaction));
}
