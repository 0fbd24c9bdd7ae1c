import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Claim, JobHandler, JobKind, JobQueue, JobRow, Settled } from '../ports/jobs.ts';
import { isHeldByAnother, StorageError } from '../ports/store.ts';

/** Work of one kind: how it is retried, and its handler. */
export type Kind = Pick<JobRow, 'maxBackoff' | 'maxAttempts' | 'evenWithoutRecord'> & { readonly handle: JobHandler };

/** Kinds that share a limit, so that a slow one cannot delay another lane. */
export interface Lane {
  readonly concurrency: number;
  /** Claims no work before this resolves. */
  readonly after?: Promise<void>;
  readonly kinds: Partial<Record<JobKind, Kind>>;
}

export interface LaneOptions {
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1; spreads retries out. */
  readonly random: () => number;
  readonly isStopped: () => boolean;
}

export interface RunningLane {
  readonly kinds: readonly JobKind[];
  /**
   * Starts what is claimed, and claims more while there is room.
   * @returns whether that took a commit, or tried one
   */
  pump(): Promise<boolean>;
  /** Runs once what is due and may be done without a record, even before the lane claims work. */
  workUnrecorded(): Promise<void>;
  /** Waits for what is running; takes no more. */
  drain(): Promise<void>;
}

/** Longer than any handler's own deadlines: after it, a job that hangs can be claimed again. */
const LEASE: Millis = 5 * MINUTE;
/** A claim costs a commit, so that a busy lane claims this many times its concurrency at once. */
const CLAIM_AHEAD = 4;
const FIRST_BACKOFF: Millis = SECOND;
/** How soon to look again while the database cannot be written, and how often each end runs meanwhile. */
const STORAGE_RETRY: Millis = 5 * SECOND;
/** How soon to look again while another program holds the lock, which is usually short. */
const BUSY_RETRY: Millis = SECOND / 4;

export const createLane = (lane: Lane, options: LaneOptions): RunningLane => new WorkingLane(lane, options);

class WorkingLane implements RunningLane {
  readonly kinds: readonly JobKind[];
  readonly #lane: Lane;
  readonly #options: LaneOptions;
  /** Kinds that run even if nothing can be written. */
  readonly #unstoppable: readonly JobKind[];
  readonly #running = new Map<string, Promise<void>>();
  /** Claimed, and waiting for a free slot. */
  readonly #ahead: Claim[] = [];
  #isOpen: boolean;
  /** The current look at the queue; one at a time. */
  #looking: Promise<boolean> | null = null;
  #looksAgain = false;
  #cancelWake = (): void => undefined;
  /** The database could not be written, and is not asked again before this time. */
  #closedUntil: Instant = 0;
  /** Consecutive failures to write it. */
  #failures = 0;
  #unclaimedSince: Instant = Number.NEGATIVE_INFINITY;
  /** Work that ran since then without a claim. */
  readonly #unclaimed = new Set<string>();
  /** Outcomes that could not be recorded: their claims would block the jobs until the lease runs out. */
  readonly #unrecorded = new Map<string, Settled>();

  constructor(lane: Lane, options: LaneOptions) {
    this.kinds = Object.keys(lane.kinds) as JobKind[];
    this.#unstoppable = this.kinds.filter((kind) => lane.kinds[kind]?.evenWithoutRecord);
    this.#lane = lane;
    this.#options = options;
    this.#isOpen = lane.after === undefined;
    void lane.after?.then(() => {
      this.#isOpen = true;
      return this.pump();
    });
  }

  pump(): Promise<boolean> {
    if (this.#looking) {
      this.#looksAgain = true;
      return Promise.resolve(false);
    }
    this.#looking = this.#lookWhileAsked();
    return this.#looking;
  }

  workUnrecorded(): Promise<void> {
    this.#unclaimed.clear();
    return this.#workUnrecorded();
  }

  async drain(): Promise<void> {
    await this.#looking;
    this.#cancelWake();
    await Promise.all(this.#running.values());
  }

  /** A look may miss what becomes due during it, so that another follows. */
  async #lookWhileAsked(): Promise<boolean> {
    let committed = false;
    do {
      this.#looksAgain = false;
      committed = (await this.#look()) || committed;
    } while (this.#looksAgain);
    // In the same turn: a caller that asks from now on starts a new look.
    this.#looking = null;
    return committed;
  }

  async #look(): Promise<boolean> {
    const { queue, clock } = this.#options;
    if (this.#options.isStopped() || !this.#isOpen) return false;
    this.#startAhead();
    if (this.#isFull()) return false;
    if (clock.now() < this.#closedUntil) {
      await this.#workUnrecorded();
      return false;
    }
    try {
      await this.#recordLeft();
      const wanted = this.#lane.concurrency * CLAIM_AHEAD;
      const claimed = await queue.claim(this.kinds, clock.now(), wanted, LEASE);
      this.#failures = 0;
      this.#ahead.push(...claimed);
      this.#startAhead();
      if (claimed.length < wanted) this.#wakeAt(await queue.nextDueAt(this.kinds, clock.now()));
      return claimed.length > 0;
    } catch (error) {
      await this.#closeFor(error);
      return true;
    }
  }

  #isFull(): boolean {
    return this.#running.size >= this.#lane.concurrency;
  }

  #startAhead(): void {
    while (!this.#isFull() && !this.#options.isStopped()) {
      const claim = this.#ahead.shift();
      if (!claim) return;
      this.#start(claim);
    }
  }

  /** The database could not be written. Work that needs no record goes on. */
  async #closeFor(error: unknown): Promise<void> {
    const isBusy = isHeldByAnother(error);
    const now = this.#options.clock.now();
    this.#failures += 1;
    this.#closedUntil = now + (isBusy ? BUSY_RETRY : STORAGE_RETRY);
    this.#wakeAt(this.#closedUntil);
    // Two programs that write in the same instant are harmless; a lock that stays is not.
    if (isBusy && this.#failures === 1) return;
    if (now - this.#unclaimedSince >= STORAGE_RETRY) {
      this.#options.log.error(
        { err: error },
        'cannot take due work from the database; access that is due to end is taken back all the same',
      );
      this.#unclaimed.clear();
      this.#unclaimedSince = now;
    }
    await this.#workUnrecorded();
  }

