import { expect, test } from 'vitest';
import { SECOND } from '../../src/domain/terms.ts';
import { WebAPIRateLimitedError } from '../../src/slack/clients.ts';
import { createPatience } from '../../src/slack/patience.ts';
import { manualClock } from '../support/clock.ts';

/** Slack takes so many at once, and then one every so often. */
function limited(clock: ReturnType<typeof manualClock>, burst: number, everyMs: number) {
  let tokens = burst;
  let at = clock.now();
  const calls: number[] = [];
  return {
    calls,
    call: async (who: number) => {
      calls.push(who);
      const now = clock.now();
      tokens = Math.min(burst, tokens + (now - at) / everyMs);
      at = now;
      if (tokens < 1) throw new WebAPIRateLimitedError(Math.ceil(((1 - tokens) * everyMs) / SECOND));
      tokens -= 1;
      return who;
    },
  };
}
const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('whoever comes when the limit is used up waits in line, and is served first come, first served', async () => {
  const clock = manualClock();
  const patient = createPatience(clock, new AbortController().signal);
  const slack = limited(clock, 3, SECOND);
  const served: number[] = [];
  const all = Array.from({ length: 10 }, (_, who) =>
    patient('users.info', () => slack.call(who)).then((one) => served.push(one)),
  );
  await turns();
  expect(served).toEqual([0, 1, 2]);
  for (let second = 0; second < 30; second += 1) {
    clock.advance(SECOND);
    await turns();
  }
  await Promise.all(all);
  expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  // Those in line do not all ask again each time: Slack hears little more than one call for each.
  expect(slack.calls.length).toBeLessThan(30);
});

test('another method does not wait in that line; another failure is told at once', async () => {
  const clock = manualClock();
  const patient = createPatience(clock, new AbortController().signal);
  void patient('users.info', () => Promise.reject(new WebAPIRateLimitedError(60))).catch(() => undefined);
  await turns();
  expect(await patient('dnd.info', async () => 'awake')).toBe('awake');
  await expect(patient('auth.test', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
});

test('when the bot stops, nobody goes on waiting', async () => {
  const clock = manualClock();
  const ending = new AbortController();
  const patient = createPatience(clock, ending.signal);
  const waiting = patient('users.info', () => Promise.reject(new WebAPIRateLimitedError(60)));
  await turns();
  ending.abort();
  await expect(waiting).rejects.toThrow(WebAPIRateLimitedError);
});
