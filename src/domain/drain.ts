import { parseDuration } from './duration.ts';
import type { Grant } from './grant.ts';
import type { Instant } from './terms.ts';

/** Before maintenance: nothing new is granted until a time, and what is live goes on. */
export interface Drain {
  readonly until: Instant;
  readonly why: string;
}

export const isDraining = (drain: Drain | null, now: Instant): drain is Drain => drain !== null && now < drain.until;

/** When the window is over. @returns null where it is no duration that a window can have */
export function windowEnd(text: string, now: Instant): Instant | null {
  const length = parseDuration(text);
  return length === null || length <= 0 ? null : now + length;
}

/** What ends while the bot may be away, soonest first. */
export const endsWithin = <G extends Pick<Grant, 'endsAt'>>(grants: readonly G[], { until }: Drain): readonly G[] =>
  grants.filter(({ endsAt }) => endsAt <= until).toSorted((a, b) => a.endsAt - b.endsAt);
