import { existsSync, statSync } from 'node:fs';
import { StorageError } from '../../ports/store.ts';
import { type OpenLedger, openLedgerToRead } from '../sqlite/open.ts';

/** Tables that every version of the database has had. */
const TABLES = ['events', 'grants', 'requests', 'jobs'];

/**
 * Opens a file that somebody named, read-only, if it holds a ledger. Any other database has no access in it, and that
 * must not be taken for access that is gone.
 * @throws StorageError if it holds none, or cannot be read
 */
export function openLedgerFile(path: string): OpenLedger {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new StorageError(`${path}: it is a folder`);
  const ledger = openLedgerToRead(path);
  const tables = tablesOf(ledger);
  if (tables.length > 0 && !isForeign(tables)) return ledger;
  ledger.close();
  if (tables.length > 0) throw foreign(path);
  throw new StorageError(
    `${path}: there is no ledger in it. Copy the database of a running bot with jitbot backup TO: any other copy may lack everything`,
  );
}

/**
 * Refuses to make a ledger of a database that another program uses. A file that cannot be read is not refused here: its
 * bot may have access to end.
 * @throws StorageError
 */
export function refuseForeign(path: string): void {
  if (!existsSync(path)) return;
  let ledger: OpenLedger;
  try {
    ledger = openLedgerToRead(path);
  } catch (error) {
    if (error instanceof StorageError) return;
    throw error;
  }
  const tables = tablesOf(ledger);
  ledger.close();
  if (isForeign(tables)) throw foreign(path);
}

const tablesOf = ({ sqlite }: OpenLedger): readonly string[] =>
  sqlite.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();

/** A damaged ledger may lack a table, and another program may have one of the same name. */
const isForeign = (tables: readonly string[]): boolean =>
  tables.length > 0 && TABLES.filter((name) => tables.includes(name)).length < 2;

const foreign = (path: string): StorageError =>
  new StorageError(`${path}: this is the database of another program; name the one that jitbot made`);
