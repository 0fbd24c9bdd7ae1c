import type { Octokit } from 'octokit';
import { once } from '../../concurrency/once.ts';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import { GITHUB_CHECKS } from '../../wording/targets/github.ts';
import { membership } from '../membership.ts';
import { addressPlace, placeText } from '../place.ts';
import type { ListedRole, Provisioner } from '../provisioner.ts';
import { byHand } from './byHand.ts';
import { connectGitHub } from './client.ts';
import { rosterOf } from './organization.ts';
import { type Role, roleSchema, type Target, targetSchema } from './schemas.ts';

/** Membership of teams and permissions on repositories, for people of the organization. */
export const github: Provisioner<Target, Role> = {
  kind: 'github',
  targetSchema,
  roleSchema,
  packages: ['octokit'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ api_url: api, org }) => placeText(addressPlace(api), org.toLowerCase()),
  byHand,
  connect: (target, { seats, ids, polling, accountOf }) => {
    const { get: octokit } = once(() => connectGitHub(target));
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
      () => ({ ok: true, what: GITHUB_CHECKS.sees(what) }),
      (error: unknown) => ({
        ok: false,
        what: GITHUB_CHECKS.seesNot(what, errorText(error)),
        fix: GITHUB_CHECKS.seesFix(org),
      }),
    );
  const teams = [...new Set(roles.flatMap(({ role }) => role.teams))];
  const repositories = [...new Set(roles.flatMap(({ role }) => Object.keys(role.repositories)))];
  return [
    ...(await Promise.all([
      ...teams.map((slug) =>
        exists(GITHUB_CHECKS.team(slug), () => octokit.rest.teams.getByName({ org, team_slug: slug })),
      ),
      ...repositories.map((repo) =>
        exists(GITHUB_CHECKS.repository(repo), () => octokit.rest.repos.get({ owner: org, repo })),
      ),
    ])),
    ...(await rights(target, octokit, { teams: teams.length > 0, repositories: repositories.length > 0 })),
  ];
}

/** The write permissions of the credential, which GitHub tells for Apps and classic tokens. */
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
      what: GITHUB_CHECKS.appMay(permission),
      fix: GITHUB_CHECKS.appFix(permission),
    });
    return [
      ...(needed.teams ? [finding('organization members', members)] : []),
      ...(needed.repositories ? [finding('repository administration', administration)] : []),
    ];
  }
  const { headers } = await octokit.rest.users.getAuthenticated();
  const scopes = headers['x-oauth-scopes']?.split(/,\s*/);
  if (!scopes) return [{ ok: true, what: GITHUB_CHECKS.tokenAccepted }];
  return [...(needed.teams ? ['admin:org'] : []), ...(needed.repositories ? ['repo'] : [])].map((scope) => ({
    ok: scopes.includes(scope),
    what: GITHUB_CHECKS.tokenScope(scope),
    fix: GITHUB_CHECKS.tokenFix(scope),
  }));
}
