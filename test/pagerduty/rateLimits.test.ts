/** How long the bot holds off after what PagerDuty said of its rate limits, and who waits for that. */

import { beforeEach, expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import { RateLimits } from '../../src/pagerduty/rateLimits.ts';
import type { Purpose } from '../../src/ports/evidence.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';

let clock: ManualClock;
let limits: RateLimits;
beforeEach(() => {
  clock = manualClock();
  limits = new RateLimits(clock, undefined);
});

const note = (status: number, headers: Record<string, string> = {}, operation = 'GET /oncalls') =>
  limits.note(operation, { status, headers: new Headers(headers), data: {} });
/** How much longer the limit is used up, for somebody who does not wait. */
const left = (operation = 'GET /oncalls') => limits.wait(operation, limits.waitingFor('check'));

test.each<[string, number, Record<string, string>, number]>([
  ['a refusal that says when it is over', 429, { 'ratelimit-reset': '7' }, 7 * SECOND],
  ['a refusal that says so in the usual header', 429, { 'retry-after': '9' }, 9 * SECOND],
  ['a refusal with both', 429, { 'ratelimit-reset': '7', 'retry-after': '9' }, 7 * SECOND],
  ['a refusal that says nothing', 429, {}, 30 * SECOND],
  ['a refusal that says something else', 429, { 'retry-after': 'Fri, 16 Jan 2026 12:00:00 GMT' }, 30 * SECOND],
  ['a refusal with something left', 429, { 'ratelimit-remaining': '3', 'ratelimit-reset': '7' }, 7 * SECOND],
  ['an answer that was the last one', 200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '7' }, 7 * SECOND],
  ['an answer that was the last one, not saying until when', 200, { 'ratelimit-remaining': '0' }, 0],
  ['an answer with one left', 200, { 'ratelimit-remaining': '1', 'ratelimit-reset': '7' }, 0],
  ['an answer without a word on limits', 200, {}, 0],
])('after %s nothing is sent for as long', async (_name, status, headers, expected) => {
  note(status, headers);
  expect(await left()).toBe(expected);
});

test('an answer to an earlier question does not end the wait', async () => {
  note(429, { 'ratelimit-reset': '7' });
  note(200, { 'ratelimit-remaining': '5' });
  expect(await left()).toBe(7 * SECOND);
});

test('one operation that is held off leaves the others free', async () => {
  note(429, { 'ratelimit-reset': '7' });
  expect(await left('GET /incidents/{id}')).toBe(0);
});

test('a question may be sent again when the limit is over, to the millisecond', async () => {
  note(429, { 'ratelimit-reset': '7' });
  clock.advance(7 * SECOND - 1);
  expect(await left()).toBe(1);
  clock.advance(1);
  expect(await left()).toBe(0);
});

test.each<[Purpose, string, number, boolean]>([
  ['decision', 'two minutes', 2 * MINUTE, true],
  ['decision', 'longer', 2 * MINUTE + SECOND, false],
  ['check', 'a second', SECOND, false],
  ['preview', 'a second', SECOND, false],
])('a %s and a limit that is used up for %s', async (purpose, _name, wait, isWorth) => {
  note(429, { 'ratelimit-reset': String(wait / SECOND) });
  expect(limits.isWorthWaiting('GET /oncalls', limits.waitingFor(purpose))).toBe(isWorth);
});

test('a decision waits until the limit is over, and its own time begins only then', async () => {
  note(429, { 'ratelimit-reset': '7' });
  const waiting = limits.waitingFor('decision');
  const before = waiting.signal;
  let isOver = false;
  const asking = limits.wait('GET /oncalls', waiting).then((rest) => {
    isOver = true;
    return rest;
  });
  clock.advance(6 * SECOND);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  clock.advance(SECOND);
  expect(await asking).toBe(0);
  expect(waiting.signal).not.toBe(before);
});

test('a limit used up again while a decision waits is waited for again', async () => {
  note(429, { 'ratelimit-reset': '7' });
  let isOver = false;
  const waiting = limits.wait('GET /oncalls', limits.waitingFor('decision')).then((rest) => {
    isOver = true;
    return rest;
  });
  clock.advance(5 * SECOND);
  note(429, { 'ratelimit-reset': '7' });
  clock.advance(2 * SECOND);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  clock.advance(5 * SECOND);
  expect(await waiting).toBe(0);
});

test('when the bot stops, waiters learn how much was left, and no timer stays', async () => {
  const ending = new AbortController();
  let waiting = 0;
  const counted: typeof clock = {
    ...clock,
    wakeAt: (at, callback) => {
      waiting += 1;
      const cancel = clock.wakeAt(at, callback);
      return () => {
        waiting -= 1;
        cancel();
      };
    },
  };
  limits = new RateLimits(counted, ending.signal);
  note(429, { 'ratelimit-reset': '7' });
  const first = limits.wait('GET /oncalls', limits.waitingFor('decision'));
  expect(waiting).toBe(1);
  ending.abort();
  expect(await first).toBe(7 * SECOND);
  expect(await limits.wait('GET /oncalls', limits.waitingFor('decision'))).toBe(7 * SECOND);
  expect(waiting).toBe(0);
});
