/** Grants on targets that only know who is where: the promises hold for every kind that is built on it. */

import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { membership } from '../../src/provisioners/membership.ts';
import type { Roster } from '../../src/provisioners/roster.ts';
import { createDirectory, LEVELS, type DirectoryRole as Role } from '../support/directory.ts';
import type { Way } from './changes.ts';
import { accessOf, describeContract, inAnHour, newGrantId, useForTests } from './contract.ts';

const BEN = 'ben@harbor.example';
const use = useForTests();
afterAll(() => use.close());

const directory = createDirectory(use);
let connection = directory.connectAs(BEN);
let scope: string;
/** With nobody in it, and no grants of other tests. */
const anew = () => {
  scope = newGrantId();
  directory.anew(scope);
  connection = directory.connectAs(BEN);
};
beforeEach(anew);

/** Names as they were, ids as they were. */
const change = (what: 'people' | 'places', act: () => void) => {
  const names = directory.names(what);
  act();
  return {
    undo: () => directory.rename(what, names),
    others: () => directory.everything().filter((one) => !one.startsWith('place-payments/person-ben ')),
  };
};
const renamePerson: Way = {
  how: 'the login, which a newcomer with access of their own takes',
  act: () => change('people', () => directory.put('place-payments', directory.renamePerson(BEN, 'benny'), 'write')),
};
const renamePlace: Way = {
  how: 'the team, whose name another team takes that the person is in too',
  act: () => change('places', () => directory.put(directory.renamePlace('payments', 'old'), 'person-ben', 'write')),
};
const movePlace: Way = {
  how: 'the team, to another owner',
  act: () => change('places', () => void directory.removePlace('payments')),
};
const blind: Way = {
  how: 'the right to see it',
  act: () => {
    directory.blind(true);
    return { undo: () => directory.blind(false), others: () => directory.everything().length };
  },
};

describeContract('membership', () => ({
  connection: {
    ...connection,
    check: async () => [{ ok: true, what: 'it is there' }],
    close: async () => undefined,
  },
  role: { payments: 'write' },
  reallyHas: async () => directory.of('payments', 'ben') === 'write',
  breakTarget: () => directory.fail('before'),
  mendTarget: () => directory.fail('no'),
  changes: {
    renamePerson: [renamePerson],
    renameContainer: [renamePlace],
    moveTarget: [movePlace],
    blind: [blind],
  },
}));

const of = () => directory.of('payments', 'ben');

describe('what was there before', () => {
  const grant = (id: string, role: Role) => connection.grant(accessOf(role, id), inAnHour());
  const revoke = (id: string, role: Role) => connection.revoke(accessOf(role, id));

  test('an earlier membership stays when the grant ends, at its level', async () => {
    directory.put('place-payments', 'person-ben', 'read');
    const id = newGrantId();
    await grant(id, { payments: 'admin' });
    expect(of()).toBe('admin');
    await revoke(id, { payments: 'admin' });
    expect(of()).toBe('read');
  });

  test('two grants on one seat: the stronger counts, and the other stays at its end', async () => {
    const [weak, strong] = [newGrantId(), newGrantId()];
    await grant(weak, { payments: 'read' });
    await grant(strong, { payments: 'admin' });
    await revoke(strong, { payments: 'admin' });
    expect(of()).toBe('read');
    expect(await connection.isActive(accessOf({ payments: 'read' }, weak))).toBe(true);
    await revoke(weak, { payments: 'read' });
    expect(directory.everything()).toEqual([]);
  });

  test('a crash after the target’s change does not make it look like earlier access', async () => {
    const id = newGrantId();
    const access = accessOf<Role>({ payments: 'write' }, id);
    // It takes what it is told, and its answer is lost.
    directory.fail('after-set');
    await expect(connection.grant(access, inAnHour())).rejects.toThrow();
    expect(of()).toBe('write');
    directory.fail('no');
    const again = directory.connectAs(BEN);
    await again.grant(access, inAnHour());
    await again.revoke(access);
    expect(directory.everything()).toEqual([]);
  });

  test('others’ access is listed as standing, and removed only from under a grant', async () => {
    directory.put('place-payments', 'person-ben', 'write');
    const id = newGrantId();
    await grant(id, { payments: 'write' });
    const roles = [{ roleKey: 'payments-db/read', role: { payments: 'write' } as Role }];
    expect(await connection.list(roles)).toEqual([
      { account: BEN, role: 'payments-db/read', grantId: id },
      { account: BEN, role: 'payments-db/read', grantId: null },
    ]);
    await connection.remove({ account: BEN, role: 'payments-db/read', grantId: null }, { payments: 'write' });
    expect(of()).toBe('write');
    await revoke(id, { payments: 'write' });
    expect(directory.everything()).toEqual([]);
  });

  test('a name that changes in the table during access does not keep the old one in', async () => {
    const access = accessOf<Role>({ payments: 'write' }, newGrantId());
    await directory.connectAs(BEN).grant(access, inAnHour());
    expect(await directory.connectAs('eve@harbor.example').grant(access, inAnHour())).toEqual({ account: BEN });
    expect(directory.everything()).toEqual(['place-payments/person-ben write']);
    await directory.connectAs('eve@harbor.example').revoke(access);
    expect(directory.everything()).toEqual([]);
  });
});

