import type { ToTakeBack } from '../provisioner.ts';
import { word } from '../quoting.ts';
import { PUBLIC_API, type Role, type Target } from './schemas.ts';

/**
 * Commands for the gh CLI of an owner. Check the audit log first: a person who was in a team before the grant stays in
 * it.
 */
export function byHand({ role, account }: ToTakeBack<Role>, target: Target | null): readonly string[] {
  const org = target?.org ?? '$ORG';
  const server =
    target === null || target.api_url === PUBLIC_API ? '' : `GH_HOST=${word(new URL(target.api_url).host)} `;
  const who = account ?? '$LOGIN';
  return [
    ...role.teams.map((team) => `orgs/${org}/teams/${team}/memberships/${who}`),
    ...Object.keys(role.repositories).map((repository) => `repos/${org}/${repository}/collaborators/${who}`),
  ].map((path) => `${server}gh api -X DELETE "${path}"`);
}
