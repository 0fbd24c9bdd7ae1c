/** What the flow needs of the process it runs in: time, ids and a log. */

import type { Instant } from '../domain/terms.ts';

export interface Clock {
  /** Never runs backwards within a process. */
  now(): Instant;
  /** Calls back once, at or soon after `at` on this clock, even if it jumps. Returns how to cancel. */
  wakeAt(at: Instant, callback: () => void): () => void;
}

/** A new id with the given one-letter prefix, never used before. */
export type NewId = (prefix: 'R' | 'G' | 'A') => string;

export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
