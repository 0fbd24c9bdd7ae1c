/** Issue 16, Slack, as it answers: a step of escalation whose answer is missing is tried again. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { auditLine } from '../../src/slack/outbox/auditMessage.ts';
import { aFlow, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const start = (to: string) => {
  flow = aFlow({
    roles: `      read:
        grants: {}
        duration: { max: 4h }
        rules:
          - ask:
              reviewers: [U0CHLOE]
              escalate: [{ after: 5m, to: ${to}, page: PSERVICE }]
              expires: 4h`,
  });
};
const passes = async (minutes: number) => {
  flow.clock.advance(minutes * MINUTE);
  await flow.work();
};
const escalations = () =>
  flow
    .events()
    .filter((event): event is LedgerEvent & { type: 'request.escalated' } => event.type === 'request.escalated');
const asked = () => escalations().map(({ payload }) => payload.to.map(({ slackId }) => slackId));

describe('with PagerDuty down', () => {
  beforeEach(() => {
    start('{ on_call: { escalation_policy: PPAY, level: 1 } }');
    flow.shifts.set('U0FRED', [aShift(flow.clock.now())]);
    flow.outages.add('pagerduty');
  });

  test('the ledger says that it is unknown who is on call', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    expect(escalations().map(({ payload }) => payload)).toMatchObject([
      { to: [], passedOver: [], unseen: 'who is on call could not be looked up: PagerDuty did not answer' },
    ]);
  });

  test('those on call are asked once PagerDuty answers, and may approve', async () => {
    const request = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    flow.outages.clear();
    await passes(2);
    expect(asked()).toEqual([[], ['U0FRED']]);
    expect((await flow.approves('U0FRED', request)).state).toBe('approved');
  });

  test('somebody is paged once, however often it is tried', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    for (let round = 0; round < 5; round += 1) await passes(5);
    flow.outages.clear();
    await passes(30);
    expect(escalations().map(({ payload }) => payload.page)).toEqual(['PSERVICE', null]);
  });

  test('the ledger has the id of the paged service while its name is unknown', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    expect(escalations()[0]?.payload).not.toHaveProperty('pageName');
    expect(auditLine(escalations()[0] as LedgerEvent)).toContain('paged on `PSERVICE`');
  });

  test('it is not tried any more once somebody has decided', async () => {
    const request = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    await flow.denies('U0CHLOE', request);
    flow.outages.clear();
    await passes(30);
    expect(asked()).toEqual([[]]);
  });
});

test('the ledger names the service that is paged', async () => {
  start('{ reviewers: [U0DEV] }');
  await flow.asks('U0ANA', 'db/read', HOUR);
  await passes(6);
  expect(escalations()[0]?.payload).toMatchObject({ page: 'PSERVICE', pageName: 'Service PSERVICE' });
  expect(auditLine(escalations()[0] as LedgerEvent)).toContain('paged on Service PSERVICE `PSERVICE`');
});

describe('with reviewers about whom Slack does not answer', () => {
  test('the others are asked immediately, and these once Slack answers', async () => {
    start('{ reviewers: [U0DEV, U0FRED] }');
    await flow.asks('U0ANA', 'db/read', HOUR);
    flow.silent.add('U0FRED');
    await passes(6);
    expect(escalations()[0]?.payload.unseen).toContain('Slack does not answer');
    flow.silent.clear();
    await passes(2);
    expect(asked()).toEqual([['U0DEV'], ['U0FRED']]);
  });

  test('a group that cannot be read keeps no other reviewer from being asked', async () => {
    start('{ reviewers: [S0LOST, U0DEV] }');
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    flow.groups.set('S0LOST', ['U0DEV', 'U0FRED']);
    await passes(2);
    expect(asked()).toEqual([['U0DEV'], ['U0FRED']]);
  });

  test('somebody who has left is passed over with the reason, and not tried again', async () => {
    start('{ reviewers: [U0DEV, U0FRED] }');
    flow.people.set('U0FRED', 'this account is deactivated');
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    await passes(30);
    expect(escalations().map(({ payload }) => payload)).toMatchObject([
      { to: [{ slackId: 'U0DEV' }], passedOver: [{ slackId: 'U0FRED', why: 'this account is deactivated' }] },
    ]);
    expect(escalations()[0]?.payload).not.toHaveProperty('unseen');
  });
});

test('the rule’s reviewers do not count as missing while Slack does not answer', async () => {
  start('{ reviewers: [U0DEV] }');
  flow.silent.add('U0CHLOE');
  await flow.asks('U0ANA', 'db/read', HOUR);
  await flow.work();
  expect(escalations()).toEqual([]);
  flow.people.set('U0CHLOE', 'this account is deactivated');
  flow.silent.clear();
  await passes(1);
  expect(asked()).toEqual([['U0DEV']]);
});
