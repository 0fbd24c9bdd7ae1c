import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Log } from './ports.ts';

export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** One port for everything that is delivered to the bot over HTTP. */
export interface HttpServer {
  open(): Promise<void>;
  close(): Promise<void>;
}

/** @param routes by path, without the query */
export function createHttpServer(port: number, routes: ReadonlyMap<string, Route>, log: Log): HttpServer {
  const server = createServer((request, response) => {
    const route = routes.get((request.url ?? '').split('?')[0] ?? '');
    if (!route) {
      response.writeHead(404).end();
      return;
    }
    Promise.resolve(route(request, response)).catch((error: unknown) => {
      log.error({ err: error }, 'a delivery could not be handled; the sender is asked to send it again');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  return {
    open: () =>
      new Promise((resolve, reject) => {
        server.once('error', (error) =>
          reject(new Error(`cannot listen on port ${port}; set PORT to a free one`, { cause: error })),
        );
        server.listen(port, () => {
          const address = server.address();
          log.info(
            { port: typeof address === 'object' ? address?.port : port, paths: [...routes.keys()] },
            'listening for deliveries',
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
