/** What somebody leaves behind on a real MariaDB, and what becomes of it. */

import { describe, expect, test } from 'vitest';
import { hasMariaDb } from '../support/mariadb.ts';
import { inAnHour } from './contract.ts';
import { leftOf, mysqlStage, works } from './mysqlStage.ts';

describe.skipIf(!hasMariaDb)('mysql, what a holder leaves behind', () => {
  const stage = mysqlStage();

  test('a login’s routine loses its rights, lets the application write, and is named', async () => {
    const { client } = await stage.holder();
    for (const statement of [
      'CREATE VIEW shop.v AS SELECT * FROM shop.payments',
      'CREATE DEFINER=CURRENT_ROLE VIEW shop.v_role AS SELECT * FROM shop.payments',
      'CREATE SQL SECURITY INVOKER VIEW shop.v_inv AS SELECT * FROM shop.payments',
      'CREATE PROCEDURE shop.p() SELECT * FROM shop.payments',
      'CREATE DEFINER=CURRENT_ROLE PROCEDURE shop.p_role() SELECT CURRENT_USER() AS me',
      'CREATE FUNCTION shop.f() RETURNS INT RETURN (SELECT MAX(id) FROM shop.payments)',
      'CREATE TRIGGER shop.t AFTER INSERT ON shop.payments FOR EACH ROW INSERT INTO shop.seen VALUES (NEW.id)',
      'CREATE DEFINER=CURRENT_ROLE TRIGGER shop.t_role AFTER INSERT ON shop.payments FOR EACH ROW INSERT INTO shop.seen VALUES (NEW.id)',
      'CREATE EVENT shop.e ON SCHEDULE EVERY 1 SECOND DO INSERT INTO shop.seen VALUES (98)',
      'CREATE DEFINER=CURRENT_ROLE EVENT shop.e_role ON SCHEDULE EVERY 1 SECOND DO INSERT INTO shop.seen VALUES (99)',
    ])
      await client.query(statement);
    const left = leftOf(await stage.temporary.revoke(stage.access()));
    expect(Object.fromEntries(left.map(({ what, done }) => [what, done]))).toEqual({
      'trigger shop.t on shop.payments': 'was dropped: without its definer nobody could write to the table',
      'trigger shop.t_role on shop.payments': 'was dropped: without its definer nobody could write to the table',
      'event shop.e': 'was dropped',
      'event shop.e_role': 'was dropped',
      'procedure shop.p': 'runs with the rights of its caller',
      'procedure shop.p_role': 'runs with the rights of its caller',
      'function shop.f': 'runs with the rights of its caller',
      'view shop.v': 'fails for everybody: its definer is gone',
      'view shop.v_role': 'fails for everybody: its definer is gone',
      'view shop.v_inv': 'shows what its reader may read',
    });
    const app = await stage.connectAs('app', 'app');
    await app.query('INSERT INTO shop.payments VALUES (7)');
    expect(await works(app, 'SELECT * FROM shop.v')).toBe(false);
    expect(await works(app, 'SELECT * FROM shop.v_role')).toBe(false);
    const [me] = await app.query('CALL shop.p_role()');
    expect(JSON.stringify(me)).toContain('app@%');
    const [definers] = await app.query("SELECT DEFINER FROM information_schema.ROUTINES WHERE DEFINER LIKE 'jitbot%'");
    expect(definers).toEqual([]);
    // Somebody without rights on the table gets none by way of it.
    await stage.server.query("GRANT EXECUTE ON shop.* TO evil@'%'");
    const evil = await stage.connectAs('evil', 'evil');
    expect(await works(evil, 'CALL shop.p()')).toBe(false);
    expect(await works(evil, 'SELECT shop.f()')).toBe(false);
    expect(leftOf(await stage.temporary.revoke(stage.access())).map(({ what }) => what)).not.toContain('event shop.e');
    for (const drop of [
      'VIEW shop.v',
      'VIEW shop.v_role',
      'VIEW shop.v_inv',
      'PROCEDURE shop.p',
      'PROCEDURE shop.p_role',
      'FUNCTION shop.f',
    ])
      await stage.server.query(`DROP ${drop}`);
  });

  test('an application’s view that a holder replaced works, with its reader’s rights', async () => {
    await stage.server.query("CREATE DEFINER=app@'%' VIEW shop.of_app AS SELECT id FROM shop.payments");
    const { client } = await stage.holder({ roles: ['replacer'] });
    await client.query(
      'CREATE OR REPLACE ALGORITHM=MERGE VIEW shop.of_app AS SELECT id FROM shop.payments WHERE id < 1000 WITH CHECK OPTION',
    );
    expect(leftOf(await stage.temporary.revoke(stage.access({ roles: ['replacer'] })))).toEqual([
      { what: 'view shop.of_app', done: 'from now on shows what its reader may read' },
    ]);
    const app = await stage.connectAs('app', 'app');
    await app.query('INSERT INTO shop.of_app VALUES (11)');
    await expect(app.query('INSERT INTO shop.of_app VALUES (1001)')).rejects.toThrow(/CHECK OPTION/);
    await stage.server.query("GRANT SELECT ON shop.of_app TO evil@'%'");
    expect(await works(await stage.connectAs('evil', 'evil'), 'SELECT * FROM shop.of_app')).toBe(false);
    const [row] = await stage.server.query(
      "SELECT DEFINER, SECURITY_TYPE FROM information_schema.VIEWS WHERE TABLE_NAME = 'of_app'",
    );
    expect(row).toEqual({ DEFINER: 'replacer@', SECURITY_TYPE: 'INVOKER' });
    await stage.server.query('DROP VIEW shop.of_app');
    await stage.server.query("REVOKE ALL PRIVILEGES ON shop.of_app FROM evil@'%'");
  });

  test('what somebody made after SET ROLE has no rights of the role after the end', async () => {
    await stage.own.grant(stage.access(), inAnHour());
    const ben = await stage.connectAs('ben', 'ben');
    await ben.query(`SET ROLE ${stage.bridge()}`);
    await ben.query('CREATE VIEW shop.bens AS SELECT * FROM shop.payments');
    await ben.query('CREATE PROCEDURE shop.bens_too() SELECT * FROM shop.payments');
    await stage.server.query("GRANT SELECT ON shop.bens TO evil@'%'");
    await stage.server.query("GRANT EXECUTE ON PROCEDURE shop.bens_too TO evil@'%'");
    await stage.own.revoke(stage.access());
    const evil = await stage.connectAs('evil', 'evil');
    expect([await works(evil, 'SELECT * FROM shop.bens'), await works(evil, 'CALL shop.bens_too()')]).toEqual([
      false,
      false,
    ]);
    await stage.server.query('DROP VIEW shop.bens');
    await stage.server.query('DROP PROCEDURE shop.bens_too');
    await stage.server.query("REVOKE ALL PRIVILEGES ON shop.bens FROM evil@'%'");
  });

  test('what a person’s own login made as a grant’s role is cleaned up too', async () => {
    await stage.server.query("GRANT CREATE VIEW, CREATE ROUTINE, SELECT ON shop.* TO ben@'%'");
    await stage.own.grant(stage.access(), inAnHour());
    const ben = await stage.connectAs('ben', 'ben');
    await ben.query('CREATE PROCEDURE shop.bens_own() SELECT 1');
    await ben.query(`SET ROLE ${stage.bridge()}`);
    await ben.query(
      'CREATE DEFINER=CURRENT_ROLE TRIGGER shop.t AFTER INSERT ON shop.payments FOR EACH ROW INSERT INTO shop.seen VALUES (NEW.id)',
    );
    expect(leftOf(await stage.own.revoke(stage.access()))).toEqual([
      {
        what: 'trigger shop.t on shop.payments',
        done: 'was dropped: without its definer nobody could write to the table',
      },
    ]);
    const app = await stage.connectAs('app', 'app');
    await app.query('INSERT INTO shop.payments VALUES (8)');
    const [security] = await stage.server.query(
      "SELECT SECURITY_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_NAME = 'bens_own'",
    );
    expect(security).toEqual({ SECURITY_TYPE: 'DEFINER' });
    await stage.server.query('DROP PROCEDURE shop.bens_own');
  });

  test('K2.5 a trigger on a table in long use delays no end, and is dropped later', async () => {
    const { client } = await stage.holder();
    await client.query(
      'CREATE TRIGGER shop.t AFTER INSERT ON shop.payments FOR EACH ROW INSERT INTO shop.seen VALUES (NEW.id)',
    );
    const report = await stage.connectAs('app', 'app');
    await report.query('START TRANSACTION');
    await report.query('SELECT * FROM shop.payments');
    const left = leftOf(await stage.temporary.revoke(stage.access()));
    expect(left).toEqual([
      {
        what: 'trigger shop.t on shop.payments',
        done: expect.stringMatching(/nobody can write to shop\.payments .*DROP TRIGGER IF EXISTS `shop`\.`t`/),
      },
    ]);
    await stage.isGone(stage.temporary);
    expect(await works(report)).toBe(true);
    await report.query('COMMIT');
    await stage.temporary.tidy?.();
    await report.query('INSERT INTO shop.payments VALUES (9)');
  });

  test('a prepared transaction is named, and left to people', async () => {
    const { client } = await stage.holder();
    for (const statement of [
      "XA START 'mine'",
      'INSERT INTO shop.seen VALUES (5)',
      "XA END 'mine'",
      "XA PREPARE 'mine'",
    ])
      await client.query(statement);
    expect(leftOf(await stage.temporary.revoke(stage.access()))).toEqual([
      { what: 'prepared transaction mine (1)', done: expect.stringContaining('XA ROLLBACK ends it') },
    ]);
    await stage.server.query("XA ROLLBACK 'mine'");
  });

  test('a trigger made as themselves stays, and is named as it may block writes', async () => {
    await stage.server.query("GRANT TRIGGER ON shop.* TO ben@'%'");
    await stage.server.query(
      "CREATE DEFINER=ben@'%' TRIGGER shop.earlier AFTER INSERT ON shop.seen FOR EACH ROW SET @x = 1",
    );
    // By the second: the server says no more of when a trigger was made.
    await stage.server.query('SELECT SLEEP(1.1)');
    await stage.own.grant(stage.access(), inAnHour());
    const ben = await stage.connectAs('ben', 'ben');
    await ben.query(`SET ROLE ${stage.bridge()}`);
    await ben.query(
      'CREATE TRIGGER shop.t AFTER INSERT ON shop.payments FOR EACH ROW INSERT INTO shop.seen VALUES (NEW.id)',
    );
    expect(leftOf(await stage.own.revoke(stage.access()))).toEqual([
      {
        what: 'trigger shop.t on shop.payments',
        done: expect.stringContaining('runs with the rights of ben@%: if these are not enough without the role'),
      },
    ]);
    for (const trigger of ['t', 'earlier']) await stage.server.query(`DROP TRIGGER shop.${trigger}`);
    await stage.server.query("REVOKE TRIGGER ON shop.* FROM ben@'%'");
  });
});
