import { DateTime } from 'luxon';
import { readDuration } from '../../domain/duration.ts';
import type { Instant, Millis } from '../../domain/terms.ts';

/**
 * Parses times and durations as people type them: `30m`, `until 5:30 pm`, `tomorrow 9:00-11:00`, `1h on friday at
 * 14:00`.
 */
export interface When {
  readonly duration: Millis | null;
  readonly times: ClockTimes | null;
  /** The text after it. */
  readonly rest: string;
}

/** Times as typed, such as `14:05`, to be resolved in the person's time zone. */
export type ClockTimes =
  | { readonly kind: 'until'; readonly until: string }
  | { readonly kind: 'window'; readonly day: string; readonly from: string; readonly to: string }
  /** The duration is given separately, or still to be chosen. */
  | { readonly kind: 'start'; readonly day: string; readonly from: string };

const UNIT = '(?:d|days?|h|hrs?|hours?|m|mins?|minutes?)';
const AMOUNT = `\\d+(?:[.,]\\d+)? ?${UNIT}`;
const LENGTH = `(?:${AMOUNT}|\\d+h\\d{1,2}m?)(?:(?:,? and |, ?| ?)${AMOUNT}){0,3}`;
const MERIDIEM = '(?: ?[ap]\\.?m\\.?)';
/** A time that cannot be mistaken for a number: with minutes, or with am or pm. */
const CLOCK = `\\d{1,2}(?:[:.h]\\d{2}${MERIDIEM}?|${MERIDIEM})`;
const DAY =
  'today|tonight|tomorrow|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|\\d{4}-\\d\\d-\\d\\d';
const END = '(?=[ ,;]|$)[,;]?';

const DURATION = new RegExp(`^(?:for |by )?(${LENGTH})${END}`, 'i');
const LAST_DURATION = new RegExp(`(?:^| )(?:for |by )?(${LENGTH})$`, 'i');
const UNTIL = new RegExp(`^(?:until|till|til) (${CLOCK})${END}`, 'i');
const WINDOW = new RegExp(
  `^(?:(?:on )?(${DAY}),? )?(?:from |between )?(\\d{1,2}(?:[:.h]\\d{2})?${MERIDIEM}?) ?(?:-|–|to|until|and) ?(${CLOCK})${END}`,
  'i',
);
const START = new RegExp(`^(?:(?:on )?(${DAY}),? (?:at |from )?|(?:at|from) )(${CLOCK})${END}`, 'i');

/**
 * Reads times and durations from the start of a text, in any order: each kind once, and nothing that contradicts the
 * rest.
 */
export function takeWhen(text: string): When {
  let rest = text;
  let duration: Millis | null = null;
  let times: ClockTimes | null = null;
  const take = <T>(pattern: RegExp, read: (match: RegExpExecArray) => T | null): T | null => {
    const match = pattern.exec(rest);
    const value = match && read(match);
    if (match && value !== null) rest = rest.slice(match[0].length).trimStart();
    return value;
  };
  for (let before = ''; before !== rest; ) {
    before = rest;
    // With a start and an end, a duration is redundant; with only an end, there is no place for a start.
    if (duration === null && (times === null || times.kind === 'start'))
      duration = take(DURATION, ([, length]) => readDuration(length ?? ''));
    if (times === null && duration === null) times = take(WINDOW, readWindow);
    if (times === null && duration === null) times = take(UNTIL, readUntil);
    if (times === null) times = take(START, readStart);
  }
  return { duration, times, rest };
}

/** A duration at the start or end of a text, and the rest of the text. */
export function takeDuration(text: string): { duration: Millis | null; rest: string } {
  for (const pattern of [DURATION, LAST_DURATION]) {
    const match = pattern.exec(text);
    const duration = match && readDuration(match[1] ?? '');
    if (match && duration !== null) return { duration, rest: text.replace(match[0], '').trim() };
  }
  return { duration: null, rest: text };
}

/** The part of a text that looks like a time or a duration, and so was probably meant as one, or null. */
export function looksLikeWhen(text: string): string | null {
  return SUSPECTS.map((pattern) => pattern.exec(text)?.[0]?.trim()).find((found) => found !== undefined) ?? null;
}

