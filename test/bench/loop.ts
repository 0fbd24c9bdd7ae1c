/** How long others wait: the longest stretch in which the event loop does not turn, collection of garbage apart. */

import { PerformanceObserver } from 'node:perf_hooks';

/** Milliseconds. */
export interface Stretch {
  /** By the clock: whatever waits, waits this long. On a busy machine it counts other programs, too. */
  readonly wall: number;
  /** Processor time of this thread, which other programs leave alone, and waiting for a disk or a lock takes none of. */
  readonly cpu: number;
}

interface Turn extends Stretch {
  readonly from: number;
}

/** Shorter stretches are nobody's longest. */
const SHORT_MS = 2;

/** @returns the longest stretch by the clock, and the longest by processor time, while the work goes on */
export async function longestStretch(work: () => unknown): Promise<Stretch> {
  const turns: Turn[] = [];
  const pauses: { startTime: number; duration: number }[] = [];
  const collections = new PerformanceObserver((list) => pauses.push(...list.getEntries()));
  collections.observe({ entryTypes: ['gc'] });
  let [last, lastCpu] = [performance.now(), cpuSoFar()];
  let isOver = false;
  const turn = (): void => {
    const [now, cpu] = [performance.now(), cpuSoFar()];
    if (now - last > SHORT_MS) turns.push({ from: last, wall: now - last, cpu: cpu - lastCpu });
    [last, lastCpu] = [now, cpu];
    if (!isOver) setImmediate(turn);
  };
  await nextTurn();
  [last, lastCpu] = [performance.now(), cpuSoFar()];
  setImmediate(turn);
  await work();
  // The last stretch is over when others have had their turn after it, and the observer has heard of all.
  await nextTurn();
  await nextTurn();
  isOver = true;
  await new Promise((resolve) => setTimeout(resolve, 5));
  pauses.push(...collections.takeRecords());
  collections.disconnect();
  const apart = turns.map(({ from, wall, cpu }) => {
    const collected = pauses
      .filter(({ startTime }) => startTime >= from && startTime < from + wall)
      .reduce((sum, { duration }) => sum + duration, 0);
    return { wall: wall - collected, cpu: cpu - collected };
  });
  return {
    wall: Math.max(0, ...apart.map(({ wall }) => wall)),
    cpu: Math.max(0, ...apart.map(({ cpu }) => cpu)),
  };
}

function cpuSoFar(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
