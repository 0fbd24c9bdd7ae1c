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

export async function startTargetProxy(firstPort: number): Promise<TargetProxy & { close(): Promise<void> }> {
  let serverPort = firstPort;
  const open = new Set<Socket>();
  let isCut = false;
  let hold: { statement: string; happened: () => void } | null = null;

  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(serverPort, '127.0.0.1');
    open.add(client);
    open.add(upstream);
    let sawStatement = false;
    let isHeld = false;
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (hold && text.includes(hold.statement)) sawStatement = true;
      if (hold && sawStatement && text.includes(COMMIT)) isHeld = true;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!isHeld) {
        client.write(chunk);
        return;
      }
      // The answer to the commit: it has taken effect, and is not told.
      hold?.happened();
      hold = null;
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
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
        hold = { statement, happened: resolve };
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}
