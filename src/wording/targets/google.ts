/** Targets of kind google-group and google-iam. */

/** Values in the policy file. */
export const GOOGLE_FIELDS = {
  group: 'expected the address of a group',
  project: 'expected the id of a project',
  role: 'expected a role such as roles/cloudsql.viewer',
  basicRole: 'owner, editor and viewer take no condition, so they would not expire: pick a role that gives less',
} as const;

/** Findings of the doctor. */
export const GOOGLE_CHECKS = {
  seesGroup: (group: string): string => `the bot sees who is in ${group}`,
  seesNot: (group: string, why: string): string => `the bot sees who is in ${group}: ${why}`,
  manager: 'Make its service account a manager of the group.',
  has: (permission: string, project: string): string => `the bot has ${permission} on ${project}`,
  projectAdmin:
    'Give its service account the role roles/resourcemanager.projectIamAdmin on this project, limited by a condition to the roles that it hands out.',
} as const;

/** Problems, and what Google was asked. */
export const GOOGLE = {
  isIn: (member: string, group: string, held: string): string => `${member} is in ${group} (${held})`,
  noGroup: (address: string): string => `Google has no group ${address}, or the bot may not see it`,
  namesOther: (account: string, project: string): string =>
    `what was given to ${account} in ${project} names somebody else by now; let it end, and ask again`,
  giving: (account: string): string => `giving ${account} what was granted`,
  otherAnswer: (group: string, name: string): string => `Google was asked for ${group} and answered with ${name}`,
  whoIsIn: (group: string): string => `who is in ${group}`,
  memberOf: (address: string, group: string): string => `${address} in ${group}`,
  adding: (address: string, group: string): string => `adding ${address} to ${group}`,
  bothWays: (address: string, group: string): string =>
    `Google says both that ${address} is in ${group} and that they are not`,
  takenOut: (name: string): string => `Google: ${name} is gone; somebody took this person out of the group`,
  unknownForm: (what: string): string => `Google answered in an unknown form (${what})`,
  notAnswered: (what: string): string => `Google did not answer (${what})`,
  policyUnknown: (project: string): string =>
    `Google answered with the policy of ${project} in an unknown form, or without its etag`,
} as const;

/** What stands in the policy of a project. */
export const GOOGLE_POLICY = {
  came: (
    member: string,
    role: string,
    condition: { readonly title?: string; readonly expression?: string } | null,
  ): string =>
    `${member} has ${role}${condition ? ` on the condition "${condition.title}": ${condition.expression}` : ''}, which came during this access, by its holder or by somebody else`,
  removedToo: 'removed with it',
  left: 'left as it is: remove it if nobody needs it',
} as const;
