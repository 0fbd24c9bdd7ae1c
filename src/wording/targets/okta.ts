/** Targets of kind okta. */

/** Values in the policy file. */
export const OKTA_FIELDS = {
  group: 'expected the id of an Okta group (00g…): names can change',
  url: 'expected the address of your Okta, such as https://acme.okta.com',
  credential: 'expected either app or token',
} as const;

/** Findings of the doctor. */
export const OKTA_CHECKS = {
  byHand: (group: string): string => `people are added to ${group} by hand`,
  filledBy: (what: string): string => `It is filled by ${what}: make a group of Okta's own.`,
  seesNot: (id: string, why: string): string => `the bot sees the group ${id}: ${why}`,
  groupRights:
    'Is the id right? The credential has to read and manage this group: the role Group Membership Administrator, for it alone.',
} as const;

/** Problems. */
export const OKTA = {
  noUser: (where: string, login: string): string => `${where} shows no user ${login} (404)`,
  otherUser: (where: string, found: string, login: string): string =>
    `${where} was asked for ${login} and answered with ${found}`,
  showsLess: (where: string, id: string, groupId: string): string =>
    `${where} shows no user ${id}, and counts more people in the group ${groupId} than it shows`,
  isOut: (who: string, status: string): string => `${who} is ${status} in Okta`,
  place: (host: string): string => `Okta at ${host}`,
  unknownForm: (where: string, path: string): string => `${where} answered ${path} in an unknown form`,
  otherHost: (where: string, host: string): string =>
    `${where} says that the next page is at ${host}, which is another address`,
} as const;
