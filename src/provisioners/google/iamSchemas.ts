import { z } from 'zod';
import { GOOGLE_FIELDS } from '../../wording/targets/google.ts';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { webAddress } from '../address.ts';

export const targetSchema = z.strictObject({
  kind: z.literal('google_iam'),
  project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, GOOGLE_FIELDS.project),
  credentials: z.string().min(1).optional(),
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{email}"'))
    .default('{email}'),
  endpoint: webAddress().optional(),
});

const BASIC = /^roles\/(owner|editor|viewer)$/;
export const roleSchema = z.strictObject({
  roles: z
    .array(
      z
        .string()
        .regex(/^(roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[\w.]+$/, GOOGLE_FIELDS.role)
        .refine((role) => !BASIC.test(role), GOOGLE_FIELDS.basicRole),
    )
    .min(1, TARGET_FIELDS.atLeastOne('role')),
  /** A condition besides time, in CEL: only these resources, for example. */
  only: z.string().min(1).optional(),
});

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