  /** A job that was put and claimed again while its last run is ending waits for that, and is not lost. */
  #start(claim: Claim): void {
    const id = idOf(claim);
    const before = this.#running.get(id);
    const work = (before ? before.then(() => this.#run(claim)) : this.#run(claim)).finally(() => {
      if (this.#running.get(id) === work) this.#running.delete(id);
      void (this.#isOpen ? this.pump() : this.#workUnrecorded());
    });
    this.#running.set(id, work);
  }

  async #run(claim: Claim): Promise<void> {
    const { queue, log } = this.#options;
    const kind = this.#lane.kinds[claim.kind];
    if (!kind) return;
    const settled: Settled = { claim, next: await this.#outcomeOf(claim, kind) };
    try {
      await queue.settle(settled);
      this.#unrecorded.delete(idOf(claim));
    } catch (error) {
      log.error({ err: error, kind: claim.kind, key: claim.key }, 'cannot record what became of a job');
      this.#unrecorded.set(idOf(claim), settled);
      await this.#closeFor(error);
    }
  }

  /** @throws StorageError if it still cannot be recorded */
  async #recordLeft(): Promise<void> {
    for (const [id, settled] of this.#unrecorded) {
      try {
        await this.#options.queue.settle(settled);
      } catch (error) {
        if (error instanceof StorageError) throw error;
        const { kind, key } = settled.claim;
        this.#options.log.error(
          { err: error, kind, key },
          'an outcome that was not recorded is dropped; the job is done again once its lease is over',
        );
      }
      this.#unrecorded.delete(id);
    }
  }

  async #outcomeOf({ kind, key, attempt }: Claim, { handle, ...limits }: Kind): Promise<Settled['next']> {
    const { clock, log, random } = this.#options;
    try {
      const later = await handle(key, attempt);
      return later ? { dueAt: later.notBefore, after: later.waiting ? 'waiting' : 'done' } : 'done';
    } catch (error) {
      if (attempt >= limits.maxAttempts) {
        log.error({ err: error, kind, key, attempt }, 'gave up on a job');
        return 'done';
      }
      const dueAt = clock.now() + backoff(attempt, limits.maxBackoff, random());
      log.warn({ err: error, kind, key, attempt, dueAt }, 'a job failed; it is tried again');
      return { dueAt, after: 'failed' };
    }
  }

  /** While the database cannot be written, due work that needs no record runs once per pause. */
  async #workUnrecorded(): Promise<void> {
    const { queue, clock, log } = this.#options;
    if (this.#unstoppable.length === 0) return;
    try {
      // Enough to fill every slot behind all the jobs that may be skipped.
      const passedOver = this.#running.size + this.#unclaimed.size + this.#unrecorded.size;
      const most = this.#lane.concurrency + passedOver;
      for (const claim of await queue.peek(this.#unstoppable, clock.now(), most)) {
        const id = idOf(claim);
        if (this.#options.isStopped() || this.#isFull() || this.#running.has(id) || this.#unclaimed.has(id)) continue;
        const left = this.#unrecorded.get(id);
        // A job that was put again since is other work.
        if (left?.claim.generation === claim.generation && (left.next === 'done' || left.next.dueAt > clock.now()))
          continue;
        this.#unclaimed.add(id);
        this.#start(claim);
      }
    } catch (error) {
      log.error({ err: error }, "cannot even read the database; the targets' own expiry is what is left");
    }
  }

  #wakeAt(at: Instant | null): void {
    this.#cancelWake();
    this.#cancelWake = at === null ? () => undefined : this.#options.clock.wakeAt(at, () => void this.pump());
  }
}

const idOf = ({ kind, key }: Claim): string => `${kind} ${key}`;

/** Doubles from one second up to `max` ms, spread by a quarter either way. */
export function backoff(attempt: number, max: Millis, random: number): Millis {
  const base = Math.min(FIRST_BACKOFF * 2 ** (attempt - 1), max);
  return Math.round(base * (0.75 + random / 2));
}
