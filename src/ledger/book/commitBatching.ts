/**
 * How many changes one turn of the event loop writes by themselves. Each costs a sync of the disk, in which nothing
 * else runs; eight are about a millisecond.
 */
const AT_ONCE = 8;

/**
 * When what waits is written. Alone, a change is written as soon as the code that asked for it pauses. In a crowd,
 * whatever comes in one turn of the event loop is written together, with one sync.
 * @param write writes all that waits, and says how many changes that was
 * @returns to be called when the first change begins to wait
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
