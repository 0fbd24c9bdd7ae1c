/** What every way to access has to pass besides the decision, and how decisions keep out of each other's way. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Role } from '../../src/domain/policy.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { mayBeGiven, refusalReason, type Wanted } from '../../src/lifecycle/request/mayBeGiven.ts';
import { retryOnConflict } from '../../src/lifecycle/request/retryOnConflict.ts';
import { serializeLimited } from '../../src/lifecycle/request/serializeLimited.ts';
import { ConflictError } from '../../src/ports/store.ts';
import { ANA, aLimit, aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

let flow: Flow;
beforeEach(() => {
  flow = startFlow({ ...aPolicy(), admins: ['U0EVE'] });
  flow.people.set('U0ANA', ANA);
  flow.people.set('U0EVE', aPerson('U0EVE', 'Eve', 'eve@harbor.example'));
});
afterEach(() => flow.close());

const FORM = { duration: HOUR, reason: 'needed', startsAt: null };
const wanted = (more: Partial<Wanted> = {}, role: Partial<Role> = {}, deps: Deps = flow.deps) =>
  mayBeGiven(deps, { role: aRole(role), person: ANA, form: FORM, factor: null, ...more });
const CODE = { secondFactor: { request: true, review: false } };

describe('what prevents access', () => {
  test('is nothing if all is in order', async () => {
    expect(await wanted()).toBeNull();
    expect(await wanted({}, { secondFactor: { request: false, review: true } })).toBeNull();
  });

  test('is the form, if one is filled in', async () => {
    expect(await wanted({ form: { ...FORM, duration: 4 * HOUR + 1 } })).toMatchObject({ code: 'duration_too_long' });
    expect(await wanted({ form: { ...FORM, reason: '' } })).toMatchObject({ code: 'reason_too_short' });
    expect(await wanted({ form: { ...FORM, startsAt: flow.clock.now() } })).toMatchObject({ code: 'start_not_ahead' });
    expect(await wanted({ form: null }, { reason: { minLength: 99, ticket: null } })).toBeNull();
  });

  test('is a length over the maximum that replaces the role’s own', async () => {
    const longer = { ...FORM, duration: 6 * HOUR, longest: 6 * HOUR };
    expect(await wanted({ form: longer })).toBeNull();
    expect(await wanted({ form: { ...longer, duration: 6 * HOUR + 1 } })).toEqual({
      code: 'duration_too_long',
      max: 6 * HOUR,
      asked: 6 * HOUR + 1,
    });
    expect(await wanted({ form: { ...FORM, longest: MINUTE } })).toMatchObject({ max: MINUTE });
  });

  test('is a freeze, or a ledger that cannot be trusted', async () => {
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    expect(await wanted()).toEqual({ code: 'frozen', by: 'Eve', reason: 'a token has leaked' });
    const integrity = { ...flow.deps.integrity, problem: () => 'event 7 was changed' };
    expect(await wanted({}, {}, { ...flow.deps, integrity })).toEqual({
      code: 'ledger_damaged',
      problem: 'event 7 was changed',
    });
  });

  test('is a target that has no account for the person', async () => {
    flow.obstacle = 'it is not known what Ana is called there';
    expect(await wanted()).toEqual({
      code: 'no_account',
      role: 'db/read',
      problem: 'it is not known what Ana is called there',
    });
  });

  test('is a missing code, an old one, and somebody else’s', async () => {
    expect(await wanted({}, CODE)).toEqual({ code: 'second_factor_needed' });
    const factor = await flow.factorOf('U0ANA');
    expect(await wanted({ factor }, CODE)).toBeNull();
    expect(await wanted({ factor: await flow.factorOf('U0EVE') }, CODE)).toEqual({ code: 'second_factor_needed' });
    flow.clock.advance(5 * MINUTE);
    expect(await wanted({ factor }, CODE)).toEqual({ code: 'second_factor_needed' });
    expect(await wanted({ factor: 'earlier' }, CODE)).toBeNull();
  });

  test('is reported one at a time, first what the person can correct', async () => {
    flow.obstacle = 'it is not known what Ana is called there';
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    expect(await wanted({ form: { ...FORM, reason: '' } }, CODE)).toMatchObject({ code: 'reason_too_short' });
    expect(await wanted({}, CODE)).toMatchObject({ code: 'frozen' });
  });
});

test.each([
  [{ code: 'no_account', role: 'db/read', problem: 'no name there' }, 'no name there'],
  [{ code: 'frozen', by: 'Eve', reason: 'a leak' }, 'nothing is granted now: all access is frozen by Eve: a leak'],
  [
    { code: 'ledger_damaged', problem: 'event 7 was changed' },
    'nothing is granted now, because the record cannot be relied on: event 7 was changed',
  ],
  [
    { code: 'reason_too_short', minLength: 3 },
    "the policy's rules for what is asked no longer allow it, by its reason",
  ],
  [
    { code: 'draining', until: Date.UTC(2026, 0, 15, 12), why: 'a new disk' },
    'nothing is granted before 2026-01-15T12:00:00.000Z: a new disk',
  ],
  [
    { code: 'draining', until: Number.POSITIVE_INFINITY, why: 'the file is not understood' },
    'nothing is granted for now: the file is not understood',
  ],
  [{ code: 'not_yours' }, "the policy's rules for what is asked no longer allow it"],
] as [Refusal, string][])('a refusal that nobody reads becomes a reason in the ledger: %o', (refusal, reason) => {
  expect(refusalReason(refusal)).toBe(reason);
});

describe('a commit that lost a race', () => {
  const losing = (times: number, error: Error = new ConflictError('changed')) => {
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries <= times) throw error;
      return `after ${tries}`;
    };
    return { work, tries: () => tries };
  };

  test('is decided again, up to five times', async () => {
    expect(await retryOnConflict(losing(0).work)).toBe('after 1');
    expect(await retryOnConflict(losing(4).work)).toBe('after 5');
    const never = losing(5);
    await expect(retryOnConflict(never.work)).rejects.toThrow(ConflictError);
    expect(never.tries()).toBe(5);
  });

  test('is not decided again after any other error', async () => {
    const broken = losing(1, new Error('the disk is full'));
    await expect(retryOnConflict(broken.work)).rejects.toThrow('the disk is full');
    expect(broken.tries()).toBe(1);
  });
});

describe('decisions about roles with limits', () => {
  const serialized = async (...roles: string[]) => {
    const before = flow.limited;
    expect(await serializeLimited(flow.deps, roles, async () => 'done')).toBe('done');
    return flow.limited > before;
  };
  beforeEach(() => {
    const limited = aRole({ id: 'admin', limits: [aLimit({ holders: 1 })] });
    flow.policy = aPolicy(aResource('db', 'Database', [aRole(), limited]));
  });

  test('wait for each other, and other decisions do not', async () => {
    expect(await serialized('db/admin')).toBe(true);
    expect(await serialized('db/read', 'db/admin')).toBe(true);
    expect(await serialized('db/read')).toBe(false);
    expect(await serialized('db/nothing', '')).toBe(false);
    expect(await serialized()).toBe(false);
  });

  test('come one after the other, whatever the roles', async () => {
    const order: string[] = [];
    const turn = (role: string, pause: number) =>
      serializeLimited(flow.deps, [role], async () => {
        order.push(`${role} begins`);
        for (let wait = 0; wait < pause; wait += 1) await Promise.resolve();
        order.push(`${role} ends`);
      });
    flow.policy = aPolicy(
      aResource('db', 'Database', [aRole({ limits: [aLimit({ holders: 1 })] })]),
      aResource('web', 'Site', [aRole({ limits: [aLimit({ holders: 1 })] })]),
    );
    await Promise.all([turn('db/read', 20), turn('web/read', 0)]);
    expect(order).toEqual(['db/read begins', 'db/read ends', 'web/read begins', 'web/read ends']);
  });

  test('are also decided again after a lost race', async () => {
    let tries = 0;
    await serializeLimited(flow.deps, ['db/admin'], async () => {
      tries += 1;
      if (tries === 1) throw new ConflictError('changed');
    });
    expect(tries).toBe(2);
  });
});
