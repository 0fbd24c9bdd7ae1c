/** What becomes of a request that waits, for reviewers or for its time: it expires, is cancelled, or begins. */

import { afterEach, describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/person.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { cancelRequest, expireRequest } from '../../src/lifecycle/request/closeRequest.ts';
import { startRequest } from '../../src/lifecycle/request/startRequest.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const ASK = '[{ ask: { reviewers: [U0CHLOE, U0DEV], expires: 4h } }]';
const ALLOW = '[{ allow: { duration: { max: 4h } } }]';
const start = (rules: string, slack = '') => {
  flow = aFlow({
    slack,
    roles: `      read:
        grants: {}
        duration: { max: 4h }
        rules: ${rules}`,
  });
};
const now = () => flow.clock.now();
const account = (slackId: string, email: string): Person => ({ slackId, name: slackId, email, timeZone: 'UTC' });
const ANA = { slackId: 'U0ANA', name: 'Ana' };
const expires = (id: string) => expireRequest(flow.deps, id);
const begins = (id: string) => startRequest(flow.deps, id);

describe('an undecided request', () => {
  test('expires at its time, and not before', async () => {
    start(ASK);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.clock.advance(4 * HOUR - 1);
    expect(await expires(asked.id)).toEqual({ notBefore: asked.submittedAt + 4 * HOUR });
    expect((await flow.request(asked.id)).state).toBe('pending');
    flow.clock.advance(1);
    expect(await expires(asked.id)).toBeNull();
    const expired = await flow.request(asked.id);
    expect(expired).toMatchObject({ state: 'expired', expiredAt: now(), decision: { effect: 'ask' }, role: 'db/read' });
    expect(flow.events().at(-1)).toMatchObject({
      type: 'request.expired',
      actor: { kind: 'bot' },
      requestId: asked.id,
      grantId: null,
      payload: { role: 'db/read', requester: ANA },
    });
    expect((await flow.refused(flow.approves('U0CHLOE', asked))).code).toBe('not_pending');
  });

  test('is the only one that does', async () => {
    start(ASK);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0CHLOE', asked);
    flow.clock.advance(5 * HOUR);
    expect(await expires(asked.id)).toBeNull();
    expect(await expires('R404')).toBeNull();
    expect((await flow.request(asked.id)).state).toBe('approved');
  });
});

describe('a request that is no longer needed', () => {
  const cancels = (asked: Pick<Request, 'id'>, personId: string) =>
    cancelRequest(flow.deps, { requestId: asked.id, personId });

  test.each([
    ['while it waits for reviewers', ASK, false],
    ['while it waits for its start', ALLOW, true],
  ])('is cancelled %s, and nothing comes of it', async (_when, rules, isAhead) => {
    start(rules);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR, isAhead ? { startsAt: now() + HOUR } : {});
    flow.clock.advance(MINUTE);
    const cancelled = await cancels(asked, 'U0ANA');
    expect(cancelled).toMatchObject({ state: 'cancelled', cancelledAt: now(), decision: asked.decision });
    expect(await flow.request(asked.id)).toEqual(cancelled);
    expect(flow.events().at(-1)).toMatchObject({
      type: 'request.cancelled',
      actor: { kind: 'person', id: 'U0ANA', name: 'Ana' },
      requestId: asked.id,
      payload: { role: 'db/read', requester: ANA },
    });
    expect(await flow.left('expire')).toEqual([]);
    expect(await flow.left('start')).toEqual([]);
    flow.clock.advance(5 * HOUR);
    await flow.work();
    expect(await begins(asked.id)).toBeNull();
    expect(await expires(asked.id)).toBeNull();
    expect((await flow.request(asked.id)).state).toBe('cancelled');
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
  });

  test('is cancelled once, by nobody else, and only while it waits', async () => {
    start(ASK);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    const other = await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.approves('U0CHLOE', other);
    const before = flow.events().length;
    expect(await cancels({ id: 'R404' }, 'U0ANA')).toEqual({ refused: { code: 'unknown_request' } });
    expect(await cancels(asked, 'U0BEN')).toEqual({ refused: { code: 'not_yours' } });
    expect(await cancels(other, 'U0BEN')).toEqual({ refused: { code: 'not_pending', state: 'approved' } });
    expect(flow.events()).toHaveLength(before);
    await cancels(asked, 'U0ANA');
    expect(await cancels(asked, 'U0ANA')).toEqual({ refused: { code: 'not_pending', state: 'cancelled' } });
  });
});

