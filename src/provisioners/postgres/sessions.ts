/** What a login has open: sessions, and transactions that were prepared to be committed by anybody of its name later. */

import { TargetRefusal } from '../provisioner.ts';
import { literal, quote } from './identity.ts';
import { inOneGo } from './oneGo.ts';
import type { Session } from './session.ts';
import type { Client } from './transaction.ts';

/** How often sessions are told to end and looked for again, and how long each is waited for. */
const ROUNDS = 8;
const ROUND_WAIT_MS = 500;

/**
 * Ends the sessions of one login, and of nobody else.
 * @param which only those that are open now: somebody who opens one after the other keeps nothing from ending
 * @throws TargetRefusal where some do not end
 */
export async function endSessions(
  session: Session,
  login: { oid: number; name: string },
  which: 'all' | 'open now',
): Promise<void> {
  // Not by when they began: that is shown only to whoever may read all of everybody's activity.
  const pids = which === 'all' ? null : await session.transaction((client) => pidsOf(client, login.oid));
  for (let round = 0; round < ROUNDS; round += 1)
    if (await session.transaction((client) => endRound(client, login.oid, pids))) return;
  throw new TargetRefusal(`a database session of "${login.name}" did not end when told to`);
}

async function pidsOf(client: Client, oid: number): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    'SELECT pid FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid AND pid <> pg_catalog.pg_backend_pid()',
    [oid],
  );
  return rows.map(({ pid }) => pid);
}

/** Does not wait for them. */
export async function tellToEnd(session: Session, { oid }: { oid: number }): Promise<void> {
  await session.transaction((client) =>
    client.query(
      `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
       WHERE usesysid = $1::oid AND pid <> pg_catalog.pg_backend_pid()`,
      [oid],
    ),
  );
}

/** Tells all to end at once, then waits for them. @returns whether there are none */
async function endRound(client: Client, oid: number, pids: readonly number[] | null): Promise<boolean> {
  const those = `FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid AND pid <> pg_catalog.pg_backend_pid()
    AND ($2::int4[] IS NULL OR pid = ANY($2::int4[]))`;
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid, pg_catalog.pg_terminate_backend(pid, 0::bigint) ${those}`,
    [oid, pids],
  );
  // They end at the same time: the next round finds those that take longer than the first.
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

/** Transactions of a login that were prepared and neither committed nor rolled back: they hold their locks without a session. */
export async function preparedBy(client: Client, name: string): Promise<Prepared[]> {
  const { rows } = await client.query<Prepared>(
    'SELECT gid, database FROM pg_catalog.pg_prepared_xacts WHERE owner = $1::name ORDER BY gid',
    [name],
  );
  return rows;
}

/** Only as the login that prepared it, in its database and outside a transaction. The bot is to be a member of it. */
export async function rollBackPrepared(session: Session, name: string, { gid, database }: Prepared): Promise<void> {
  await session.elsewhere(database, async (client) => {
    // COMMIT makes the role hold for what follows. Where that fails the role stays, and every transaction puts it back.
    await inOneGo(client, [`SET ROLE ${quote(name)}`, 'COMMIT', `ROLLBACK PREPARED ${literal(gid)}`, 'RESET ROLE']);
  });
}

/**
 * Ends a transaction of the bot's own whose answer never arrived, where it is still open: after this it has taken effect,
 * or never will.
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
  throw new TargetRefusal(
    `a transaction of the bot's own (${transaction}) is still open, and did not end when told to`,
  );
}
