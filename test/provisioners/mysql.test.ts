/** Against a real MariaDB. */

import mysql2 from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { mysql } from '../../src/provisioners/mysql/provisioner.ts';
import { startTargetProxy, type TargetProxy } from '../../src/sandbox/targetProxy.ts';
import { hasMariaDb, type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { type Switch, startSwitch } from '../support/switch.ts';
import type { Changes } from './changes.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

const SETUP = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.payments (id INT)',
  'INSERT INTO shop.payments VALUES (1), (2)',
  'CREATE ROLE payments_read',
  'GRANT SELECT ON shop.payments TO payments_read',
  "CREATE USER ben@'%' IDENTIFIED BY 'ben-sandbox'",
  "CREATE USER jitbot@'%' IDENTIFIED BY 'jitbot-sandbox'",
  // What docs/targets/mysql.md says the bot needs, and nothing else.
  "GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO jitbot@'%'",
  "GRANT SELECT (User, Host) ON mysql.user TO jitbot@'%'",
  "GRANT SELECT ON mysql.roles_mapping TO jitbot@'%'",
  "GRANT payments_read TO jitbot@'%' WITH ADMIN OPTION",
];

describe.skipIf(!hasMariaDb)('with MariaDB', () => {
  let server: MariaDb;
  let proxy: TargetProxy & { close(): Promise<void> };
  let other: MariaDb;
  let address: Switch;
  let byTemporary: Harness;
  let byOwn: Harness;
  let id: string;
  const use = useForTests();
  const role = { roles: ['payments_read'] };
  const access = (grantId = id) => accessOf(role, grantId);
  const target = (login: string, port = proxy.port) => ({
    kind: 'mysql' as const,
    url: `mysql://jitbot:jitbot-sandbox@127.0.0.1:${port}/shop`,
    login,
    host: '%',
  });
  beforeAll(async () => {
    server = await startMariaDb(SETUP);
    other = await startMariaDb(SETUP);
    address = await startSwitch(server.port);
    proxy = await startTargetProxy(address.port);
    const breaks = { breakTarget: () => proxy.cut(), mendTarget: () => proxy.restore() };
    const hasBridge = async (user: string, grantId: string) =>
      (
        await server.query(
          `SELECT 1 FROM mysql.roles_mapping a JOIN mysql.roles_mapping b ON b.User = a.Role AND b.Host = ''
           WHERE a.User = '${user}' AND a.Role = 'jit_${grantId.toLowerCase()}' AND b.Role = 'payments_read'`,
        )
      ).length > 0;
    const mappings = () =>
      server.query("SELECT * FROM mysql.roles_mapping WHERE User IN ('jitbot', 'ben', 'eve') AND Role NOT LIKE 'jit%'");
    const renameBen = async () => {
      await server.query('RENAME USER ben TO benjamin');
      for (const statement of ["CREATE USER ben@'%' IDENTIFIED BY 'new'", "GRANT payments_read TO ben@'%'"])
        await server.query(statement);
      return {
        undo: async () => {
          await server.query('DROP USER ben');
          await server.query('RENAME USER benjamin TO ben');
        },
        others: mappings,
      };
    };
    const without = (right: string) => ({
      how: `the bot has lost ${right}`,
      act: async () => {
        await server.query(`REVOKE ${right} FROM jitbot`);
        // Rights on the whole server stay with a connection that is open.
        await server.query('KILL USER jitbot');
        return { undo: async () => void (await server.query(`GRANT ${right} TO jitbot`)), others: mappings };
      },
    });
    const changes: Changes = {
      renamePerson: 'told by each harness for its own kind of login',
      renameContainer: 'MariaDB has no statement that renames a role, and rights on a schema stay with its name',
      moveTarget: [
        {
          how: 'another server answers at the address',
          act: () => {
            address.moveTo(other.port);
            return { undo: () => address.moveTo(server.port), others: mappings };
          },
        },
      ],
      blind: [without('PROCESS ON *.*'), without('CREATE USER ON *.*'), without('SELECT ON mysql.roles_mapping')],
    };
    byTemporary = {
      connection: mysql.connect(target('temporary'), use),
      role,
      reallyHas: (grantId) => hasBridge(`jit_ben_${grantId.toLowerCase()}`, grantId),
      ...breaks,
      changes: {
        ...changes,
        renamePerson: 'the login is made for the grant, and named by its id: nobody else is called that',
      },
    };
    byOwn = {
      connection: mysql.connect(target('{email_name}'), use),
      role,
      reallyHas: async (grantId) => (await hasBridge('ben', grantId)) || (await hasBridge('benjamin', grantId)),
      welcome: async (email) => {
        const [name = ''] = email.split('@');
        if (name === 'ben') return { has: async () => null, leave: async () => {} };
        const quoted = `'${name.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
        await server.query(`CREATE USER ${quoted}@'%'`);
        return {
          has: async () => (await server.query(`SELECT 1 FROM mysql.roles_mapping WHERE User = ${quoted}`)).length > 0,
          leave: () => server.query(`DROP USER ${quoted}@'%'`),
        };
      },
      ...breaks,
      changes: { ...changes, renamePerson: [{ how: 'the login is renamed', act: renameBen }] },
    };
  });
  afterAll(async () => {
    await Promise.all([byTemporary.connection.close(), byOwn.connection.close()]);
    await proxy.close();
    await address.close();
    await Promise.all([server.stop(), other.stop()]);
    use.close();
  });
  beforeEach(() => {
    id = newGrantId();
  });

  describeContract('mysql, temporary login', () => byTemporary);
  describeContract('mysql, own login', () => byOwn);

  const connectAs = (user: string, password: string) =>
    mysql2.createConnection({ host: '127.0.0.1', port: server.port, user, password });

  /** Whoever makes a role holds it: here the administrator, who is left out. */
  const listed = async () =>
    (await byOwn.connection.list?.([{ roleKey: 'payments-db/read', role }]))?.filter(
      ({ account }) => account !== 'root@localhost',
    );

  test('a login is locked until its person gets a password, which works with the role', async () => {
    const { connection } = byTemporary;
    const { account } = await connection.grant(access(), inAnHour());
    await expect(connectAs(account, '')).rejects.toThrow(/locked|denied/);
    const credential = await connection.issueCredential?.(access(), inAnHour());
    const client = await connectAs(account, credential?.secret ?? '');
    await client.query(`SET ROLE jit_${id.toLowerCase()}`);
    const [rows] = await client.query('SELECT * FROM shop.payments');
    expect(rows).toHaveLength(2);
    expect(credential?.usage).toContain(`SET ROLE jit_${id.toLowerCase()}`);
    await client.end();
    await connection.revoke(access());
  });

  test('revoking ends the sessions that are open', async () => {
    const { connection } = byTemporary;
    const { account } = await connection.grant(access(), inAnHour());
    const credential = await connection.issueCredential?.(access(), inAnHour());
    const client = await connectAs(account, credential?.secret ?? '');
    client.on('error', () => undefined);
    await client.query(`SET ROLE jit_${id.toLowerCase()}`);
    await connection.revoke(access());
    await expect(client.query('SELECT * FROM shop.payments')).rejects.toThrow();
    await expect(connectAs(account, credential?.secret ?? '')).rejects.toThrow(/denied/);
  });

  test('a session that outlives its dropped login and role is access until ended', async () => {
    const { connection } = byTemporary;
    const { account } = await connection.grant(access(), inAnHour());
    const credential = await connection.issueCredential?.(access(), inAnHour());
    const client = await connectAs(account, credential?.secret ?? '');
    client.on('error', () => undefined);
    await server.query(`DROP USER '${account}'@'%'`);
    await server.query(`DROP ROLE jit_${id.toLowerCase()}`);
    expect(await connection.isActive(access())).toBe(true);
    await connection.revoke(access());
    await expect(client.query('SELECT 1')).rejects.toThrow();
    expect(await connection.isActive(access())).toBe(false);
  });

  test('an own login’s session with the role on does not keep it', async () => {
    await byOwn.connection.grant(access(), inAnHour());
    const client = await connectAs('ben', 'ben-sandbox');
    client.on('error', () => undefined);
    await client.query(`SET ROLE jit_${id.toLowerCase()}`);
    await byOwn.connection.revoke(access());
    await expect(client.query('SELECT * FROM shop.payments')).rejects.toThrow();
    const again = await connectAs('ben', 'ben-sandbox');
    await expect(again.query('SELECT * FROM shop.payments')).rejects.toThrow(/denied/);
    await again.end();
  });

  test('a revoke that could not end the sessions is resumed, with nothing forgotten', async () => {
    await byOwn.connection.grant(access(), inAnHour());
    const client = await connectAs('ben', 'ben-sandbox');
    client.on('error', () => undefined);
    await client.query(`SET ROLE jit_${id.toLowerCase()}`);
    await server.query("REVOKE CONNECTION ADMIN ON *.* FROM jitbot@'%'");
    // Rights of a connection that is open stay as they were: the bot's are opened anew.
    const fresh = mysql.connect(target('{email_name}'), use);
    await expect(fresh.revoke(access())).rejects.toThrow();
    await server.query("GRANT CONNECTION ADMIN ON *.* TO jitbot@'%'");
    const again = mysql.connect(target('{email_name}'), use);
    expect(await again.isActive(access())).toBe(true);
    await again.revoke(access());
    await expect(client.query('SELECT * FROM shop.payments')).rejects.toThrow();
    expect(await again.isActive(access())).toBe(false);
    await Promise.all([fresh.close(), again.close()]);
  });

  test('the server’s own expiry of passwords is set', async () => {
    await byTemporary.connection.grant(access(), inAnHour());
    await byTemporary.connection.issueCredential?.(access(), Date.now() + 30 * 3_600_000);
    const [row] = await server.query(`SHOW CREATE USER 'jit_ben_${id.toLowerCase()}'@'%'`);
    expect(Object.values(row ?? {})[0]).toContain('PASSWORD EXPIRE INTERVAL 2 DAY');
    await byTemporary.connection.revoke(access());
  });

  test('what a login had before survives a grant, listed as standing', async () => {
    await server.query('GRANT payments_read TO ben');
    await byOwn.connection.grant(access(), inAnHour());
    expect(await listed()).toEqual([
      { account: 'ben@%', role: 'payments-db/read', grantId: id },
      { account: 'ben@%', role: 'payments-db/read', grantId: null },
    ]);
    await byOwn.connection.revoke(access());
    const standing = { account: 'ben@%', role: 'payments-db/read', grantId: null };
    expect(await listed()).toEqual([standing]);
    await byOwn.connection.remove?.(standing, role);
    await byOwn.connection.remove?.(standing, role);
    expect(await listed()).toEqual([]);
  });

  test('a role that comes through another one is found, and not removed from here', async () => {
    await server.query('CREATE ROLE analysts');
    await server.query('GRANT payments_read TO analysts');
    await server.query('GRANT analysts TO ben');
    const standing = { account: 'ben@%', role: 'payments-db/read', grantId: null };
    expect(await listed()).toEqual([standing]);
    await expect(byOwn.connection.remove?.(standing, role)).rejects.toThrow(/through another role/);
    await server.query('DROP ROLE analysts');
  });

  test('a missing login is named, and nothing is made', async () => {
    const zoe = { ...access(), person: { slackId: 'U1', name: 'Zoe', email: 'zoe@harbor.example' } };
    await expect(byOwn.connection.grant(zoe, inAnHour())).rejects.toThrow(/no login "zoe"/);
    expect(await byOwn.connection.isActive(zoe)).toBe(false);
    expect(await server.query(`SELECT 1 FROM mysql.user WHERE User = 'jit_${id.toLowerCase()}'`)).toEqual([]);
  });

  test('the doctor names each right that is missing, with the statement that gives it', async () => {
    const weak = mysql.connect(
      { ...target('temporary'), url: `mysql://ben:ben-sandbox@127.0.0.1:${server.port}/` },
      use,
    );
    const findings = await weak.check([{ roleKey: 'payments-db/read', role }]);
    expect(findings.every(({ ok }) => !ok)).toBe(true);
    expect(findings.map(({ fix }) => fix)).toContain("GRANT `payments_read` TO 'ben'@'%' WITH ADMIN OPTION;");
    await weak.close();
  });
});
