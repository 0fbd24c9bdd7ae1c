import { z } from 'zod';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { SLACK_GROUP_FIELDS } from '../../wording/targets/slackGroups.ts';
import { webAddress } from '../address.ts';

const groupId = z.string().regex(/^S[A-Z0-9]+$/, SLACK_GROUP_FIELDS.group);

export const targetSchema = z.strictObject({
  kind: z.literal('slack'),
  /** The token of an app with usergroups:read and usergroups:write, preferably not the bot's own. */
  token: z.string().min(1),
  /** The person who stays in a group when nobody else is left, because Slack accepts no empty list. */
  keeper: z
    .string()
    .regex(/^[UW][A-Z0-9]+$/, SLACK_GROUP_FIELDS.keeper)
    .optional(),
  api_url: webAddress().default('https://slack.com/api/'),
});

export const roleSchema = z.strictObject({ groups: z.array(groupId).min(1, TARGET_FIELDS.atLeastOne('user group')) });

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
