/** One event of each kind that the ledger knows, with everything in it that it may carry. */
import type { Decision, DecisionInput } from '../../src/domain/decision.ts';
import type { EventPayloads, EventType, LedgerEvent } from '../../src/domain/events.ts';
import { type Actor, BOT, type Person, personActor } from '../../src/domain/person.ts';
import { HOUR, known, MINUTE } from '../../src/domain/terms.ts';

const AT = Date.UTC(2026, 0, 15, 3);
const ROLE = 'payments-db/read';
const ANA: Person = { slackId: 'U0ANA', name: 'Ana Kovač', email: 'ana@harbor.example', timeZone: 'UTC' };
const ana = { slackId: ANA.slackId, name: ANA.name };
const ben = { slackId: 'U0BEN', name: 'Ben Okafor' };
const IDENTITY = { team: 'T0HARBOR', user: 'U0BOT', bot: 'B0BOT' };

const input: DecisionInput = {
  at: AT,
  personId: ana.slackId,
  duration: HOUR,
  evidence: {
    at: AT,
    onCall: known([]),
    incident: null,
    groups: { S0LEADS: known(true) },
    history: null,
    removals: known([]),
    signals: known([]),
    opa: null,
  },
};
const decision: Decision = {
  effect: 'ask',
  rule: 2,
  reasons: ['rule 2 asks'],
  outcomes: [],
  maxDuration: null,
  stages: [{ reviewers: ['S0LEADS'], needed: 1 }],
  escalate: [],
  expiresAfter: HOUR,
  proof: { onCall: null, incident: null },
};
const drift = { resource: 'payments-db', kind: 'standing', role: null, account: 'mallory', grantId: null } as const;

