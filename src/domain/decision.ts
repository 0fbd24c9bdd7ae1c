import type { Evidence, OnCallEntry } from './evidence.ts';
import type { Incident } from './incident.ts';
import type { EscalationStep, Principal, Rule, Stage } from './policy.ts';
import type { Instant, Millis } from './terms.ts';

/** Everything a decision depends on. The same input and role always give the same decision. */
export interface DecisionInput {
  readonly at: Instant;
  readonly personId: string;
  /** All of it: for an extension, with what is held already. */
  readonly duration: Millis;
  /** How much of it is held already. Absent: nothing. */
  readonly held?: Millis;
  readonly evidence: Evidence;
}

/** `unknown`: could not be evaluated. It never opens a door: not met for allow and ask, met for deny. */
export type Outcome = 'met' | 'not_met' | 'unknown';

export interface RuleOutcome {
  /** Position in the role's list of rules, from 1. */
  readonly rule: number;
  readonly effect: Rule['effect'];
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
  /** Ids of people and groups that the reasons name. */
  readonly principals: readonly Principal[];
}

/** What the deciding rule found: shown to people as the proof. */
export interface Proof {
  readonly onCall: OnCallEntry | null;
  readonly incident: Incident | null;
}

export interface Decided {
  /** The rule that decided, from 1; null: no rule matched, which denies. */
  readonly rule: number | null;
  /** Why the deciding rule holds. */
  readonly reasons: readonly string[];
  readonly outcomes: readonly RuleOutcome[];
}

export type AskDecision = Decided & {
  readonly effect: 'ask';
  /** Longest that may be held, with all extensions, where the decision says so itself. */
  readonly maxDuration: Millis | null;
  readonly stages: readonly Stage[];
  readonly escalate: readonly EscalationStep[];
  readonly expiresAfter: Millis;
  readonly proof: Proof;
};

/** What a role's rules say. */
export type RuleDecision =
  | (Decided & { readonly effect: 'allow'; readonly proof: Proof; readonly maxDuration: Millis | null })
  | AskDecision
  | (Decided & { readonly effect: 'deny' });

export type Decision =
  | RuleDecision
  /** Not by the rules: an emergency, reviewed afterwards. */
  | (Decided & { readonly effect: 'break_glass'; readonly proof: Proof });

/** What a rule comes to, and why. */
export interface RuleFinding {
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
  readonly proof: Proof;
}

export const NO_PROOF: Proof = { onCall: null, incident: null };
