import { connect, createServer, type Socket } from 'node:net';

/** Stands between the bot and PostgreSQL, to fail as networks do. */
export interface TargetProxy {
  readonly port: number;
  /** From now on nothing gets through; open connections are cut. */
  cut(): void;
  restore(): void;
  /** From now on new connections go to the server at that port; open ones stay where they are. */
  leadTo(port: number): void;
  /** The next transaction that says this is committed at the server, but its answer never comes back. Resolves when it has happened. */
  holdAnswerAfter(statement: string): Promise<void>;
}

const COMMIT = 'COMMIT';

interface Hold {
  readonly statement: string;
  readonly happened: () => void;
}

/** Both ways, but for the answer to the commit that is held. */
function pass(client: Socket, upstream: Socket, hold: { now: Hold | null }): void {
  let sawStatement = false;
  let isHeld = false;
  client.on('data', (chunk) => {
    const text = chunk.toString('latin1');
    if (hold.now && text.includes(hold.now.statement)) sawStatement = true;
    if (hold.now && sawStatement && text.includes(COMMIT)) isHeld = true;
    upstream.write(chunk);
  });
  upstream.on('data', (chunk) => {
    if (!isHeld) {
      client.write(chunk);
      return;
    }
    // The answer to the commit: it has taken effect, and is not told.
    hold.now?.happened();
    hold.now = null;
  });
}

export async function startTargetProxy(firstPort: number): Promise<TargetProxy & { close(): Promise<void> }> {
  let serverPort = firstPort;
  const open = new Set<Socket>();
  let isCut = false;
  const hold: { now: Hold | null } = { now: null };

  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(serverPort, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    pass(client, upstream, hold);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the proxy has no port');

  const cutAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    cut: () => {
      isCut = true;
      cutAll();
    },
    restore: () => {
      isCut = false;
    },
    leadTo: (port) => {
      serverPort = port;
    },
    holdAnswerAfter: (statement) =>
      new Promise((resolve) => {
        hold.now = { statement, happened: resolve };
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}