describe('who has what without a grant', () => {
  const EVE = 'eve@harbor.example';
  const held = (account: string, grantId: string | null, role = 'payments-db/read') => ({ account, role, grantId });
  const list = (...roles: Role[]) =>
    connection.list(
      roles.map((role, index) => ({ roleKey: ['payments-db/read', 'payments-db/all'][index] ?? '', role })),
    );

  test('is whoever is in all of a role’s places, at its level or higher', async () => {
    directory.put('place-payments', 'person-ben', 'admin');
    directory.put('place-orders', 'person-ben', 'read');
    directory.put('place-payments', 'person-eve', 'write');
    expect(await list({ payments: 'write', orders: 'read' })).toEqual([held(BEN, null)]);
    expect(await list({ payments: 'write', orders: 'write' })).toEqual([]);
    expect(await list({ payments: 'write' }, { payments: 'admin' })).toEqual([
      held(BEN, null),
      held(EVE, null),
      held(BEN, null, 'payments-db/all'),
    ]);
  });

  test('is nobody with a grant, of any role, and each grant is listed as its own', async () => {
    const [one, other] = [newGrantId(), newGrantId()];
    directory.put('place-orders', 'person-ben', 'admin');
    const role: Role = { payments: 'write', orders: 'read' };
    await connection.grant(accessOf(role, one), inAnHour());
    await connection.grant({ ...accessOf<Role>({ payments: 'admin' }, other), roleKey: 'payments-db/all' }, inAnHour());
    expect(await list(role, { payments: 'admin' })).toEqual([held(BEN, one), held(BEN, other, 'payments-db/all')]);
    // Somebody gives them orders and payments for good, beside the grants: that is seen when these have ended.
    await connection.revoke(accessOf({ payments: 'admin' }, other));
    expect(await list(role, { payments: 'admin' })).toEqual([held(BEN, one)]);
    await connection.revoke(accessOf(role, one));
    expect(directory.everything()).toEqual(['place-orders/person-ben admin']);
  });

  test('is removable in any case of its name, down to a live grant, and only theirs', async () => {
    const id = newGrantId();
    directory.put('place-payments', 'person-ben', 'admin');
    directory.put('place-payments', 'person-eve', 'admin');
    await connection.grant(accessOf<Role>({ payments: 'read' }, id), inAnHour());
    await connection.remove(held('BEN@harbor.example', null), { payments: 'read' });
    expect(directory.everything()).toEqual(['place-payments/person-ben read', 'place-payments/person-eve admin']);
    expect(await connection.isActive(accessOf<Role>({ payments: 'read' }, id))).toBe(true);
    await connection.remove(held('nobody@harbor.example', null), { payments: 'read' });
    await connection.revoke(accessOf({ payments: 'read' }, id));
    expect(directory.everything()).toEqual(['place-payments/person-eve admin']);
  });

  test('of a role gone from the policy is removed by hand, and a grant’s is not', async () => {
    const id = newGrantId();
    await connection.grant(accessOf<Role>({ payments: 'write' }, id), inAnHour());
    await expect(connection.remove(held(BEN, null), null)).rejects.toMatchObject({
      name: 'TargetRefusal',
      message: 'payments-db/read is no longer in the policy file',
    });
    expect(of()).toBe('write');
    await connection.remove(held(BEN, id), null);
    expect(of()).toBe(null);
  });
});

