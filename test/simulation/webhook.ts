/** PagerDuty's webhooks, as they reach the bot: signed, through the shipped reader, and more often than once. */

import { createHmac } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { looksAtOnce } from '../../src/app/surface.ts';
import { pagerDutyWebhook } from '../../src/pagerduty/webhook.ts';
import type { Clock } from '../../src/ports/host.ts';
import type { Store } from '../../src/ports/store.ts';

const SECRET = 'the webhook secret of the simulation';

/** @returns delivers what is said of an incident. @throws what keeps the bot from taking it; PagerDuty sends it again then */
export function createWebhook(
  store: Store,
  clock: Pick<Clock, 'now'>,
): (type: string, incidentId: string) => Promise<void> {
  const { onIncident } = looksAtOnce(store, clock);
  const { isSigned, take } = pagerDutyWebhook({ secret: SECRET, onIncident });
  return async (type, incidentId) => {
    const body = Buffer.from(
      JSON.stringify({ event: { id: '1', event_type: type, data: { id: incidentId, type: 'incident' } } }),
    );
    const signature = `v1=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    const request = new IncomingMessage(new Socket());
    Object.assign(request.headers, { 'x-pagerduty-signature': signature });
    const delivery = { headers: request.headers, body };
    if (!isSigned(delivery)) throw new Error('the bot does not take this for PagerDuty’s');
    await take(delivery, new ServerResponse(request));
  };
}
