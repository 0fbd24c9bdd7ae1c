import type { Decision, DecisionInput } from './evaluate.ts';
import type { EndReason } from './grant.ts';
import type { Actor, Person } from './person.ts';
import type { Instant, Millis } from './terms.ts';

/** What each kind of event says beyond who, when, and which request and grant. */
export interface EventPayloads {
  /** With the full input of the decision and the policy's hash, so that it can be decided again. */
  'request.submitted': {
    role: string;
    requester: Person;
    duration: Millis;
    reason: string;
    incidentId: string | null;
    policyHash: string;
    input: DecisionInput;
    decision: Decision;
  };
  'review.recorded': {
    role: string;
    verdict: 'approve' | 'deny';
    comment: string;
    policyHash: string;
    input: DecisionInput;
    decision: Decision;
  };
  'request.approved': { role: string; requester: string; by: 'policy' | 'reviewers'; approvers: readonly string[] };
  'request.denied': { role: string; requester: string; by: 'policy' | 'reviewer'; reasons: readonly string[] };
  'request.cancelled': { role: string; requester: string };
  'request.expired': { role: string; requester: string };
  'grant.provisioning': { role: string; person: string; duration: Millis; endsAt: Instant };
  'grant.activated': { role: string; person: string; account: string; endsAt: Instant };
  'grant.revoking': { role: string; person: string; why: EndReason; problem: string | null };
  'grant.ended': { role: string; person: string; why: EndReason };
  'grant.failed': { role: string; person: string; problem: string };
  'grant.overdue': { role: string; person: string; failures: number; problem: string };
  'credential.issued': { role: string; person: string; account: string };
  'policy.loaded': { hash: string; resources: number; roles: number };
  /** `after`: the newest event before it; 0 for a new ledger. */
  'bot.started': { version: string; after: number };
  'bot.stopped': { signal: string };
}

export type EventType = keyof EventPayloads;

/** Something that happened, on its way into the ledger. */
export type NewEvent = {
  [T in EventType]: {
    readonly type: T;
    readonly actor: Actor;
    readonly requestId: string | null;
    readonly grantId: string | null;
    readonly payload: EventPayloads[T];
  };
}[EventType];

/** An event in the ledger: in its place, chained to the one before. */
export type LedgerEvent = NewEvent & {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly at: Instant;
  readonly prevHash: string;
  readonly hash: string;
};
