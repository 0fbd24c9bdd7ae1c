/**
 * Test cases next to a policy: who asks for what and when, what PagerDuty says, and the expected decision.
 * docs/policy-tools.md
 */

import { dirname, join, parse } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../config/configError.ts';
import { readTextFile } from '../../config/readFile.ts';
import { readYaml } from '../../config/yaml.ts';
import type { DecisionInput } from '../../domain/decision.ts';
import { parseDuration } from '../../domain/duration.ts';
import type { Evidence, OpaAnswer } from '../../domain/evidence.ts';
import { INCIDENT_STATUSES, URGENCIES } from '../../domain/incident.ts';
import { findRole, type Policy, type Role } from '../../domain/policy.ts';
import { REQUEST_SIGNALS } from '../../domain/signals.ts';
import { HOUR, type Instant, type Known, known, unknown } from '../../domain/terms.ts';
import { CASES } from '../../wording/terminal/policy.ts';
import { FILES, PROBLEMS } from '../../wording/terminal/problems.ts';

const duration = z.string().transform((text, ctx) => {
  const ms = parseDuration(text);
  if (ms === null) ctx.addIssue({ code: 'custom', message: CASES.noDuration(text) });
  return ms ?? 0;
});
/** Durations can be added to any time before it. */
const BEFORE_2100 = Date.UTC(2100, 0, 1);
const instant = z.string().transform((text, ctx) => {
  const at = Date.parse(text);
  if (!(at >= 0 && at < BEFORE_2100)) ctx.addIssue({ code: 'custom', message: CASES.noTime(text) });
  return at;
});
const DOWN = z.literal('down');

const shift = z.strictObject({
  escalation_policy: z.string(),
  level: z.number().int().min(1).default(1),
  schedule: z.string().optional(),
  services: z.array(z.string()).default([]),
  /** How long ago the shift began. Without it, it has always been. */
  since: duration.optional(),
  /** How much longer the shift lasts. Without it, it never ends. */
  left: duration.optional(),
  override: z.boolean().default(false),
});
const incident = z.strictObject({
  service: z.string(),
  status: z.enum(INCIDENT_STATUSES).default('triggered'),
  urgency: z.enum(URGENCIES).default('high'),
});
const past = z.strictObject({ role: z.string(), ago: duration });
const signal = z.enum(REQUEST_SIGNALS);
const opa = z.strictObject({
  decision: z.enum(['allow', 'ask', 'deny']),
  reviewers: z.array(z.string()).default([]),
  needed: z.number().int().default(1),
  maximum: duration.optional(),
});

const caseSchema = z.strictObject({
  name: z.string().min(1),
  role: z.string(),
  person: z
    .strictObject({ id: z.string().default('U0NOBODY'), groups: z.array(z.string()).default([]) })
    .default({ id: 'U0NOBODY', groups: [] }),
  at: instant.optional(),
  duration: duration.optional(),
  on_call: z.union([DOWN, z.array(shift)]).default([]),
  incident: z.union([DOWN, incident]).optional(),
  history: z
    .union([
      DOWN,
      z.strictObject({
        automatic: z.array(past).default([]),
        denials: z.array(past).default([]),
        holders: z.array(z.strictObject({ role: z.string(), person: z.string() })).default([]),
      }),
    ])
    .default({ automatic: [], denials: [], holders: [] }),
  signals: z.union([DOWN, z.array(signal)]).default([]),
  opa: z.union([DOWN, opa]).optional(),
  expect: z.strictObject({
    decision: z.enum(['allow', 'ask', 'deny']),
    rule: z.number().int().min(1).nullable().optional(),
    until: instant.optional(),
    reviewers: z.array(z.string()).optional(),
  }),
});
export type Case = z.output<typeof caseSchema>;

const fileSchema = z.strictObject({
  at: instant.optional(),
  cases: z.array(caseSchema).min(1, CASES.none),
});

/** The time of cases without one: a Thursday, noon. */
const USUAL_TIME = Date.UTC(2026, 0, 15, 12);

