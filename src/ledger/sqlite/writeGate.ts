import type { Millis } from '../../domain/terms.ts';
import { StorageError } from '../../ports/store.ts';
import { isBusy, storageFault } from './errors.ts';

/** Pause of all writes after SQLite said that another program holds the lock. */
const CLOSED_FOR: Millis = 50;

/**
 * The way to the database for all writes. SQLite would wait synchronously for another program's lock, and the
 * whole process with it; here it never waits. A write that finds the database locked fails at once, for a while so does
 * every other one without asking SQLite, and callers that can wait retry from a timer.
 */
export interface WriteGate {
  /** @throws StorageError if another program holds the lock; other errors of `work` through {@link storageFault} */
  write<T>(work: () => T): T;
  /** Whether a write would be rejected without asking SQLite. */
  isClosed(): boolean;
  /** Calls back once, when a retry is worth it. */
  whenOpen(callback: () => void): void;
  close(): void;
}

export function createWriteGate(path: string): WriteGate {
  let closedUntil = 0;
  let lastFault: unknown = null;
  let timer: NodeJS.Timeout | null = null;
  let waiting: (() => void)[] = [];
  const isClosed = (): boolean => performance.now() < closedUntil;

  function open(): void {
    timer = null;
    const all = waiting;
    waiting = [];
    for (const callback of all) callback();
  }

  return {
    write: (work) => {
      if (isClosed())
        throw new StorageError(`${path}: the database is locked by another program`, {
          cause: lastFault,
          isBusy: true,
        });
      try {
        return work();
      } catch (error) {
        if (isBusy(error)) {
          closedUntil = performance.now() + CLOSED_FOR;
          lastFault = error;
        }
        throw storageFault(error, path);
      }
    },
    isClosed,
    whenOpen: (callback) => {
      waiting.push(callback);
      timer ??= setTimeout(open, CLOSED_FOR);
    },
    close: () => {
      if (timer) clearTimeout(timer);
      // Waiting callers are told to retry once more.
      open();
    },
  };
}
