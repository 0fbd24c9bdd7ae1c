import { z } from 'zod';
import { webAddress } from '../address.ts';

const groupId = z.string().regex(/^00g[A-Za-z0-9_]+$/, 'expected the id of an Okta group (00g…): names can change');

export const targetSchema = z
  .strictObject({
    kind: z.literal('okta'),
    url: webAddress('expected the address of your Okta, such as https://acme.okta.com'),
    token: z.string().min(1).optional(),
    /**
     * A service app for the bot with the scopes okta.groups.manage and okta.users.read, which is better than a token.
     */
    app: z.strictObject({ client_id: z.string().min(1), private_key: z.string().min(1) }).optional(),
    /** The template for Okta logins. */
    account: z
      .string()
      .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
      .default('{email}'),
  })
  .refine(({ app, token }) => (app === undefined) !== (token === undefined), 'expected either app or token');

export const roleSchema = z.strictObject({ groups: z.array(groupId).min(1, 'name at least one group') });

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
