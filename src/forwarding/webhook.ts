import { createHmac } from 'node:crypto';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Clock } from '../ports.ts';
import { NotTaken, type Receiver } from './receiver.ts';

const TIMEOUT: Millis = 10 * SECOND;
/** What a receiver says of this one event: not a right request, too large, not understood. */
const ABOUT_THE_EVENT: ReadonlySet<number> = new Set([400, 413, 422]);

/** An event a request, signed like the requests of the webhook target. */
export function openWebhook({ url, secret }: { url: string; secret: string }, clock: Pick<Clock, 'now'>): Receiver {
  return {
    send: async (event) => {
      const body = JSON.stringify(event);
      const timestamp = String(Math.floor(clock.now() / SECOND));
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': event.hash,
          'x-jit-timestamp': timestamp,
          'x-jit-signature': `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
        },
        // A redirect would carry the signed event to a host that nobody named.
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      });
      await response.body?.cancel();
      if (response.ok) return;
      const problem = `${new URL(url).host} answered event ${event.seq} with ${response.status}`;
      throw ABOUT_THE_EVENT.has(response.status) ? new NotTaken(problem) : new Error(problem);
    },
    close: async () => undefined,
  };
}
