import type { Log } from '../../ports/host.ts';
import { cleanUp, type Left } from './leftovers.ts';
import type { Session } from './session.ts';

/** Leftovers that could not be cleaned up when access ended, because somebody was using them. */
export function owedTo(session: Session, log: Log) {
  let owed: readonly Left[] = [];
  const owe = (left: Left): void => {
    owed = [...owed, left];
  };
  return {
    owe,
    tidy: async (): Promise<void> => {
      const again = owed;
      owed = [];
      for (const left of again) if ((await cleanUp(session, left, log)).isOwed) owe(left);
    },
  };
}
