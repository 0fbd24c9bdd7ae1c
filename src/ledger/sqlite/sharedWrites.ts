import type { Millis } from '../../domain/terms.ts';
import type { Elapsed } from './elapsed.ts';

/** A write that held the event loop for longer than this met a slow disk. */
const SLOW: Millis = 50;
const LONGEST_REST: Millis = 2_000;

/** Does all of it in one transaction, each whole or not at all. @throws what undid the transaction as a whole */
export type Together = <T>(works: readonly (() => T)[]) => readonly Outcome<T>[];
type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** What became of a write, told in the same turn as it was written. */
export interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting {
  /** @returns what tells its caller, once it is durable */
  readonly work: () => () => void;
  readonly reject: (error: unknown) => void;
}

interface Options {
  readonly write: <T>(work: () => T) => T;
  readonly elapsed: Elapsed;
  readonly together?: Together | undefined;
  readonly asFault: (error: unknown) => unknown;
}

const oneByOne: Together = (works) => works.map((work) => ({ value: work() }));

/**
 * Writes that give way on a slow disk. After one that held the event loop for long, everything else has the loop for as
 * long: targets are called, and people are answered. What is to be written meanwhile shares one sync then. On a fast disk
 * each is written at once.
 */
export function createSharedWrites({ write, elapsed, together = oneByOne, asFault }: Options) {
  const rest = restAfterSlowWrites(elapsed);
  const timed = <T>(work: () => T): T => rest.after(() => write(work));
  let cancel: (() => void) | null = null;
  let waiting: Waiting[] = [];

  function endRest(): void {
    cancel = null;
    const all = waiting;
    waiting = [];
    if (all.length === 0) return;
    let outcomes: readonly Outcome<() => void>[];
    try {
      outcomes = timed(() => together(all.map(({ work }) => work)));
    } catch (error) {
      for (const { reject } of all) reject(error);
      return;
    }
    for (const [index, outcome] of outcomes.entries())
      if ('value' in outcome) outcome.value();
      else all[index]?.reject(asFault(outcome.error));
  }

  function share<T>(work: () => T, { resolve, reject }: Settle<T>): void {
    const left = rest.left();
    if (left > 0 || waiting.length > 0) {
      const later = () => {
        const value = work();
        return () => resolve(value);
      };
      waiting.push({ work: later, reject });
      cancel ??= elapsed.wakeIn(Math.max(left, 0), endRest);
      return;
    }
    let value: T;
    try {
      value = timed(work);
    } catch (error) {
      reject(error);
      return;
    }
    resolve(value);
  }

  return {
    share,
    /** Writes at once what waits, and all that comes from now on. */
    close: (): void => {
      rest.giveUp();
      cancel?.();
      endRest();
    },
  };
}

/** How long the event loop is for others, after a write that held it. */
function restAfterSlowWrites(elapsed: Elapsed) {
  let until = 0;
  let isGivenUp = false;
  return {
    left: (): Millis => until - elapsed.now(),
    /** Does a write, and rests for as long as it took if that was long. */
    after: <T>(write: () => T): T => {
      const began = elapsed.now();
      try {
        return write();
      } finally {
        const now = elapsed.now();
        if (now - began > SLOW && !isGivenUp) until = now + Math.min(now - began, LONGEST_REST);
      }
    },
    /** Never again. */
    giveUp: (): void => {
      isGivenUp = true;
      until = 0;
    },
  };
}
