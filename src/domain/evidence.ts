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
  /** null for somebody permanently on call, without a schedule. */
  readonly start: Instant | null;
  /** null if the person never goes off call. */
  readonly end: Instant | null;
  /** Whether somebody put this person in place of the rotation. null if unknown or not asked. */
  readonly isOverride: boolean | null;
}

/** The input of limits: the person's recent past, and the current holders. */
export interface History {
  /** This person's automatic approvals. */
  readonly automatic: readonly { readonly role: RoleKey; readonly at: Instant }[];
  /** This person's denials by reviewers. */
  readonly denials: readonly { readonly role: RoleKey; readonly at: Instant }[];
  /** Access that others hold now. */
  readonly holders: readonly { readonly role: RoleKey; readonly personId: string }[];
}

/** Open Policy Agent's answer in the bot's terms. */
export interface OpaAnswer {
  readonly decision: 'allow' | 'ask' | 'deny';
  readonly reasons: readonly string[];
  /** Whom to ask if the answer is `ask`. */
  readonly reviewers: readonly string[];
  readonly needed: number;
  /** Longest duration, in ms; null if the role's own applies. */
  readonly max: Millis | null;
}

/** What a decision rests on. Everything here is written to the ledger with the decision. */
export interface Evidence {
  /** When it was gathered. */
  readonly at: Instant;
  /** null if no rule of the role asks. */
  readonly onCall: Known<readonly OnCallEntry[]> | null;
  /** null if the request names no incident. */
  readonly incident: Known<Incident> | null;
  /** Slack user group → is the requester in it. Holds every group that the role's rules name. */
  readonly groups: Readonly<Record<string, Known<boolean>>>;
  /** The requester's other accounts: excluding one of them excludes the human. Absent if none is known. */
  readonly otherAccounts?: readonly string[];
  /** On-call entries of those accounts. Absent if there are none, or no rule of the role asks. */
  readonly othersOnCall?: Known<readonly OnCallEntry[]>;
  /** null if the role has no limits. */
  readonly history: Known<History> | null;
  /** Rules that owners removed in access reviews, in words. null in decisions from before these existed. */
  readonly removals: Known<readonly Removal[]> | null;
  /** Signs of unusual behaviour. null in decisions from before these existed. */
  readonly signals: Known<readonly Signal<RequestSignal>[]> | null;
  /** null if the role's rules decide. */
  readonly opa: Known<OpaAnswer> | null;
}
