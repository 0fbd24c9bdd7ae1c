/**
 * The owner of the file can add rules to the database, such as a trigger that delays every end or keeps it from being
 * recorded. So only triggers and views from the migrations may act on the bot's writes.
 */

import SQLite, { type Database } from 'better-sqlite3';
import { drizzle, migrate } from './drizzle.ts';

interface Part {
  readonly type: 'table' | 'index' | 'trigger' | 'view';
  readonly name: string;
  readonly sql: string;
}

const partsOf = (sqlite: Database): readonly Part[] =>
  sqlite
    .prepare<[], Part>(
      `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_drizzle\\_%' ESCAPE '\\'`,
    )
    .all();

const isSame = (a: Part | undefined, b: Part): boolean =>
  a?.type === b.type && a.sql.replace(/\s+/g, ' ') === b.sql.replace(/\s+/g, ' ');

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The parts that the migrations create, by name. */
function ownParts(migrationsFolder: string): ReadonlyMap<string, Part> {
  const model = new SQLite(':memory:');
  try {
    migrate(drizzle(model), { migrationsFolder });
    return new Map(partsOf(model).map((part) => [part.name, part]));
  } finally {
    model.close();
  }
}

export interface PartsCheck {
  /** Drops foreign triggers and views. Call it before the first write. @returns the findings in words */
  takeOutForeign(): string[];
  /**
   * Restores missing parts. Call it after the migrations.
   * @returns the restored parts, whose absence changed no data, and those that could not be restored
   */
  putBackOwn(): { readonly putBack: readonly string[]; readonly bent: readonly string[] };
}

export function checkParts(sqlite: Database, migrationsFolder: string): PartsCheck {
  const own = ownParts(migrationsFolder);
  const drop = ({ type, name }: Part) => sqlite.exec(`DROP ${type} ${quoted(name)}`);

  function takeOutForeign(): string[] {
    const foreign = partsOf(sqlite).filter(
      (part) => (part.type === 'trigger' || part.type === 'view') && !isSame(own.get(part.name), part),
    );
    for (const part of foreign) drop(part);
    return foreign.map(({ type, name }) => `the ${type} ${name} is not the bot’s; it was taken out`);
  }

  /** @returns why it cannot be restored; null if it is there now */
  function putBack(part: Part, now: Part | undefined): string | null {
    if (part.type === 'table') return `the table ${part.name} is not as the bot made it`;
    if (now) drop(now);
    try {
      sqlite.exec(part.sql);
      return null;
    } catch (error) {
      // Rows were inserted while the rule was missing, and it forbids them.
      if (!(error instanceof SQLite.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT'))) throw error;
      // Queries need the index, even without its uniqueness.
      sqlite.exec(part.sql.replace(/^CREATE UNIQUE INDEX/, 'CREATE INDEX'));
      return `the ${part.type} ${part.name} was taken out, and rows that it forbids are there`;
    }
  }

  return {
    takeOutForeign,
    putBackOwn: () => {
      const now = new Map(partsOf(sqlite).map((part) => [part.name, part]));
      const changed = [...own.values()].filter((part) => !isSame(now.get(part.name), part));
      const problems = changed.map((part) => putBack(part, now.get(part.name)));
      return {
        putBack: changed
          .filter((_part, index) => problems[index] === null)
          .map(({ type, name }) => `the ${type} ${name}`),
        bent: problems.filter((problem) => problem !== null),
      };
    },
  };
}
