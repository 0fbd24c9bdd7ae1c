/** K3 and K4: "not found" is not "gone", and what gave is what takes back. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgres } from '../../src/provisioners/postgres/provisioner.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { ADMIN, type Stage, setHostileStage } from '../support/hostileStage.ts';
import { VERSIONS } from '../support/postgres.ts';
import { accessOf, newGrantId } from './contract.ts';

describe.each(VERSIONS)('which role it was, $name', (version) => {
  let stage: Stage;
  let id: string;
  beforeAll(async () => {
    stage = await setHostileStage(version);
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    id = newGrantId();
  });
  const roleOf = async (name: string) =>
    (
      await stage.says(
        `SELECT rolcanlogin AS login, pg_has_role(oid, 'payments_admin', 'USAGE') AS admin FROM pg_roles WHERE rolname = '${name}'`,
      )
    )[0];

  test.each([
    ['another cluster', VERSIONS.find((one) => one !== version), /another PostgreSQL cluster answers/],
    ['the same one, put back to a time before', version, /is older than the access/],
  ])('%s at the same address proves nothing gone', async (_what, at, problem) => {
    if (!at) return;
    const holder = await stage.hold(stage.connect(), id);
    const other = await setHostileStage(at);
    const elsewhere = stage.connect({ url: other.server.url('payments', 'jitbot', 'jitbot') });
    await expect(elsewhere.revoke(accessOf(ADMIN, id))).rejects.toThrow(problem);
    await expect(elsewhere.isActive(accessOf(ADMIN, id))).rejects.toThrow(problem);
    expect(await roleOf(holder.account)).toEqual({ login: true, admin: true });
    await stage.connect().revoke(accessOf(ADMIN, id));
    expect(await roleOf(holder.account)).toBeUndefined();
    await other.close();
  });

  test('a server that does not say which cluster it is gives, and the doctor says so', async () => {
    const asks = 'can tell this cluster from another one';
    const asked = async () =>
      (await stage.connect().check([{ roleKey: 'payments-db/admin', role: ADMIN }])).filter(({ what }) =>
        what.includes(asks),
      );
    expect(await asked()).toEqual([]);
    await stage.does('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC');
    const [finding] = await asked();
    expect(finding?.ok).toBe(false);
    const holder = await stage.hold(stage.connect(), id);
    await stage.connect().revoke(accessOf(ADMIN, id));
    expect(await roleOf(holder.account)).toBeUndefined();
    await stage.does(finding?.fix?.split(' (')[0] ?? '');
    expect(await asked()).toEqual([]);
    await stage.does('GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC');
  });

  test('a role of the grant’s name with another oid is a failure, and is not touched', async () => {
    const holder = await stage.hold(stage.connect(), id);
    await stage.does(
      `DROP ROLE ${holder.account}`,
      `CREATE ROLE ${holder.account} LOGIN`,
      `COMMENT ON ROLE ${holder.account} IS 'jitbot: payments-db/read for ben@harbor.example, grant ${id}'`,
      `GRANT payments_admin TO ${holder.account}`,
    );
    const connection = stage.connect();
    await expect(connection.revoke(accessOf(ADMIN, id))).rejects.toThrow(/not known to be the bot's.*another oid/s);
    await expect(connection.isActive(accessOf(ADMIN, id))).rejects.toThrow(/another oid/);
    expect(await roleOf(holder.account)).toEqual({ login: true, admin: true });
    await stage.does(`DROP ROLE ${holder.account}`);
    await connection.revoke(accessOf(ADMIN, id));
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(false);
  });

  test('a role of the grant’s name with another’s mark fails, and is not touched', async () => {
    const name = `jit_ben_${id.toLowerCase()}`;
    await stage.does(
      `CREATE ROLE ${name} LOGIN`,
      `COMMENT ON ROLE ${name} IS 'jitbot: payments-db/read for ben@harbor.example, grant ${newGrantId()}'`,
      `GRANT payments_admin TO ${name}`,
    );
    const connection = stage.connect();
    await expect(connection.revoke(accessOf(ADMIN, id))).rejects.toThrow(/not known to be the bot's/);
    expect(await roleOf(name)).toEqual({ login: true, admin: true });
    await stage.does(`DROP ROLE ${name}`);
  });

  test('a role without its mark gives nothing, and fails until somebody has looked', async () => {
    const connection = stage.connect();
    const holder = await stage.hold(connection, id);
    const session = await holder.session();
    await stage.does(`COMMENT ON ROLE ${holder.account} IS NULL`);
    await expect(connection.revoke(accessOf(ADMIN, id))).rejects.toThrow(/its comment does not say/);
    await session.ended;
    expect(await roleOf(holder.account)).toEqual({ login: false, admin: false });
    await expect(connection.isActive(accessOf(ADMIN, id))).rejects.toThrow(/its comment does not say/);
    await stage.does(`DROP ROLE ${holder.account}`);
    await connection.revoke(accessOf(ADMIN, id));
  });

  test('an unrecorded and unmarked role of the grant’s name is a failure', async () => {
    await stage.does(`CREATE ROLE jit_ben_${id.toLowerCase()} LOGIN IN ROLE payments_admin`);
    await expect(stage.connect().revoke(accessOf(ADMIN, id))).rejects.toThrow(/not known to be the bot's/);
    await stage.does(`DROP ROLE jit_ben_${id.toLowerCase()}`);
  });

  test('an earlier version’s role is found by mark, and by oid once stamped', async () => {
    const name = `jit_ben_${id.toLowerCase()}`;
    await query(stage.server.url('payments', 'jitbot', 'jitbot'), [
      `CREATE ROLE ${name} LOGIN PASSWORD 'old'`,
      `COMMENT ON ROLE ${name} IS 'jitbot: payments-db/read for ben@harbor.example, grant ${id}'`,
      `GRANT payments_admin TO ${name}`,
    ]);
    const connection = stage.connect();
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(true);
    await connection.stamp?.(accessOf(ADMIN, id));
    await stage.does(`ALTER ROLE ${name} RENAME TO otherwise`);
    expect(await connection.isActive(accessOf(ADMIN, id))).toBe(true);
    await connection.revoke(accessOf(ADMIN, id));
    expect(await roleOf('otherwise')).toBeUndefined();
  });

  test('a new password is the same place, another host or login kind is not', () => {
    const place = (url: string, login = 'temporary') => postgres.placeOf({ kind: 'postgres', url, login });
    const here = place('postgres://jitbot:old@db.example/payments');
    expect(place('postgresql://jitbot2:new@DB.example:5432/payments?sslmode=require')).toBe(here);
    expect(here).not.toMatch(/old|jitbot/);
    for (const other of [
      'postgres://jitbot:old@db2.example/payments',
      'postgres://jitbot:old@db.example/orders',
      'postgres://jitbot:old@db.example:6432/payments',
    ])
      expect(place(other)).not.toBe(here);
    expect(place('postgres://jitbot:old@db.example/payments', '{email_name}')).not.toBe(here);
  });
});
