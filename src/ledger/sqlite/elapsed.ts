import type { Millis } from '../../domain/terms.ts';

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
