/** Lets so many pieces of work go on at the same time; whoever comes later waits for a place, first come, first served. */
export function createLimit(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let busy = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (busy < limit) busy += 1;
    // The place is handed on: it does not become free in between.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy -= 1;
    }
  };
}
