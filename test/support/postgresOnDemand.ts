import { connect, createServer, type Socket } from 'node:net';
import { type PostgresServer, type Setup, startPostgres, urlsAt } from '../../src/sandbox/postgres.ts';

/** A PostgreSQL that starts when somebody first connects: much of what is tried on a stage never asks it anything. */
export async function postgresOnDemand(setup: Setup): Promise<PostgresServer> {
  let starting: Promise<PostgresServer> | null = null;
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    // What follows an error is the end of the connection, and that is handed on.
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
  };
  const door = createServer({ pauseOnConnect: true }, (client) => {
    keep(client);
    starting ??= startPostgres(setup);
    const lead = ({ port }: PostgresServer) => {
      const server = connect(port, '127.0.0.1');
      keep(server);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
      client.pipe(server).pipe(client);
    };
    // Why it did not start is what `stop` rejects with.
    starting.then(lead, () => client.destroy());
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const address = door.address();
  if (typeof address !== 'object' || !address) throw new Error('the door to PostgreSQL has no port');
  return {
    port: address.port,
    url: urlsAt(address.port),
    stop: async () => {
      const closed = new Promise((resolve) => door.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
      await starting?.then((server) => server.stop());
    },
  };
}
