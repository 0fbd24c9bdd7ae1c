/** A real server, the bot's connection to it, and people who do not mean well. */

import pg from 'pg';
import { postgres, type Role, type Target } from '../../src/provisioners/postgres/provisioner.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import { type PostgresServer, query, type Setup } from '../../src/sandbox/postgres.ts';
import { accessOf, inAnHour, useForTests } from '../provisioners/contract.ts';
import { ATTACKED, type Version } from './postgres.ts';

export const ADMIN: Role = { roles: ['payments_admin'] };

export type Use = ReturnType<typeof useForTests>;

export interface Holder {
  /** The address that the person was given. */
  readonly address: string;
  readonly account: string;
  /** A session of theirs, which the bot may end at any time. */
  session(database?: string): Promise<Session>;
  /** Runs statements as them. */
  does(...statements: string[]): Promise<void>;
}

export interface Session {
  query(sql: string): Promise<pg.QueryResult>;
  /** Resolves when the server closed it. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export async function openSession(address: string): Promise<Session> {
  const client = new pg.Client({ connectionString: address });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  client.on('error', () => resolve());
  client.on('end', () => resolve());
  await client.connect();
  return { query: (sql) => client.query(sql), ended, close: () => client.end() };
}

export interface Stage {
  readonly server: PostgresServer;
  readonly use: Use;
  connect(more?: Partial<Target>): Connection<Role>;
  /** As the superuser. */
  says<Row = Record<string, unknown>>(sql: string, database?: string): Promise<Row[]>;
  does(...statements: string[]): Promise<void>;
  /** Access by a temporary login, with what its person was sent. */
  hold(connection: Connection<Role>, grantId: string, role?: Role): Promise<Holder>;
  /** Somebody with a login of their own. */
  as(user: string, database?: string): Promise<Session>;
  close(): Promise<void>;
}

export async function setHostileStage(
  version: Version,
  { setup = {}, settings = {} }: { setup?: Setup; settings?: Readonly<Record<string, string>> } = {},
): Promise<Stage> {
  const databases = new Set([...Object.keys(ATTACKED), ...Object.keys(setup)]);
  const all = Object.fromEntries(
    [...databases].map((name) => [name, [...(ATTACKED[name] ?? []), ...(setup[name] ?? [])]]),
  );
  const server = await version.start(all, settings);
  const use = useForTests();
  const connections: Connection<Role>[] = [];
  const open: Session[] = [];
  const keep = async (opening: Promise<Session>): Promise<Session> => {
    const session = await opening;
    open.push(session);
    return session;
  };
  return {
    server,
    use,
    connect: (more = {}) => {
      const url = server.url('payments', 'jitbot', 'jitbot');
      const connection = postgres.connect({ kind: 'postgres', url, login: 'temporary', ...more }, use);
      connections.push(connection);
      return connection;
    },
    says: async <Row>(sql: string, database = 'payments') => {
      const [result] = await query(server.url(database), [sql]);
      return (result?.rows ?? []) as Row[];
    },
    does: async (...statements) => {
      await query(server.url('payments'), statements);
    },
    hold: async (connection, grantId, role = ADMIN) => {
      await connection.grant(accessOf(role, grantId), inAnHour());
      const credential = await connection.issueCredential?.(accessOf(role, grantId), inAnHour());
      if (!credential) throw new Error('there is no credential');
      const { usage: address, account } = credential;
      const at = (database?: string) =>
        database === undefined ? address : address.replace(/\/payments$/, `/${database}`);
      return {
        address,
        account,
        session: (database) => keep(openSession(at(database))),
        does: async (...statements) => {
          await query(address, statements);
        },
      };
    },
    as: (user, database = 'payments') => keep(openSession(server.url(database, user, user))),
    close: async () => {
      await Promise.all(open.map((session) => session.close().catch(() => undefined)));
      // Some were closed by the test.
      await Promise.all(connections.map((connection) => connection.close().catch(() => undefined)));
      await server.stop();
      use.close();
    },
  };
}
