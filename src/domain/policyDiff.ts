/** Compares the meaning of two policies: the same situations, decided by both. */

import type { DecisionInput } from './decision.ts';
import { evaluatePolicy } from './evaluate.ts';
import type { OnCallEntry } from './evidence.ts';
import { INCIDENT_STATUSES, URGENCIES } from './incident.ts';
import { type Condition, isGroup, type Policy, type Principal, type Role, roleKey, type Test } from './policy.ts';
import { type RequestSignal, SIGNAL_NAMES } from './signals.ts';
import { durationText, HOUR, known, MINUTE, type Millis, type RoleKey } from './terms.ts';

/** A situation in which the two policies decide differently. */
export interface Difference {
  readonly role: RoleKey;
  readonly situation: string;
  readonly before: string;
  readonly after: string;
  /** More is allowed than before, less, or the same by other people. */
  readonly direction: 'gains' | 'loses' | 'changes';
}

/** Maximum of situations tried per role; more are sampled evenly. */
const MOST_SITUATIONS = 20_000;

export function differencesOf(before: Policy, after: Policy): Difference[] {
  const keys = new Set([...rolesOf(before).keys(), ...rolesOf(after).keys()]);
  return [...keys].sort().flatMap((key) => roleDifferences(key, rolesOf(before).get(key), rolesOf(after).get(key)));
}

const rolesOf = (policy: Policy): ReadonlyMap<string, Role> =>
  new Map(
    [...policy.resources.values()].flatMap((resource) =>
      [...resource.roles.values()].map((role) => [roleKey(role), role]),
    ),
  );

function roleDifferences(key: string, before: Role | undefined, after: Role | undefined): Difference[] {
  const situations = situationsFor([before, after].flatMap((role) => role ?? []));
  const found = new Map<string, { difference: Difference; size: number }>();
  for (const { text, input, size } of situations) {
    const [a, b] = [outcomeOf(before, input), outcomeOf(after, input)];
    if (a === b) continue;
    const direction = rank(b) > rank(a) ? 'gains' : rank(b) < rank(a) ? 'loses' : 'changes';
    // The simplest situation represents all that change in the same way.
    const same = `${a} → ${b}`;
    const known = found.get(same);
    if (!known || size < known.size)
      found.set(same, { difference: { role: key, situation: text, before: a, after: b, direction }, size });
  }
  return [...found.values()].map(({ difference }) => difference);
}

/** How much an outcome allows. */
const rank = (outcome: string): number => ['deny', 'ask', 'allow'].indexOf(outcome.split(' ')[0] ?? '');

function outcomeOf(role: Role | undefined, input: DecisionInput): string {
  if (!role) return 'deny (no such role)';
  if (input.duration > role.duration.max) return `deny (at most ${durationText(role.duration.max)})`;
  if (role.opa) return 'deny (Open Policy Agent decides; not compared)';
  const decision = evaluatePolicy(role, input);
  if (decision.effect !== 'ask') return decision.effect;
  return `ask ${decision.stages.map(({ reviewers, needed }) => `${needed} of ${reviewers.join(', ')}`).join(' and ')}`;
}

interface Situation {
  readonly text: string;
  readonly input: DecisionInput;
  /** Number of its special circumstances. */
  readonly size: number;
}

type Choice<T> = { readonly text: string | null; readonly value: T };

/** Every combination of the values that the rules depend on, at and just past each limit. */
function situationsFor(roles: readonly Role[]): Situation[] {
  const tests = roles.flatMap((role) => role.rules.flatMap((rule) => flat(rule.when)));
  const principals = [...new Set(tests.flatMap((test) => (test.kind === 'members_of' ? test.principals : [])))];
  const people: Choice<Principal | null>[] = [
    { text: null, value: null },
    ...principals.map((id) => ({ text: isGroup(id) ? `a member of ${id}` : `the person ${id}`, value: id })),
  ];
  const shifts = onCallChoices(tests);
  const incidents = incidentChoices(tests);
  const durations = durationChoices(roles, tests);
  const times = timeChoices(tests);
  const behaviours = signalChoices(tests);
  const all: Situation[] = [];
  const total = [people, shifts, incidents, durations, times, behaviours].reduce(
    (product, { length }) => product * length,
    1,
  );
  const every = strideOver(total);
  let count = 0;
  for (const person of people)
    for (const shift of shifts)
      for (const incident of incidents)
        for (const duration of durations)
          for (const time of times)
            for (const behaviour of behaviours) {
              const isTried = count % every === 0;
              count += 1;
              if (!isTried) continue;
              const texts = [person.text, shift.text, incident.text, duration.text, time.text, behaviour.text].filter(
                (text) => text !== null,
              );
              all.push({
                text: texts.join(', ') || 'anybody, off call, at any time',
                size: texts.length,
                input: {
                  at: time.value,
                  personId: person.value !== null && !isGroup(person.value) ? person.value : 'U0NOBODY',
                  duration: duration.value,
                  evidence: {
                    at: time.value,
                    onCall: known(shift.value ? [shift.value] : []),
                    incident: incident.value && known(incident.value),
                    groups: Object.fromEntries(
                      principals.filter(isGroup).map((id) => [id, known(id === person.value)]),
                    ),
                    history: known({ automatic: [], denials: [], holders: [] }),
                    removals: known([]),
                    signals: known(behaviour.value.map((kind) => ({ kind, facts: SIGNAL_NAMES[kind] }))),
                    opa: null,
                  },
                },
              });
            }
  return all;
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
              text: `on call at level ${level} for ${nameOf(policy, 'another escalation policy')}${schedule ? ` on ${nameOf(schedule, 'another schedule')}` : ''}${service ? ` for the service ${nameOf(service, 'that no rule names')}` : ''}${isOverride ? ' by an override' : ''}`,
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

function incidentChoices(tests: readonly Test[]) {
  const asked = tests.flatMap((test) => (test.kind === 'incident' ? [test] : []));
  if (asked.length === 0) return [{ text: null, value: null }];
  const services = [...new Set(asked.flatMap((test) => test.services ?? [])), ELSEWHERE];
  return [
    { text: null, value: null },
    ...services.flatMap((service) =>
      INCIDENT_STATUSES.flatMap((status) =>
        URGENCIES.map((urgency) => ({
          text: `for a ${status} incident of ${urgency} urgency on ${nameOf(service, 'another service')}`,
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
    ...kinds.map((kind) => ({ text: `with a signal of ${SIGNAL_NAMES[kind]}`, value: [kind] })),
  ];
}

function timeChoices(tests: readonly Test[]): Choice<number>[] {
  // A Monday. Hours are tried every half hour of the week, and reduced to those where a test changes its outcome.
  const monday = Date.UTC(2026, 0, 5);
  if (!tests.some(({ kind }) => kind === 'hours')) return [{ text: null, value: monday }];
  return Array.from({ length: 7 * 8 }, (_, index) => {
    const value = monday + index * 3 * HOUR;
    return { text: `at ${new Date(value).toUTCString().slice(0, 22)} UTC`, value };
  });
}
