import { z } from 'zod';
import { TargetRefusal } from '../provisioner.ts';
import type { Made, Member } from '../roster.ts';
import type { Asking } from './client.ts';
import { lookAt } from './lookAt.ts';

/** Repositories by their id: names change hands, and lead on to whoever a repository was given to. */

export const PERMISSIONS = ['pull', 'triage', 'push', 'maintain', 'admin'] as const;

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
const runners = z.object({ runners: z.array(z.object({ id: z.number().int(), name: z.string() })) });

export function repositoriesOf({ ask, all, act, where }: Asking, org: string) {
  const at = (id: string) => ({ repository_id: id });
  const collaborators = (id: string) =>
    all(`GET ${REPOSITORY}/collaborators`, { ...at(id), affiliation: 'direct' }, collaborator);
  const invitations = (id: string) => all(`GET ${REPOSITORY}/invitations`, at(id), invitation);

  async function members(id: string): Promise<Member[]> {
    return (await collaborators(id)).map((one) => ({
      id: String(one.id),
      account: one.login,
      level: permissionOf(one),
    }));
  }

  function made(id: string): Promise<Made[]> {
    return lookAt([
      [
        'collaborators',
        async () =>
          (await members(id)).map(({ id: one, account, level }) => ({
            id: `person ${one} ${level}`,
            person: one,
            what: `${account} is a collaborator (${level})`,
          })),
      ],
      [
        'invitations',
        async () =>
          (await invitations(id)).map((one) => ({
            id: `invitation ${one.id}`,
            what: `${one.invitee?.login ?? 'somebody'} is invited (${one.permissions})`,
          })),
      ],
      [
        'deploy keys',
        async () =>
          (await all(`GET ${REPOSITORY}/keys`, at(id), key)).map((one) => ({
            id: `deploy key ${one.id}`,
            what: `deploy key "${one.title}" (may ${one.read_only ? 'read' : 'write'})`,
          })),
      ],
      [
        'webhooks',
        async () =>
          (await all(`GET ${REPOSITORY}/hooks`, at(id), hook)).map((one) => ({
            id: `webhook ${one.id} ${one.config.url ?? ''}`,
            what: `webhook ${one.id} to ${one.config.url ?? 'an address that is not shown'}`,
          })),
      ],
      [
        'teams',
        async () =>
          (await all(`GET ${REPOSITORY}/teams`, at(id), team)).map((one) => ({
            id: `team ${one.id} ${one.permission}`,
            what: `the team ${one.slug} may ${one.permission}`,
          })),
      ],
      [
        'runners',
        async () =>
          (await ask(`GET ${REPOSITORY}/actions/runners`, at(id), runners)).runners.map((one) => ({
            id: `runner ${one.id}`,
            what: `runner "${one.name}" of Actions`,
          })),
      ],
    ]);
  }

  return {
    idOf: async (repo: string): Promise<string> => {
      const found = await ask('GET /repos/{owner}/{repo}', { owner: org, repo }, owned);
      // GitHub leads on from an old name, also to another owner.
      if (found.owner.login.toLowerCase() !== org.toLowerCase())
        throw new TargetRefusal(`${where}: ${org}/${repo} is ${found.full_name} now: it was given away`);
      return String(found.id);
    },
    members,
    level: async (id: string, personId: string): Promise<string | null> => {
      const { owner } = await ask(`GET ${REPOSITORY}`, at(id), owned);
      if (String(owner.id) === personId) return 'admin';
      const found = (await collaborators(id)).find((one) => String(one.id) === personId);
      if (found) return permissionOf(found);
      const waiting = (await invitations(id)).find(({ invitee }) => String(invitee?.id) === personId);
      return waiting ? permissionOf({ role_name: waiting.permissions }) : null;
    },
    put: (id: string, username: string, level: string): Promise<void> =>
      ask(`PUT ${REPOSITORY}/collaborators/{username}`, { ...at(id), username, permission: level }, z.unknown()).then(
        () => undefined,
      ),
    remove: async (id: string, username: string, personId: string): Promise<void> => {
      await act(`DELETE ${REPOSITORY}/collaborators/{username}`, { ...at(id), username });
      for (const one of await invitations(id))
        if (String(one.invitee?.id) === personId)
          await act(`DELETE ${REPOSITORY}/invitations/{invitation_id}`, { ...at(id), invitation_id: one.id });
    },
    made,
  };
}

interface Permitted {
  readonly role_name?: string | undefined;
  readonly permissions?: Partial<Record<string, boolean>> | undefined;
}

/** The strongest; a role of the organization's own counts as the permission that it is built on. */
function permissionOf({ role_name: name, permissions = {} }: Permitted): string {
  const named = { read: 'pull', write: 'push' }[name ?? ''] ?? name;
  const isKnown = PERMISSIONS.some((one) => one === named);
  return isKnown && named ? named : (PERMISSIONS.findLast((one) => permissions[one] === true) ?? 'pull');
}
