/** Which questions are asked of PagerDuty anew, and which take an answer that somebody else has or waits for. */

import { beforeEach, expect, test } from 'vitest';
import { type Known, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { SharedAnswers } from '../../src/pagerduty/sharedAnswers.ts';
import type { Purpose } from '../../src/ports/evidence.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';

let clock: ManualClock;
let shared: SharedAnswers;
let asked: number;
let answer: Known<string>;
beforeEach(() => {
  clock = manualClock();
  shared = new SharedAnswers(clock);
  asked = 0;
  answer = known('first');
});
const get = (purpose: Purpose, question = 'who') =>
  shared.get(question, purpose, async () => {
    asked += 1;
    return answer;
  });

test.each<[Purpose, Purpose, number]>([
  ['decision', 'preview', 1],
  ['check', 'preview', 1],
  ['preview', 'preview', 1],
  ['preview', 'decision', 2],
  ['preview', 'check', 2],
])('an answer to a %s and then a %s: asked %i times', async (first, second, times) => {
  await get(first);
  answer = known('second');
  expect(await get(second)).toEqual(known(times === 1 ? 'first' : 'second'));
  expect(asked).toBe(times);
});

test('an answer serves previews for a minute, counted from when it came', async () => {
  const late = Promise.withResolvers<Known<string>>();
  const first = shared.get('who', 'preview', () => late.promise);
  clock.advance(MINUTE);
  late.resolve(known('first'));
  await first;
  clock.advance(MINUTE);
  answer = known('second');
  expect(await get('preview')).toEqual(known('first'));
  clock.advance(1);
  expect(await get('preview')).toEqual(known('second'));
});

test('a newer answer is the one that previews get', async () => {
  await get('decision');
  answer = known('second');
  await get('decision');
  expect(await get('preview')).toEqual(known('second'));
});

test('what could not be answered is kept for nobody', async () => {
  answer = unknown('no answer');
  expect(await get('preview')).toEqual(unknown('no answer'));
  answer = known('second');
  expect(await get('preview')).toEqual(known('second'));
});

test('an answer to one question is none to another', async () => {
  await get('preview');
  answer = known('second');
  expect(await get('preview', 'whether')).toEqual(known('second'));
});

test('equal questions at once are one, and the next one is asked anew', async () => {
  await Promise.all([get('check'), get('check'), get('preview')]);
  expect(asked).toBe(1);
  await Promise.all([get('decision'), get('decision')]);
  expect(asked).toBe(2);
  await get('decision');
  expect(asked).toBe(3);
});

test('who does not wait for a rate limit does not wait for a decision that does', async () => {
  const never = shared.get('who', 'decision', () => new Promise(() => undefined));
  expect(await get('check')).toEqual(known('first'));
  void never;
});

test('a question that threw is asked anew, and told to whoever asked it', async () => {
  const fault = shared.get('who', 'check', () => Promise.reject(new Error('a fault'))).catch(String);
  expect(await fault).toBe('Error: a fault');
  expect(await get('check')).toEqual(known('first'));
});

test('two thousand answers are kept, and the oldest goes first', async () => {
  for (let each = 0; each < 2_000; each += 1) await get('preview', `who ${each}`);
  await get('decision', 'who 0');
  await get('preview', 'one more');
  asked = 0;
  await get('preview', 'who 0');
  await get('preview', 'who 2');
  expect(asked).toBe(0);
  await get('preview', 'who 1');
  expect(asked).toBe(1);
});
