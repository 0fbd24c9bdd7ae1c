/** A layer before an independent fake: it fills in what the fake leaves out, and turns callers away as the real thing does. */

import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string;
}

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Front {
  readonly url: string;
  isDown: boolean;
  readonly wire: Wire;
  /** Runs before what the layer itself does; null: it has nothing to say about this. */
  before: (asked: Asked) => Answered | null;
  readonly asked: Asked[];
  close(): Promise<void>;
}

type Pass = (asked: Asked) => Promise<Answered>;

/** @param answer `pass` asks the fake */
export async function startFront(
  upstream: string,
  answer: (asked: Asked, pass: Pass) => Promise<Answered>,
): Promise<Front> {
  const server = createServer(async (request, response) => {
    if (front.wire.takes(request, response)) return;
    const asked = { method: request.method ?? 'GET', path: request.url ?? '/', body: await readBody(request) };
    if (front.isDown) return void request.socket.destroy();
    front.asked.push(asked);
    const pass: Pass = async ({ method, path, body }) => {
      const passed = await fetch(`${upstream}${path}`, {
        method,
        headers: { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' },
        ...(body && { body }),
      });
      const text = await passed.text();
      const link = passed.headers.get('link')?.replaceAll(upstream, front.url);
      return { status: passed.status, body: text ? JSON.parse(text) : null, headers: link ? { link } : {} };
    };
    const { status, body, headers } = front.before(asked) ?? (await answer(asked, pass));
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(status === 204 ? undefined : JSON.stringify(body));
  });
  const front: Front = {
    url: `http://127.0.0.1:${await listen(server)}`,
    isDown: false,
    wire: createWire(),
    before: () => null,
    asked: [],
    close: () => closeServer(server),
  };
  return front;
}
