import type { AlarmKind } from './alarm.ts';
import type { Decision, DecisionInput } from './decision.ts';
import type { EndReason, PlannedEnd, Residue } from './grant.ts';
import type { Actor, Named, Person } from './person.ts';
import type { DriftFinding, SlackIdentity } from './records.ts';
import type { Signal } from './signals.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';

/** Whose approval gave access. */
export type ApprovedBy = 'policy' | 'reviewers' | 'break_glass' | 'canary';

/** The payload of each kind of event, beyond who, when, and which request and grant. */
export interface EventPayloads {
  /** Includes the decision's full input and the policy's hash, so that it can be decided again. */
  'request.submitted': {
    role: RoleKey;
    requester: Person;
    duration: Millis;
    reason: string;
    incidentId: string | null;
    /** null if it starts at once. */
    startsAt: Instant | null;
    /** The grant that it asks to extend. */
    extends: string | null;
    policyHash: string;
    input: DecisionInput;
    decision: Decision;
  };
  /** What was unusual about a request or its review. */
  'signals.raised': { role: RoleKey; requester: Named; signals: readonly Signal[] };
  'review.recorded': {
    role: RoleKey;
    /** The requester. Absent in events of versions before 0.2. */
    requester?: Named;
    verdict: 'approve' | 'deny';
    comment: string;
    /** The reviewer whom this stand-in decided for. */
    onBehalfOf: string | null;
    /** That reviewer. Absent if there is none or they are unknown, and in events of versions before 0.2. */
    inPlaceOf?: Named;
    policyHash: string;
    input: DecisionInput;
    decision: Decision;
  };
  /** A reviewer approved less than was asked for. */
  'request.changed': {
    requester: Named;
    from: { role: RoleKey; duration: Millis };
    to: { role: RoleKey; duration: Millis };
  };
  'request.approved': {
    role: RoleKey;
    requester: Named;
    by: ApprovedBy;
    approvers: readonly Named[];
    startsAt: Instant | null;
  };
  'request.denied': { role: RoleKey; requester: Named; by: 'policy' | 'reviewer'; reasons: readonly string[] };
  'request.cancelled': { role: RoleKey; requester: Named };
  'request.expired': { role: RoleKey; requester: Named };
  /** `to`: who is now asked too; `passedOver`: who was skipped, and why. */
  'request.escalated': {
    role: RoleKey;
    requester: Named;
    step: number;
    to: readonly Named[];
    passedOver: readonly (Named & { why: string })[];
    /** The PagerDuty service that pages somebody. */
    page: string | null;
    /** The name of that service at PagerDuty. Absent if nobody is paged, or PagerDuty did not say. */
    pageName?: string;
    /** Why others to ask were unknown, which is retried. Absent if everybody was asked. */
    unseen?: string;
  };
  /** `gives`: what it gives, and where; absent in earlier versions. It never holds secrets. */
  'grant.provisioning': {
    role: RoleKey;
    person: Named;
    duration: Millis;
    endsAt: Instant;
    gives?: { place: string | null; grants: unknown };
  };
  'grant.activated': { role: RoleKey; person: Named; account: string; endsAt: Instant };
  /** Recorded after the approval, which is an event of the extension's request. */
  'grant.extended': { role: RoleKey; person: Named; endsAt: Instant };
  'grant.not_extended': { role: RoleKey; person: Named; endsAt: Instant; problem: string };
  /** Ends earlier than planned, because its shift or incident is over. */
  'grant.shortened': { role: RoleKey; person: Named; endsAt: Instant; why: PlannedEnd };
  /**
   * `standingSeenAt`: Slack could not confirm the administrator or reviewer at the click; this is when they were last
   * confirmed.
   */
  'grant.revoking': {
    role: RoleKey;
    person: Named;
    why: EndReason;
    problem: string | null;
    standingSeenAt?: Instant;
  };
  /** `openUntil`: its sessions have ended by then; null if they last until closed. Absent if it has none. */
  'grant.ended': {
    role: RoleKey;
    person: Named;
    why: EndReason;
    openUntil?: Instant | null;
    /** What the holder made with the access and is still there, and what the bot did about it. Absent if nothing is known to be left. */
    left?: readonly Residue[];
  };
  /**
   * An administrator looked at the target and declared the access gone. The bot did not see it: it could neither revoke
   * the access nor read back that it is gone.
   */
  'grant.declared_gone': { role: RoleKey; person: Named; why: EndReason; reason: string };
  'grant.failed': { role: RoleKey; person: Named; problem: string };
  'grant.overdue': { role: RoleKey; person: Named; failures: number; problem: string };
  /** Live access at a place that the policy in force does not reach: it cannot be revoked until the policy reaches it again. */
  'grant.stranded': { role: RoleKey; person: Named; place: string };
  /** The people on call next are offered the access that ended with a shift. */
  'access.offered': { role: RoleKey; from: Named; to: readonly Named[]; escalationPolicy: string };
  'credential.issued': { role: RoleKey; person: Named; account: string };
  'break_glass.invoked': {
    role: RoleKey;
    person: Named;
    duration: Millis;
    reason: string;
    reviewer: Named;
    reviewBy: Instant;
    page: string | null;
  };
  'break_glass.reminded': { role: RoleKey; person: Named; reviewer: Named; reviewBy: Instant };
  'break_glass.unreviewed': { role: RoleKey; person: Named; reviewer: Named };
  'break_glass.reviewed': { role: RoleKey; person: Named; justified: boolean; comment: string };
  'delegation.set': { from: Named; to: Named; until: Instant };
  'delegation.ended': { from: Named; to: Named };
  'second_factor.enrolled': { person: Named };
  'second_factor.locked': { person: Named; until: Instant };
  'second_factor.reset': { person: Named };
  /** Nothing is granted until the freeze is lifted, and all live access ends. */
  'access.frozen': { reason: string; live: number; standingSeenAt?: Instant };
  'access.unfrozen': Record<string, never>;
  /** Owners are asked whether each rule that lets somebody in is still right. */
  'access_review.started': { review: string; dueAt: Instant; items: number; policyHash: string };
  'access_review.answered': {
    review: string;
    role: RoleKey;
    entitlement: string;
    verdict: 'keep' | 'remove';
    comment: string;
  };
  'access_review.reminded': { review: string; unanswered: number; dueAt: Instant };
  'access_review.closed': { review: string; kept: number; removed: number; unanswered: number };
  /** Drift: a target differs from the ledger (found); the bot removed it (removed); or somebody else did (resolved). */
  'drift.found': { resource: string } & DriftFinding;
  'drift.removed': { resource: string } & DriftFinding;
  'drift.gone': { resource: string } & DriftFinding;
  /** A position that was signed and kept outside the database. */
  'ledger.anchored': { seq: number; hash: string; key: string; place: string };
  /** Events up to `to` are in a file; the chain in the database goes on from the hash of that one. */
  'ledger.archived': {
    /** Hash of the first event of all, and when it was. */
    ledger: string;
    began: Instant;
    from: number;
    to: number;
    hash: string;
    file: string;
    /** SHA-256 of the file. */
    sha256: string;
  };
  /** A person's names were erased; what they did stays. */
  'names.erased': { slackId: string };
  /** `needsLook`: a restart does not clear it; an administrator has to say that they looked. */
  'ledger.damaged': { problem: string; needsLook?: true };
  /**
   * Somebody has to look at the bot itself. `page`: the PagerDuty service that is paged; `to`: who is told; `told`: Slack
   * ids of those among them who were told while nothing could be recorded.
   */
  'alarm.raised': {
    alarm: AlarmKind;
    problem: string;
    since: Instant;
    page: string | null;
    to: readonly Named[];
    told?: readonly string[];
  };
  /** The canary's grant was given, seen, taken back and seen to be gone. */
  'canary.passed': { role: RoleKey; took: Millis };
  /** One of those steps failed. The event has no grant if the first request failed already. */
  'canary.failed': { role: RoleKey; problem: string };
  /** The alarm's reason is over. There may be no `alarm.raised` before it, because nothing could be recorded at the time. */
  'alarm.ended': { alarm: AlarmKind; problem: string; since: Instant; to: readonly Named[] };
  /**
   * A copy was put in the database's place. `from`: where the copy ends; `known`: the newest position of what it replaces
   * that anything else knew, null if nothing knew a later one. The events between the two are not in this ledger.
   */
  'ledger.restored': {
    from: { seq: number; hash: string };
    known: { seq: number; hash: string; where: string } | null;
  };
  /**
   * After a restore, the bot searched targets for access that the copy does not know. `taken`: how many it took back;
   * `unseen`: targets that failed, and why.
   */
  'ledger.reconciled': { taken: number; unseen: readonly string[]; problem: string };
  /** An administrator looked at the problem, and says why access may be granted again. */
  'ledger.looked': { problem: string; reason: string };
  /** The bot is another Slack user than before. `earlier`: messages of these users are still its own. */
  'bot.identified': { identity: SlackIdentity; earlier: readonly SlackIdentity[] };
  /** Forged messages that imitate the bot's; none of them was believed. */
  'channel.forged': {
    channel: string;
    /** Slack ids of the user who posted them, and of the app they used. */
    user: string;
    bot: string | null;
    count: number;
    /** Slack's timestamp of the newest of them. */
    newest: string;
  };
  /** Event `seq` was forwarded without its payload, which the receiver does not accept. */
  'forwarding.shortened': { place: string; seq: number; problem: string };
  'policy.loaded': { hash: string; resources: number; roles: number; changes: readonly string[] };
  /** `after`: the newest event before it; 0 for a new ledger. */
  'bot.started': { version: string; after: number };
  'bot.stopped': { signal: string };
  /** Never recorded: it replaces an event that somebody made unreadable in the database. `was`: its type. */
  'event.unreadable': { was: string };
}

