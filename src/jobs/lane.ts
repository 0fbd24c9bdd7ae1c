import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Claim, JobHandler, JobKind, JobQueue, JobRow, Settled } from '../ports/jobs.ts';
import { isHeldByAnother, StorageError } from '../ports/store.ts';
import { idOf, UnrecordedOutcomes } from './unrecorded.ts';

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
   * Starts what is due, and takes more while there is room.
   * @returns whether there was any, or a commit failed
   */
  pump(): Promise<boolean>;
  /** Starts what is due and needs no claim. */
  beginDue(): Promise<void>;
  /** The same, even before the lane claims work. */
  workUnrecorded(): Promise<void>;
  /** Waits for what is running; takes no more. */
  drain(): Promise<void>;
}

/** Longer than any handler's own deadlines: after it, a job that hangs can be claimed again. */
const LEASE: Millis = 5 * MINUTE;
/** A claim costs a commit, so that a busy lane takes this many times its concurrency at once. */
const TAKE_AHEAD = 4;
const FIRST_BACKOFF: Millis = SECOND;
/** How soon to look again while the database cannot be written, and how often each end runs meanwhile. */
const STORAGE_RETRY: Millis = 5 * SECOND;
/** How soon to look again while another program holds the lock, which is usually short. */
const BUSY_RETRY: Millis = SECOND / 4;

export const createLane = (lane: Lane, options: LaneOptions): RunningLane => new WorkingLane(lane, options);

/**
 * What may be done without a record begins from what can be read: neither a slow disk nor a held database delays it.
 * All else is claimed first, which counts the try even if the process dies in it.
 */
class WorkingLane implements RunningLane {
  readonly kinds: readonly JobKind[];
  readonly #lane: Lane;
  readonly #options: LaneOptions;
  /** Kinds that run even if nothing can be written. */
  readonly #unstoppable: readonly JobKind[];
  readonly #claimed: readonly JobKind[];
  readonly #running = new Map<string, Promise<void>>();
  /** Taken, and waiting for a free slot; oldest first. */
  readonly #ahead: Claim[] = [];
  #isOpen: boolean;
  /** The current look at the queue; one at a time. */
  #looking: Promise<boolean> | null = null;
  #looksAgain = false;
  #looksSoon = false;
  #cancelWake = (): void => undefined;
  #cancelBegin = (): void => undefined;
  /** The database could not be written, and is not asked again before this time. */
  #closedUntil: Instant = 0;
  /** Consecutive failures to write it. */
  #failures = 0;
  #saidAt: Instant = Number.NEGATIVE_INFINITY;
  readonly #unrecorded = new UnrecordedOutcomes();
  /** How often work has failed in a row because the database could not be written, which counts as no try. */
  readonly #unwritten = new Map<string, number>();

