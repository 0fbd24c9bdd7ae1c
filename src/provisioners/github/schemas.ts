import { z } from 'zod';
import { webAddress } from '../address.ts';

export const PUBLIC_API = 'https://api.github.com';

const name = z.string().regex(/^[A-Za-z0-9_.-]+$/, 'expected a name as it stands in the address');

export const PERMISSIONS = ['pull', 'triage', 'push', 'maintain', 'admin'] as const;

export const TEAM_LEVELS = ['member', 'maintainer'] as const;

export const targetSchema = z
  .strictObject({
    kind: z.literal('github'),
    org: name,
    /** A GitHub App of the organization, which is better than a person's token. */
    app: z
      .strictObject({
        id: z.coerce.number().int().positive(),
        private_key: z.string().includes('PRIVATE KEY', { error: 'expected the App’s private key, in PEM form' }),
        installation: z.coerce.number().int().positive(),
      })
      .optional(),
    token: z.string().min(1).optional(),
    /** Of GitHub Enterprise Server: https://HOST/api/v3 */
    api_url: webAddress().default(PUBLIC_API),
    /** The template for logins on GitHub. */
    account: z
      .string()
      .regex(/\{[a-z_]+\}/, 'expected a template such as "{github}"')
      .default('{github}'),
  })
  .refine(({ app, token }) => (app === undefined) !== (token === undefined), 'expected either app or token');

export const roleSchema = z
  .strictObject({
    /** Slugs, as in the team's address. */
    teams: z.array(name).default([]),
    team_level: z.enum(TEAM_LEVELS).default('member'),
    repositories: z.record(name, z.enum(PERMISSIONS)).default({}),
  })
  .refine(
    ({ teams, repositories }) => teams.length + Object.keys(repositories).length > 0,
    'name a team or a repository',
  );

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
