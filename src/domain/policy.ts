import type { IncidentStatus, Urgency } from './incident.ts';
import type { RequestSignal } from './signals.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';

/** A person (`U…`, `W…`) or a user group (`S…`) at Slack, by id. */
export type Principal = string;

/** A regular expression. One that the policy file has takes time in proportion to the text. */
export interface Pattern {
  readonly source: string;
  test(text: string): boolean;
}

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
  /** Only a turn of the schedule's rotation counts, not an override that somebody put in. */
  readonly planned: boolean;
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
  /** One of these signs of unusual behaviour is there. */
  | { readonly kind: 'signals'; readonly signals: readonly RequestSignal[] }
  | { readonly kind: 'unless'; readonly condition: Condition };

/** Holds when every test in it holds; the empty one always holds. */
export type Condition = readonly Test[];

/** Some reviewers, and how many different ones of them have to approve. */
export interface Stage {
  readonly reviewers: readonly Principal[];
  readonly needed: number;
}

/** Whom to ask as well, when nobody has decided for a while. */
export interface EscalationStep {
  /** Counted from the request. */
  readonly after: Millis;
  readonly to:
    | { readonly kind: 'people'; readonly principals: readonly Principal[] }
    | { readonly kind: 'on_call'; readonly escalationPolicy: string; readonly level: number };
  /** PagerDuty service on which to open an incident, so that somebody is woken. null: nobody is. */
  readonly page: string | null;
}

export type Rule =
  | { readonly effect: 'allow' | 'deny'; readonly when: Condition }
  | {
      readonly effect: 'ask';
      readonly when: Condition;
      /** Every stage has to be satisfied, in any order; one person counts for one stage only. */
      readonly stages: readonly Stage[];
      readonly escalate: readonly EscalationStep[];
      /** How long a request waits for them. */
      readonly expiresAfter: Millis;
    };

export const RISKS = ['low', 'medium', 'high'] as const;
export type Risk = (typeof RISKS)[number];

/** Access at once in an emergency, reviewed afterwards. */
export interface BreakGlassRule {
  readonly members: readonly Principal[];
  readonly max: Millis;
  /** How long after its use it has to be reviewed. */
  readonly reviewWithin: Millis;
  readonly reviewers: readonly Principal[];
  /** PagerDuty service on which its use opens an incident. */
  readonly page: string | null;
}

/** Bounds on how often and by how many something is held. They come before the rules. */
export interface Limit {
  /** Resources whose roles count together. null: this role alone. */
  readonly resources: readonly string[] | null;
  /** Approvals without a reviewer that one person gets in a period; past it, `allow` no longer holds. */
  readonly automatic: { readonly max: number; readonly per: Millis } | null;
  /** Different people who may hold it at the same time. */
  readonly holders: number | null;
  /** How long somebody waits after a reviewer's no. */
  readonly coolDown: Millis | null;
}

/** A time in which nothing is granted, such as a peak season. */
export interface FreezeWindow {
  readonly from: Instant;
  readonly to: Instant;
  readonly reason: string;
  readonly except: readonly Principal[];
}

/** Where Open Policy Agent decides in place of rules. */
export type OpaTarget =
  | { readonly kind: 'rest'; readonly url: string; readonly path: string; readonly timeout: Millis }
  | { readonly kind: 'wasm'; readonly file: string; readonly entrypoint: string | null };

export interface Role {
  readonly resourceId: string;
  readonly id: string;
  readonly name: string;
  /** What the role gives, in the terms of the resource's provisioner, checked by its schema. */
  readonly gives: unknown;
  readonly reason: { readonly minLength: number; readonly ticket: Pattern | null };
  /** `total`: the longest it may be held with all its extensions. */
  readonly duration: { readonly default: Millis; readonly max: Millis; readonly total: Millis };
  /** How much harm it can do, in the words of whoever wrote the policy. */
  readonly risk: Risk;
  /** Roles of the same resource that give less, which a reviewer may give instead. */
  readonly narrower: readonly string[];
  /** How long access outlives the shift or the incident that it was given for. null: it does not depend on it. */
  readonly ends: { readonly withShift: Millis | null; readonly withIncident: Millis | null };
  /** Who has to show a one-time code. */
  readonly secondFactor: { readonly request: boolean; readonly review: boolean };
  readonly breakGlass: BreakGlassRule | null;
  readonly limits: readonly Limit[];
  readonly freezes: readonly FreezeWindow[];
  /** null: the rules decide. */
  readonly opa: OpaTarget | null;
  readonly rules: readonly Rule[];
}

export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Where and how to reach the target, checked by the provisioner's schema. May hold secrets: never leaves memory. */
  readonly target: unknown;
  /** PagerDuty services that it belongs to: what is offered first for their incidents. */
  readonly services: readonly string[];
  /** Who has a say about who may get it. Empty: the administrators. */
  readonly owners: readonly Principal[];
  /** What becomes of access that the target holds and nobody granted. */
  readonly drift: {
    readonly remove: readonly DriftKind[];
    /** Accounts that hold roles for good reasons of their own, such as the application's. */
    readonly expected: readonly string[];
  };
  readonly roles: ReadonlyMap<string, Role>;
}

/** A target that no resource has any more: access that was given there is still taken back there. */
export interface RetiredTarget {
  readonly name: string;
  readonly kind: string;
  /** As in {@link Resource}. null: its secrets are not in the environment, so it cannot be reached. */
  readonly target: unknown;
}

