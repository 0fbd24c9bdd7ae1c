/** Every way to access, and every check that none of them may go round. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Grant } from '../../src/domain/grant.ts';
import { findRole, type Policy, type Role } from '../../src/domain/policy.ts';
import { isRefused, type Refused } from '../../src/domain/refusal.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, MINUTE, type Millis } from '../../src/domain/terms.ts';
import { breakGlass } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { requestExtension } from '../../src/lifecycle/grant/extendGrant.ts';
import { provisionGrant } from '../../src/lifecycle/grant/provisionGrant.ts';
import { freeze, unfreeze } from '../../src/lifecycle/health/freeze.ts';
import type { ConfirmedFactor } from '../../src/lifecycle/people/secondFactor.ts';
import { startRequest } from '../../src/lifecycle/request/startRequest.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { reviewRequest } from '../../src/lifecycle/review/reviewRequest.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const REASON = 'INC-4711 the queue is stuck';
const GOOD = { duration: 30 * MINUTE, reason: REASON };
const MEMBERS = { kind: 'members_of', principals: ['U0ANA', 'U0BEN'] } as const;
const ASK = {
  effect: 'ask',
  when: [],
  stages: [{ reviewers: ['U0EVE'], needed: 1 }],
  escalate: [],
  expiresAfter: HOUR,
} as const;

const guarded = (more: Partial<Role> = {}): Role =>
  aRole({
    id: 'admin',
    name: 'admin',
    reason: { minLength: 15, ticket: /^INC-\d+$/ },
    duration: { default: 30 * MINUTE, max: HOUR, total: 3 * HOUR },
    secondFactor: { request: true, review: false },
    narrower: ['read'],
    limits: [{ resources: null, automatic: null, holders: 1, coolDown: null }],
    breakGlass: { members: ['U0ANA', 'U0BEN'], max: HOUR, reviewWithin: HOUR, reviewers: ['U0EVE'], page: null },
    rules: [{ effect: 'allow', when: [MEMBERS] }, ASK],
    ...more,
  });
const policyWith = (...roles: Role[]): Policy => ({
  ...aPolicy(aResource('db', 'Database', roles)),
  admins: ['U0EVE'],
});

let flow: Flow;
let counter = 0;
beforeEach(() => {
  flow = startFlow(policyWith(guarded(), guarded({ id: 'read', name: 'read', narrower: [] })));
  flow.people.set('U0ANA', aPerson('U0ANA', 'Ana', 'ana@harbor.example'));
  flow.people.set('U0BEN', aPerson('U0BEN', 'Ben', 'ben@harbor.example'));
  flow.people.set('U0EVE', aPerson('U0EVE', 'Eve', 'eve@harbor.example'));
});
afterEach(() => flow.close());

interface Asked {
  readonly personId: string;
  readonly duration: Millis;
  readonly reason: string;
  readonly factor: ConfirmedFactor | null;
}
const key = () => `S${++counter}`;
const only = <T>(found: readonly T[]): T => {
  const [one] = found;
  if (one === undefined) throw new Error('nothing was asked for');
  return one;
};
const roles = () => [...(flow.policy.resources.get('db')?.roles.values() ?? [])];
/** The same roles with something said differently from now on. */
const change = (more: Partial<Role>, id = 'admin') => {
  flow.policy = policyWith(...roles().map((role) => (role.id === id ? { ...role, ...more } : role)));
};
const byReview = () => change({ rules: [ASK] });

const submit = (asked: Asked, more: { startsAt?: number } = {}) =>
  submitRequest(flow.deps, {
    submissionKey: key(),
    roles: ['db/admin'],
    incidentId: null,
    startsAt: null,
    ...asked,
    ...more,
  });
const submitted = async (asked: Asked, more: { startsAt?: number } = {}): Promise<Request | Refused> => {
  const { requests, refused } = await submit(asked, more);
  return refused[0] ? { refused: refused[0].refusal } : only(requests);
};
const glass = (asked: Asked) =>
  breakGlass(flow.deps, { submissionKey: key(), role: 'db/admin', incidentId: null, ...asked });
