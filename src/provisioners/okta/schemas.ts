import { z } from 'zod';
import { OKTA_FIELDS } from '../../wording/targets/okta.ts';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { webAddress } from '../address.ts';

const groupId = z.string().regex(/^00g[A-Za-z0-9_]+$/, OKTA_FIELDS.group);

export const targetSchema = z
  .strictObject({
    kind: z.literal('okta'),
    url: webAddress(OKTA_FIELDS.url),
    token: z.string().min(1).optional(),
    /**
     * A service app for the bot with the scopes okta.groups.manage and okta.users.read, which is better than a token.
     */
    app: z.strictObject({ client_id: z.string().min(1), private_key: z.string().min(1) }).optional(),
    /** The template for Okta logins. */
    account: z
      .string()
      .regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{email}"'))
      .default('{email}'),
  })
  .refine(({ app, token }) => (app === undefined) !== (token === undefined), OKTA_FIELDS.credential);

export const roleSchema = z.strictObject({ groups: z.array(groupId).min(1, TARGET_FIELDS.atLeastOne('group')) });

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
