import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import {
  type Claim,
  type Clock,
  type JobHandler,
  type JobKind,
  type JobQueue,
  type Log,
  type Settled,
  StorageError,
} from '../ports.ts';

export interface Kind {
  readonly handle: JobHandler;
  /** Longest pause between two tries. */
  readonly maxBackoff: Millis;
  /** Tries before the job is dropped with an error in the log. Infinity: never. */
  readonly maxAttempts: number;
}

/** Kinds that share a limit, so that a slow one cannot hold up another lane. */
export interface Lane {
  readonly concurrency: number;
  /** Takes no work before this is done. */
  readonly after?: Promise<void>;
  readonly kinds: Partial<Record<JobKind, Kind>>;
}

export interface Runner {
  start(): void;
  /** Work of these kinds has become due: look in the next turn of the event loop instead of at the next wake-up. */
  poke(kinds: ReadonlySet<JobKind>): void;
  /** Takes no more work and waits for what is running. */
  stop(): Promise<void>;
}

/** Longer than any handler's own deadlines: after it, a job that hangs is given to somebody else. */
const LEASE: Millis = 5 * MINUTE;
/** A claim costs a commit: under load, so many times the concurrency are claimed with one. */
const CLAIM_AHEAD = 4;
const FIRST_BACKOFF: Millis = SECOND;
/** How soon to look again while the database cannot be written; and how often each end is carried out meanwhile. */
const STORAGE_RETRY: Millis = 5 * SECOND;
/** How soon to look again while another program holds the database, which is mostly over in a moment. */
const BUSY_RETRY: Millis = SECOND / 4;

export interface RunnerOptions {
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Log;
  readonly lanes: readonly Lane[];
  /** From 0 to 1; spreads retries out. */
  readonly random: () => number;
}

export function createRunner(options: RunnerOptions): Runner {
  let stopped = true;
  const lanes = options.lanes.map((lane) => createLane(lane, options, () => stopped));
  const poked = new Set<(typeof lanes)[number]>();

  /**
   * A claim is a durable commit. One a turn of the event loop, lanes in their order: so the work of the first is
   * under way before the next is claimed, and nobody's access waits for messages about it.
   */
  function pumpPoked(): void {
    for (const lane of lanes) {
      if (!poked.delete(lane) || !lane.pump()) continue;
      if (poked.size > 0) setImmediate(pumpPoked);
      return;
    }
  }

  return {
    start: () => {
      stopped = false;
      for (const lane of lanes) lane.pump();
    },
    poke: (kinds) => {
      if (poked.size === 0) setImmediate(pumpPoked);
      for (const lane of lanes) if (lane.kinds.some((kind) => kinds.has(kind))) poked.add(lane);
    },
    stop: async () => {
      stopped = true;
      await Promise.all(lanes.map((lane) => lane.drain()));
    },
  };
}