const waiting = async (asked: Asked): Promise<Request> => {
  byReview();
  const request = await submitted(asked);
  if (isRefused(request)) throw new Error(`could not ask: ${request.refused.code}`);
  return request;
};
const review = (request: Request, change: { role: string; duration: Millis } | null = null) =>
  reviewRequest(flow.deps, {
    requestId: request.id,
    reviewerId: 'U0EVE',
    verdict: 'approve',
    comment: '',
    change,
    factor: null,
  });
const held = async (asked: Asked): Promise<Grant> => {
  const request = await submitted(asked);
  if (isRefused(request) || request.state !== 'approved') throw new Error('nothing is held');
  await provisionGrant(flow.deps, request.grantId, 1);
  const grant = (await flow.deps.store.grant(request.grantId))?.value;
  if (grant?.state !== 'active') throw new Error('nothing is active');
  return grant;
};

/** What asks, and what decides: where both are one, `early` does it all. */
interface Path {
  readonly name: string;
  /** With what is asked for and no limits broken; what lies between asking and getting happens before `late`. */
  readonly early: (asked: Asked) => Promise<(() => Promise<object | Refused | null>) | Refused>;
  /** Whether it is decided again later, on the policy as it is then. */
  readonly isLate: boolean;
}

const now =
  (act: (asked: Asked) => Promise<Request | Refused>): Path['early'] =>
  async (asked) => {
    const result = await act(asked);
    return isRefused(result) ? result : async () => result;
  };

const PATHS: readonly Path[] = [
  { name: 'a request', isLate: false, early: now((asked) => submitted(asked)) },
  {
    name: 'a bundle',
    isLate: false,
    early: now(async (asked) => {
      const { requests, refused } = await submitRequest(flow.deps, {
        submissionKey: key(),
        roles: ['db/admin', 'db/read'],
        incidentId: null,
        startsAt: null,
        ...asked,
      });
      return refused[0] ? { refused: refused[0].refusal } : only(requests);
    }),
  },
  {
    name: 'an extension',
    isLate: false,
    early: async (asked) => {
      const grant = await held({ personId: asked.personId, ...GOOD, factor: await flow.factorOf(asked.personId) });
      return async () => requestExtension(flow.deps, { submissionKey: key(), grantId: grant.id, ...asked });
    },
  },
  { name: 'break-glass that the rules allow anyway', isLate: false, early: now(glass) },
  {
    name: 'a scheduled start',
    isLate: true,
    early: async (asked) => {
      const request = await submitted(asked, { startsAt: flow.clock.now() + HOUR });
      if (isRefused(request)) return request;
      return async () => {
        flow.clock.advance(HOUR);
        return startRequest(flow.deps, request.id);
      };
    },
  },
  {
    name: 'a review',
    isLate: true,
    early: async (asked) => {
      const request = await waiting(asked);
      return () => review(request);
    },
  },
  {
    name: 'a review that gives a narrower role',
    isLate: true,
    early: async (asked) => {
      const request = await waiting(asked);
      return () => review(request, { role: 'db/read', duration: 15 * MINUTE });
    },
  },
  {
    name: 'a review of an extension',
    isLate: true,
    early: async (asked) => {
      const grant = await held({ personId: asked.personId, ...GOOD, factor: await flow.factorOf(asked.personId) });
      byReview();
      const request = await requestExtension(flow.deps, { submissionKey: key(), grantId: grant.id, ...asked });
      return isRefused(request) ? request : () => review(request);
    },
  },
];

/** What access is meant to be given, new or longer. */
const intents = () => flow.events().filter(({ type }) => type === 'request.approved').length;

async function attempt(
  path: Path,
  asked: Partial<Asked>,
  between: () => unknown = () => undefined,
): Promise<{ refused: string | null; given: number }> {
  const factor = asked.factor === undefined ? await flow.factorOf('U0ANA') : asked.factor;
  const full = { personId: 'U0ANA', ...GOOD, ...asked, factor };
  const late = await path.early(full);
  const before = isRefused(late) || path.isLate || path.name === 'an extension' ? intents() : 0;
  const scheduled = path.name === 'a scheduled start' ? 0 : before;
  if (isRefused(late)) return { refused: late.refused.code, given: 0 };
  await between();
  const result = await late();
  const refused = result !== null && isRefused(result) ? result.refused.code : null;
  // A start that may not be is denied, which nobody waits for.
  const started = flow.events().filter(({ type }) => type === 'grant.provisioning').length;
  return { refused, given: path.name === 'a scheduled start' ? started : intents() - scheduled };
}