describe('whether a grant is active', () => {
  const access = (id: string) => accessOf<Role>({ payments: 'admin' }, id);
  test.each<[string, string | null, string | null, boolean]>([
    ['all of it', null, 'admin', true],
    ['less of it, and more than the person is owed', null, 'read', true],
    ['nothing', null, null, false],
    ['what they had before', 'write', 'write', false],
    ['less than they had before', 'write', 'read', false],
    ['more than they had before', 'read', 'write', true],
    ['what it gives, which they had before', 'admin', 'admin', true],
  ])('%s', async (_, before, now, isThere) => {
    const id = newGrantId();
    if (before !== null) directory.put('place-payments', 'person-ben', before);
    await connection.grant(access(id), inAnHour());
    if (now === null) directory.take('place-payments', 'person-ben');
    else directory.put('place-payments', 'person-ben', now);
    expect(await connection.isActive(access(id))).toBe(isThere);
    await connection.revoke(access(id));
    // Never gives: who has less than they had was taken it by somebody else.
    const least = [before, now].includes(null) ? null : before === 'write' && now === 'read' ? 'read' : before;
    expect(of()).toBe(least);
  });

  test('being in one of two places is enough', async () => {
    const both = accessOf<Role>({ orders: 'read', payments: 'read' }, newGrantId());
    await connection.grant(both, inAnHour());
    for (const place of ['place-orders', 'place-payments']) {
      expect(await connection.isActive(both)).toBe(true);
      directory.take(place, 'person-ben');
    }
    expect(await connection.isActive(both)).toBe(false);
    await connection.revoke(both);
  });
});

describe('two grants that begin and end at the same time', () => {
  /** The second one begins so many turns after the first. */
  const later = async (turns: number, act: () => Promise<unknown>) => {
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    await act();
  };
  const STARTS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12];
  const access = (id: string, level: 'read' | 'write') => accessOf<Role>({ payments: level }, id);

  test.each(STARTS)('neither takes for its own what the other has just given (%i)', async (turns) => {
    const [one, other] = [access(newGrantId(), 'write'), access(newGrantId(), 'read')];
    await Promise.all([connection.grant(one, inAnHour()), later(turns, () => connection.grant(other, inAnHour()))]);
    expect(of()).toBe('write');
    await connection.revoke(one);
    expect(of()).toBe('read');
    await connection.revoke(other);
    expect(of()).toBe(null);
  });

  test.each(STARTS)('an end neither takes another grant’s new access nor leaves it behind (%i)', async (turns) => {
    const [ending, beginning] = [access(newGrantId(), 'write'), access(newGrantId(), 'read')];
    await connection.grant(ending, inAnHour());
    await Promise.all([connection.revoke(ending), later(turns, () => connection.grant(beginning, inAnHour()))]);
    expect(of()).toBe('read');
    await connection.revoke(beginning);
    expect(of()).toBe(null);
  });
});

test('what a first try began, a second finishes for the same renamed person', async () => {
  const access = accessOf<Role>({ payments: 'write', orders: 'write' }, newGrantId());
  const names = directory.names('places');
  directory.removePlace('orders');
  await expect(connection.grant(access, inAnHour())).rejects.toThrow('orders');
  directory.rename('places', names);
  await directory.connectAs('eve@harbor.example').grant(access, inAnHour());
  expect(directory.everything()).toEqual(['place-orders/person-ben write', 'place-payments/person-ben write']);
  await connection.revoke(access);
  expect(directory.everything()).toEqual([]);
});

