import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../ports/host.ts';
import { REFUSED } from '../wording/deliveries.ts';
import { createBodyReader, type Unread } from './body.ts';
import type { Connections } from './connections.ts';
import type { Page } from './page.ts';
import type { Route } from './route.ts';
import { sparingly } from './sparingly.ts';

/** Payloads from Slack and PagerDuty are far smaller. */
const MAX_BODY_BYTES = 1_000_000;
/** All unfinished bodies together, in bytes. */
const MAX_BYTES_TOGETHER = 16_000_000;
/** How many bytes of a refused body are still read, so that its sender reads the answer. */
const MAX_DISCARDED_BYTES = 2 * MAX_BODY_BYTES;

/** The routes, by path without the query. */
export interface Paths {
  readonly routes: ReadonlyMap<string, Route>;
  readonly pages: ReadonlyMap<string, Page>;
}

/** Handles each request. Nothing is kept of unsigned ones. */
export class Deliveries {
  readonly #paths: Paths;
  readonly #connections: Connections;
  readonly #log: Log;
  readonly #warn: ReturnType<typeof sparingly>;
  readonly #readBody = createBodyReader({ perBody: MAX_BODY_BYTES, together: MAX_BYTES_TOGETHER });

  constructor(paths: Paths, connections: Connections, log: Log) {
    this.#paths = paths;
    this.#connections = connections;
    this.#log = log;
    this.#warn = sparingly((facts, message) => log.warn(facts, message));
  }

  /** No error, at once or later, may reach the event loop. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    // Writing to a sender who went away is an error. Without a listener, it would end the process.
    response.on('error', () => undefined);
    this.#answer(request, response).catch((error: unknown) => {
      this.#log.error({ err: error }, 'a delivery could not be handled; the sender is asked to send it again');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query] = (request.url ?? '').split('?');
    const page = this.#paths.pages.get(path);
    if (page) return this.#show(page, request, response);
    const route = this.#paths.routes.get(path);
    if (!route) return this.#refuse(request, response, 404, REFUSED.noPath);
    if (route.probe !== undefined && request.method === 'GET' && query?.split('&').includes(route.probe))
      return void response.writeHead(200).end();
    if (request.method !== 'POST') return this.#refuse(request, response, 405, REFUSED.noPost, 'POST');
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES)
      return this.#refuse(request, response, 413, REFUSED.tooLarge);
    const problem = route.refuses(request.headers);
    if (problem !== null) return this.#refuse(request, response, 401, problem);
    if (request.headers.expect !== undefined) response.writeContinue();
    const read = await this.#readBody(request);
    if ('problem' in read) return this.#giveUp(request, response, read.problem);
    const delivery = { headers: request.headers, body: read.body };
    if (!route.isSigned(delivery)) return this.#refuse(request, response, 401, REFUSED.wrongSignature);
    this.#connections.spare(request.socket);
    response.once('close', () => this.#connections.release(request.socket));
    await route.take(delivery, response);
  }

  async #show(page: Page, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return this.#refuse(request, response, 405, REFUSED.noGet, 'GET, HEAD');
    const problem = page.refuses?.(request.headers) ?? null;
    if (problem !== null) return this.#refuse(request, response, 401, problem);
    const { status, type, text } = await page.show();
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, status: number, why: string, allow?: string): void {
    this.#warn(why, { from: request.socket.remoteAddress, status, why }, 'refused a delivery');
    response.writeHead(status, allow === undefined ? {} : { allow }).end();
    let left = MAX_DISCARDED_BYTES;
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) request.destroy();
    });
  }

  #giveUp(request: IncomingMessage, response: ServerResponse, problem: Unread): void {
    if (problem === 'too_large') {
      this.#refuse(request, response, 413, REFUSED.tooLarge);
      return;
    }
    const facts = { from: request.socket.remoteAddress, problem };
    this.#warn(problem, facts, 'dropped a delivery that had not arrived in full');
    request.destroy();
  }
}
