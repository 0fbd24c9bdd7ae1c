import { accountFor } from '../domain/accounts.ts';
import type { Grant } from '../domain/grant.ts';
import { type Policy, type Resource, roleKey } from '../domain/policy.ts';
import type { Clock, Finding, Log, SeatBook, Targets } from '../ports.ts';
import { type Access, type Connection, type Provisioner, TargetRefusal, type Use } from './provisioner.ts';
import { PROVISIONERS } from './registry.ts';

export interface ConnectedTargets extends Targets {
  /** Connects what a new policy adds or changes. What it no longer has stays connected, for access that is still live. */
  adopt(policy: Policy): void;
  /** What is in order and what is not at the target of a resource. Changes nothing. @throws what kept it from being asked */
  check(resource: Resource): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

const listed = (resource: Resource) =>
  [...resource.roles.values()].map((role) => ({ roleKey: roleKey(role), role: role.grants }));

// biome-ignore lint/suspicious/noExplicitAny: kinds with different types stand in one list
const provisionerOf = (resource: Resource): Provisioner<any, any> => {
  const found = PROVISIONERS.find(({ kind }) => kind === resource.kind);
  if (!found) throw new Error(`resource ${resource.id}: no provisioner of kind ${resource.kind}`);
  return found;
};

/** The targets of a policy, each behind one connection. */
export function connectTargets(
  policy: Policy,
  { log, clock, seats }: { log: Log; clock: Pick<Clock, 'now'>; seats: SeatBook },
): ConnectedTargets {
  const connections = new Map<string, { to: string; connection: Connection<unknown> }>();
  /** What was replaced, closed with the rest: something may still be under way on it. */
  const replaced: Connection<unknown>[] = [];

  let current = policy;
  const use: Use = {
    log,
    clock,
    seats,
    accountOf: (template, person) => {
      const account = accountFor(template, person, current.identities);
      if (!account.known) throw new TargetRefusal(account.problem);
      return account.value;
    },
  };
  /** What each role gives, by its key. */
  let inForce: ReadonlyMap<string, unknown> = new Map();

  function adopt(next: Policy): void {
    current = next;
    inForce = new Map([...next.resources.values()].flatMap(listed).map(({ roleKey: key, role }) => [key, role]));
    for (const resource of next.resources.values()) {
      const to = JSON.stringify([resource.kind, resource.target]);
      const known = connections.get(resource.id);
      if (known?.to === to) continue;
      const provisioner = provisionerOf(resource);
      if (known) replaced.push(known.connection);
      connections.set(resource.id, { to, connection: provisioner.connect(resource.target, use) });
    }
  }
  adopt(policy);

  const connectionOf = (grant: Grant): Connection<unknown> => {
    const connection = connections.get(grant.resourceId)?.connection;
    if (!connection)
      throw new Error(
        `resource ${grant.resourceId} is no longer in the policy file; put it back until this access has ended`,
      );
    return connection;
  };
  const accessOf = (grant: Grant): Access<unknown> => ({
    grantId: grant.id,
    requestId: grant.requestId,
    person: grant.person,
    role: grant.grants,
    roleKey: grant.role,
  });

  return {
    grant: async (grant, expiresAt) => connectionOf(grant).grant(accessOf(grant), expiresAt),
    revoke: async (grant) => {
      const taken = await connectionOf(grant).revoke(accessOf(grant));
      return typeof taken === 'object' ? taken.left : [];
    },
    isActive: async (grant) => connectionOf(grant).isActive(accessOf(grant)),
    issueCredential: async (grant) =>
      (await connectionOf(grant).issueCredential?.(accessOf(grant), grant.endsAt)) ?? null,
    issuesCredentials: (resourceId) => connections.get(resourceId)?.connection.issueCredential !== undefined,
    canList: (resourceId) => connections.get(resourceId)?.connection.list !== undefined,
    list: async (resource) => (await connections.get(resource.id)?.connection.list?.(listed(resource))) ?? [],
    remove: async (resourceId, holding) => {
      const remove = connections.get(resourceId)?.connection.remove;
      if (!remove) throw new Error(`what is found on ${resourceId} has to be removed by hand`);
      await remove(holding, inForce.get(holding.role ?? '') ?? null);
    },
    tidy: async (resourceId) => connections.get(resourceId)?.connection.tidy?.(),
    obstacle: (resourceId, person) => {
      const resource = current.resources.get(resourceId);
      const template = resource && provisionerOf(resource).accountTemplate?.(resource.target);
      const account = template ? accountFor(template, person, current.identities) : null;
      return account === null || account.known ? null : account.problem;
    },
    afterlife: (grant) => connections.get(grant.resourceId)?.connection.afterlife,
    check: async (resource) => (await connections.get(resource.id)?.connection.check(listed(resource))) ?? [],
    adopt,
    close: async () => {
      const open = [...connections.values()].map(({ connection }) => connection);
      await Promise.all([...open, ...replaced].map((connection) => connection.close()));
    },
  };
}