describe('a request for later', () => {
  const ahead = async (rules = ALLOW, slack = '') => {
    start(rules, slack);
    const asked = await flow.asks('U0ANA', 'db/read', 2 * HOUR, { startsAt: now() + HOUR });
    return asked.state === 'pending' ? flow.approves('U0CHLOE', asked) : asked;
  };
  const denied = async (asked: Request) => {
    flow.clock.advance(HOUR);
    expect(await begins(asked.id)).toBeNull();
    const request = await flow.request(asked.id);
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
    if (request.state !== 'denied') throw new Error(`it is ${request.state}`);
    expect(flow.events().at(-1)).toMatchObject({
      type: 'request.denied',
      actor: { kind: 'bot' },
      requestId: asked.id,
      grantId: null,
      payload: { role: 'db/read', requester: ANA, by: 'policy', reasons: request.decision.reasons },
    });
    expect(request).toMatchObject({ deniedAt: now(), decision: { effect: 'deny', rule: null, outcomes: [] } });
    return request.decision.reasons;
  };

  test('begins at its time, and not before', async () => {
    const asked = await ahead();
    flow.clock.advance(HOUR - 1);
    expect(await begins(asked.id)).toEqual({ notBefore: asked.startsAt });
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
    flow.clock.advance(1);
    expect(await begins(asked.id)).toBeNull();
    expect(await flow.request(asked.id)).toMatchObject({ state: 'approved', approvedAt: now() });
    await flow.work();
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ requestId: asked.id, endsAt: now() + 2 * HOUR });
    expect(await begins(asked.id)).toBeNull();
    expect(flow.events().filter(({ type }) => type === 'request.approved')).toHaveLength(2);
  });

  test('keeps who approved it', async () => {
    const asked = await ahead(ASK);
    flow.clock.advance(HOUR);
    await begins(asked.id);
    expect(await flow.request(asked.id)).toMatchObject({
      state: 'approved',
      reviews: [{ by: { slackId: 'U0CHLOE' } }],
      useReview: null,
    });
    expect(flow.events().find(({ type, grantId }) => type === 'request.approved' && grantId)?.payload).toMatchObject({
      by: 'reviewers',
      approvers: [{ slackId: 'U0CHLOE' }],
      startsAt: null,
    });
  });

  test('begins up to the last moment of its window', async () => {
    const asked = await ahead();
    flow.clock.advance(3 * HOUR - 1);
    await begins(asked.id);
    await flow.work();
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ endsAt: now() + 1 });
  });

  test('expires with its window', async () => {
    const asked = await ahead();
    flow.clock.advance(3 * HOUR);
    expect(await begins(asked.id)).toBeNull();
    expect(await flow.request(asked.id)).toMatchObject({
      state: 'expired',
      expiredAt: now(),
      decision: asked.decision,
    });
    expect(flow.events().at(-1)).toMatchObject({
      type: 'request.expired',
      actor: { kind: 'bot' },
      requestId: asked.id,
      payload: { role: 'db/read', requester: ANA },
    });
  });

  test.each([
    ['the same account', 'U0ANA', 'ana@harbor.example'],
    ['another account of theirs', 'U0ANA2', 'ana@harbor.example'],
    ['an account with the mailbox that they asked under', 'U0ANA2', 'ana.k@harbor.example'],
  ])('waits while %s holds the same, and is looked at again in half a minute', async (_which, who, email) => {
    start(ALLOW);
    flow.people.set('U0ANA2', account('U0ANA2', 'ana+2@harbor.example'));
    await flow.asks(who, 'db/read', HOUR + MINUTE);
    await flow.work();
    const asked = await flow.asks('U0ANA', 'db/read', 2 * HOUR, { startsAt: now() + HOUR });
    flow.people.set('U0ANA', account('U0ANA', email));
    flow.clock.advance(HOUR);
    expect(await begins(asked.id)).toEqual({ notBefore: now() + 30 * SECOND });
    for (const pass of [0, MINUTE, 30 * SECOND]) {
      flow.clock.advance(pass);
      await flow.work();
    }
    expect(await flow.request(asked.id)).toMatchObject({ state: 'approved' });
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ requestId: asked.id });
  });

  test('waits while an account with their present mailbox has the same', async () => {
    start(ALLOW);
    flow.people.set('U0NEW', account('U0NEW', 'new@harbor.example'));
    await flow.asks('U0NEW', 'db/read', HOUR + MINUTE);
    await flow.work();
    const asked = await flow.asks('U0ANA', 'db/read', 2 * HOUR, { startsAt: now() + HOUR });
    flow.people.set('U0ANA', account('U0ANA', 'new+ana@harbor.example'));
    flow.clock.advance(HOUR);
    expect(await begins(asked.id)).toEqual({ notBefore: now() + 30 * SECOND });
  });

  test('does not begin where such an account was given the same in the same instant', async () => {
    start(ALLOW);
    flow.people.set('U0NEW', account('U0NEW', 'new@harbor.example'));
    const asked = await flow.asks('U0ANA', 'db/read', 2 * HOUR, { startsAt: now() + HOUR });
    flow.people.set('U0ANA', account('U0ANA', 'new+ana@harbor.example'));
    flow.clock.advance(HOUR);
    const { liveGrantOf } = flow.deps.store;
    // Looked for before the other account asks, and again by the commit.
    flow.deps.store.liveGrantOf = async (...asking) => {
      flow.deps.store.liveGrantOf = liveGrantOf;
      const found = await liveGrantOf(...asking);
      await flow.asks('U0NEW', 'db/read', HOUR);
      return found;
    };
    expect(await begins(asked.id)).toEqual({ notBefore: now() + 30 * SECOND });
    expect((await flow.request(asked.id)).state).toBe('scheduled');
  });

  test('is denied once its role is not in the policy', async () => {
    const asked = await ahead();
    flow.reload((source) => source.replace('      read:\n', '      write:\n'));
    expect(await denied(asked)).toEqual(['the role is no longer in the policy']);
  });

  test('is denied once its requester is not at Slack', async () => {
    const asked = await ahead();
    flow.people.set('U0ANA', 'this account is deactivated');
    expect(await denied(asked)).toEqual(['this account is deactivated']);
  });

  test('is denied while everything is frozen', async () => {
    const asked = await ahead();
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    expect(await denied(asked)).toEqual(['nothing is granted now: all access is frozen by Eve: a token has leaked']);
  });

  test('is denied if the role allows only less time by now', async () => {
    const asked = await ahead();
    flow.reload((source) => source.replace('duration: { max: 4h }', 'duration: { max: 1h }'));
    expect(await denied(asked)).toEqual([expect.stringContaining('by its duration')]);
  });

  test('is denied if a rule says no by now, with the rule’s reasons', async () => {
    const asked = await ahead();
    flow.reload((source) =>
      source.replace(ALLOW, '[{ deny: { members_of: [U0ANA] } }, { ask: { reviewers: [U0CHLOE] } }]'),
    );
    expect(await denied(asked)).not.toEqual([]);
  });

  test('that the policy allowed is denied if reviewers have to be asked by now', async () => {
    const asked = await ahead();
    flow.reload((source) => source.replace(ALLOW, ASK));
    expect(await denied(asked)).not.toEqual([]);
  });

  test('that was approved begins without its reviewers if the policy allows it', async () => {
    const asked = await ahead(ASK);
    flow.reload((source) => source.replace(ASK, ALLOW));
    flow.people.set('U0CHLOE', 'deactivated');
    flow.clock.advance(HOUR);
    await begins(asked.id);
    expect(await flow.request(asked.id)).toMatchObject({ state: 'approved' });
  });

  test.each([
    ['one', 2, ['not everybody who approved it still may: 1 of the approvals it needs is missing']],
    ['two', 3, ['not everybody who approved it still may: 2 of the approvals it needs are missing']],
  ])('is denied if the rule needs %s more by now', async (_more, needed, reasons) => {
    const asked = await ahead(ASK);
    flow.reload((source) =>
      source.replace('reviewers: [U0CHLOE, U0DEV]', `reviewers: [U0CHLOE, U0DEV, U0FRED], needed: ${needed}`),
    );
    expect(await denied(asked)).toEqual(reasons);
  });

  test('is denied with the reason if it is unknown whether its approver still may', async () => {
    const asked = await ahead(ASK);
    flow.reload((source) => source.replace('reviewers: [U0CHLOE, U0DEV]', 'reviewers: [S0LOST]'));
    expect(await denied(asked)).toEqual(['no group S0LOST']);
  });

  test('is denied with the reason while another account of its requester is unknown', async () => {
    const asked = await ahead(ASK, '  same_person: [[U0ANA, U0ANA2]]');
    flow.silent.add('U0ANA2');
    expect(await denied(asked)).toEqual(['another account of the same person, U0ANA2, could not be looked up']);
  });

  test('is denied with the reason while an account of its approver is unknown', async () => {
    const asked = await ahead(ASK, '  same_person: [[U0CHLOE, U0CHLOE2]]');
    flow.silent.add('U0CHLOE2');
    expect(await denied(asked)).toEqual(['another account of the same person, U0CHLOE2, could not be looked up']);
  });

  test.each([
    ['who approved it', 'U0CHLOE'],
    ['one of them and the stand-in of the other', 'U0FRED'],
  ])('is denied once %s are one human', async (_who, first) => {
    start(ASK.replace('expires', 'needed: 2, expires'), '  delegates: [U0FRED]');
    await flow.standsIn('U0CHLOE', 'U0FRED');
    const asked = await flow.asks('U0ANA', 'db/read', 2 * HOUR, { startsAt: now() + HOUR });
    await flow.approves(first, asked);
    const approved = await flow.approves('U0DEV', asked);
    flow.reload((source) => source.replace('  delegates:', `  same_person: [[${first}, U0DEV]]\n  delegates:`));
    expect(await denied(approved)).toEqual([expect.stringContaining(': 1 of the approvals')]);
  });
});
