import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createFaults, type Faults, fail } from '../faults.ts';
import { closeServer, listen, readBody } from '../http.ts';
import type { Account, PdIncident } from './account.ts';
import { isoOrNull, objectsOf } from './objects.ts';
import type { Reply } from './reply.ts';
import { createRestApi } from './restApi.ts';

/** PagerDuty's REST API, as far as its published description goes for what the bot asks. */
export interface PagerDutySandbox {
  readonly account: Account;
  readonly faults: Faults;
  readonly apiUrl: string;
  /** Every call so far, as `GET /oncalls?…`. */
  readonly calls: readonly string[];
  /** Where webhooks go, and what they are signed with; null: there is no subscription. */
  subscribe(to: { url: string; secret: string } | null): void;
  /** Changes an incident as somebody at PagerDuty does, and tells subscribers. */
  setStatus(id: string, status: PdIncident['status']): Promise<void>;
  close(): Promise<void>;
}

/** Calls a minute for one key. https://developer.pagerduty.com/docs/rest-api-rate-limits */
const CALLS_PER_MINUTE = 960;

const FAULT_HEADERS = {
  'ratelimit-limit': String(CALLS_PER_MINUTE),
  'ratelimit-remaining': '0',
  'ratelimit-reset': '2',
};
const TOO_MANY: Reply = { status: 429, body: { error: { message: 'Rate Limit Exceeded', code: 2020 } } };

/** Counts calls in the minute that is running. */
function rateWindow() {
  let window = { startedAt: 0, used: 0 };
  return {
    count: () => {
      if (performance.now() - window.startedAt > 60_000) window = { startedAt: performance.now(), used: 0 };
      window.used += 1;
      const reset = Math.max(1, Math.ceil((window.startedAt + 60_000 - performance.now()) / 1000));
      return {
        isOver: window.used > CALLS_PER_MINUTE,
        headers: {
          'ratelimit-limit': String(CALLS_PER_MINUTE),
          'ratelimit-remaining': String(Math.max(0, CALLS_PER_MINUTE - window.used)),
          'ratelimit-reset': String(reset),
        },
      };
    },
  };
}

export async function startPagerDuty(options: {
  account: Account;
  now: () => number;
  token: string;
}): Promise<PagerDutySandbox> {
  const { account, now, token } = options;
  const objects = objectsOf(account);
  let subscriber: { url: string; secret: string } | null = null;
  const webhooks = () => (subscriber === null ? [] : [subscriptionTo(subscriber.url)]);
  const replyTo = createRestApi({ account, token, now, webhooks });
  const faults = createFaults();
  const calls: string[] = [];
  const window = rateWindow();

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  const base = `http://127.0.0.1:${await listen(server)}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base);
    const call = `${request.method} ${url.pathname}${url.search}`;
    calls.push(call);
    const body = await readBody(request);
    const { headers, isOver } = window.count();
    const fault = faults.take(call);
    if (fault && (await fail(fault, request, response, FAULT_HEADERS))) return;
    const { method = '', headers: said } = request;
    const reply = isOver ? TOO_MANY : replyTo({ method, url, headers: said, body });
    if (fault?.kind === 'lost_answer') request.socket.destroy();
    else
      response
        .writeHead(reply.status, { 'content-type': 'application/json; charset=utf-8', ...headers })
        .end(JSON.stringify(reply.body));
  }

  async function setStatus(id: string, status: PdIncident['status']): Promise<void> {
    const incident = account.incidents.find((other) => other.id === id);
    if (!incident) throw new Error(`there is no incident ${id}`);
    incident.status = status;
    if (subscriber)
      await tell(
        subscriber,
        statusEvent({ id: `01${incident.number}${calls.length}`, at: now() }, objects.incident(incident), status),
      );
  }

  return {
    account,
    faults,
    calls,
    apiUrl: base,
    subscribe: (to) => {
      subscriber = to;
    },
    setStatus,
    close: () => closeServer(server),
  };
}

const subscriptionTo = (url: string) => ({
  id: 'PWEBHOOK',
  type: 'webhook_subscription',
  active: true,
  events: ['incident.resolved', 'incident.reopened'],
  delivery_method: { type: 'http_delivery_method', url, temporarily_disabled: false },
});

interface WebhookEvent {
  readonly id: string;
  readonly event_type: string;
  readonly resource_type: 'incident';
  readonly occurred_at: string | null;
  readonly data: object;
}

function statusEvent(
  { id, at }: { readonly id: string; readonly at: number },
  incident: object,
  status: PdIncident['status'],
): WebhookEvent {
  const type = { triggered: 'reopened', acknowledged: 'acknowledged', resolved: 'resolved' }[status];
  return {
    id,
    event_type: `incident.${type}`,
    resource_type: 'incident',
    occurred_at: isoOrNull(at),
    data: { ...incident, type: 'incident' },
  };
}

/** A subscriber that is down gets nothing; PagerDuty itself tries for a while longer. */
async function tell(
  { url, secret }: { readonly url: string; readonly secret: string },
  event: WebhookEvent,
): Promise<void> {
  const body = JSON.stringify({ event });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-pagerduty-signature': `v1=${signature}`,
      'x-webhook-id': event.id,
    },
  }).catch(() => undefined);
}
