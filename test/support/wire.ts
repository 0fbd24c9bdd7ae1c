/** What the bot may meet on the way to a target, or at its door: proxies, gateways, limits, lines that break. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listen } from '../../src/sandbox/http.ts';

export interface Instead {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Wire {
  /** So many requests are let through; what comes then is answered with this, or cut off. Again: counts anew. */
  breakAfter(requests: number, instead: Instead | 'cut'): void;
  /** @returns how many requests were not let through */
  mend(): number;
  /** Whether a request was dealt with here. */
  takes(request: IncomingMessage, response: ServerResponse): boolean;
}

export function createWire(): Wire {
  let broken: { after: number; instead: Instead | 'cut' } | null = null;
  let came = 0;
  let stopped = 0;
  return {
    breakAfter: (after, instead) => {
      broken = { after, instead };
      came = 0;
      stopped = 0;
    },
    mend: () => {
      broken = null;
      return stopped;
    },
    takes: (request, response) => {
      came += 1;
      if (broken === null || came <= broken.after) return false;
      stopped += 1;
      if (broken.instead === 'cut') {
        request.socket.destroy();
        return true;
      }
      const { status, headers, body } = broken.instead;
      request.resume();
      response.writeHead(status, headers).end(body);
      return true;
    },
  };
}

/** Somewhere else, where a redirect leads to. */
export interface Elsewhere {
  readonly url: string;
  /** What came with each request that could be used at the target. */
  readonly secrets: string[];
  close(): Promise<void>;
}

/** Answers everything with an empty object, as if nothing were there. */
export async function startElsewhere(): Promise<Elsewhere> {
  const secrets: string[] = [];
  const server = createServer((request, response) => {
    const { authorization, 'x-jit-signature': signature } = request.headers;
    secrets.push(...[authorization, signature].flatMap((one) => one ?? []).map(String));
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  const port = await listen(server);
  // Another name for the same machine: another host.
  return { url: `http://localhost:${port}/`, secrets, close: () => closeServer(server) };
}
