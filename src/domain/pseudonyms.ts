import type { DecisionInput } from './decision.ts';
import type { Evidence, OnCallEntry } from './evidence.ts';
import { type Known, known, type Ref, unknown } from './terms.ts';

/**
 * A decision's input without people: whoever reads it can decide again, and learns who asked for
 * nothing. Times, roles, services, schedules and groups stay, because rules compare with them.
 * `pseudonymOf` gives the same for the same Slack id.
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

/** A removed rule may name people whom the policy of today does not. */
const PERSON = /\b[UW][A-Z0-9]{2,}\b/g;

/** Decisions of earlier versions lack what did not exist yet. */
const inside = <T>(fact: Known<T> | null | undefined, change: (value: T) => T): Known<T> | null =>
  fact ? mapped(fact, change) : null;

const mapped = <T>(fact: Known<T>, change: (value: T) => T): Known<T> =>
  fact.known ? known(change(fact.value)) : withoutProblem(fact);

/** What was not known stays so; the words are another system's, and may name anybody. */
const withoutProblem = <T>(fact: Known<T>): Known<T> => (fact.known ? fact : unknown('not known then'));

const withoutNames = (entries: readonly OnCallEntry[]): OnCallEntry[] =>
  entries.map((entry) => ({
    ...entry,
    escalationPolicy: byId(entry.escalationPolicy),
    services: entry.services.map(byId),
    schedule: entry.schedule && byId(entry.schedule),
  }));

/** A schedule may bear a person's name. */
const byId = ({ id }: Ref): Ref => ({ id, name: id });

const unnamed = (slackId: string) => ({ slackId, name: slackId });
