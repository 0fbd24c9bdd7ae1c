import { z } from 'zod';
import { webAddress } from '../address.ts';

export const targetSchema = z.strictObject({
  kind: z.literal('google_iam'),
  project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected the id of a project'),
  credentials: z.string().min(1).optional(),
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
    .default('{email}'),
  endpoint: webAddress().optional(),
});

const BASIC = /^roles\/(owner|editor|viewer)$/;
export const roleSchema = z.strictObject({
  roles: z
    .array(
      z
        .string()
        .regex(
          /^(roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[\w.]+$/,
          'expected a role such as roles/cloudsql.viewer',
        )
        .refine(
          (role) => !BASIC.test(role),
          'owner, editor and viewer take no condition, so they would not expire: pick a role that gives less',
        ),
    )
    .min(1, 'name at least one role'),
  /** A condition besides time, in CEL: only these resources, for example. */
  only: z.string().min(1).optional(),
});

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
