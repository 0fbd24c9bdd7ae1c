import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Log } from '../ports.ts';

/** PagerDuty's webhooks, version 3. https://developer.pagerduty.com/docs/webhooks-overview */

/** Where PagerDuty sends them, on the bot's port. */
export const PAGERDUTY_PATH = '/pagerduty/events';
/** Their own payloads are a few kilobytes. */
const MAX_BODY_BYTES = 1_000_000;

const payloadSchema = z.object({
  event: z.object({
    event_type: z.string(),
    data: z.object({ id: z.string().regex(/^[A-Z0-9]+$/), type: z.string() }),
  }),
});

/**
 * Takes deliveries whose signature is right, and passes on which incident something happened to. Nothing else
 * in them is believed: whatever follows is asked of PagerDuty, so a delivery that comes twice, late, or again
 * years later has no effect of its own.
 * @param onIncident commits what follows; answered only afterwards, so that PagerDuty sends again what was lost
 */
export function pagerDutyWebhook(options: {
  secret: string;
  log: Log;
  onIncident: (incidentId: string) => Promise<void>;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { secret, log, onIncident } = options;
  return async (request, response) => {
    const refuse = (status: number, why: string) => {
      log.warn({ from: request.socket.remoteAddress, why }, 'refused a delivery that says it is from PagerDuty');
      response.writeHead(status).end();
    };
    if (request.method !== 'POST') return refuse(405, 'not a POST');
    const body = await readAtMost(request, MAX_BODY_BYTES);
    if (!body) return refuse(413, 'it is too large');
    if (!isSigned(body, request.headers['x-pagerduty-signature'], secret)) return refuse(401, 'its signature is wrong');
    const payload = payloadSchema.safeParse(parseJson(body));
    if (!payload.success) {
      // Signed, but about something else, such as a service: nothing to do.
      response.writeHead(202).end();
      return;
    }
    const { data, event_type: type } = payload.data.event;
    if (data.type === 'incident' && type.startsWith('incident.')) await onIncident(data.id);
    response.writeHead(202).end();
  };
}

/** Any one of several signatures may fit: PagerDuty sends two while a secret is being changed. */
function isSigned(body: Buffer, header: string | string[] | undefined, secret: string): boolean {
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(body).digest('hex')}`);
  return String(header ?? '')
    .split(',')
    .map((signature) => Buffer.from(signature.trim()))
    .some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected));
}

/** @returns the whole body; null where it is larger: what is left of it is not kept */
function readAtMost(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
