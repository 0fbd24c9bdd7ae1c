import { IANAZone } from 'luxon';
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { INCIDENT_STATUSES, URGENCIES } from '../domain/evidence.ts';
import {
  type Condition,
  type EscalationStep,
  type OpaTarget,
  RISKS,
  type Rule,
  type Stage,
  type Test,
} from '../domain/policy.ts';
import { HOUR, SECOND } from '../domain/terms.ts';

/** What the policy file may say. docs/policy.md describes every field. */

const DEFAULT_REQUEST_EXPIRY = HOUR;
const DEFAULT_OPA_TIMEOUT = SECOND;
const DEFAULT_REASON_MIN_LENGTH = 1;

const duration = z.string({ error: 'expected a duration such as 30m, 1h or 1h30m' }).transform((text, ctx) => {
  const ms = parseDuration(text);
  if (ms === null || ms === 0)
    ctx.addIssue({ code: 'custom', message: `expected a duration such as 30m, 1h or 1h30m, not "${text}"` });
  return ms ?? 0;
});

const principal = z
  .string()
  .regex(
    /^[USW][A-Z0-9]{2,20}$/,
    'expected the id of a Slack user (U…) or user group (S…), or the name of one of groups',
  );
const account = z.string().regex(/^[UW][A-Z0-9]{2,20}$/, 'expected the id of a Slack user (U…)');
const channel = z.string().regex(/^[CG][A-Z0-9]{2,20}$/, 'expected the id of a Slack channel (C…)');
const pagerDutyId = z.string().regex(/^[A-Z0-9]{3,20}$/, 'expected an id from PagerDuty, such as PABC123');
const ids = z.array(pagerDutyId).min(1, 'an empty list would match nothing; leave the field out or name one');
/** What resources and roles may be called. Slack shows both in option values, which are limited to 75 characters. */
export const NAME = {
  pattern: /^[a-z0-9][a-z0-9_-]{0,35}$/,
  expected: 'expected a name of at most 36 small letters, digits, - and _',
};
const label = z.string().min(1).max(70, 'expected at most 70 characters');

const level = z
  .strictObject({
    min: z.number().int().min(1, 'levels start at 1').default(1),
    max: z.number().int().min(1, 'levels start at 1').optional(),
  })
  .refine(({ min, max }) => max === undefined || min <= max, 'min is above max: nobody could match');

const onCall = z
  .strictObject({
    escalation_policies: ids.optional(),
    schedules: ids.optional(),
    services: ids.optional(),
    level: level.optional(),
    tenure: duration.optional(),
    planned: z.boolean().default(false),
  })
  .transform(
    (test): Test => ({
      kind: 'on_call',
      escalationPolicies: test.escalation_policies ?? null,
      schedules: test.schedules ?? null,
      services: test.services ?? null,
      minLevel: test.level?.min ?? 1,
      maxLevel: test.level?.max ?? Number.POSITIVE_INFINITY,
      tenure: test.tenure ?? 0,
      planned: test.planned,
    }),
  );

const incident = z
  .strictObject({
    services: ids.optional(),
    status: z.array(z.enum(INCIDENT_STATUSES)).min(1).default(['triggered', 'acknowledged']),
    urgency: z.array(z.enum(URGENCIES)).min(1).optional(),
  })
  .transform(
    (test): Test => ({
      kind: 'incident',
      services: test.services ?? null,
      statuses: test.status,
      urgencies: test.urgency ?? null,
    }),
  );

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'expected a time such as 09:00, in quotes')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const hours = z
  .strictObject({
    time_zone: z
      .string()
      .refine((zone) => IANAZone.isValidZone(zone), 'expected an IANA time zone such as Europe/Berlin'),
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .default([...DAYS]),
    from: timeOfDay,
    to: timeOfDay,
  })
  .refine(({ from, to }) => from !== to, 'from and to are the same')
  .transform(
    (test): Test => ({
      kind: 'hours',
      timeZone: test.time_zone,
      days: test.days.map((day) => DAYS.indexOf(day) + 1),
      from: test.from,
      to: test.to,
    }),
  );

const tests = {
  on_call: onCall.optional(),
  incident: incident.optional(),
  members_of: z
    .array(principal)
    .transform((principals): Test => ({ kind: 'members_of', principals }))
    .optional(),
  hours: hours.optional(),
  duration: z
    .strictObject({ max: duration })
    .transform(({ max }): Test => ({ kind: 'duration', max }))
    .optional(),
};

const NO_TEST =
  'expected at least one of on_call, incident, members_of, hours, duration, unless: without one it would hold for everybody';

