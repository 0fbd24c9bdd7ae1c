/** Issue 16: a primary, and a server that follows it and takes its place. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgres } from '../../src/provisioners/postgres/provisioner.ts';
import { type PostgresServer, query } from '../../src/sandbox/postgres.ts';
import { startTargetProxy } from '../../src/sandbox/targetProxy.ts';
import { HAS_PGBOUNCER, startPgBouncer } from '../support/pgbouncer.ts';
import { ATTACKED, VERSIONS } from '../support/postgres.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';
import { LOOKUP } from './postgresDocs.ts';

const SETUP = {
  ...ATTACKED,
  payments: [...(ATTACKED.payments ?? []), 'GRANT CREATE ON SCHEMA public TO payments_admin', ...LOOKUP],
};
const REPLICATION = { 'pg_hba.conf': ['host replication all 127.0.0.1/32 trust'] };
/** What is committed stands at both: nothing has to be waited for. */
const BOTH = { synchronous_standby_names: '*', synchronous_commit: 'remote_apply' };

describe.each(VERSIONS)('a failover, $name', (version) => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  const use = useForTests();
  const role = { roles: ['payments_read'] };
  const at = (hosts: string) => `postgres://jitbot:jitbot@${hosts}/payments`;
  const connect = (hosts: string) => postgres.connect({ kind: 'postgres', url: at(hosts), login: 'temporary' }, use);
  const here = ({ port }: { port: number }) => `127.0.0.1:${port}`;
  const hasLogin = async (server: PostgresServer, id: string) =>
    (
      await query(server.url('payments'), [
        `SELECT FROM pg_roles WHERE rolname ~ '${id.toLowerCase()}$' AND rolcanlogin`,
      ])
    )[0]?.rowCount === 1;

  beforeAll(async () => {
    primary = await version.start(SETUP, BOTH, REPLICATION);
    const primary_conninfo = `host=127.0.0.1 port=${primary.port} user=postgres`;
    standby = await version.start(SETUP, { primary_conninfo }, { 'standby.signal': [] });
  });
  afterAll(async () => {
    await standby?.stop();
    await primary?.stop();
    use.close();
  });

  test('an address that leads to a follower fails, and its connections are dropped', async () => {
    const proxy = await startTargetProxy(primary.port);
    const connection = connect(here(proxy));
    const id = newGrantId();
    await connection.grant(accessOf(role, id), inAnHour());
    proxy.leadTo(standby.port);
    proxy.cut();
    proxy.restore();
    // The connection that was open breaks, and the next ones lead to the follower.
    await expect(connection.isActive(accessOf(role, id))).rejects.toThrow();
    await expect(connection.isActive(accessOf(role, id))).rejects.toThrow(
      new RegExp(`PostgreSQL at ${here(proxy)}/payments is read-only .*name all of them`),
    );
    await expect(connection.revoke(accessOf(role, id))).rejects.toThrow(/is read-only/);
    await expect(connection.check([{ roleKey: 'payments-db/read', role }])).rejects.toThrow(/is read-only/);
    await expect(connection.list?.([{ roleKey: 'payments-db/read', role }])).rejects.toThrow(/is read-only/);
    expect(await hasLogin(primary, id)).toBe(true);
    proxy.leadTo(primary.port);
    expect(await connection.isActive(accessOf(role, id))).toBe(true);
    await connection.revoke(accessOf(role, id));
    expect(await hasLogin(primary, id)).toBe(false);
    await connection.close();
    await proxy.close();
  });

  test('connections to a follower are dropped at the first try that finds another', async () => {
    const proxy = await startTargetProxy(standby.port);
    const connection = connect(here(proxy));
    const id = newGrantId();
    await expect(connection.isActive(accessOf(role, id))).rejects.toThrow(/is read-only/);
    // The failed try has opened one already.
    proxy.leadTo(primary.port);
    await connection.grant(accessOf(role, id), inAnHour());
    expect(await connection.isActive(accessOf(role, id))).toBe(true);
    await connection.revoke(accessOf(role, id));
    await connection.close();
    await proxy.close();
  });

  test.skipIf(!HAS_PGBOUNCER)('connections that a pooler kept to a follower are closed there', async () => {
    const proxy = await startTargetProxy(standby.port);
    const pooler = await startPgBouncer(proxy.port, { login: { user: 'pgbouncer', password: 'pgbouncer' } });
    const connection = connect(here(pooler));
    const id = newGrantId();
    const kept = await Promise.allSettled([1, 2, 3].map(() => connection.isActive(accessOf(role, id))));
    expect(kept.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    proxy.leadTo(primary.port);
    await connection.grant(accessOf(role, id), inAnHour());
    expect(await hasLogin(primary, id)).toBe(true);
    await connection.revoke(accessOf(role, id));
    await connection.close();
    await pooler.stop();
    await proxy.close();
  });

  test('a server that starts read-only can be written to, and access is taken back', async () => {
    const connection = connect(here(primary));
    const id = newGrantId();
    await query(primary.url('payments'), ['ALTER ROLE jitbot SET default_transaction_read_only = on']);
    await connection.grant(accessOf(role, id), inAnHour());
    await connection.revoke(accessOf(role, id));
    expect(await hasLogin(primary, id)).toBe(false);
    await query(primary.url('payments'), ['ALTER ROLE jitbot RESET default_transaction_read_only']);
    await connection.close();
  });

  test('of several servers the writable one is found, also after a failover', async () => {
    const connection = connect(`${here(standby)},${here(primary)}`);
    const [id, kept] = [newGrantId(), newGrantId()];
    await connection.grant(accessOf(role, id), inAnHour());
    await connection.grant(accessOf(role, kept), inAnHour());
    const credential = await connection.issueCredential?.(accessOf(role, id), inAnHour());
    expect(credential?.usage).toMatch(
      new RegExp(`@${here(standby)},${here(primary)}/payments\\?target_session_attrs=read-write$`),
    );
    expect(await hasLogin(primary, id)).toBe(true);
    await primary.stop();
    await expect(connection.isActive(accessOf(role, id))).rejects.toThrow(
      new RegExp(`${here(primary)}/payments cannot be reached.*${here(standby)}/payments is read-only`),
    );
    await query(standby.url('postgres'), ['SELECT pg_promote()']);
    expect(await connection.isActive(accessOf(role, id))).toBe(true);
    await connection.revoke(accessOf(role, id));
    expect([await hasLogin(standby, id), await hasLogin(standby, kept)]).toEqual([false, true]);
    await connection.revoke(accessOf(role, kept));
    await connection.close();
  });
});
