import type { CanaryRule } from './canary.ts';
import type { IncidentStatus, Urgency } from './incident.ts';
import type { RequestSignal } from './signals.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';

/** A person (`U…`, `W…`) or a user group (`S…`) at Slack, by id. */
export type Principal = string;

/** A regular expression. Those of the policy file run in linear time. */
export interface Pattern {
  readonly source: string;
  test(text: string): boolean;
}

export const isGroup = (principal: Principal): boolean => principal.startsWith('S');

export interface OnCallTest {
  readonly kind: 'on_call';
  /** An entry has to match one of each given list. null means unrestricted. */
  readonly escalationPolicies: readonly string[] | null;
  readonly schedules: readonly string[] | null;
  readonly services: readonly string[] | null;
  readonly minLevel: number;
  /** Infinity if the policy sets none. */
  readonly maxLevel: number;
  /** Minimum time on this shift, in ms. 0 if it does not matter. */
  readonly tenure: Millis;
  /** Only a turn of the schedule's rotation counts, not an override. */
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

/** One requirement of a condition. */
export type Test =
  | OnCallTest
  | IncidentTest
  | HoursTest
  | { readonly kind: 'members_of'; readonly principals: readonly Principal[] }
  | { readonly kind: 'duration'; readonly max: Millis }
  /** Holds if one of these signs of unusual behaviour is present. */
  | { readonly kind: 'signals'; readonly signals: readonly RequestSignal[] }
  | { readonly kind: 'unless'; readonly condition: Condition };

/** Holds when all its tests hold; an empty one always holds. */
export type Condition = readonly Test[];

/** A set of reviewers, and how many different ones have to approve. */
export interface Stage {
  readonly reviewers: readonly Principal[];
  readonly needed: number;
}

/** Whom to ask additionally when nobody has decided for a while. */
export interface EscalationStep {
  /** Time since the request, in ms. */
  readonly after: Millis;
  readonly to:
    | { readonly kind: 'people'; readonly principals: readonly Principal[] }
    | { readonly kind: 'on_call'; readonly escalationPolicy: string; readonly level: number };
  /** PagerDuty service to page. null if nobody is paged. */
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
      /** How long a request waits for its reviewers, in ms. */
      readonly expiresAfter: Millis;
    };

export const RISKS = ['low', 'medium', 'high'] as const;
export type Risk = (typeof RISKS)[number];

/** Access at once in an emergency, reviewed afterwards. */
export interface BreakGlassRule {
  readonly members: readonly Principal[];
  readonly max: Millis;
  /** Time for the review after its use, in ms. */
  readonly reviewWithin: Millis;
  readonly reviewers: readonly Principal[];
  /** PagerDuty service that is paged at its use. */
  readonly page: string | null;
}

/** Limits on how often and by how many people roles are held. They come before the rules. */
export interface Limit {
  /** Resources whose roles count together. null if this role counts alone. */
  readonly resources: readonly string[] | null;
  /** Maximum of one person's automatic approvals per period; beyond it, `allow` no longer applies. */
  readonly automatic: { readonly max: number; readonly per: Millis } | null;
  /** Maximum of people who hold it at the same time. */
  readonly holders: number | null;
  /** Waiting time after a reviewer's denial, in ms. */
  readonly coolDown: Millis | null;
}

/** A period in which nothing is granted, such as a peak season. */
export interface FreezeWindow {
  readonly from: Instant;
  readonly to: Instant;
  readonly reason: string;
  readonly except: readonly Principal[];
}

/** The Open Policy Agent that decides instead of rules. */
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
  /** In ms. `total` is the maximum with all extensions. */
  readonly duration: { readonly default: Millis; readonly max: Millis; readonly total: Millis };
  /** How much harm it can do, by the policy's author. */
  readonly risk: Risk;
  /** Roles of the same resource that a reviewer may give instead, because they give less. */
  readonly narrower: readonly string[];
  /** How long access outlives its shift or incident, in ms. null if it does not depend on it. */
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

type Fields = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Where and how to reach the target, checked by the provisioner's schema. May hold secrets: never leaves memory. */
  readonly target: unknown;
  /** The same as the file has it: `${NAME}` stands for what is not written. Absent if it comes from no file. */
  readonly asWritten?: Fields;
  /** PagerDuty services that it belongs to: it is offered first for their incidents. */
  readonly services: readonly string[];
  /** Who answers access reviews about it. Empty means the administrators. */
  readonly owners: readonly Principal[];
  /** How access at the target without a grant is handled. */
  readonly drift: {
    readonly remove: readonly DriftKind[];
    /** Accounts that legitimately hold roles, such as the application's. */
    readonly expected: readonly string[];
  };
  readonly roles: ReadonlyMap<string, Role>;
}