test('what a first try began in a place, a second finishes there after a rename', async () => {
  const access = accessOf<Role>({ payments: 'write' }, newGrantId());
  directory.fail('after-set');
  await expect(connection.grant(access, inAnHour())).rejects.toThrow();
  directory.fail('no');
  directory.renamePlace('payments', 'old');
  await connection.grant(access, inAnHour());
  expect(directory.everything()).toEqual(['place-payments/person-ben write']);
  await connection.revoke(access);
  expect(directory.everything()).toEqual([]);
});

describe('where the target itself ends a membership', () => {
  const told: unknown[] = [];
  const held = new Map<string, string>();
  const roster: Roster<Role> = {
    scope: 'expiring',
    levels: LEVELS,
    expires: true,
    seats: (role) => Object.entries(role).map(([place, level]) => ({ place, level })),
    placeId: async (name) => name,
    personId: async (account) => account,
    level: async (place, person) => held.get(`${place}/${person}`) ?? null,
    set: async (place, person, level, until) => {
      told.push([level, until]);
      if (level === null) held.delete(`${place}/${person}`);
      else held.set(`${place}/${person}`, level);
    },
    members: async () => [],
  };
  const expiring = membership(roster, { ...use, accountOf: () => BEN, polling: { every: 1, until: 20 } });
  beforeEach(() => {
    told.length = 0;
    held.clear();
  });

  test('a permanent membership gets no end by a grant of the same', async () => {
    held.set(`payments/${BEN}`, 'write');
    const access = accessOf<Role>({ payments: 'read' }, newGrantId());
    await expiring.grant(access, inAnHour());
    expect(told).toEqual([]);
    await expiring.revoke(access);
  });

  test('a later and lower grant makes it last longer, and takes no level away', async () => {
    await expiring.grant(accessOf({ payments: 'write' }, newGrantId()), 1_000);
    await expiring.grant(accessOf({ payments: 'read' }, newGrantId()), 2_000);
    expect(told).toEqual([
      ['write', 1_000],
      ['write', 2_000],
    ]);
  });
});

