/**
 * For a holder whose role lets them end the bot's connections as soon as they open (`pg_signal_backend`). Everything that ends
 * use is sent as the first message of a new connection, on many connections at once, again and again. The holder has to win
 * every race, the bot only one.
 */

import { SECOND } from '../../domain/terms.ts';
import { pause } from '../polling.ts';
import { driver } from './driver.ts';
import { PERSON_OID, ROLE_OID } from './identity.ts';
import type { Session } from './session.ts';

/**
 * Connections per burst. A burst wins where single connections lose: while many connections start, the holder gets only a
 * small share of the processor. Measured on two cores against three sessions that end connections without a pause: one in 150
 * single connections gets through, and every second one in bursts of 25. PostgreSQL allows 100 connections by default.
 */
const AT_ONCE = 24;
const MOST_MS = 8 * SECOND;
const PAUSE_MS = 5;
/**
 * After this many connections in a row that broke without an error from the server, the network is down, and no holder is to
 * blame.
 */
const MOST_SILENT = 40;
/** `admin_shutdown`, `crash_shutdown`, `connection_failure` and their like. */
const THROWN_OUT = /^(57P0[12]|08...)$/;
/** `too_many_connections`: a slot becomes free when another connection ends. */
const NO_SLOT = '53300';

/** Whether somebody ended the bot's connection, as opposed to the server refusing a statement. */
export function isThrownOut(error: unknown): boolean {
  if (error instanceof driver().DatabaseError) return THROWN_OUT.test(error.code ?? '');
  if (error instanceof AggregateError) return error.errors.some(isThrownOut);
  if (!(error instanceof Error)) return false;
  return /ECONNRESET|EPIPE|terminated|not queryable/i.test(error.message) || isThrownOut(error.cause);
}

/** Whether the error comes from the server, as for a connection that somebody ends, and not from the network. */
function isFromServer(error: unknown): boolean {
  if (error instanceof driver().DatabaseError) return true;
  if (error instanceof AggregateError) return error.errors.some(isFromServer);
  return error instanceof Error && isFromServer(error.cause);
}

function hasNoSlot(error: unknown): boolean {
  if (error instanceof driver().DatabaseError) return error.code === NO_SLOT;
  return error instanceof Error && hasNoSlot(error.cause);
}

/** Sends the statements that end use in bursts. @returns whether the server confirmed each of them */
export async function strike(session: Session, ids: ReadonlyMap<string, string>): Promise<boolean> {
  const role = Number(ids.get(ROLE_OID) ?? Number.NaN);
  if (Number.isNaN(role)) return false;
  const person = Number(ids.get(PERSON_OID) ?? Number.NaN);
  const end = performance.now() + MOST_MS;
  const parts = Number.isNaN(person)
    ? [pinned(shut(role)), endSessionsOf(role)]
    : [pinned(sever(role, person)), endSessionsOf(person)];
  for (const part of parts) if (!(await untilDone(session, part, end))) return false;
  return true;
}

async function untilDone(session: Session, sql: string, end: number): Promise<boolean> {
  let isDone = false;
  const sendFresh = () => session.fresh((client) => client.query(sql));
  const striking = async (send: () => Promise<unknown>) => {
    let silent = 0;
    while (!isDone && silent < MOST_SILENT && performance.now() < end)
      try {
        await send();
        isDone = true;
      } catch (error) {
        // The server refused or is not there: another attempt would not help. The next step reports why.
        if (!isThrownOut(error) && !hasNoSlot(error)) return;
        silent = isFromServer(error) ? 0 : silent + 1;
        await pause(PAUSE_MS);
      }
  };
  // A pooler in between may not accept a message before the login is complete, so both ways are tried.
  const ways = [() => session.early(sql), sendFresh];
  await Promise.all(Array.from({ length: AT_ONCE / ways.length }, () => ways.map(striking)).flat());
  return isDone;
}

/** Wraps SQL so that it goes out as one message, and nothing can come in between. */
const pinned = (sql: string): string => `BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; ${sql}; COMMIT`;

/** SQL that shuts a role, found by its oid because it may have been renamed. */
const shut = (role: number): string => `DO $strike$
  DECLARE called name;
  BEGIN
    SELECT rolname INTO called FROM pg_catalog.pg_roles WHERE oid = ${Number(role)};
    IF FOUND THEN EXECUTE pg_catalog.format('ALTER ROLE %I NOLOGIN CONNECTION LIMIT 0 PASSWORD NULL', called); END IF;
  END $strike$`;

const sever = (role: number, person: number): string => `DO $strike$
  DECLARE called name; whose name;
  BEGIN
    SELECT g.rolname, u.rolname INTO called, whose FROM pg_catalog.pg_roles g, pg_catalog.pg_roles u
      WHERE g.oid = ${Number(role)} AND u.oid = ${Number(person)};
    IF FOUND THEN EXECUTE pg_catalog.format('REVOKE %I FROM %I CASCADE', called, whose); END IF;
  END $strike$`;

const endSessionsOf = (login: number): string =>
  `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usesysid OPERATOR(pg_catalog.=) ${Number(login)}::pg_catalog.oid`;
