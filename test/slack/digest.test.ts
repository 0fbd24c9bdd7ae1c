import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { lastWeekly } from '../../src/domain/weekHours.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const DAY = 24 * HOUR;
const digests = () =>
  stage.sandbox.slack.workspace.visible('C0AUDIT', 'U0EVE').filter(({ text }) => text.startsWith('The week:'));
/** To Monday, 09:01. */
const toTheDigest = () => {
  const now = stage.clock.now();
  stage.clock.jump(lastWeekly({ day: 1, minute: 9 * 60, timeZone: 'UTC' }, now) + 7 * DAY + MINUTE - now);
};
const digest = () => stage.until('the digest is in the audit channel', () => digests().at(-1));

test('once a week the audit channel gets the week in a few lines, with a picture', async () => {
  await stage.ana.jit('request payments read 30m stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  toTheDigest();
  const message = await digest();
  const text = stage.text(message, 'U0EVE');
  expect(text).toContain('1 grant started: 1 automatic, 0 approved by reviewers, 0 by break-glass');
  expect(text).toContain('Never used: 0');
  const [image] = message.blocks.filter(({ type }) => type === 'image');
  const id = image?.type === 'image' ? (image.slack_file?.id ?? '') : '';
  const file = stage.sandbox.slack.workspace.files.get(id)?.bytes;
  expect(file?.subarray(1, 4).toString()).toBe('PNG');
  expect(file?.length).toBeGreaterThan(3_000);
  // Neither a restart nor the passing of days makes it come twice.
  await stage.restart();
  stage.clock.jump(DAY);
  stage.clock.jump(DAY);
  await stage.recorded('bot.started', 2);
  expect(digests()).toHaveLength(1);
});

test('without a picture that can be uploaded, the words are posted alone', async () => {
  await stage.ana.jit('request payments read 30m stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  stage.sandbox.slack.faults.add({ kind: 'error_500', match: 'files.getUploadURLExternal' });
  toTheDigest();
  const message = await digest();
  expect(stage.text(message, 'U0EVE')).toContain('1 grant started');
  expect(message.blocks.some(({ type }) => type === 'image')).toBe(false);
});

test('the week ends when the policy says', () => {
  const berlin = { day: 1, minute: 9 * 60, timeZone: 'Europe/Berlin' };
  // A Monday: 08:59 and 09:00 there.
  expect(lastWeekly(berlin, Date.UTC(2026, 0, 12, 7, 59))).toBe(Date.UTC(2026, 0, 5, 8));
  expect(lastWeekly(berlin, Date.UTC(2026, 0, 12, 8, 0))).toBe(Date.UTC(2026, 0, 12, 8));
  expect(lastWeekly(berlin, Date.UTC(2026, 0, 18, 23, 0))).toBe(Date.UTC(2026, 0, 12, 8));
});
