/** The policy in force, and the policy engine that some roles are delegated to. */

import type { OnCallEntry, OpaAnswer } from '../domain/evidence.ts';
import type { Incident } from '../domain/incident.ts';
import type { Person } from '../domain/person.ts';
import type { OpaTarget, Policy } from '../domain/policy.ts';
import type { Instant, Known, Millis, RoleKey } from '../domain/terms.ts';

/** The policy file, read again while the bot runs. */
export interface PolicyFile {
  /** The current file, validated; or all its issues, one per line. Nothing else waits for it. */
  read(): Promise<PolicyReading>;
  /** Puts a policy in force at one moment: rules, reviewers, targets. */
  use(policy: Policy): Promise<void>;
}

export type PolicyReading = { readonly policy: Policy } | { readonly problem: string };

/** Open Policy Agent. It never throws: a failure is an answer. */
export interface PolicyEngine {
  ask(target: OpaTarget, question: OpaQuestion): Promise<Known<OpaAnswer>>;
}

/** The input for a role that Open Policy Agent decides. docs/opa.md describes the document made of it. */
export interface OpaQuestion {
  readonly at: Instant;
  readonly person: Person;
  /** Slack ids of the same human's other accounts, as far as they are known. Absent if there are none. */
  readonly otherAccounts?: readonly string[];
  readonly role: RoleKey;
  readonly duration: Millis;
  readonly reason: string;
  readonly onCall: Known<readonly OnCallEntry[]>;
  readonly incident: Known<Incident> | null;
}