describe('what a grant touched is known by ids', () => {
  const access = (id: string) => accessOf<Role>({ payments: 'write' }, id);
  /** As the version before wrote it down: by names. */
  const earlier = (grantId: string, before: string | null = null): Promise<void> =>
    use.seats.keep({
      grantId,
      place: `directory ${scope} payments`,
      account: BEN,
      level: 'write',
      role: 'payments-db/read',
      before,
    });

  test('K3.8 an earlier version’s grant is stamped, and ends after renames', async () => {
    const id = newGrantId();
    await earlier(id, 'read');
    directory.put('place-payments', 'person-ben', 'write');
    await connection.stamp(access(id));
    await connection.stamp(access(id));
    const newcomer = directory.renamePerson(BEN, 'benny');
    const namesake = directory.renamePlace('payments', 'old');
    directory.put('place-payments', newcomer, 'write');
    directory.put(namesake, 'person-ben', 'write');
    expect(await connection.isActive(access(id))).toBe(true);
    await connection.revoke(access(id));
    expect(directory.everything()).toEqual(
      [`${namesake}/person-ben write`, 'place-payments/person-ben read', `place-payments/${newcomer} write`].toSorted(),
    );
  });

  test('K3.8 a grant of an earlier version whose names lead nowhere does not end', async () => {
    const id = newGrantId();
    await earlier(id);
    directory.put('place-payments', 'person-ben', 'write');
    directory.removePlace('payments');
    await expect(connection.stamp(access(id))).rejects.toThrow('shows no payments');
    await expect(connection.revoke(access(id))).rejects.toThrow('shows no payments');
    await expect(connection.isActive(access(id))).rejects.toThrow('shows no payments');
  });

  test('K3.8 what an earlier version gave is not taken for earlier standing access', async () => {
    const [old, next] = [newGrantId(), newGrantId()];
    await earlier(old);
    directory.put('place-payments', 'person-ben', 'write');
    await connection.grant(access(next), inAnHour());
    await connection.revoke(access(old));
    expect(of()).toBe('write');
    await connection.revoke(access(next));
    expect(of()).toBe(null);
  });

  test('a record of a place that this target lacks keeps its grant from ending', async () => {
    const id = newGrantId();
    await use.seats.keep({
      grantId: id,
      place: 'elsewhere#1',
      account: '2',
      level: 'write',
      role: 'a/b',
      before: null,
    });
    await expect(connection.revoke(access(id))).rejects.toThrow('"elsewhere#1" cannot be ended at directory');
    await expect(connection.isActive(access(id))).rejects.toThrow('elsewhere#1');
  });

  test('a target that shows a change late is waited for, both ways', async () => {
    const id = newGrantId();
    directory.showStaleAfterNext(3);
    await connection.grant(access(id), inAnHour());
    expect(of()).toBe('write');
    directory.showStaleAfterNext(3);
    await connection.revoke(access(id));
    expect(of()).toBe(null);
  });

  test('a target that never shows a change is a failure, both ways', async () => {
    const id = newGrantId();
    directory.showStaleAfterNext(1_000);
    await expect(connection.grant(access(id), inAnHour())).rejects.toThrow('does not show');
    directory.showStaleAfterNext(0);
    await connection.grant(access(id), inAnHour());
    directory.showStaleAfterNext(1_000);
    await expect(connection.revoke(access(id))).rejects.toThrow('still shows');
    directory.showStaleAfterNext(0);
    await connection.revoke(access(id));
    expect(of()).toBe(null);
  });

  test('access that an old listing does not show yet is removed all the same', async () => {
    const id = newGrantId();
    await connection.grant(access(id), inAnHour());
    directory.showStale(1_000);
    await connection.revoke(access(id));
    expect(of()).toBe(null);
  });

  test('what an earlier grant gave is not taken for standing access if still shown', async () => {
    const [first, second] = [newGrantId(), newGrantId()];
    await connection.grant(access(first), inAnHour());
    await connection.revoke(access(first));
    directory.showStale(1);
    await connection.grant(access(second), inAnHour());
    await connection.revoke(access(second));
    expect(directory.everything()).toEqual([]);
  });

  test('an old listing within what is owed does not keep what the grant gave', async () => {
    directory.put('place-payments', 'person-ben', 'read');
    const id = newGrantId();
    await connection.grant(access(id), inAnHour());
    directory.showStale(1);
    await connection.revoke(access(id));
    expect(of()).toBe('read');
  });

  test('an unknown level does not count as none', async () => {
    const id = newGrantId();
    await connection.grant(access(id), inAnHour());
    directory.put('place-payments', 'person-ben', 'emperor');
    await expect(connection.isActive(access(id))).rejects.toThrow('emperor');
  });

  test('one seat that cannot be taken back does not hold up the others', async () => {
    const id = newGrantId();
    const both = accessOf<Role>({ payments: 'write', orders: 'write' }, id);
    await connection.grant(both, inAnHour());
    const names = directory.names('places');
    directory.removePlace('orders');
    await expect(connection.revoke(both)).rejects.toThrow('place-orders');
    expect(of()).toBe(null);
    directory.rename('places', names);
    await connection.revoke(both);
    expect(directory.everything()).toEqual([]);
  });

  test('each of several seats that cannot be taken back is named', async () => {
    const both = accessOf<Role>({ payments: 'write', orders: 'write' }, newGrantId());
    await connection.grant(both, inAnHour());
    const names = directory.names('places');
    for (const place of ['orders', 'payments']) directory.removePlace(place);
    await expect(connection.revoke(both)).rejects.toThrow(/shows no place-orders; .*shows no place-payments/);
    directory.rename('places', names);
    await connection.revoke(both);
  });
});

