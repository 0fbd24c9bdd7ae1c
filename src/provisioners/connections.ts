import { accountFor } from '../domain/accounts.ts';
import type { Grant } from '../domain/grant.ts';
import type { Person } from '../domain/person.ts';
import { type Policy, type Resource, roleKey } from '../domain/policy.ts';
import type { Known } from '../domain/terms.ts';
import { type Connection, type ListedRole, TargetRefusal, type Use } from './provisioner.ts';
import { placeOf, provisionerOf, type Target } from './targetPlaces.ts';
import { unconnected } from './unconnected.ts';

interface Connected {
  readonly place: string;
  /** Everything that it was connected with: where that changes, it is connected anew. null: it could not be connected. */
  readonly to: string | null;
  readonly connection: Connection<unknown>;
}

/** The roles of a resource, as its target knows them. */
export const listed = (resource: Resource): ListedRole<unknown>[] =>
  [...resource.roles.values()].map((role) => ({ roleKey: roleKey(role), role: role.gives }));

const isConnected = ({ to }: Connected): boolean => to !== null;

/** Connections to the targets of a policy, and to those of earlier ones, where access may still be live. */
export class Connections {
  readonly #use: Use;
  #policy: Policy;
  /** By resource. */
  #current: ReadonlyMap<string, Connected> = new Map();
  /** By name. */
  #retired: ReadonlyMap<string, Connected> = new Map();
  /** Of earlier policies, newest last, closed with the rest: access may be live there, or something under way. */
  readonly #earlier: Connected[] = [];
  /** What each role gives, by its key. */
  #inForce: ReadonlyMap<string, unknown> = new Map();

  constructor(policy: Policy, { log, clock, seats, ids }: Pick<Use, 'log' | 'clock' | 'seats' | 'ids'>) {
    this.#use = {
      log,
      clock,
      seats,
      ids,
      accountOf: (template, person) => {
        const account = accountFor(template, person, this.#policy.identities);
        if (!account.known) throw new TargetRefusal(account.problem);
        return account.value;
      },
    };
    this.#policy = policy;
    this.adopt(policy);
  }

  /** Connects what a new policy adds or changes. What it no longer has stays connected. */
  adopt(policy: Policy): void {
    const before = this.#inPolicy();
    this.#policy = policy;
    this.#inForce = new Map([...policy.resources.values()].flatMap(listed).map((one) => [one.roleKey, one.role]));
    this.#current = this.#connectAll(policy.resources, this.#current);
    this.#retired = this.#connectAll(new Map(policy.retiredTargets.map((one) => [one.name, one])), this.#retired);
    const now = new Set(this.#inPolicy());
    this.#earlier.push(...before.filter((one) => !now.has(one)));
  }

  ofResource(resourceId: string): Connected | undefined {
    return this.#current.get(resourceId);
  }

  /** The newest credentials that a connection could be made with come first: the policy in force, then what it names as retired, then earlier policies. */
  toPlace(place: string): Connection<unknown> | undefined {
    const there = [...this.#inPolicy(), ...this.#earlier.toReversed()].filter((one) => one.place === place);
    return (there.find(isConnected) ?? there[0])?.connection;
  }

  /** The connection to where a grant was given. What gave is what takes back, whatever the policy says by now. */
  ofGrant({ resourceId, place }: Grant): Connection<unknown> {
    const own = this.#current.get(resourceId);
    const isOwn = place === null || (own?.place === place && isConnected(own));
    const connection = isOwn ? own?.connection : this.toPlace(place);
    if (connection) return connection;
    throw new Error(
      place === null
        ? `resource ${resourceId} is no longer in the policy file; put it back until this access has ended`
        : `this access was given at "${place}", which the policy file cannot reach any more; put that target under retired_targets, with its secrets, until this access has ended`,
    );
  }

  /** What a role gives by the policy in force. null: there is no such role */
  given(key: string): unknown {
    return this.#inForce.get(key) ?? null;
  }

  templateOf(resourceId: string): string | null {
    const resource = this.#policy.resources.get(resourceId);
    return (resource && provisionerOf(resource).accountTemplate?.(resource.target)) ?? null;
  }

  /** What somebody is called at the target of a resource. null: they need no name there */
  accountAt(resourceId: string, person: Person): Known<string> | null {
    const template = this.templateOf(resourceId);
    return template === null ? null : accountFor(template, person, this.#policy.identities);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#inPolicy(), ...this.#earlier].map(({ connection }) => connection.close()));
  }

  #inPolicy(): Connected[] {
    return [...this.#current.values(), ...this.#retired.values()];
  }

  #connectAll(named: ReadonlyMap<string, Target>, before: ReadonlyMap<string, Connected>): Map<string, Connected> {
    const connected = [...named].flatMap(([name, target]): [string, Connected][] => {
      const one = this.#connect(target, before.get(name));
      return one ? [[name, one]] : [];
    });
    return new Map(connected);
  }

  #connect(target: Target, before: Connected | undefined): Connected | null {
    const place = placeOf(target, this.#policy);
    if (place === null) return null;
    const to = JSON.stringify([target.kind, target.target]);
    if (before?.to === to) return before;
    try {
      return { place, to, connection: provisionerOf(target).connect(target.target, this.#use) };
    } catch (error) {
      this.#use.log.error(
        { err: error, place },
        'a target cannot be connected, so nothing is given or taken back there',
      );
      return { place, to: null, connection: unconnected(error) };
    }
  }
}
