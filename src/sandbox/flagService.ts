import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createFaults, type Faults, fail } from './faults.ts';
import { closeServer, listen, readBody } from './http.ts';

/** A team's own service behind the webhook provisioner: who may edit feature flags. Also an example of a receiver. */
export interface FlagService {
  readonly url: string;
  readonly faults: Faults;
  /** Grants held now: id → e-mail. */
  readonly editors: ReadonlyMap<string, string>;
  /** Requests that it refused, and why. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** Requests signed longer ago than this are refused: one that was held up must not grant late. */
const MAX_AGE_S = 60;

export async function startFlagService(secret: string, now: () => number): Promise<FlagService> {
  const editors = new Map<string, string>();
  const refused: string[] = [];
  const faults = createFaults();
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const { action } = (JSON.parse(body || '{}') as { action?: string }) ?? {};
    const fault = faults.take(action ?? '');
    if (fault && (await fail(fault, request, response, {}))) return;
    const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) =>
      String(request.headers[`webhook-${name}`] ?? ''),
    );
    // The secret is any text here. One that begins with whsec_ is a key in base64.
    const mac = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    const expected = Buffer.from(`v1,${mac}`);
    const given = Buffer.from(signature ?? '');
    const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
    const isFresh = Math.abs(now() / 1000 - Number(timestamp)) <= MAX_AGE_S;
    if (!isSigned || !isFresh) {
      refused.push(isSigned ? 'too old' : 'bad signature');
      response.writeHead(401).end();
      return;
    }
    const order = JSON.parse(body) as { action: string; grant_id: string; person: { email: string } };
    if (order.action === 'grant') editors.set(order.grant_id, order.person.email);
    if (order.action === 'revoke') editors.delete(order.grant_id);
    if (fault?.kind === 'lost_answer') request.socket.destroy();
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ active: editors.has(order.grant_id), account: order.person.email }));
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}/jit`, faults, editors, refused, close: () => closeServer(server) };
}
