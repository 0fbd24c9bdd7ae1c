import type { LedgerEvent } from '../../domain/events.ts';
import { type Instant, type Millis, SECOND } from '../../domain/terms.ts';
import type { Clock } from '../../ports/host.ts';
import type { Job } from '../../ports/jobs.ts';
import { type Change, isHeldByAnother, type Store } from '../../ports/store.ts';
import type { Applied } from './apply.ts';
import { commitBatching } from './commitBatching.ts';

/** A database that another program has held for this long is taken for one that stays held. */
const PATIENCE: Millis = 2 * SECOND;
/** A commit waits for this long even so: the lock may just have gone. */
const LEAST_PATIENCE: Millis = SECOND / 4;

/** Changes that share a sync at most: writing one takes a tenth of a millisecond, in which nothing else runs. */
const MOST_AT_ONCE = 50;
/** The same for changes that had to wait for a slow disk, where each sync takes longer than that. */
const MOST_AFTER_WAIT = 500;

/** A change to commit, with the time at which it was asked for. */
export interface Pending {
  readonly change: Change;
  readonly at: Instant;
}

interface Waiting extends Pending {
  /** When it was asked for, by the process's monotonic clock, in ms. */
  readonly since: number;
  readonly resolve: (events: readonly LedgerEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

export type Outcome = Applied | { readonly error: unknown };

export interface CommitQueueOptions {
  readonly clock: Pick<Clock, 'now'>;
  /**
   * Makes changes durable together, each whole or not at all, at once or when the disk allows.
   * @param take what to write, asked for once it is written
   * @param settle told in the same turn; rejected with a StorageError if none could be written
   */
  readonly write: (
    take: () => readonly Pending[],
    settle: {
      readonly resolve: (outcomes: readonly Outcome[]) => void;
      readonly reject: (error: unknown) => void;
    },
  ) => void;
  /** The process's monotonic clock, in ms. */
  readonly elapsed?: () => Millis;
  /** Calls back once, when a database that another program held is worth a retry. */
  readonly whenOpen: (callback: () => void) => void;
  /** Called after each commit that made work due. */
  readonly onDue: (jobs: readonly Job[]) => void;
}

/** Makes simultaneous changes durable together, and returns each caller its own outcome. */
export function commitQueue({
  clock,
  write,
  elapsed = () => performance.now(),
  whenOpen,
  onDue,
}: CommitQueueOptions): Store['commit'] {
  let waiting: Waiting[] = [];
  let isPostponed = false;
  const patience = patienceBy(elapsed);
  /** More wait than are written at once: the rest has its turn after everybody else's. */
  let isCrowded = false;

  /** Handed over for writing, and not written yet. */
  let isHandedOver = false;
  /** What was written last. */
  let taken: readonly Waiting[] = [];

  /** @returns the number of changes that were waiting */
  function flush(): number {
    if (isPostponed || isCrowded || isHandedOver) return 0;
    const count = waiting.length;
    if (count === 0) return 0;
    isHandedOver = true;
    let isAtOnce = true;
    write(() => take(isAtOnce ? MOST_AT_ONCE : MOST_AFTER_WAIT), { resolve: settleAll, reject: failAll });
    isAtOnce = false;
    return count;
  }

  function take(most: number): readonly Waiting[] {
    isHandedOver = false;
    taken = waiting.slice(0, most);
    waiting = waiting.slice(most);
    if (waiting.length > 0) goOnNextTurn();
    return taken;
  }

  function settleAll(outcomes: readonly Outcome[]): void {
    patience.foundNoLock();
    for (const [index, outcome] of outcomes.entries()) settle(taken[index], outcome, onDue);
  }

  function failAll(error: unknown): void {
    // A write that was turned away took nothing.
    if (isHandedOver) take(MOST_AFTER_WAIT);
    if (isHeldByAnother(error)) postpone(taken, error);
    else for (const one of taken) one.reject(error);
  }

  function goOnNextTurn(): void {
    isCrowded = true;
    setImmediate(() => {
      isCrowded = false;
      flush();
    });
  }

  /** Retries all of them together, until the lock has been held for too long. */
  function postpone(all: readonly Waiting[], error: unknown): void {
    const isOver = patience.foundLock();
    for (const one of all) if (isOver(one)) one.reject(error);
    waiting = [...all.filter((one) => !isOver(one)), ...waiting];
    isPostponed = true;
    whenOpen(() => {
      isPostponed = false;
      flush();
    });
  }

  const begin = commitBatching(flush);
  return (change) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) begin();
      waiting.push({ change, at: clock.now(), since: elapsed(), resolve, reject });
    });
}

function settle(one: Waiting | undefined, outcome: Outcome, onDue: CommitQueueOptions['onDue']): void {
  if ('error' in outcome) {
    one?.reject(outcome.error);
    return;
  }
  one?.resolve(outcome.events);
  if (outcome.due.length > 0) onDue(outcome.due);
}

/** How long a lock of another program is waited for. @param elapsed the process's monotonic clock, in ms */
function patienceBy(elapsed: () => Millis) {
  /** When the lock was first and last found. null: the last try found none. */
  let held: { readonly since: number; readonly lastSeen: number } | null = null;
  return {
    foundNoLock: () => {
      held = null;
    },
    /** @returns whether a change has waited for long enough */
    foundLock: (): ((one: Waiting) => boolean) => {
      const now = elapsed();
      // Seen long ago, it was another lock.
      const since = held && now - held.lastSeen < PATIENCE ? held.since : now;
      held = { since, lastSeen: now };
      return (one) => now - since >= PATIENCE && now - one.since >= LEAST_PATIENCE;
    },
  };
}
