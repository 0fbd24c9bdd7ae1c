/** Statements of which each may fail without keeping the others from being done. */

import type pg from 'pg';
import { driver } from './driver.ts';
import { type Client, inTransaction } from './transaction.ts';

/** So many share a transaction, as long as all of them work. */
const CHUNK = 50;

/** @returns what PostgreSQL said against it; null: it is done */
export async function attempt(client: Client, sql: string): Promise<pg.DatabaseError | null> {
  try {
    await inTransaction(client, () => client.query(sql));
    return null;
  } catch (error) {
    if (!(error instanceof driver().DatabaseError)) throw error;
    return error;
  }
}

/** Time that cleaning up may take in one go; the rest is for the next round. */
export type Budget = () => boolean;

export function budgetOf(millis: number): Budget {
  const end = performance.now() + millis;
  return () => performance.now() < end;
}

export const LATER = 'not reached yet';

/** @returns what kept statements from being done, by the statement; `LATER` where time ran out */
export async function attemptAll(
  client: Client,
  statements: readonly string[],
  hasTime: Budget,
): Promise<Map<string, pg.DatabaseError | typeof LATER>> {
  const failed = new Map<string, pg.DatabaseError | typeof LATER>();
  for (let at = 0; at < statements.length; at += CHUNK) {
    const chunk = statements.slice(at, at + CHUNK);
    if (hasTime() && (await attempt(client, chunk.join('; '))) === null) continue;
    // One of them does not work: each by itself.
    for (const sql of chunk) {
      const problem = hasTime() ? await attempt(client, sql) : LATER;
      if (problem !== null) failed.set(sql, problem);
    }
  }
  return failed;
}
