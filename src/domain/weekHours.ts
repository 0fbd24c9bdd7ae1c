import { DateTime } from 'luxon';
import type { HoursTest } from './policy.ts';
import type { Instant } from './terms.ts';

/** Whether an instant lies in the given hours of the week, on the wall clock of their time zone. */
export function isWithinHours(hours: HoursTest, at: Instant): boolean {
  const { weekday, minute } = wallClock(hours.timeZone, at);
  const yesterday = weekday === 1 ? 7 : weekday - 1;
  if (hours.from < hours.to) {
    return hours.days.includes(weekday) && minute >= hours.from && minute < hours.to;
  }
  // These hours cross midnight: the evening belongs to today, the early morning to yesterday.
  return (
    (hours.days.includes(weekday) && minute >= hours.from) || (hours.days.includes(yesterday) && minute < hours.to)
  );
}

interface WallClock {
  readonly at: Instant;
  /** ISO weekday: 1 is Monday. */
  readonly weekday: number;
  /** Minutes after midnight. */
  readonly minute: number;
}

/** The latest answer for each zone. All rules of one decision, and everything that Home shows, ask about the same instant. */
const answered = new Map<string, WallClock>();

function wallClock(timeZone: string, at: Instant): WallClock {
  const before = answered.get(timeZone);
  if (before?.at === at) return before;
  const local = DateTime.fromMillis(at, { zone: timeZone });
  const now = { at, weekday: local.weekday, minute: local.hour * 60 + local.minute };
  answered.set(timeZone, now);
  return now;
}

/** The last time at or before `now` when this weekday and minute began in the zone. */
export function lastWeekly(
  { day, minute, timeZone }: { day: number; minute: number; timeZone: string },
  now: Instant,
): Instant {
  const local = DateTime.fromMillis(now, { zone: timeZone });
  const at = local
    .startOf('day')
    .minus({ days: local.weekday - day })
    .set({ hour: Math.floor(minute / 60), minute: minute % 60 });
  return (at.toMillis() <= now ? at : at.minus({ weeks: 1 })).toMillis();
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** `09:05`, from minutes after midnight. */
export const clockText = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** `Mon Tue Wed 09:00–17:00 Europe/Berlin` */
export const hoursText = (hours: HoursTest): string =>
  `${hours.days.map((day) => DAYS[day - 1]).join(' ')} ${clockText(hours.from)}–${clockText(hours.to)} ${hours.timeZone}`;
