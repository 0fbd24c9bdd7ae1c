import { type Instant, MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import type { Clock } from '../../ports/host.ts';
import { WebAPIRateLimitedError } from '../link/clients.ts';

/** Longest that a question waits for its turn: by then whoever asked has found another way, or tries again. */
const LONGEST_WAIT: Millis = 15 * MINUTE;

/** Asks Slack, and where its rate limit is used up waits for it, in line: first come, first served. */
export type RateLimitQueue = <T>(method: string, call: () => Promise<T>) => Promise<T>;

/** @param ending whoever still waits then is sent away: the bot stops */
export function createRateLimitQueue(clock: Clock, ending: AbortSignal): RateLimitQueue {
  /** By method: when Slack takes the next call. */
  const allowedAt = new Map<string, Instant>();
  /** By method: the end of the line, while there is one. */
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
    // What became of the one ahead is not the next one's concern.
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
