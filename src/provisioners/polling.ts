import { type Millis, SECOND } from '../domain/terms.ts';

/** How often, and how long, something is looked at that a target does in the background. */
export interface Polling {
  readonly every: Millis;
  readonly until: Millis;
}

/**
 * Looks again until it is over.
 * @param problem what to say where it is not over in time, such as `AWS: assigning is not over`
 */
export async function poll(problem: string, { every, until }: Polling, isOver: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isOver()); waited += every) {
    if (waited >= until) throw new Error(`${problem} after ${until / SECOND} s`);
    await pause(every);
  }
}

export const pause = async (length: Millis): Promise<void> => {
  if (length > 0) await new Promise((resolve) => setTimeout(resolve, length));
};
