import { describe, expect, test } from 'vitest';
import { hoursText, isWithinHours, lastWeekly } from '../../src/domain/weekHours.ts';

const at = (text: string) => Date.parse(text);

describe('hours of the week', () => {
  const office = { kind: 'hours', timeZone: 'UTC', days: [1, 5], from: 9 * 60 + 30, to: 17 * 60 } as const;
  test.each([
    ['their first minute', '2026-01-16T09:30:00Z', true],
    ['the minute before', '2026-01-16T09:29:59Z', false],
    ['their last minute', '2026-01-16T16:59:59Z', true],
    ['the minute behind it', '2026-01-16T17:00:00Z', false],
    ['the other day named', '2026-01-19T12:00:00Z', true],
    ['a day in between', '2026-01-17T12:00:00Z', false],
  ])('%s', (_name, when, isWithin) => {
    expect(isWithinHours(office, at(when))).toBe(isWithin);
  });

  test('are those of their time zone, in winter and in summer', () => {
    const berlin = { ...office, timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5] };
    expect(isWithinHours(berlin, at('2026-01-15T08:30:00Z'))).toBe(true);
    expect(isWithinHours(berlin, at('2026-07-15T07:30:00Z'))).toBe(true);
    expect(isWithinHours(berlin, at('2026-01-15T07:30:00Z'))).toBe(false);
    expect(isWithinHours(berlin, at('2026-07-15T15:00:00Z'))).toBe(false);
    // There it is Monday already.
    expect(isWithinHours({ ...office, timeZone: 'Asia/Tokyo' }, at('2026-01-19T01:00:00Z'))).toBe(true);
  });

  const nights = { kind: 'hours', timeZone: 'UTC', days: [7], from: 22 * 60, to: 6 * 60 } as const;
  test.each([
    ['begin in the evening', '2026-01-18T22:00:00Z', true],
    ['not a minute before', '2026-01-18T21:59:00Z', false],
    ['last until midnight', '2026-01-18T23:59:59Z', true],
    ['go on on Monday, though only Sunday is named', '2026-01-19T00:00:00Z', true],
    ['to their last minute', '2026-01-19T05:59:59Z', true],
    ['and end', '2026-01-19T06:00:00Z', false],
    ['not in the evening of Monday', '2026-01-19T22:30:00Z', false],
    ['not in the morning of Sunday', '2026-01-18T05:00:00Z', false],
  ])('across midnight and the week: they %s', (_name, when, isWithin) => {
    expect(isWithinHours(nights, at(when))).toBe(isWithin);
  });

  test('across midnight within the week, the morning belongs to the day before', () => {
    const thursday = { ...nights, days: [4] };
    expect(isWithinHours(thursday, at('2026-01-16T05:00:00Z'))).toBe(true);
    expect(isWithinHours(thursday, at('2026-01-15T05:00:00Z'))).toBe(false);
  });

  test('from a time to the same time are a whole day from then on', () => {
    const round = { ...nights, days: [4], from: 9 * 60, to: 9 * 60 };
    expect(isWithinHours(round, at('2026-01-15T09:00:00Z'))).toBe(true);
    expect(isWithinHours(round, at('2026-01-16T08:59:00Z'))).toBe(true);
    expect(isWithinHours(round, at('2026-01-16T09:00:00Z'))).toBe(false);
    expect(isWithinHours(round, at('2026-01-15T08:59:00Z'))).toBe(false);
  });

  test('are written as people write them', () => {
    expect(hoursText({ ...office, timeZone: 'Europe/Berlin' })).toBe('Mon Fri 09:30–17:00 Europe/Berlin');
    expect(hoursText({ ...nights, days: [2, 3, 4, 6, 7], to: 5 })).toBe('Tue Wed Thu Sat Sun 22:00–00:05 UTC');
  });
});

describe('the last time that it was a minute of the week', () => {
  const monday = { day: 1, minute: 9 * 60 + 15, timeZone: 'UTC' };
  test.each([
    ['now', '2026-01-19T09:15:00Z', '2026-01-19T09:15:00Z'],
    ['a moment ago', '2026-01-19T09:15:00.001Z', '2026-01-19T09:15:00Z'],
    ['a week ago, until it is that time again', '2026-01-19T09:14:59.999Z', '2026-01-12T09:15:00Z'],
    ['yesterday', '2026-01-20T00:00:00Z', '2026-01-19T09:15:00Z'],
    ['six days ago', '2026-01-25T23:00:00Z', '2026-01-19T09:15:00Z'],
  ])('%s', (_name, now, expected) => {
    expect(new Date(lastWeekly(monday, at(now))).toISOString()).toBe(new Date(expected).toISOString());
  });

  test('is a week before if its day is still ahead in this week', () => {
    const sunday = { ...monday, day: 7 };
    expect(lastWeekly(sunday, at('2026-01-15T12:00:00Z'))).toBe(at('2026-01-11T09:15:00Z'));
  });

  test('keeps its wall-clock time when clocks change', () => {
    const berlin = { ...monday, timeZone: 'Europe/Berlin' };
    expect(lastWeekly(berlin, at('2026-03-31T12:00:00Z'))).toBe(at('2026-03-30T07:15:00Z'));
    expect(lastWeekly(berlin, at('2026-03-30T07:14:00Z'))).toBe(at('2026-03-23T08:15:00Z'));
  });
});
