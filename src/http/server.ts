import { createServer, type Server } from 'node:http';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Log } from '../ports/host.ts';
import { START } from '../wording/terminal/settings.ts';
import { connectionsFor, ENOUGH_OPEN_FILES, limitConnections, openFilesLimit } from './connections.ts';
import { Deliveries, type Paths } from './deliveries.ts';
import type { Page } from './page.ts';
import type { Route } from './route.ts';

/** The one port for deliveries over HTTP and for monitoring. */
export interface HttpServer {
  /** @throws if the port cannot be opened, with what to do */
  open(): Promise<void>;
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;
const HEADERS_TIMEOUT: Millis = 10 * SECOND;
/** From the first to the last byte of a request, in ms. */
const REQUEST_TIMEOUT: Millis = 15 * SECOND;
const KEEP_ALIVE: Millis = 10 * SECOND;
/** For a connection without any traffic, in ms. */
const IDLE_TIMEOUT: Millis = 30 * SECOND;

/**
 * Opens the port. Connections, headers, bodies and time are limited and nothing unsigned is kept, so that no traffic
 * ends the process or blocks its own calls.
 * @param routes by path, without the query; more can be added while it is open
 * @param openFiles maximum number of open files and connections of this process
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

/** Limits headers and time. The caller limits connections and bodies. */
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

/** @throws if the port cannot be opened, with what to do */
const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(new Error(whyNot(error, port), { cause: error }));
    server.once('error', failed);
    server.listen(port, () => {
      server.off('error', failed);
      resolve();
    });
  });

/** Why the operating system refuses a port, and what to do. */
function whyNot(error: Error, port: number): string {
  switch ('code' in error ? error.code : null) {
    case 'EADDRINUSE':
      return START.portTaken(port);
    case 'EACCES':
      return START.portForbidden(port);
    default:
      return START.portProblem(port, error.message);
  }
}
