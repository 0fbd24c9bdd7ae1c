/** Many ask at once and PagerDuty's rate limit is used up: what people are told, and that nobody gets anything on a guess. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { MINUTE } from '../../src/domain/terms.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
  stage.sandbox.pagerDuty.faults.add({ kind: 'rate_limited', match: 'GET /oncalls' });
});
afterEach(() => stage.close());

const asks = () => stage.ana.jit('request payments read 30m customer 4411');
const isHeldOff = () =>
  stage.until('PagerDuty has said no', () =>
    stage.sandbox.pagerDuty.calls.some((call) => call.startsWith('GET /oncalls')),
  );
const passes = async (minutes: number) => {
  for (let passed = 0; passed < minutes; passed += 1) {
    stage.clock.jump(MINUTE);
    await isHeldOff();
  }
};

test('the requester is told to wait, whichever service limits it', async () => {
  const asking = asks();
  const told = await stage.ana.told('One moment');
  expect(stage.text(told, 'U0ANA')).not.toContain('Slack');
  expect(stage.events().some(({ type }) => type === 'request.submitted')).toBe(false);
  stage.sandbox.pagerDuty.faults.clear();
  stage.clock.jump(MINUTE);
  await asking;
  await stage.ana.readsDirect('You have Payments database');
});

test('after two minutes reviewers are asked, and nothing is given on a guess', async () => {
  const asking = asks();
  await isHeldOff();
  await passes(3);
  await asking;
  const card = await stage.chloe.readsIn('C0ACCESS', 'asks for Payments database');
  expect(stage.text(card, 'U0CHLOE')).toContain('not known: PagerDuty');
  expect(stage.events().some(({ type }) => type === 'grant.provisioning')).toBe(false);
});
