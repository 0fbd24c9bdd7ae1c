import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgres } from '../../src/provisioners/postgres/provisioner.ts';
import type { Access, Connection } from '../../src/provisioners/provisioner.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { webhook } from '../../src/provisioners/webhook/provisioner.ts';
import { type FlagService, startFlagService } from '../../src/sandbox/flagService.ts';
import { type PostgresServer, query, startPostgres } from '../../src/sandbox/postgres.ts';
import { startTargetProxy, type TargetProxy } from '../../src/sandbox/targetProxy.ts';
import { DATABASE_SETUP } from '../../src/sandbox/team.ts';
import { recordedLog } from '../support/log.ts';

/** What every provisioner must do, against the real thing. A new one adds a harness and passes the same tests. */

interface Harness {
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: connections of every kind stand in one list, each with its own role
  readonly connection: Connection<any>;
  readonly role: unknown;
  /** What the target itself says the person can do, asked around the provisioner. */
  reallyHas(grantId: string): Promise<boolean>;
  breakTarget(): void;
  mendTarget(): void;
}

let server: PostgresServer;
let proxy: TargetProxy & { close(): Promise<void> };
let flags: FlagService;
const harnesses = new Map<string, Harness>();
const log = recordedLog();
const use = { log, clock: { now: Date.now } };
let serial = 0;
let id: string;

beforeAll(async () => {
  server = await startPostgres(DATABASE_SETUP);
  proxy = await startTargetProxy(server.port);
  flags = await startFlagService('sixteen-characters-at-least', Date.now);
  const url = `postgres://jitbot:jitbot-sandbox@127.0.0.1:${proxy.port}/payments`;
  const asAdmin = (statement: string) =>
    query(server.url('payments'), [statement]).then(
      ([result]) => result?.rows[0] as Record<string, boolean> | undefined,
    );
  harnesses.set('postgres, temporary login', {
    kind: 'postgres',
    connection: postgres.connect({ kind: 'postgres', url, login: 'temporary' }, use),
    role: { roles: ['payments_read'] },
    reallyHas: async (grantId) =>
      (
        await asAdmin(
          `SELECT has_table_privilege(r.oid, 'payments', 'SELECT') AS yes FROM pg_roles r WHERE rolname = 'jit_ben_${grantId.toLowerCase()}' AND rolcanlogin`,
        )
      )?.yes === true,
    breakTarget: () => proxy.cut(),
    mendTarget: () => proxy.restore(),
  });
  harnesses.set('postgres, own login', {
    kind: 'postgres',
    connection: postgres.connect({ kind: 'postgres', url, login: '{email_name}' }, use),
    role: { roles: ['payments_read'] },
    reallyHas: async () =>
      (await asAdmin("SELECT has_table_privilege('ben', 'payments', 'SELECT') AS yes"))?.yes === true,
    breakTarget: () => proxy.cut(),
    mendTarget: () => proxy.restore(),
  });
  harnesses.set('webhook', {
    kind: 'webhook',
    connection: webhook.connect({ kind: 'webhook', url: flags.url, secret: 'sixteen-characters-at-least' }, use),
    role: { permission: 'edit' },
    reallyHas: async (grantId) => flags.editors.has(grantId),
    breakTarget: () => flags.faults.add({ kind: 'error_500' }),
    mendTarget: () => flags.faults.clear(),
  });
});
afterAll(async () => {
  for (const { connection } of harnesses.values()) await connection.close();
  await Promise.all([proxy.close(), flags.close()]);
  await server.stop();
});
beforeEach(() => {
  serial += 1;
  id = `G000000${serial}`;
});

const NAMES = ['postgres, temporary login', 'postgres, own login', 'webhook'];
const inAnHour = () => Date.now() + 3_600_000;
const harness = (name: string): Harness => {
  const found = harnesses.get(name);
  if (!found) throw new Error(`no harness ${name}`);
  return found;
};
const access = <Role>(role: Role, grantId = id): Access<Role> => ({
  grantId,
  role,
  roleKey: 'payments-db/read',
  person: { slackId: 'U0BEN', name: 'Ben Okafor', email: 'ben@harbor.example' },
});

test('every registered provisioner is under contract', () => {
  expect(new Set([...NAMES].map((name) => harness(name).kind))).toEqual(new Set(PROVISIONERS.map(({ kind }) => kind)));
});

