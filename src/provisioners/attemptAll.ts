import { errorText } from '../domain/text.ts';

/**
 * Runs `attempt` for each item, one after the other, even if it fails for some.
 * @throws with all failures; those that say the same, such as that the disk is full, are one
 */
export async function attemptAll<T>(all: Iterable<T>, attempt: (one: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const one of all)
    try {
      await attempt(one);
    } catch (error) {
      failures.push(error);
    }
  const said = new Set(failures.map(errorText));
  if (said.size > 1) throw new AggregateError(failures, [...said].join('; and '));
  if (failures.length > 0) throw failures[0];
}
