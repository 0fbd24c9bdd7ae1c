import type { DecisionInput } from './decision.ts';
import type { Evidence, History, OnCallEntry } from './evidence.ts';
import { isGroup, type Policy } from './policy.ts';
import { HOUR, type Instant, type Known, known, MINUTE, type Millis, type Ref, unknown } from './terms.ts';

/** Times are given in steps of this length. Comparisons with its multiples come out as they did. */
const STEP: Millis = 5 * MINUTE;
const DAY: Millis = 24 * HOUR;

/**
 * A decision's input with nothing in it but what rules compare with: a field that is not named here is left out.
 * People get numbers that mean nothing in another decision. Those whom the policy names stay, because its rules
 * compare with them, and whoever reads the result reads the policy as well.
 */
export function withoutPeople(input: DecisionInput, named: ReadonlySet<string>): DecisionInput {
  const { at, personId, duration, held, evidence } = input;
  const numbers = new Map<string, string>();
  const pseudonymOf = (id: string): string => {
    if (named.has(id)) return id;
    const number = numbers.get(id) ?? `person-${numbers.size + 1}`;
    numbers.set(id, number);
    return number;
  };
  return {
    at: stepOf(at),
    personId: pseudonymOf(personId),
    // What was held until an extension was asked for ends at an exact moment: it is no bound that says how exactly.
    ...(held === undefined ? { duration } : { duration: Math.ceil(duration / STEP) * STEP, held: stepOf(held) }),
    evidence: evidenceWithout(evidence, at, pseudonymOf),
  };
}

function evidenceWithout(evidence: Evidence, at: Instant, pseudonymOf: (id: string) => string): Evidence {
  const { onCall, incident, groups, otherAccounts, othersOnCall, history, removals, signals, opa } = evidence;
  return {
    at: stepOf(at),
    onCall: inside(onCall, (entries) => shiftsAt(at, entries)),
    incident: inside(incident, ({ status, urgency, service }) => ({
      ...{ status, urgency, service: byId(service) },
      ...{ id: '', number: 0, title: '', priority: null, url: '' },
    })),
    groups: Object.fromEntries(Object.entries(groups).map(([id, isMember]) => [id, mapped(isMember, Boolean)])),
    ...(otherAccounts ? { otherAccounts: otherAccounts.map(pseudonymOf) } : {}),
    ...(othersOnCall ? { othersOnCall: mapped(othersOnCall, (entries) => shiftsAt(at, entries)) } : {}),
    history: inside(history, (past) => pastOf(past, at, pseudonymOf)),
    removals: inside(removals, (all) =>
      all.map((one) => ({
        entitlement: one.entitlement.replace(PERSON, pseudonymOf),
        by: { slackId: '', name: '' },
        at: Math.floor(one.at / DAY) * DAY,
        review: '(left out)',
      })),
    ),
    signals: inside(signals, (all) => all.map(({ kind }) => ({ kind, facts: '' }))),
    opa: inside(opa, ({ decision, reviewers, needed, max }) => ({
      ...{ decision, needed, max, reasons: [] },
      reviewers: reviewers.map((id) => (isGroup(id) ? id : pseudonymOf(id))),
    })),
  };
}

/** The people and groups that rules and freezes compare with. Others whom a file names, such as in a comment, are not. */
export function comparedWith({ resources }: Policy): ReadonlySet<string> {
  const roles = [...resources.values()].flatMap((one) => [...one.roles.values()]);
  const compared = roles.map(({ rules, freezes }) => [rules, freezes.map(({ except }) => except)]);
  return new Set([...JSON.stringify(compared).matchAll(/"([USW][A-Z0-9]{2,})"/g)].map(([, id]) => id ?? ''));
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

function pastOf({ automatic, denials, holders }: History, at: Instant, pseudonymOf: (id: string) => string): History {
  const moments = (all: History['automatic']) => all.map((one) => ({ role: one.role, at: stepsBefore(at, one.at) }));
  return {
    automatic: moments(automatic),
    denials: moments(denials),
    holders: holders.map(({ role, personId }) => ({ role, personId: pseudonymOf(personId) })),
  };
}

const stepOf = (at: Instant): Instant => Math.floor(at / STEP) * STEP;
/** Whole steps from the decision, so that how long ago it was compares as it did. */
const stepsBefore = (at: Instant, then: Instant): Instant => stepOf(at) - Math.trunc((at - then) / STEP) * STEP;

/** Passes null through. `undefined` becomes null: decisions of earlier versions lack newer facts. */
const inside = <T>(fact: Known<T> | null | undefined, change: (value: T) => T): Known<T> | null =>
  fact ? mapped(fact, change) : null;

/** Replaces the text of a problem: it comes from another system and may name anybody. */
const mapped = <T>(fact: Known<T>, change: (value: T) => T): Known<T> =>
  fact.known ? known(change(fact.value)) : unknown('not known then');

/** Replaces the name by the id, because a schedule may be named after a person. */
const byId = ({ id }: Ref): Ref => ({ id, name: id });
