import { atOnce, inSteps, type Steps } from '../concurrency/steps.ts';
import { accountFor } from '../domain/accounts.ts';
import type { Grant } from '../domain/grant.ts';
import type { Person } from '../domain/person.ts';
import { findRole, type Policy, type Resource, roleKey } from '../domain/policy.ts';
import type { Known } from '../domain/terms.ts';
import { TARGETS } from '../wording/targets/shared.ts';
import { type Connection, type ListedRole, TargetRefusal, type Use } from './provisioner.ts';
import { placeOf, provisionerOf, type Target } from './targetPlaces.ts';
import { unconnected } from './unconnected.ts';

interface Connected {
  readonly place: string;
  /** All settings of the connection: if they change, it is connected again. null if it could not be connected. */
  readonly to: string | null;
  readonly connection: Connection<unknown>;
}

/** The connections of a policy. */
interface Next {
  readonly policy: Policy;
  readonly current: ReadonlyMap<string, Connected>;
  readonly retired: ReadonlyMap<string, Connected>;
}

/** How many targets are connected in one turn of the event loop. */
const AT_A_TIME = 100;

/** The roles of a resource in the terms of its target. */
export const listed = (resource: Resource): ListedRole<unknown>[] =>
  [...resource.roles.values()].map((role) => ({ roleKey: roleKey(role), role: role.gives }));

const isConnected = ({ to }: Connected): boolean => to !== null;

/** Connections to the targets of the policy, and of earlier policies, where access may still be live. */
export class Connections {
  readonly #use: Use;
  #policy: Policy;
  /** By resource. */
  #current: ReadonlyMap<string, Connected> = new Map();
  /** By name. */
  #retired: ReadonlyMap<string, Connected> = new Map();
  /**
   * Connections of earlier policies, newest last. They are closed only at the end, because access may be live there.
   */
  readonly #earlier: Connected[] = [];

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
    this.#adopt(atOnce(this.#connectTo(policy)));
  }

  /**
   * Connects what a new policy adds or changes. What it no longer has stays connected.
   * @returns a function that puts it in force
   */
  async prepare(policy: Policy): Promise<() => void> {
    const next = await inSteps(this.#connectTo(policy));
    return () => this.#adopt(next);
  }

  *#connectTo(policy: Policy): Steps<Next> {
    const current = yield* this.#connectAll(policy, policy.resources, this.#current);
    const retired = new Map(policy.retiredTargets.map((one) => [one.name, one]));
    return { policy, current, retired: yield* this.#connectAll(policy, retired, this.#retired) };
  }

  #adopt({ policy, current, retired }: Next): void {
    const before = this.#inPolicy();
    this.#policy = policy;
    this.#current = current;
    this.#retired = retired;
    const now = new Set(this.#inPolicy());
    this.#earlier.push(...before.filter((one) => !now.has(one)));
  }

  ofResource(resourceId: string): Connected | undefined {
    return this.#current.get(resourceId);
  }

  /** Newest credentials first: the policy in force, then its retired targets, then earlier policies. */
  toPlace(place: string): Connection<unknown> | undefined {
    const there = [...this.#inPolicy(), ...this.#earlier.toReversed()].filter((one) => one.place === place);
    return (there.find(isConnected) ?? there[0])?.connection;
  }

  /** The connection to the place that gave a grant. The same place ends it, even if the policy has changed. */
  ofGrant({ resourceId, place }: Grant): Connection<unknown> {
    const own = this.#current.get(resourceId);
    const isOwn = place === null || (own?.place === place && isConnected(own));
    const connection = isOwn ? own?.connection : this.toPlace(place);
    if (connection) return connection;
    throw new Error(place === null ? TARGETS.resourceGone(resourceId) : TARGETS.placeGone(place));
  }

  /** What a role gives under the policy in force, or null if there is no such role. */
  given(key: string): unknown {
    return findRole(this.#policy, key)?.gives ?? null;
  }

  templateOf(resourceId: string): string | null {
    const resource = this.#policy.resources.get(resourceId);
    return (resource && provisionerOf(resource).accountTemplate?.(resource.target)) ?? null;
  }

  /** A person's account at the target of a resource, or null if the target needs none. */
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

  *#connectAll(
    policy: Policy,
    named: ReadonlyMap<string, Target>,
    before: ReadonlyMap<string, Connected>,
  ): Steps<Map<string, Connected>> {
    const connected = new Map<string, Connected>();
    let looked = 0;
    for (const [name, target] of named) {
      const one = this.#connect(policy, target, before.get(name));
      if (one) connected.set(name, one);
      looked += 1;
      if (looked % AT_A_TIME === 0) yield;
    }
    return connected;
  }

  #connect(policy: Policy, target: Target, before: Connected | undefined): Connected | null {
    const place = placeOf(target, policy);
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
