/** Whoever decides in somebody else's place does so as far as that place goes, and no longer. */

import { afterEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { auditLine } from '../../src/slack/outbox/auditMessage.ts';
import { aFlow, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const DELEGATES = '  delegates: [U0FRED, U0EVE]';
const start = (rules: string) => {
  flow = aFlow({
    slack: DELEGATES,
    roles: `      read:
        grants: {}
        duration: { max: 4h }
        rules: ${rules}`,
  });
};

describe('a stand-in', () => {
  test('K6.10 speaks until the time that they were named for, and not at it', async () => {
    start('[{ ask: { reviewers: [U0CHLOE], expires: 4h } }]');
    await flow.standsIn('U0CHLOE', 'U0FRED', flow.clock.now() + HOUR);
    const [first, second] = [await flow.asks('U0ANA', 'db/read', HOUR), await flow.asks('U0BEN', 'db/read', HOUR)];
    flow.clock.advance(HOUR - 1);
    expect((await flow.approves('U0FRED', first)).state).toBe('approved');
    flow.clock.advance(1);
    expect((await flow.refused(flow.approves('U0FRED', second))).code).toBe('not_a_reviewer');
    expect((await flow.refused(flow.denies('U0FRED', second))).code).toBe('not_a_reviewer');
  });

  test('is recorded with the names of the reviewer and of the requester', async () => {
    start('[{ ask: { reviewers: [U0CHLOE], expires: 4h } }]');
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.approves('U0FRED', await flow.asks('U0ANA', 'db/read', HOUR));
    const line = flow
      .events()
      .filter(({ type }) => type === 'review.recorded')
      .map((event) => auditLine(event))
      .join();
    expect(line).toMatch(/\(standing in for Chlo/);
    expect(line).toMatch(/`db\/read` for Ana/);
    expect(line).not.toContain('U0CHLOE');
  });

  test('K6.10 speaks in the stages of whom they stand in for, and in no other', async () => {
    start('[{ ask: { stages: [{ reviewers: [U0CHLOE, U0BEN] }, { reviewers: [U0DEV] }], expires: 4h } }]');
    await flow.standsIn('U0CHLOE', 'U0FRED');
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0FRED', asked);
    expect((await flow.approves('U0BEN', asked)).state).toBe('pending');
    expect((await flow.approves('U0DEV', asked)).state).toBe('approved');
  });

  test('K6.10 who turns out to be the one they stand in for has no say as somebody else', async () => {
    start('[{ ask: { reviewers: [U0CHLOE], expires: 4h } }]');
    await flow.standsIn('U0CHLOE', 'U0FRED');
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.reload((source) => source.replace(DELEGATES, `${DELEGATES}\n  same_person: [[U0CHLOE, U0FRED]]`));
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('not_a_reviewer');
    expect((await flow.approves('U0CHLOE', asked)).state).toBe('approved');
  });
});

describe('whoever was asked as well, because nobody had decided', () => {
  const STEPS = `
          - ask:
              reviewers: [U0CHLOE]
              escalate:
                - { after: 5m, to: { reviewers: [S0SECOND] } }
                - { after: 5m, to: { on_call: { escalation_policy: PPAY, level: 1 } } }
              expires: 4h`;
  const approvedAhead = async (by: string, rules = STEPS) => {
    start(rules);
    flow.groups.set('S0SECOND', ['U0DEV']);
    flow.shifts.set('U0FRED', [aShift(flow.clock.now(), { end: flow.clock.now() + HOUR })]);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR, { startsAt: flow.clock.now() + 2 * HOUR });
    flow.clock.advance(6 * MINUTE);
    await flow.work();
    expect((await flow.approves(by, asked)).state).toBe('scheduled');
    return asked;
  };
  const begins = async () => {
    flow.clock.advance(2 * HOUR);
    await flow.work();
    return flow.isHeld('U0ANA', 'db/read');
  };

  test.each([
    ['with a step for who is on call', STEPS],
    ['with none', STEPS.replace(/\n.*on_call.*/, '')],
  ])('K6.11 and is no longer named, did not carry what begins later, %s', async (_which, rules) => {
    await approvedAhead('U0DEV', rules);
    flow.groups.set('S0SECOND', []);
    expect(await begins()).toBe(false);
  });

  test('K6.11 and still is named, carries it', async () => {
    await approvedAhead('U0DEV');
    expect(await begins()).toBe(true);
  });

  test('K6.11 counts after the shift if the rule still asks whoever is on call', async () => {
    const asked = await approvedAhead('U0FRED');
    flow.shifts.delete('U0FRED');
    expect(await begins()).toBe(true);
    expect((await flow.request(asked.id)).state).toBe('approved');
    flow.close();
    await approvedAhead('U0FRED');
    flow.reload((source) => source.replace(/\n.*on_call.*/, ''));
    expect(await begins()).toBe(false);
  });
});
