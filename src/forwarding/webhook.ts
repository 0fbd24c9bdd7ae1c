import { type Millis, SECOND } from '../domain/terms.ts';
import { signatureHeaders } from '../http/webhookSignature.ts';
import type { Clock } from '../ports/host.ts';
import { NotTaken, type Receiver } from './receiver.ts';

const TIMEOUT: Millis = 10 * SECOND;
/** Statuses that reject this event for good: bad request, too large, not understood. */
const ABOUT_THE_EVENT: ReadonlySet<number> = new Set([400, 413, 422]);

/**
 * An event a request, signed like the requests of the webhook target.
 * @param patience how long an answer is waited for
 */
export function openWebhook(
  { url, secret }: { url: string; secret: string },
  clock: Pick<Clock, 'now'>,
  patience: Millis = TIMEOUT,
): Receiver {
  return {
    send: async (event) => {
      const body = JSON.stringify(event);
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': event.hash,
          ...signatureHeaders(secret, { id: event.hash, at: clock.now(), body }),
        },
        // A redirect would send the signed event to a host that is not configured.
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      });
      await response.body?.cancel();
      if (response.ok) return;
      const problem = `${new URL(url).host} answered event ${event.seq} with ${response.status}`;
      throw ABOUT_THE_EVENT.has(response.status) ? new NotTaken(problem) : new Error(problem);
    },
    close: async () => undefined,
  };
}
