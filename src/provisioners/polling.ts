import { type Millis, SECOND } from '../domain/terms.ts';
import { TARGETS } from '../wording/targets/shared.ts';

/** How often and how long to poll background work of a target, in ms. */
export interface Polling {
  readonly every: Millis;
  readonly until: Millis;
}

/** Polls until `isOver`. @param problem the error if it is not over in time, such as `AWS: assigning is not over` */
export async function poll(problem: string, { every, until }: Polling, isOver: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isOver()); waited += every) {
    if (waited >= until) throw new Error(TARGETS.tooLong(problem, until / SECOND));
    await pause(every);
  }
}

export const pause = async (length: Millis): Promise<void> => {
  if (length > 0) await new Promise((resolve) => setTimeout(resolve, length));
};
