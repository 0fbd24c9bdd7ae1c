/**
 * How many changes one turn of the event loop writes individually. Each costs a disk sync, during which nothing
 * else runs; eight are about a millisecond.
 */
const AT_ONCE = 8;

/**
 * Decides when waiting changes are written. A single change is written as soon as its caller pauses. Under load,
 * all changes of one turn of the event loop are written together, with one sync.
 * @param write writes all waiting changes, and returns their number
 * @returns the function to call when the first change starts to wait
 */
export function commitBatching(write: () => number): () => void {
  let turning = false;
  let atOnce = AT_ONCE;

  function endTurn(): void {
    turning = false;
    atOnce = write() > 1 ? 0 : AT_ONCE;
  }

  return () => {
    if (!turning) setImmediate(endTurn);
    turning = true;
    if (atOnce === 0) return;
    atOnce -= 1;
    queueMicrotask(write);
  };
}
