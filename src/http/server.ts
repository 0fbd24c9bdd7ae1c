import { createServer, type Server } from 'node:http';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Log } from '../ports/host.ts';
import { connectionsFor, ENOUGH_OPEN_FILES, limitConnections, openFilesLimit } from './connections.ts';
import { Deliveries, type Paths } from './deliveries.ts';
import type { Page } from './page.ts';
import type { Route } from './route.ts';

/** One port for everything that is delivered to the bot over HTTP, and for whoever asks how it is. */
export interface HttpServer {
  /** @throws where the port cannot be had, with what to do */
  open(): Promise<void>;
  close(): Promise<void>;
}

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
 * @param routes by path, without the query; more can be added while it is open
 * @param openFiles how many files and connections this process may open
 */
export function createHttpServer(
  port: number,
  routes: ReadonlyMap<string, Route>,
  log: Log,
  { openFiles = openFilesLimit(), pages = new Map() }: { openFiles?: number; pages?: ReadonlyMap<string, Page> } = {},
): HttpServer {
  const server = limitedServer();
  const paths: Paths = { routes, pages };
  const most = connectionsFor(openFiles);
  const deliveries = new Deliveries(paths, limitConnections(server, most), log);
  server.on('request', (request, response) => deliveries.handle(request, response));
  server.on('checkContinue', (request, response) => deliveries.handle(request, response));

  return {
    open: async () => {
      await listen(server, port);
      server.on('error', (error) => log.error({ err: error }, 'the port for deliveries has a problem'));
      const address = server.address();
      log.info(
        {
          port: typeof address === 'object' ? address?.port : port,
          paths: [...routes.keys(), ...pages.keys()],
          connections: most,
        },
        'listening for deliveries',
      );
      if (openFiles < ENOUGH_OPEN_FILES)
        log.warn(
          { openFiles, connections: most },
          `this process may open only ${openFiles} files and connections; allow it ${ENOUGH_OPEN_FILES} or more (ulimit -n, LimitNOFILE) so that its own calls never run out of them`,
        );
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Headers and time are limited here, connections and bodies by who uses it. */
function limitedServer(): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: SECOND,
    keepAliveTimeout: KEEP_ALIVE,
  });
  server.maxHeadersCount = MAX_HEADERS;
  server.timeout = IDLE_TIMEOUT;
  return server;
}

/** @throws where the port cannot be had, with what to do */
const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(new Error(`cannot listen on port ${port}${whyNot(error)}; set PORT to a free one`, { cause: error }));
    server.once('error', failed);
    server.listen(port, () => {
      server.off('error', failed);
      resolve();
    });
  });

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