/** A target that no resource uses any more, but where earlier access still has to end. */
export interface RetiredTarget {
  readonly name: string;
  readonly kind: string;
  /** As in {@link Resource}. null if its secrets are not in the environment, so that it cannot be reached. */
  readonly target: unknown;
  /** As in {@link Resource}. */
  readonly asWritten?: Fields;
}

/** Left by a grant that ended, or held by somebody without a grant. */
export const DRIFT_KINDS = ['leftover', 'standing'] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

export interface Policy {
  /** SHA-256 of the file as written, before secrets are put in. */
  readonly hash: string;
  /** The file as written: it holds no secret, only the names of variables. */
  readonly source: string;
  /** The values of its `${NAME}` variables, to be redacted from all output. Absent if there are none. */
  readonly secrets?: readonly string[];
  /** Those of variables named like a secret, whose change makes no other place. Absent if there are none. */
  readonly passwords?: readonly string[];
  /** The environment's name in messages and Home, such as `staging`. Absent in production. */
  readonly environment?: string;
  readonly auditChannel: string;
  readonly approvalsChannel: string;
  readonly admins: readonly Principal[];
  /** Who may read the ledger besides administrators. */
  readonly auditors: readonly Principal[];
  /** Whom an absent reviewer may name as a stand-in. Empty means nobody. */
  readonly delegates: readonly Principal[];
  /** People's names at targets, by Slack id and kind of name; the canary's by `CANARY_ID`. */
  readonly identities: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Domains whose addresses determine account names at targets. Absent or empty if unrestricted. */
  readonly emailDomains?: readonly string[];
  /** Lists of Slack accounts of one human, in addition to those with the same e-mail address. */
  readonly samePerson: readonly (readonly string[])[];
  /** The PagerDuty service that is paged for the bot itself. Absent if administrators are only told in Slack. */
  readonly alarms?: { readonly page: string };
  /** Absent if there is none. */
  readonly canary?: CanaryRule;
  /** When the audit channel gets the weekly summary; null if never. ISO weekday, minutes after midnight. */
  readonly digest: { readonly day: number; readonly minute: number; readonly timeZone: string } | null;
  /** How often targets are compared with the ledger. */
  readonly driftEvery: Millis;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly retiredTargets: readonly RetiredTarget[];
}

/** The name of break-glass among the ways to get a role. */
export const BREAK_GLASS_ITEM = 'break-glass';
export const OPA_ITEM = 'Open Policy Agent decides';

/** The key of a role in messages, values and the ledger: `payments-db/read`. */
export const roleKey = (role: Pick<Role, 'resourceId' | 'id'>): RoleKey => `${role.resourceId}/${role.id}`;

/** The role with this key; undefined if there is none, because keys come from people and Slack. */
export function findRole(policy: Policy, key: RoleKey): Role | undefined {
  const [resourceId = '', ...id] = key.split('/');
  return policy.resources.get(resourceId)?.roles.get(id.join('/'));
}

/** All people and groups that a condition names. */
export function principalsOf(condition: Condition): Principal[] {
  const found: Principal[] = [];
  for (const test of condition) {
    if (test.kind === 'members_of') found.push(...test.principals);
    else if (test.kind === 'unless') found.push(...principalsOf(test.condition));
  }
  return found;
}

export interface EvidenceNeeded {
  readonly onCall: boolean;
  /** Whether to ask if a shift is a turn of the rotation or an override. */
  readonly overrides: boolean;
  readonly incident: boolean;
  readonly groups: readonly Principal[];
  /** How far back its limits look, in ms, and at which resources. null if it has none. */
  readonly history: { readonly lookBack: Millis; readonly resources: readonly string[] } | null;
}

/** The evidence that deciding about a role needs, so that nothing else is fetched. */
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
    // An incident also ends the access that names it.
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

/** All reviewers that a role's rules name. */
export const reviewersOf = (role: Role): Principal[] => [
  ...new Set(
    role.rules.flatMap((rule) => (rule.effect === 'ask' ? rule.stages.flatMap((stage) => stage.reviewers) : [])),
  ),
];

/** All people and groups that a role's rules and its break-glass name. */
export const principalsOfRole = (role: Role): Principal[] => [
  ...role.rules.flatMap((rule) => principalsOf(rule.when)),
  ...reviewersOf(role),
  ...role.rules
    .flatMap((rule) => (rule.effect === 'ask' ? rule.escalate : []))
    .flatMap(({ to }) => (to.kind === 'people' ? to.principals : [])),
  ...(role.breakGlass?.members ?? []),
];

/** All tests of a condition, including nested ones. */
export const flatten = (condition: Condition): Test[] =>
  condition.flatMap((test) => (test.kind === 'unless' ? flatten(test.condition) : [test]));
