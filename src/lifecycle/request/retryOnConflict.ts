import { ConflictError } from '../../ports/store.ts';

/** After this many lost races in a row, something other than a race is wrong. */
const ATTEMPTS = 5;

/** load → decide → commit, from the start whenever another commit was first. */
export async function retryOnConflict<T>(decideAndCommit: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await decideAndCommit();
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === ATTEMPTS) throw error;
    }
  }
}
