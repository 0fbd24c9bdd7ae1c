/** Targets of kind aws-iam-group and aws-identity-center. */

/** Values in the policy file. */
export const AWS_FIELDS = {
  awsAccount: 'expected the twelve digits of an AWS account, in quotes',
  groupName: 'expected the name of an IAM group',
  region: 'expected a region such as eu-central-1',
  instance: 'expected the ARN of the instance',
  identityStore: 'expected the id of the identity store (d-…)',
  hours: 'expected hours, such as 1h',
  permissionSet: 'expected the ARN of a permission set',
} as const;

/** Findings of the doctor. */
export const AWS_CHECKS = {
  seesGroup: (group: string): string => `the bot sees who is in the group ${group}`,
  groupRights:
    'Is the name right? The bot needs iam:GetGroup, iam:GetUser, iam:AddUserToGroup and iam:RemoveUserFromGroup.',
  findsRenamed: 'the bot finds groups and users that were renamed',
  listRights:
    'Allow iam:ListGroups and iam:ListUsers: IAM is asked by name only, so the bot looks for a renamed one among all.',
  seesPeople: 'the bot may look people up in the identity store',
  seesAssigned: (permissionSet: string, account: string): string =>
    `the bot sees who has ${permissionSet} in ${account}`,
  sessionsLast: (permissionSet: string, most: string): string => `sessions with ${permissionSet} last at most ${most}`,
  sessionsLonger: (text: string): string =>
    `They last ${text}. Shorten them there, or set session in the target to that: people are told how long sessions live on.`,
} as const;

/** Problems. */
export const AWS = {
  assigning: 'assigning access',
  unassigning: 'removing an assignment',
  whyUnknown: 'AWS does not say why',
  noItems: (service: string): string => `${service} answered a list without its items`,
  requestOfNobody: (service: string, id: string): string => `${service} does not say whom the request ${id} is about`,
  failed: (service: string, what: string, why: string): string => `${service}: ${what} failed: ${why}`,
  unfinished: (service: string, what: string): string => `${service} has not finished ${what}`,
  groupIdGone: (id: string, account: string): string =>
    `there is no IAM group with the id ${id} in the AWS account ${account} any more`,
  noGroup: (name: string, account: string): string => `there is no IAM group ${name} in the AWS account ${account}`,
  groupNotFound: (group: string): string => `the group ${group} cannot be found`,
  groupReplaced: (name: string): string => `somebody replaced the group ${name} while it was read`,
  noAnswerAbout: (name: string): string => `AWS IAM did not answer about the group ${name}`,
  noIdOrName: (service: string): string => `${service} answered without an id or a name`,
  noSuchName: (name: string): string =>
    `no IAM user can be called ${name}: names there have letters, digits and +=,.@_- only; check account in the target`,
  justRenamed: (service: string, name: string): string => `${service}: the group ${name} was renamed just now`,
  noUser: (name: string, account: string): string => `there is no IAM user ${name} in the AWS account ${account}`,
  userIdGone: (id: string, account: string): string =>
    `there is no IAM user with the id ${id} in the AWS account ${account} any more`,
  otherAccount: (service: string, what: string, account: string): string =>
    `${service} shows no ${what} of the AWS account ${account}: are these the credentials of that account?`,
  noSuchUserName: (account: string): string => `no user of Identity Center can be called ${account}`,
  noIdentity: (account: string): string => `Identity Center has no user ${account}`,
} as const;
