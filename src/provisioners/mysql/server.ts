/** Identifies the server: if something is missing on another server, that does not mean that it is gone. */

import type { IdBook } from '../../ports/targets.ts';
import { MYSQL } from '../../wording/targets/mysql.ts';
import { TargetRefusal } from '../provisioner.ts';
import { keepBeginning, keepServer, serverOf } from './book.ts';
import { isUnknownVariable, noneIf } from './errors.ts';
import type { Sql } from './sql.ts';

/** The server's own id, or the host, port and data folder that it reports if it has none. */
export async function serverId(sql: Sql): Promise<string> {
  const own = await sql
    .query<{ id: string }>(`SELECT @@${sql.isMariaDb ? 'server_uid' : 'server_uuid'} AS id`)
    // MariaDB before 10.11 has no such id.
    .catch(noneIf(isUnknownVariable));
  if (own?.[0]) return own[0].id;
  const [row] = await sql.query<{ id: string }>("SELECT CONCAT(@@hostname, ':', @@port, ' ', @@datadir) AS id");
  if (!row) throw new TargetRefusal(MYSQL.serverUnknown);
  return row.id;
}

/** Stores which server gives the access and when, by its clock. Call it before anything is created there. */
export async function keepWhereAndWhen(sql: Sql, grantId: string, ids: IdBook): Promise<void> {
  await keepServer(grantId, await serverId(sql), ids);
  const [row] = await sql.query<{ now: string }>("SELECT DATE_FORMAT(NOW(), '%Y-%m-%d %H:%i:%S') AS now");
  if (row) await keepBeginning(grantId, row.now, ids);
}

/** Whether this is the server that gave the access. Also true if the server was not stored. */
export async function isSameServer(sql: Sql, grantId: string, ids: IdBook): Promise<boolean> {
  const kept = await serverOf(grantId, ids);
  return kept === null || kept === (await serverId(sql));
}

export const OTHER_SERVER = MYSQL.otherServer;
