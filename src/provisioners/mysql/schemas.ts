import { z } from 'zod';
import { databaseAddress } from '../address.ts';

export const targetSchema = z.strictObject({
  kind: z.literal('mysql'),
  url: databaseAddress(/^mysql:\/\//, 'expected mysql://user:password@host:3306/database'),
  /** `temporary` for a login made for each grant, or a template for the name of the person's own login. */
  login: z
    .union([
      z.literal('temporary'),
      z.string().regex(/\{[a-z_]+\}/, 'expected temporary, or a template for a login name, such as {email_name}'),
    ])
    .default('temporary'),
  /** The host part of logins: where people may come from. */
  host: z.string().min(1).default('%'),
});

export const roleSchema = z.strictObject({
  roles: z
    .array(z.string().min(1).max(32, 'MySQL names have at most 32 characters'))
    .min(1, 'name at least one role to grant'),
});

export type Target = z.infer<typeof targetSchema>;
export type Role = z.infer<typeof roleSchema>;
