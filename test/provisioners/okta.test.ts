import { createEmulator, type Emulator } from 'emulate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { okta } from '../../src/provisioners/okta/provisioner.ts';
import { type Answered, type Asked, type Front, startFront } from '../support/front.ts';
import { freePort } from '../support/ports.ts';
import type { Changes, Way } from './changes.ts';
import {
  accessOf,
  BEN,
  describeContract,
  type Harness,
  inAnHour,
  newGrantId,
  useForTests,
  writtenEarlier,
} from './contract.ts';

/** Okta's own client against an independent fake of Okta; a layer before it counts people, and hides and refuses as Okta does. */

const use = useForTests({ polling: { every: 5, until: 100 } });
const EVE = 'eve@harbor.example';
const person = (login: string) => ({ login, email: login, first_name: 'A', last_name: 'B' });
let emulator: Emulator;
let front: Front;
let harness: Harness;
let group: string;
let ben: string;

interface User {
  readonly id: string;
  readonly profile: { readonly login: string };
}

async function asAdmin<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${emulator.url}/api/v1${path}`, {
    method,
    headers: { authorization: 'SSWS admin', 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return (text ? JSON.parse(text) : null) as T;
}
const idOf = async (login: string) => (await asAdmin<User>('GET', `/users/${login}`)).id;
const members = async (of = group) => (await asAdmin<User[]>('GET', `/groups/${of}/users`)).map(({ id }) => id);
const profile = (login: string) => ({ profile: { login, email: login, firstName: 'A', lastName: 'B' } });
const remove = async (id: string) => {
  await asAdmin('DELETE', `/users/${id}`);
  await asAdmin('DELETE', `/users/${id}`);
};

/** Okta's own count of the people in a group, which the fake does not have. */
async function counted({ path }: Asked): Promise<Answered> {
  const id = /id eq "(\w+)"/.exec(new URL(path, 'http://okta').searchParams.get('filter') ?? '')?.[1] ?? '';
  return { status: 200, body: [{ id, _embedded: { stats: { usersCount: (await members(id)).length } } }] };
}

const othersIn = async () => (await members()).filter((id) => id !== ben).toSorted();
const hide = (how: string, before: (asked: Asked) => Answered | null): Way => ({
  how,
  act: () => {
    front.before = before;
    return {
      undo: () => {
        front.before = () => null;
      },
      others: othersIn,
    };
  },
});
const refusal = (status: number, errorCode: string): Answered => ({ status, body: { errorCode, errorSummary: 'no' } });
const isAboutUser = ({ path }: Asked) => path.includes(`/users/${ben}`);
const isList = ({ path, method }: Asked) => method === 'GET' && /groups\/\w+\/users/.test(path);

const changes: Changes = {
  renamePerson: [
    {
      how: 'the login, which a newcomer in the same group takes',
      act: async () => {
        await asAdmin('POST', `/users/${ben}`, profile('benny@harbor.example'));
        const newcomer = (await asAdmin<User>('POST', '/users', profile(BEN.email))).id;
        await asAdmin('PUT', `/groups/${group}/users/${newcomer}`);
        return {
          undo: async () => {
            await remove(newcomer);
            await asAdmin('POST', `/users/${ben}`, profile(BEN.email));
          },
          others: othersIn,
        };
      },
    },
  ],
  renameContainer: [
    {
      how: 'the group, whose name another one takes',
      act: async () => {
        await asAdmin('PUT', `/groups/${group}`, { profile: { name: 'Was payments' } });
        const namesake = (await asAdmin<{ id: string }>('POST', '/groups', { profile: { name: 'Payments' } })).id;
        await asAdmin('PUT', `/groups/${namesake}/users/${ben}`);
        return {
          undo: async () => {
            await asAdmin('DELETE', `/groups/${namesake}`);
            await asAdmin('PUT', `/groups/${group}`, { profile: { name: 'Payments' } });
          },
          others: () => members(namesake),
        };
      },
    },
  ],
  moveTarget: 'a group stays in the Okta that gave it its id; another Okta is another place in the policy file',
  blind: [
    hide('the token is revoked', () => refusal(401, 'E0000011')),
    hide('the administrator role is taken away', () => refusal(403, 'E0000006')),
    hide('the group is out of sight', ({ path }) => (path.includes(group) ? refusal(404, 'E0000007') : null)),
    hide('the person is out of sight, in lists as well', (asked) => {
      if (isList(asked)) return { status: 200, body: [] };
      return isAboutUser(asked) ? refusal(404, 'E0000007') : null;
    }),
    hide('people can be read, and no longer be changed', ({ method }) =>
      method === 'GET' ? null : refusal(403, 'E0000006'),
    ),
    ...[{ ok: true }, null, 'none', [{}], [[]]].map((body) =>
      hide(`the group's people are ${JSON.stringify(body)}`, (asked) => (isList(asked) ? { status: 200, body } : null)),
    ),
  ],
};