/** Left behind by a grant that ended; or held by somebody whom nobody granted it. */
export const DRIFT_KINDS = ['leftover', 'standing'] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

export interface Policy {
  /** SHA-256 of the file as written, before secrets are put in. */
  readonly hash: string;
  /** The file as written: it holds no secret, only the names of variables. */
  readonly source: string;
  /** What was put in for each `${NAME}` of it, to be struck out of everything that is written. Absent: nothing was. */
  readonly secrets?: readonly string[];
  /** Of these, the values of variables that are named like a secret: another value is no other place. Absent: none is. */
  readonly passwords?: readonly string[];
  /** What messages and Home call this bot’s environment, such as `staging`. Absent: nothing, as in production. */
  readonly environment?: string;
  readonly auditChannel: string;
  readonly approvalsChannel: string;
  readonly admins: readonly Principal[];
  /** Who may ask about the record, besides administrators. */
  readonly auditors: readonly Principal[];
  /** Whom a reviewer who is away may name as a stand-in. Empty: nobody. */
  readonly delegates: readonly Principal[];
  /** What people are called at targets, by Slack id and name of the name. */
  readonly identities: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Where people's addresses say what they are called at targets. Absent or empty: nothing is said of that. */
  readonly emailDomains?: readonly string[];
  /** Slack accounts that belong to one human each, beyond those with the same e-mail address. */
  readonly samePerson: readonly (readonly string[])[];
  /** Who is woken for the bot itself: a PagerDuty service. Absent: administrators are told in Slack alone. */
  readonly alarms?: { readonly page: string };
  /** When the week is summed up in the audit channel; null: never. ISO weekday, minutes after midnight. */
  readonly digest: { readonly day: number; readonly minute: number; readonly timeZone: string } | null;
  /** How often targets are compared with the ledger. */
  readonly driftEvery: Millis;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly retiredTargets: readonly RetiredTarget[];
}

/** How break-glass is called among the ways to get a role. */
export const BREAK_GLASS_ITEM = 'break-glass';
export const OPA_ITEM = 'Open Policy Agent decides';

/** How a role is named in one word, in messages, values and the ledger: `payments-db/read`. */
export const roleKey = (role: Pick<Role, 'resourceId' | 'id'>): RoleKey => `${role.resourceId}/${role.id}`;

/** The role with this key, or undefined: keys come from people and from Slack. */
export function findRole(policy: Policy, key: RoleKey): Role | undefined {
  const [resourceId = '', ...id] = key.split('/');
  return policy.resources.get(resourceId)?.roles.get(id.join('/'));
}

/** Everybody a condition names. */
export const principalsOf = (condition: Condition): Principal[] =>
  flatten(condition).flatMap((test) => (test.kind === 'members_of' ? test.principals : []));

export interface EvidenceNeeded {
  readonly onCall: boolean;
  /** Also whether a shift is a turn of the rotation or an override. */
  readonly overrides: boolean;
  readonly incident: boolean;
  readonly groups: readonly Principal[];
  /** What its limits look at: how far back, and at which resources. null: it has none. */
  readonly history: { readonly lookBack: Millis; readonly resources: readonly string[] } | null;
}

/** What deciding about a role has to know, so that nothing else is fetched. */
export function evidenceNeeded(role: Role): EvidenceNeeded {
  const tests = role.rules.flatMap((rule) => flatten(rule.when));
  const principals = [
    ...role.rules.flatMap((rule) => principalsOf(rule.when)),
    ...role.freezes.flatMap(({ except }) => except),
  ];
  const periods = role.limits.flatMap(({ automatic, coolDown }) => [automatic?.per ?? 0, coolDown ?? 0]);
  return {
    onCall: role.opa !== null || tests.some((test) => test.kind === 'on_call'),
    overrides: tests.some((test) => test.kind === 'on_call' && test.planned),
    // It also ends what names it.
    incident: role.opa !== null || role.ends.withIncident !== null || tests.some((test) => test.kind === 'incident'),
    groups: [...new Set(principals.filter(isGroup))],
    history:
      role.limits.length > 0
        ? {
            lookBack: Math.max(...periods),
            resources: [...new Set(role.limits.flatMap(({ resources }) => resources ?? [role.resourceId]))],
          }
        : null,
  };
}

/** Everybody whom a role's rules name as reviewer. */
export const reviewersOf = (role: Role): Principal[] => [
  ...new Set(
    role.rules.flatMap((rule) => (rule.effect === 'ask' ? rule.stages.flatMap((stage) => stage.reviewers) : [])),
  ),
];

/** Everybody whom a role's rules and its break-glass name, for whatever. */
export const principalsOfRole = (role: Role): Principal[] => [
  ...role.rules.flatMap((rule) => principalsOf(rule.when)),
  ...reviewersOf(role),
  ...role.rules
    .flatMap((rule) => (rule.effect === 'ask' ? rule.escalate : []))
    .flatMap(({ to }) => (to.kind === 'people' ? to.principals : [])),
  ...(role.breakGlass?.members ?? []),
];

/** The tests in a condition, those inside others too. */
export const flatten = (condition: Condition): Test[] =>
  condition.flatMap((test) => (test.kind === 'unless' ? flatten(test.condition) : [test]));
