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
export function commitQueue(options: CommitQueueOptions): Store['commit'] {
  const queue = new CommitQueue(options);
  return (change) => queue.commit(change);
}

class CommitQueue {
  readonly #options: CommitQueueOptions;
  readonly #elapsed: () => Millis;
  readonly #patience: ReturnType<typeof patienceBy>;
  readonly #begin: () => void;
  #waiting: Waiting[] = [];
  /** Another program holds the database. */
  #isPostponed = false;
  /** More wait than are written at once: the rest has its turn after everybody else's. */
  #isCrowded = false;
  /** Handed over for writing, and not written yet. */
  #isHandedOver = false;
  /** What was written last. */
  #taken: readonly Waiting[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    this.#elapsed = options.elapsed ?? (() => performance.now());
    this.#patience = patienceBy(this.#elapsed);
    this.#begin = commitBatching(() => this.#flush());
  }

  commit(change: Change): Promise<readonly LedgerEvent[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#begin();
      this.#waiting.push({ change, at: this.#options.clock.now(), since: this.#elapsed(), resolve, reject });
    });
  }

  /** @returns the number of changes that were waiting */
  #flush(): number {
    if (this.#isPostponed || this.#isCrowded || this.#isHandedOver) return 0;
    const count = this.#waiting.length;
    if (count === 0) return 0;
    this.#isHandedOver = true;
    let isAtOnce = true;
    this.#options.write(() => this.#take(isAtOnce ? MOST_AT_ONCE : MOST_AFTER_WAIT), {
      resolve: (outcomes) => this.#settleAll(outcomes),
      reject: (error) => this.#failAll(error),
    });
    isAtOnce = false;
    return count;
  }

  #take(most: number): readonly Waiting[] {
    this.#isHandedOver = false;
    this.#taken = this.#waiting.slice(0, most);
    this.#waiting = this.#waiting.slice(most);
    if (this.#waiting.length > 0) this.#goOnNextTurn();
    return this.#taken;
  }

  #settleAll(outcomes: readonly Outcome[]): void {
    this.#patience.foundNoLock();
    for (const [index, outcome] of outcomes.entries()) settle(this.#taken[index], outcome, this.#options.onDue);
  }

  #failAll(error: unknown): void {
    // A write that was turned away took nothing.
    if (this.#isHandedOver) this.#take(MOST_AFTER_WAIT);
    if (isHeldByAnother(error)) this.#postpone(this.#taken, error);
    else for (const one of this.#taken) one.reject(error);
  }

  #goOnNextTurn(): void {
    this.#isCrowded = true;
    setImmediate(() => {
      this.#isCrowded = false;
      this.#flush();
    });
  }

  /** Retries all of them together, until the lock has been held for too long. */
  #postpone(all: readonly Waiting[], error: unknown): void {
    const isOver = this.#patience.foundLock();
    for (const one of all) if (isOver(one)) one.reject(error);
    this.#waiting = [...all.filter((one) => !isOver(one)), ...this.#waiting];
    this.#isPostponed = true;
    this.#options.whenOpen(() => {
      this.#isPostponed = false;
      this.#flush();
    });
  }
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
