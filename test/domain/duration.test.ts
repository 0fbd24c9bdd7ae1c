import { describe, expect, test } from 'vitest';
import { parseDuration, readDuration } from '../../src/domain/duration.ts';
import { assertNever, durationText, HOUR, isInstant, MINUTE, SECOND } from '../../src/domain/terms.ts';

const DAY = 24 * HOUR;

describe('a duration in a file', () => {
  test.each([
    ['45m', 45 * MINUTE],
    ['1h30m', HOUR + 30 * MINUTE],
    ['2d', 2 * DAY],
    ['90s', 90 * SECOND],
    ['1d2h3m4s', DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND],
    [' 1h ', HOUR],
    ['0s', 0],
    ['9999h', 9_999 * HOUR],
    ['9999d', 9_999 * DAY],
    ['99999m', 99_999 * MINUTE],
    ['999999s', 999_999 * SECOND],
  ])('"%s"', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    '1',
    'h',
    '30m1h',
    '1h 30m',
    '1.5h',
    '-1h',
    'x1h',
    '1hx',
    '1w',
    '10000h',
    '10000d',
    '100000m',
    '1000000s',
  ])('"%s" is not accepted', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});

describe('a duration that somebody types', () => {
  test.each([
    ['1h', HOUR],
    ['1h30', HOUR + 30 * MINUTE],
    ['1h5', HOUR + 5 * MINUTE],
    ['90 min', 90 * MINUTE],
    ['90 mins', 90 * MINUTE],
    ['1 minute', MINUTE],
    ['20 Minutes', 20 * MINUTE],
    ['2 hours', 2 * HOUR],
    ['1 hr', HOUR],
    ['2hrs', 2 * HOUR],
    ['1 day', DAY],
    ['2 days', 2 * DAY],
    ['1 hour and 30 minutes', HOUR + 30 * MINUTE],
    ['1 day, 2 hours, and 3 minutes', DAY + 2 * HOUR + 3 * MINUTE],
    ['1 day, 2 hours', DAY + 2 * HOUR],
    ['1.5h', 90 * MINUTE],
    ['1,5 h', 90 * MINUTE],
    ['0.25 hours', 15 * MINUTE],
    ['1.01h', 61 * MINUTE],
    ['  1   h  ', HOUR],
  ])('"%s"', (text, ms) => {
    expect(readDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '0m',
    '0',
    'soon',
    '1.555h',
    'minutes',
    'h30',
    '1h300',
    '1 hour 30 minutes 5',
    '5 and',
    `${' '.repeat(60)}1h`,
  ])('"%s" is not accepted', (text) => {
    expect(readDuration(text)).toBeNull();
  });

  test('is read up to sixty characters', () => {
    expect(readDuration(`${' '.repeat(58)}1h`)).toBe(HOUR);
    expect(readDuration(`${' '.repeat(59)}1h`)).toBeNull();
  });
});

test.each([
  [0, '0 s'],
  [29 * SECOND, '29 s'],
  [29_499, '29 s'],
  [30 * SECOND, '1 min'],
  [89 * SECOND, '1 min'],
  [90 * SECOND, '2 min'],
  [59 * MINUTE, '59 min'],
  [HOUR, '1 h'],
  [HOUR + MINUTE, '1 h 1 min'],
  [90 * MINUTE, '1 h 30 min'],
  [48 * HOUR, '48 h'],
])('%i ms are written as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  ['the first moment of all', 0, true],
  ['a moment before it', -1, false],
  ['the last that four digits of a year name', Date.UTC(9999, 11, 31, 23, 59, 59, 999), true],
  ['the next one', Date.UTC(9999, 11, 31, 23, 59, 59, 999) + 1, false],
  ['half a millisecond', 0.5, false],
  ['what is no number', Number.NaN, false],
])('%s is an instant: %s', (_name, value, is) => {
  expect(isInstant(value)).toBe(is);
});

test('an unhandled case throws, and the error names it', () => {
  // @ts-expect-error no such case compiles: it comes from outside
  expect(() => assertNever({ kind: 'moon' })).toThrow('{"kind":"moon"}');
});
