import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { membership, type Roster } from '../../src/provisioners/membership.ts';
import { accessOf, describeContract, inAnHour, newGrantId, useForTests } from './contract.ts';

/** Grants on targets that only know who is where: the promises hold for every kind that is built on it. */

const LEVELS = ['read', 'write', 'admin'] as const;
type Role = Record<string, (typeof LEVELS)[number]>;
const use = useForTests();
afterAll(() => use.close());

/** A directory service that can fail before and after it did what it was told. */
function createDirectory() {
  const held = new Map<string, string>();
  let scope = newGrantId();
  let failing: 'no' | 'before' | 'after' | 'after-set' = 'no';
  const call = async <T>(work: () => T): Promise<T> => {
    if (failing === 'before') throw new Error('directory at 127.0.0.1 did not answer');
    const result = work();
    if (failing === 'after') throw new Error('directory at 127.0.0.1 did not answer');
    return result;
  };
  const roster: Roster<Role> = {
    get scope() {
      return `directory ${scope}`;
    },
    levels: LEVELS,
    expires: false,
    seats: (role) => Object.entries(role).map(([place, level]) => ({ place, level })),
    level: (place, account) => call(() => held.get(`${place}/${account}`) ?? null),
    set: (place, account, level) =>
      call(() => {
        if (level === null) held.delete(`${place}/${account}`);
        else held.set(`${place}/${account}`, level);
        if (failing === 'after-set') throw new Error('the answer was lost');
      }),
    members: (place) =>
      call(() =>
        [...held].flatMap(([key, level]) =>
          key.startsWith(`${place}/`) ? [{ account: key.slice(place.length + 1), level }] : [],
        ),
      ),
  };
  return {
    held,
    fail: (how: typeof failing) => {
      failing = how;
    },
    /** A directory of its own, with nobody in it. */
    anew: () => {
      scope = newGrantId();
      held.clear();
      failing = 'no';
    },
    roster,
    connection: membership(roster, { seats: use.seats, accountOf: ({ person }) => person.email }),
  };
}

const directory = createDirectory();
beforeEach(() => directory.anew());
const BEN = 'ben@harbor.example';

describeContract('membership', () => ({
  connection: {
    ...directory.connection,
    check: async () => [{ ok: true, what: 'it is there' }],
    close: async () => undefined,
  },
  role: { payments: 'write' },
  reallyHas: async () => directory.held.get(`payments/${BEN}`) === 'write',
  breakTarget: () => directory.fail('before'),
  mendTarget: () => directory.fail('no'),
}));

describe('what was there before', () => {
  const { connection, held } = directory;
  const grant = (id: string, role: Role) => connection.grant(accessOf(role, id), inAnHour());
  const revoke = (id: string, role: Role) => connection.revoke(accessOf(role, id));

  test('a membership that somebody had stays when the grant ends, at the level it had', async () => {
    held.set(`payments/${BEN}`, 'read');
    const id = newGrantId();
    await grant(id, { payments: 'admin' });
    expect(held.get(`payments/${BEN}`)).toBe('admin');
    await revoke(id, { payments: 'admin' });
    expect(held.get(`payments/${BEN}`)).toBe('read');
  });

  test('two grants on the same seat: the stronger counts while both live, the other stays when it ends', async () => {
    const [weak, strong] = [newGrantId(), newGrantId()];
    await grant(weak, { payments: 'read' });
    await grant(strong, { payments: 'admin' });
    await revoke(strong, { payments: 'admin' });
    expect(held.get(`payments/${BEN}`)).toBe('read');
    expect(await connection.isActive(accessOf({ payments: 'read' }, weak))).toBe(true);
    await revoke(weak, { payments: 'read' });
    expect(held.size).toBe(0);
  });

  test('a crash after the target took it does not make it look as if it had been there before', async () => {
    const id = newGrantId();
    const access = accessOf<Role>({ payments: 'write' }, id);
    // It takes what it is told, and its answer is lost.
    directory.fail('after-set');
    await expect(connection.grant(access, inAnHour())).rejects.toThrow();
    expect(held.get(`payments/${BEN}`)).toBe('write');
    directory.fail('no');
    const again = membership(directory.roster, { seats: use.seats, accountOf: () => BEN });
    await again.grant(access, inAnHour());
    await again.revoke(access);
    expect(held.size).toBe(0);
  });

  test('what somebody else gave is listed as standing, and is taken away only from under a grant, not with it', async () => {
    held.set(`payments/${BEN}`, 'write');
    const id = newGrantId();
    await grant(id, { payments: 'write' });
    const roles = [{ roleKey: 'payments-db/read', role: { payments: 'write' } as Role }];
    expect(await connection.list(roles)).toEqual([
      { account: BEN, role: 'payments-db/read', grantId: id },
      { account: BEN, role: 'payments-db/read', grantId: null },
    ]);
    await connection.remove({ account: BEN, role: 'payments-db/read', grantId: null }, { payments: 'write' });
    expect(held.get(`payments/${BEN}`)).toBe('write');
    await revoke(id, { payments: 'write' });
    expect(held.size).toBe(0);
  });

  test('a name that changes in the table while access is live does not leave the old one in', async () => {
    const access = accessOf<Role>({ payments: 'write' }, newGrantId());
    const as = (account: string) => membership(directory.roster, { seats: use.seats, accountOf: () => account });
    await as('ben').grant(access, inAnHour());
    await as('benny').grant(access, inAnHour());
    expect([...held.keys()]).toEqual(['payments/ben']);
    await as('benny').revoke(access);
    expect(held.size).toBe(0);
  });
});

test('whatever fails and in whatever order grants begin and end: at the end everybody has what they had, no more and no less', async () => {
  const { connection, held } = directory;
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
        directory.anew();
        if (before !== null) held.set(`payments/${BEN}`, before);
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
          expect(rank(held.get(`payments/${BEN}`))).toBeLessThanOrEqual(most);
          expect(rank(held.get(`payments/${BEN}`))).toBeGreaterThanOrEqual(rank(before));
        }
        directory.fail('no');
        for (const index of live) await connection.revoke(accessAt(index));
        expect(held.get(`payments/${BEN}`) ?? null).toBe(before);
      },
    ),
    { numRuns: 300 },
  );
});
