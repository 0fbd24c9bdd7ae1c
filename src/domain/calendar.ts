/** Calendar days in a time zone. Where clocks change at midnight, that day begins at 01:00 or has its first hour twice. */
import { DateTime } from 'luxon';
import type { Instant } from './terms.ts';

/** The calendar day of a moment, such as 2026-01-31. */
export const dayOf = (at: Instant, zone: string): string => DateTime.fromMillis(at, { zone }).toISODate() ?? '';

/** The instant at which UTC shows the same wall-clock time as this zone now: for charts that only know UTC. */
export const asInUtc = (at: Instant, zone: string): Instant =>
  DateTime.fromMillis(at, { zone }).setZone('UTC', { keepLocalTime: true }).toMillis();

/** The first instant of a calendar day such as 2026-01-31. @returns NaN if there is no such day */
export function dayStart(day: string, zone: string): Instant {
  const start = DateTime.fromISO(day, { zone }).startOf('day');
  // If midnight happens twice, the day begins with the earlier one.
  const earlier = start.minus({ hours: 1 });
  return (earlier.toISODate() === start.toISODate() ? earlier : start).toMillis();
}

/** The first instant after a calendar day. @returns NaN if there is no such day */
export const dayEnd = (day: string, zone: string): Instant =>
  dayStart(DateTime.fromISO(day, { zone: 'UTC' }).plus({ days: 1 }).toISODate() ?? '', zone);

/** Every calendar day that a period touches, whatever time of day it begins and ends. */
export function daysOf({ from, to }: { from: Instant; to: Instant }, zone: string): string[] {
  const days: string[] = [];
  for (let at = from; at < to; at = dayEnd(dayOf(at, zone), zone)) days.push(dayOf(at, zone));
  return days;
}
