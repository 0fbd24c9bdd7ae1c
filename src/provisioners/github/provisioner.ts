import type { Octokit } from 'octokit';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports.ts';
import { webAddress } from '../address.ts';
import { membership } from '../membership.ts';
import { addressPlace, placeText } from '../place.ts';
import type { ListedRole, Provisioner } from '../provisioner.ts';
import { connectGitHub, PUBLIC_API } from './client.ts';
import { rosterOf } from './organization.ts';
import { PERMISSIONS } from './repositories.ts';
import { TEAM_LEVELS } from './teams.ts';

const name = z.string().regex(/^[A-Za-z0-9_.-]+$/, 'expected a name as it stands in the address');

const targetSchema = z
  .strictObject({
    kind: z.literal('github'),
    org: name,
    /** A GitHub App of the organization's own: better than a person's token. */
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
    /** What people are called on GitHub. */
    account: z
      .string()
      .regex(/\{[a-z_]+\}/, 'expected a template such as "{github}"')
      .default('{github}'),
  })
  .refine(({ app, token }) => (app === undefined) !== (token === undefined), 'expected either app or token');

const roleSchema = z
  .strictObject({
    /** Slugs, as they stand in the team's address. */
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

/** Membership of teams, and permissions on repositories, of people who are in the organization. */
export const github: Provisioner<Target, Role> = {
  kind: 'github',
  targetSchema,
  roleSchema,
  packages: ['octokit'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ api_url: api, org }) => placeText(addressPlace(api), org.toLowerCase()),
  connect: (target, { seats, ids, polling, accountOf }) => {
    let opened: Promise<Octokit> | null = null;
    const octokit = (): Promise<Octokit> => {
      opened ??= connectGitHub(target);
      return opened;
    };
    const roster = rosterOf(target, octokit);
    return {
      ...membership(roster, { seats, ids, polling, accountOf: ({ person }) => accountOf(target.account, person) }),
      check: async (roles) => check(target, await octokit(), roles),
      close: async () => undefined,
    };
  },
};

async function check(target: Target, octokit: Octokit, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const { org } = target;
  const exists = async (what: string, look: () => Promise<unknown>): Promise<Finding> =>
    look().then(
      () => ({ ok: true, what: `the bot sees ${what}` }),
      (error: unknown) => ({
        ok: false,
        what: `the bot sees ${what}: ${errorText(error)}`,
        fix: `Is the name right, and may the credential read it? A GitHub App has to be installed in ${org}.`,
      }),
    );
  const teams = [...new Set(roles.flatMap(({ role }) => role.teams))];
  const repositories = [...new Set(roles.flatMap(({ role }) => Object.keys(role.repositories)))];
  return [
    ...(await Promise.all([
      ...teams.map((slug) => exists(`the team ${slug}`, () => octokit.rest.teams.getByName({ org, team_slug: slug }))),
      ...repositories.map((repo) =>
        exists(`the repository ${repo}`, () => octokit.rest.repos.get({ owner: org, repo })),
      ),
    ])),
    ...(await rights(target, octokit, { teams: teams.length > 0, repositories: repositories.length > 0 })),
  ];
}

/** What the credential may write, as GitHub says it of Apps and of classic tokens. */
async function rights(
  { app }: Target,
  octokit: Octokit,
  needed: { readonly teams: boolean; readonly repositories: boolean },
): Promise<Finding[]> {
  if (app) {
    const { data } = await octokit.rest.apps.getInstallation({ installation_id: app.installation });
    const { members, administration } = data.permissions as Record<string, string | undefined>;
    const finding = (permission: string, has: string | undefined): Finding => ({
      ok: has === 'write',
      what: `the App may write ${permission}`,
      fix: `Give the App the permission ${permission}: read and write.`,
    });
    return [
      ...(needed.teams ? [finding('organization members', members)] : []),
      ...(needed.repositories ? [finding('repository administration', administration)] : []),
    ];
  }
  const { headers } = await octokit.rest.users.getAuthenticated();
  const scopes = headers['x-oauth-scopes']?.split(/,\s*/);
  if (!scopes)
    return [{ ok: true, what: 'the token is accepted (what a fine-grained one may do, GitHub does not say)' }];
  return [...(needed.teams ? ['admin:org'] : []), ...(needed.repositories ? ['repo'] : [])].map((scope) => ({
    ok: scopes.includes(scope),
    what: `the token has the scope ${scope}`,
    fix: `Make a token with the scope ${scope}; or, better, a GitHub App.`,
  }));
}
