import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../../src/sandbox/http.ts';

/**
 * A team's own system as docs/targets/webhook.md wants it: it goes by ids of its own, answers from what is so now, and says
 * what a holder left. Its holders may change what they are called, lock their seats, make keys, share, and hand seats on.
 */
export interface OwnService {
  readonly url: string;
  /** What people are called, by id. */
  readonly names: Map<string, string>;
  /** Whose a seat is, by the seat's id. */
  readonly seats: Map<string, { account: string; readonly grantId: string | null }>;
  /** What somebody made, and that works without a seat. */
  readonly made: { readonly by: string; readonly what: string }[];
  /** Seats that cannot be taken away now. */
  readonly locked: Set<string>;
  /** How often it answers a revoke with "still there": somebody uses the seat. */
  busy: number;
  /** Answers with this, before it looks, so often. */
  instead: { readonly status: number; readonly body: string; times: number } | null;
  /** The system behind it changes, and the answer is lost on the way, so often. */
  lose: number;
  close(): Promise<void>;
}

interface Order {
  readonly action: string;
  readonly id?: string;
  readonly grant_id: string;
  readonly person: { readonly email: string };
}

/** @param pastes names into answers as they are, as careless services do: they must not be able to answer in its place */
export async function startOwnService(
  people: Readonly<Record<string, string>>,
  { pastes }: { readonly pastes: boolean },
): Promise<OwnService> {
  let serial = 0;
  const server = createServer(async (request, response) => {
    const order: Order = JSON.parse(await readBody(request));
    if (service.instead && service.instead.times > 0) {
      service.instead.times -= 1;
      return void response.writeHead(service.instead.status).end(service.instead.body);
    }
    const { status, body } = serve(order);
    if (service.lose > 0) {
      service.lose -= 1;
      return void request.socket.destroy();
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });

  const reply = (active: boolean, id: string, account: string, left: object[]) => ({
    status: 200,
    body: `{"active":${active},"id":${JSON.stringify(id)},"account":${pastes ? `"${account}"` : JSON.stringify(account)},"left":${JSON.stringify(left)}}`,
  });

  function serve({ action, id, grant_id: grantId, person }: Order): { status: number; body: string } {
    const found = id ?? [...service.seats].find(([, seat]) => seat.grantId === grantId)?.[0];
    if (action === 'grant' && found === undefined) return give(grantId, person.email);
    if (found === undefined) return { status: 200, body: '{"active":false}' };
    const seat = service.seats.get(found);
    if (action === 'revoke' && service.locked.has(found))
      return { status: 503, body: 'the seat is locked by its holder' };
    const isBusy = action === 'revoke' && service.busy > 0 && seat !== undefined;
    if (isBusy) service.busy -= 1;
    else if (action === 'revoke') service.seats.delete(found);
    const active = service.seats.has(found);
    const holders = [seat?.account, service.owners.get(found)];
    const left = service.made.filter(({ by }) => holders.includes(by)).map(({ what }) => ({ what, done: 'it stays' }));
    return reply(
      active,
      found,
      service.names.get(service.owners.get(found) ?? '') ?? '',
      action === 'revoke' ? left : [],
    );
  }

  function give(grantId: string, email: string): { status: number; body: string } {
    const account = [...service.names].find(([, name]) => name === email)?.[0];
    if (account === undefined) return { status: 404, body: 'nobody is called that' };
    serial += 1;
    const id = `seat-${serial}`;
    service.seats.set(id, { account, grantId });
    service.owners.set(id, account);
    return reply(true, id, email, []);
  }

  const service: OwnService & { readonly owners: Map<string, string> } = {
    url: '',
    names: new Map(Object.entries(people)),
    seats: new Map(),
    /** Who a seat was given to first, also after it is gone. */
    owners: new Map(),
    made: [],
    locked: new Set(),
    busy: 0,
    instead: null,
    lose: 0,
    close: () => closeServer(server),
  };
  return Object.assign(service, { url: `http://127.0.0.1:${await listen(server)}/jit` });
}
