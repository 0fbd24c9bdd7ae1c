/** Google's own client, with a workload identity, against groups written from the published description. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { googleGroup } from '../../src/provisioners/google/group.ts';
import { credentialsFor } from '../support/google.ts';
import { type FakeGoogleGroups, startGoogleGroups } from '../support/googleGroups.ts';
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
const folder = mkdtempSync(join(tmpdir(), 'jitbot-google-'));
const GROUP = 'payments@harbor.example';
const PAYMENTS = 'groups/01payments';
const role = { groups: [GROUP] };
let google: FakeGoogleGroups;
let harness: Harness;
let id: string;

const group = () => {
  const found = google.groups.get(PAYMENTS);
  if (!found) throw new Error('the group is gone');
  return found;
};
const people = () => group().members.map(({ person }) => person);
const others = () => people().filter((person) => person !== 'ben');
const fresh = () => {
  google.groups.clear();
  google.people.clear();
  google.groups.set(PAYMENTS, { address: GROUP, members: [] });
  for (const [address, person] of Object.entries({ [BEN.email]: 'ben', 'eve@harbor.example': 'eve' }))
    google.people.set(address, person);
};

const denied = { status: 403, body: { error: { code: 403, message: 'Error(2028): Permission denied' } } };
const absent = { status: 404, body: { error: { code: 404, message: 'Error(4003): not found' } } };
const lying = (how: string, before: FakeGoogleGroups['before']): Way => ({
  how,
  act: () => {
    google.before = before;
    return {
      undo: () => {
        google.before = () => null;
      },
      others,
    };
  },
});
const isList = (method: string, path: string) => method === 'GET' && path.endsWith('/memberships');
const isMembership = (path: string) => /\/memberships(\/|:lookup)/.test(path);

const changes: Changes = {
  renamePerson: [
    {
      how: 'the address, which a newcomer in the same group takes',
      act: () => {
        google.people.set('benny@harbor.example', 'ben');
        google.people.set(BEN.email, 'newcomer');
        google.put(PAYMENTS, 'newcomer');
        return {
          undo: () => {
            google.people.delete('benny@harbor.example');
            google.people.set(BEN.email, 'ben');
            group().members = group().members.filter(({ person }) => person !== 'newcomer');
          },
          others,
        };
      },
    },
  ],
  renameContainer: [
    {
      how: 'the address of the group, which another one takes that the person is in too',
      act: () => {
        group().address = 'was-payments@harbor.example';
        google.groups.set('groups/02new', { address: GROUP, members: [] });
        google.put('groups/02new', 'ben');
        return {
          undo: () => {
            google.groups.delete('groups/02new');
            group().address = GROUP;
          },
          others: () => google.groups.get('groups/02new')?.members.length,
        };
      },
    },
  ],
  moveTarget: [
    {
      how: 'the group goes to another customer of Google, out of sight',
      act: () => {
        google.before = (_method, path) => (path.includes(PAYMENTS) ? denied : null);
        return {
          undo: () => {
            google.before = () => null;
          },
          others,
        };
      },
    },
  ],
  blind: [
    lying('everything is denied', () => denied),
    lying('memberships are not there', (_method, path) => (isMembership(path) ? absent : null)),
    lying('the group and its memberships are not there', (_method, path) => (path.includes(PAYMENTS) ? absent : null)),
    lying('memberships are not there, and the list is denied', (method, path) =>
      isMembership(path) ? absent : isList(method, path) ? denied : null,
    ),
    lying('memberships are not there, and the list is empty while the group is out of sight', (method, path) => {
      if (isMembership(path)) return absent;
      if (isList(method, path)) return { status: 200, body: {} };
      return path.endsWith(PAYMENTS) ? denied : null;
    }),
    lying('memberships are denied, none is there to take away, and the list is empty', (method, path) => {
      if (isMembership(path)) return method === 'GET' && !path.endsWith(':lookup') ? denied : absent;
      return isList(method, path) ? { status: 200, body: {} } : null;
    }),
    lying('memberships are not there, and the group answers as another one with nobody in it', (method, path) => {
      if (isMembership(path)) return absent;
      if (isList(method, path)) return { status: 200, body: {} };
      return path.endsWith(PAYMENTS) ? { status: 200, body: { name: 'groups/02new' } } : null;
    }),
    lying('they may be read, and not be taken away', (method) => (method === 'DELETE' ? denied : null)),
    ...[null, [], { memberships: null }, { memberships: 'none' }, { memberships: [{}] }].map((body) =>
      lying(`memberships are not there, and the list is ${JSON.stringify(body)}`, (method, path) =>
        isMembership(path) ? absent : isList(method, path) ? { status: 200, body } : null,
      ),
    ),
  ],
};

beforeAll(async () => {
  google = await startGoogleGroups();
  const credentials = join(folder, 'credentials.json');
  writeFileSync(join(folder, 'subject'), 'a token of the machine that the bot runs on');
  writeFileSync(credentials, credentialsFor(google, join(folder, 'subject')));
  harness = {
    connection: googleGroup.connect(
      googleGroup.targetSchema.parse({ kind: 'google_group', credentials, endpoint: google.url }),
      use,
    ),
    role,
    reallyHas: async () => people().includes('ben'),
    welcome: async (email) => {
      google.people.set(email.toLowerCase(), 'odd');
      return {
        has: async () => people().includes('odd'),
        leave: async () => google.people.delete(email.toLowerCase()),
      };
    },
    breakTarget: () => {
      google.down = true;
    },
    mendTarget: () => {
      google.down = false;
    },
    endOf: async () => {
      const [mine] = group().members.filter(({ person }) => person === 'ben');
      const end = mine?.roles[0]?.expiryDetail?.expireTime;
      return end === undefined ? null : Date.parse(end);
    },
    isOneSeat: true,
    changes,
    wire: google.wire,
  };
});
afterAll(async () => {
  await harness.connection.close();
  await google.close();
  use.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  id = newGrantId();
  fresh();
});

describeContract('google_group', () => harness);

const expiry = () => group().members.map(({ roles }) => roles[0]?.expiryDetail?.expireTime);
const grant = (grantId: string, until: number, email = BEN.email) =>
  harness.connection.grant({ ...accessOf(role, grantId), person: { ...BEN, email } }, until);
const revoke = (grantId: string) => harness.connection.revoke(accessOf(role, grantId));

describe('Google groups', () => {
  test('a membership expires by itself, at the later end of two grants, extended or not', async () => {
    const other = newGrantId();
    await grant(id, Date.UTC(2026, 0, 15, 15));
    await grant(other, Date.UTC(2026, 0, 15, 13));
    expect(expiry()).toEqual(['2026-01-15T15:00:00.000Z']);
    await grant(other, Date.UTC(2026, 0, 15, 16));
    expect(expiry()).toEqual(['2026-01-15T16:00:00.000Z']);
    for (const one of [id, other]) await revoke(one);
    expect(people()).toEqual([]);
  });

  test('an earlier permanent member stays one', async () => {
    google.put(PAYMENTS, 'ben');
    await grant(id, inAnHour());
    expect(expiry()).toEqual([undefined]);
    await revoke(id);
    expect(people()).toEqual(['ben']);
  });

  test('an extension after the address moved on is for the person, not the address', async () => {
    await grant(id, Date.UTC(2026, 0, 15, 13));
    google.people.set('benny@harbor.example', 'ben');
    google.people.set(BEN.email, 'newcomer');
    group().members.push({
      name: `${PAYMENTS}/memberships/99`,
      person: 'newcomer',
      roles: [{ name: 'MEMBER', expiryDetail: { expireTime: '2026-01-15T12:00:00.000Z' } }],
    });
    await grant(id, Date.UTC(2026, 0, 15, 14));
    expect(expiry()).toEqual(['2026-01-15T14:00:00.000Z', '2026-01-15T12:00:00.000Z']);
    await revoke(id);
    expect(people()).toEqual(['newcomer']);
  });

  test('an extension of a removed person admits nobody who has their address now', async () => {
    await grant(id, Date.UTC(2026, 0, 15, 13));
    google.people.set(BEN.email, 'newcomer');
    group().members = [];
    await expect(grant(id, Date.UTC(2026, 0, 15, 14))).rejects.toThrow('took this person out');
    expect(people()).toEqual([]);
  });

  test('two grants of one person around a new address are one seat', async () => {
    const second = newGrantId();
    await grant(id, inAnHour());
    google.people.delete(BEN.email);
    google.people.set('benny@harbor.example', 'ben');
    await grant(second, inAnHour(), 'benny@harbor.example');
    await revoke(id);
    expect(people()).toEqual(['ben']);
    await revoke(second);
    expect(people()).toEqual([]);
  });

  test('a crash before the membership was recorded leaves nobody in', async () => {
    const seen = google.before;
    google.before = (method, path) => {
      if (method !== 'POST') return null;
      google.before = () => denied;
      google.put(path.includes(PAYMENTS) ? PAYMENTS : '', 'ben');
      return denied;
    };
    await expect(grant(id, inAnHour())).rejects.toThrow('denied');
    google.before = seen;
    const other = newGrantId();
    await grant(other, inAnHour());
    await revoke(id);
    await revoke(other);
    expect(people()).toEqual([]);
  });

  test('a permanent membership given in the same moment gets no end', async () => {
    const seen = google.before;
    google.before = (method) => {
      if (method !== 'POST') return null;
      google.before = seen;
      google.put(PAYMENTS, 'ben');
      return null;
    };
    await grant(id, inAnHour());
    expect(group().members).toMatchObject([{ person: 'ben', roles: [{ name: 'MEMBER' }] }]);
    expect(JSON.stringify(group().members)).not.toContain('expire');
    await revoke(id);
  });

  test('what another grant gives in the same moment lasts as long as this one', async () => {
    const seen = google.before;
    google.before = (method) => {
      if (method !== 'POST') return null;
      google.before = seen;
      const roles = [{ name: 'MEMBER', expiryDetail: { expireTime: '2026-01-15T13:00:00.000Z' } }];
      group().members.push({ name: `${PAYMENTS}/memberships/77`, person: 'ben', roles });
      return null;
    };
    await grant(id, Date.UTC(2026, 0, 15, 15));
    expect(expiry()).toEqual(['2026-01-15T15:00:00.000Z']);
    await revoke(id);
  });

  test('a member under an address in capitals stays in', async () => {
    google.people.delete(BEN.email);
    google.people.set(BEN.email.toUpperCase(), 'ben');
    google.put(PAYMENTS, 'ben');
    await grant(id, inAnHour());
    await revoke(id);
    expect(people()).toEqual(['ben']);
  });

  test('a membership that is answered as somebody else’s removes nobody else', async () => {
    await grant(id, inAnHour());
    google.put(PAYMENTS, 'eve');
    const [bens, eves] = group().members.map(({ name }) => name);
    google.before = (method, path) =>
      method === 'GET' && path === `/v1/${bens}` ? { status: 200, body: { name: eves } } : null;
    await revoke(id);
    google.before = () => null;
    expect(people()).toEqual(['eve']);
  });

  test('K3.8 access given to an address is stamped, and ends after it changed', async () => {
    await writtenEarlier(use, { grantId: id, place: `google_group ${GROUP}`, account: BEN.email, level: 'MEMBER' });
    google.put(PAYMENTS, 'ben');
    await harness.connection.stamp?.(accessOf(role, id));
    google.people.set('benny@harbor.example', 'ben');
    google.people.set(BEN.email, 'newcomer');
    google.put(PAYMENTS, 'newcomer');
    await revoke(id);
    expect(people()).toEqual(['newcomer']);
  });

  test('somebody who left and came back by themselves is removed at the end', async () => {
    await grant(id, inAnHour());
    group().members = [];
    google.put(PAYMENTS, 'ben');
    expect(await harness.connection.isActive(accessOf(role, id))).toBe(true);
    await revoke(id);
    expect(people()).toEqual([]);
    expect(await harness.connection.isActive(accessOf(role, id))).toBe(false);
  });

  /** Comes back by themselves, as many times as are left, after each time they are taken out. */
  const comingBack = (times: number) => {
    let left = times;
    let isOut = false;
    google.before = (method) => {
      if (isOut && left > 0) {
        isOut = false;
        left -= 1;
        google.put(PAYMENTS, 'ben');
      }
      if (method === 'DELETE') isOut = true;
      return null;
    };
  };

  test('somebody who keeps coming back is removed three times, then the end fails', async () => {
    await grant(id, inAnHour());
    comingBack(3);
    await revoke(id);
    expect(people()).toEqual([]);
    const other = newGrantId();
    await grant(other, inAnHour());
    comingBack(4);
    await expect(revoke(other)).rejects.toThrow(`somebody comes back into ${PAYMENTS} again and again`);
    google.before = () => null;
    expect(await harness.connection.isActive(accessOf(role, other))).toBe(true);
    await revoke(other);
    expect(people()).toEqual([]);
  });

  test('somebody who is back with another grant stays when the first one ends', async () => {
    const other = newGrantId();
    await grant(id, inAnHour());
    group().members = [];
    google.put(PAYMENTS, 'ben');
    await grant(other, inAnHour());
    await revoke(id);
    expect(people()).toEqual(['ben']);
    expect(await harness.connection.isActive(accessOf(role, id))).toBe(false);
    expect(await harness.connection.isActive(accessOf(role, other))).toBe(true);
  });

  test('somebody who joined during access is named at the end', async () => {
    google.put(PAYMENTS, 'ana');
    await grant(id, inAnHour());
    google.put(PAYMENTS, 'eve');
    expect(await revoke(id)).toMatchObject({ left: [{ what: `eve@harbor.example is in ${PAYMENTS} (MEMBER)` }] });
  });

  test('somebody who became an owner during access is named at the end', async () => {
    google.put(PAYMENTS, 'ana');
    google.put(PAYMENTS, 'eve');
    await grant(id, inAnHour());
    google.groups
      .get(PAYMENTS)
      ?.members.find(({ person }) => person === 'eve')
      ?.roles.push({ name: 'OWNER' });
    expect(await revoke(id)).toMatchObject({
      left: [{ what: `eve@harbor.example is in ${PAYMENTS} (MEMBER, OWNER)` }],
    });
  });

  test('a second account that a holder added is listed ungranted, and removable', async () => {
    await grant(id, inAnHour());
    google.put(PAYMENTS, 'eve');
    await revoke(id);
    const standing = { account: 'eve@harbor.example', role: 'payments-db/read', grantId: null };
    expect(await harness.connection.list?.([{ roleKey: 'payments-db/read', role }])).toEqual([standing]);
    await harness.connection.remove?.(standing, role);
    expect(people()).toEqual([]);
  });

  test('the doctor names a group that the bot cannot see', async () => {
    expect(
      await harness.connection.check([{ roleKey: 'a/b', role: { groups: ['gone@harbor.example'] } }]),
    ).toMatchObject([{ ok: false, what: expect.stringContaining('no group gone@harbor.example') }]);
  });
});
