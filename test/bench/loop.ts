/** How long others wait: the longest stretch of processor time of this thread in which the event loop does not turn. */
export async function longestStretch(work: () => unknown): Promise<number> {
  const soFar = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let longest = 0;
  let last = soFar();
  let isOver = false;
  const turn = (): void => {
    const now = soFar();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  await new Promise((resolve) => setImmediate(resolve));
  last = soFar();
  setImmediate(turn);
  await work();
  // The last stretch is over when others have had their turn after it.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  isOver = true;
  return longest;
}
