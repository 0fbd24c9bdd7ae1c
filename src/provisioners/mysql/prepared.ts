/**
 * Prepared transactions (XA) outlive the session, the login and a restart, and keep their locks. The server does not say
 * whose they are. So one that did not exist before the grant is reported, and people decide about it.
 */

import type { Residue } from '../../domain/grant.ts';
import type { Log } from '../../ports/host.ts';
import type { IdBook } from '../../ports/targets.ts';
import { MYSQL_LEFT } from '../../wording/targets/mysql.ts';
import { isRefusal, noneIf } from './errors.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';

const PREPARED = 'prepared transactions';
/** Limit of the stored names, in characters. On a server that uses them all the time, the names prove nothing anyway. */
const NAMES_MAX = 4_000;

/** Lists prepared transactions. @returns null if the server refuses: MySQL demands a right for that */
async function prepared(sql: Sql): Promise<string[] | null> {
  const rows = await sql.query<{ formatID: number; data: string | Buffer }>('XA RECOVER').catch(noneIf(isRefusal));
  return rows?.map(({ formatID, data }) => `${String(data).replace(/[^ -~]/g, '?')} (${formatID})`) ?? null;
}

export async function keepPrepared(sql: Sql, grantId: string, ids: IdBook): Promise<void> {
  const found = await prepared(sql);
  // If it is unknown what existed before, nothing is reported as the holder's afterwards.
  if (found === null) return;
  const names = JSON.stringify(found);
  if (names.length <= NAMES_MAX) await ids.keep(grantId, PREPARED, names);
}

export async function preparedAfter(
  session: Pick<Session, 'run'>,
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
    what: MYSQL_LEFT.prepared(one),
    done: MYSQL_LEFT.keepsLocks,
  }));
}