export interface CaseFile {
  readonly path: string;
  readonly at: Instant;
  readonly cases: readonly Case[];
}

/** `policy.yaml` has its cases in `policy.tests.yaml`. */
export const casesBeside = (policyFile: string): string => {
  const { name, ext } = parse(policyFile);
  return join(dirname(policyFile), `${name}.tests${ext}`);
};

/** @throws ConfigError */
export function readCases(path: string): CaseFile {
  const read = readYaml(readTextFile(path, FILES.cases));
  if ('problem' in read) throw new ConfigError(PROBLEMS.of(`${path}:${read.line}`, read.problem));
  const parsed = fileSchema.safeParse(read.value);
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${path}  ${issue.path.join('.')}  ${issue.message}`).join('\n'),
    );
  return { path, at: parsed.data.at ?? USUAL_TIME, cases: parsed.data.cases };
}

/** The input that a case is decided with. @throws ConfigError if the policy lacks its role */
export function caseInput(policy: Policy, one: Case, file: CaseFile): { role: Role; input: DecisionInput } {
  const role = findRole(policy, one.role);
  if (!role) throw new ConfigError(CASES.noRole(file.path, one.name, one.role));
  const at = one.at ?? file.at;
  return {
    role,
    input: {
      at,
      personId: one.person.id,
      duration: one.duration ?? Math.min(role.duration.default, role.duration.max, 24 * HOUR),
      evidence: evidenceOf(one, role, at),
    },
  };
}

const named = (id: string) => ({ id, name: id });

/** What a case says about one source of evidence, or null if it says nothing. */
const when = <T, R>(value: T | 'down' | undefined, what: string, use: (value: T) => R): Known<R> | null =>
  value === undefined ? null : value === 'down' ? unknown(CASES.isDown(what)) : known(use(value as T));

function evidenceOf(one: Case, role: Role, at: Instant): Evidence {
  return {
    at,
    onCall: when(one.on_call, 'PagerDuty', (shifts) =>
      shifts.map((entry) => ({
        escalationPolicy: named(entry.escalation_policy),
        services: entry.services.map(named),
        schedule: entry.schedule === undefined ? null : named(entry.schedule),
        level: entry.level,
        start: entry.since === undefined ? null : at - entry.since,
        end: entry.left === undefined ? null : at + entry.left,
        isOverride: entry.override,
      })),
    ),
    incident: when(one.incident, 'PagerDuty', ({ service, status, urgency }) => ({
      id: 'PINC',
      number: 1,
      title: 'an incident',
      status,
      urgency,
      priority: null,
      service: named(service),
      url: '',
    })),
    // Every group that a rule names is known: the person is in those that the case lists, and in no other.
    groups: groupsOf(role, one.person.groups),
    history: when(one.history, 'the database', (history) => ({
      automatic: history.automatic.map(({ role: key, ago }) => ({ role: key, at: at - ago })),
      denials: history.denials.map(({ role: key, ago }) => ({ role: key, at: at - ago })),
      holders: history.holders.map(({ role: key, person }) => ({ role: key, personId: person })),
    })),
    removals: null,
    signals: when(one.signals, 'the database', (kinds) => kinds.map((kind) => ({ kind, facts: CASES.facts }))),
    opa: when(
      one.opa,
      'Open Policy Agent',
      ({ decision, reviewers, needed, maximum }): OpaAnswer => ({
        decision,
        reasons: [],
        reviewers,
        needed,
        max: maximum ?? null,
      }),
    ),
  };
}

const groupsOf = (role: Role, groups: readonly string[]): Record<string, Known<boolean>> => {
  const asked = JSON.stringify([role.rules, role.freezes]).match(/"S[A-Z0-9]{2,20}"/g) ?? [];
  return Object.fromEntries(
    [...new Set(asked)].map((quoted) => quoted.slice(1, -1)).map((id) => [id, known(groups.includes(id))]),
  );
};