describe.each(NAMES)('%s', (name) => {
  test('what was never granted is not active, and revoking it is success', async () => {
    const { connection, role } = harness(name);
    expect(await connection.isActive(access(role))).toBe(false);
    await connection.revoke(access(role));
  });

  test('a grant is real at the target, and gone after revoke', async () => {
    const { connection, role, reallyHas } = harness(name);
    const { account } = await connection.grant(access(role), inAnHour());
    expect(account).not.toBe('');
    expect(await connection.isActive(access(role))).toBe(true);
    expect(await reallyHas(id)).toBe(true);
    await connection.revoke(access(role));
    expect(await connection.isActive(access(role))).toBe(false);
    expect(await reallyHas(id)).toBe(false);
  });

  test('granting and revoking twice is the same as once', async () => {
    const { connection, role, reallyHas } = harness(name);
    const first = await connection.grant(access(role), inAnHour());
    expect(await connection.grant(access(role), inAnHour())).toEqual(first);
    expect(await reallyHas(id)).toBe(true);
    await connection.revoke(access(role));
    await connection.revoke(access(role));
    expect(await reallyHas(id)).toBe(false);
  });

  test('ending one grant leaves another live grant of the same thing alone', async () => {
    const { connection, role, reallyHas } = harness(name);
    await connection.grant(access(role), inAnHour());
    await connection.grant(access(role, `${id}B`), inAnHour());
    await connection.revoke(access(role));
    expect(await connection.isActive(access(role, `${id}B`))).toBe(true);
    expect(await reallyHas(`${id}B`)).toBe(true);
    await connection.revoke(access(role, `${id}B`));
  });

  test('where it can say who holds a role, what a grant gave is listed under that grant, until it is revoked', async () => {
    const { connection, role } = harness(name);
    if (!connection.list || !connection.remove) return expect(connection.remove).toBeUndefined();
    const list = () => connection.list?.([{ roleKey: 'payments-db/read', role }]);
    const { account } = await connection.grant(access(role), inAnHour());
    const held = (await list())?.find(({ grantId }) => grantId === id);
    expect(held).toMatchObject({ role: 'payments-db/read', grantId: id });
    expect(account).not.toBe('');
    await connection.revoke(access(role));
    expect((await list())?.filter(({ grantId }) => grantId === id)).toEqual([]);
    // What nobody will revoke any more can be removed by what the list says of it, once and again.
    await connection.grant(access(role, `${id}C`), inAnHour());
    const left = (await list())?.find(({ grantId }) => grantId === `${id}C`);
    if (!left) throw new Error('what was granted is not listed');
    await connection.remove(left, role);
    await connection.remove(left, role);
    expect(await connection.isActive(access(role, `${id}C`))).toBe(false);
  });

  test('a target that is down makes every call fail, with a word on which target; none is taken for "not active"', async () => {
    const { connection, role, breakTarget, mendTarget } = harness(name);
    breakTarget();
    await expect(connection.grant(access(role), inAnHour())).rejects.toThrow(/127\.0\.0\.1/);
    await expect(connection.revoke(access(role))).rejects.toThrow();
    await expect(connection.isActive(access(role))).rejects.toThrow();
    mendTarget();
    await connection.revoke(access(role));
    expect(await connection.isActive(access(role))).toBe(false);
  });
});

