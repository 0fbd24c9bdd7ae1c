/** Names, places and rights that change on a real MariaDB while access is live. */

import { describe, expect, test } from 'vitest';
import { mysql } from '../../src/provisioners/mysql/provisioner.ts';
import { hasMariaDb, startMariaDb } from '../support/mariadb.ts';
import { startSwitch } from '../support/switch.ts';
import { inAnHour } from './contract.ts';
import { leftOf, mysqlStage, SETUP, WRITER, works } from './mysqlStage.ts';

describe.skipIf(!hasMariaDb)('mysql, who and where it was', () => {
  const stage = mysqlStage();
  const list = async () =>
    ((await stage.temporary.list?.([{ roleKey: 'shop/writer', role: WRITER }])) ?? []).filter(
      ({ account }) => account !== 'root@localhost',
    );

  test('a renamed login is ended under its new name', async () => {
    const { client } = await stage.holder();
    await stage.server.query(`RENAME USER ${stage.loginName()}@'%' TO zed@'%'`);
    expect(await stage.temporary.isActive(stage.access())).toBe(true);
    const left = leftOf(await stage.temporary.revoke(stage.access()));
    expect(left).toContainEqual({ what: 'login zed@%', done: expect.stringContaining('was renamed') });
    expect(await works(client)).toBe(false);
    expect(await stage.server.query("SELECT 1 FROM mysql.user WHERE User = 'zed'")).toEqual([]);
    await stage.isGone(stage.temporary);
  });

  test('a foreign role of the grant’s name is not taken for the bot’s', async () => {
    await stage.server.query(`CREATE ROLE ${stage.bridge()}`);
    await stage.server.query(`GRANT ${stage.bridge()} TO evil`);
    await expect(stage.temporary.grant(stage.access(), inAnHour())).rejects.toThrow(/is not the bot's/);
    await stage.temporary.revoke(stage.access());
    await stage.isGone(stage.temporary);
  });

  test('a foreign login of the grant’s name gets nothing, nor does its password', async () => {
    await stage.server.query(`CREATE USER ${stage.loginName()}@'%' IDENTIFIED BY 'theirs'`);
    await stage.temporary.grant(stage.access(), inAnHour());
    await expect(stage.connectAs(stage.loginName(), 'theirs')).rejects.toThrow(/denied|locked/);
  });

  test.each([
    ['sees no sessions', 'PROCESS ON *.*'],
    ['may not make or drop logins', 'CREATE USER ON *.*'],
    ['sees no roles', 'SELECT ON mysql.roles_mapping'],
  ])('a bot that %s any more takes nothing for gone', async (_, right) => {
    await stage.temporary.grant(stage.access(), inAnHour());
    await stage.server.query(`REVOKE ${right} FROM jitbot@'%'`);
    const blinded = mysql.connect(stage.target('temporary'), stage.use);
    const told = await blinded
      .revoke(stage.access())
      .then(() => blinded.isActive(stage.access()))
      .catch(() => 'not known');
    await stage.server.query(`GRANT ${right} TO jitbot@'%'`);
    await blinded.close();
    expect(told).not.toBe(false);
  });

  test.each([
    ['which roles there are', 'SELECT ON mysql.roles_mapping'],
    ['which logins there are', 'SELECT (User, Host) ON mysql.user'],
    ['which sessions there are', 'PROCESS ON *.*'],
  ])('a bot that no longer sees %s ends use anyway, and says what is unknown', async (_, right) => {
    const { client, again } = await stage.holder();
    await stage.server.query(`REVOKE ${right} FROM jitbot@'%'`);
    await stage.server.query('KILL USER jitbot');
    await expect(stage.temporary.revoke(stage.access())).rejects.toThrow(/denied/);
    const used = [
      await works(client),
      await again().then(
        () => true,
        () => false,
      ),
    ];
    await stage.server.query(`GRANT ${right} TO jitbot@'%'`);
    expect(used).toEqual([false, false]);
    await stage.temporary.revoke(stage.access());
    await stage.isGone(stage.temporary);
  });

  test('a login that is called like the role of a grant does not keep it from ending', async () => {
    await stage.holder();
    await stage.server.query(`CREATE USER ${stage.bridge()}@'%'`);
    await stage.temporary.revoke(stage.access());
    expect(await stage.temporary.isActive(stage.access())).toBe(false);
    await stage.server.query(`DROP USER ${stage.bridge()}@'%'`);
  });

  test('another server at the address does not prove it gone, and the same one does', async () => {
    const other = await startMariaDb(SETUP);
    const address = await startSwitch(stage.server.port);
    const moving = mysql.connect(stage.target('temporary', address.port), stage.use);
    await moving.grant(stage.access(), inAnHour());
    address.moveTo(other.port);
    await expect(moving.revoke(stage.access())).rejects.toThrow(/another server than the one that gave it/);
    await expect(moving.isActive(stage.access())).rejects.toThrow(/another server/);
    address.moveTo(stage.server.port);
    await moving.revoke(stage.access());
    expect(await moving.isActive(stage.access())).toBe(false);
    await moving.close();
    await Promise.all([address.close(), other.stop()]);
    await stage.isGone(stage.temporary);
  }, 60_000);

  test('a login named like a role or the bot is seen, and so are all logins at once', async () => {
    await stage.server.query("CREATE USER writer@'%' IDENTIFIED BY 'x'");
    await stage.server.query("CREATE USER jitbot@'10.%' IDENTIFIED BY 'x'");
    for (const who of ["writer@'%'", "jitbot@'10.%'", 'PUBLIC']) await stage.server.query(`GRANT writer TO ${who}`);
    const found = await list();
    expect(found.map(({ account }) => account).sort()).toEqual(['PUBLIC@', 'jitbot@10.%', 'writer@%']);
    for (const holding of found) await stage.temporary.remove?.(holding, WRITER);
    expect(await list()).toEqual([]);
    await stage.server.query("DROP USER writer@'%', jitbot@'10.%'");
    expect(
      await stage.server.query("SELECT 1 FROM mysql.roles_mapping WHERE User = 'jitbot' AND Host = '%'"),
    ).not.toEqual([]);
  });

  test('a grant’s login without its role is listed under the grant, and removable', async () => {
    await stage.holder();
    await stage.server.query(`DROP ROLE ${stage.bridge()}`);
    const stray = { account: `${stage.loginName()}@%`, role: null, grantId: stage.id };
    expect(await list()).toEqual([stray]);
    await stage.temporary.remove?.(stray, null);
    expect(await list()).toEqual([]);
    await stage.isGone(stage.temporary);
  });

  test('a session hidden behind a foreign routine is found by the next look', async () => {
    const { client } = await stage.holder({ roles: ['writer', 'reader_of_all'] });
    const hidden = client.query('CALL shop.slow(2)');
    await expect.poll(() => stage.openOf('app')).toBe(1);
    await stage.temporary.revoke(stage.access({ roles: ['writer', 'reader_of_all'] }));
    await hidden;
    const [stray] = await list();
    expect(stray).toEqual({ account: `${stage.loginName()}@%`, role: null, grantId: stage.id });
    if (stray) await stage.temporary.remove?.(stray, null);
    expect(await works(client, 'SELECT 1')).toBe(false);
  });
});
