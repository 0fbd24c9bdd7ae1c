/** A period of whole days has every moment of its days, and none of others, wherever its reader is. */

import { describe, expect, test } from 'vitest';
import { asInUtc, dayEnd, dayOf, dayStart, daysOf } from '../../src/domain/calendar.ts';
import { HOUR } from '../../src/domain/terms.ts';

/** Zone, day, and its length in hours. */
const DAYS: [string, string, number][] = [
  ['UTC', '2026-01-01', 24],
  ['Asia/Kolkata', '2026-01-01', 24],
  ['Pacific/Kiritimati', '2026-12-31', 24],
  ['Europe/Zagreb', '2026-03-29', 23],
  ['Europe/Zagreb', '2026-10-25', 25],
  ['America/New_York', '2026-03-08', 23],
  ['America/New_York', '2026-11-01', 25],
  ['Australia/Lord_Howe', '2026-10-04', 23.5],
  // Clocks change at midnight: the day has no 00:00, or has it twice.
  ['Africa/Cairo', '2026-04-24', 23],
  ['Asia/Beirut', '2026-03-29', 23],
  ['America/Havana', '2026-03-08', 23],
  ['America/Havana', '2026-11-01', 25],
];

describe.each(DAYS)('in %s, %s', (zone, day, hours) => {
  test('lasts as long as its clock says', () => {
    expect((dayEnd(day, zone) - dayStart(day, zone)) / HOUR).toBe(hours);
  });

  test('begins after the day before and ends before the next', () => {
    expect([dayOf(dayStart(day, zone), zone), dayOf(dayEnd(day, zone) - 1, zone)]).toEqual([day, day]);
    expect(dayOf(dayStart(day, zone) - 1, zone)).not.toBe(day);
    expect(dayOf(dayEnd(day, zone), zone)).not.toBe(day);
  });

  test('is the only day of its own period, and one of two if a moment is added', () => {
    const period = { from: dayStart(day, zone), to: dayEnd(day, zone) };
    expect(daysOf(period, zone)).toEqual([day]);
    expect(daysOf({ ...period, to: period.to + 1 }, zone)).toHaveLength(2);
  });
});

test('a period from the middle of one day to the middle of another touches both', () => {
  const period = { from: Date.UTC(2026, 3, 23, 15), to: Date.UTC(2026, 3, 24, 22) };
  expect(daysOf(period, 'Africa/Cairo')).toEqual(['2026-04-23', '2026-04-24', '2026-04-25']);
});

test('a day that does not exist has no instants', () => {
  expect([dayStart('2026-02-30', 'UTC'), dayEnd('2026-13-01', 'UTC')]).toEqual([Number.NaN, Number.NaN]);
});

test.each([
  ['Asia/Tokyo', '2026-01-01T00:00:00+09:00', '2026-01-01T00:00:00Z'],
  ['America/New_York', '2026-07-04T18:30:00-04:00', '2026-07-04T18:30:00Z'],
])('a chart shows the time of clocks in %s', (zone, at, shown) => {
  expect(asInUtc(Date.parse(at), zone)).toBe(Date.parse(shown));
});
