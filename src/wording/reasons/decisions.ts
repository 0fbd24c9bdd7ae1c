/** Why the policy allows, asks or denies. Recorded with each decision, and shown wherever it is explained. */

import { counted } from '../../domain/text.ts';

/** What rules find. */
export const REASONS = {
  /** In place of a problem that may name somebody, where decisions are exported. */
  notKnownThen: 'not known then',
  noRule: 'no rule of this role matches',
  noReviewers: 'the rule names no reviewers, so nobody could approve',
  everybody: 'it applies to everybody',
  removed: (review: string, day: string): string => `removed by an owner in access review ${review}, ${day}`,
  within: (hours: string): string => `it is within ${hours}`,
  outside: (hours: string): string => `it is outside ${hours}`,
  short: (max: string): string => `the duration is at most ${max}`,
  long: (max: string): string => `the duration is over ${max}`,
  onCallNotAsked: 'PagerDuty was not asked who is on call',
  otherAccount: (reasons: string): string => `another account of the same person is ${reasons}`,
  onCallElsewhere: (elsewhere: string): string => `on call for ${elsewhere}, which this rule does not name`,
  notOnCall: 'not on call in PagerDuty',
  otherLevel: (levels: string, needed: string): string => `on call at level ${levels}; this rule needs ${needed}`,
  noShiftStart: (tenure: string): string =>
    `on call without a shift that has a beginning; this rule needs ${tenure} on a shift`,
  tooFresh: (tenure: string): string => `on this shift for less than ${tenure}`,
  onCall: (level: number, escalationPolicy: string): string => `on call at level ${level} for ${escalationPolicy}`,
  planUnknown: 'PagerDuty did not say whether this shift was planned',
  override: 'on call by an override; this rule needs a turn of the rotation',
  unscheduled: 'named on the escalation policy itself; this rule needs a turn of the rotation',
  levelFrom: (level: number): string => `level ${level} or higher`,
  level: (level: number): string => `level ${level}`,
  levels: (from: number, to: number): string => `level ${from} to ${to}`,
  noIncident: 'the request names no incident',
  otherStatus: (number: number, status: string, needed: string): string =>
    `incident #${number} is ${status}; this rule needs ${needed}`,
  otherService: (number: number, service: string): string =>
    `incident #${number} is on ${service}, which this rule does not name`,
  otherUrgency: (number: number, urgency: string): string => `incident #${number} has ${urgency} urgency`,
  incident: (number: number, service: string, status: string): string =>
    `incident #${number} on ${service} is ${status}`,
  signalsNotAsked: 'whether this is unusual was not looked up',
  nothingUnusual: 'nothing unusual was seen',
  named: 'named in the policy',
  groupNotAsked: (group: string): string => `user group ${group} was not looked up`,
  inGroup: (group: string): string => `member of user group ${group}`,
  otherNamed: (account: string): string => `another account of the same person, ${account}, is named in the policy`,
  nobodyNamed: 'the list of people is empty',
  notIn: (principals: string): string => `not a member of ${principals}`,
  opaNotAsked: 'Open Policy Agent was not asked',
  opa: (decision: string): string => `Open Policy Agent: ${decision}`,
  opaSpent: (max: string): string => `Open Policy Agent lets it be held for ${max} in all, and that is used up`,
} as const;

/** What freezes and limits find. */
export const LIMIT_REASONS = {
  holders: (others: number, most: number): string =>
    `${counted(others, 'other person has', 'other people have')} it already, and ${most} is the most`,
  automatic: (times: number, per: string, most: number): string =>
    `automatic ${counted(times, 'time')} in ${per} already, and ${most} is the most`,
  frozen: (until: string, reason: string): string => `frozen until ${until}: ${reason}`,
  limitsNotAsked: 'whether its limits are reached was not looked up',
  coolingDown: (ago: string, coolDown: string): string =>
    `a reviewer denied it ${ago} ago; it can be asked for again after ${coolDown}`,
  budgetNotAsked: 'how often it was automatic was not looked up',
} as const;