  constructor(lane: Lane, options: LaneOptions) {
    this.kinds = Object.keys(lane.kinds) as JobKind[];
    this.#unstoppable = this.kinds.filter((kind) => lane.kinds[kind]?.evenWithoutRecord);
    this.#claimed = this.kinds.filter((kind) => !lane.kinds[kind]?.evenWithoutRecord);
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
      // A claim may wait for the disk; what ends access does not.
      return this.beginDue().then(() => false);
    }
    this.#looking = this.#lookWhileAsked();
    return this.#looking;
  }

  async beginDue(): Promise<void> {
    if (this.#isOpen) await this.workUnrecorded();
  }

  async workUnrecorded(): Promise<void> {
    this.#startAhead();
    if (!this.#isFull() && this.#unstoppable.length > 0) await this.#takeUnclaimed();
  }

  async drain(): Promise<void> {
    await this.#looking;
    this.#cancelWake();
    this.#cancelBegin();
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
    const { queue, clock, log } = this.#options;
    if (this.#options.isStopped() || !this.#isOpen) return false;
    this.#startAhead();
    if (this.#isFull()) return false;
    const now = clock.now();
    const unclaimed = this.#unstoppable.length > 0 ? await this.#takeUnclaimed() : 0;
    if (now < this.#closedUntil) return unclaimed > 0;
    try {
      if (this.#unrecorded.size > 0) {
        await this.#unrecorded.record(queue, log);
        // Their jobs may be due.
        this.#looksAgain = true;
      }
      const claimed = await this.#claim(now);
      const isAllTaken = unclaimed < this.#most && claimed < this.#most;
      const next = isAllTaken ? await queue.nextDueAt(this.kinds, now) : null;
      // Not where an outcome of just now could not be recorded: a wake-up for that is set.
      if (now >= this.#closedUntil) {
        this.#failures = 0;
        if (isAllTaken) this.#wakeAt(next);
      }
      return unclaimed + claimed > 0;
    } catch (error) {
      this.#closeFor(error);
      return true;
    }
  }

  /** @returns how many jobs were claimed */
  async #claim(now: Instant): Promise<number> {
    if (this.#claimed.length === 0) return 0;
    const claims = await this.#options.queue.claim(this.#claimed, now, this.#most, LEASE);
    this.#add(claims);
    return claims.length;
  }

  /** Work that is taken at once at most. */
  get #most(): number {
    return this.#lane.concurrency * TAKE_AHEAD;
  }

  #isFull(): boolean {
    return this.#running.size >= this.#lane.concurrency;
  }

  /** Oldest first, whether or not it was claimed: no kind keeps another one waiting. */
  #add(claims: readonly Claim[]): void {
    this.#ahead.push(...claims);
    this.#ahead.sort((a, b) => a.dueAt - b.dueAt);
    this.#startAhead();
  }

  #startAhead(): void {
    while (!this.#isFull() && !this.#options.isStopped()) {
      const claim = this.#ahead.shift();
      if (!claim) return;
      this.#start(claim);
    }
  }

  /** The database could not be written. Work that needs no record goes on. */
  #closeFor(error: unknown): void {
    const isBusy = isHeldByAnother(error);
    const now = this.#options.clock.now();
    this.#failures += 1;
    this.#closedUntil = now + (isBusy ? BUSY_RETRY : STORAGE_RETRY);
    this.#wakeAt(this.#closedUntil);
    // Two programs that write in the same instant are harmless; a lock that stays is not.
    if ((isBusy && this.#failures === 1) || now - this.#saidAt < STORAGE_RETRY) return;
    this.#saidAt = now;
    this.#options.log.error(
      { err: error },
      'cannot take due work from the database; access that is due to end is taken back all the same',
    );
  }

  /** A job that was put and claimed again while its last run is ending waits for that, and is not lost. */
  #start(claim: Claim): void {
    const id = idOf(claim);
    const before = this.#running.get(id);
    const work = (before ? before.then(() => this.#run(claim)) : this.#run(claim)).finally(() => {
      if (this.#running.get(id) === work) this.#running.delete(id);
      this.#startAhead();
      this.#lookSoon();
    });
    this.#running.set(id, work);
  }

  /** Once a turn: hundreds of jobs may end in one, and each look reads all that is due. */
  #lookSoon(): void {
    if (this.#looksSoon) return;
    this.#looksSoon = true;
    setImmediate(() => {
      this.#looksSoon = false;
      void (this.#isOpen ? this.pump() : this.workUnrecorded());
    });
  }

  async #run(claim: Claim): Promise<void> {
    const { queue, log } = this.#options;
    const kind = this.#lane.kinds[claim.kind];
    if (!kind) return;
    const settled: Settled = { claim, next: await this.#outcomeOf(claim, kind) };
    try {
      await queue.settle(settled);
      this.#unrecorded.forget(claim);
    } catch (error) {
      log.error({ err: error, kind: claim.kind, key: claim.key }, 'cannot record what became of a job');
      this.#unrecorded.keep(settled, this.#againAfter(settled.next));
      this.#closeFor(error);
    }
  }

  /** When work may run again although its outcome is not recorded. */
  #againAfter(next: Settled['next']): Instant {
    if (next === 'done') return Number.POSITIVE_INFINITY;
    const now = this.#options.clock.now();
    return next.after === 'waiting' || next.dueAt <= now ? Math.max(next.dueAt, now + STORAGE_RETRY) : next.dueAt;
  }

  async #outcomeOf(claim: Claim, kind: Kind): Promise<Settled['next']> {
    try {
      const later = await kind.handle(claim.key, claim.attempt);
      this.#unwritten.delete(idOf(claim));
      return later ? { dueAt: later.notBefore, after: later.waiting ? 'waiting' : 'done' } : 'done';
    } catch (error) {
      return this.#afterFailure(claim, kind, error);
    }
  }

  #afterFailure(claim: Claim, limits: Kind, error: unknown): Settled['next'] {
    const { clock, log, random } = this.#options;
    const { kind, key, attempt } = claim;
    if (attempt >= limits.maxAttempts) {
      log.error({ err: error, kind, key, attempt }, 'gave up on a job');
      return 'done';
    }
    const isUnwritten = limits.evenWithoutRecord && error instanceof StorageError;
    // A target that is asked again each time has longer and longer pauses all the same. A lock is gone soon.
    const inARow = isUnwritten && !isHeldByAnother(error) ? (this.#unwritten.get(idOf(claim)) ?? 0) + 1 : 1;
    if (isUnwritten) this.#unwritten.set(idOf(claim), inARow);
    else this.#unwritten.delete(idOf(claim));
    const dueAt = clock.now() + backoff(isUnwritten ? inARow : attempt, limits.maxBackoff, random());
    log.warn({ err: error, kind, key, attempt, dueAt }, 'a job failed; it is tried again');
    return { dueAt, after: isUnwritten ? 'waiting' : 'failed' };
  }

  /**
   * Starts due work that needs no claim, as far as there is room.
   * @returns how much was due and not taken yet
   */
  async #takeUnclaimed(): Promise<number> {
    const { queue, clock, log, isStopped } = this.#options;
    try {
      // As many as can be taken, behind all those that may be passed over.
      const most = this.#most + this.#running.size + this.#ahead.length + this.#unrecorded.size;
      const now = clock.now();
      const due = await queue.mayBegin(this.#unstoppable, now, most);
      if (isStopped()) return 0;
      const isTaken = new Set([...this.#running.keys(), ...this.#ahead.map(idOf)]);
      const free = due
        .filter((claim) => !isTaken.has(idOf(claim)))
        .map((claim) => this.#unrecorded.asRecorded(claim, now))
        .filter((claim) => claim !== null);
      this.#add(free);
      this.#beginAt(await queue.nextDueAt(this.#unstoppable, now));
      return free.length;
    } catch (error) {
      log.error({ err: error }, "cannot even read the database; the targets' own expiry is what is left");
      return 0;
    }
  }

  /** What ends access is not put off by a look that waits for the disk, or by a database that is left alone for a while. */
  #beginAt(at: Instant | null): void {
    const { clock, isStopped } = this.#options;
    this.#cancelBegin();
    this.#cancelBegin =
      at === null || isStopped() ? () => undefined : clock.wakeAt(at, () => void this.workUnrecorded());
  }

  #wakeAt(at: Instant | null): void {
    this.#cancelWake();
    this.#cancelWake = at === null ? () => undefined : this.#options.clock.wakeAt(at, () => void this.pump());
  }
}

/** Doubles from one second up to `max` ms, spread by a quarter either way. */
export function backoff(attempt: number, max: Millis, random: number): Millis {
  const base = Math.min(FIRST_BACKOFF * 2 ** (attempt - 1), max);
  return Math.round(base * (0.75 + random / 2));
}