describe.each(PATHS)('K11.11 $name', (path) => {
  test('gives access if everything is in order', async () => {
    expect(await attempt(path, {})).toMatchObject({ refused: null, given: expect.toSatisfy((n: number) => n > 0) });
  });

  test.each([
    ['without the ticket that the role wants', { reason: 'the queue is stuck again' }],
    ['with a reason that is too short', { reason: 'INC-1' }],
    ['for longer than the role may be held', { duration: 4 * HOUR }],
    ['for less than no time', { duration: -MINUTE }],
    ['for a time that is none', { duration: Number.NaN }],
    ['for half a millisecond', { duration: 0.5 }],
  ] as [string, Partial<Asked>][])('gives nothing %s', async (_, wrong) => {
    // A bundle gives each role what was asked for up to its own maximum.
    if (path.name === 'a bundle' && wrong.duration === 4 * HOUR) {
      await attempt(path, wrong);
      const live = await flow.deps.store.liveGrants({ resourceId: 'db' });
      return expect(live.map(({ value }) => value.duration)).toEqual([HOUR, HOUR]);
    }
    const later = path.isLate && path.name !== 'a review of an extension';
    if (!later) return expect(await attempt(path, wrong)).toMatchObject({ given: 0, refused: expect.any(String) });
    // Asked for in order, the role's rules have changed meanwhile.
    const id = path.name === 'a review that gives a narrower role' ? 'read' : 'admin';
    const stricter: Partial<Role> =
      'reason' in wrong
        ? { reason: { minLength: 15, ticket: /^SEC-\d+$/ } }
        : { duration: { default: MINUTE, max: MINUTE, total: MINUTE } };
    expect((await attempt(path, {}, () => change(stricter, id))).given).toBe(0);
  });

  test('gives nothing while everything is frozen', async () => {
    const stop = () => freeze(flow.deps, { personId: 'U0EVE', reason: 'drill' });
    if (path.isLate || path.name === 'an extension') expect((await attempt(path, {}, stop)).given).toBe(0);
    else {
      await stop();
      expect(await attempt(path, {})).toEqual({ refused: 'frozen', given: 0 });
      await unfreeze(flow.deps, { personId: 'U0EVE' });
    }
  });

  test('gives nothing if the target has no account for the person', async () => {
    const vanish = () => {
      flow.obstacle = 'it is not known what Ana is called there';
    };
    if (path.isLate || path.name === 'an extension') expect((await attempt(path, {}, vanish)).given).toBe(0);
    else {
      vanish();
      expect(await attempt(path, {})).toEqual({ refused: 'no_account', given: 0 });
    }
  });

  test('gives nothing without the one-time code that the role demands', async () => {
    if (path.name.startsWith('a review that') || path.name === 'a review') {
      // Asked for without a code, because the role that was asked for wants none; the narrower one does.
      change({ secondFactor: { request: false, review: false } });
      const narrower = PATHS.find(({ name }) => name === 'a review that gives a narrower role') ?? path;
      expect(await attempt(narrower, { factor: null })).toMatchObject({ refused: 'second_factor_needed', given: 0 });
      return;
    }
    expect(await attempt(path, { factor: null })).toMatchObject({ refused: 'second_factor_needed', given: 0 });
  });

  test('K11.12 takes the lock on limits while it decides', async () => {
    const factor = await flow.factorOf('U0ANA');
    const late = await path.early({ personId: 'U0ANA', ...GOOD, factor });
    if (isRefused(late)) throw new Error(late.refused.code);
    const before = path.isLate || path.name === 'an extension' ? flow.limited : 0;
    await late();
    expect(flow.limited).toBeGreaterThan(before);
  });
});

