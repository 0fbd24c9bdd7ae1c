import { type Instant, SECOND } from '../domain/terms.ts';
import type { Clock } from '../ports/host.ts';

/** How often a pending wake-up checks the clock: timers do not notice when the wall clock jumps. */
const LOOK_EVERY_MS = SECOND;

/**
 * The system clock, but it never runs backwards, because a step back would extend access. It starts no earlier than
 * `notBefore`, the latest time in the database.
 */
export function systemClock(notBefore: Instant): Clock {
  let anchor = { wall: Math.max(Date.now(), notBefore), monotonic: performance.now() };
  const now = (): Instant => {
    const monotonic = performance.now();
    const elapsed = anchor.wall + Math.floor(monotonic - anchor.monotonic);
    const wall = Date.now();
    if (wall > elapsed) anchor = { wall, monotonic };
    return Math.max(wall, elapsed);
  };
  return {
    now,
    wakeAt: (at, callback) => {
      let timer: NodeJS.Timeout;
      const look = () => {
        const left = at - now();
        if (left <= 0) callback();
        else timer = setTimeout(look, Math.min(left, LOOK_EVERY_MS));
      };
      timer = setTimeout(look, Math.max(0, Math.min(at - now(), LOOK_EVERY_MS)));
      return () => clearTimeout(timer);
    },
  };
}
