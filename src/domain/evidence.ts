import type { Removal } from './accessReview.ts';
import type { Incident } from './incident.ts';
import type { RequestSignal, Signal } from './signals.ts';
import type { Instant, Known, Millis, Ref, RoleKey } from './terms.ts';

/** One line of PagerDuty's "who is on call now", for one person. */
export interface OnCallEntry {
  readonly escalationPolicy: Ref;
  /** Services that page this escalation policy. */
  readonly services: readonly Ref[];
  readonly schedule: Ref | null;
  /** 1 is notified first. */
  readonly level: number;
  /** null: on call permanently, without a schedule. */
  readonly start: Instant | null;
  /** null: never goes off call. */
  readonly end: Instant | null;
  /** Somebody put this person in place of the schedule's rotation. null: not asked, or not known. */
  readonly isOverride: boolean | null;
}

/** What limits look at: the recent past of the person, and who holds what now. */
export interface History {
  /** This person's approvals without a reviewer. */
  readonly automatic: readonly { readonly role: RoleKey; readonly at: Instant }[];
  /** Times that a reviewer denied this person something. */
  readonly denials: readonly { readonly role: RoleKey; readonly at: Instant }[];
  /** What others hold now. */
  readonly holders: readonly { readonly role: RoleKey; readonly personId: string }[];
}

/** What Open Policy Agent said, in our words. */
export interface OpaAnswer {
  readonly decision: 'allow' | 'ask' | 'deny';
  readonly reasons: readonly string[];
  /** For `ask`. */
  readonly reviewers: readonly string[];
  readonly needed: number;
  /** The longest that it may be held; null: as the role says. */
  readonly max: Millis | null;
}

/** What a decision rests on. Everything here is written to the ledger with the decision. */
export interface Evidence {
  /** When it was gathered. */
  readonly at: Instant;
  /** null: no rule of the role asks. */
  readonly onCall: Known<readonly OnCallEntry[]> | null;
  /** null: the request names no incident. */
  readonly incident: Known<Incident> | null;
  /** Slack user group → is the requester in it. Holds every group that the role's rules name. */
  readonly groups: Readonly<Record<string, Known<boolean>>>;
  /** The requester's other accounts: what shuts out one of them shuts out the human. Absent: none is known. */
  readonly otherAccounts?: readonly string[];
  /** Where those accounts are on call. Absent: there are none, or no rule of the role asks. */
  readonly othersOnCall?: Known<readonly OnCallEntry[]>;
  /** null: the role has no limits. */
  readonly history: Known<History> | null;
  /** Rules that owners took out in access reviews, in words. null: not looked at, as before there were any. */
  readonly removals: Known<readonly Removal[]> | null;
  /** Signs of unusual behaviour. null: not looked at, as before there were any. */
  readonly signals: Known<readonly Signal<RequestSignal>[]> | null;
  /** null: the role's rules decide. */
  readonly opa: Known<OpaAnswer> | null;
}
