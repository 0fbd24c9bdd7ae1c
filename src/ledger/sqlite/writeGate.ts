import type { Millis } from '../../domain/terms.ts';
import { StorageError } from '../../ports/store.ts';
import { isBusy, storageFault } from './errors.ts';

/** Time as the process counts it: it goes forward only, whatever the system's clock does. */
export interface Elapsed {
  now(): Millis;
  /** @returns cancels it */
  wakeIn(ms: Millis, callback: () => void): () => void;
}

export const PROCESS_TIME: Elapsed = {
  now: () => performance.now(),
  wakeIn: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

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
  readonly elapsed: Elapsed;
  /** Calls back once, when a retry is worth it. */
  whenOpen(callback: () => void): void;
  close(): void;
}

export function createWriteGate(path: string, elapsed: Elapsed = PROCESS_TIME): WriteGate {
  let closedUntil = 0;
  let lastFault: unknown = null;
  let cancel: (() => void) | null = null;
  let waiting: (() => void)[] = [];
  const isClosed = (): boolean => elapsed.now() < closedUntil;

  function open(): void {
    cancel = null;
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
          closedUntil = elapsed.now() + CLOSED_FOR;
          lastFault = error;
        }
        throw storageFault(error, path);
      }
    },
    isClosed,
    elapsed,
    whenOpen: (callback) => {
      waiting.push(callback);
      cancel ??= elapsed.wakeIn(CLOSED_FOR, open);
    },
    close: () => {
      cancel?.();
      // Waiting callers are told to retry once more.
      open();
    },
  };
}
