/** Why it is not known what somebody is called at a target or at PagerDuty. */

export const ACCOUNT_PROBLEMS = {
  unnamed: (person: string, name: string, slackId: string): string =>
    `it is not known what ${person} is called there: add ${name} for ${slackId} under identities in the policy file`,
  foreign: (person: string, domain: string, domains: string): string =>
    `what ${person} is called there cannot be told from ${domain === '' ? 'an address without a domain' : `an address at ${domain}`}, only from one at ${domains} (email_domains in the policy file)`,
  otherAtPagerDuty: (email: string, other: string): string =>
    `the policy file says under identities that ${email} is ${other} at PagerDuty`,
  notAnAddress: (slackId: string, address: string): string =>
    `expected the e-mail address of ${slackId} at PagerDuty, not "${address}"`,
  sharedAddress: (one: string, other: string, address: string): string =>
    `${one} and ${other} are both "${address}" at PagerDuty: two people are never on call as one. If they are one human, say so under slack.same_person`,
} as const;