const toCondition = (fields: Readonly<Record<string, Test | undefined>>): Condition =>
  Object.values(fields).filter((test) => test !== undefined);

const innerCondition = z
  .strictObject(tests)
  .transform(toCondition)
  .refine((condition) => condition.length > 0, NO_TEST);

const condition = z
  .strictObject({
    ...tests,
    unless: innerCondition.transform((inner): Test => ({ kind: 'unless', condition: inner })).optional(),
  })
  .transform(toCondition)
  .refine((all) => all.length > 0, NO_TEST);

const needed = z.number().int().min(1).max(10);
const stage = z.strictObject({
  reviewers: z.array(principal).min(1, 'expected at least one reviewer'),
  needed: needed.default(1),
});

const onCallTarget = z.strictObject({
  escalation_policy: pagerDutyId,
  level: z.number().int().min(1, 'levels start at 1').default(1),
});
const escalation = z
  .strictObject({
    after: duration,
    to: z
      .strictObject({ reviewers: z.array(principal).min(1).optional(), on_call: onCallTarget.optional() })
      .refine(
        (to) => (to.reviewers === undefined) !== (to.on_call === undefined),
        'expected either reviewers or on_call',
      ),
    page: pagerDutyId.optional(),
  })
  .transform(
    ({ after, to, page }): EscalationStep => ({
      after,
      to: to.on_call
        ? { kind: 'on_call', escalationPolicy: to.on_call.escalation_policy, level: to.on_call.level }
        : { kind: 'people', principals: to.reviewers ?? [] },
      page: page ?? null,
    }),
  );

const ask = z
  .strictObject({
    when: condition.optional(),
    reviewers: z.array(principal).optional(),
    needed: needed.optional(),
    stages: z.array(stage).min(1).max(5).optional(),
    escalate: z.array(escalation).max(5).default([]),
    expires: duration.default(DEFAULT_REQUEST_EXPIRY),
  })
  .refine(
    (one) => (one.reviewers === undefined) !== (one.stages === undefined),
    'expected either reviewers (with needed), or stages',
  )
  .refine((one) => one.stages === undefined || one.needed === undefined, 'with stages, needed stands in each stage')
  .refine(
    (one) => one.escalate.every(({ after }) => after < one.expires),
    'an escalation comes after the request has expired; make it earlier, or expires later',
  );

const rule = z
  .strictObject({ allow: condition.optional(), deny: condition.optional(), ask: ask.optional() })
  .refine(
    (one) => Object.values(one).filter((effect) => effect !== undefined).length === 1,
    'expected exactly one of allow, ask or deny',
  )
  .transform((one): Rule => {
    if (one.deny) return { effect: 'deny', when: one.deny };
    if (one.ask) {
      const { when, reviewers, needed: count, stages, escalate, expires } = one.ask;
      const single: Stage = { reviewers: reviewers ?? [], needed: count ?? 1 };
      return { effect: 'ask', when: when ?? [], stages: stages ?? [single], escalate, expiresAfter: expires };
    }
    return { effect: 'allow', when: one.allow ?? [] };
  });

const ticket = z.string().transform((source, ctx) => {
  try {
    return new RegExp(source);
  } catch {
    ctx.addIssue({ code: 'custom', message: `"${source}" is no regular expression` });
    return z.NEVER;
  }
});

/** Unlike other durations it may be nothing at all. */
const grace = z.string({ error: 'expected a duration such as 15m, or 0m' }).transform((text, ctx) => {
  const ms = parseDuration(text);
  if (ms === null) ctx.addIssue({ code: 'custom', message: `expected a duration such as 15m, or 0m, not "${text}"` });
  return ms ?? 0;
});

const breakGlass = z.strictObject({
  members_of: z.array(principal).min(1, 'expected at least one person or group; leave break_glass out for nobody'),
  max: duration,
  review_within: duration,
  reviewers: z
    .array(principal)
    .min(1, 'expected at least one reviewer: a use that nobody reviews is not recorded well'),
  page: pagerDutyId.optional(),
});

const limitFields = {
  automatic: z.strictObject({ max: z.number().int().min(0), per: duration }).optional(),
  holders: z.number().int().min(1).optional(),
  cool_down: duration.optional(),
};
const NO_LIMIT = 'expected at least one of automatic, holders, cool_down';
const isLimit = (limit: { automatic?: unknown; holders?: unknown; cool_down?: unknown }): boolean =>
  limit.automatic !== undefined || limit.holders !== undefined || limit.cool_down !== undefined;
