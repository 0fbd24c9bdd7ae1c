/** Targets of kind slack-groups. */

/** Values in the policy file. */
export const SLACK_GROUP_FIELDS = {
  group: 'expected the id of a Slack user group (S…)',
  keeper: 'expected the id of somebody in Slack (U…)',
} as const;

/** Findings of the doctor. */
export const SLACK_GROUP_CHECKS = {
  mayChange: 'the token may change user groups',
  addScope: 'Add the scope usergroups:write to the app, and install it again.',
  keeper: 'somebody stays in a group when nobody else is left',
  setKeeper:
    'Slack takes no empty list, so the last one could not be taken out: set keeper in the target to the id of somebody who may stay.',
  exists: (group: string): string => `there is a user group ${group}`,
  idRight: 'Is the id right?',
} as const;

/** Problems. */
export const SLACK_GROUPS = {
  onList: (user: string, group: string): string => `${user} is on the list of the user group ${group}`,
  nobodyElse: (group: string): string =>
    `nobody else is in the user group ${group}, and Slack takes no empty list: set keeper in the target to somebody who may stay in it, or put somebody in`,
  onlyOne: (user: string, group: string): string =>
    `Slack user groups: ${user} is the only one on the list of ${group}, which is turned off now, and Slack takes no empty list: put somebody else on it, or set keeper in the target`,
  byHand: (group: string, person: string): string =>
    `In Slack, People & user groups, the group ${group}: remove ${person}`,
  ofWorkspace: (team: string): string => ` of the workspace ${team}`,
  noGroup: (id: string, where: string): string => `Slack user groups: this token sees no group ${id}${where}`,
  problem: (why: string): string => `Slack user groups: ${why}`,
  unknownForm: 'Slack user groups: Slack answered in an unknown form',
} as const;
