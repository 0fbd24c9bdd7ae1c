/** A role may want a one-time code of whoever approves it, and its limits are counted one decision at a time. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Role } from '../../src/domain/policy.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { type ReviewInput, reviewRequest } from '../../src/lifecycle/review/reviewRequest.ts';
import { aLimit, aPolicy, aResource, aRole, ask } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const ASK = { rules: [ask({ stages: [{ reviewers: ['U0CHLOE', 'U0DEV'], needed: 1 }] })] };
const CODE = { secondFactor: { request: false, review: true } };
let flow: Flow;
beforeEach(() => {
  flow = startFlow(aPolicy());
  for (const name of ['ANA', 'CHLOE', 'DEV'])
    flow.people.set(`U0${name}`, aPerson(`U0${name}`, name, `${name.toLowerCase()}@harbor.example`));
});
afterEach(() => flow.close());

const roles = (admin: Partial<Role>, read: Partial<Role> = {}) => {
  flow.policy = aPolicy(
    aResource('db', 'Database', [
      aRole({ id: 'admin', narrower: ['read'], ...ASK, ...admin }),
      aRole({ id: 'read', ...ASK, ...read }),
    ]),
  );
};
const asks = async (...asked: string[]) => {
  const { requests } = await submitRequest(flow.deps, {
    submissionKey: 'S1',
    personId: 'U0ANA',
    roles: asked,
    duration: HOUR,
    reason: 'needed',
    incidentId: null,
    startsAt: null,
    factor: null,
  });
  return requests[0]?.id ?? '';
};
const reviews = async (requestId: string, more: Partial<ReviewInput> = {}) => {
  const outcome = await reviewRequest(flow.deps, {
    requestId,
    reviewerId: 'U0CHLOE',
    verdict: 'approve',
    comment: 'seen',
    change: null,
    factor: null,
    ...more,
  });
  return 'refused' in outcome ? outcome.refused.code : outcome.state;
};
const READ = { role: 'db/read', duration: HOUR };

test('it is approved with the reviewer’s code, and with nobody else’s', async () => {
  roles(CODE);
  const id = await asks('db/admin');
  expect(await reviews(id)).toBe('second_factor_needed');
  expect(await reviews(id, { factor: await flow.factorOf('U0DEV') })).toBe('second_factor_needed');
  const factor = await flow.factorOf('U0CHLOE');
  flow.clock.advance(5 * MINUTE + 1);
  expect(await reviews(id, { factor })).toBe('second_factor_needed');
  expect(await reviews(id, { factor: await flow.factorOf('U0CHLOE') })).toBe('approved');
});

test('it is denied without a code', async () => {
  roles(CODE);
  expect(await reviews(await asks('db/admin'), { verdict: 'deny' })).toBe('denied');
});

test('where only requests need a code, reviewers need none', async () => {
  roles({});
  expect(await reviews(await asks('db/admin'))).toBe('approved');
});

test('a narrower role that wants one is given with one', async () => {
  roles({}, CODE);
  const id = await asks('db/admin');
  expect(await reviews(id, { change: READ })).toBe('second_factor_needed');
  expect(await reviews(id, { change: READ, factor: await flow.factorOf('U0DEV') })).toBe('second_factor_needed');
  expect(await reviews(id, { change: READ, factor: await flow.factorOf('U0CHLOE') })).toBe('approved');
});

test('giving a narrower role does not avoid the code of the wider one', async () => {
  roles(CODE);
  expect(await reviews(await asks('db/admin'), { change: READ })).toBe('second_factor_needed');
});

test.each([
  ['the role that is asked for', { limits: [aLimit({ holders: 1 })] }, {}, null, true],
  ['the role that is given in its place', {}, { limits: [aLimit({ holders: 1 })] }, READ, true],
  ['another role', {}, { limits: [aLimit({ holders: 1 })] }, null, false],
  ['no role', {}, {}, READ, false],
] as [string, Partial<Role>, Partial<Role>, ReviewInput['change'], boolean][])(
  'reviews wait for each other where limits are on %s',
  async (_which, admin, read, change, waits) => {
    roles(admin, read);
    const id = await asks('db/admin');
    const before = flow.limited;
    expect(await reviews(id, { change })).toBe('approved');
    expect(flow.limited > before).toBe(waits);
  },
);

test('a form waits for others where any of its roles has limits', async () => {
  roles({}, { limits: [aLimit({ holders: 1 })] });
  await asks('db/admin');
  expect(flow.limited).toBe(0);
  await asks('db/admin', 'db/read');
  expect(flow.limited).toBe(1);
});
