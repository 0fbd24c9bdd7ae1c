/** Okta's own client against an independent fake of Okta. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { okta } from '../../src/provisioners/okta/provisioner.ts';
import type { Answered, Asked, Front } from '../support/front.ts';
import { type FakeOkta, startOkta } from '../support/okta.ts';
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

const use = useForTests({ polling: { every: 5, until: 100 } });
const EVE = 'eve@harbor.example';
let fake: FakeOkta;
let front: Front;
let harness: Harness;
let group: string;
let ben: string;

const othersIn = async () => (await fake.members(group)).filter((id) => id !== ben).toSorted();
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
        await fake.rename(ben, 'benny@harbor.example');
        const newcomer = await fake.addUser(BEN.email);
        await fake.put(group, newcomer);
        return {
          undo: async () => {
            await fake.removeUser(newcomer);
            await fake.rename(ben, BEN.email);
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
        await fake.renameGroup(group, 'Was payments');
        const namesake = await fake.addGroup('Payments');
        await fake.put(namesake, ben);
        return {
          undo: async () => {
            await fake.asAdmin('DELETE', `/groups/${namesake}`);
            await fake.renameGroup(group, 'Payments');
          },
          others: () => fake.members(namesake),
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
  fake = await startOkta([BEN.email, EVE]);
  ({ front } = fake);
  group = await fake.addGroup('Payments');
  ben = await fake.idOf(BEN.email);
  harness = {
    connection: okta.connect(okta.targetSchema.parse({ kind: 'okta', url: front.url, token: 'bot' }), use),
    role: { groups: [group] },
    reallyHas: async () => (await fake.members(group)).includes(ben),
    welcome: async (email) => {
      const odd = await fake.addUser(email);
      return { has: async () => (await fake.members(group)).includes(odd), leave: () => fake.removeUser(odd) };
    },
    breakTarget: () => {
      front.isDown = true;
    },
    mendTarget: () => {
      front.isDown = false;
    },
    changes,
    wire: front.wire,
  };
});
afterAll(async () => {
  await harness.connection.close();
  await fake.close();
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

  test('an earlier member stays one, is listed as standing, and can be removed', async () => {
    await fake.put(group, await fake.idOf(EVE));
    await harness.connection.grant(access(EVE), inAnHour());
    await harness.connection.revoke(access(EVE));
    const standing = { account: EVE, role: 'payments-db/read', grantId: null };
    expect(await list()).toEqual([standing]);
    await harness.connection.remove?.(standing, roleOf());
    expect(await fake.members(group)).toEqual([]);
  });

  test('somebody whom Okta does not know gets nothing, with nothing to take back', async () => {
    const stranger = access('nobody@harbor.example');
    await expect(harness.connection.grant(stranger, inAnHour())).rejects.toThrow(/Okta at 127\.0\.0\.1.*404/);
    await harness.connection.revoke(stranger);
    expect(await harness.connection.isActive(stranger)).toBe(false);
  });

  test('K3.8 access given to a login is stamped, and ends after the login changed', async () => {
    const place = `okta ${new URL(front.url).host} ${group}`;
    await writtenEarlier(use, { grantId: id, place, account: BEN.email, level: 'member' });
    await fake.put(group, ben);
    await harness.connection.stamp?.(access());
    await fake.rename(ben, 'benny@harbor.example');
    await harness.connection.revoke(access());
    expect(await fake.members(group)).toEqual([]);
    await fake.rename(ben, BEN.email);
  });

  test('K3.3 two grants of one person around a new login are one seat', async () => {
    const second = { ...access('benny@harbor.example'), grantId: newGrantId() };
    await harness.connection.grant(access(), inAnHour());
    await fake.rename(ben, 'benny@harbor.example');
    await harness.connection.grant(second, inAnHour());
    expect((await list())?.map(({ account, grantId }) => [account, grantId]).toSorted()).toEqual(
      [id, second.grantId].map((one) => ['benny@harbor.example', one]).toSorted(),
    );
    await harness.connection.revoke(access());
    expect(await fake.members(group)).toEqual([ben]);
    await harness.connection.revoke(second);
    expect(await fake.members(group)).toEqual([]);
    await fake.rename(ben, BEN.email);
  });

  test('somebody who was suspended or deactivated meanwhile is removed all the same', async () => {
    for (const [out, back] of [
      ['suspend', 'unsuspend'],
      ['deactivate', 'activate'],
    ]) {
      await harness.connection.grant(access(), inAnHour());
      await fake.asAdmin('POST', `/users/${ben}/lifecycle/${out}`);
      await harness.connection.revoke(access());
      expect(await fake.members(group)).toEqual([]);
      await fake.asAdmin('POST', `/users/${ben}/lifecycle/${back}`);
    }
  });

  test('a deleted person counts as gone where Okta counts only whom it shows', async () => {
    await fake.addUser('gone@harbor.example');
    await harness.connection.grant(access('gone@harbor.example'), inAnHour());
    await fake.removeUser(await fake.idOf('gone@harbor.example'));
    await expect(harness.connection.grant(access('gone@harbor.example'), inAnHour())).rejects.toThrow(
      'unknown in Okta',
    );
    await harness.connection.revoke(access('gone@harbor.example'));
    expect(await harness.connection.isActive(access('gone@harbor.example'))).toBe(false);
  });

  test('Okta’s answer of a moment ago is not taken for the present', async () => {
    await harness.connection.grant(access(), inAnHour());
    const gets = () => front.asked.filter(({ method, path }) => method === 'GET' && path.includes(ben)).length;
    const before = gets();
    await harness.connection.revoke(access());
    expect(gets()).toBeGreaterThan(before);
  });

  test('the doctor names a group that Okta fills, and a missing one', async () => {
    const everyone = { roleKey: 'a/b', role: { groups: ['00g_everyone'] } };
    const gone = { roleKey: 'a/c', role: { groups: ['00gnothere'] } };
    expect(await harness.connection.check([everyone, gone])).toMatchObject([
      { ok: false, what: 'people are added to Everyone by hand' },
      { ok: false, what: expect.stringContaining('the bot sees the group 00gnothere') },
    ]);
  });

  test.each([
    ['suspend', 'unsuspend', 'suspended'],
    ['deactivate', 'activate', 'deprovisioned'],
  ])('somebody whom Okta has shut out (%s) is refused, with the reason', async (out, back, state) => {
    await fake.asAdmin('POST', `/users/${ben}/lifecycle/${out}`);
    await expect(harness.connection.grant(access(), inAnHour())).rejects.toThrow(`${BEN.email} is ${state} in Okta`);
    expect(await fake.members(group)).toEqual([]);
    await harness.connection.revoke(access());
    await fake.asAdmin('POST', `/users/${ben}/lifecycle/${back}`);
  });

  describe('who has a name', () => {
    /** What Okta answers when it is asked for one user. */
    const answering = (login: string) => {
      front.before = ({ path, method }) =>
        method === 'GET' && /^\/api\/v1\/users\/[^/]+$/.test(path)
          ? { status: 200, body: { id: ben, status: 'ACTIVE', profile: { login } } }
          : null;
    };
    const grantTo = async (account: string) => {
      const connection = okta.connect(okta.targetSchema.parse({ kind: 'okta', url: front.url, token: 'bot' }), {
        ...use,
        accountOf: () => account,
      });
      try {
        return await connection.grant(access(), inAnHour());
      } finally {
        front.before = () => null;
        await connection.revoke(access());
      }
    };

    test.each([
      ['ben@harbor.example', 'ben@harbor.example'],
      ['Ben@Harbor.example', 'ben@harbor.example'],
      ['ben', 'ben@harbor.example'],
      ['BEN', 'Ben@harbor.example'],
    ])('%s is %s', async (account, login) => {
      answering(login);
      expect(await grantTo(account)).toEqual({ account });
    });

    test.each([
      ['be', 'ben@harbor.example'],
      ['ben@harbor', 'ben@harbor.example'],
      ['00u1benoka', 'ben@harbor.example'],
      ['ben@harbor.example', 'ben@agency.example'],
      ['harbor.example', 'ben@harbor.example'],
    ])('%s is not %s, although Okta says so', async (account, login) => {
      answering(login);
      await expect(grantTo(account)).rejects.toThrow(
        `Okta at ${new URL(front.url).host} was asked for ${account} and answered with ${login}`,
      );
    });
  });

  test('a list that goes on at another host is not followed, and proves nothing', async () => {
    await harness.connection.grant(access(), inAnHour());
    const link = '<http://elsewhere.example/api/v1/more>; rel="next"';
    front.before = (asked) => (isList(asked) ? { status: 200, body: [], headers: { link } } : null);
    await expect(harness.connection.isActive(access())).rejects.toThrow(
      'says that the next page is at elsewhere.example',
    );
    front.before = () => null;
    await harness.connection.revoke(access());
  });

  test.each([
    ['one more than it shows', { usersCount: 1 }, {}],
    ['those of another group', { usersCount: 0 }, { id: '00gother' }],
  ])('nobody counts as out of a group of which Okta counts %s', async (_, stats, more) => {
    await harness.connection.grant(access(), inAnHour());
    front.before = (asked) => {
      if (asked.path.includes('expand=stats'))
        return { status: 200, body: [{ id: group, ...more, _embedded: { stats } }] };
      if (isList(asked)) return { status: 200, body: [] };
      return isAboutUser(asked) ? refusal(404, 'E0000007') : null;
    };
    await expect(harness.connection.isActive(access())).rejects.toThrow(/counts more people in the group/);
    front.before = () => null;
    await harness.connection.revoke(access());
  });

  test('the doctor names a group that an application fills, and accepts Okta’s own', async () => {
    front.before = ({ path }) =>
      path.endsWith('/groups/00gapp') ? { status: 200, body: { id: '00gapp', type: 'APP_GROUP', profile: {} } } : null;
    const findings = await harness.connection.check([
      { roleKey: 'a/b', role: { groups: [group, '00gapp'] } },
      { roleKey: 'a/c', role: { groups: [group] } },
    ]);
    front.before = () => null;
    expect(findings).toMatchObject([
      { ok: true, what: 'people are added to Payments by hand' },
      { ok: false, fix: expect.stringContaining('filled by an application') },
    ]);
  });

  test('an application that Okta opened keeps its own session, until it is closed', () => {
    expect(harness.connection.afterlife).toBeNull();
  });

  test('a group is named by its id in the policy file', () => {
    expect(okta.roleSchema.safeParse({ groups: ['Payments'] }).error?.message).toContain('names can change');
    for (const name of ['x00g1', '00g1 x', '00g', '00u1abc', '00g1\n'])
      expect(okta.roleSchema.safeParse({ groups: [name] }).success, name).toBe(false);
    expect(okta.roleSchema.safeParse({ groups: ['00g1aBc_d'] }).success).toBe(true);
    expect(okta.roleSchema.safeParse({ groups: [] }).error?.message).toContain('name at least one group');
  });

  test('a target has a token or an app, and a template that names a person', () => {
    const says = (more: object) => {
      const parsed = okta.targetSchema.safeParse({ kind: 'okta', url: 'https://acme.okta.com', ...more });
      return parsed.success ? parsed.data.account : parsed.error.issues.map(({ message }) => message);
    };
    const app = { client_id: 'a', private_key: 'k' };
    expect(says({ token: 't' })).toBe('{email}');
    expect(says({ app, account: '{okta}' })).toBe('{okta}');
    expect(says({})).toEqual(['expected either app or token']);
    expect(says({ token: 't', app })).toEqual(['expected either app or token']);
    expect(says({ token: 't', account: 'ben' })).toEqual(['expected a template such as "{email}"']);
  });
});
