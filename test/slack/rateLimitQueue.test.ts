import { expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import { createRateLimitQueue } from '../../src/slack/directory/rateLimitQueue.ts';
import { WebAPIRateLimitedError } from '../../src/slack/link/clients.ts';
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

test('callers at a used-up limit wait in line, first come, first served', async () => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  const slack = limited(clock, 3, SECOND);
  const served: number[] = [];
  const all = Array.from({ length: 10 }, (_, who) =>
    queued('users.info', () => slack.call(who)).then((one) => served.push(one)),
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

test('another method does not wait in that line, and other failures come at once', async () => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  void queued('users.info', () => Promise.reject(new WebAPIRateLimitedError(60))).catch(() => undefined);
  await turns();
  expect(await queued('dnd.info', async () => 'awake')).toBe('awake');
  await expect(queued('auth.test', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
});

test('when the bot stops, nobody goes on waiting', async () => {
  const clock = manualClock();
  const ending = new AbortController();
  const queued = createRateLimitQueue(clock, ending.signal);
  const waiting = queued('users.info', () => Promise.reject(new WebAPIRateLimitedError(60)));
  await turns();
  ending.abort();
  await expect(waiting).rejects.toThrow(WebAPIRateLimitedError);
});

const limitedFor = (seconds: number) => () => Promise.reject(new WebAPIRateLimitedError(seconds));
const problemOf = (work: Promise<unknown>) => work.then(() => 'none', String);

test.each([
  [15 * 60, 'served'],
  [15 * 60 + 1, 'sent away'],
])('a rate limit that is used up for %i s is waited for, or not: %s', async (seconds, outcome) => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  let asked = 0;
  const waiting = queued('users.info', async () => {
    asked += 1;
    if (asked === 1) throw new WebAPIRateLimitedError(seconds);
    return 'served';
  }).catch((error: unknown) => `sent away: ${String(error)}`);
  await turns();
  clock.advance(15 * MINUTE);
  expect(await waiting).toContain(outcome);
});

test('a caller in line for fifteen minutes is sent away with the remaining time', async () => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  const first = problemOf(queued('users.info', limitedFor(10 * 60)));
  await turns();
  clock.advance(MINUTE);
  const second = problemOf(queued('users.info', limitedFor(10 * 60)));
  await turns();
  clock.advance(9 * MINUTE);
  await turns();
  expect(await first).toContain('in 600 seconds');
  clock.advance(10 * MINUTE);
  expect(await second).toContain('600 seconds');
});

test('a limit that is over is no limit: the next one is asked at once, and not before', async () => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  let asked = 0;
  const first = queued('users.info', async () => {
    asked += 1;
    if (asked === 1) throw new WebAPIRateLimitedError(30);
    return asked;
  });
  await turns();
  clock.advance(30 * SECOND - 1);
  await turns();
  expect(asked).toBe(1);
  clock.advance(1);
  expect(await first).toBe(2);
  await turns();
  let isDone = false;
  void queued('users.info', async () => {
    isDone = true;
  });
  // Without a turn in between.
  expect(isDone).toBe(true);
});

test('while a limit outlasts every wait, Slack is not asked at all', async () => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  let asked = 0;
  const ask = () =>
    problemOf(
      queued('users.info', async () => {
        asked += 1;
        throw new WebAPIRateLimitedError(3_600);
      }),
    );
  expect(await ask()).toContain('3600 seconds');
  clock.advance(MINUTE);
  expect(await ask()).toContain('3540 seconds');
  expect(asked).toBe(1);
});

test('a failure of the one ahead is not the next one’s, and the line goes on', async () => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  let asked = 0;
  const first = problemOf(
    queued('users.info', async () => {
      asked += 1;
      throw asked === 1 ? new WebAPIRateLimitedError(30) : new Error('down');
    }),
  );
  await turns();
  const second = queued('users.info', async () => 'served');
  await turns();
  clock.advance(30 * SECOND);
  expect([await first, await second]).toEqual(['Error: down', 'served']);
});

test('who comes while somebody waits in line comes after them', async () => {
  const clock = manualClock();
  const queued = createRateLimitQueue(clock, new AbortController().signal);
  const served: string[] = [];
  let asked = 0;
  const slow = Promise.withResolvers<void>();
  const first = queued('users.info', async () => {
    asked += 1;
    if (asked === 1) throw new WebAPIRateLimitedError(30);
    await slow.promise;
    served.push('first');
  });
  await turns();
  clock.advance(30 * SECOND);
  await turns();
  // The limit is over, and the first is still being served.
  const second = queued('users.info', async () => void served.push('second'));
  await turns();
  expect(served).toEqual([]);
  slow.resolve();
  await Promise.all([first, second]);
  expect(served).toEqual(['first', 'second']);
});

test('when the bot stops, nobody starts to wait, and the one in service is served', async () => {
  const clock = manualClock();
  const ending = new AbortController();
  const queued = createRateLimitQueue(clock, ending.signal);
  ending.abort();
  expect(await queued('dnd.info', async () => 'awake')).toBe('awake');
  expect(await problemOf(queued('users.info', limitedFor(60)))).toContain('rate-limit');
});
