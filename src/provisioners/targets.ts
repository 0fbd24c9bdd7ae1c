import { accountFor } from '../domain/accounts.ts';
import type { Grant } from '../domain/grant.ts';
import { type Policy, type Resource, roleKey } from '../domain/policy.ts';
import type { Clock, Finding, IdBook, Log, SeatBook, Targets } from '../ports.ts';
import { withoutTexts } from './place.ts';
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
const provisionerOf = ({ kind: wanted }: { readonly kind: string }): Provisioner<any, any> => {
  const found = PROVISIONERS.find(({ kind }) => kind === wanted);
  if (!found) throw new Error(`no provisioner of kind ${wanted}`);
  return found;
};

/** A target as the policy file has it, of a resource or retired. */
type Target = Pick<Resource, 'kind' | 'target'>;

/** Kind and place of a target; null: its secrets, and so what it is, are not at hand. */
export const placeOf = ({ kind, target }: Target, { passwords = [] }: Pick<Policy, 'passwords'>): string | null =>
  target === null || target === undefined
    ? null
    : `${kind} ${provisionerOf({ kind }).placeOf(withoutTexts(target, passwords))}`;

/** Every place that a policy can reach: of its resources, and of the targets that it names as retired. */
export const placesOf = (policy: Policy): ReadonlySet<string> =>
  new Set([...policy.resources.values(), ...policy.retiredTargets].flatMap((one) => placeOf(one, policy) ?? []));

interface Connected {
  readonly place: string;
  /** Everything that it was connected with: where that changes, it is connected anew. */
  readonly to: string;
  readonly connection: Connection<unknown>;
}

/** The targets of a policy, each behind one connection. */
export function connectTargets(
  policy: Policy,
  { log, clock, seats, ids }: { log: Log; clock: Pick<Clock, 'now'>; seats: SeatBook; ids: IdBook },
): ConnectedTargets {
  /** By resource. */
  let connections = new Map<string, Connected>();
  /** By name. */
  let retired = new Map<string, Connected>();
  /** Of earlier policies, newest last, closed with the rest: access may be live there, or something under way. */
  const earlier: Connected[] = [];

  let current = policy;
  const use: Use = {
    log,
    clock,
    seats,
    ids,
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
    const all = (named: ReadonlyMap<string, Target>, before: ReadonlyMap<string, Connected>) =>
      new Map([...named].flatMap(([name, target]) => connected(name, target, before.get(name))));
    const before = [...connections.values(), ...retired.values()];
    connections = all(next.resources, connections);
    retired = all(new Map(next.retiredTargets.map((one) => [one.name, one])), retired);
    const now = new Set([...connections.values(), ...retired.values()]);
    earlier.push(...before.filter((one) => !now.has(one)));
  }

  function connected(name: string, target: Target, before: Connected | undefined): [string, Connected][] {
    const place = placeOf(target, current);
    if (place === null) return [];
    const to = JSON.stringify([target.kind, target.target]);
    if (before?.to === to) return [[name, before]];
    const connection = provisionerOf(target).connect(target.target, use);
    return [[name, { place, to, connection }]];
  }
  adopt(policy);

  /** The newest credentials first: the policy in force, then what it names as retired, then earlier policies. */
  const connectionTo = (place: string): Connection<unknown> | undefined =>
    [...connections.values(), ...retired.values(), ...earlier.toReversed()].find((one) => one.place === place)
      ?.connection;

  /** The connection to where a grant was given. What gave is what takes back, whatever the policy says by now. */
  const connectionOf = (grant: Grant): Connection<unknown> => {
    const own = connections.get(grant.resourceId);
    const connection = grant.place === null || own?.place === grant.place ? own?.connection : connectionTo(grant.place);
    if (connection) return connection;
    throw new Error(
      grant.place === null
        ? `resource ${grant.resourceId} is no longer in the policy file; put it back until this access has ended`
        : `this access was given at "${grant.place}", which the policy file cannot reach any more; put that target under retired_targets, with its secrets, until this access has ended`,
    );
  };
  const templateOf = (resourceId: string): string | null => {
    const resource = current.resources.get(resourceId);
    return (resource && provisionerOf(resource).accountTemplate?.(resource.target)) ?? null;
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
    placeOf: (resourceId) => connections.get(resourceId)?.place ?? null,
    placesOf,
    knowsPlace: (place) => connectionTo(place) !== undefined,
    stamp: async (grant) => connectionOf(grant).stamp?.(accessOf(grant)),
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
      const template = templateOf(resourceId);
      const account = template === null ? null : accountFor(template, person, current.identities);
      return account === null || account.known ? null : account.problem;
    },
    accountTemplate: templateOf,
    afterlife: (grant) =>
      (grant.place === null ? connections.get(grant.resourceId)?.connection : connectionTo(grant.place))?.afterlife,
    check: async (resource) => (await connections.get(resource.id)?.connection.check(listed(resource))) ?? [],
    adopt,
    close: async () => {
      const open = [...connections.values(), ...retired.values(), ...earlier];
      await Promise.all(open.map(({ connection }) => connection.close()));
    },
  };
}