export type EventType = keyof EventPayloads;

/** An event that is not in the ledger yet. */
export type NewEvent<Type extends EventType = EventType> = {
  [T in Type]: {
    readonly type: T;
    readonly actor: Actor;
    readonly requestId: string | null;
    readonly grantId: string | null;
    readonly payload: EventPayloads[T];
  };
}[Type];

/** An event in the ledger, chained to the one before. */
export type LedgerEvent<Type extends EventType = EventType> = {
  [T in Type]: NewEvent<T> & {
    /** From 1, without gaps. */
    readonly seq: number;
    readonly at: Instant;
    readonly prevHash: string;
    readonly hash: string;
  };
}[Type];

/** The person whose access or request it is about; null if there is none. */
export function subjectOf({ payload }: LedgerEvent): Named | null {
  if ('person' in payload) return payload.person;
  return 'requester' in payload ? payload.requester : null;
}

const LOUD: ReadonlySet<EventType> = new Set([
  'grant.overdue',
  'grant.stranded',
  'grant.declared_gone',
  'break_glass.invoked',
  'break_glass.unreviewed',
  'access.frozen',
  'ledger.damaged',
  'ledger.restored',
  'alarm.raised',
  'canary.failed',
  'channel.forged',
  'second_factor.locked',
  'drift.found',
  'forwarding.shortened',
]);

/** Whether a security monitoring system should raise it. */
export const isLoud = (type: EventType): boolean => LOUD.has(type);
