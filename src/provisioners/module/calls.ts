/** Calls of a local module, which may never end and may answer anything. */

import type { z } from 'zod';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { OWN_MODULE } from '../../wording/targets/own.ts';

export type Ask = <T>(what: string, schema: z.ZodType<T>, call: () => unknown) => Promise<T>;

/** Waits for an answer within a deadline, and validates it. @param path names the module in errors */
export const askingOf =
  (path: string, deadline: Millis): Ask =>
  async (what, schema, call) => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const problem = OWN_MODULE.late(path, what, deadline / SECOND);
    const timer = setTimeout(() => reject(new Error(problem)), deadline);
    const answer = await Promise.race([(async () => call())(), late]).finally(() => clearTimeout(timer));
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new Error(OWN_MODULE.wrongAnswer(path, what), { cause: parsed.error });
  };

/** Counts running calls. A call may run longer than its caller waits. */
export class CallsUnderWay {
  /** Number of running calls, by grant. */
  readonly #counts = new Map<string, number>();

  has(grantId: string): boolean {
    return this.#counts.has(grantId);
  }

  async during<T>(grantId: string, call: () => Promise<T>): Promise<T> {
    this.#counts.set(grantId, (this.#counts.get(grantId) ?? 0) + 1);
    try {
      return await call();
    } finally {
      const left = (this.#counts.get(grantId) ?? 1) - 1;
      if (left > 0) this.#counts.set(grantId, left);
      else this.#counts.delete(grantId);
    }
  }
}
