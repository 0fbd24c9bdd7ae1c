import type { IncidentStatus, Urgency } from './evidence.ts';
import type { Millis } from './terms.ts';

/** A person (`U…`, `W…`) or a user group (`S…`) at Slack, by id. */
export type Principal = string;

export const isGroup = (principal: Principal): boolean => principal.startsWith('S');

export interface OnCallTest {
  readonly kind: 'on_call';
  /** An entry has to match one of each list that is given. null: not restricted. */
  readonly escalationPolicies: readonly string[] | null;
  readonly schedules: readonly string[] | null;
  readonly services: readonly string[] | null;
  readonly minLevel: number;
  /** Infinity where the policy sets none. */
  readonly maxLevel: number;
  /** Has been on this shift for at least this long. 0: no matter. */
  readonly tenure: Millis;
}

export interface IncidentTest {
  readonly kind: 'incident';
  readonly services: readonly string[] | null;
  readonly statuses: readonly IncidentStatus[];
  readonly urgencies: readonly Urgency[] | null;
}

export interface HoursTest {
  readonly kind: 'hours';
  readonly timeZone: string;
  /** ISO weekdays, 1 is Monday. */
  readonly days: readonly number[];
  /** Minutes after midnight; `from` > `to` crosses midnight and belongs to the day it starts on. */
  readonly from: number;
  readonly to: number;
}

/** One thing that has to hold. */
export type Test =
  | OnCallTest
  | IncidentTest
  | HoursTest
  | { readonly kind: 'members_of'; readonly principals: readonly Principal[] }
  | { readonly kind: 'duration'; readonly max: Millis }
  | { readonly kind: 'unless'; readonly condition: Condition };

/** Holds when every test in it holds; the empty one always holds. */
export type Condition = readonly Test[];

export type Rule =
  | { readonly effect: 'allow' | 'deny'; readonly when: Condition }
  | {
      readonly effect: 'ask';
      readonly when: Condition;
      readonly reviewers: readonly Principal[];
      /** How many different reviewers have to approve. */
      readonly needed: number;
      /** How long a request waits for them. */
      readonly expiresAfter: Millis;
    };

export interface Role {
  readonly resourceId: string;
  readonly id: string;
  readonly name: string;
  /** What the role gives, in the terms of the resource's provisioner, checked by its schema. */
  readonly grants: unknown;
  readonly reason: { readonly minLength: number; readonly ticket: RegExp | null };
  readonly duration: { readonly default: Millis; readonly max: Millis };
  readonly rules: readonly Rule[];
}

export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Where and how to reach the target, checked by the provisioner's schema. May hold secrets: never leaves memory. */
  readonly target: unknown;
  readonly roles: ReadonlyMap<string, Role>;
}

export interface Policy {
  /** SHA-256 of the file as written, before secrets are put in. */
  readonly hash: string;
  readonly auditChannel: string;
  readonly approvalsChannel: string;
  readonly admins: readonly Principal[];
  readonly resources: ReadonlyMap<string, Resource>;
}

/** How a role is named in one word, in messages, values and the ledger: `payments-db/read`. */
export const roleKey = (role: Pick<Role, 'resourceId' | 'id'>): string => `${role.resourceId}/${role.id}`;

/** The role with this key, or undefined: keys come from people and from Slack. */
export function findRole(policy: Policy, key: string): Role | undefined {
  const slash = key.indexOf('/');
  return slash < 0 ? undefined : policy.resources.get(key.slice(0, slash))?.roles.get(key.slice(slash + 1));
}

/** Everybody a condition names. */
export const principalsOf = (condition: Condition): Principal[] =>
  flatten(condition).flatMap((test) => (test.kind === 'members_of' ? test.principals : []));

/** What evaluating a role's rules has to know, so that nothing else is fetched. */
export function evidenceNeeded(role: Role): { onCall: boolean; incident: boolean; groups: readonly string[] } {
  const tests = role.rules.flatMap((rule) => flatten(rule.when));
  const groups = role.rules.flatMap((rule) => principalsOf(rule.when));
  return {
    onCall: tests.some((test) => test.kind === 'on_call'),
    incident: tests.some((test) => test.kind === 'incident'),
    groups: [...new Set(groups.filter(isGroup))],
  };
}

const flatten = (condition: Condition): Test[] =>
  condition.flatMap((test) => (test.kind === 'unless' ? flatten(test.condition) : [test]));
