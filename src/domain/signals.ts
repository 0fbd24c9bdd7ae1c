/**
 * Signs of unusual behaviour, each with its facts. They inform reviewers and auditors, and block
 * nothing by themselves, but a rule may name them.
 */

import { DateTime } from 'luxon';
import { SIGNAL_FACTS } from '../wording/reasons/signals.ts';
import { durationText, HOUR, type Instant, MINUTE, type Millis, SECOND } from './terms.ts';

const DAY: Millis = 24 * HOUR;

export const REQUEST_SIGNALS = ['first_time', 'unusual_hour', 'many_requests', 'repeated_denials'] as const;
export type RequestSignal = (typeof REQUEST_SIGNALS)[number];
export type SignalKind = RequestSignal | 'quick_approvals' | 'mutual_approvals';

export interface Signal<Kind extends SignalKind = SignalKind> {
  readonly kind: Kind;
  /** The facts in words, with the event numbers if there are few. */
  readonly facts: string;
}

interface Seen {
  readonly seq: number;
  readonly at: Instant;
}

/** What the ledger says about a requester, newest first. */
export interface Activity {
  readonly requests: readonly Seen[];
  readonly denials: readonly Seen[];
  /** Whether they ever had access to the resource. */
  readonly knowsResource: boolean;
}

/** How far back behaviour counts. */
export const LOOK_BACK: Millis = 90 * DAY;
/** An hour of the day is unusual only if there are at least this many earlier requests, none of them near it. */
const HABIT_REQUESTS = 10;
const HABIT_HOURS = 2;
const MANY_REQUESTS = 5;
const MANY_WITHIN: Millis = HOUR;
const MANY_DENIALS = 3;
const DENIALS_WITHIN: Millis = 7 * DAY;

export function requestSignals(
  { requests, denials, knowsResource }: Activity,
  about: { at: Instant; resource: string; timeZone: string },
): Signal<RequestSignal>[] {
  const { at, resource, timeZone } = about;
  const signals: Signal<RequestSignal>[] = [];
  if (!knowsResource) signals.push({ kind: 'first_time', facts: SIGNAL_FACTS.firstTime(resource) });
  const hour = hourOf(at, timeZone);
  const near = requests.filter((one) => hoursApart(hourOf(one.at, timeZone), hour) <= HABIT_HOURS);
  if (requests.length >= HABIT_REQUESTS && near.length === 0)
    signals.push({
      kind: 'unusual_hour',
      facts: SIGNAL_FACTS.unusualHour(clockText(at, timeZone), requests.length, HABIT_HOURS),
    });
  const recent = requests.filter((one) => at - one.at < MANY_WITHIN);
  if (recent.length + 1 >= MANY_REQUESTS)
    signals.push({
      kind: 'many_requests',
      facts: SIGNAL_FACTS.manyRequests(recent.length + 1, durationText(MANY_WITHIN), numbers(recent)),
    });
  const denied = denials.filter((one) => at - one.at < DENIALS_WITHIN);
  if (denied.length >= MANY_DENIALS)
    signals.push({ kind: 'repeated_denials', facts: SIGNAL_FACTS.denials(denied.length, numbers(denied)) });
  return signals;
}

/** A past review, and how long after the request it came. */
export interface PastReview extends Seen {
  readonly verdict: 'approve' | 'deny';
  readonly after: Millis;
}

/** What the ledger says about a reviewer, newest first, and about reviewer and requester together. */
export interface ReviewActivity {
  readonly reviews: readonly PastReview[];
  /** Slack ids of the people who approved the requester's requests, and the reviewer's. */
  readonly approversOfRequester: readonly string[];
  readonly approversOfReviewer: readonly string[];
}

const QUICK: Millis = 10 * SECOND;
const QUICK_IN_A_ROW = 5;
const MUTUAL_APPROVALS = 3;

/** @param review the review being given */
export function reviewSignals(
  { reviews, approversOfRequester, approversOfReviewer }: ReviewActivity,
  { review, reviewer, requester }: { review: Omit<PastReview, 'seq'>; reviewer: string; requester: string },
): Signal[] {
  const signals: Signal[] = [];
  const last = [review, ...reviews].slice(0, QUICK_IN_A_ROW);
  if (last.length === QUICK_IN_A_ROW && last.every(({ verdict, after }) => verdict === 'approve' && after < QUICK))
    signals.push({
      kind: 'quick_approvals',
      facts: SIGNAL_FACTS.quick(QUICK_IN_A_ROW, QUICK / SECOND),
    });
  const given = [reviewer, ...approversOfRequester];
  const isOnly = (all: readonly string[], id: string) =>
    all.length >= MUTUAL_APPROVALS && all.every((approver) => approver === id);
  if (review.verdict === 'approve' && isOnly(given, reviewer) && isOnly(approversOfReviewer, requester))
    signals.push({
      kind: 'mutual_approvals',
      facts: SIGNAL_FACTS.mutual(given.length, approversOfReviewer.length),
    });
  return signals;
}

export const SIGNAL_NAMES: Readonly<Record<SignalKind, string>> = {
  first_time: 'first time',
  unusual_hour: 'unusual hour',
  many_requests: 'many requests',
  repeated_denials: 'repeated denials',
  quick_approvals: 'quick approvals',
  mutual_approvals: 'mutual approvals',
};

const numbers = (seen: readonly Seen[]): string =>
  seen
    .slice(0, 5)
    .map(({ seq }) => `#${seq}`)
    .join(', ');

/** Hour of the day in a time zone, with minutes as a fraction. */
function hourOf(at: Instant, timeZone: string): number {
  const local = DateTime.fromMillis(at, { zone: timeZone });
  return local.hour + (local.minute * MINUTE) / HOUR;
}

const clockText = (at: Instant, timeZone: string): string =>
  DateTime.fromMillis(at, { zone: timeZone }).toFormat('HH:mm');

function hoursApart(a: number, b: number): number {
  const apart = Math.abs(a - b);
  return Math.min(apart, 24 - apart);
}
