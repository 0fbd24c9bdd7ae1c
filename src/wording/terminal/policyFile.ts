/** Mistakes in the policy file: what is wrong at a place, and what is expected there. */

import { counted } from '../../domain/text.ts';

const DURATION = 'expected a duration such as 30m, 1h or 1h30m';
const GRACE = 'expected a duration such as 15m, or 0m';
const INSTANT = 'expected a date and time with its zone';
const not = (expected: string, text: string): string => `${expected}, not "${text}"`;

/** The headings of the list of mistakes. */
export const POLICY_ISSUES = {
  wrong: (count: number): string => `${counted(count, 'issue')} in the policy file:`,
  unset: (count: number): string =>
    `${counted(count, 'value is', 'values are')} missing from the environment, which the policy file names:`,
  wholeFile: '(file)',
} as const;

/** Values of one field. */
export const FIELD = {
  duration: DURATION,
  noDuration: (text: string): string => not(DURATION, text),
  grace: GRACE,
  noGrace: (text: string): string => not(GRACE, text),
  instant: `${INSTANT}, in quotes`,
  noInstant: (text: string): string => not(`${INSTANT}, such as "2026-12-20T00:00+01:00"`, text),
  timeOfDay: 'expected a time such as 09:00, in quotes',
  timeZone: 'expected an IANA time zone such as Europe/Berlin',
  principal: 'expected the id of a Slack user (U…) or user group (S…), or the name of one of groups',
  account: 'expected the id of a Slack user (U…)',
  channel: 'expected the id of a Slack channel (C…)',
  pagerDutyId: 'expected an id from PagerDuty, such as PABC123',
  noIds: 'an empty list would match nothing; leave the field out or name one',
  name: 'expected a name of at most 36 small letters, digits, - and _',
  label: 'expected at most 70 characters',
  level: 'levels start at 1',
  identityName: 'expected a name such as github',
  domain: 'expected a domain in lower case, such as harbor.example',
  version: 'expected 1, the version of this format',
  digest: 'expected never, or day, at and time_zone',
  samePerson: 'expected at least two accounts of one human',
  opaUrl: 'expected the http or https address of an OPA server',
  opaPath: 'expected the path of a rule, such as jit/decision',
  members: 'expected at least one person or group; leave break_glass out for nobody',
  reviewers: 'expected at least one reviewer',
  useReviewers: 'expected at least one reviewer: a use that nobody reviews is not recorded well',
  signals: 'expected at least one signal',
  roles: 'expected at least one role',
  resources: 'expected at least one resource',
} as const;

/** Fields that do not go together. */
export const TOGETHER = {
  levels: 'min is above max: nobody could match',
  hours: 'from and to are the same',
  freeze: 'to is not after from',
  noTest:
    'expected at least one of on_call, incident, members_of, hours, duration, signals, unless: without one it would hold for everybody',
  noLimit: 'expected at least one of automatic, holders, cool_down',
  escalateTo: 'expected either reviewers or on_call',
  reviewersOrStages: 'expected either reviewers (with needed), or stages',
  neededInStages: 'with stages, needed stands in each stage',
  lateEscalation: 'an escalation comes after the request has expired; make it earlier, or expires later',
  oneEffect: 'expected exactly one of allow, ask or deny',
  opaPlace: 'expected either url and path, or wasm',
  opaPath: 'with url, path names the rule that decides',
  defaultDuration: 'default is above max',
  totalDuration: 'total is below max',
  noRules: 'a role without rules would be denied to everybody; write one, or hand it to opa',
  rulesAndOpa: 'with opa, the rules would never be asked; leave one of the two out',
  templateOfTemplate: 'a template cannot inherit from another',
  canaryEvery: 'every is below 5m',
  canaryLasts: 'lasts is not below every',
} as const;

/** What a file says about things that it does not have, or has twice. */
export const IN_FILE = {
  anchor: 'an anchor is used within itself',
  tooMany: 'with every alias written out, it has too many values',
  unknownField: 'unknown field',
  checkSpelling: 'check its spelling and its place',
  didYouMean: (field: string): string => `did you mean "${field}"?`,
  fieldMissing: 'but the field is missing',
  kind: (kinds: readonly string[], kind: string): string => not(`expected one of ${kinds.join(', ')}`, kind),
  template: (known: readonly string[]): string =>
    `expected the name of a template: ${known.join(', ') || 'there is none'}`,
  narrower: (resource: string, others: readonly string[]): string =>
    `expected another role of ${resource}: ${others.join(', ') || 'it has none'}`,
  noResource: (name: string): string =>
    `there is no resource "${name}" in this file, and no group of resources of that name`,
  nobodyNamed: (name: string): string =>
    `nobody's name for {${name}} is known: add it under identities, such as { U0ANA: { ${name}: … } }`,
  sharedAccount: (ids: readonly string[], account: string, resource: string): string =>
    `${ids.join(' and ')} are both "${account}" at ${resource}: two people never share an account. If they are one human, say so under slack.same_person`,
  canaryOfSlack: (role: string): string => `${role} is held by Slack accounts, and the canary has none`,
  canaryRole: (role: string): string => `no role is called "${role}"; expected resource/role`,
  canaryTooLong: 'it is longer than the role’s max',
} as const;

/** The beginning of every sentence about a `${NAME}` without a value. */
export const UNSET = 'the environment variable ';
/** A dollar sign and a brace, which a template would take for its own. */
export const OPENING = '$'.concat('{');

export const VARIABLE = {
  unset: (name: string): string => `${UNSET}${name} is not set`,
  problem: (name: string, problem: string): string => `${UNSET}${name}: ${problem}`,
  secret: `a secret must not stand in this file; write ${OPENING}NAME} and set that environment variable`,
} as const;

/** Regular expressions for tickets. */
export const PATTERN = {
  tooLarge: (source: string): string => `"${source}" is too large a regular expression; repeat less in it`,
  invalid: (source: string, why: string): string => `"${source}" is no regular expression in RE2 syntax: ${why}`,
  lookaround: (source: string): string =>
    `"${source}" looks ahead, looks back or refers back to what it matched before, which can take minutes on what people type; write it without, in RE2 syntax`,
} as const;
