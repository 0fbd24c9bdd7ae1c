import { parseDuration } from './duration.ts';
import type { Grant } from './grant.ts';
import type { Instant } from './terms.ts';

/** A pause before maintenance: nothing new is granted until a given time. Live access continues. */
export interface Drain {
  readonly until: Instant;
  readonly why: string;
}

export const isDraining = (drain: Drain | null, now: Instant): drain is Drain => drain !== null && now < drain.until;

/** When a window of this duration is over. @returns null if the text is no duration, or not longer than zero */
export function windowEnd(text: string, now: Instant): Instant | null {
  const length = parseDuration(text);
  return length === null || length <= 0 ? null : now + length;
}

/** The grants that end before the window is over, soonest first: the bot may be away then. */
export const endsWithin = <G extends Pick<Grant, 'endsAt'>>(grants: readonly G[], { until }: Drain): readonly G[] =>
  grants.filter(({ endsAt }) => endsAt <= until).toSorted((a, b) => a.endsAt - b.endsAt);
