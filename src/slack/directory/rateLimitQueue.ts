import { type Instant, MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import type { Clock } from '../../ports/host.ts';
import { WebAPIRateLimitedError } from '../link/clients.ts';

/** Maximum wait of a call for its turn, in ms. By then, the caller has found another way or tries again. */
const LONGEST_WAIT: Millis = 15 * MINUTE;

/** Calls Slack, and queues calls while the rate limit is used up: first come, first served. */
export type RateLimitQueue = <T>(method: string, call: () => Promise<T>) => Promise<T>;

/** @param ending when aborted, queued calls are rejected, because the bot stops */
export function createRateLimitQueue(clock: Clock, ending: AbortSignal): RateLimitQueue {
  /** When Slack accepts the next call, by method. */
  const allowedAt = new Map<string, Instant>();
  /** The last call in the queue, by method. */
  const lines = new Map<string, Promise<unknown>>();

  const until = (at: Instant): Promise<void> =>
    at <= clock.now() && !ending.aborted
      ? Promise.resolve()
      : new Promise((resolve, reject) => {
          const sendAway = () => {
            cancel();
            reject(new WebAPIRateLimitedError(LONGEST_WAIT / SECOND));
          };
          const cancel = clock.wakeAt(at, () => {
            ending.removeEventListener('abort', sendAway);
            resolve();
          });
          if (ending.aborted) sendAway();
          else ending.addEventListener('abort', sendAway, { once: true });
        });

  async function inTurn<T>(method: string, call: () => Promise<T>, deadline: Instant): Promise<T> {
    for (;;) {
      const next = allowedAt.get(method) ?? 0;
      if (next > deadline) throw new WebAPIRateLimitedError(Math.ceil((next - clock.now()) / SECOND));
      await until(next);
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof WebAPIRateLimitedError)) throw error;
        allowedAt.set(method, clock.now() + error.retryAfter * SECOND);
      }
    }
  }

  return async (method, call) => {
    const deadline = clock.now() + LONGEST_WAIT;
    const ahead = lines.get(method);
    if (!ahead && (allowedAt.get(method) ?? 0) <= clock.now()) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof WebAPIRateLimitedError)) throw error;
        allowedAt.set(method, clock.now() + error.retryAfter * SECOND);
      }
    }
    const turn = (lines.get(method) ?? Promise.resolve()).then(() => inTurn(method, call, deadline));
    // The result of the previous call does not matter to the next.
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    lines.set(method, settled);
    void settled.then(() => {
      if (lines.get(method) === settled) lines.delete(method);
    });
    return turn;
  };
}
