import { REASONS } from '../wording/reasons/decisions.ts';
import type { DecisionInput } from './decision.ts';
import type { Evidence, History, OnCallEntry } from './evidence.ts';
import { isGroup, type Policy, principalsOf } from './policy.ts';
import { ruleText } from './policyText.ts';
import { HOUR, type Instant, type Known, known, MINUTE, type Millis, type Ref, unknown } from './terms.ts';

/** Times are given in steps of this length. Comparisons with its multiples come out as they did. */
const STEP: Millis = 5 * MINUTE;
const DAY: Millis = 24 * HOUR;

/**
 * A decision's input with nothing in it but what rules compare with: a field that is not named here is left out.
 * People get numbers that mean nothing in another decision. Those whom a rule compares the requester with stay: whoever
 * reads the result reads the policy as well.
 */
export function withoutPeople(input: DecisionInput, policy: PolicyIds): DecisionInput {
  const { at, personId, duration, held, evidence } = input;
  const people = pseudonymsFor(personId, policy);
  return {
    at: stepOf(at),
    personId: people.requester(personId),
    // What was held until an extension was asked for ends at an exact moment: it is no bound that says how exactly.
    ...(held === undefined ? { duration } : { duration: Math.ceil(duration / STEP) * STEP, held: stepOf(held) }),
    evidence: evidenceWithout(evidence, at, people),
  };
}

type Pseudonyms = ReturnType<typeof pseudonymsFor>;

function pseudonymsFor(personId: string, { compared, written }: PolicyIds) {
  const numbers = new Map<string, string>();
  const numberOf = (id: string): string => {
    const number = numbers.get(id) ?? `person-${numbers.size + 1}`;
    numbers.set(id, number);
    return number;
  };
  const requester = (id: string): string => (compared.has(id) ? id : numberOf(id));
  return {
    /** Of the requester's accounts: rules compare them with ids. */
    requester,
    /** Of others: they are only counted, and told from the requester. */
    other: (id: string): string => (id === personId ? requester(id) : numberOf(id)),
    /** Of people in the text of a rule, which is compared with that of the policy's rules. */
    inRule: (text: string): string => text.replace(PERSON, (id) => (written.has(id) ? id : numberOf(id))),
  };
}

function evidenceWithout(evidence: Evidence, at: Instant, people: Pseudonyms): Evidence {
  const { onCall, incident, groups, otherAccounts, othersOnCall, history, removals, signals, opa } = evidence;
  return {
    at: stepOf(at),
    onCall: inside(onCall, (entries) => shiftsAt(at, entries)),
    incident: inside(incident, ({ status, urgency, service }) => ({
      ...{ status, urgency, service: byId(service) },
      ...{ id: '', number: 0, title: '', priority: null, url: '' },
    })),
    groups: Object.fromEntries(Object.entries(groups).map(([id, isMember]) => [id, mapped(isMember, Boolean)])),
    ...(otherAccounts ? { otherAccounts: otherAccounts.map(people.requester) } : {}),
    ...(othersOnCall ? { othersOnCall: mapped(othersOnCall, (entries) => shiftsAt(at, entries)) } : {}),
    history: inside(history, (past) => pastOf(past, at, people)),
    removals: inside(removals, (all) =>
      all.map((one) => ({
        entitlement: people.inRule(one.entitlement),
        by: { slackId: '', name: '' },
        at: Math.floor(one.at / DAY) * DAY,
        review: '(left out)',
      })),
    ),
    signals: inside(signals, (all) => all.map(({ kind }) => ({ kind, facts: '' }))),
    opa: inside(opa, ({ decision, reviewers, needed, max }) => ({
      ...{ decision, needed, max, reasons: [] },
      reviewers: reviewers.map((id) => (isGroup(id) ? id : people.other(id))),
    })),
  };
}

/** Ids of people and groups in a policy. */
export interface PolicyIds {
  /** Those that a rule or a freeze compares the requester with. */
  readonly compared: ReadonlySet<string>;
  /** Those in the text of a rule, such as its reviewers. */
  readonly written: ReadonlySet<string>;
}

export function idsOf({ resources }: Pick<Policy, 'resources'>): PolicyIds {
  const roles = [...resources.values()].flatMap((one) => [...one.roles.values()]);
  const compared = roles.flatMap(({ rules, freezes }) => [
    ...rules.flatMap(({ when }) => principalsOf(when)),
    ...freezes.flatMap(({ except }) => except),
  ]);
  const written = roles.flatMap(({ rules }) => rules.flatMap((rule) => ruleText(rule).match(PERSON) ?? []));
  return { compared: new Set(compared), written: new Set(written) };
}

/** Slack user ids in text: the text of a removed rule may name people whom the current policy does not. */
const PERSON = /\b[UW][A-Z0-9]{2,}\b/g;

/** The current shifts, because no other one is evidence. When they end does not matter to a rule. */
const shiftsAt = (at: Instant, entries: readonly OnCallEntry[]): OnCallEntry[] =>
  entries
    .filter(({ start, end }) => (start ?? at) <= at && (end === null || end > at))
    .map(({ escalationPolicy, services, schedule, level, start, isOverride }) => ({
      ...{ level, isOverride, end: null },
      escalationPolicy: byId(escalationPolicy),
      services: services.map(byId),
      schedule: schedule && byId(schedule),
      start: start === null ? null : stepsBefore(at, start),
    }));

function pastOf({ automatic, denials, holders }: History, at: Instant, people: Pseudonyms): History {
  const moments = (all: History['automatic']) => all.map((one) => ({ role: one.role, at: stepsBefore(at, one.at) }));
  return {
    automatic: moments(automatic),
    denials: moments(denials),
    holders: holders.map(({ role, personId }) => ({ role, personId: people.other(personId) })),
  };
}

export const stepOf = (at: Instant): Instant => Math.floor(at / STEP) * STEP;
/** Whole steps from the decision, so that how long ago it was compares as it did. */
const stepsBefore = (at: Instant, then: Instant): Instant => stepOf(at) - Math.trunc((at - then) / STEP) * STEP;

/** Passes null through. `undefined` becomes null: decisions of earlier versions lack newer facts. */
const inside = <T>(fact: Known<T> | null | undefined, change: (value: T) => T): Known<T> | null =>
  fact ? mapped(fact, change) : null;

/** Replaces the text of a problem: it comes from another system and may name anybody. */
const mapped = <T>(fact: Known<T>, change: (value: T) => T): Known<T> =>
  fact.known ? known(change(fact.value)) : unknown(REASONS.notKnownThen);

/** Replaces the name by the id, because a schedule may be named after a person. */
const byId = ({ id }: Ref): Ref => ({ id, name: id });