describe('postgres', () => {
  const temporary = () => harness('postgres, temporary login').connection;
  const own = () => harness('postgres, own login').connection;
  const role = { roles: ['payments_read'] };

  async function login(grantId = id): Promise<string> {
    await temporary().grant(access(role, grantId), inAnHour());
    const credential = await temporary().issueCredential?.(access(role, grantId));
    return (credential?.usage ?? '').replace(`:${proxy.port}/`, `:${server.port}/`);
  }

  test('a login has no password until its person asks for one, and its own expiry is set in PostgreSQL', async () => {
    const until = inAnHour();
    await temporary().grant(access(role), until);
    const [result] = await query(server.url('postgres'), [
      `SELECT rolpassword, rolvaliduntil FROM pg_authid WHERE rolname = 'jit_ben_${id.toLowerCase()}'`,
    ]);
    expect(result?.rows).toEqual([{ rolpassword: null, rolvaliduntil: new Date(until) }]);
    await temporary().revoke(access(role));
  });

  test('revoking ends the sessions that are open', async () => {
    const address = await login();
    const pg = (await import('pg')).default;
    const client = new pg.Client({ connectionString: address });
    const cut = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await client.query('SELECT * FROM payments');
    await temporary().revoke(access(role));
    expect(String(await cut)).toMatch(/terminat|connection/i);
    await expect(query(address, ['SELECT 1'])).rejects.toThrow();
  });

  test('what the person made while they had access stays, and does not keep the login alive', async () => {
    const admin = { roles: ['payments_admin'] };
    await temporary().grant(access(admin), inAnHour());
    const credential = await temporary().issueCredential?.(access(admin));
    await query((credential?.usage ?? '').replace(`:${proxy.port}/`, `:${server.port}/`), [
      `CREATE TABLE notes_${serial} (n int)`,
      `INSERT INTO notes_${serial} VALUES (1)`,
    ]);
    await temporary().revoke(access(admin));
    const [roles, rows] = await query(server.url('payments'), [
      "SELECT 1 FROM pg_roles WHERE rolname LIKE 'jit\\_ben\\_%'",
      `SELECT * FROM notes_${serial}`,
    ]);
    expect(roles?.rowCount).toBe(0);
    expect(rows?.rowCount).toBe(1);
  });

  test('what a login held before the grant, outside the bot, is still there after it', async () => {
    await query(server.url('postgres'), ['GRANT payments_read TO ben']);
    await own().grant(access(role), inAnHour());
    await own().revoke(access(role));
    const [held] = await query(server.url('payments'), [
      "SELECT has_table_privilege('ben', 'payments', 'SELECT') AS yes",
    ]);
    expect(held?.rows).toEqual([{ yes: true }]);
    await query(server.url('postgres'), ['REVOKE payments_read FROM ben']);
  });

  test('lists who holds a role by other ways, directly or through a group, and takes away what was given directly', async () => {
    const list = () => temporary().list?.([{ roleKey: 'payments-db/read', role }]);
    const logins = async () => (await list())?.map(({ account, grantId }) => [account, grantId]);
    expect(await logins()).toEqual([]);
    await query(server.url('postgres'), [
      'GRANT payments_read TO ben',
      'CREATE ROLE analysts NOLOGIN',
      'GRANT payments_read TO analysts',
      'GRANT analysts TO ana',
    ]);
    expect(await logins()).toEqual([
      ['ana', null],
      ['ben', null],
    ]);
    const standing = (account: string) => ({ account, role: 'payments-db/read', grantId: null });
    await query(server.url('postgres'), ['REVOKE payments_read FROM ben']);
    await query(server.url('postgres', 'jitbot', 'jitbot-sandbox'), ['GRANT payments_read TO ben']);
    await temporary().remove?.(standing('ben'), role);
    await expect(temporary().remove?.(standing('ana'), role)).rejects.toThrow(
      /"ana" holds payments_read through another role/,
    );
    expect(await logins()).toEqual([['ana', null]]);
    await query(server.url('postgres'), ['DROP OWNED BY analysts', 'DROP ROLE analysts']);
    expect(await logins()).toEqual([]);
  });

  test('a session of the own login that took the role on does not keep it', async () => {
    await own().grant(access(role), inAnHour());
    const pg = (await import('pg')).default;
    const client = new pg.Client({ connectionString: server.url('payments', 'ben', 'ben-sandbox') });
    const cut = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await client.query('SET ROLE payments_read');
    await own().revoke(access(role));
    await cut;
    await expect(query(server.url('payments', 'ben', 'ben-sandbox'), ['SELECT * FROM payments'])).rejects.toThrow(
      /permission denied/,
    );
  });

  test('a login that does not exist is named, and nothing is made', async () => {
    const nobody = { ...access(role), person: { slackId: 'U1', name: 'X', email: 'zoe@harbor.example' } };
    await expect(own().grant(nobody, inAnHour())).rejects.toThrow(/no login "zoe"/);
    expect(await own().isActive(nobody)).toBe(false);
  });

  test('a revoke waits for a grant whose commit is still on its way', async () => {
    const held = proxy.holdAnswerAfter('CREATE ROLE');
    const granting = temporary()
      .grant(access(role), inAnHour())
      .catch((error: unknown) => error);
    await held;
    // The grant took effect and nobody knows; a revoke finds and removes it.
    await temporary().revoke(access(role));
    expect(await temporary().isActive(access(role))).toBe(false);
    proxy.cut();
    proxy.restore();
    expect(await granting).toBeInstanceOf(Error);
  });
});

describe('webhook', () => {
  test('a receiver that answers nonsense, or says no, is a failure', async () => {
    const { connection, role } = harness('webhook');
    flags.faults.add({ kind: 'html', times: 1 });
    await expect(connection.isActive(access(role))).rejects.toThrow(/502/);
  });

  test('a wrong secret is refused by the receiver and grants nothing', async () => {
    const wrong = webhook.connect({ kind: 'webhook', url: flags.url, secret: 'another-secret-of-some-length' }, use);
    await expect(wrong.grant(access({ permission: 'edit' }), inAnHour())).rejects.toThrow(/401/);
    expect(flags.refused).toContain('bad signature');
    expect(flags.editors.has(id)).toBe(false);
  });

  test('a request that was signed long ago is refused by the receiver: one that was held up does not grant late', async () => {
    const late = webhook.connect(
      { kind: 'webhook', url: flags.url, secret: 'sixteen-characters-at-least' },
      { log, clock: { now: () => Date.now() - 10 * 60_000 } },
    );
    await expect(late.grant(access({ permission: 'edit' }), inAnHour())).rejects.toThrow(/401/);
  });
});
