import SQLite, { type Database } from 'better-sqlite3';

/** A disk that fills up under a ledger. What is in the file stays readable. */
export interface Disk {
  fill(isFull: boolean): void;
}

/** More pages than any ledger of a simulation has. */
const UNBOUNDED = 1_000_000_000;

/** @param takesNoWrite nothing at all can be written; otherwise nothing that needs another page */
export function diskOf(db: Database, { takesNoWrite }: { readonly takesNoWrite: boolean }): Disk {
  let isFull = false;
  let isReady = false;

  /** As SQLite fails when its log cannot grow: any change is refused, with its own code. */
  function prepare(): void {
    if (isReady) return;
    isReady = true;
    db.function('refuse_on_full_disk', () => {
      if (isFull) throw new SQLite.SqliteError('database or disk is full', 'SQLITE_FULL');
      return null;
    });
    const tables = db
      .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
      .pluck()
      .all();
    for (const table of tables)
      for (const change of ['INSERT', 'UPDATE', 'DELETE'])
        db.exec(
          `CREATE TEMP TRIGGER "full_${table}_${change}" BEFORE ${change} ON main."${table}" BEGIN SELECT refuse_on_full_disk(); END`,
        );
  }

  return {
    fill: (full) => {
      if (takesNoWrite && full) prepare();
      isFull = full;
      if (takesNoWrite) return;
      const pages = db.pragma('page_count', { simple: true });
      db.pragma(`max_page_count = ${full ? pages : UNBOUNDED}`);
    },
  };
}
