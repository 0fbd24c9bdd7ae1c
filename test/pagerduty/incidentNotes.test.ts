import { expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { pagerDutyJobs } from '../../src/lifecycle/tellPagerDuty.ts';

const ended: LedgerEvent = {
  type: 'grant.ended',
  seq: 7,
  at: 1_000,
  actor: BOT,
  requestId: 'R1',
  grantId: 'G1',
  payload: { role: 'payments-db/read', person: { slackId: 'U0ANA', name: 'Ana' }, why: 'expired' },
  prevHash: '',
  hash: '',
};

test('an end is noted on its incident by a bot that may write in PagerDuty', () => {
  expect(pagerDutyJobs(ended, { canWrite: true })).toEqual([{ kind: 'note', key: '7', dueAt: 1_000 }]);
});

test('a bot that may not write in PagerDuty puts no work there down', () => {
  expect(pagerDutyJobs(ended, { canWrite: false })).toEqual([]);
});
