/** What people notice of the canary, with a real PostgreSQL as its target. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { type Stage, setStage } from '../support/bot.ts';

const CANARY = 'canary: { role: payments-db/read, email: canary@harbor.example, every: 1h, lasts: 5m }';
let stage: Stage;
beforeEach(async () => {
  stage = await setStage({ policy: (source) => `${source}\n${CANARY}\nalarms: { page: PSECURITY }\n` });
});
afterEach(() => stage.close());

/** Of alarms, only the canary's own: what it could not end is overdue, and raises another. */
const count = (type: string) =>
  stage
    .events()
    .filter((event) => event.type === type && (!('alarm' in event.payload) || event.payload.alarm === 'canary')).length;
/** Half a minute at a time, as the canary waits where something is in its way. */
const passesUntil = (type: string, times = 1) =>
  expect
    .poll(
      () => {
        if (count(type) < times) stage.clock.jump(MINUTE / 2);
        return count(type);
      },
      { timeout: 20_000, interval: 300 },
    )
    .toBeGreaterThanOrEqual(times);
const messages = () => stage.sandbox.slack.workspace.messages;

test('a run is one message in the audit channel, and none anywhere else', async () => {
  await passesUntil('request.submitted');
  await stage.recorded('canary.passed');
  await stage.stays('one message', () => true);
  expect(await stage.madeRoles()).toEqual([]);
  const about = messages().filter((message) => stage.text(message, 'U0EVE').includes('canary'));
  expect(about.map(({ channel }) => channel)).toEqual(['C0AUDIT']);
  const [text = ''] = about.map((message) => stage.text(message, 'U0EVE'));
  for (const type of ['request.submitted', 'grant.activated', 'grant.ended', 'canary.passed'])
    expect(text).toContain(type);
  expect(text).toMatch(/the canary was given payments-db\/read, seen there, and ended/);
});

test('a failed run pages and tells administrators, until one passes', async () => {
  await passesUntil('canary.passed');
  stage.sandbox.proxy.cut();
  stage.clock.jump(HOUR);
  await passesUntil('canary.failed');
  await passesUntil('alarm.raised');
  await stage.eve.readsDirect('The canary failed');
  const paged = () =>
    stage.sandbox.pagerDuty.account.incidents.find(({ title }) => title.includes('the canary failed'));
  await expect.poll(() => paged()?.status, { timeout: 10_000 }).toBe('triggered');
  stage.sandbox.proxy.restore();
  await passesUntil('canary.passed', 2);
  await passesUntil('alarm.ended');
  expect(await stage.madeRoles()).toEqual([]);
});
