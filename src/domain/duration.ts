import { HOUR, MINUTE, type Millis, SECOND } from './terms.ts';

/** Parses `1h30m`, `45m`, `2d` or `90s` to milliseconds; null if it is none of these. */
export function parseDuration(text: string): Millis | null {
  const match = /^(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/.exec(text.trim());
  if (!match || text.trim() === '') return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (days ?? 0) * 24 * HOUR + (hours ?? 0) * HOUR + (minutes ?? 0) * MINUTE + (seconds ?? 0) * SECOND;
}

/** Longer than any meaningful duration. Longer texts are not parsed: that could take seconds. */
const LONGEST_TEXT = 60;

/** Parses a duration as people type it: also `1h30`, `90 min`, `2 hours`, `1.5h`, `1 hour and 30 minutes`. */
export function readDuration(text: string): Millis | null {
  if (text.length > LONGEST_TEXT) return null;
  const short = text
    .toLowerCase()
    .replace(/and |, /g, '')
    .replace(/\s/g, '')
    .replace(/minutes?|mins?/g, 'm')
    .replace(/hours?|hrs?/g, 'h')
    .replace(/days?/g, 'd')
    .replace(/(h\d{1,2})$/, '$1m')
    .replace(/(\d+[.,]\d{1,2})h/g, (_, hours: string) => `${Math.round(Number(hours.replace(',', '.')) * 60)}m`);
  const ms = parseDuration(short);
  return ms === null || ms === 0 ? null : ms;
}
