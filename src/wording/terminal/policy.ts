/** `jitbot policy`: check, test, explain, replay and diff. */

import { counted } from '../../domain/text.ts';

export const CHECKED = {
  finding: (one: {
    file: string;
    line: number;
    severity: string;
    path: string;
    message: string;
    advice: string;
  }): string =>
    `${one.file}:${one.line}  ${one.severity}  ${one.path || '(file)'}\n  ${one.message}\n${one.advice && `  → ${one.advice}\n`}`,
  totals: (errors: number, warnings: number): string => `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`,
  unset: (names: readonly string[]): string => `Not set here, but needed where the bot starts: ${names.join(', ')}`,
} as const;

/** Findings of `--online`. */
export const ONLINE = {
  kinds: {
    escalation_policies: 'escalation policy',
    services: 'service',
    schedules: 'schedule',
    principal: 'person or user group',
  },
  missing: (kind: string, id: string, problem: string): string =>
    `the ${kind} ${id} does not exist or cannot be used: ${problem}`,
  unknown: (kind: string, id: string, problem: string): string =>
    `the ${kind} ${id} could not be looked up: ${problem}`,
  correct: 'correct the id',
  again: 'check again when the service answers',
  notLookedUp: 'was not looked up',
} as const;

/** Findings of `--live`. */
export const LIVE = {
  stranded: (grant: { grantId: string; role: string; name: string; place: string }): string =>
    `active access ${grant.grantId} of ${grant.name} to ${grant.role} was given at "${grant.place}", which this policy does not reach`,
  keep: 'Keep that target under retired_targets, as it was under target, until the access has ended; or end it first.',
  unread: 'which target this is was not checked, because its secrets are not in the environment',
  setThem: 'Set the variables that it names, as the bot has them.',
} as const;

export const TESTED = {
  columns: ['', 'case', 'role', 'decided'],
  decided: (decision: string, rule: number | null): string => `${decision}${rule === null ? '' : ` (rule ${rule})`}`,
  totals: (passed: number, all: number, covered: number, rules: number): string =>
    `${passed} of ${all} as expected. ${covered} of ${counted(rules, 'rule')} decided a case (${rules === 0 ? 100 : Math.round((100 * covered) / rules)} %).`,
  uncovered: (role: string, rules: readonly number[]): string =>
    `  never decided: ${role}, ${rules.map((rule) => `rule ${rule}`).join(', ')}`,
  // What differs from what a case expects
  decision: (expected: string, why: string): string => `expected ${expected}: ${why}`,
  noRole: (role: string): string => `the policy has no role ${role}`,
  rule: (rule: number | null): string => `expected ${rule === null ? 'no rule' : `rule ${rule}`} to decide`,
  until: (expected: string, found: string | null): string =>
    `expected access until ${expected}, but ${found === null ? 'there is none' : `it ends at ${found}`}`,
  reviewers: (expected: readonly string[], found: readonly string[]): string =>
    `expected the reviewers ${expected.join(', ')}, but they are ${found.join(', ') || 'nobody'}`,
  outcome: (one: { rule: number; effect: string; outcome: string; reasons: readonly string[] }): string =>
    `rule ${one.rule} (${one.effect}) ${one.outcome.replace('_', ' ')}: ${one.reasons.join('; ')}`,
} as const;

/** What is wrong with a file of cases, and what a case means. */
export const CASES = {
  noDuration: (typed: string): string => `"${typed}" is not a duration such as 30m or 1h`,
  noTime: (typed: string): string => `"${typed}" is not a date and time from 1970 to 2099, such as 2026-01-31T18:00Z`,
  none: 'expected at least one case',
  noRole: (path: string, name: string, role: string): string =>
    `${path}: case "${name}": the policy has no role ${role}`,
  isDown: (what: string): string => `${what} is down`,
  facts: 'as the case says',
} as const;

export const EXPLAINED = {
  request: (one: { id: string; seq: number; at: string; effect: string }): string =>
    `Request ${one.id}, event ${one.seq}, ${one.at}: ${one.effect}.`,
  otherPolicy: 'The policy file has changed since. This is how it decides the same request now:',
} as const;

const untoldText = (untold: number): string =>
  untold === 0 ? '' : ` Of ${untold} it cannot be told: they rest on what was not looked up then.`;

export const REPLAYED = {
  totals: (one: { decisions: number; since: string; policy: string; changed: number; untold: number }): string =>
    `${counted(one.decisions, 'decision')} since ${one.since}, decided again under ${one.policy}: ${one.changed} would be different.${untoldText(one.untold)}`,
  move: (count: number, move: string): string => `  ${count}  ${move}`,
  columns: ['event', 'when', 'request', 'who', 'role', 'decision', 'why now'],
  written: (path: string, one: { decisions: number; changed: number; untold: number }): string =>
    `${path}: ${one.changed} of ${counted(one.decisions, 'decision')} would be different.${untoldText(one.untold)}`,
  roleGone: 'the policy has no such role',
  tooLong: 'it was for longer than the role may be held',
  by: (rule: number | null, reasons: readonly string[]): string =>
    `${rule === null ? '' : `rule ${rule}: `}${reasons.join('; ')}`,
} as const;

/** `jitbot policy decisions`, and the file that it writes. */
export const EXPORTED = {
  written: (path: string, count: number): string =>
    `${path}: ${counted(count, 'decision')}, with pseudonyms for people.`,
  notJson: 'is not JSON. "jitbot policy decisions --export" writes the file',
  mistake: (place: string, problem: string): string =>
    `${place}: ${problem}. "jitbot policy decisions --export" writes the file`,
  file: 'the file',
  noTime: 'expected a time as milliseconds since 1970, before the year 2100',
  unreadable: 'expected readable characters only',
  order: 'expected each seq to be greater than the one before',
} as const;

/** The page of `policy replay --html`. Plain text: the page escapes it. */
export const REPLAY_PAGE = {
  title: 'Policy replay',
  head: (changed: number, decisions: number): string =>
    `${changed} of ${counted(decisions, 'decision')} would be different`,
  untold: (count: number): string => `Of ${count} it cannot be told: they rest on what was not looked up then.`,
  about: (since: string): string =>
    `Every decision recorded since ${since}, decided again from the same evidence, under`,
  nothing: 'Nothing changes.',
  columns: ['Event', 'When', 'Request', 'Who', 'Role', 'Decision', 'Why now'],
} as const;

export const COMPARED = {
  gains: 'GAINS: the new policy allows more',
  loses: 'LOSES: the new policy allows less',
  changes: 'CHANGES: other people decide',
  difference: (one: { role: string; situation: string; before: string; after: string }): string =>
    `  ${one.role}: ${one.situation}\n    ${one.before} → ${one.after}`,
  none: 'No situation that was tried is decided differently.',
  sampled: (one: { role: string; tried: number; of: number }): string =>
    `${one.role}: ${one.tried} of ${one.of} situations were tried; read its rules.`,
  asWritten: (lines: readonly string[]): string => `In the file:\n${lines.map((line) => `  ${line}`).join('\n')}`,
} as const;
