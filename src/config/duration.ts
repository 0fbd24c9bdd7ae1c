import { HOUR, MINUTE, type Millis, SECOND } from '../domain/terms.ts';

/** `1h30m`, `45m`, `2d`, `90s` as milliseconds; null where it is none of these. */
export function parseDuration(text: string): Millis | null {
  const match = /^(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/.exec(text.trim());
  if (!match || text.trim() === '') return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (days ?? 0) * 24 * HOUR + (hours ?? 0) * HOUR + (minutes ?? 0) * MINUTE + (seconds ?? 0) * SECOND;
}
