import type { AlarmKind } from './alarm.ts';
import type { Decision, DecisionInput } from './decision.ts';
import type { EndReason, PlannedEnd, Residue } from './grant.ts';
import type { Actor, Named, Person } from './person.ts';
import type { DriftFinding, SlackIdentity } from './records.ts';
import type { Signal } from './signals.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';

/** What each kind of event says beyond who, when, and which request and grant. */
export interface EventPayloads {
  /** With the full input of the decision and the policy's hash, so that it can be decided again. */
  'request.submitted': {
    role: RoleKey;
    requester: Person;
    duration: Millis;
    reason: string;
    incidentId: string | null;
    /** null: at once. */
    startsAt: Instant | null;
    /** The grant that it would make longer. */
    extends: string | null;
    policyHash: string;
    input: DecisionInput;
    decision: Decision;
  };
  /** What was unusual about a request, or about how it was reviewed. */
  'signals.raised': { role: RoleKey; requester: Named; signals: readonly Signal[] };
  'review.recorded': {
    role: RoleKey;
    /** Whose request it is. Left out in events of versions before 0.2. */
    requester?: Named;
    verdict: 'approve' | 'deny';
    comment: string;
    /** The reviewer whose stand-in this was. */
    onBehalfOf: string | null;
    /** Who that is. Absent: nobody, or not known; and in events of versions before 0.2. */
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
    by: 'policy' | 'reviewers' | 'break_glass';
    approvers: readonly Named[];
    startsAt: Instant | null;
  };
  'request.denied': { role: RoleKey; requester: Named; by: 'policy' | 'reviewer'; reasons: readonly string[] };
  'request.cancelled': { role: RoleKey; requester: Named };
  'request.expired': { role: RoleKey; requester: Named };
  /** `to`: who is asked as well; `passedOver`: who would have been, and why not. */
  'request.escalated': {
    role: RoleKey;
    requester: Named;
    step: number;
    to: readonly Named[];
    passedOver: readonly (Named & { why: string })[];
    /** The PagerDuty service that somebody is woken on. */
    page: string | null;
    /** What that service is called at PagerDuty. Absent: nobody is woken, or PagerDuty did not say. */
    pageName?: string;
    /** Why it was not known who else is to be asked; it is tried again. Absent: everybody was. */
    unseen?: string;
  };
  /** `gives`: what it gives, and where; absent before it was written down here. Never holds secrets. */
  'grant.provisioning': {
    role: RoleKey;
    person: Named;
    duration: Millis;
    endsAt: Instant;
    gives?: { place: string | null; grants: unknown };
  };
  'grant.activated': { role: RoleKey; person: Named; account: string; endsAt: Instant };
  /** Its request carries the approval. */
  'grant.extended': { role: RoleKey; person: Named; endsAt: Instant };
  'grant.not_extended': { role: RoleKey; person: Named; endsAt: Instant; problem: string };
  /** Ends earlier than planned, because what it was given for is over. */
  'grant.shortened': { role: RoleKey; person: Named; endsAt: Instant; why: PlannedEnd };
  /**
   * `standingSeenAt`: Slack did not say at the click whether whoever ends it is an administrator; they were seen to be
   * one then.
   */
  'grant.revoking': {
    role: RoleKey;
    person: Named;
    why: EndReason;
    problem: string | null;
    standingSeenAt?: Instant;
  };
  /** `openUntil`: sessions opened with it have ended by then; null: they live until they are closed. Absent: it has none. */
  'grant.ended': {
    role: RoleKey;
    person: Named;
    why: EndReason;
    openUntil?: Instant | null;
    /** What the holder made with it and that is still there, and what was done with each. Absent: nothing is known to be. */
    left?: readonly Residue[];
  };
  /**
   * An administrator looked at the target and says that the access is gone. The bot did not see it: it could not take the
   * access back, nor read back that it is gone.
   */
  'grant.declared_gone': { role: RoleKey; person: Named; why: EndReason; reason: string };
  'grant.failed': { role: RoleKey; person: Named; problem: string };
  'grant.overdue': { role: RoleKey; person: Named; failures: number; problem: string };
  /** It is live at a place that the policy in force does not reach: nobody can take it back until it does. */
  'grant.stranded': { role: RoleKey; person: Named; place: string };
  /** Whoever is on call next is offered what somebody's shift ends with. */
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
  /** No new access until it is lifted; what was live ends. */
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
  /** A target differs from the ledger; what was found was removed; or is no longer so, by somebody else. */
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
  /** `needsLook`: starting again does not clear it; an administrator has to say that they looked. */
  'ledger.damaged': { problem: string; needsLook?: true };
  /** Somebody has to look at the bot itself. `page`: the PagerDuty service that somebody is woken on; `to`: who is told. */
  'alarm.raised': { alarm: AlarmKind; problem: string; since: Instant; page: string | null; to: readonly Named[] };
  /** What it was raised for is over. It may never have been recorded: then nothing could be. */
  'alarm.ended': { alarm: AlarmKind; problem: string; since: Instant; to: readonly Named[] };
  /**
   * A copy was put in the database's place. `from`: where the copy ends; `known`: the newest position of what it replaces
   * that anything else knew, null: nothing knew a later one. What was between the two is not in this ledger.
   */
  'ledger.restored': {
    from: { seq: number; hash: string };
    known: { seq: number; hash: string; where: string } | null;
  };
  /** After that, targets were searched for what the copy does not know. `unseen`: those that could not say, and why. */
  'ledger.reconciled': { taken: number; unseen: readonly string[]; problem: string };
  /** An administrator looked at what was found, and says why access may be granted again. */
  'ledger.looked': { problem: string; reason: string };
  /** The bot is another user at Slack than before. `earlier`: what it posted as those is still its own. */
  'bot.identified': { identity: SlackIdentity; earlier: readonly SlackIdentity[] };
  /** Messages of somebody else that pass themselves off as the bot's; none of them was believed. */
  'channel.forged': {
    channel: string;
    /** Slack ids of whoever posted them, and of the app that they came through. */
    user: string;
    bot: string | null;
    count: number;
    /** The newest of them, as Slack numbers messages. */
    newest: string;
  };
  /** Event `seq` went to a forwarding place without its payload, which that place does not take. */
  'forwarding.shortened': { place: string; seq: number; problem: string };
  'policy.loaded': { hash: string; resources: number; roles: number; changes: readonly string[] };
  /** `after`: the newest event before it; 0 for a new ledger. */
  'bot.started': { version: string; after: number };
  'bot.stopped': { signal: string };
  /** Never recorded: what stands in place of an event that somebody made unreadable in the database. `was`: its type. */
  'event.unreadable': { was: string };
}

export type EventType = keyof EventPayloads;

/** Something that happened, on its way into the ledger. */
export type NewEvent<Type extends EventType = EventType> = {
  [T in Type]: {
    readonly type: T;
    readonly actor: Actor;
    readonly requestId: string | null;
    readonly grantId: string | null;
    readonly payload: EventPayloads[T];
  };
}[Type];

/** An event in the ledger: in its place, chained to the one before. */
export type LedgerEvent<Type extends EventType = EventType> = {
  [T in Type]: NewEvent<T> & {
    /** From 1, without gaps. */
    readonly seq: number;
    readonly at: Instant;
    readonly prevHash: string;
    readonly hash: string;
  };
}[Type];

/** Whose access or request it is about; null: nobody's in particular. */
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
  'channel.forged',
  'second_factor.locked',
  'drift.found',
  'forwarding.shortened',
]);

/** Whether somebody who watches over many systems should look at it now. */
export const isLoud = (type: EventType): boolean => LOUD.has(type);
