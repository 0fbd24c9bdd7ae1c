/** A start whose token Slack refuses, while access is live. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const wrong = { env: { SLACK_BOT_TOKEN: 'xoxb-of-another-app' } };

test('the bot starts all the same, and takes the access back on time', async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  await stage.restart(wrong);
  expect(stage.log.lines.some(({ message }) => message.startsWith('Slack did not accept the bot at start'))).toBe(true);
  stage.clock.jump(HOUR);
  await stage.recorded('grant.ended');
  expect(await stage.madeRoles()).toEqual([]);
});

test('where no access is live, it does not start', async () => {
  await expect(stage.restart(wrong)).rejects.toThrow('SLACK_BOT_TOKEN');
});