describe('what a hostile holder left', () => {
  const both = (id: string) => accessOf<Role>({ orders: 'admin', payments: 'admin' }, id);
  const leftOf = async (id: string) => {
    const ended = await connection.revoke(both(id));
    return typeof ended === 'object' ? ended.left.map(({ what }) => what) : [];
  };

  test('is named when the end succeeds, also if a failed try found it', async () => {
    const id = newGrantId();
    directory.make('place-payments', [{ id: 'key 1', what: 'an old key' }]);
    await connection.grant(both(id), inAnHour());
    for (const place of ['place-orders', 'place-payments'])
      directory.make(place, [
        { id: 'key 1', what: 'an old key' },
        { id: 'key 2', what: `a key in ${place}` },
        { id: 'person', what: 'somebody who has it by a grant', person: 'person-ben' },
        { id: null, what: 'hooks, not seen' },
      ]);
    const names = directory.names('places');
    directory.removePlace('orders');
    await expect(leftOf(id)).rejects.toThrow('place-orders');
    expect(of()).toBe(null);
    directory.make('place-payments', []);
    directory.rename('places', names);
    expect(await leftOf(id)).toEqual([
      'an old key',
      'a key in place-orders',
      'hooks, not seen',
      'a key in place-payments',
      'hooks, not seen',
    ]);
    // A crash before the end was recorded asks once more.
    expect(await leftOf(id)).toHaveLength(5);
  });

  test('holds up no end, however long it takes to look', async () => {
    const id = newGrantId();
    await connection.grant(both(id), inAnHour());
    directory.slow(true);
    expect(await connection.revoke(both(id))).toEqual({
      left: ['place-orders', 'place-payments'].map((place) => ({
        what: `what was made in ${place}`,
        done: 'could not be looked at: it took too long',
      })),
    });
    expect(directory.everything()).toEqual([]);
  });

  test('is named with what to do about it', async () => {
    const access = accessOf<Role>({ payments: 'admin' }, newGrantId());
    await connection.grant(access, inAnHour());
    directory.make('place-payments', [
      { id: 'key 1', what: 'a key' },
      { id: null, what: 'hooks, not seen' },
    ]);
    expect(await connection.revoke(access)).toEqual({
      left: [
        { what: 'a key', done: expect.stringContaining('remove it unless somebody needs it') },
        { what: 'hooks, not seen', done: expect.stringContaining('nobody knows whether something new is there') },
      ],
    });
  });

  test('is not looked for where the level can leave nothing', async () => {
    const access = accessOf<Role>({ payments: 'write' }, newGrantId());
    await connection.grant(access, inAnHour());
    directory.make('place-payments', [{ id: 'key 1', what: 'a key' }]);
    expect(await connection.revoke(access)).toEqual({ left: [] });
  });
});

test('whatever fails, in any order of grants, all end with what they had before', async () => {
  const step = fc.record({
    what: fc.constantFrom('grant', 'revoke'),
    grant: fc.nat(3),
    failing: fc.constantFrom('no', 'no', 'before', 'after', 'after-set'),
  } as const);
  await fc.assert(
    fc.asyncProperty(
      fc.option(fc.constantFrom(...LEVELS), { nil: null }),
      fc.array(fc.constantFrom(...LEVELS), { minLength: 4, maxLength: 4 }),
      fc.array(step, { maxLength: 20 }),
      async (before, levels, steps) => {
        anew();
        if (before !== null) directory.put('place-payments', 'person-ben', before);
        const ids = levels.map(() => newGrantId());
        const live = new Set<number>();
        const accessAt = (index: number) => accessOf<Role>({ payments: levels[index] ?? 'read' }, ids[index] ?? '');
        const rank = (level: string | null | undefined) => LEVELS.indexOf(level as (typeof LEVELS)[number]);
        for (const { what, grant, failing } of steps) {
          directory.fail(failing);
          const done = await (what === 'grant'
            ? connection.grant(accessAt(grant), inAnHour())
            : connection.revoke(accessAt(grant))
          ).then(
            () => true,
            () => false,
          );
          if (what === 'grant') live.add(grant);
          else if (done) live.delete(grant);
          const most = Math.max(rank(before), ...[...live].map((index) => rank(levels[index])));
          expect(rank(of())).toBeLessThanOrEqual(most);
          expect(rank(of())).toBeGreaterThanOrEqual(rank(before));
        }
        directory.fail('no');
        for (const index of live) await connection.revoke(accessAt(index));
        expect(of()).toBe(before);
      },
    ),
    { numRuns: 150 },
  );
});
