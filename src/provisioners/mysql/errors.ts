/** What errors of the server and of the connection mean. */

import { errorText } from '../../domain/text.ts';

export const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;

const numberOf = (error: unknown): number | null =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : null;

/** The server ended the connection because somebody killed it, on MariaDB and on MySQL. */
const KILLED = [1927, 3169, 1053, 4031];
const BROKEN = ['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE', 'ER_SERVER_SHUTDOWN'];
const FULL = ['ER_CON_COUNT_ERROR', 'ER_TOO_MANY_USER_CONNECTIONS', 'ER_USER_LIMIT_REACHED'];

export const isFull = (error: unknown): boolean => FULL.includes(codeOf(error) ?? '');
export const isBroken = (error: unknown): boolean =>
  BROKEN.includes(codeOf(error) ?? '') ||
  KILLED.includes(numberOf(error) ?? 0) ||
  /closed state|connection is closed/i.test(errorText(error));

export const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  'sqlState' in error &&
  typeof error.sqlState === 'string' &&
  !('fatal' in error && error.fatal) &&
  !KILLED.includes(numberOf(error) ?? 0);

/** Missing rights: ER_DBACCESS_DENIED, ER_TABLEACCESS_DENIED, ER_COLUMNACCESS_DENIED, ER_SPECIFIC_ACCESS_DENIED. */
const DENIED = [1044, 1142, 1143, 1227];
export const isDenied = (error: unknown): boolean => DENIED.includes(numberOf(error) ?? 0);

/** Statements that waited too long: ER_LOCK_WAIT_TIMEOUT, ER_STATEMENT_TIMEOUT of MariaDB, ER_QUERY_TIMEOUT of MySQL. */
const WAITED = [1205, 1969, 3024];
export const isBlocked = (error: unknown): boolean => WAITED.includes(numberOf(error) ?? 0);

/** ER_UNKNOWN_SYSTEM_VARIABLE: an older server. */
export const isUnknownVariable = (error: unknown): boolean => numberOf(error) === 1193;

/** For `catch`: a kind of error that means "there is none". Every other error stays one, such as a lost connection. */
export const noneIf =
  (isNone: (error: unknown) => boolean) =>
  (error: unknown): null => {
    if (isNone(error)) return null;
    throw error;
  };
