/** Somebody who wants to hold up the end of what they were given, on a real MariaDB. */

import { createHash } from 'node:crypto';
import mysql2 from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { StorageError } from '../../src/ports/store.ts';
import { mysql } from '../../src/provisioners/mysql/provisioner.ts';
import { hasMariaDb } from '../support/mariadb.ts';
import { inAnHour } from './contract.ts';
import { mysqlStage, works } from './mysqlStage.ts';

describe.skipIf(!hasMariaDb)('mysql, against a hostile holder', () => {
  const stage = mysqlStage();

  test('K2.1 the bot’s lock has no guessable name, and holding it delays no end', async () => {
    await stage.holder();
    const evil = await stage.connectAs('evil', 'evil');
    const secret = createHash('sha256').update('jitbot-sandbox').digest('hex');
    for (const name of [stage.bridge(), stage.loginName(), stage.id, `jit_${secret.slice(0, 40)}`])
      await evil.query('SELECT GET_LOCK(?, 0)', [name]);
    await stage.temporary.revoke(stage.access());
    await stage.isGone(stage.temporary);
  });

  test('K2.1 the bot’s lock, taken by somebody, is bypassed, and its holder survives', async () => {
    await stage.temporary.grant(stage.access(), inAnHour());
    const name = stage.lockName();
    const evil = await stage.connectAs('evil', 'evil');
    await evil.query('SELECT GET_LOCK(?, 0)', [name]);
    await expect(stage.temporary.grant(stage.access(), inAnHour())).rejects.toThrow(/another try is still at work/);
    await stage.temporary.revoke(stage.access());
    await stage.isGone(stage.temporary);
    expect(await works(evil, 'SELECT 1')).toBe(true);
  });

  test('K2.3 a login that fills the server is ended over the reserved connection', async () => {
    await stage.server.query('GRANT writer TO ben');
    await stage.own.grant(stage.access(), inAnHour());
    let full = false;
    while (!full)
      await stage.connectAs('ben', 'ben').catch(() => {
        full = true;
      });
    // The place that is kept for administrators is taken too.
    const admin = await mysql2.createConnection({
      host: '127.0.0.1',
      port: stage.server.port,
      user: 'jitbot',
      password: 'jitbot-sandbox',
    });
    try {
      await stage.own.revoke(stage.access());
      await stage.isGone(stage.own);
    } finally {
      await admin.end();
      await stage.server.query('REVOKE writer FROM ben');
    }
  });

  test('K2.3 a login that the bot makes cannot open more than ten sessions', async () => {
    const { again } = await stage.holder();
    const opened = await Promise.allSettled(Array.from({ length: 14 }, again));
    expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(9);
    await stage.temporary.revoke(stage.access());
    await stage.isGone(stage.temporary);
  });

  test('K2.4 a foreign role that was given to the grant’s role keeps nothing alive', async () => {
    const { client } = await stage.holder();
    await (await stage.connectAs('evil', 'evil')).query(`GRANT secret TO ${stage.bridge()}`);
    await stage.temporary.revoke(stage.access());
    expect(await works(client)).toBe(false);
    await stage.isGone(stage.temporary);
  });

  test('K2.4 nor with a login of the person’s own', async () => {
    await stage.own.grant(stage.access(), inAnHour());
    await (await stage.connectAs('evil', 'evil')).query(`GRANT secret TO ${stage.bridge()}`);
    const ben = await stage.connectAs('ben', 'ben');
    await ben.query(`SET ROLE ${stage.bridge()}`);
    await stage.own.revoke(stage.access());
    expect(await works(ben)).toBe(false);
    await stage.isGone(stage.own);
  });

  test('opening session after session with an own login does not keep the role', async () => {
    await stage.own.grant(stage.access({ roles: ['reader_of_all'] }), inAnHour());
    let going = true;
    const opened: Promise<unknown>[] = [];
    const loop = (async () => {
      while (going) {
        const ben = await stage.connectAs('ben', 'ben').catch(() => null);
        if (ben) opened.push(ben.query(`SET ROLE ${stage.bridge()}`).catch(() => undefined));
      }
    })();
    await stage.own.revoke(stage.access({ roles: ['reader_of_all'] }));
    going = false;
    await loop;
    await Promise.all(opened);
    const still = await Promise.all(
      stage.clients.map((client) => works(client, 'SELECT 1 FROM mysql.global_priv LIMIT 1')),
    );
    expect(still).not.toContain(true);
    await stage.isGone(stage.own);
  });

  test('a global read lock of the holder’s is ended with their session', async () => {
    const role = { roles: ['flusher', 'writer'] };
    const { client, again } = await stage.holder(role);
    const idle = await again();
    await client.query('FLUSH TABLES WITH READ LOCK');
    await stage.temporary.revoke(stage.access(role));
    expect(await works(idle)).toBe(false);
    await stage.isGone(stage.temporary, role);
  });

  test('a foreign global read lock is not killed, and sessions end meanwhile', async () => {
    const { client } = await stage.holder();
    const backup = await stage.connectAs('backup', 'backup');
    await backup.query('FLUSH TABLES WITH READ LOCK');
    await expect(stage.temporary.revoke(stage.access())).rejects.toThrow(
      /somebody holds a lock on all of it, such as a backup/,
    );
    expect(await works(client)).toBe(false);
    expect(await works(backup, 'SELECT 1')).toBe(true);
    expect(await stage.temporary.isActive(stage.access())).toBe(true);
    await backup.query('UNLOCK TABLES');
    await stage.temporary.revoke(stage.access());
    await stage.isGone(stage.temporary);
  }, 60_000);

  test('a holder who kills the bot’s connections as they open does not keep access', async () => {
    const role = { roles: ['flusher', 'writer'] };
    const { client } = await stage.holder(role);
    let going = true;
    const loop = (async () => {
      while (going) {
        const killed = await client.query('KILL USER jitbot').catch((error: { fatal?: boolean }) => error);
        if (killed && 'fatal' in killed && killed.fatal) going = false;
      }
    })();
    await stage.temporary.revoke(stage.access(role));
    going = false;
    await loop;
    await stage.isGone(stage.temporary, role);
  });

  test.each([
    ['an open transaction with row locks', ['START TRANSACTION', 'UPDATE shop.payments SET id = id']],
    ['LOCK TABLES', ['LOCK TABLES shop.payments WRITE']],
    ['a lock by name', ["SELECT GET_LOCK('x', 0)"]],
    ['a session variable', ['SET @a = 1']],
    ['a prepared statement', ["PREPARE s FROM 'SELECT SLEEP(100)'"]],
    ['a password of their own', ["SET PASSWORD = PASSWORD('my stage.own, and longer')"]],
    ['another default role', ['SET DEFAULT ROLE NONE']],
  ])('%s does not delay the end', async (_, statements) => {
    const { client } = await stage.holder();
    for (const statement of statements) await client.query(statement);
    const from = Date.now();
    await stage.temporary.revoke(stage.access());
    expect(Date.now() - from).toBeLessThan(5_000);
    expect(await works(client, 'SELECT 1')).toBe(false);
    await stage.isGone(stage.temporary);
  });

  test('a session that hides in a routine with the role as its definer is ended', async () => {
    const role = { roles: ['writer', 'reader_of_all'] };
    const { client } = await stage.holder(role);
    await client.query('CREATE DEFINER=CURRENT_ROLE PROCEDURE shop.hide() DO SLEEP(30)');
    const hidden = client.query('CALL shop.hide()').catch(() => 'ended');
    await expect.poll(() => stage.openOf(stage.bridge())).toBe(1);
    await stage.temporary.revoke(stage.access(role));
    expect(await hidden).toBe('ended');
    expect(await works(client, 'SELECT 1 FROM mysql.global_priv LIMIT 1')).toBe(false);
    await stage.isGone(stage.temporary, role);
  });

  test('only the sessions of this grant’s login are ended', async () => {
    const { client } = await stage.holder();
    const others = await Promise.all([
      stage.connectAs('ben', 'ben'),
      stage.connectAs('app', 'app'),
      stage.connectAs('evil', 'evil'),
    ]);
    await stage.temporary.revoke(stage.access());
    expect(await works(client, 'SELECT 1')).toBe(false);
    expect(await Promise.all(others.map((one) => works(one, 'SELECT 1')))).toEqual([true, true, true]);
  });

  test('a login that differs by a capital is somebody else’s, and keeps its sessions', async () => {
    await stage.server.query("CREATE USER Ben@'%' IDENTIFIED BY 'Ben'");
    await stage.own.grant(stage.access(), inAnHour());
    const [mine, theirs] = [await stage.connectAs('ben', 'ben'), await stage.connectAs('Ben', 'Ben')];
    await mine.query(`SET ROLE ${stage.bridge()}`);
    await stage.own.revoke(stage.access());
    expect([await works(mine, 'SELECT 1'), await works(theirs, 'SELECT 1')]).toEqual([false, true]);
    await stage.server.query("DROP USER Ben@'%'");
  });

  test('an earlier try still running at the server is stopped before the end', async () => {
    await stage.temporary.grant(stage.access(), inAnHour());
    const stale = await stage.connectAs('jitbot', 'jitbot-sandbox');
    await stale.query('SELECT GET_LOCK(?, 0)', [stage.lockName()]);
    await stage.temporary.revoke(stage.access());
    expect(await works(stale, 'SELECT 1')).toBe(false);
    await stage.isGone(stage.temporary);
  });

  test('a bot whose database cannot be written still ends access', async () => {
    const { client, again } = await stage.holder();
    const full = {
      ...stage.use,
      ids: { of: stage.use.ids.of, keep: () => Promise.reject(new StorageError('the disk is full')) },
    };
    const connection = mysql.connect(stage.target('temporary'), full);
    await connection.revoke(stage.access());
    expect(await works(client)).toBe(false);
    await expect(again()).rejects.toThrow();
    await stage.isGone(connection);
    await connection.close();
  });
});
