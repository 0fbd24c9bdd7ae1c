/** Runs statements of which each may fail without preventing the others. */

import type pg from 'pg';
import { POSTGRES_LEFT } from '../../wording/targets/postgres.ts';
import { driver } from './driver.ts';
import { type Client, inTransaction } from './transaction.ts';

/** Statements per transaction, as long as all of them work. */
const CHUNK = 50;

/** @returns PostgreSQL's error; null if the statement worked */
export async function attempt(client: Client, sql: string): Promise<pg.DatabaseError | null> {
  try {
    await inTransaction(client, () => client.query(sql));
    return null;
  } catch (error) {
    if (!(error instanceof driver().DatabaseError)) throw error;
    return error;
  }
}

/** Whether there is still time for clean-up in this round. The rest is done in the next one. */
export type Budget = () => boolean;

export function budgetOf(millis: number): Budget {
  const end = performance.now() + millis;
  return () => performance.now() < end;
}

export const LATER = POSTGRES_LEFT.notReached;

/** @returns for each statement that failed, why; `LATER` if time ran out before it */
export async function attemptAll(
  client: Client,
  statements: readonly string[],
  hasTime: Budget,
): Promise<Map<string, pg.DatabaseError | typeof LATER>> {
  const failed = new Map<string, pg.DatabaseError | typeof LATER>();
  for (let at = 0; at < statements.length; at += CHUNK) {
    const chunk = statements.slice(at, at + CHUNK);
    if (hasTime() && (await attempt(client, chunk.join('; '))) === null) continue;
    // At least one of them failed, so each runs separately.
    for (const sql of chunk) {
      const problem = hasTime() ? await attempt(client, sql) : LATER;
      if (problem !== null) failed.set(sql, problem);
    }
  }
  return failed;
}
