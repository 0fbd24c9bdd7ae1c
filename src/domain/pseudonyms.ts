import type { DecisionInput } from './decision.ts';
import type { Evidence, OnCallEntry } from './evidence.ts';
import { type Known, known, type Ref, unknown } from './terms.ts';

/**
 * A decision's input with people replaced by pseudonyms: a reader can decide it again without learning who asked.
 * Times, roles, services, schedules and groups stay, because rules compare with them.
 * @param pseudonymOf must return the same pseudonym for the same Slack id
 */
export function withoutPeople(input: DecisionInput, pseudonymOf: (id: string) => string): DecisionInput {
  const { at, personId, duration, held } = input;
  return {
    at,
    personId: pseudonymOf(personId),
    duration,
    ...(held === undefined ? {} : { held }),
    evidence: evidenceWithout(input.evidence, pseudonymOf),
  };
}

function evidenceWithout(evidence: Evidence, pseudonymOf: (id: string) => string): Evidence {
  const { at, onCall, incident, groups, otherAccounts, othersOnCall, history, removals, signals, opa } = evidence;
  return {
    at,
    onCall: inside(onCall, withoutNames),
    incident: inside(incident, (one) => ({ ...one, title: '', url: '', service: byId(one.service) })),
    groups: Object.fromEntries(Object.entries(groups).map(([id, isMember]) => [id, withoutProblem(isMember)])),
    ...(otherAccounts ? { otherAccounts: otherAccounts.map(pseudonymOf) } : {}),
    ...(othersOnCall ? { othersOnCall: mapped(othersOnCall, withoutNames) } : {}),
    history: inside(history, ({ automatic, denials, holders }) => ({
      automatic,
      denials,
      holders: holders.map(({ role, personId }) => ({ role, personId: pseudonymOf(personId) })),
    })),
    removals: inside(removals, (all) =>
      all.map((one) => ({
        ...one,
        entitlement: one.entitlement.replace(PERSON, pseudonymOf),
        by: unnamed(pseudonymOf(one.by.slackId)),
      })),
    ),
    signals: inside(signals, (all) => all.map(({ kind }) => ({ kind, facts: '' }))),
    opa: inside(opa, (answer) => ({ ...answer, reasons: [], reviewers: answer.reviewers.map(pseudonymOf) })),
  };
}

/** Slack user ids in text: the text of a removed rule may name people whom the current policy does not. */
const PERSON = /\b[UW][A-Z0-9]{2,}\b/g;

/** Passes null through. `undefined` becomes null: decisions of earlier versions lack newer facts. */
const inside = <T>(fact: Known<T> | null | undefined, change: (value: T) => T): Known<T> | null =>
  fact ? mapped(fact, change) : null;

const mapped = <T>(fact: Known<T>, change: (value: T) => T): Known<T> =>
  fact.known ? known(change(fact.value)) : withoutProblem(fact);

/** Replaces the text of a problem: it comes from another system and may name anybody. */
const withoutProblem = <T>(fact: Known<T>): Known<T> => (fact.known ? fact : unknown('not known then'));

const withoutNames = (entries: readonly OnCallEntry[]): OnCallEntry[] =>
  entries.map((entry) => ({
    ...entry,
    escalationPolicy: byId(entry.escalationPolicy),
    services: entry.services.map(byId),
    schedule: entry.schedule && byId(entry.schedule),
  }));

/** Replaces the name by the id, because a schedule may be named after a person. */
const byId = ({ id }: Ref): Ref => ({ id, name: id });

const unnamed = (slackId: string) => ({ slackId, name: slackId });
