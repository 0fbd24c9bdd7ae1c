/** Who may be named as a stand-in, by whom and for how long, and what is recorded of it. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { endDelegation } from '../../src/lifecycle/review/delegate.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const DELEGATES = '  delegates: [U0FRED, U0EVE, U0CHLOE2]';
beforeEach(() => {
  flow = aFlow({
    slack: DELEGATES,
    roles: `      read:
        grants: {}
        duration: { max: 4h }
        rules: [{ ask: { reviewers: [U0CHLOE, U0DEV], expires: 4h } }]`,
  });
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
const refusal = (from: string, to: string, until?: number) => flow.refused(flow.standsIn(from, to, until));
const kept = () => flow.deps.store.records('delegation');

describe('naming a stand-in', () => {
  test('is recorded as done by the person who is away', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED', now() + HOUR);
    expect(flow.events()).toMatchObject([
      {
        type: 'delegation.set',
        actor: { kind: 'person', id: 'U0CHLOE' },
        payload: {
          from: { slackId: 'U0CHLOE', name: 'Chloe' },
          to: { slackId: 'U0FRED', name: 'Fred' },
          until: now() + HOUR,
        },
      },
    ]);
  });

  test('again replaces the one before', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0CHLOE', 'U0EVE');
    expect(await kept()).toMatchObject([{ from: { slackId: 'U0CHLOE' }, to: { slackId: 'U0EVE' } }]);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('not_a_reviewer');
    expect((await flow.approves('U0EVE', asked)).state).toBe('approved');
  });

  test('leaves those of others as they are', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0DEV', 'U0EVE');
    expect((await kept()).map(({ from, to }) => [from.slackId, to.slackId]).sort()).toEqual([
      ['U0CHLOE', 'U0FRED'],
      ['U0DEV', 'U0EVE'],
    ]);
  });

  test('is refused to people who are not at Slack, with the reason', async () => {
    flow.people.set('U0CHLOE', 'this account is deactivated');
    expect(await refusal('U0CHLOE', 'U0FRED')).toEqual({
      code: 'person_refused',
      problem: 'this account is deactivated',
    });
  });

  test.each([
    ['who is not at Slack', 'U0FRED', 'this account is deactivated', null],
    ['who is oneself', 'U0CHLOE2', 'that is you yourself', null],
    ['whom the policy does not let', 'U0DEV', 'the policy does not let them stand in', null],
    ['until now', 'U0EVE', 'that time is over already', 0],
    ['for more than 30 days', 'U0EVE', '30 days at most', 30 * 24 * HOUR + 1],
  ])('is refused of one %s', async (_which, to, problem, length) => {
    flow.people.set('U0FRED', 'this account is deactivated');
    flow.people.set('U0CHLOE2', { slackId: 'U0CHLOE2', name: 'C', email: 'chloe+2@harbor.example', timeZone: 'UTC' });
    const until = length === null ? undefined : now() + length;
    expect(await refusal('U0CHLOE', to, until)).toEqual({ code: 'no_delegate', problem });
    expect(await kept()).toEqual([]);
    expect(flow.events()).toEqual([]);
  });

  test.each([
    ['a moment', 1],
    ['30 days', 30 * 24 * HOUR],
  ])('is possible for %s', async (_how, length) => {
    await flow.standsIn('U0CHLOE', 'U0FRED', now() + length);
    expect(await kept()).toMatchObject([{ until: now() + length }]);
  });

  test('waits while the policy’s delegates cannot be looked up', async () => {
    flow.reload((source) => source.replace(DELEGATES, '  delegates: [S0LOST]'));
    expect(await refusal('U0CHLOE', 'U0FRED')).toEqual({ code: 'eligibility_unknown', problem: 'no group S0LOST' });
    flow.groups.set('S0LOST', ['U0FRED']);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    expect(await kept()).toHaveLength(1);
  });
});

describe('being back', () => {
  test('ends one’s own stand-in, and is recorded', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0DEV', 'U0EVE');
    expect(await endDelegation(flow.deps, 'U0CHLOE')).toMatchObject({ to: { slackId: 'U0FRED' } });
    expect(await kept()).toMatchObject([{ from: { slackId: 'U0DEV' } }]);
    expect(flow.events().at(-1)).toMatchObject({
      type: 'delegation.ended',
      actor: { kind: 'person', id: 'U0CHLOE' },
      payload: { from: { slackId: 'U0CHLOE', name: 'Chloe' }, to: { slackId: 'U0FRED', name: 'Fred' } },
    });
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('not_a_reviewer');
  });

  test('after the time is over ends nothing', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED', now() + HOUR);
    const nothing = { refused: { code: 'nothing_delegated' } };
    expect(await endDelegation(flow.deps, 'U0DEV')).toEqual(nothing);
    flow.clock.advance(HOUR);
    expect(await endDelegation(flow.deps, 'U0CHLOE')).toEqual(nothing);
    expect(flow.events()).toHaveLength(1);
  });

  test('a moment before it is over ends it, once', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED', now() + HOUR);
    flow.clock.advance(HOUR - 1);
    expect(await endDelegation(flow.deps, 'U0CHLOE')).toMatchObject({ to: { slackId: 'U0FRED' } });
    expect(await endDelegation(flow.deps, 'U0CHLOE')).toEqual({ refused: { code: 'nothing_delegated' } });
  });
});
