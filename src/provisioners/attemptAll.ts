import { errorText } from '../domain/text.ts';

/** Runs `attempt` for each item, one after the other, even if it fails for some. @throws with all failures */
export async function attemptAll<T>(all: Iterable<T>, attempt: (one: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const one of all)
    try {
      await attempt(one);
    } catch (error) {
      failures.push(error);
    }
  const [first, ...others] = failures;
  if (others.length > 0) throw new AggregateError(failures, failures.map(errorText).join('; and '));
  if (first !== undefined) throw first;
}
