/**
 * Against somebody whose role lets them end the bot's connections as they come (`pg_signal_backend`): everything that ends
 * use is sent as the first message of a new connection, on many at once and again and again. They have to be quicker each
 * time, and the bot only once.
 */

import { SECOND } from '../../domain/terms.ts';
import { pause } from '../polling.ts';
import { driver } from './driver.ts';
import { PERSON_OID, ROLE_OID } from './identity.ts';
import type { Session } from './session.ts';

/**
 * A burst wins where single connections lose: while so many start, whoever ends them gets a small part of the processor.
 * Against three sessions that end them without a pause, on two cores, one in 150 gets through one at a time, and every
 * second one by twenty-fives. PostgreSQL takes 100 connections where nobody set another number.
 */
const AT_ONCE = 24;
const MOST_MS = 8 * SECOND;
const PAUSE_MS = 5;
/** So many connections in a row that broke without a word from the server: it is the network that is down, and no holder. */
const MOST_SILENT = 40;
/** `admin_shutdown`, `crash_shutdown`, `connection_failure` and their like. */
const THROWN_OUT = /^(57P0[12]|08...)$/;
/** `too_many_connections`: a slot comes free when one of the others has ended. */
const NO_SLOT = '53300';

/** Whether a connection of the bot's was ended by somebody, as opposed to an answer that it does not like. */
export function isThrownOut(error: unknown): boolean {
  if (error instanceof driver().DatabaseError) return THROWN_OUT.test(error.code ?? '');
  if (error instanceof AggregateError) return error.errors.some(isThrownOut);
  if (!(error instanceof Error)) return false;
  return /ECONNRESET|EPIPE|terminated|not queryable/i.test(error.message) || isThrownOut(error.cause);
}

/** Whether the server itself said why, as it does to a connection that somebody ends. */
function isFromServer(error: unknown): boolean {
  if (error instanceof driver().DatabaseError) return true;
  if (error instanceof AggregateError) return error.errors.some(isFromServer);
  return error instanceof Error && isFromServer(error.cause);
}

function hasNoSlot(error: unknown): boolean {
  if (error instanceof driver().DatabaseError) return error.code === NO_SLOT;
  return error instanceof Error && hasNoSlot(error.cause);
}

/** @returns whether the server said of each part that it is done */
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
        // Refused, or there is no server: another try would be no better. What comes after says why.
        if (!isThrownOut(error) && !hasNoSlot(error)) return;
        silent = isFromServer(error) ? 0 : silent + 1;
        await pause(PAUSE_MS);
      }
  };
  // A pooler in between may not take a message before it has let the bot in.
  const ways = [() => session.early(sql), sendFresh];
  await Promise.all(Array.from({ length: AT_ONCE / ways.length }, () => ways.map(striking)).flat());
  return isDone;
}

/** In one message, so that nobody comes between. */
const pinned = (sql: string): string => `BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; ${sql}; COMMIT`;

/** By its oid: it may have been renamed. */
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
