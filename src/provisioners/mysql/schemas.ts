import { z } from 'zod';
import { MYSQL_FIELDS } from '../../wording/targets/mysql.ts';
import { databaseAddress } from '../address.ts';

export const targetSchema = z.strictObject({
  kind: z.literal('mysql'),
  url: databaseAddress(/^mysql:\/\//, 'expected mysql://user:password@host:3306/database'),
  /** `temporary` for a login made for each grant, or a template for the name of the person's own login. */
  login: z.union([z.literal('temporary'), z.string().regex(/\{[a-z_]+\}/, MYSQL_FIELDS.login)]).default('temporary'),
  /** The host part of logins: where people may come from. */
  host: z.string().min(1).default('%'),
});

export const roleSchema = z.strictObject({
  roles: z.array(z.string().min(1).max(32, MYSQL_FIELDS.roleName)).min(1, MYSQL_FIELDS.noRole),
});

export type Target = z.infer<typeof targetSchema>;
export type Role = z.infer<typeof roleSchema>;
