import type { Evidence, OnCallEntry } from './evidence.ts';
import type { Incident } from './incident.ts';
import type { EscalationStep, Principal, Rule, Stage } from './policy.ts';
import type { Instant, Millis } from './terms.ts';

/** Everything a decision depends on. The same input and role always give the same decision. */
export interface DecisionInput {
  readonly at: Instant;
  readonly personId: string;
  /** The total, in ms: for an extension, including the time already granted. */
  readonly duration: Millis;
  /** The part already granted, in ms. Absent if there is none. */
  readonly held?: Millis;
  readonly evidence: Evidence;
}

/** `unknown` could not be evaluated. It never admits anybody: it counts as not met for allow and ask, and as met for deny. */
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

/** The findings of the deciding rule, shown to people as the proof. */
export interface Proof {
  readonly onCall: OnCallEntry | null;
  readonly incident: Incident | null;
}

export interface Decided {
  /** The deciding rule, from 1; null if no rule matched, which denies. */
  readonly rule: number | null;
  /** Why the deciding rule matched. */
  readonly reasons: readonly string[];
  readonly outcomes: readonly RuleOutcome[];
}

export type AskDecision = Decided & {
  readonly effect: 'ask';
  /** Longest total duration with all extensions, if the decision sets one. */
  readonly maxDuration: Millis | null;
  readonly stages: readonly Stage[];
  readonly escalate: readonly EscalationStep[];
  readonly expiresAfter: Millis;
  readonly proof: Proof;
};

/** The outcome of a role's rules. */
export type RuleDecision =
  | (Decided & { readonly effect: 'allow'; readonly proof: Proof; readonly maxDuration: Millis | null })
  | AskDecision
  | (Decided & { readonly effect: 'deny' });

export type Decision =
  | RuleDecision
  /** Break-glass: given outside the rules and reviewed afterwards. */
  | (Decided & { readonly effect: 'break_glass'; readonly proof: Proof })
  /** The canary: given outside the rules, to nobody, and taken back as soon as the bot has seen it. */
  | (Decided & { readonly effect: 'canary'; readonly proof: Proof });

/** The outcome of a rule, and why. */
export interface RuleFinding {
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
  readonly proof: Proof;
}

export const NO_PROOF: Proof = { onCall: null, incident: null };
