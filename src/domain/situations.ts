/** Situations to try a policy in: the values that its rules can tell apart, in every combination. */

import { SITUATIONS } from '../wording/reasons/policyChanges.ts';
import type { DecisionInput } from './decision.ts';
import type { OnCallEntry } from './evidence.ts';
import { INCIDENT_STATUSES, type Incident, URGENCIES } from './incident.ts';
import { type Condition, isGroup, type Principal, type Role, type Test } from './policy.ts';
import { type RequestSignal, SIGNAL_NAMES } from './signals.ts';
import { durationText, HOUR, known, MINUTE, type Millis } from './terms.ts';
import { isWithinHours } from './weekHours.ts';

const WEEK: Millis = 7 * 24 * HOUR;
const HOURS_STEP: Millis = 5 * MINUTE;

export interface Situation {
  readonly text: string;
  readonly input: DecisionInput;
  /** Number of its special circumstances. */
  readonly size: number;
  /** The people and places of the rules that it is about. */
  readonly names: readonly string[];
  /** What else is special about it. */
  readonly marks: readonly string[];
}

interface Choice<T> {
  readonly text: string | null;
  readonly value: T;
  readonly names?: readonly string[];
  /** Without them, its text is its mark. */
  readonly marks?: readonly string[];
}

/** Maximum of situations tried per role; more are sampled evenly. */
const MOST_SITUATIONS = 20_000;

/** Every combination of the values that the rules depend on, at and just past each limit. */
export function situationsFor(roles: readonly Role[]): Situation[] {
  const { principals, choices, total } = choicesFor(roles);
  const every = strideOver(total);
  return Array.from({ length: Math.ceil(total / every) }, (_, index) =>
    situationAt(choices, index * every, principals),
  );
}

/** How many situations are tried, and how many there are. */
export function sampleOf(roles: readonly Role[]): { readonly tried: number; readonly of: number } {
  const { total } = choicesFor(roles);
  return { tried: Math.ceil(total / strideOver(total)), of: total };
}

type Choices = ReturnType<typeof choicesFor>['choices'];

function choicesFor(roles: readonly Role[]) {
  const tests = roles.flatMap((role) => role.rules.flatMap((rule) => flat(rule.when)));
  const principals = [...new Set(tests.flatMap((test) => (test.kind === 'members_of' ? test.principals : [])))];
  const people: Choice<Principal | null>[] = [
    { text: null, value: null },
    ...principals.map((id) => ({
      ...{ text: isGroup(id) ? SITUATIONS.member(id) : SITUATIONS.person(id), value: id },
      ...{ names: [id], marks: [] },
    })),
  ];
  const choices = {
    person: people,
    shift: onCallChoices(tests),
    incident: incidentChoices(tests),
    duration: durationChoices(roles, tests),
    time: timeChoices(tests),
    behaviour: signalChoices(tests),
  };
  return { principals, choices, total: Object.values(choices).reduce((product, { length }) => product * length, 1) };
}

/** @param number of the combination: the last choice changes first */
function situationAt(choices: Choices, number: number, principals: readonly Principal[]): Situation {
  let rest = number;
  const pick = <T>(all: readonly Choice<T>[]): Choice<T> => {
    const [one] = all.slice(rest % all.length);
    rest = Math.floor(rest / all.length);
    if (!one) throw new Error('no values');
    return one;
  };
  const behaviour = pick(choices.behaviour);
  const time = pick(choices.time);
  const duration = pick(choices.duration);
  const incident = pick(choices.incident);
  const shift = pick(choices.shift);
  const person = pick(choices.person);
  const special = [person, shift, incident, duration, time, behaviour].filter(({ text }) => text !== null);
  const id = person.value;
  return {
    text: special.map(({ text }) => text).join(', ') || SITUATIONS.anybody,
    size: special.length,
    names: special.flatMap(({ names = [] }) => names),
    marks: special.flatMap(({ text, marks }) => marks ?? (text === null ? [] : [text])),
    input: {
      at: time.value,
      personId: id !== null && !isGroup(id) ? id : 'U0NOBODY',
      duration: duration.value,
      evidence: {
        at: time.value,
        onCall: known(shift.value ? [shift.value] : []),
        incident: incident.value && known(incident.value),
        groups: Object.fromEntries(principals.filter(isGroup).map((group) => [group, known(group === id)])),
        history: known({ automatic: [], denials: [], holders: [] }),
        removals: known([]),
        signals: known(behaviour.value.map((kind) => ({ kind, facts: SIGNAL_NAMES[kind] }))),
        opa: null,
      },
    },
  };
}

