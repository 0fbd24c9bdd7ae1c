/** A MariaDB that checks passwords and has the performance schema on, with exactly the rights that the docs name. */

import { readFileSync } from 'node:fs';
import mysql2, { type Connection as Client } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPassword } from '../../src/provisioners/mysql/accounts.ts';
import { mysql } from '../../src/provisioners/mysql/provisioner.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import { hasMariaDb, type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';

const SERVER = [
  '--plugin-load-add=simple_password_check',
  '--performance-schema=ON',
  '--performance-schema-max-thread-instances=60',
];
const BOT = 'Jitbot-sandbox-1';

/** The statements of docs/targets/mysql.md, as they stand there. */
const documented = (): string[] => {
  const page = readFileSync(new URL('../../docs/targets/mysql.md', import.meta.url), 'utf8');
  const block = /```sql\n(.*?)```/s.exec(page)?.[1] ?? '';
  const lines = block.split('\n').map((line) => line.replace(/;\s*(--.*)?$/, '').replace('…', BOT));
  return lines.filter((line) => line !== '');
};

describe.skipIf(!hasMariaDb)('a hardened MariaDB', () => {
  let server: MariaDb;
  let use: ReturnType<typeof useForTests>;
  let connection: Connection<{ roles: string[] }>;
  const open: Client[] = [];
  const target = (user = 'jitbot', password = BOT) => ({
    kind: 'mysql' as const,
    url: `mysql://${user}:${password}@127.0.0.1:${server.port}/shop`,
    login: 'temporary' as const,
    host: '%',
  });
  const role = { roles: ['orders_read'] };
  const connectAs = async (user: string, password: string): Promise<Client> => {
    const client = await mysql2.createConnection({ host: '127.0.0.1', port: server.port, user, password });
    client.on('error', () => undefined);
    open.push(client);
    return client;
  };
  const check = async (roles: string[]) => {
    const findings = await connection.check([{ roleKey: 'shop/role', role: { roles } }]);
    return findings.filter(({ ok }) => !ok);
  };

  beforeAll(async () => {
    server = await startMariaDb(
      [
        'CREATE DATABASE shop',
        'CREATE TABLE shop.orders (id INT)',
        'CREATE ROLE orders_read',
        'GRANT SELECT, EXECUTE ON shop.* TO orders_read',
        'GRANT SELECT ON *.* TO orders_read',
        ...documented(),
        "CREATE USER app@'%' IDENTIFIED BY 'App-sandbox-1'",
        "GRANT EXECUTE ON shop.* TO app@'%'",
        "CREATE DEFINER=app@'%' PROCEDURE shop.slow() DO SLEEP(30)",
        "CREATE USER ben@'%' IDENTIFIED BY 'Ben-sandbox-1'",
      ],
      SERVER,
    );
    use = useForTests();
    connection = mysql.connect(target(), use);
  });
  afterAll(async () => {
    for (const client of open) client.destroy();
    await connection.close();
    await server.stop();
    use.close();
  });

  test('the docs have the five statements that it needs', () => expect(documented()).toHaveLength(5));

  test('with a password check access works and ends, and the doctor names the transport', async () => {
    const access = accessOf(role, newGrantId());
    const { account } = await connection.grant(access, inAnHour());
    expect((await connection.grant(access, inAnHour())).account).toBe(account);
    const secret = (await connection.issueCredential?.(access, inAnHour()))?.secret ?? '';
    const client = await connectAs(account, secret);
    await client.query(`SET ROLE jit_${access.grantId.toLowerCase()}`);
    await client.query('SELECT * FROM shop.orders');
    await connection.revoke(access);
    expect(await connection.isActive(access)).toBe(false);
    await expect(connectAs(account, secret)).rejects.toThrow(/denied/);
  });

  test.each([
    ["with odd letters in the bot's password", 'Aa1#b/c?d%e f:g&h=i', encodeURIComponent],
    ['with an @ in it as it is', 'Aa1@bcdefg', (password: string) => password],
  ])('an address %s is understood', async (_how, password, written) => {
    await server.query(`SET PASSWORD FOR jitbot@'%' = PASSWORD('${password}')`);
    const { url } = mysql.targetSchema.parse(target('jitbot', written(password)));
    const other = mysql.connect({ ...target(), url }, use);
    const access = accessOf(role, newGrantId());
    await other.grant(access, inAnHour());
    expect(await other.isActive(access)).toBe(true);
    await other.revoke(access);
    expect(await other.isActive(access)).toBe(false);
    await other.close();
    await server.query(`SET PASSWORD FOR jitbot@'%' = PASSWORD('${BOT}')`);
  });

  test.each([
    ['simple_password_check_digits', 9, 1],
    ['simple_password_check_letters_same_case', 9, 1],
    ['simple_password_check_other_characters', 9, 1],
    ['simple_password_check_minimal_length', 33, 8],
  ])('the doctor finds a rule that none of the bot’s passwords meets: %s', async (demand, most, usual) => {
    await server.query(`SET GLOBAL ${demand} = ${most}`);
    expect(await check(['orders_read'])).toContainEqual({
      ok: false,
      what: 'the server accepts the passwords that the bot makes',
      fix: expect.stringContaining(`SET GLOBAL ${demand} = ${most - 1};`),
    });
    await server.query(`SET GLOBAL ${demand} = ${most - 1}`);
    expect((await check(['orders_read'])).map(({ what }) => what)).not.toContain(
      'the server accepts the passwords that the bot makes',
    );
    const access = accessOf(role, newGrantId());
    await connection.grant(access, inAnHour());
    await connection.issueCredential?.(access, inAnHour());
    await connection.revoke(access);
    await server.query(`SET GLOBAL ${demand} = ${usual}`);
  });

  test('passwords have eight of each kind, no shell characters, and never repeat', () => {
    const made = Array.from({ length: 200 }, newPassword);
    for (const password of made) {
      expect(password).toMatch(/^[A-Za-z0-9_.+-]{32}$/);
      for (const kind of [/[a-z]/g, /[A-Z]/g, /[0-9]/g, /[-_.+]/g]) expect(password.match(kind)).toHaveLength(8);
    }
    expect(new Set(made).size).toBe(200);
  });

  test('a session hidden in a foreign routine is ended, and its owner’s is not', async () => {
    await server.query("GRANT SELECT ON performance_schema.threads TO jitbot@'%'");
    const access = accessOf(role, newGrantId());
    const { account } = await connection.grant(access, inAnHour());
    const secret = (await connection.issueCredential?.(access, inAnHour()))?.secret ?? '';
    const client = await connectAs(account, secret);
    await client.query(`SET ROLE jit_${access.grantId.toLowerCase()}`);
    const app = await connectAs('app', 'App-sandbox-1');
    const [hidden, running] = [client, app].map((one) =>
      one.query('CALL shop.slow()').then(
        () => 'done',
        () => 'ended',
      ),
    );
    await expect
      .poll(
        async () =>
          (await server.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP%'")).length,
      )
      .toBe(2);
    await connection.revoke(access);
    expect(await hidden).toBe('ended');
    expect(await Promise.race([running, Promise.resolve('still running')])).toBe('still running');
    expect(await connection.isActive(access)).toBe(false);
  });

  test.each([
    ['GRANT SELECT ON shop.* TO bad WITH GRANT OPTION', 'REVOKE GRANT OPTION ON `shop`.* FROM `bad`;'],
    ['GRANT CREATE USER ON *.* TO bad', 'REVOKE CREATE USER ON *.* FROM `bad`;'],
    ['GRANT SET USER ON *.* TO bad', 'REVOKE SET USER ON *.* FROM `bad`;'],
    ['GRANT SUPER ON *.* TO bad', 'REVOKE SUPER ON *.* FROM `bad`;'],
    ['GRANT INSERT ON mysql.* TO bad', 'REVOKE INSERT ON `mysql`.* FROM `bad`;'],
    ['GRANT UPDATE ON mysql.global_priv TO bad', 'REVOKE UPDATE ON `mysql`.`global_priv` FROM `bad`;'],
    ['GRANT ALL ON *.* TO bad', 'REVOKE ALL PRIVILEGES ON *.* FROM `bad`;'],
  ])('the doctor names a role that gives lasting power: %s', async (statement, fix) => {
    for (const one of ['CREATE ROLE bad', statement, "GRANT bad TO jitbot@'%' WITH ADMIN OPTION"])
      await server.query(one);
    const found = await check(['bad']);
    await server.query('DROP ROLE bad');
    expect(found.map((one) => one.fix).join(' ')).toContain(fix);
  });

  test('the doctor finds it through another role, and accepts one that reads and writes', async () => {
    for (const one of [
      'CREATE ROLE inner_role',
      'CREATE ROLE outer_role',
      'GRANT CREATE USER ON *.* TO inner_role',
      'GRANT inner_role TO outer_role',
      "GRANT outer_role TO jitbot@'%' WITH ADMIN OPTION",
    ])
      await server.query(one);
    expect((await check(['outer_role'])).map(({ what }) => what)).toEqual([
      expect.stringContaining('outer_role gives CREATE USER on *.*'),
      ...(await check(['orders_read'])).map(({ what }) => what),
    ]);
    await server.query('DROP ROLE inner_role');
    await server.query('DROP ROLE outer_role');
    expect((await check(['orders_read'])).map(({ what }) => what)).not.toContainEqual(
      expect.stringContaining('orders_read'),
    );
  });
});
