import type { Millis } from '../../domain/terms.ts';
import { StorageError } from '../../ports/store.ts';
import { type Elapsed, PROCESS_TIME } from './elapsed.ts';
import { isBusy, storageFault } from './errors.ts';
import { createSharedWrites, type Settle, type Together } from './sharedWrites.ts';

/** Pause of all writes after SQLite said that another program holds the lock. */
const CLOSED_FOR: Millis = 50;
/**
 * The way to the database for all writes. SQLite would wait synchronously for another program's lock, and the
 * whole process with it; here it never waits. A write that finds the database locked fails at once, for a while so does
 * every other one without asking SQLite, and callers that can wait retry from a timer. After a write that met a slow disk,
 * whatever else runs has the event loop for as long as that write held it; what is to be written meanwhile shares one sync then.
 */
export interface WriteGate {
  /** @throws StorageError if another program holds the lock; other errors of `work` through {@link storageFault} */
  write<T>(work: () => T): T;
  /** Writes at once, or on a slow disk together with all that waits. Faults are those of {@link write}. */
  share<T>(work: () => T, settle: Settle<T>): void;
  /** {@link share} for one caller. */
  enqueue<T>(work: () => T): Promise<T>;
  /** Whether a write would be rejected without asking SQLite. */
  isClosed(): boolean;
  readonly elapsed: Elapsed;
  /** Calls back once, when a retry is worth it. */
  whenOpen(callback: () => void): void;
  close(): void;
}

export function createWriteGate(path: string, elapsed: Elapsed = PROCESS_TIME, together?: Together): WriteGate {
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

  function write<T>(work: () => T): T {
    if (isClosed())
      throw new StorageError(`${path}: the database is locked by another program`, { cause: lastFault, isBusy: true });
    try {
      return work();
    } catch (error) {
      if (isBusy(error)) {
        closedUntil = elapsed.now() + CLOSED_FOR;
        lastFault = error;
      }
      throw storageFault(error, path);
    }
  }

  const shared = createSharedWrites({ write, elapsed, together, asFault: (error) => storageFault(error, path) });
  return {
    write,
    share: shared.share,
    enqueue: (work) => new Promise((resolve, reject) => shared.share(work, { resolve, reject })),
    isClosed,
    elapsed,
    whenOpen: (callback) => {
      waiting.push(callback);
      cancel ??= elapsed.wakeIn(CLOSED_FOR, open);
    },
    close: () => {
      shared.close();
      cancel?.();
      // Waiting callers are told to retry once more.
      open();
    },
  };
}
