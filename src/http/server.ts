import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Log } from '../ports.ts';
import { createBodyReader } from './body.ts';
import { connectionsFor, ENOUGH_OPEN_FILES, limitConnections, openFilesLimit } from './connections.ts';
import { sparingly } from './sparingly.ts';

/** A request whose body has arrived in full. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What one sender's deliveries are known by, and what is done with them. All of them are POST requests. */
export interface Route {
  /** Why it cannot be one of theirs, by its headers alone: asked before any of its body is read. null: read on. */
  readonly refuses: (headers: IncomingHttpHeaders) => string | null;
  readonly isSigned: (delivery: Delivery) => boolean;
  /** Only ever called with what is signed. A rejection answers 500, so that the sender sends it again. */
  readonly take: (delivery: Delivery, response: ServerResponse) => Promise<void>;
  /** A query with which the sender only tries whether somebody listens: `ssl_check=1`. */
  readonly probe?: string;
}

/** One port for everything that is delivered to the bot over HTTP. */
export interface HttpServer {
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Slack's and PagerDuty's own payloads are far smaller. */
const MAX_BODY_BYTES = 1_000_000;
/** All bodies that have not arrived in full, together. */
const MAX_BYTES_TOGETHER = 16_000_000;
/** How much of what was refused is still taken off the connection, so that its sender reads the answer. */
const MAX_DISCARDED_BYTES = 2 * MAX_BODY_BYTES;
const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;
const HEADERS_TIMEOUT: Millis = 10 * SECOND;
/** From the first byte to the last of a request. */
const REQUEST_TIMEOUT: Millis = 15 * SECOND;
const KEEP_ALIVE: Millis = 10 * SECOND;
/** A connection on which nothing moves, whatever it waits for. */
const IDLE_TIMEOUT: Millis = 30 * SECOND;

/**
 * Whatever arrives, the process lives and its own calls get through: connections, headers, bodies and time are limited,
 * and nothing is kept of what nobody signed.
 * @param routes by path, without the query
 * @param openFiles how many files and connections this process may open
 */
export function createHttpServer(
  port: number,
  routes: ReadonlyMap<string, Route>,
  log: Log,
  openFiles = openFilesLimit(),
): HttpServer {
  const readBody = createBodyReader({ perBody: MAX_BODY_BYTES, together: MAX_BYTES_TOGETHER });
  const warn = sparingly((facts, message) => log.warn(facts, message));
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: SECOND,
    keepAliveTimeout: KEEP_ALIVE,
  });
  server.maxHeadersCount = MAX_HEADERS;
  server.timeout = IDLE_TIMEOUT;
  const most = connectionsFor(openFiles);
  const connections = limitConnections(server, most);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query] = (request.url ?? '').split('?');
    const route = routes.get(path);
    if (!route) return refuse(request, response, 404, 'nothing is delivered there');
    if (route.probe !== undefined && request.method === 'GET' && query?.split('&').includes(route.probe))
      return void response.writeHead(200).end();
    if (request.method !== 'POST') return refuse(request, response, 405, 'it is not a POST');
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES)
      return refuse(request, response, 413, 'it is too large');
    const problem = route.refuses(request.headers);
    if (problem !== null) return refuse(request, response, 401, problem);
    if (request.headers.expect !== undefined) response.writeContinue();
    const read = await readBody(request);
    if ('problem' in read) return giveUp(request, response, read.problem);
    const delivery = { headers: request.headers, body: read.body };
    if (!route.isSigned(delivery)) return refuse(request, response, 401, 'its signature is wrong');
    connections.spare(request.socket);
    response.once('close', () => connections.release(request.socket));
    await route.take(delivery, response);
  }

  function refuse(request: IncomingMessage, response: ServerResponse, status: number, why: string): void {
    warn(why, { from: request.socket.remoteAddress, status, why }, 'refused a delivery');
    response.writeHead(status, status === 405 ? { allow: 'POST' } : {}).end();
    let left = MAX_DISCARDED_BYTES;
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) request.destroy();
    });
  }

  function giveUp(
    request: IncomingMessage,
    response: ServerResponse,
    problem: 'too_large' | 'crowded_out' | 'cut_off',
  ): void {
    if (problem === 'too_large') refuse(request, response, 413, 'it is too large');
    else {
      warn(problem, { from: request.socket.remoteAddress, problem }, 'dropped a delivery that had not arrived in full');
      request.destroy();
    }
  }

  /** Nothing that is thrown here, at once or later, may reach the event loop. */
  function handle(request: IncomingMessage, response: ServerResponse): void {
    // Whoever went away reads no answer; without somebody listening, that would end the process.
    response.on('error', () => undefined);
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'a delivery could not be handled; the sender is asked to send it again');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  }

  server.on('request', handle);
  server.on('checkContinue', handle);
  return {
    open: () =>
      new Promise((resolve, reject) => {
        const failed = (error: Error) =>
          reject(new Error(`cannot listen on port ${port}${whyNot(error)}; set PORT to a free one`, { cause: error }));
        server.once('error', failed);
        server.listen(port, () => {
          server.off('error', failed);
          server.on('error', (error) => log.error({ err: error }, 'the port for deliveries has a problem'));
          const address = server.address();
          log.info(
            { port: typeof address === 'object' ? address?.port : port, paths: [...routes.keys()], connections: most },
            'listening for deliveries',
          );
          if (openFiles < ENOUGH_OPEN_FILES)
            log.warn(
              { openFiles, connections: most },
              `this process may open only ${openFiles} files and connections; allow it ${ENOUGH_OPEN_FILES} or more (ulimit -n, LimitNOFILE) so that its own calls never run out of them`,
            );
          resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What the operating system has against a port, as far as it is known. */
function whyNot(error: Error): string {
  switch ('code' in error ? error.code : null) {
    case 'EADDRINUSE':
      return ': another program listens there already';
    case 'EACCES':
      return ': this user may not use it';
    default:
      return ` (${error.message})`;
  }
}
