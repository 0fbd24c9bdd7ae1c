/** Issue 16: the contract on servers as they are run: the least rights, logins that inherit nothing, and a follower. */

import { afterAll, beforeAll, describe } from 'vitest';
import { type PostgresServer, query } from '../../src/sandbox/postgres.ts';
import { startTargetProxy, type TargetProxy } from '../../src/sandbox/targetProxy.ts';
import { VERSIONS } from '../support/postgres.ts';
import { describeContract, type Harness, useForTests } from './contract.ts';
import { documentedSetup, postgresHarness } from './postgresStage.ts';

describe.each(VERSIONS)('variants, $name', (version) => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let proxy: TargetProxy & { close(): Promise<void> };
  let own: Harness;
  let several: Harness;
  const use = useForTests();

  beforeAll(async () => {
    const setup = documentedSetup(version.hasGrantOptions);
    primary = await version.start(setup, {}, { 'pg_hba.conf': ['host replication all 127.0.0.1/32 trust'] });
    const primary_conninfo = `host=127.0.0.1 port=${primary.port} user=postgres`;
    standby = await version.start(setup, { primary_conninfo }, { 'standby.signal': [] });
    proxy = await startTargetProxy(primary.port);
    if (version.hasGrantOptions) await query(primary.url('payments'), ['ALTER ROLE ben NOINHERIT']);
    const breaks = { breakTarget: () => proxy.cut(), mendTarget: () => proxy.restore() };
    const by = (hosts: string, login: string) =>
      postgresHarness(primary, {
        target: { kind: 'postgres', url: `postgres://jitbot:jitbot@${hosts}/payments`, login },
        use,
        breaks,
      });
    own = await by(`127.0.0.1:${proxy.port}`, '{email_name}');
    several = await by(`127.0.0.1:${standby.port},127.0.0.1:${proxy.port}`, 'temporary');
  });
  afterAll(async () => {
    await Promise.all([own?.connection.close(), several?.connection.close()]);
    await proxy?.close();
    await standby?.stop();
    await primary?.stop();
    use.close();
  });

  describeContract(
    `postgres, ${version.hasGrantOptions ? 'own login that inherits nothing' : 'own login, least rights'}`,
    () => own,
  );
  describeContract('postgres, several servers of which the first only follows', () => several);
});
