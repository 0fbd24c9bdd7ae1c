/** A real MariaDB with a holder who wants to keep what they were given. */

import { createHmac } from 'node:crypto';
import mysql2, { type Connection as Client } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { mysql } from '../../src/provisioners/mysql/provisioner.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import { type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';

export const SETUP = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.payments (id INT) ENGINE=InnoDB',
  'CREATE TABLE shop.seen (id INT) ENGINE=InnoDB',
  'INSERT INTO shop.payments VALUES (1), (2)',
  'CREATE ROLE writer',
  'GRANT SELECT, INSERT, UPDATE, CREATE, CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, TRIGGER, EVENT, LOCK TABLES ON shop.* TO writer',
  // Rights on the whole server stay with a session for as long as it lives.
  'CREATE ROLE reader_of_all',
  'GRANT SELECT ON *.* TO reader_of_all',
  'CREATE ROLE flusher',
  'GRANT RELOAD, CONNECTION ADMIN ON *.* TO flusher',
  'CREATE ROLE replacer',
  'GRANT SELECT, INSERT, CREATE VIEW, SHOW VIEW, DROP ON shop.* TO replacer',
  'CREATE ROLE granter',
  'GRANT SELECT ON shop.* TO granter WITH GRANT OPTION',
  'CREATE ROLE secret',
  "CREATE USER evil@'%' IDENTIFIED BY 'evil'",
  "GRANT secret TO evil@'%' WITH ADMIN OPTION",
  "CREATE USER app@'%' IDENTIFIED BY 'app'",
  "GRANT SELECT, INSERT, EXECUTE ON shop.* TO app@'%'",
  "CREATE USER ben@'%' IDENTIFIED BY 'ben'",
  "CREATE USER backup@'%' IDENTIFIED BY 'backup'",
  "GRANT RELOAD ON *.* TO backup@'%'",
  "CREATE DEFINER=app@'%' PROCEDURE shop.slow(IN seconds INT) DO SLEEP(seconds)",
  "CREATE USER jitbot@'%' IDENTIFIED BY 'jitbot-sandbox'",
  "GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO jitbot@'%'",
  "GRANT SELECT (User, Host) ON mysql.user TO jitbot@'%'",
  "GRANT SELECT ON mysql.roles_mapping TO jitbot@'%'",
  ...['writer', 'reader_of_all', 'flusher', 'granter', 'replacer'].map(
    (role) => `GRANT ${role} TO jitbot@'%' WITH ADMIN OPTION`,
  ),
];

export interface Role {
  roles: string[];
}
export const WRITER: Role = { roles: ['writer'] };
const BOT = 'jitbot-sandbox';

export type Taken = Awaited<ReturnType<Connection<Role>['revoke']>>;
export const leftOf = (taken: Taken) => (typeof taken === 'object' ? taken.left : []);

export const works = (client: Client, statement = 'SELECT COUNT(*) FROM shop.payments'): Promise<boolean> =>
  client.query(statement).then(
    () => true,
    () => false,
  );

/** To be called once in a file: it makes the server before the tests, and a new grant's id before each. */
export function mysqlStage() {
  const parts: { server?: MariaDb; use?: ReturnType<typeof useForTests> } = {};
  const connections: { temporary?: Connection<Role>; own?: Connection<Role> } = {};
  let id = '';
  let clients: Client[] = [];
  const there = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('the stage is not set');
    return part;
  };

  const server = () => there(parts.server);
  const temporary = () => there(connections.temporary);
  const bridge = () => `jit_${id.toLowerCase()}`;
  const loginName = () => `jit_ben_${id.toLowerCase()}`;
  const access = (role = WRITER) => accessOf(role, id);
  const target = (login: string, port = server().port) => ({
    kind: 'mysql' as const,
    url: `mysql://jitbot:${BOT}@127.0.0.1:${port}/shop`,
    login,
    host: '%',
  });

  async function connectAs(user: string, password: string): Promise<Client> {
    const client = await mysql2.createConnection({ host: '127.0.0.1', port: server().port, user, password });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }
  /** A holder with a session that has taken the role on. */
  async function holder(role = WRITER): Promise<{ client: Client; again: () => Promise<Client> }> {
    await temporary().grant(access(role), inAnHour());
    const secret = (await temporary().issueCredential?.(access(role), inAnHour()))?.secret ?? '';
    const again = async () => {
      const client = await connectAs(loginName(), secret);
      await client.query(`SET ROLE ${bridge()}`);
      return client;
    };
    return { client: await again(), again };
  }
  async function openOf(user: string): Promise<number> {
    return (await server().query(`SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = '${user}'`)).length;
  }
  async function isGone(connection: Connection<Role>, role = WRITER): Promise<void> {
    expect(await connection.isActive(access(role))).toBe(false);
    const named = `SELECT User FROM mysql.user WHERE User LIKE 'jit%${id.toLowerCase()}'`;
    expect(await server().query(named)).toEqual([]);
    expect([await openOf(bridge()), await openOf(loginName())]).toEqual([0, 0]);
  }

  beforeAll(async () => {
    parts.server = await startMariaDb(SETUP, ['--event-scheduler=ON', '--max-connections=40']);
    parts.use = useForTests();
    connections.temporary = mysql.connect(target('temporary'), there(parts.use));
    connections.own = mysql.connect(target('{email_name}'), there(parts.use));
  });
  afterAll(async () => {
    await Promise.all([connections.temporary?.close(), connections.own?.close()]);
    await parts.server?.stop();
    parts.use?.close();
  });
  beforeEach(() => {
    id = newGrantId();
  });
  afterEach(async () => {
    for (const client of clients) client.destroy();
    clients = [];
    await connections.temporary?.revoke(access());
    await connections.own?.revoke(access());
  });
  return {
    get server(): MariaDb {
      return server();
    },
    get use() {
      return there(parts.use);
    },
    get temporary(): Connection<Role> {
      return temporary();
    },
    get own(): Connection<Role> {
      return there(connections.own);
    },
    get id(): string {
      return id;
    },
    /** Every connection that the test opened. */
    get clients(): readonly Client[] {
      return clients;
    },
    /** What the bot calls its lock, for somebody who has learnt its password. */
    lockName: () => `jit_${createHmac('sha256', BOT).update(bridge()).digest('hex').slice(0, 40)}`,
    ...{ bridge, loginName, access, target, connectAs, holder, openOf, isGone },
  };
}
