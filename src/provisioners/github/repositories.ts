/** Repositories by id: a name can pass to another owner, and GitHub redirects old names. */

import { z } from 'zod';
import { GITHUB, GITHUB_SEEN } from '../../wording/targets/github.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Made, Member } from '../roster.ts';
import type { Asking } from './asking.ts';
import { lookAt, type Part } from './lookAt.ts';
import { PERMISSIONS } from './schemas.ts';

const REPOSITORY = '/repositories/{repository_id}';
const owned = z.object({
  id: z.number().int(),
  full_name: z.string(),
  owner: z.object({ id: z.number().int(), login: z.string().min(1) }),
});
const collaborator = z.object({
  id: z.number().int(),
  login: z.string().min(1),
  role_name: z.string().optional(),
  permissions: z.record(z.string(), z.boolean()).optional(),
});
const invitation = z.object({
  id: z.number().int(),
  permissions: z.string(),
  invitee: z.object({ id: z.number().int(), login: z.string() }).nullable(),
});
const key = z.object({ id: z.number().int(), title: z.string(), read_only: z.boolean() });
const hook = z.object({ id: z.number().int(), config: z.object({ url: z.string().optional() }) });
const team = z.object({ id: z.number().int(), slug: z.string(), permission: z.string() });
const runner = z.object({ id: z.number().int(), name: z.string() });

export function repositoriesOf(asking: Asking, org: string) {
  const { ask, act, where } = asking;
  return {
    idOf: async (repo: string): Promise<string> => {
      const found = await ask('GET /repos/{owner}/{repo}', { owner: org, repo }, owned);
      // GitHub redirects an old name, even to another owner.
      if (found.owner.login.toLowerCase() !== org.toLowerCase())
        throw new TargetRefusal(GITHUB.givenAway(where, org, repo, found.full_name));
      return String(found.id);
    },
    members: (id: string): Promise<Member[]> => membersOf(asking, id),
    level: async (id: string, personId: string): Promise<string | null> => {
      const { owner } = await ask(`GET ${REPOSITORY}`, at(id), owned);
      if (String(owner.id) === personId) return 'admin';
      const found = (await membersOf(asking, id)).find((one) => one.id === personId);
      if (found) return found.level;
      const waiting = (await invitationsTo(asking, id)).find(({ invitee }) => String(invitee?.id) === personId);
      return waiting ? permissionOf({ role_name: waiting.permissions }) : null;
    },
    put: async (id: string, username: string, level: string): Promise<void> => {
      const wanted = { ...at(id), username, permission: level };
      await ask(`PUT ${REPOSITORY}/collaborators/{username}`, wanted, z.unknown());
    },
    remove: async (id: string, username: string, personId: string): Promise<void> => {
      await act(`DELETE ${REPOSITORY}/collaborators/{username}`, { ...at(id), username });
      for (const one of await invitationsTo(asking, id))
        if (String(one.invitee?.id) === personId)
          await act(`DELETE ${REPOSITORY}/invitations/{invitation_id}`, { ...at(id), invitation_id: one.id });
    },
    made: (id: string): Promise<Made[]> => madeIn(asking, id),
  };
}

const at = (id: string) => ({ repository_id: id });

async function membersOf({ all }: Asking, id: string): Promise<Member[]> {
  const direct = { ...at(id), affiliation: 'direct' };
  const found = await all(`GET ${REPOSITORY}/collaborators`, direct, collaborator);
  return found.map((one) => ({ id: String(one.id), account: one.login, level: permissionOf(one) }));
}

const invitationsTo = ({ all }: Asking, id: string) => all(`GET ${REPOSITORY}/invitations`, at(id), invitation);

/** What works without the person who added it, or admits others. */
function madeIn(asking: Asking, id: string): Promise<Made[]> {
  const listed = <T extends { id: number }>(
    what: string,
    { route, item, under }: { route: string; item: z.ZodType<T>; under?: string },
    told: (one: T) => Made,
  ): Part => [what, async () => (await asking.all(`GET ${REPOSITORY}/${route}`, at(id), item, under)).map(told)];
  return lookAt([
    [
      'collaborators',
      async () =>
        (await membersOf(asking, id)).map(({ id: person, account, level }) => ({
          id: `person ${person} ${level}`,
          person,
          what: GITHUB_SEEN.collaborator(account, level),
        })),
    ],
    listed('invitations', { route: 'invitations', item: invitation }, (one) => ({
      id: `invitation ${one.id}`,
      what: GITHUB_SEEN.invited(one.invitee?.login ?? GITHUB_SEEN.somebody, one.permissions),
    })),
    listed('deploy keys', { route: 'keys', item: key }, (one) => ({
      id: `deploy key ${one.id}`,
      what: `deploy key "${one.title}" (may ${one.read_only ? 'read' : 'write'})`,
    })),
    listed('webhooks', { route: 'hooks', item: hook }, (one) => ({
      id: `webhook ${one.id} ${one.config.url ?? ''}`,
      what: GITHUB_SEEN.webhook(one.id, one.config.url ?? GITHUB_SEEN.noAddress),
    })),
    listed('teams', { route: 'teams', item: team }, (one) => ({
      id: `team ${one.id} ${one.permission}`,
      what: GITHUB_SEEN.teamMay(one.slug, one.permission),
    })),
    listed('runners', { route: 'actions/runners', item: runner, under: 'runners' }, (one) => ({
      id: `runner ${one.id}`,
      what: `runner "${one.name}" of Actions`,
    })),
  ]);
}

interface Permitted {
  readonly role_name?: string | undefined;
  readonly permissions?: Partial<Record<string, boolean>> | undefined;
}

/** The strongest permission. A custom role of the organization counts as the permission that it is based on. */
function permissionOf({ role_name: name, permissions = {} }: Permitted): string {
  const named = { read: 'pull', write: 'push' }[name ?? ''] ?? name;
  const isKnown = PERMISSIONS.some((one) => one === named);
  return isKnown && named ? named : (PERMISSIONS.findLast((one) => permissions[one] === true) ?? 'pull');
}
