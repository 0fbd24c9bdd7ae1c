/** The policy in force, and the engine that some of its roles are handed to. */

import type { OnCallEntry, OpaAnswer } from '../domain/evidence.ts';
import type { Incident } from '../domain/incident.ts';
import type { Person } from '../domain/person.ts';
import type { OpaTarget, Policy } from '../domain/policy.ts';
import type { Instant, Known, Millis, RoleKey } from '../domain/terms.ts';

/** The policy file, read again while the bot runs. */
export interface PolicyFile {
  /** The file as it is now, checked; or every issue it has, one a line. */
  read(): { readonly policy: Policy } | { readonly problem: string };
  /** Puts a policy in force: rules, reviewers, targets. */
  use(policy: Policy): void;
}

/** Open Policy Agent. Every failure is an answer: it never throws. */
export interface PolicyEngine {
  ask(target: OpaTarget, question: OpaQuestion): Promise<Known<OpaAnswer>>;
}

/** What a role that is handed to Open Policy Agent is decided on. docs/opa.md describes the document made of it. */
export interface OpaQuestion {
  readonly at: Instant;
  readonly person: Person;
  /** Slack ids of the accounts that the same human has besides, as far as they are known. Absent: none is. */
  readonly otherAccounts?: readonly string[];
  readonly role: RoleKey;
  readonly duration: Millis;
  readonly reason: string;
  readonly onCall: Known<readonly OnCallEntry[]>;
  readonly incident: Known<Incident> | null;
}
