import SQLite, { type Database } from 'better-sqlite3';
import { drizzle, migrate } from './drizzle.ts';

/**
 * Whoever owns the file can give the database rules of its own: a trigger that puts off every end, or keeps it from being
 * recorded. Nothing acts on what the bot writes but what the migrations made.
 */

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

/** What the migrations make, by name. */
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
  /** Before anything is written: takes out triggers and views that are not the bot's. @returns what was found, for people */
  takeOutForeign(): string[];
  /**
   * Once the schema is the newest: puts back what is missing.
   * @returns what was put back, which has bent nothing by itself, and what could not be
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

  /** @returns what keeps it from being there; null: it is there */
  function putBack(part: Part, now: Part | undefined): string | null {
    if (part.type === 'table') return `the table ${part.name} is not as the bot made it`;
    if (now) drop(now);
    try {
      sqlite.exec(part.sql);
      return null;
    } catch (error) {
      // Rows that this very rule forbids were put in meanwhile.
      if (!(error instanceof SQLite.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT'))) throw error;
      // Searches need it, whether or not it forbids anything.
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
