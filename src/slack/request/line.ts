import { DateTime } from 'luxon';
import { readDuration } from '../../domain/duration.ts';
import { type Policy, type Resource, type Role, roleKey } from '../../domain/policy.ts';
import type { Instant, Millis } from '../../domain/terms.ts';

/**
 * What somebody typed after `/jit request`, in one line and forgiving: names by prefix, durations as people
 * write them, `until 18:00`, `tomorrow 09:00–11:00`; everything else is the reason. What is missing stays null.
 */
export interface Line {
  readonly roles: readonly Role[];
  /** What stood where a resource or role was expected, and fits none or several. */
  readonly unclear: string | null;
  readonly duration: Millis | null;
  readonly times: ClockTimes | null;
  readonly reason: string;
}

/** Times on somebody's wall clock, to be read in their time zone. */
export type ClockTimes =
  | { readonly kind: 'until'; readonly until: string }
  | { readonly kind: 'window'; readonly day: string; readonly from: string; readonly to: string };

const CLOCK = '(?:[01]?\\d|2[0-3])[:.h][0-5]\\d';
const DAY =
  'today|tonight|tomorrow|mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|\\d{4}-\\d\\d-\\d\\d';
const UNTIL = new RegExp(`^(?:until|till|til) (${CLOCK})(?= |$)`, 'i');
const WINDOW = new RegExp(`^(?:(?:on )?(${DAY}) )?(?:from )?(${CLOCK}) ?(?:-|–|to|until) ?(${CLOCK})(?= |$)`, 'i');
const DURATION =
  /^(?:for )?((?:\d+(?:[.,]\d)?)(?: ?(?:d|days?|h|hrs?|hours?|m|mins?|minutes?)(?:\d{0,2}m?)?)(?: \d{1,2} ?(?:m|mins?|minutes?))?)(?= |$)/i;

export function parseLine(policy: Policy, typed: string): Line {
  const words = typed.trim().split(/\s+/).filter(Boolean);
  const found = findRoles(policy, words);
  let rest = words.slice(found.used).join(' ');
  let duration: Millis | null = null;
  let times: ClockTimes | null = null;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest);
    if (match) rest = rest.slice(match[0].length).trimStart();
    return match;
  };
  const window = take(WINDOW);
  const until = window ? null : take(UNTIL);
  if (window)
    times = { kind: 'window', day: (window[1] ?? 'today').toLowerCase(), from: clock(window[2]), to: clock(window[3]) };
  else if (until) times = { kind: 'until', until: clock(until[1]) };
  else {
    const length = take(DURATION);
    duration = length ? readDuration(length[1] ?? '') : null;
  }
  const reason = rest.replace(/^(?:because|reason:?|to:)\s+/i, '').replace(/^["“](.*)["”]$/, '$1');
  return { roles: found.roles, unclear: found.unclear, duration, times, reason };
}

/** The role that the first words name, and how many of them it took. */
function findRoles(policy: Policy, words: readonly string[]): { roles: Role[]; unclear: string | null; used: number } {
  const [first = '', second = ''] = words;
  if (first === '') return { roles: [], unclear: null, used: 0 };
  const [resourceWord = '', roleWord] = first.split('/');
  const resources = fitting([...policy.resources.values()], resourceWord);
  const wanted = roleWord ?? second;
  const roles = wanted === '' ? [] : resources.flatMap((resource) => fitting([...resource.roles.values()], wanted));
  const used = roleWord === undefined ? 2 : 1;
  if (roles.length === 1) return { roles, unclear: null, used };
  if (roles.length > 1) return { roles: [], unclear: `${resourceWord} ${wanted}`, used };
  const [only, ...others] = resources;
  if (!only || others.length > 0) return { roles: [], unclear: resourceWord, used: 1 };
  // No role was named: the only one there is, or the first, which the form lets people change.
  const usual = [...only.roles.values()][0];
  return { roles: usual ? [usual] : [], unclear: roleWord ?? (only.roles.size > 1 ? only.name : null), used: 1 };
}

/** By id or name: the exact one where there is one, otherwise all that begin so. */
function fitting<T extends Pick<Resource | Role, 'id' | 'name'>>(things: readonly T[], word: string): T[] {
  const typed = word.toLowerCase();
  const exact = things.find(({ id, name }) => id === typed || name.toLowerCase() === typed);
  if (exact) return [exact];
  return things.filter(({ id, name }) =>
    [id, ...name.toLowerCase().split(/[\s_-]+/), name.toLowerCase()].some((part) => part.startsWith(typed)),
  );
}

const clock = (text = ''): string => text.replace(/[.h]/i, ':').padStart(5, '0');

/** When and for how long, on the wall clock of whoever typed it. A time that is over today means tomorrow. */
export function resolveTimes(
  times: ClockTimes,
  timeZone: string,
  now: Instant,
): { startsAt: Instant | null; duration: Millis } {
  const local = DateTime.fromMillis(now, { zone: timeZone });
  if (times.kind === 'until') {
    const end = onDay(local, times.until);
    const next = end.toMillis() > now ? end : end.plus({ days: 1 });
    return { startsAt: null, duration: next.toMillis() - now };
  }
  const start = onDay(dayOf(local, times.day, times.from), times.from);
  const end = onDay(start, times.to);
  const startsAt = start.toMillis();
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

export const keysOf = (line: Line): string[] => line.roles.map(roleKey);