describe('break-glass beside the limits', () => {
  test('K11.12 two allowed break-glass uses at once do not both get the last place', async () => {
    const asks = await Promise.all(
      ['U0ANA', 'U0BEN'].map(async (personId) => ({ personId, ...GOOD, factor: await flow.factorOf(personId) })),
    );
    const results = await Promise.all(asks.map((asked) => glass(asked)));
    const ordinary = results.filter((one) => !isRefused(one) && one.state === 'approved' && one.useReview === null);
    expect(ordinary).toHaveLength(1);
  });

  test('K11.11 someone the rules refuse uses break-glass with a reason and is reviewed', async () => {
    change({ rules: [ASK] });
    const used = await glass({
      personId: 'U0ANA',
      duration: 30 * MINUTE,
      reason: 'everything is down',
      factor: await flow.factorOf('U0ANA'),
    });
    expect(used).toMatchObject({ state: 'approved', useReview: { reviewer: 'U0EVE' } });
  });
});

describe('a crafted “Approve less”', () => {
  test('K11.4 on an extension cannot name another role, and the request still waits', async () => {
    const grant = await held({ personId: 'U0ANA', ...GOOD, factor: await flow.factorOf('U0ANA') });
    byReview();
    const asked = await requestExtension(flow.deps, {
      submissionKey: key(),
      grantId: grant.id,
      personId: 'U0ANA',
      ...GOOD,
      factor: await flow.factorOf('U0ANA'),
    });
    if (isRefused(asked)) throw new Error(asked.refused.code);
    expect(await review(asked, { role: 'db/read', duration: 15 * MINUTE })).toEqual({
      refused: { code: 'extension_as_asked' },
    });
    expect((await flow.deps.store.grant(grant.id))?.value).toMatchObject({ role: 'db/admin', extension: null });
    expect((await flow.deps.store.request(asked.id))?.value.state).toBe('pending');
    // No card offers less of an extension, so a shorter time is not taken either.
    expect(await review(asked, { role: 'db/admin', duration: 15 * MINUTE })).toMatchObject({
      refused: { code: 'extension_as_asked' },
    });
    expect(await review(asked)).toMatchObject({ state: 'approved' });
    expect((await flow.deps.store.grant(grant.id))?.value).toMatchObject({
      role: 'db/admin',
      extension: { duration: 30 * MINUTE },
    });
  });

  test.each([
    ['a role that was not offered', { role: 'db/owner', duration: 15 * MINUTE }],
    ['a role of no resource', { role: 'nowhere/admin', duration: 15 * MINUTE }],
    ['more time than was asked for', { role: 'db/admin', duration: HOUR }],
    ['no time', { role: 'db/admin', duration: 0 }],
    ['less than no time', { role: 'db/admin', duration: -HOUR }],
    ['a time that is none', { role: 'db/admin', duration: Number.NaN }],
    ['a part of a millisecond', { role: 'db/admin', duration: 0.001 }],
    ['for ever', { role: 'db/admin', duration: Number.POSITIVE_INFINITY }],
  ])('K11.4 with %s changes nothing', async (_, wrong) => {
    flow.policy = policyWith(...roles(), guarded({ id: 'owner', name: 'owner' }));
    const request = await waiting({ personId: 'U0ANA', ...GOOD, factor: await flow.factorOf('U0ANA') });
    expect(await review(request, wrong)).toMatchObject({ refused: { code: expect.any(String) } });
    expect(findRole(flow.policy, 'db/owner')).toBeDefined();
    expect((await flow.deps.store.request(request.id))?.value).toMatchObject({ state: 'pending', role: 'db/admin' });
  });

  test('K11.4 a narrower role that demands a reviewer’s code is not given without one', async () => {
    change({ secondFactor: { request: true, review: true } }, 'read');
    const request = await waiting({ personId: 'U0ANA', ...GOOD, factor: await flow.factorOf('U0ANA') });
    expect(await review(request, { role: 'db/read', duration: 15 * MINUTE })).toEqual({
      refused: { code: 'second_factor_needed' },
    });
  });

  test('K11.4 a form with more roles than it has room for is refused as a whole', async () => {
    const result = await submitRequest(flow.deps, {
      submissionKey: key(),
      roles: Array.from({ length: 400 }, () => 'db/admin'),
      incidentId: null,
      startsAt: null,
      personId: 'U0ANA',
      ...GOOD,
      factor: await flow.factorOf('U0ANA'),
    });
    expect(result.requests).toEqual([]);
    expect(result.refused[0]?.refusal).toEqual({ code: 'too_many_roles', max: 5 });
  });
});