const SUSPECTS: readonly RegExp[] = [
  // Anywhere in the text.
  new RegExp(`(?:(?:until|till|til|from|at) )?\\b\\d{1,2}(?::\\d{2}|h\\d{2})${MERIDIEM}?\\b`, 'i'),
  new RegExp(`\\b\\d{1,2}${MERIDIEM}(?=[\\s,;]|$)`, 'i'),
  new RegExp(`\\b${AMOUNT}\\b`, 'i'),
  /\b(?:half )?an? (?:half )?hour\b|\b\d+ ?(?:weeks?|seconds?|secs?|s)\b/i,
  // Only at the place of a time.
  new RegExp(`^(?:on )?(?:${DAY})\\b`, 'i'),
  /^(?:until|till|til)\b(?: \S+)?/i,
  /^(?:(?:at|from|for|by) )?\d{1,2}[.h]?\d{2}\b/i,
];

function readWindow([, day, from = '', to = '']: RegExpExecArray): ClockTimes | null {
  const end = clock(to);
  const meridiem = /[ap](?=\.?m)/i.exec(to)?.[0].toLowerCase();
  const start = /m/i.test(from) || meridiem === undefined ? clock(from) : beforeEnd(from, meridiem, end);
  return start === null || end === null
    ? null
    : { kind: 'window', day: (day ?? 'today').toLowerCase(), from: start, to: end };
}

/** `1:00-3:00 pm` is in the afternoon; `11:00-1:00 pm` begins in the morning. */
function beforeEnd(from: string, meridiem: string, end: string | null): string | null {
  if (Number.parseInt(from, 10) > 12) return clock(from);
  const same = clock(`${from}${meridiem}m`);
  const other = clock(`${from}${meridiem === 'a' ? 'p' : 'a'}m`);
  return same !== null && end !== null && same < end ? same : other;
}

const readUntil = ([, text = '']: RegExpExecArray): ClockTimes | null => {
  const until = clock(text);
  return until === null ? null : { kind: 'until', until };
};
const readStart = ([, day, text = '']: RegExpExecArray): ClockTimes | null => {
  const from = clock(text);
  return from === null ? null : { kind: 'start', day: (day ?? 'today').toLowerCase(), from };
};

/** Converts `9`, `9:05` or `5.30pm` to `09:05`. @returns null if there is no such time */
function clock(text: string): string | null {
  const match = /^(\d{1,2})(?:[:.h](\d{2}))?(?: ?([ap])\.?m\.?)?$/i.exec(text);
  if (!match) return null;
  const [, hours = '', minutes = '0', meridiem] = match;
  const [hour, minute] = [Number(hours), Number(minutes)];
  if (minute > 59 || hour > 23 || (meridiem !== undefined && (hour < 1 || hour > 12))) return null;
  const ofDay = meridiem === undefined ? hour : (hour % 12) + (meridiem.toLowerCase() === 'p' ? 12 : 0);
  return `${String(ofDay).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

/**
 * Resolves typed times in the person's time zone. A time that has passed today means tomorrow.
 * @param length the duration if only a start was given, or null if it is still to be chosen
 */
export function resolveTimes(
  times: ClockTimes,
  timeZone: string,
  now: Instant,
  length: Millis | null = null,
): { startsAt: Instant | null; duration: Millis | null } {
  const local = DateTime.fromMillis(now, { zone: timeZone });
  if (times.kind === 'until') {
    const end = onDay(local, times.until);
    const next = end.toMillis() > now ? end : end.plus({ days: 1 });
    return { startsAt: null, duration: next.toMillis() - now };
  }
  const start = onDay(dayOf(local, times.day, times.from), times.from);
  const startsAt = start.toMillis();
  if (times.kind === 'start') return { startsAt, duration: length };
  const end = onDay(start, times.to);
  return { startsAt, duration: (end > start ? end : end.plus({ days: 1 })).toMillis() - startsAt };
}

const onDay = (day: DateTime, time: string): DateTime =>
  day.set({ hour: Number(time.slice(0, 2)), minute: Number(time.slice(3)), second: 0, millisecond: 0 });

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

function dayOf(now: DateTime, day: string, from: string): DateTime {
  if (/^\d/.test(day)) return DateTime.fromISO(day, { zone: now.zone });
  if (day === 'tomorrow') return now.plus({ days: 1 });
  const weekday = WEEKDAYS.indexOf(day.slice(0, 3)) + 1;
  if (day === 'today' || day === 'tonight' || weekday === 0)
    return onDay(now, from) > now ? now : now.plus({ days: 1 });
  const ahead = (weekday - now.weekday + 7) % 7;
  return now.plus({ days: ahead === 0 && onDay(now, from) <= now ? 7 : ahead });
}