/** The sampling stride: never in step with a choice, or the sample would always have the same value of it. */
function strideOver(total: number): number {
  let stride = Math.ceil(total / MOST_SITUATIONS);
  while (commonDivisor(total, stride) > 1) stride += 1;
  return stride;
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** Something at PagerDuty that no rule names. */
const ELSEWHERE = 'PELSEWHERE';
const nameOf = (id: string, other: string): string => (id === ELSEWHERE ? other : id);
const named = (ids: readonly (string | null)[]): string[] =>
  ids.flatMap((id) => (id === null || id === ELSEWHERE ? [] : [id]));

const flat = (condition: Condition): Test[] =>
  condition.flatMap((test) => (test.kind === 'unless' ? flat(test.condition) : [test]));

function onCallChoices(tests: readonly Test[]): Choice<OnCallEntry | null>[] {
  const onCall = tests.flatMap((test) => (test.kind === 'on_call' ? [test] : []));
  const lists = (pick: (test: (typeof onCall)[number]) => readonly string[] | null) => [
    ...new Set(onCall.flatMap((test) => pick(test) ?? [])),
    ELSEWHERE,
  ];
  const levels = [
    ...new Set(onCall.flatMap(({ minLevel, maxLevel }) => [minLevel, maxLevel + 1]).filter(Number.isFinite)),
  ];
  const overrides = onCall.some(({ planned }) => planned) ? [false, true] : [false];
  const choices: Choice<OnCallEntry | null>[] = [{ text: null, value: null }];
  for (const policy of lists((test) => test.escalationPolicies))
    for (const schedule of onCall.some((test) => test.schedules) ? lists((test) => test.schedules) : [null])
      for (const service of onCall.some((test) => test.services) ? lists((test) => test.services) : [null])
        for (const level of levels)
          for (const isOverride of overrides)
            choices.push({
              names: named([policy, schedule, service]),
              marks: ['on call', `level ${level}`, ...(isOverride ? ['override'] : [])],
              text: SITUATIONS.onCall({
                level,
                policy: nameOf(policy, SITUATIONS.otherPolicy),
                schedule: schedule && nameOf(schedule, SITUATIONS.otherSchedule),
                service: service && nameOf(service, SITUATIONS.otherService),
                isOverride,
              }),
              value: {
                escalationPolicy: { id: policy, name: policy },
                services: service ? [{ id: service, name: service }] : [],
                // Somebody long on a schedule, so that neither tenure nor a planned turn fails.
                schedule: { id: schedule ?? ELSEWHERE, name: schedule ?? ELSEWHERE },
                level,
                start: 0,
                end: null,
                isOverride,
              },
            });
  return choices;
}

function incidentChoices(tests: readonly Test[]): Choice<Incident | null>[] {
  const asked = tests.flatMap((test) => (test.kind === 'incident' ? [test] : []));
  if (asked.length === 0) return [{ text: null, value: null }];
  const services = [...new Set(asked.flatMap((test) => test.services ?? [])), ELSEWHERE];
  return [
    { text: null, value: null },
    ...services.flatMap((service) =>
      INCIDENT_STATUSES.flatMap((status) =>
        URGENCIES.map((urgency) => ({
          names: named([service]),
          marks: [`${status} incident`, `${urgency} urgency`],
          text: SITUATIONS.incident(status, urgency, nameOf(service, SITUATIONS.otherIncidentService)),
          value: {
            id: 'P',
            number: 1,
            title: '',
            status,
            urgency,
            priority: null,
            service: { id: service, name: service },
            url: '',
          },
        })),
      ),
    ),
  ];
}

function durationChoices(roles: readonly Role[], tests: readonly Test[]): Choice<Millis>[] {
  const bounds = [
    ...roles.map(({ duration }) => duration.max),
    ...tests.flatMap((test) => (test.kind === 'duration' ? [test.max, test.max + MINUTE] : [])),
  ];
  const values = [...new Set(bounds)].sort((a, b) => a - b);
  return values.map((value, index) => ({ text: index === 0 ? null : `for ${durationText(value)}`, value }));
}

function signalChoices(tests: readonly Test[]): Choice<readonly RequestSignal[]>[] {
  const kinds = [...new Set(tests.flatMap((test) => (test.kind === 'signals' ? test.signals : [])))];
  return [
    { text: null, value: [] },
    ...kinds.map((kind) => ({ text: SITUATIONS.signal(SIGNAL_NAMES[kind]), value: [kind] })),
  ];
}

/** The first moment of a week for each way in which hours come out, so that none is too short to be seen. */
function timeChoices(tests: readonly Test[]): Choice<number>[] {
  const monday = Date.UTC(2026, 0, 5);
  const hours = tests.flatMap((test) => (test.kind === 'hours' ? [test] : []));
  if (hours.length === 0) return [{ text: null, value: monday }];
  const moments = new Map<string, number>();
  for (let value = monday; value < monday + WEEK; value += HOURS_STEP) {
    const outcomes = hours.map((one) => isWithinHours(one, value)).join();
    if (!moments.has(outcomes)) moments.set(outcomes, value);
  }
  return [...moments.values()].map((value) => ({
    text: SITUATIONS.at(new Date(value).toUTCString().slice(0, 22)),
    value,
  }));
}
