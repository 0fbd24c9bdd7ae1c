import type { Grant } from '../domain/grant.ts';
import type { Policy } from '../domain/policy.ts';
import type { Clock, Log, Targets } from '../ports.ts';
import type { Access, Connection } from './provisioner.ts';
import { PROVISIONERS } from './registry.ts';

/** The targets of a policy, each behind one connection. */
export function connectTargets(
  policy: Policy,
  use: { log: Log; clock: Pick<Clock, 'now'> },
): Targets & { close(): Promise<void> } {
  const connections = new Map<string, Connection<unknown>>();
  for (const resource of policy.resources.values()) {
    const provisioner = PROVISIONERS.find(({ kind }) => kind === resource.kind);
    if (!provisioner) throw new Error(`resource ${resource.id}: no provisioner of kind ${resource.kind}`);
    connections.set(resource.id, provisioner.connect(resource.target, use));
  }

  const connectionOf = (grant: Grant): Connection<unknown> => {
    const connection = connections.get(grant.resourceId);
    if (!connection)
      throw new Error(
        `resource ${grant.resourceId} is no longer in the policy file; put it back until this access has ended`,
      );
    return connection;
  };
  const accessOf = (grant: Grant): Access<unknown> => ({
    grantId: grant.id,
    person: grant.person,
    role: grant.grants,
    roleKey: grant.role,
  });

  return {
    grant: async (grant, expiresAt) => connectionOf(grant).grant(accessOf(grant), expiresAt),
    revoke: async (grant) => connectionOf(grant).revoke(accessOf(grant)),
    isActive: async (grant) => connectionOf(grant).isActive(accessOf(grant)),
    issueCredential: async (grant) => (await connectionOf(grant).issueCredential?.(accessOf(grant))) ?? null,
    issuesCredentials: (resourceId) => connections.get(resourceId)?.issueCredential !== undefined,
    close: async () => {
      await Promise.all([...connections.values()].map((connection) => connection.close()));
    },
  };
}
