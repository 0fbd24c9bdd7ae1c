import { expect, test } from 'vitest';
import { createClockDrift } from '../../src/app/clockDrift.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import { NOON } from '../support/domain.ts';

const at = (now: { value: number }, ...dates: (string | null)[]) => {
  const clock = createClockDrift(() => now.value);
  for (const date of dates) clock.heard(date);
  return clock;
};
const date = (instant: number) => new Date(instant).toUTCString();

test('the drift is unknown where no answer has a time', () => {
  expect(at({ value: NOON }).drift()).toBeNull();
  expect(at({ value: NOON }, null, 'yesterday').drift()).toBeNull();
});

test('a time in whole seconds counts as the middle of its second', () => {
  expect(at({ value: NOON }, date(NOON)).drift()).toBe(SECOND / 2);
  expect(at({ value: NOON }, date(NOON + MINUTE)).drift()).toBe(MINUTE + SECOND / 2);
});

test('the nearest of several answers counts: a slow or wrong one proves nothing', () => {
  expect(at({ value: NOON }, date(NOON - 30 * SECOND), date(NOON - SECOND), date(NOON + MINUTE)).drift()).toBe(
    -SECOND / 2,
  );
});

test('an answer older than ten minutes is forgotten', () => {
  const now = { value: NOON };
  const clock = at(now, date(NOON));
  now.value = NOON + 10 * MINUTE;
  expect(clock.drift()).toBe(SECOND / 2);
  now.value += 1;
  expect(clock.drift()).toBeNull();
});

test('only the last twenty answers count', () => {
  const clock = at({ value: NOON }, date(NOON), ...Array.from({ length: 19 }, () => date(NOON + MINUTE)));
  expect(clock.drift()).toBe(SECOND / 2);
  clock.heard(date(NOON + MINUTE));
  expect(clock.drift()).toBe(MINUTE + SECOND / 2);
});
