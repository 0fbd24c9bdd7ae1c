/** Two who decide in the same instant: one after the other, each on what the other left. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { cancelRequest, expireRequest } from '../../src/lifecycle/request/closeRequest.ts';
import { escalationKey } from '../../src/lifecycle/request/requestChange.ts';
import { startRequest } from '../../src/lifecycle/request/startRequest.ts';
import { endDelegation } from '../../src/lifecycle/review/delegate.ts';
import { escalateRequest } from '../../src/lifecycle/review/escalateRequest.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
beforeEach(() => {
  flow = aFlow({
    slack: '  delegates: [U0FRED, U0EVE]',
    roles: `      read:
        grants: {}
        duration: { max: 4h }
        rules:
          - ask: { reviewers: [U0CHLOE, U0DEV], needed: 2, escalate: [{ after: 5m, to: { reviewers: [U0EVE] } }], expires: 4h }
      write: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0CHLOE, U0DEV], expires: 4h } }] }
      go: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }`,
  });
});
afterEach(() => flow.close());

const types = (of: string) => flow.events().filter(({ type }) => type === of);
/** What each came to: its state, or why it was refused. */
const outcomes = async (...words: Promise<object | null>[]) => {
  const settled = await Promise.allSettled(words);
  return settled.map((one) => (one.status === 'fulfilled' ? cameTo(one.value) : one.reason.refusal.code)).sort();
};
const cameTo = (value: object | null): unknown =>
  value && 'refused' in value
    ? cameTo(value.refused as object)
    : value && 'code' in value
      ? value.code
      : stateOf(value);
const stateOf = (value: object | null) => (value && 'state' in value ? value.state : value);
const cancels = (requestId: string) => cancelRequest(flow.deps, { requestId, personId: 'U0ANA' });

describe('at the same moment, about one request', () => {
  test('two reviewers both count', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(await outcomes(flow.approves('U0CHLOE', asked), flow.approves('U0DEV', asked))).toEqual([
      'approved',
      'pending',
    ]);
    expect(await flow.request(asked.id)).toMatchObject({ state: 'approved', reviews: [{}, {}] });
    expect(types('grant.provisioning')).toHaveLength(1);
  });

  test('a yes and a no: only one of them counts', async () => {
    const asked = await flow.asks('U0ANA', 'db/write', HOUR);
    const [first, second] = await outcomes(flow.approves('U0CHLOE', asked), flow.denies('U0DEV', asked));
    expect(['approved', 'denied']).toContain(first);
    expect(second).toBe('not_pending');
    expect(types('request.approved').length + types('request.denied').length).toBe(1);
  });

  test('two approvals where one is enough give it once', async () => {
    const asked = await flow.asks('U0ANA', 'db/write', HOUR);
    expect(await outcomes(flow.approves('U0CHLOE', asked), flow.approves('U0DEV', asked))).toEqual([
      'approved',
      'not_pending',
    ]);
    expect(await flow.deps.store.liveGrants({})).toHaveLength(1);
  });

  test('cancelling and approving do not both count', async () => {
    const asked = await flow.asks('U0ANA', 'db/write', HOUR);
    const both = await outcomes(flow.approves('U0CHLOE', asked), cancels(asked.id));
    expect(both).toContain('not_pending');
    expect(types('request.approved').length + types('request.cancelled').length).toBe(1);
  });

  test('it is cancelled once', async () => {
    const asked = await flow.asks('U0ANA', 'db/write', HOUR);
    expect(await outcomes(cancels(asked.id), cancels(asked.id))).toEqual(['cancelled', 'not_pending']);
  });

  test('it is cancelled or expires, not both', async () => {
    const asked = await flow.asks('U0ANA', 'db/write', HOUR);
    flow.clock.advance(4 * HOUR);
    await outcomes(cancels(asked.id), expireRequest(flow.deps, asked.id));
    expect(types('request.expired').length + types('request.cancelled').length).toBe(1);
  });

  test('an escalation step is taken once, and nothing of it is lost', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.clock.advance(5 * MINUTE);
    const step = () => escalateRequest(flow.deps, escalationKey(asked.id, 0));
    await Promise.all([step(), flow.approves('U0CHLOE', asked), step()]);
    expect(types('request.escalated')).toHaveLength(1);
    expect(await flow.request(asked.id)).toMatchObject({
      escalations: [{ to: ['U0EVE'] }],
      reviews: [{ by: { slackId: 'U0CHLOE' } }],
    });
  });

  test('it begins once', async () => {
    const asked = await flow.asks('U0ANA', 'db/go', HOUR, { startsAt: flow.clock.now() + HOUR });
    flow.clock.advance(HOUR);
    expect(await outcomes(startRequest(flow.deps, asked.id), startRequest(flow.deps, asked.id))).toEqual([null, null]);
    expect(types('grant.provisioning')).toHaveLength(1);
  });
});

describe('at the same moment, about somebody who is away', () => {
  test('the stand-in who was named last counts', async () => {
    await Promise.all([flow.standsIn('U0CHLOE', 'U0FRED'), flow.standsIn('U0CHLOE', 'U0EVE')]);
    const named = types('delegation.set').map(({ payload }) => payload);
    expect(named).toHaveLength(2);
    expect(await flow.deps.store.records('delegation')).toMatchObject([named.at(-1)]);
  });

  test('being back is recorded once', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED');
    const both = await outcomes(endDelegation(flow.deps, 'U0CHLOE'), endDelegation(flow.deps, 'U0CHLOE'));
    expect(both).toContain('nothing_delegated');
    expect(types('delegation.ended')).toHaveLength(1);
  });
});
