/** PagerDuty's webhooks, version 3. https://developer.pagerduty.com/docs/webhooks-overview */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { readObject } from '../http/json.ts';
import type { Route } from '../http/route.ts';

/** The path on the bot's port. */
export const PAGERDUTY_PATH = '/pagerduty/events';

const payloadSchema = z.object({
  event: z.object({
    event_type: z.string(),
    data: z.object({ id: z.string().regex(/^[A-Z0-9]{1,40}$/), type: z.string() }),
  }),
});

/** One or several signatures, separated by commas: PagerDuty sends two while a secret is rotated. */
const SIGNATURES = /^v1=[0-9a-f]+(?:\s*,\s*v1=[0-9a-f]+){0,9}$/;

/**
 * Accepts signed deliveries, and passes on the id of the incident. Nothing else in them is believed: the facts are
 * asked of PagerDuty, so a delivery that is repeated or late, even by years, has no effect of its own.
 * @param onIncident commits the work that follows; the answer waits for it, so that PagerDuty sends again what was lost
 */
export function pagerDutyWebhook(options: {
  secret: string;
  onIncident: (incidentId: string) => Promise<void>;
}): Route {
  const { secret, onIncident } = options;
  return {
    refuses: (headers) =>
      SIGNATURES.test(String(headers['x-pagerduty-signature'] ?? '')) ? null : 'it has no signature of PagerDuty’s',
    isSigned: ({ headers, body }) => isSigned(body, String(headers['x-pagerduty-signature']), secret),
    take: async ({ body }, response) => {
      const payload = payloadSchema.safeParse(readObject(body.toString('utf8')));
      // Signed, but not about an incident: nothing to do.
      if (payload.success) {
        const { data, event_type: type } = payload.data.event;
        if (data.type === 'incident' && type.startsWith('incident.')) await onIncident(data.id);
      }
      response.writeHead(202).end();
    },
  };
}

/** One matching signature is enough. */
function isSigned(body: Buffer, header: string, secret: string): boolean {
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(body).digest('hex')}`);
  return header
    .split(',')
    .map((signature) => Buffer.from(signature.trim()))
    .some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected));
}
