/** Targets of kind github. */

/** Values in the policy file. */
export const GITHUB_FIELDS = {
  name: 'expected a name as in the address of the page',
  privateKey: 'expected the App’s private key, in PEM form',
  credential: 'expected either app or token',
  nothingNamed: 'name a team or a repository',
} as const;

/** Findings of the doctor. */
export const GITHUB_CHECKS = {
  sees: (what: string): string => `the bot sees ${what}`,
  seesNot: (what: string, why: string): string => `the bot sees ${what}: ${why}`,
  seesFix: (org: string): string =>
    `Is the name right, and may the credential read it? A GitHub App has to be installed in ${org}.`,
  team: (slug: string): string => `the team ${slug}`,
  repository: (repo: string): string => `the repository ${repo}`,
  appMay: (permission: string): string => `the App may write ${permission}`,
  appFix: (permission: string): string => `Give the App the permission ${permission}: read and write.`,
  tokenAccepted: 'the token is accepted (GitHub does not say what a fine-grained one may do)',
  tokenScope: (scope: string): string => `the token has the scope ${scope}`,
  tokenFix: (scope: string): string => `Make a token with the scope ${scope}; or, better, a GitHub App.`,
} as const;

/** Problems. */
export const GITHUB = {
  place: (host: string): string => `GitHub at ${host}`,
  unknownForm: (where: string, route: string): string => `${where} answered ${route} in an unknown form`,
  otherUser: (where: string, id: string, other: number): string =>
    `${where} was asked for the user ${id} and answered with ${other}`,
  noUser: (where: string, login: string): string => `${where} has no user ${login}`,
  userIdGone: (where: string, id: string): string => `${where} has no user ${id} any more`,
  renamed: (where: string, username: string): string =>
    `${where}: ${username} was renamed while access was being given`,
  noMember: (username: string, org: string): string =>
    `${username} is not a member of the GitHub organization ${org}; invite them there first`,
  givenAway: (where: string, org: string, repo: string, now: string): string =>
    `${where}: ${org}/${repo} is ${now} now: it was transferred`,
} as const;

/** What stands in a team or a repository. */
export const GITHUB_SEEN = {
  somebody: 'somebody',
  noAddress: 'an address that is not shown',
  notSeen: (what: string, why: string): string => `${what}, not seen: ${why}`,
  collaborator: (account: string, level: string): string => `${account} is a collaborator (${level})`,
  invited: (who: string, permissions: string): string => `${who} is invited (${permissions})`,
  webhook: (id: number, address: string): string => `webhook ${id} to ${address}`,
  teamMay: (slug: string, permission: string): string => `the team ${slug} may ${permission}`,
  ofTeam: (account: string, level: string): string => `${account} is ${level} of the team`,
  invitedToTeam: (who: string): string => `${who} is invited to the team`,
  childTeam: (slug: string): string => `${slug} is a child team of the team`,
} as const;
