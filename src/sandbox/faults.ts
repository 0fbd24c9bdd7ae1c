import type { IncomingMessage, ServerResponse } from 'node:http';

/** How a service of the sandbox can be told to fail, as the real one does. */
export type FaultKind =
  /** Answers after `delayMs`. */
  | 'slow'
  /** Takes the call and never answers it, until the caller gives up. */
  | 'hangs'
  /** 429, with the service's own headers. */
  | 'rate_limited'
  | 'error_500'
  /** The credential lacks the right. */
  | 'forbidden'
  /** A proxy's page instead of JSON. */
  | 'html'
  /** 200, with `says` in place of the answer. */
  | 'says'
  /** The connection is cut before the call has any effect. */
  | 'dropped'
  /** The call takes effect; its answer is lost. */
  | 'lost_answer';

export interface Fault {
  readonly kind: FaultKind;
  /** Only calls whose name holds this text; empty: all. */
  readonly match: string;
  /** How many calls; Infinity: until cleared. */
  times: number;
  readonly delayMs: number;
  readonly says: unknown;
}

export interface Faults {
  add(fault: { kind: FaultKind; match?: string; times?: number; delayMs?: number; says?: unknown }): void;
  clear(): void;
  list(): readonly Fault[];
  /** The fault for this call, used up by one. */
  take(call: string): Fault | null;
}

const DEFAULT_DELAY_MS = 5_000;

export function createFaults(): Faults {
  let faults: Fault[] = [];
  return {
    add: ({ kind, match = '', times = Number.POSITIVE_INFINITY, delayMs = DEFAULT_DELAY_MS, says = {} }) =>
      void faults.push({ kind, match, times, delayMs, says }),
    clear: () => {
      faults = [];
    },
    list: () => faults,
    take: (call) => {
      const fault = faults.find(({ match }) => call.includes(match));
      if (!fault) return null;
      fault.times -= 1;
      if (fault.times <= 0) faults = faults.filter((other) => other !== fault);
      return fault;
    },
  };
}

/** Answers a request the way the fault says. @returns false where the call goes on: slow, or its answer lost afterwards */
export async function fail(
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
  rateLimitHeaders: Record<string, string>,
): Promise<boolean> {
  switch (fault.kind) {
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
      return false;
    case 'hangs':
      await new Promise((resolve) => response.once('close', resolve));
      return true;
    case 'rate_limited':
      response
        .writeHead(429, { 'content-type': 'application/json', ...rateLimitHeaders })
        .end('{"ok":false,"error":"ratelimited"}');
      return true;
    case 'error_500':
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"internal"}');
      return true;
    case 'forbidden':
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end('{"error":{"message":"Forbidden","code":2010}}');
      return true;
    case 'html':
      response
        .writeHead(502, { 'content-type': 'text/html' })
        .end('<html><body><h1>502 Bad Gateway</h1></body></html>');
      return true;
    case 'says':
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(fault.says));
      return true;
    case 'dropped':
      request.socket.destroy();
      return true;
    case 'lost_answer':
      return false;
    default:
      throw new Error(`unknown fault ${String(fault.kind satisfies never)}`);
  }
}