beforeAll(async () => {
  const port = await freePort();
  emulator = await createEmulator({
    service: 'okta',
    port,
    seed: { okta: { users: [person(BEN.email), person(EVE)], groups: [{ name: 'Payments' }] } },
  });
  const groups = await asAdmin<{ id: string; profile: { name: string } }[]>('GET', '/groups');
  group = groups.find(({ profile: { name } }) => name === 'Payments')?.id ?? '';
  ben = await idOf(BEN.email);
  front = await startFront(emulator.url, (asked, pass) =>
    asked.path.includes('expand=stats') ? counted(asked) : pass(asked),
  );
  harness = {
    connection: okta.connect(okta.targetSchema.parse({ kind: 'okta', url: front.url, token: 'bot' }), use),
    role: { groups: [group] },
    reallyHas: async () => (await members()).includes(ben),
    breakTarget: () => {
      front.isDown = true;
    },
    mendTarget: () => {
      front.isDown = false;
    },
    changes,
  };
});
afterAll(async () => {
  await harness.connection.close();
  await front.close();
  await emulator.close();
  use.close();
});

describeContract('okta', () => harness);

describe('okta', () => {
  let id: string;
  const roleOf = () => ({ groups: [group] });
  const access = (email = BEN.email) => ({ ...accessOf(roleOf(), id), person: { ...BEN, email } });
  const list = () => harness.connection.list?.([{ roleKey: 'payments-db/read', role: roleOf() }]);
  beforeEach(() => {
    id = newGrantId();
  });

  test('who was in the group before is in it afterwards, is listed as standing, and can be taken out', async () => {
    await asAdmin('PUT', `/groups/${group}/users/${await idOf(EVE)}`);
    await harness.connection.grant(access(EVE), inAnHour());
    await harness.connection.revoke(access(EVE));
    const standing = { account: EVE, role: 'payments-db/read', grantId: null };
    expect(await list()).toEqual([standing]);
    await harness.connection.remove?.(standing, roleOf());
    expect(await members()).toEqual([]);
  });

  test('somebody whom Okta does not know gets nothing, and nothing is left to take back', async () => {
    const stranger = access('nobody@harbor.example');
    await expect(harness.connection.grant(stranger, inAnHour())).rejects.toThrow(/Okta at 127\.0\.0\.1.*404/);
    await harness.connection.revoke(stranger);
    expect(await harness.connection.isActive(stranger)).toBe(false);
  });

  test('K3.8 access that an earlier version gave to a login is stamped, and ends after the login changed', async () => {
    const place = `okta ${new URL(front.url).host} ${group}`;
    writtenEarlier(use, { grantId: id, place, account: BEN.email, level: 'member' });
    await asAdmin('PUT', `/groups/${group}/users/${ben}`);
    await harness.connection.stamp?.(access());
    await asAdmin('POST', `/users/${ben}`, profile('benny@harbor.example'));
    await harness.connection.revoke(access());
    expect(await members()).toEqual([]);
    await asAdmin('POST', `/users/${ben}`, profile(BEN.email));
  });

  test('K3.3 two grants of one person, one before and one after the login changed, are one seat', async () => {
    const second = { ...access('benny@harbor.example'), grantId: newGrantId() };
    await harness.connection.grant(access(), inAnHour());
    await asAdmin('POST', `/users/${ben}`, profile('benny@harbor.example'));
    await harness.connection.grant(second, inAnHour());
    expect((await list())?.map(({ account, grantId }) => [account, grantId]).toSorted()).toEqual(
      [id, second.grantId].map((one) => ['benny@harbor.example', one]).toSorted(),
    );
    await harness.connection.revoke(access());
    expect(await members()).toEqual([ben]);
    await harness.connection.revoke(second);
    expect(await members()).toEqual([]);
    await asAdmin('POST', `/users/${ben}`, profile(BEN.email));
  });

  test('K3 somebody who is suspended or deactivated meanwhile is taken out all the same', async () => {
    for (const [out, back] of [
      ['suspend', 'unsuspend'],
      ['deactivate', 'activate'],
    ]) {
      await harness.connection.grant(access(), inAnHour());
      await asAdmin('POST', `/users/${ben}/lifecycle/${out}`);
      await harness.connection.revoke(access());
      expect(await members()).toEqual([]);
      await asAdmin('POST', `/users/${ben}/lifecycle/${back}`);
    }
  });

  test('K3 somebody who was deleted is in no group, where Okta counts nobody whom it does not show', async () => {
    await asAdmin('POST', '/users', profile('gone@harbor.example'));
    await harness.connection.grant(access('gone@harbor.example'), inAnHour());
    await remove(await idOf('gone@harbor.example'));
    await harness.connection.revoke(access('gone@harbor.example'));
    expect(await harness.connection.isActive(access('gone@harbor.example'))).toBe(false);
  });

  test('K3 what Okta said a moment ago is not taken for what is so now', async () => {
    await harness.connection.grant(access(), inAnHour());
    const gets = () => front.asked.filter(({ method, path }) => method === 'GET' && path.includes(ben)).length;
    const before = gets();
    await harness.connection.revoke(access());
    expect(gets()).toBeGreaterThan(before);
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
