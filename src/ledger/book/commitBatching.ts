import type { Millis } from '../../domain/terms.ts';

/**
 * How many changes one turn of the event loop writes individually. Each costs a disk sync, during which nothing
 * else runs; eight are about a millisecond.
 */
const AT_ONCE = 8;
/** A write that took longer waited for a slow disk: the others of its turn share one sync. In ms. */
const SLOW: Millis = 10;

/**
 * Decides when waiting changes are written. A single change is written as soon as its caller pauses. Under load, and
 * on a slow disk, all changes of one turn of the event loop are written together, with one sync.
 * @param write writes all waiting changes, and returns their number
 * @returns the function to call when the first change starts to wait
 */
export function commitBatching(write: () => number): () => void {
  let turning = false;
  let atOnce = AT_ONCE;

  function timed(): { readonly count: number; readonly isSlow: boolean } {
    const began = performance.now();
    const count = write();
    return { count, isSlow: performance.now() - began > SLOW };
  }

  function endTurn(): void {
    turning = false;
    const { count, isSlow } = timed();
    atOnce = count > 1 || isSlow ? 0 : AT_ONCE;
  }

  function beforeItsEnd(): void {
    if (timed().isSlow) atOnce = 0;
  }

  return () => {
    if (!turning) setImmediate(endTurn);
    turning = true;
    if (atOnce === 0) return;
    atOnce -= 1;
    queueMicrotask(beforeItsEnd);
  };
}
