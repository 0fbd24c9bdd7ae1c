import { StorageError } from '../../ports/store.ts';

/** What each failure means and what to do about it. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const ADVICE: readonly [RegExp, string][] = [
  [/^(08|57P|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/, 'the database cannot be reached'],
  [/^(28)/, 'the database refuses the login; check the user, the password and pg_hba.conf'],
  [/^(3D000)/, 'there is no such database'],
  [/^(42501)/, "the bot's role lacks a right"],
  [/^(25006)/, 'the database takes no writes: it is a replica, or read-only; name the primary'],
  [/^(53100|58030)/, "the database's disk is full, or fails"],
  [/^(53)/, 'the database has no room for another connection'],
  [/^(55P03|57014|25P03)/, 'the database gave no answer in time'],
  [/^(JB002)/, 'another bot has taken over this ledger'],
];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Two transactions waited for each other, or saw each other's work: the same again may succeed. */
export const isWorthRepeating = (error: unknown): boolean => /^40/.test(codeOf(causeOf(error)));

/** Whether the database is there, and takes no writes: it can still be read. */
export const takesNoWrites = (error: unknown): boolean => /^(25006|53100|58030|42501)/.test(codeOf(causeOf(error)));

/** Whether nobody can say what became of the statement: the connection or its answer was lost. */
export function isUnknown(error: unknown): boolean {
  const cause = causeOf(error);
  if (/^(08|57P0[123]|ECONN|EPIPE|ETIMEDOUT)/.test(codeOf(cause))) return true;
  return cause instanceof Error && /connection terminated|timeout|Connection terminated/i.test(cause.message);
}

/** drizzle wraps the driver's error. */
const causeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? error.cause : error;

/** Turns the driver's errors into the fault that the flow knows; others are passed on. */
export function storageFault(error: unknown, where: string): unknown {
  if (error instanceof StorageError) return error;
  const cause = causeOf(error);
  const code = codeOf(cause);
  const advice =
    ADVICE.find(([pattern]) => pattern.test(code))?.[1] ?? (isUnknown(error) ? 'the connection was lost' : null);
  return advice ? new StorageError(`${where}: ${advice}${code ? ` (${code})` : ''}`, { cause: error }) : error;
}

/** Runs database work, and converts its errors with {@link storageFault}. */
export const guardFor =
  (where: string) =>
  async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storageFault(error, where);
    }
  };
