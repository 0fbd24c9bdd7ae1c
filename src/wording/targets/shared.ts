/** What targets of every kind say: values in the policy file, findings of the doctor, problems, what is left of ended access. */

/** Values in the policy file. */
export const TARGET_FIELDS = {
  webAddress: 'expected an http or https address',
  template: (example: string): string => `expected a template such as ${example}`,
  atLeastOne: (what: string): string => `name at least one ${what}`,
  noDuration: (text: string): string => `"${text}" is not a duration such as 30m or 1h`,
  saidTwice: (name: string): string => `"${name}" appears twice`,
  noKind: (kind: string): string => `no provisioner of kind ${kind}`,
} as const;

/** What is wrong with an address that holds a password, which is never shown. */
export const ADDRESS = {
  noAddress: 'this is not an address',
  noHost: 'name the host between // and the next /',
  loginFirst: 'write user and password before the host',
  notBehind: (name: string, instead: string): string => `"${name}" does not belong after the ?: ${instead}`,
  escaped: (letter: string, code: string): string => `in a user or a password, ${letter} is written ${code}`,
  noSpace: 'in a user or a password, a space is written %20; there must be no space around the address',
  escapedAt: (told: string): string => `${told} (and an @ after the host, %40)`,
  utf8: 'percent codes must be UTF-8, for example %C3%A9 for é',
  oneHost: 'name one host: this kind of target takes no more',
  hostBetween: 'expected a host between two commas, such as a:5432,b:5432',
  placeFirst: 'write host, port and database before it',
  noLimits: 'the bot sets its own limits, and a pooler would refuse this',
} as const;

/** Problems of any target, which operators read. */
export const TARGETS = {
  unknownResource: (resource: string): string => `${resource} is not in the policy file: look at its target`,
  resourceGone: (resource: string): string =>
    `resource ${resource} is no longer in the policy file; put it back until this access has ended`,
  placeGone: (place: string): string =>
    `this access was given at "${place}", which the policy file does not reach any more; put that target under retired_targets, with its secrets, until this access has ended`,
  handBack: (where: string, grantId: string, role: string, account: string, grants: string): string =>
    `At ${where}: end what grant ${grantId} of ${role} gave to ${account}: ${grants}`,
  roleGone: (role: string | null): string => `${role} is no longer in the policy file`,
  packagesMissing: (kind: string, packages: string): string =>
    `targets of kind ${kind} need packages that are not installed: ${packages}.`,
  install: (problems: string, options: string, packages: string): string =>
    `${problems} Run: npm install ${options} ${packages}`,
  tooLong: (problem: string, seconds: number): string => `${problem} after ${seconds} s`,
  removeByHand: (resource: string): string => `what was found on ${resource} has to be removed by hand`,
  notConnected: (why: string): string => `this target cannot be connected: ${why}`,
  underWay: (name: string, wait: string): string =>
    `${name} did not answer a grant, and may still carry it out; I end it again in ${wait}`,
} as const;

/** What is left of ended access. */
export const RESIDUE = {
  named: 'the target named them',
  madeIn: (place: string): string => `what was made in ${place}`,
  notLooked: (why: string): string => `could not be looked at: ${why}`,
  unknown: 'could not be looked at, so nobody knows whether something new is there',
  stillThere: 'was not there when the access was given, and is still there: remove it unless somebody needs it',
  slow: 'it took too long',
} as const;

/** Who is in a group, a team or a role of a target. */
export const SEATS = {
  stillMore: (scope: string, account: string, place: string, owed: string): string =>
    `${scope} still shows ${account} in ${place} with more than ${owed}`,
  comesBack: (scope: string, place: string): string => `${scope}: somebody comes back into ${place} again and again`,
  unknownLevel: (scope: string, level: string): string =>
    `${scope} answered with ${level}, which is not one of its levels`,
  otherRoster: (place: string, scope: string): string => `what was given at "${place}" cannot be ended at ${scope}`,
  notShown: (scope: string, account: string, place: string): string => `${scope} does not show ${account} in ${place}`,
} as const;
