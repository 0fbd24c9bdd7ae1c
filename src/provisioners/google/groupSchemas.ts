import { z } from 'zod';
import { GOOGLE_FIELDS } from '../../wording/targets/google.ts';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { webAddress } from '../address.ts';

export const targetSchema = z.strictObject({
  kind: z.literal('google_group'),
  credentials: z.string().min(1).optional(),
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{email}"'))
    .default('{email}'),
  endpoint: webAddress().optional(),
});

export const roleSchema = z.strictObject({
  groups: z.array(z.email(GOOGLE_FIELDS.group)).min(1, TARGET_FIELDS.atLeastOne('group')),
});

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
