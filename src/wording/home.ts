/** The app's Home. Headings are plain text. */

import type { Instant, Millis } from '../domain/terms.ts';
import { code, lasting, type Sentence, say, time } from './pieces.ts';

export const HOME = {
  held: 'Your access',
  nothingHeld: say`Nothing right now.`,
  toReview: 'Waiting for you',
  nothingToReview: say`Nothing to review.`,
  asked: 'Your requests',
  nothingAsked: say`None recently.`,
  possible: 'You could ask for',
  nothingPossible: say`Nothing that the policy allows you.`,
  nothingBecause: (problem: string): Sentence => say`Nothing right now: ${problem}.`,
  refused: (problem: string): Sentence => say`:no_entry: You can’t request or review access here: ${problem}.`,
  hold: (role: string, state: Sentence, left: Millis | null): Sentence =>
    say`:key: *${role}*\n${state}${left === null ? '' : ` (${lasting(left)} left)`}`,
  request: (role: string, at: Instant, state: Sentence): Sentence => say`*${role}*, ${time(at)}\n${state}`,
  /** How many are not shown, and where to find them. */
  more: (count: number, where: Sentence): Sentence => say`and ${count} more: ${where}`,
  moreHeld: say`${code('/jit list')} has them`,
  moreToReview: say`they are in the approvals channel`,
  morePossible: say`*Request access* finds them`,
  earlier: say`and earlier ones`,
  codes: say`:lock: Some roles ask for a one-time code. You have not set up codes yet.`,
  asOf: (now: Instant, timeZone: string): Sentence =>
    say`As of ${time(now, timeZone)}. This page updates when you open it.`,
} as const;
