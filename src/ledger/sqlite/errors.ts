import { ConflictError, StorageError } from '../../ports/store.ts';

/** What each SQLite failure means and what to do about it. Codes: https://www.sqlite.org/rescode.html */
const ADVICE: readonly [RegExp, string][] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'the database is locked by another program; find it with "lsof" or "fuser" and stop it'],
  [/^SQLITE_READONLY/, "the database or its folder is read-only; give the bot's user write access to both"],
  [/^SQLITE_FULL/, 'the disk is full; free some space; a bot that runs goes on by itself'],
  [
    /^SQLITE_(CORRUPT|NOTADB)/,
    'the file is damaged or no SQLite database; keep it, and put back a copy that "jitbot ledger verify" accepts',
  ],
  [
    /^SQLITE_CANTOPEN/,
    "the file cannot be opened; check that its folder exists and that the bot's user may write there",
  ],
  [
    /^SQLITE_CONSTRAINT_TRIGGER/,
    'a rule in the database refuses the change; start the bot again, which takes out every rule that is not its own',
  ],
  [/^SQLITE_IOERR/, 'reading or writing the disk failed; check the disk and the file system'],
];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Whether another program holds the lock, so that a retry will probably succeed. */
export const isBusy = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));

/** Turns errors of SQLite into the two faults that the flow knows, and passes on any others. */
export function storageFault(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return new ConflictError('somebody else committed first', { cause: error });
  }
  const advice = ADVICE.find(([pattern]) => pattern.test(code))?.[1];
  return advice ? new StorageError(`${path}: ${advice} (${code})`, { cause: error, isBusy: isBusy(error) }) : error;
}

/** Runs database work, and converts its errors with {@link storageFault}. */
export const guardFor =
  (path: string) =>
  <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storageFault(error, path);
    }
  };

/** Runs reads of the database at this path, and converts their errors with {@link storageFault}. */
export const readingAt =
  (path: string) =>
  <T>(query: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      try {
        resolve(query());
      } catch (error) {
        reject(storageFault(error, path));
      }
    });
