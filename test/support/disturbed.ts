import type { Change, Store } from '../../src/ports/store.ts';

/** The next commit fails like this, or the next one that is meant; those before and after it are as they were. */
export function failCommit(store: Store, error: Error, isMeant: (change: Change) => boolean = () => true): void {
  const { commit } = store;
  store.commit = async (change) => {
    if (!isMeant(change)) return commit(change);
    store.commit = commit;
    throw error;
  };
}

/** Lets everything go on that waits for nothing but other work of the program. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
