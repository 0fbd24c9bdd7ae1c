/**
 * Transactions that were prepared (XA) outlive the session, the login and a restart, and keep their locks. The server does
 * not say whose they are: one that was not there before the grant is named, and left to people.
 */

import type { Residue } from '../../domain/grant.ts';
import type { Log } from '../../ports/host.ts';
import type { IdBook } from '../../ports/targets.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';

const PREPARED = 'prepared transactions';
/** On a server that uses them all the time nothing can be told from the names. */
const NAMES_MAX = 4_000;

/** @returns null: the server does not tell the bot, which MySQL does with a right of its own only */
async function prepared(sql: Sql): Promise<string[] | null> {
  const rows = await sql.query<{ formatID: number; data: string | Buffer }>('XA RECOVER').catch(() => null);
  return rows?.map(({ formatID, data }) => `${String(data).replace(/[^ -~]/g, '?')} (${formatID})`) ?? null;
}

export async function keepPrepared(sql: Sql, grantId: string, ids: IdBook): Promise<void> {
  const found = await prepared(sql);
  // Not knowing what was there before is not the same as nothing: then nothing is named as the holder's afterwards.
  if (found === null) return;
  const names = JSON.stringify(found);
  if (names.length <= NAMES_MAX) await ids.keep(grantId, PREPARED, names);
}

export async function preparedAfter(
  session: Session,
  grantId: string,
  { ids, log }: { ids: IdBook; log: Log },
): Promise<Residue[]> {
  const kept = (await ids.of(grantId)).get(PREPARED);
  const now = await session.run(prepared);
  if (kept === undefined || !now) return [];
  const before: unknown = JSON.parse(kept);
  const fresh = now.filter((one) => Array.isArray(before) && !before.includes(one));
  if (fresh.length > 0)
    log.warn({ grantId, transactions: fresh }, 'prepared transactions are left, and keep their locks');
  return fresh.map((one) => ({
    what: `prepared transaction ${one}`,
    done: 'stays, with its locks: the server does not say whose it is. XA COMMIT or XA ROLLBACK ends it',
  }));
}
