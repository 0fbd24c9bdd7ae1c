export interface Once<T> {
  get(): Promise<T>;
  /** What the work gave or is about to give; null if it has not begun or has failed. */
  begun(): Promise<T> | null;
}

/** Does work at the first call, and keeps what it gave. A failure is not kept: the next call tries again. */
export function once<T>(work: () => Promise<T>): Once<T> {
  let kept: Promise<T> | null = null;
  return {
    get: () => {
      kept ??= work().catch((error: unknown) => {
        kept = null;
        throw error;
      });
      return kept;
    },
    begun: () => kept,
  };
}