const PAYLOADS: { readonly [T in EventType]: EventPayloads[T] } = {
  'request.submitted': {
    role: ROLE,
    requester: ANA,
    duration: HOUR,
    reason: 'stuck payments',
    incidentId: 'PINC4711',
    startsAt: AT + HOUR,
    extends: null,
    policyHash: 'abc',
    input,
    decision,
  },
  'signals.raised': { role: ROLE, requester: ana, signals: [{ kind: 'first_time', facts: 'never before' }] },
  'review.recorded': {
    role: ROLE,
    requester: ana,
    verdict: 'approve',
    comment: 'go on',
    onBehalfOf: 'U0CHLOE',
    inPlaceOf: { slackId: 'U0CHLOE', name: 'Chloé Martin' },
    policyHash: 'abc',
    input,
    decision,
  },
  'request.changed': {
    requester: ana,
    from: { role: 'payments-db/admin', duration: 2 * HOUR },
    to: { role: ROLE, duration: HOUR },
  },
  'request.approved': { role: ROLE, requester: ana, by: 'reviewers', approvers: [ben], startsAt: null },
  'request.denied': { role: ROLE, requester: ana, by: 'policy', reasons: ['a freeze'] },
  'request.cancelled': { role: ROLE, requester: ana },
  'request.expired': { role: ROLE, requester: ana },
  'request.escalated': {
    role: ROLE,
    requester: ana,
    step: 1,
    to: [ben],
    passedOver: [{ slackId: 'U0EVE', name: 'Eve', why: 'asleep' }],
    page: 'PCHECKOUT',
    pageName: 'Checkout',
  },
  'grant.provisioning': {
    role: ROLE,
    person: ana,
    duration: HOUR,
    endsAt: AT + HOUR,
    gives: { place: 'postgres://db', grants: { roles: ['reader'] } },
  },
  'grant.activated': { role: ROLE, person: ana, account: 'jit_ana', endsAt: AT + HOUR },
  'grant.extended': { role: ROLE, person: ana, endsAt: AT + HOUR },
  'grant.not_extended': { role: ROLE, person: ana, endsAt: AT + HOUR, problem: 'the target is down' },
  'grant.shortened': { role: ROLE, person: ana, endsAt: AT + MINUTE, why: 'shift_ended' },
  'grant.revoking': { role: ROLE, person: ana, why: 'revoked', problem: 'no longer needed', standingSeenAt: AT },
  'grant.ended': {
    role: ROLE,
    person: ana,
    why: 'expired',
    openUntil: null,
    left: [{ what: 'table notes', done: 'it is the application’s now' }],
  },
  'grant.declared_gone': { role: ROLE, person: ana, why: 'expired', reason: 'the repository was deleted' },
  'grant.failed': { role: ROLE, person: ana, problem: 'the target is down' },
  'grant.overdue': { role: ROLE, person: ana, failures: 6, problem: 'the target is down' },
  'grant.stranded': { role: ROLE, person: ana, place: 'postgres://db' },
  'access.offered': { role: ROLE, from: ana, to: [ben], escalationPolicy: 'Payments' },
  'credential.issued': { role: ROLE, person: ana, account: 'jit_ana' },
  'break_glass.invoked': {
    role: ROLE,
    person: ana,
    duration: HOUR,
    reason: 'nobody is awake',
    reviewer: ben,
    reviewBy: AT + HOUR,
    page: 'PCHECKOUT',
  },
  'break_glass.reminded': { role: ROLE, person: ana, reviewer: ben, reviewBy: AT + HOUR },
  'break_glass.unreviewed': { role: ROLE, person: ana, reviewer: ben },
  'break_glass.reviewed': { role: ROLE, person: ana, justified: true, comment: 'it was down' },
  'delegation.set': { from: ana, to: ben, until: AT + HOUR },
  'delegation.ended': { from: ana, to: ben },
  'second_factor.enrolled': { person: ana },
  'second_factor.locked': { person: ana, until: AT + HOUR },
  'second_factor.reset': { person: ana },
  'access.frozen': { reason: 'a breach', live: 2, standingSeenAt: AT },
  'access.unfrozen': {},
  'access_review.started': { review: 'AR1', dueAt: AT + HOUR, items: 3, policyHash: 'abc' },
  'access_review.answered': { review: 'AR1', role: ROLE, entitlement: 'rule 1', verdict: 'keep', comment: 'needed' },
  'access_review.reminded': { review: 'AR1', unanswered: 2, dueAt: AT + HOUR },
  'access_review.closed': { review: 'AR1', kept: 1, removed: 1, unanswered: 1 },
  'drift.found': drift,
  'drift.removed': { ...drift, kind: 'leftover', role: ROLE, grantId: 'G1' },
  'drift.gone': { ...drift, kind: 'missing', role: ROLE, grantId: 'G1' },
  'ledger.anchored': { seq: 7, hash: 'abc', key: 'def', place: 'checkpoints.jsonl' },
  'ledger.archived': {
    ledger: 'abc',
    began: AT,
    from: 1,
    to: 7,
    hash: 'abc',
    file: 'events-1-7.zip',
    sha256: 'def',
  },
  'names.erased': { slackId: 'U0ANA' },
  'ledger.damaged': { problem: 'event 3 was changed', needsLook: true },
  'alarm.raised': {
    alarm: 'overdue',
    problem: '2 to be taken back',
    since: AT,
    page: 'PSVC',
    to: [{ slackId: 'U0EVE', name: 'Eve' }],
  },
  'canary.passed': { role: ROLE, took: 3_000 },
  'canary.failed': { role: ROLE, problem: 'it could not be given: the target is down' },
  'alarm.ended': { alarm: 'disk', problem: '12 MB are free', since: AT, to: [] },
  'ledger.restored': { from: { seq: 5, hash: 'abc' }, known: { seq: 9, hash: 'def', where: 'the audit channel' } },
  'ledger.reconciled': { taken: 1, unseen: ['github (no labels)'], problem: 'the ledger was put back from a copy' },
  'ledger.looked': { problem: 'event 3 was changed', reason: 'a test of ours' },
  'bot.identified': { identity: IDENTITY, earlier: [{ ...IDENTITY, user: 'U0OLD' }] },
  'channel.forged': { channel: 'C0AUDIT', user: 'U0EVE', bot: 'B0EVE', count: 1, newest: '1.2' },
  'forwarding.shortened': { place: 'syslog', seq: 7, problem: 'too large' },
  'policy.loaded': { hash: 'abc', resources: 2, roles: 5, changes: ['payments-db/read: 2 h in place of 1 h'] },
  'bot.started': { version: '0.2.0', after: 0 },
  'bot.stopped': { signal: 'SIGTERM' },
  'event.unreadable': { was: 'grant.activated' },
};

/** @returns each kind twice: by a person with a request and a grant, and by the bot with neither */
export function everyEvent(): LedgerEvent[] {
  const about: [Actor, string | null, string | null][] = [
    [personActor({ ...ANA, ...ben }), 'R1', 'G1'],
    [BOT, null, null],
  ];
  return Object.entries(PAYLOADS).flatMap(([type, payload], index) =>
    about.map(
      ([actor, requestId, grantId], turn) =>
        ({
          seq: 2 * index + turn + 1,
          at: AT,
          type,
          actor,
          requestId,
          grantId,
          payload,
          prevHash: '0'.repeat(64),
          hash: 'f'.repeat(64),
          // Object.entries forgets which payload belongs to which type.
        }) as LedgerEvent,
    ),
  );
}
