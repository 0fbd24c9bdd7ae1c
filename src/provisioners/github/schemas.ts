import { z } from 'zod';
import { GITHUB_FIELDS } from '../../wording/targets/github.ts';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { webAddress } from '../address.ts';

export const PUBLIC_API = 'https://api.github.com';

const name = z.string().regex(/^[A-Za-z0-9_.-]+$/, GITHUB_FIELDS.name);

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
        private_key: z.string().includes('PRIVATE KEY', { error: GITHUB_FIELDS.privateKey }),
        installation: z.coerce.number().int().positive(),
      })
      .optional(),
    token: z.string().min(1).optional(),
    /** Of GitHub Enterprise Server: https://HOST/api/v3 */
    api_url: webAddress().default(PUBLIC_API),
    /** The template for logins on GitHub. */
    account: z
      .string()
      .regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{github}"'))
      .default('{github}'),
  })
  .refine(({ app, token }) => (app === undefined) !== (token === undefined), GITHUB_FIELDS.credential);

export const roleSchema = z
  .strictObject({
    /** Slugs, as in the team's address. */
    teams: z.array(name).default([]),
    team_level: z.enum(TEAM_LEVELS).default('member'),
    repositories: z.record(name, z.enum(PERMISSIONS)).default({}),
  })
  .refine(({ teams, repositories }) => teams.length + Object.keys(repositories).length > 0, GITHUB_FIELDS.nothingNamed);

export type Target = z.infer<typeof targetSchema>;

export type Role = z.infer<typeof roleSchema>;
