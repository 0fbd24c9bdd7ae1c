import SQLite from 'better-sqlite3';

/** Another process that holds the bot's database, as a backup or somebody with a shell does. */
export interface DatabaseLock {
  isHeld(): boolean;
  /** Lets go by itself after a time. Held already: nothing changes. @throws where the bot is writing this moment */
  hold(ms: number): void;
  release(): void;
}

/** @param onChange told when it is taken and when it is let go */
export function createDatabaseLock(path: string, onChange: () => void): DatabaseLock {
  let held: { readonly database: SQLite.Database; readonly timer: NodeJS.Timeout } | null = null;

  function release(): void {
    if (!held) return;
    clearTimeout(held.timer);
    held.database.exec('ROLLBACK');
    held.database.close();
    held = null;
    onChange();
  }

  return {
    isHeld: () => held !== null,
    hold: (ms) => {
      if (held) return;
      const database = new SQLite(path, { fileMustExist: true, timeout: 1_000 });
      try {
        database.exec('BEGIN IMMEDIATE');
      } catch (error) {
        database.close();
        throw new Error('the bot is writing just now; try again', { cause: error });
      }
      held = { database, timer: setTimeout(release, ms).unref() };
      onChange();
    },
    release,
  };
}
