/**
 * A team's service behind a gateway, as docs/targets/webhook.md describes them. The gateway honours idempotency keys:
 * whatever it answered to a key (also a failure), it answers again without asking. The service gives what it makes ids of
 * its own, goes by them, and can be told to answer like the many things that answer in a service's stead.
 */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

export interface Asked {
  readonly action: string;
  readonly key: string | undefined;
  readonly id: string | undefined;
  readonly grantId: string;
  /** The whole document, as it came. */
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

export interface OwnSeat {
  /** The grant that the service takes it for, where it is asked without an id. */
  grantId: string;
  person: string;
  /** The grant that it was made for, for whoever judges. */
  readonly madeFor: string;
}

export interface AccessService {
  readonly url: string;
  /** Who has access, by the service's own ids. */
  readonly held: Map<string, OwnSeat>;
  readonly asked: Asked[];
  readonly wire: Wire;
  /** What is answered in its stead, before it has seen the question. null: nothing. */
  instead: { status: number; body: string; headers?: Record<string, string> } | null;
  /** What is answered in its stead never ends. */
  endless: boolean;
  /** How many bytes of such answers were taken. */
  written: number;
  /** It does what it is asked, and the answer to this many is lost on the way. */
  lose: number;
  /** What the service itself answers next, after doing nothing; the gateway remembers it. */
  readonly failures: { status: number; body: string }[];
  close(): Promise<void>;
}

export async function startAccessService(): Promise<AccessService> {
  const remembered = new Map<string, { status: number; body: string }>();
  let serial = 0;

  const server = createServer(async (request, response) => {
    if (service.wire.takes(request, response)) return;
    const body = await readBody(request);
    const order = JSON.parse(body);
    const key = request.headers['idempotency-key'];
    service.asked.push({
      action: order.action,
      key: typeof key === 'string' ? key : undefined,
      id: order.id,
      grantId: order.grant_id,
      text: body,
      headers: request.headers,
    });
    const { instead, endless } = service;
    if (endless) return void pourInto(response);
    if (instead) return void response.writeHead(instead.status, instead.headers).end(instead.body);
    const answer = (typeof key === 'string' && remembered.get(key)) || (service.failures.shift() ?? serve(order));
    if (typeof key === 'string') remembered.set(key, answer);
    if (service.lose > 0) {
      service.lose -= 1;
      return void request.socket.destroy();
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });

  function serve(order: { action: string; id?: string; grant_id: string; person: { email: string } }) {
    const mine = [...service.held].find(([id, { grantId }]) =>
      order.id ? id === order.id : grantId === order.grant_id,
    );
    const reply = (value: object) => ({ status: 200, body: JSON.stringify(value) });
    if (order.action === 'grant' && !mine) {
      serial += 1;
      const id = `seat-${serial}`;
      service.held.set(id, { grantId: order.grant_id, person: order.person.email, madeFor: order.grant_id });
      return reply({ active: true, account: order.person.email, id });
    }
    if (order.action === 'revoke' && mine) service.held.delete(mine[0]);
    const active = order.action !== 'revoke' && mine !== undefined;
    return reply({ active, ...(mine && { id: mine[0], account: order.person.email }) });
  }

  function pourInto(response: ServerResponse): void {
    const chunk = Buffer.alloc(64_000, ' ');
    const pour = () => {
      if (response.destroyed) return;
      service.written += chunk.length;
      if (response.write(chunk)) setImmediate(pour);
      else response.once('drain', pour);
    };
    response.writeHead(200);
    pour();
  }

  const service: AccessService = {
    url: '',
    held: new Map(),
    asked: [],
    wire: createWire(),
    instead: null,
    endless: false,
    written: 0,
    lose: 0,
    failures: [],
    close: () => closeServer(server),
  };
  return Object.assign(service, { url: `http://127.0.0.1:${await listen(server)}/jit` });
}