const ownLimits = z.strictObject(limitFields).refine(isLimit, NO_LIMIT);
const sharedLimits = z
  .strictObject({ resources: z.array(z.string()).min(1).optional(), ...limitFields })
  .refine(isLimit, NO_LIMIT);

const instant = z.string({ error: 'expected a date and time with its zone, in quotes' }).transform((text, ctx) => {
  const at = /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    ctx.addIssue({
      code: 'custom',
      message: `expected a date and time with its zone, such as "2026-12-20T00:00+01:00", not "${text}"`,
    });
  return at;
});
const freeze = z
  .strictObject({
    from: instant,
    to: instant,
    reason: label,
    resources: z.array(z.string()).min(1).optional(),
    except: z.array(principal).default([]),
  })
  .refine(({ from, to }) => !(from >= to), 'to is not after from');

const opa = z
  .strictObject({
    url: z.url({ protocol: /^https?$/, error: 'expected the http or https address of an OPA server' }).optional(),
    path: z
      .string()
      .regex(/^[a-zA-Z0-9_/]+$/, 'expected the path of a rule, such as jit/decision')
      .optional(),
    timeout: duration.optional(),
    wasm: z.string().min(1).optional(),
    entrypoint: z.string().min(1).optional(),
  })
  .refine((one) => (one.url === undefined) !== (one.wasm === undefined), 'expected either url and path, or wasm')
  .refine((one) => one.url === undefined || one.path !== undefined, 'with url, path names the rule that decides')
  .transform(
    (one): OpaTarget =>
      one.wasm === undefined
        ? { kind: 'rest', url: one.url ?? '', path: one.path ?? '', timeout: one.timeout ?? DEFAULT_OPA_TIMEOUT }
        : { kind: 'wasm', file: one.wasm, entrypoint: one.entrypoint ?? null },
  );

const roleFields = {
  name: label.optional(),
  /** Checked by the provisioner's own schema. */
  grants: z.unknown(),
  reason: z
    .strictObject({
      min_length: z.number().int().min(0).max(500).default(DEFAULT_REASON_MIN_LENGTH),
      ticket: ticket.optional(),
    })
    .optional(),
  duration: z
    .strictObject({ default: duration.optional(), max: duration, total: duration.optional() })
    .refine(({ default: preset, max }) => preset === undefined || preset <= max, 'default is above max')
    .refine(({ total, max }) => total === undefined || total >= max, 'total is below max'),
  risk: z.enum(RISKS).default('medium'),
  narrower: z.array(z.string()).default([]),
  ends: z.strictObject({ with_shift: grace.optional(), with_incident: grace.optional() }).default({}),
  second_factor: z.array(z.enum(['request', 'review'])).default([]),
  break_glass: breakGlass.optional(),
  limits: ownLimits.optional(),
  opa: opa.optional(),
  rules: z.array(rule).default([]),
};
const role = z
  .strictObject(roleFields)
  .refine((one) => one.rules.length > 0 || one.opa !== undefined, {
    message: 'a role without rules would be denied to everybody; write one, or hand it to opa',
    path: ['rules'],
  })
  .refine((one) => one.rules.length === 0 || one.opa === undefined, {
    message: 'with opa, the rules would never be asked; leave one of the two out',
    path: ['opa'],
  });
/** What a role may inherit. It is checked in full where a role uses it. */
const template = z
  .looseObject({})
  .refine((fields) => !('template' in fields), 'a template cannot inherit from another');

const resource = z.strictObject({
  name: label.optional(),
  services: ids.optional(),
  target: z.looseObject({ kind: z.string() }),
  roles: z.record(z.string(), role).refine((roles) => Object.keys(roles).length > 0, 'expected at least one role'),
});

export const policySchema = z.strictObject({
  version: z.literal(1, { error: 'expected 1, the version of this format' }),
  slack: z.strictObject({
    audit_channel: channel,
    approvals_channel: channel,
    admins: z.array(principal).default([]),
    delegates: z.array(principal).default([]),
    same_person: z.array(z.array(account).min(2, 'expected at least two accounts of one human')).default([]),
  }),
  groups: z.record(z.string(), z.array(principal).min(1)).default({}),
  resource_groups: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  templates: z.record(z.string(), template).default({}),
  limits: z.array(sharedLimits).default([]),
  freezes: z.array(freeze).default([]),
  resources: z
    .record(z.string(), resource)
    .refine((resources) => Object.keys(resources).length > 0, 'expected at least one resource'),
});

export type PolicyDocument = z.output<typeof policySchema>;
export const REASON_DEFAULT = { min_length: DEFAULT_REASON_MIN_LENGTH };
