/** What shuts out, limits or frees one account of a human does so for the human. */

import { afterEach, describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/person.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { revokeGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { cancelRequest } from '../../src/lifecycle/request/closeRequest.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import type { Directory } from '../../src/ports/people.ts';
import { aFlow, aShift, type Flow } from '../support/flowWorld.ts';

const DAY = 24 * HOUR;
let flow: Flow;
afterEach(() => flow.close());

const SAME_BEN = '  same_person: [[U0BEN, U0BENADMIN]]';
const account = (slackId: string, email: string): Person => ({ slackId, name: slackId, email, timeZone: 'UTC' });

function start(roles: string, { slack = '', more = '' }: { slack?: string; more?: string } = {}): Flow {
  flow = aFlow({ slack, roles, more });
  flow.people.set('U0BENADMIN', account('U0BENADMIN', 'root@harbor.example'));
  flow.groups.set('S0BENS', ['U0BEN']);
  return flow;
}
const role = (rules: string) => `      read:
        grants: {}
        duration: { max: 1h }
        rules: ${rules}`;
const stateOf = async (who: string) => (await flow.asks(who, 'db/read', HOUR)).state;

describe('K6.6 a deny holds for every account of a human', () => {
  const ACCOUNTS: [string, string, () => unknown][] = [
    ['listed under same_person', SAME_BEN, () => undefined],
    ['of one mailbox', '', () => flow.people.set('U0BENADMIN', account('U0BENADMIN', 'ben+admin@harbor.example'))],
  ];
  describe.each(ACCOUNTS)('%s', (_how, slack, prepare) => {
    test.each(['U0BEN', 'S0BENS'])('by members_of [%s], and for nobody else', async (named) => {
      start(role(`[{ deny: { members_of: [${named}] } }, { ask: { reviewers: [U0CHLOE] } }]`), { slack });
      prepare();
      const denied = await flow.asks('U0BENADMIN', 'db/read', HOUR);
      expect(denied).toMatchObject({
        state: 'denied',
        decision: { reasons: [expect.stringContaining('another account of the same person, U0BEN')] },
      });
      expect(await stateOf('U0BEN')).toBe('denied');
      expect(await stateOf('U0ANA')).toBe('pending');
    });

    test('by on_call: a shift of one account shuts out the other', async () => {
      start(role('[{ deny: { on_call: {} } }, { ask: { reviewers: [U0CHLOE] } }]'), { slack });
      prepare();
      flow.shifts.set('U0BEN', [aShift(flow.clock.now())]);
      expect(await flow.asks('U0BENADMIN', 'db/read', HOUR)).toMatchObject({
        state: 'denied',
        decision: { reasons: [expect.stringContaining('another account of the same person is on call')] },
      });
      expect(await stateOf('U0ANA')).toBe('pending');
    });

    test('a shift of one account opens nothing for the other', async () => {
      start(role('[{ allow: { on_call: {} } }, { ask: { reviewers: [U0CHLOE] } }]'), { slack });
      prepare();
      flow.shifts.set('U0BEN', [aShift(flow.clock.now())]);
      expect(await stateOf('U0BENADMIN')).toBe('pending');
    });

    test.each(['U0BEN', 'S0BENS'])('what lets in [%s] lets in that account alone', async (named) => {
      start(
        role(
          `[{ deny: { unless: { members_of: [${named}] } } }, { allow: { members_of: [${named}] } }, { ask: { reviewers: [U0CHLOE] } }]`,
        ),
        { slack },
      );
      prepare();
      expect(await stateOf('U0BENADMIN')).toBe('denied');
      expect(await stateOf('U0BEN')).toBe('approved');
    });

    test.each(['U0BEN', 'S0BENS'])('a freeze excepts [%s] alone', async (named) => {
      start(role('[{ allow: { duration: { max: 1h } } }]'), {
        slack,
        more: `freezes: [{ from: "2020-01-01T00:00Z", to: "2099-01-01T00:00Z", reason: peak, except: [${named}] }]`,
      });
      prepare();
      expect(await stateOf('U0BENADMIN')).toBe('denied');
      expect(await stateOf('U0BEN')).toBe('approved');
    });
  });

  test('also by the account that had the mailbox then and has another one now', async () => {
    start(role('[{ deny: { members_of: [U0BENADMIN] } }, { ask: { reviewers: [U0CHLOE] } }]'));
    flow.people.set('U0BENADMIN', account('U0BENADMIN', 'ben+admin@harbor.example'));
    expect(await stateOf('U0BENADMIN')).toBe('denied');
    flow.people.set('U0BENADMIN', account('U0BENADMIN', 'elsewhere@harbor.example'));
    expect(await stateOf('U0BEN')).toBe('denied');
  });
});

describe('K6.7 a budget of approvals without a reviewer', () => {
  const RULES = '[{ allow: { members_of: [U0ANA] } }, { ask: { reviewers: [U0CHLOE] } }]';
  const THREE = `${role(RULES)}
      write: { grants: {}, duration: { max: 1h }, rules: ${RULES} }
      drop: { grants: {}, duration: { max: 1h }, rules: ${RULES} }`;
  const once = (max: number) => ({ more: `limits: [{ automatic: { max: ${max}, per: 24h } }]` });
  const together = async (startsAt: number | null) => {
    const { requests } = await submitRequest(flow.deps, {
      submissionKey: 'S1',
      personId: 'U0ANA',
      roles: ['db/read', 'db/write', 'db/drop'],
      duration: HOUR,
      reason: 'because it is needed',
      incidentId: null,
      startsAt,
      factor: null,
    });
    return requests.map(({ state }) => state);
  };

  test.each([1, 2])('counts what one form asks for, one after the other, up to %d', async (max) => {
    start(THREE, once(max));
    const states = await together(null);
    expect(states).toEqual(['approved', 'approved', 'approved'].map((state, i) => (i < max ? state : 'pending')));
    await flow.work();
    expect(await flow.deps.store.liveGrants({})).toHaveLength(max);
    // What reads the record afterwards decides the same.
    const submitted = flow.events().filter(({ type }) => type === 'request.submitted');
    const counted = submitted.map(({ payload }) => JSON.stringify(payload).match(/"automatic":(\[.*?\])/)?.[1] ?? '');
    expect(counted.map((one) => JSON.parse(one).length)).toEqual([0, 1, 2].map((i) => Math.min(i, max)));
  });

  test('counts what one form asks for ahead', async () => {
    start(THREE, once(1));
    expect(await together(flow.clock.now() + DAY)).toEqual(['scheduled', 'pending', 'pending']);
  });

  test('counts when access begins: several days’ starts on one day can be too many', async () => {
    start(THREE, once(1));
    const at = flow.clock.now() + 5 * DAY;
    expect((await flow.asks('U0ANA', 'db/read', HOUR, { startsAt: at })).state).toBe('scheduled');
    flow.clock.advance(2 * DAY);
    expect((await flow.asks('U0ANA', 'db/write', HOUR, { startsAt: at - DAY + 1 })).state).toBe('pending');
    const later = await flow.asks('U0ANA', 'db/drop', HOUR, { startsAt: at + DAY });
    expect(later.state).toBe('scheduled');
    flow.clock.advance(3 * DAY);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(true);
    flow.clock.advance(DAY - 1);
    await flow.work();
    expect((await flow.request(later.id)).state).toBe('scheduled');
    flow.clock.advance(1);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/drop')).toBe(true);
  });

  test('a start counts against that day’s limit, however early it was asked for', async () => {
    start(THREE, once(1));
    await flow.asks('U0ANA', 'db/read', HOUR, { startsAt: flow.clock.now() + 5 * DAY });
    flow.clock.advance(5 * DAY);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(true);
    flow.clock.advance(DAY - 1);
    expect((await flow.asks('U0ANA', 'db/write', HOUR)).state).toBe('pending');
    flow.clock.advance(1);
    expect((await flow.asks('U0ANA', 'db/drop', HOUR)).state).toBe('approved');
  });
});

test('K6.8 a reviewer’s no stays in sight after hundreds of other requests', async () => {
  start(
    `${role('[{ ask: { reviewers: [U0CHLOE] } }]')}
      never: { grants: {}, duration: { max: 1h }, rules: [{ allow: { members_of: [U0FRED] } }] }`,
    { more: 'limits: [{ cool_down: 2h }]' },
  );
  await flow.denies('U0CHLOE', await flow.asks('U0ANA', 'db/read', HOUR));
  const insert = {
    personId: 'U0ANA',
    duration: HOUR,
    reason: 'because',
    incidentId: null,
    startsAt: null,
    factor: null,
  };
  for (let turn = 0; turn < 501; turn += 1)
    await submitRequest(flow.deps, { ...insert, submissionKey: `N${turn}`, roles: ['db/never'] });
  flow.clock.advance(2 * HOUR - 1);
  expect(await stateOf('U0ANA')).toBe('denied');
  flow.clock.advance(1);
  expect(await stateOf('U0ANA')).toBe('pending');
});

describe('K6.9 with one account unknown, a human’s other accounts are unknown too', () => {
  const LISTS = '  same_person: [[U0BEN, U0BENADMIN], [U0DEV, U0DEVADMIN]]\n  delegates: [U0FRED]';
  const ASK = (needed: number) => role(`[{ ask: { reviewers: [U0CHLOE, U0DEV], needed: ${needed} } }]`);
  /** Ben's other account has Chloé's mailbox, and so has Dev's: the three are one human. */
  const prepare = async (needed: number, who = 'U0BEN', startsAt?: number) => {
    start(ASK(needed), { slack: LISTS });
    for (const id of ['U0BENADMIN', 'U0DEVADMIN']) flow.people.set(id, account(id, `chloe+${id}@harbor.example`));
    return flow.asks(who, 'db/read', HOUR, startsAt === undefined ? {} : { startsAt });
  };

  test('so nobody approves what may be their own request, and a no is accepted', async () => {
    const asked = await prepare(1);
    expect((await flow.refused(flow.approves('U0CHLOE', asked))).code).toBe('own_request');
    flow.silent.add('U0BENADMIN');
    expect(await flow.refused(flow.approves('U0CHLOE', asked))).toMatchObject({
      code: 'eligibility_unknown',
      problem: expect.stringContaining('U0BENADMIN'),
    });
    expect((await flow.denies('U0CHLOE', asked)).state).toBe('denied');
  });

  test('nor is one human counted twice', async () => {
    const asked = await prepare(2, 'U0ANA');
    await flow.approves('U0CHLOE', asked);
    flow.silent.add('U0DEVADMIN');
    expect((await flow.refused(flow.approves('U0DEV', asked))).code).toBe('eligibility_unknown');
    flow.silent.clear();
    expect((await flow.refused(flow.approves('U0DEV', asked))).code).toBe('already_reviewed');
  });

  test('nor does one before them count, nor a stand-in of theirs', async () => {
    const asked = await prepare(2, 'U0ANA');
    await flow.approves('U0DEV', asked);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('authority_used');
    flow.silent.add('U0DEVADMIN');
    expect((await flow.approves('U0FRED', asked)).state).toBe('pending');
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
  });

  test('nor does what was approved ahead begin', async () => {
    start(ASK(1), { slack: LISTS });
    flow.people.set('U0DEVADMIN', account('U0DEVADMIN', 'dev.root@harbor.example'));
    const startsAt = flow.clock.now() + HOUR;
    const asked = await flow.asks('U0BEN', 'db/read', HOUR, { startsAt });
    await flow.approves('U0CHLOE', asked);
    flow.silent.add('U0BENADMIN');
    flow.clock.advance(HOUR);
    await flow.work();
    expect((await flow.request(asked.id)).state).toBe('denied');
  });

  test('nor do limits hold, and nothing is given, unless that account has left', async () => {
    start(role('[{ allow: { duration: { max: 1h } } }]'), { slack: LISTS, more: 'limits: [{ holders: 1 }]' });
    flow.silent.add('U0BENADMIN');
    expect(await stateOf('U0BEN')).toBe('denied');
    flow.silent.clear();
    flow.people.set('U0BENADMIN', 'this account is deactivated');
    expect(await stateOf('U0BEN')).toBe('approved');
  });
});

describe('K9.5 any account of the human takes access away while Slack is down', () => {
  const ACCOUNTS: [string, string][] = [
    ['of lists that overlap', '  same_person: [[U0BEN, U0DEV], [U0DEV, U0BENADMIN]]'],
    ['of one mailbox, seen before', ''],
  ];
  const prepare = async (slack: string, rules: string) => {
    start(
      `${role(rules)}\n      other: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0CHLOE] } }] }`,
      {
        slack,
      },
    );
    if (slack === '') flow.people.set('U0BENADMIN', account('U0BENADMIN', 'ben+admin@harbor.example'));
    await cancelRequest(flow.deps, {
      requestId: (await flow.asks('U0BENADMIN', 'db/other', HOUR)).id,
      personId: 'U0BENADMIN',
    });
    const request = await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.work();
    flow.people.clear();
    return request;
  };

  test.each(ACCOUNTS)('access is given back by accounts %s', async (_how, slack) => {
    await prepare(slack, '[{ allow: { duration: { max: 1h } } }]');
    const { id: grantId } = await flow.held('U0BEN', 'db/read');
    expect(await revokeGrant(flow.deps, { grantId, personId: 'U0ANA' })).toHaveProperty('refused');
    expect(await revokeGrant(flow.deps, { grantId, personId: 'U0BENADMIN' })).not.toHaveProperty('refused');
    await flow.work();
    expect(await flow.isHeld('U0BEN', 'db/read')).toBe(false);
    expect(flow.events().find(({ type }) => type === 'grant.revoking')?.actor).toMatchObject({ id: 'U0BENADMIN' });
  });

  test.each(ACCOUNTS)('a request is cancelled by accounts %s', async (_how, slack) => {
    const { id: requestId } = await prepare(slack, '[{ ask: { reviewers: [U0CHLOE] } }]');
    expect(await cancelRequest(flow.deps, { requestId, personId: 'U0ANA' })).toMatchObject({
      refused: { code: 'not_yours' },
    });
    expect(await cancelRequest(flow.deps, { requestId, personId: 'U0BENADMIN' })).toMatchObject({ state: 'cancelled' });
    expect(flow.events().at(-1)).toMatchObject({ type: 'request.cancelled', actor: { id: 'U0BENADMIN' } });
  });
});

test('K9.6 an administrator named by account freezes while a group is unknown', async () => {
  start(role('[{ allow: { duration: { max: 1h } } }]'));
  flow.reload((source) => source.replace('admins: [U0EVE]', 'admins: [U0EVE, S0SECURITY]'));
  await flow.asks('U0ANA', 'db/read', HOUR);
  await flow.work();
  const { id: grantId } = await flow.held('U0ANA', 'db/read');
  const members: Directory['members'] = (ids) =>
    ids.length === 0 ? Promise.resolve(new Map()) : new Promise(() => undefined);
  const deps = { ...flow.deps, directory: { ...flow.deps.directory, members } };
  expect(await revokeGrant(deps, { grantId, personId: 'U0EVE' })).toMatchObject({ seenAt: null });
  expect(await freeze(deps, { personId: 'U0EVE', reason: 'a token has leaked' })).toMatchObject({ seenAt: null });
});
