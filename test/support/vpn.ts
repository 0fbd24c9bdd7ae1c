import { createServer } from 'node:http';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

/** The VPN of docs/targets/examples/vpn.mjs: networks and people have ids, and names that can change. */
export interface Vpn {
  readonly url: string;
  /** Names by id. */
  readonly networks: Map<string, string>;
  readonly people: Map<string, string>;
  /** `network person`, by their ids. */
  readonly members: Set<string>;
  token: string;
  /** Methods that answer "not found", as many services do to those who may not. */
  readonly denied: Set<string>;
  down: boolean;
  readonly wire: Wire;
  close(): Promise<void>;
}

export async function startVpn(token: string): Promise<Vpn> {
  const networks = new Map([
    ['net-1', 'production'],
    ['net-2', 'staging'],
  ]);
  const people = new Map([
    ['person-1', 'ben@harbor.example'],
    ['person-2', 'eve@harbor.example'],
  ]);
  const members = new Set<string>();

  function answer(method: string, url: URL): { status: number; body?: unknown } {
    const [, kind = '', network = '', , person = ''] = url.pathname.split('/');
    const named = url.searchParams.get('name');
    const known = kind === 'networks' ? networks : kind === 'people' ? people : null;
    if (known && named !== null)
      return { status: 200, body: [...known].flatMap(([id, name]) => (name === named ? [{ id, name }] : [])) };
    if (!networks.has(network)) return { status: 404 };
    if (!person) {
      const here = [...members].flatMap((key) =>
        key.startsWith(`${network} `) ? [key.slice(network.length + 1)] : [],
      );
      return { status: 200, body: here.map((id) => ({ id, name: people.get(id) ?? id })) };
    }
    if (!people.has(person)) return { status: 404 };
    const key = `${network} ${person}`;
    if (method === 'PUT') members.add(key);
    else if (!members.delete(key)) return { status: 404 };
    return { status: 204 };
  }

  const server = createServer((request, response) => {
    if (vpn.down) return void request.socket.destroy();
    if (vpn.wire.takes(request, response)) return;
    const method = request.method ?? 'GET';
    const isKnown = request.headers.authorization === `Bearer ${vpn.token}`;
    const said = !isKnown
      ? { status: 401 }
      : vpn.denied.has(method)
        ? { status: 404 }
        : answer(method, new URL(request.url ?? '/', 'http://vpn'));
    response.writeHead(said.status, { 'content-type': 'application/json' });
    response.end('body' in said ? JSON.stringify(said.body) : undefined);
  });

  const vpn: Vpn = {
    url: `http://127.0.0.1:${await listen(server)}`,
    networks,
    people,
    members,
    token,
    denied: new Set(),
    down: false,
    wire: createWire(),
    close: () => closeServer(server),
  };
  return vpn;
}
