import SQLite from 'better-sqlite3';
import { drizzle, migrate } from './drizzle.ts';
import { MIGRATIONS } from './migrations.ts';
import { type OpenLedger, togetherIn } from './open.ts';
import * as schema from './schema.ts';
import { createWriteGate } from './writeGate.ts';

/**
 * An empty ledger that nobody else can open. What does not fit into memory is in a file without a name, which the system
 * deletes with the process, however that ends.
 * @param path where what is put into it comes from, for messages
 */
export function openTemporary(path: string): OpenLedger {
  const sqlite = new SQLite('');
  // It is made anew after a crash, and never continued.
  sqlite.pragma('journal_mode = MEMORY');
  sqlite.pragma('synchronous = OFF');
  // What somebody did to the other database is for a check to say, and not for this one to refuse.
  sqlite.pragma('foreign_keys = OFF');
  const db = drizzle(sqlite, { schema });
  migrate(db, { migrationsFolder: MIGRATIONS });
  const gate = createWriteGate(path, undefined, togetherIn(sqlite));
  return {
    ...{ path, db, sqlite, gate, exposed: [], bent: [], putBack: [] },
    close: () => {
      gate.close();
      sqlite.close();
    },
  };
}

/** Whether only this process can read it: no other thread can open it either. */
export const isTemporary = ({ sqlite }: Pick<OpenLedger, 'sqlite'>): boolean => sqlite.name === '';
