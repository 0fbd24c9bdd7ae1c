import { connect, createServer, type Socket } from 'node:net';

/** One address behind which another server can come to stand, as when a name or a virtual address moves. */
export interface Switch {
  readonly port: number;
  /** Connections from now on reach this port; open ones are cut. */
  moveTo(port: number): void;
  close(): Promise<void>;
}

export async function startSwitch(first: number): Promise<Switch> {
  let target = first;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
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
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the switch has no port');
  const cut = () => {
    for (const one of open) one.destroy();
  };
  return {
    port: address.port,
    moveTo: (port) => {
      target = port;
      cut();
    },
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
