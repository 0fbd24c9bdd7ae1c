import type { Grant } from '../domain/grant.ts';
import type { Policy, Resource } from '../domain/policy.ts';
import type { Finding, Targets } from '../ports/targets.ts';
import { TARGETS } from '../wording/targets/shared.ts';
import { Connections, listed } from './connections.ts';
import type { Access, Use } from './provisioner.ts';
import { placesOf } from './targetPlaces.ts';

export interface ConnectedTargets extends Targets {
  /**
   * Connects what a new policy adds or changes, a few targets at a time. What it no longer has stays connected, for access
   * that is still live.
   * @returns puts all of it in force at once
   */
  prepare(policy: Policy): Promise<() => void>;
  /** What is in order and what is not at the target of a resource. Changes nothing. @throws what kept it from being asked */
  check(resource: Resource): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

/** The targets of a policy, each behind one connection. */
export function connectTargets(policy: Policy, use: Pick<Use, 'log' | 'clock' | 'seats' | 'ids'>): ConnectedTargets {
  const connections = new Connections(policy, use);
  const connectionOf = (grant: Grant) => connections.ofGrant(grant);
  const ofResource = (resourceId: string) => connections.ofResource(resourceId)?.connection;

  return {
    grant: async (grant, expiresAt) => connectionOf(grant).grant(accessOf(grant), expiresAt),
    revoke: async (grant) => {
      const taken = await connectionOf(grant).revoke(accessOf(grant));
      return typeof taken === 'object' ? taken.left : [];
    },
    isActive: async (grant) => connectionOf(grant).isActive(accessOf(grant)),
    issueCredential: async (grant) =>
      (await connectionOf(grant).issueCredential?.(accessOf(grant), grant.endsAt)) ?? null,
    placeOf: (resourceId) => connections.ofResource(resourceId)?.place ?? null,
    placesOf,
    knowsPlace: (place) => connections.toPlace(place) !== undefined,
    stamp: async (grant) => connectionOf(grant).stamp?.(accessOf(grant)),
    issuesCredentials: (resourceId) => ofResource(resourceId)?.issueCredential !== undefined,
    canList: (resourceId) => ofResource(resourceId)?.list !== undefined,
    showsMarks: (resourceId) => {
      const connection = ofResource(resourceId);
      return connection?.list !== undefined && connection.listsByBook !== true;
    },
    list: async (resource) => (await ofResource(resource.id)?.list?.(listed(resource))) ?? [],
    remove: async (resourceId, holding) => {
      const connection = ofResource(resourceId);
      if (!connection?.remove) throw new Error(TARGETS.removeByHand(resourceId));
      await connection.remove(holding, connections.given(holding.role ?? ''));
    },
    tidy: async (resourceId) => ofResource(resourceId)?.tidy?.(),
    obstacle: (resourceId, person) => {
      const account = connections.accountAt(resourceId, person);
      return account === null || account.known ? null : account.problem;
    },
    accountTemplate: (resourceId) => connections.templateOf(resourceId),
    afterlife: (grant) =>
      (grant.place === null ? ofResource(grant.resourceId) : connections.toPlace(grant.place))?.afterlife,
    check: async (resource) => (await ofResource(resource.id)?.check(listed(resource))) ?? [],
    prepare: (next) => connections.prepare(next),
    close: () => connections.close(),
  };
}

const accessOf = (grant: Grant): Access<unknown> => ({
  grantId: grant.id,
  requestId: grant.requestId,
  person: grant.person,
  role: grant.grants,
  roleKey: grant.role,
});
