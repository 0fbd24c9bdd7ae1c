import { ConflictError } from '../../ports/store.ts';

/** Lost races in a row after which something is wrong beyond a race. */
const ATTEMPTS = 5;

/** load → decide → commit, again from the start whenever somebody else committed first. */
export async function retryOnConflict<T>(decideAndCommit: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await decideAndCommit();
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === ATTEMPTS) throw error;
    }
  }
}
