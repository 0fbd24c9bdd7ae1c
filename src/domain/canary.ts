/** A grant that the bot gives and takes back at an interval, to see that it can. It is nobody's access. */

import { ALARM_PROBLEMS } from '../wording/reasons/alarms.ts';
import { CHANGED } from '../wording/reasons/policyChanges.ts';
import type { Person } from './person.ts';
import { durationText, type Instant, MINUTE, type Millis, type RoleKey } from './terms.ts';

/** Its Slack id, which no Slack account can have. */
export const CANARY_ID = 'canary';

/** The role that it gets, and how it is known at targets. */
export interface CanaryRule {
  readonly role: RoleKey;
  /** From one beginning to the next, in ms. */
  readonly every: Millis;
  /** The latest end, in ms: it is taken back as soon as it was seen. */
  readonly lasts: Millis;
  /** An address that belongs to nobody. */
  readonly email: string;
}

/** The last run that is over. */
export interface CanaryResult {
  readonly at: Instant;
  /** null if it was given, seen, taken back and seen to be gone. */
  readonly problem: string | null;
  /** From the request to the end, in ms. */
  readonly took: Millis;
}

/** A run that is not over. */
export interface CanaryRun {
  readonly grantId: string;
  readonly requestId: string;
  readonly since: Instant;
  /** What the target said while it was active; null if it has not been asked. */
  readonly seen: 'there' | 'not there' | null;
}

/** How the canary is. */
export interface Canary {
  readonly role: RoleKey;
  readonly every: Millis;
  readonly run: CanaryRun | null;
  readonly last: CanaryResult | null;
  /** When it last began, or tried to. */
  readonly beganAt: Instant;
  /** Why nothing is granted to it now, such as a freeze. null if it can be. */
  readonly held: string | null;
  /** When it was last seen to be held; no result is expected before. null if it never was. */
  readonly heldAt: Instant | null;
}

/** For people comparing two policies. */
export const canaryText = (canary: CanaryRule | undefined): string =>
  canary === undefined
    ? 'none'
    : CHANGED.canary(canary.role, canary.email, durationText(canary.every), durationText(canary.lasts));

export const isCanary = ({ slackId }: Pick<Person, 'slackId'>): boolean => slackId === CANARY_ID;

/** How it stands in requests and grants. */
export const canaryPerson = ({ email }: Pick<CanaryRule, 'email'>): Person => ({
  slackId: CANARY_ID,
  name: 'the canary',
  email,
  timeZone: 'UTC',
});

/** How long after it was due a result may be missing. Long enough for a target that is asked again. */
const RESULT_WITHIN: Millis = 15 * MINUTE;
/** A failed run is tried again this soon, so that its alarm ends soon after its reason. */
const AGAIN_AFTER: Millis = 10 * MINUTE;

/** When it begins next. One that was held begins as soon as it is no longer, and one of another role at once. */
export function nextCanary({ beganAt, last, held, role }: Canary, { every, role: wanted }: CanaryRule): Instant {
  if (held !== null || role !== wanted) return 0;
  return beganAt + (last !== null && last.problem !== null ? Math.min(every, AGAIN_AFTER) : every);
}

/** What is wrong; null if nothing is. While it is held, nothing new can be known, and what failed before still counts. */
export function canaryProblem({ role, every, last, beganAt, held, heldAt }: Canary, now: Instant): string | null {
  if (last !== null && last.problem !== null) return `${role}: ${last.problem}`;
  const since = Math.max(last?.at ?? beganAt, heldAt ?? 0);
  // While it is held, it is looked at every few minutes.
  if (now - since <= (held === null ? every : 0) + RESULT_WITHIN) return null;
  return ALARM_PROBLEMS.canarySilent(role, durationText(now - since));
}
