/** Slack's deliveries as signed HTTP requests. https://docs.slack.dev/authentication/verifying-requests-from-slack */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Receiver } from '@slack/bolt';
import { MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import { readObject } from '../../http/json.ts';
import type { Delivery, Route } from '../../http/route.ts';
import type { Log } from '../../ports/host.ts';

/** Where Slack sends them, on the bot's port. */
export const SLACK_PATH = '/slack/events';

/** Maximum age of a request, and maximum lead of its clock, in ms. */
const TIMESTAMP_TOLERANCE: Millis = 5 * MINUTE;
/** Slack itself gives up after three seconds. */
const ACKNOWLEDGE_WITHIN: Millis = 3 * SECOND;

type App = Parameters<Receiver['init']>[0];

/** Slack refuses a token, and a person has to act. The message says which token, and what to do. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

export function httpConnection(signingSecret: string, log: Log): Connection {
  let app: Pick<App, 'processEvent'> | null = null;
  const receiver: Receiver = {
    init: (made) => {
      app = made;
    },
    start: async () => undefined,
    stop: async () => undefined,
  };

  async function take({ headers, body }: Delivery, response: ServerResponse): Promise<void> {
    // The port opens before the bot can handle deliveries. The answer 503 makes Slack send it again.
    if (app === null) return void response.writeHead(503).end();
    const payload = readPayload(headers['content-type'], body.toString('utf8'));
    if (!payload) {
      log.warn({}, 'refused a signed request from Slack whose body is no object');
      response.writeHead(400).end();
      return;
    }
    if (payload.type === 'url_verification') {
      const challenge = typeof payload.challenge === 'string' ? payload.challenge : '';
      return answer(response, { challenge });
    }
    const late = setTimeout(() => {
      log.warn({}, 'a request from Slack was not acknowledged in time');
      if (!response.headersSent) response.writeHead(503).end();
    }, ACKNOWLEDGE_WITHIN);
    const ack = async (said?: unknown): Promise<void> => {
      clearTimeout(late);
      if (!response.headersSent) answer(response, said);
    };
    try {
      await app.processEvent({ body: { ...payload }, ack });
    } finally {
      clearTimeout(late);
    }
  }

  const route: Route = {
    refuses: (headers) => problemWith(headers, Date.now()),
    isSigned: (delivery) => isSigned(delivery, signingSecret),
    take,
    probe: 'ssl_check=1',
  };
  return {
    receiver,
    open: async () => undefined,
    close: async () => undefined,
    isConnected: () => app !== null,
    route,
  };
}

const SIGNATURE = /^v0=[0-9a-f]{64}$/;

/** Why a request is refused before its body is read. */
function problemWith(headers: IncomingHttpHeaders, now: number): string | null {
  const { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature } = headers;
  if (typeof signature !== 'string' || !SIGNATURE.test(signature)) return 'it has no signature of Slack’s';
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) return 'it does not say when it was signed';
  const age = now - Number(timestamp) * SECOND;
  return Math.abs(age) > TIMESTAMP_TOLERANCE ? 'it was signed more than five minutes ago or ahead' : null;
}

function isSigned({ headers, body }: Delivery, secret: string): boolean {
  const expected = createHmac('sha256', secret)
    .update(`v0:${String(headers['x-slack-request-timestamp'])}:`)
    .update(body)
    .digest('hex');
  const given = Buffer.from(String(headers['x-slack-signature']));
  const wanted = Buffer.from(`v0=${expected}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/**
 * Parses a payload: events are JSON, commands are a form, clicks and modals are JSON in a form field.
 * @returns null if it is none of these
 */
function readPayload(contentType: string | undefined, text: string): Readonly<Record<string, unknown>> | null {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return readObject(text);
  const form = new URLSearchParams(text);
  const payload = form.get('payload');
  return payload === null ? Object.fromEntries(form) : readObject(payload);
}

function answer(response: ServerResponse, said: unknown): void {
  if (said === undefined || said === null || said === '') response.writeHead(200).end();
  else if (typeof said === 'string') response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(said);
  else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(said));
}

/** The connection through which Slack's deliveries reach Bolt. */
export interface Connection {
  readonly receiver: Receiver;
  /**
   * Starts taking deliveries. Resolves after the first try to connect; Socket Mode keeps trying after a failure.
   * @throws TokenRefused if Slack refuses the token of the connection
   */
  open(): Promise<void>;
  close(): Promise<void>;
  /** Whether deliveries can reach the bot now, as far as it knows. */
  isConnected(): boolean;
  /** HTTP mode only: the handler of requests at SLACK_PATH. */
  readonly route?: Route;
}
