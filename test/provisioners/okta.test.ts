import { createEmulator, type Emulator } from 'emulate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { okta } from '../../src/provisioners/okta/provisioner.ts';
import { startTargetProxy, type TargetProxy } from '../../src/sandbox/targetProxy.ts';
import { freePort } from '../support/ports.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

/** Okta's own client against an independent fake of Okta. */

const use = useForTests();
const person = (login: string) => ({ login, email: login, first_name: 'A', last_name: 'B' });
let emulator: Emulator;
let proxy: TargetProxy & { close(): Promise<void> };
let harness: Harness;
let role: { groups: string[] };

async function asAdmin<T>(method: string, path: string): Promise<T> {
  const response = await fetch(`${emulator.url}/api/v1${path}`, { method, headers: { authorization: 'SSWS admin' } });
  const text = await response.text();
  return (text ? JSON.parse(text) : null) as T;
}
const members = async () =>
  (await asAdmin<{ profile: { login: string } }[]>('GET', `/groups/${role.groups[0]}/users`)).map(
    ({ profile }) => profile.login,
  );

beforeAll(async () => {
  const port = await freePort();
  emulator = await createEmulator({
    service: 'okta',
    port,
    seed: { okta: { users: [person(BEN.email), person('eve@harbor.example')], groups: [{ name: 'Payments' }] } },
  });
  const groups = await asAdmin<{ id: string; profile: { name: string } }[]>('GET', '/groups');
  role = { groups: groups.filter(({ profile }) => profile.name === 'Payments').map(({ id }) => id) };
  proxy = await startTargetProxy(port);
  harness = {
    connection: okta.connect(
      okta.targetSchema.parse({ kind: 'okta', url: `http://127.0.0.1:${proxy.port}`, token: 'bot' }),
      use,
    ),
    get role() {
      return role;
    },
    reallyHas: async () => (await members()).includes(BEN.email),
    breakTarget: () => proxy.cut(),
    mendTarget: () => proxy.restore(),
  };
});
afterAll(async () => {
  await harness.connection.close();
  await proxy.close();
  await emulator.close();
  use.close();
});

describeContract('okta', () => harness);

describe('okta', () => {
  let id: string;
  beforeEach(() => {
    id = newGrantId();
  });

  test('who was in the group before is in it afterwards, is listed as standing, and can be taken out', async () => {
    const eve = (await asAdmin<{ id: string }>('GET', '/users/eve@harbor.example')).id;
    await asAdmin('PUT', `/groups/${role.groups[0]}/users/${eve}`);
    const access = { ...accessOf(role, id), person: { ...BEN, email: 'eve@harbor.example' } };
    await harness.connection.grant(access, inAnHour());
    await harness.connection.revoke(access);
    const standing = { account: 'eve@harbor.example', role: 'payments-db/read', grantId: null };
    expect(await harness.connection.list?.([{ roleKey: 'payments-db/read', role }])).toEqual([standing]);
    await harness.connection.remove?.(standing, role);
    expect(await members()).toEqual([]);
  });

  test('somebody whom Okta does not know gets nothing, and nothing is left to take back', async () => {
    const stranger = { ...accessOf(role, id), person: { ...BEN, email: 'nobody@harbor.example' } };
    await expect(harness.connection.grant(stranger, inAnHour())).rejects.toThrow(/Okta at 127\.0\.0\.1.*404/);
    await harness.connection.revoke(stranger);
    expect(await harness.connection.isActive(stranger)).toBe(false);
  });

  test('the doctor knows a group that nobody is put in by hand, and one that is not there', async () => {
    const everyone = { roleKey: 'a/b', role: { groups: ['00g_everyone'] } };
    const gone = { roleKey: 'a/c', role: { groups: ['00gnothere'] } };
    expect(await harness.connection.check([everyone, gone])).toMatchObject([
      { ok: false, what: 'Everyone is a group that people are put in by hand' },
      { ok: false, what: expect.stringContaining('the bot sees the group 00gnothere') },
    ]);
  });

  test('a group is named by its id in the policy file', () => {
    expect(okta.roleSchema.safeParse({ groups: ['Payments'] }).error?.message).toContain('names can change');
  });
});
