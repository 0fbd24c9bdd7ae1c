import { z } from 'zod';
import { webAddress } from '../address.ts';

export const targetSchema = z.strictObject({
  kind: z.literal('google_group'),
  credentials: z.string().min(1).optional(),
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
    .default('{email}'),
  endpoint: webAddress().optional(),
});

export const roleSchema = z.strictObject({
  groups: z.array(z.email('expected the address of a group')).min(1, 'name at least one group'),
});

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
