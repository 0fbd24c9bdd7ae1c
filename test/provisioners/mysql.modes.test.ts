/** Servers on which statements mean something else, roles with odd names, and what roles may hand on. */

import mysql2, { type Connection as Client } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mysql } from '../../src/provisioners/mysql/provisioner.ts';
import { hasMariaDb, type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';
import { leftOf, type Role, SETUP, WRITER } from './mysqlStage.ts';

const ODD = "or`d'er\\ %_";

describe.skipIf(!hasMariaDb)('mysql, whatever the server makes of statements', () => {
  const use = useForTests();
  const started: { server?: MariaDb } = {};
  const server = (): MariaDb => {
    if (!started.server) throw new Error('the server is not there');
    return started.server;
  };
  beforeAll(async () => {
    started.server = await startMariaDb([
      ...SETUP,
      "CREATE ROLE `or``d'er\\ %_`",
      "GRANT SELECT, CREATE ROUTINE, ALTER ROUTINE, EXECUTE ON shop.* TO `or``d'er\\ %_`",
      "GRANT `or``d'er\\ %_` TO jitbot@'%' WITH ADMIN OPTION",
      'CREATE ROLE hander',
      'GRANT secret TO hander WITH ADMIN OPTION',
      'CREATE ROLE behind_hander',
      'GRANT hander TO behind_hander',
      "GRANT behind_hander TO jitbot@'%' WITH ADMIN OPTION",
      String.raw`CREATE USER 'o''ha\\ra'@'%' IDENTIFIED BY 'x'`,
    ]);
  });
  afterAll(async () => {
    await started.server?.stop();
    use.close();
  });
  const connect = (login = 'temporary') =>
    mysql.connect(
      { kind: 'mysql', url: `mysql://jitbot:jitbot-sandbox@127.0.0.1:${server().port}/shop`, login, host: '%' },
      use,
    );
  const listed = (role: Role) => [{ roleKey: 'orders-db/write', role }];

  /** Somebody makes something with the access; then it ends. */
  async function leave(role: Role, does: (client: Client) => Promise<unknown>) {
    const connection = connect();
    const one = accessOf(role, newGrantId());
    await connection.grant(one, inAnHour());
    const credential = await connection.issueCredential?.(one, inAnHour());
    const client = await mysql2.createConnection({
      host: '127.0.0.1',
      port: server().port,
      user: credential?.account ?? '',
      password: credential?.secret ?? '',
    });
    client.on('error', () => undefined);
    await client.query(`SET ROLE jit_${one.grantId.toLowerCase()}`);
    await does(client);
    const before = await connection.list?.(listed(role));
    const left = leftOf(await connection.revoke(one));
    expect(await connection.isActive(one)).toBe(false);
    client.destroy();
    await connection.close();
    return { left, before: before?.map(({ account }) => account), account: credential?.account };
  }

  test.each([
    'ORACLE',
    'ANSI,NO_BACKSLASH_ESCAPES',
    'TRADITIONAL,PIPES_AS_CONCAT,IGNORE_SPACE,PAD_CHAR_TO_FULL_LENGTH',
    'EMPTY_STRING_IS_NULL,HIGH_NOT_PRECEDENCE,MSSQL',
  ])('with the mode %s access ends, and leftovers are named and disarmed', async (mode) => {
    await server().query(`SET GLOBAL sql_mode = '${mode}'`);
    try {
      const { left, before, account } = await leave(WRITER, async (client) => {
        await client.query("SET sql_mode = ''");
        await client.query('CREATE OR REPLACE PROCEDURE shop.p() SQL SECURITY DEFINER SELECT 1');
        await client.query('CREATE TRIGGER shop.t BEFORE INSERT ON shop.payments FOR EACH ROW SET @x = 1');
      });
      expect(before).toEqual(expect.arrayContaining([`${account}@%`, 'root@localhost']));
      expect(left).toEqual(
        expect.arrayContaining([
          { what: 'procedure shop.p', done: 'runs with the rights of its caller' },
          {
            what: 'trigger shop.t on shop.payments',
            done: 'was dropped: without its definer nobody could write to the table',
          },
        ]),
      );
    } finally {
      await server().query('SET GLOBAL sql_mode = DEFAULT');
    }
  });

  test('with one row by default, all rows are read, and access ends', async () => {
    await server().query('SET GLOBAL sql_select_limit = 1, GLOBAL max_join_size = 1');
    try {
      const { left, before, account } = await leave(WRITER, async (client) => {
        await client.query('CREATE OR REPLACE PROCEDURE shop.p2() SQL SECURITY DEFINER SELECT 1');
        await client.query('CREATE OR REPLACE PROCEDURE shop.p3() SQL SECURITY DEFINER SELECT 1');
      });
      expect(before).toEqual(expect.arrayContaining([`${account}@%`, 'root@localhost']));
      expect(left.map(({ what }) => what)).toEqual(['procedure shop.p2', 'procedure shop.p3']);
    } finally {
      await server().query('SET GLOBAL sql_select_limit = DEFAULT, GLOBAL max_join_size = DEFAULT');
    }
  });

  test('K11.3 without backslash escapes, a quoted address opens its own login or none', async () => {
    await server().query("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'");
    const connection = connect('{email_name}');
    try {
      const one = accessOf(WRITER, newGrantId());
      const as = (email: string) => ({ ...one, person: { ...one.person, email } });
      await expect(connection.grant(as("x' OR 1=1 -- @harbor.example"), inAnHour())).rejects.toThrow(
        /there is no login/,
      );
      const odd = as(String.raw`o'ha\ra@harbor.example`);
      expect(await connection.grant(odd, inAnHour())).toMatchObject({ account: expect.stringContaining("o'ha") });
      expect(await connection.revoke(odd)).toEqual({ left: [] });
    } finally {
      await server().query('SET GLOBAL sql_mode = DEFAULT');
      await connection.close();
    }
  });

  test('what was made with a role of an odd name is disarmed', async () => {
    const { left } = await leave({ roles: [ODD] }, (client) =>
      client.query('CREATE PROCEDURE shop.odd() SQL SECURITY DEFINER SELECT 1'),
    );
    expect(left).toEqual([{ what: 'procedure shop.odd', done: 'runs with the rights of its caller' }]);
  });

  test('packages that a holder made are named', async () => {
    const { left } = await leave(WRITER, async (client) => {
      await client.query("SET sql_mode = 'ORACLE'");
      await client.query('CREATE PACKAGE shop.pack AS PROCEDURE p1; END');
      await client.query('CREATE PACKAGE BODY shop.pack AS PROCEDURE p1 AS BEGIN SELECT CURRENT_USER(); END; END');
    });
    const done = 'fails for everybody: its definer is gone';
    expect(left).toEqual(
      expect.arrayContaining([
        { what: 'package shop.pack', done },
        { what: 'package body shop.pack', done },
      ]),
    );
  });

  test('K2.4 the doctor names roles that a holder can pass on, also indirectly', async () => {
    const connection = connect();
    const findings = await connection.check([
      { roleKey: 'a', role: { roles: ['behind_hander'] } },
      { roleKey: 'b', role: WRITER },
    ]);
    expect(findings.filter(({ ok }) => !ok)).toEqual([
      {
        ok: false,
        what: 'holders of behind_hander can give no role to others: they can give secret',
        fix: 'REVOKE ADMIN OPTION FOR `secret` FROM `hander`;',
      },
    ]);
    await connection.close();
  });
});