function createLane(lane: Lane, { queue, clock, log, random }: RunnerOptions, isStopped: () => boolean) {
  const kinds = Object.keys(lane.kinds) as JobKind[];
  const running = new Map<string, Promise<void>>();
  /** Claimed, and waiting for its turn. */
  let ahead: Claim[] = [];
  let cancelWake = (): void => undefined;
  /** Until then the database is not asked: it could not be written. */
  let closedUntil: Instant = 0;
  /** Times in a row that it could not. */
  let failures = 0;
  let unclaimedSince: Instant = Number.NEGATIVE_INFINITY;
  /** Ends that were carried out, or tried, since then without a claim. */
  const unclaimed = new Set<string>();
  let isOpen = lane.after === undefined;
  void lane.after?.then(() => {
    isOpen = true;
    pump();
  });

  /** @returns whether that took a commit, or tried one */
  function pump(): boolean {
    if (isStopped() || !isOpen) return false;
    if (running.size >= lane.concurrency) return false;
    while (running.size < lane.concurrency && ahead.length > 0) start(ahead.shift() as Claim);
    if (ahead.length > 0 || running.size >= lane.concurrency) return false;
    if (clock.now() < closedUntil) {
      revokeUnrecorded();
      return false;
    }
    try {
      const wanted = lane.concurrency * CLAIM_AHEAD;
      ahead = queue.claim(kinds, clock.now(), wanted, LEASE);
      const claimed = ahead.length;
      failures = 0;
      while (running.size < lane.concurrency && ahead.length > 0) start(ahead.shift() as Claim);
      if (claimed < wanted) wakeAt(queue.nextDueAt(kinds, clock.now()));
      return claimed > 0;
    } catch (error) {
      closeFor(error);
      return true;
    }
  }

  /** The database could not be written. Ends go on without it. */
  function closeFor(error: unknown): void {
    const isBusy = error instanceof StorageError && error.isBusy;
    const now = clock.now();
    failures += 1;
    closedUntil = now + (isBusy ? BUSY_RETRY : STORAGE_RETRY);
    wakeAt(closedUntil);
    // Two programs that write in the same instant are no trouble; a lock that stays is.
    if (isBusy && failures === 1) return;
    if (now - unclaimedSince >= STORAGE_RETRY) {
      log.error(
        { err: error },
        'cannot take due work from the database; access that is due to end is taken back all the same',
      );
      unclaimed.clear();
      unclaimedSince = now;
    }
    revokeUnrecorded();
  }

  /** Work that was put again and claimed while its last turn is just ending waits for that, and is not lost. */
  function start(claim: Claim): void {
    const id = idOf(claim);
    const before = running.get(id);
    const work = (before ? before.then(() => run(claim)) : run(claim)).finally(() => {
      if (running.get(id) === work) running.delete(id);
      pump();
    });
    running.set(id, work);
  }

  async function run(claim: Claim): Promise<void> {
    const kind = lane.kinds[claim.kind];
    if (!kind) return;
    let next: Settled['next'];
    try {
      const later = await kind.handle(claim.key, claim.attempt);
      next = later ? { dueAt: later.notBefore, after: later.waiting ? 'waiting' : 'done' } : 'done';
    } catch (error) {
      if (claim.attempt >= kind.maxAttempts) {
        log.error({ err: error, kind: claim.kind, key: claim.key, attempt: claim.attempt }, 'gave up on a job');
        next = 'done';
      } else {
        const dueAt = clock.now() + backoff(claim.attempt, kind.maxBackoff, random());
        log.warn(
          { err: error, kind: claim.kind, key: claim.key, attempt: claim.attempt, dueAt },
          'a job failed; it is tried again',
        );
        next = { dueAt, after: 'failed' };
      }
    }
    try {
      await queue.settle({ claim, next });
    } catch (error) {
      // Its lease runs out and it is done again: every handler is idempotent.
      log.error({ err: error, kind: claim.kind, key: claim.key }, 'cannot record what became of a job');
    }
  }

  /** With a database that cannot be written, ends that are due are still carried out at the targets: each once a pause. */
  function revokeUnrecorded(): void {
    if (!lane.kinds.end) return;
    try {
      const most = lane.concurrency + running.size + unclaimed.size;
      for (const claim of queue.peek('end', clock.now(), most)) {
        const id = idOf(claim);
        if (running.size >= lane.concurrency || running.has(id) || unclaimed.has(id)) continue;
        unclaimed.add(id);
        start(claim);
      }
    } catch (error) {
      log.error({ err: error }, "cannot even read the database; the targets' own expiry is what is left");
    }
  }

  function wakeAt(at: Instant | null): void {
    cancelWake();
    cancelWake = at === null ? () => undefined : clock.wakeAt(at, pump);
  }

  async function drain(): Promise<void> {
    cancelWake();
    await Promise.all(running.values());
  }

  return { kinds, pump, drain };
}

const idOf = ({ kind, key }: Claim): string => `${kind} ${key}`;

/** Doubles from one second up to the limit, spread by a quarter either way. */
export function backoff(attempt: number, max: Millis, random: number): Millis {
  const base = Math.min(FIRST_BACKOFF * 2 ** (attempt - 1), max);
  return Math.round(base * (0.75 + random / 2));
}
