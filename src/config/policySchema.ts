/** The schema of the policy file. docs/policy.md describes every field. */

import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { DRIFT_KINDS, type EscalationStep, type OpaTarget, RISKS, type Rule, type Stage } from '../domain/policy.ts';
import { MINUTE, SECOND } from '../domain/terms.ts';
import { FIELD, TOGETHER } from '../wording/terminal/policyFile.ts';
import {
  account,
  channel,
  condition,
  DAYS,
  duration,
  ids,
  label,
  pagerDutyId,
  principal,
  timeOfDay,
  timeZone,
} from './policyConditions.ts';
import { compilePattern } from './ticketPattern.ts';

const DEFAULT_OPA_TIMEOUT = SECOND;
const DEFAULT_REASON_MIN_LENGTH = 1;

const needed = z.number().int().min(1).max(10);
const stage = z.strictObject({
  reviewers: z.array(principal).min(1, FIELD.reviewers).describe('Who may approve.'),
  needed: needed.default(1).describe('How many different ones of them have to.'),
});

const onCallTarget = z.strictObject({
  escalation_policy: pagerDutyId.describe('Whoever is on call for it.'),
  level: z.number().int().min(1, FIELD.level).default(1).describe('At this level.'),
});
const escalation = z
  .strictObject({
    after: duration.describe('Counted from the request.'),
    to: z
      .strictObject({
        reviewers: z.array(principal).min(1).optional().describe('Those of them who are awake.'),
        on_call: onCallTarget.optional(),
      })
      .refine((to) => (to.reviewers === undefined) !== (to.on_call === undefined), TOGETHER.escalateTo),
    page: pagerDutyId
      .optional()
      .describe('A PagerDuty service on which an incident is opened, so that somebody wakes.'),
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
    when: condition.optional().describe('Only then; left out: always.'),
    reviewers: z.array(principal).optional().describe('Who may approve.'),
    needed: needed.optional().describe('How many different ones of them have to. 1 where it is left out.'),
    stages: z
      .array(stage)
      .min(1)
      .max(5)
      .optional()
      .describe('Instead of reviewers: several groups, all of which have to approve. One person counts for one stage.'),
    escalate: z.array(escalation).max(5).default([]).describe('Whom to ask as well, when nobody has decided.'),
    expires: duration.prefault('1h').describe('How long the request waits.'),
  })
  .refine((one) => (one.reviewers === undefined) !== (one.stages === undefined), TOGETHER.reviewersOrStages)
  .refine((one) => one.stages === undefined || one.needed === undefined, TOGETHER.neededInStages)
  .refine((one) => one.escalate.every(({ after }) => after < one.expires), TOGETHER.lateEscalation);

const rule = z
  .strictObject({
    allow: condition.optional().describe('Automatic, where this holds.'),
    deny: condition.optional().describe('Denied, where this holds or cannot be checked.'),
    ask: ask.optional().describe('Reviewers decide.'),
  })
  .refine((one) => Object.values(one).filter((effect) => effect !== undefined).length === 1, TOGETHER.oneEffect)
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
  const pattern = compilePattern(source);
  if ('source' in pattern) return pattern;
  ctx.addIssue({ code: 'custom', message: pattern.problem });
  return z.NEVER;
});

/** Unlike other durations, it may be zero. */
const grace = z.string({ error: FIELD.grace }).transform((text, ctx) => {
  const ms = parseDuration(text);
  if (ms === null) ctx.addIssue({ code: 'custom', message: FIELD.noGrace(text) });
  return ms ?? 0;
});

const breakGlass = z.strictObject({
  members_of: z.array(principal).min(1, FIELD.members).describe('Who may use it, whatever the rules say.'),
  max: duration.describe('The longest it gives.'),
  review_within: duration.describe('How long after it somebody has to have looked at it.'),
  reviewers: z
    .array(principal)
    .min(1, FIELD.useReviewers)
    .describe('One of them, never the one who used it, has to look at each use.'),
  page: pagerDutyId.optional().describe('A PagerDuty service on which its use opens an incident.'),
});

const limitFields = {
  automatic: z
    .strictObject({
      max: z.number().int().min(0).describe('So many.'),
      per: duration.describe('In this time.'),
    })
    .optional()
    .describe('Approvals without a reviewer that one person gets in a period; past it, allow no longer holds.'),
  holders: z.number().int().min(1).optional().describe('Different people who may hold it at the same time.'),
  cool_down: duration.optional().describe("How long somebody waits after a reviewer's no."),
};
const isLimit = (limit: { automatic?: unknown; holders?: unknown; cool_down?: unknown }): boolean =>
  limit.automatic !== undefined || limit.holders !== undefined || limit.cool_down !== undefined;
const ownLimits = z.strictObject(limitFields).refine(isLimit, TOGETHER.noLimit);
const sharedLimits = z
  .strictObject({
    resources: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Resources, or groups of them, that count together; left out: all.'),
    ...limitFields,
  })
  .refine(isLimit, TOGETHER.noLimit);

const instant = z.string({ error: FIELD.instant }).transform((text, ctx) => {
  const at = /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    ctx.addIssue({
      code: 'custom',
      message: FIELD.noInstant(text),
    });
  return at;
});
const freeze = z
  .strictObject({
    from: instant.describe('A date and time with its zone.'),
    to: instant.describe('A date and time with its zone.'),
    reason: label.describe('Shown to whoever asks meanwhile.'),
    resources: z.array(z.string()).min(1).optional().describe('Resources, or groups of them; left out: all.'),
    except: z.array(principal).default([]).describe('Whom it does not hold up.'),
  })
  .refine(({ from, to }) => !(from >= to), TOGETHER.freeze);

const opa = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: FIELD.opaUrl })
      .optional()
      .describe('The address of an OPA server.'),
    path: z
      .string()
      .regex(/^[a-zA-Z0-9_/]+$/, FIELD.opaPath)
      .optional()
      .describe('The rule that decides, such as jit/decision.'),
    timeout: duration.optional().describe('How long an answer may take; 1s where it is left out.'),
    wasm: z.string().min(1).optional().describe('Instead of a server: a compiled policy, beside this file.'),
    entrypoint: z.string().min(1).optional().describe('The rule of the compiled policy; otherwise its first.'),
  })
  .refine((one) => (one.url === undefined) !== (one.wasm === undefined), TOGETHER.opaPlace)
  .refine((one) => one.url === undefined || one.path !== undefined, TOGETHER.opaPath)
  .transform(
    (one): OpaTarget =>
      one.wasm === undefined
        ? { kind: 'rest', url: one.url ?? '', path: one.path ?? '', timeout: one.timeout ?? DEFAULT_OPA_TIMEOUT }
        : { kind: 'wasm', file: one.wasm, entrypoint: one.entrypoint ?? null },
  );

const roleFields = {
  name: label.optional().describe('Shown to people; otherwise the key.'),
  /** Checked by the provisioner's own schema. */
  grants: z.unknown(),
  reason: z
    .strictObject({
      min_length: z
        .number()
        .int()
        .min(0)
        .max(500)
        .default(DEFAULT_REASON_MIN_LENGTH)
        .describe('Characters that a reason has at least.'),
      ticket: ticket.optional().describe('A regular expression (RE2 syntax) that one word of the reason has to match.'),
    })
    .optional(),
  duration: z
    .strictObject({
      default: duration.optional().describe('What the form suggests; otherwise max.'),
      max: duration.describe('The longest for one request.'),
      total: duration.optional().describe('The longest with all extensions; otherwise max.'),
    })
    .refine(({ default: preset, max }) => preset === undefined || preset <= max, TOGETHER.defaultDuration)
    .refine(({ total, max }) => total === undefined || total >= max, TOGETHER.totalDuration),
  risk: z.enum(RISKS).default('medium').describe('How much harm it can do; reviewers see it.'),
  narrower: z
    .array(z.string())
    .default([])
    .describe('Roles of the same resource that give less, which a reviewer may give instead.'),
  ends: z
    .strictObject({
      with_shift: grace.optional().describe('This long after the on-call shift that it was given for.'),
      with_incident: grace.optional().describe('This long after the incident that it names is resolved.'),
    })
    .default({})
    .describe('What ends it before its time.'),
  second_factor: z
    .array(z.enum(['request', 'review']))
    .default([])
    .describe('Who shows a one-time code.'),
  break_glass: breakGlass.optional().describe('Who gets it in an emergency without approval, reviewed afterwards.'),
  limits: ownLimits.optional().describe('How often and by how many it is held. They come before the rules.'),
  opa: opa.optional().describe('Open Policy Agent decides in place of rules.'),
  rules: z.array(rule).default([]).describe('Deny beats allow beats ask; no match means no.'),
};
const role = z
  .strictObject(roleFields)
  .refine((one) => one.rules.length > 0 || one.opa !== undefined, {
    message: TOGETHER.noRules,
    path: ['rules'],
  })
  .refine((one) => one.rules.length === 0 || one.opa === undefined, {
    message: TOGETHER.rulesAndOpa,
    path: ['opa'],
  });
/** A template of roles. It is checked in full where a role uses it. */
const template = z.looseObject({}).refine((fields) => !('template' in fields), TOGETHER.templateOfTemplate);

const resource = z.strictObject({
  name: label.optional().describe('Shown to people; otherwise the key.'),
  services: ids.optional().describe('PagerDuty services that it belongs to: offered first for their incidents.'),
  target: z.looseObject({ kind: z.string() }),
  owners: z
    .array(principal)
    .min(1)
    .optional()
    .describe('Who has a say in access reviews; otherwise the administrators.'),
  drift: z
    .strictObject({
      remove: z
        .array(z.enum(DRIFT_KINDS))
        .default([])
        .describe(
          'What is removed when it is found: leftover (of a grant that ended), standing (given by somebody else).',
        ),
      expected: z
        .array(z.string().min(1))
        .default([])
        .describe('Accounts there that hold roles for reasons of their own.'),
    })
    .prefault({})
    .describe('What becomes of access that the target holds and nobody granted; otherwise it is reported.'),
  roles: z.record(z.string(), role).refine((roles) => Object.keys(roles).length > 0, FIELD.roles),
});

const digest = z
  .strictObject({
    day: z.enum(DAYS).default('mon').describe('On this day.'),
    at: timeOfDay.prefault('09:00').describe('Such as "09:00", in quotes.'),
    time_zone: timeZone.default('UTC'),
  })
  .transform(({ day, at, time_zone }) => ({ day: DAYS.indexOf(day) + 1, minute: at, timeZone: time_zone }));

/** Of a kind of account, for templates. */
const identityName = z.string().regex(/^[a-z][a-z0-9_]*$/, FIELD.identityName);

const LEAST_CANARY = 5 * MINUTE;
const canary = z
  .strictObject({
    role: z.string().describe('What it gets, as resource/role. It needs nobody’s approval, for this role alone.'),
    email: z
      .email()
      .toLowerCase()
      .describe('Its address, which nobody in Slack may have. Its account at the target follows from it.'),
    every: duration.prefault('1h').describe('How often; at least 5m.'),
    lasts: duration.prefault('5m').describe('Its latest end. It is taken back as soon as it was seen.'),
    identities: z
      .record(identityName, z.string().min(1))
      .default({})
      .describe('What it is called at targets, as under identities: { github: jitbot-canary }.'),
  })
  .refine(({ every }) => every >= LEAST_CANARY, { message: TOGETHER.canaryEvery, path: ['every'] })
  .refine(({ every, lasts }) => lasts < every, { message: TOGETHER.canaryLasts, path: ['lasts'] });

export const policySchema = z.strictObject({
  version: z.literal(1, { error: FIELD.version }).describe('Of this format.'),
  environment: label
    .optional()
    .describe('Such as staging: stands on every message and on Home. Left out: nothing does, as in production.'),
  slack: z.strictObject({
    audit_channel: channel.describe('Every event, in order.'),
    approvals_channel: channel.describe('Cards for reviewers.'),
    admins: z.array(principal).default([]).describe('May end any access, freeze, reload.'),
    auditors: z.array(principal).default([]).describe('May search the ledger with /jit audit, besides administrators.'),
    delegates: z.array(principal).default([]).describe('Whom a reviewer who is away may name as a stand-in.'),
    digest: z
      .union([z.literal('never'), digest], { error: FIELD.digest })
      .prefault({})
      .describe('A short summary of the week, in the audit channel.'),
    same_person: z
      .array(z.array(account).min(2, FIELD.samePerson))
      .default([])
      .describe('Accounts of one human, beyond those with the same mailbox.'),
  }),
  alarms: z
    .strictObject({ page: pagerDutyId.describe('A PagerDuty service on which an incident is opened.') })
    .optional()
    .describe('Who is woken where the bot cannot help itself, besides the administrators, who are told in Slack.'),
  canary: canary
    .optional()
    .describe('A grant to nobody that the bot gives and takes back by itself, to see that it can. Left out: none.'),
  drift: z
    .strictObject({ every: duration.describe('How often.') })
    .prefault({ every: '1h' })
    .describe('Targets that can say who holds what are compared with the ledger.'),
  groups: z
    .record(z.string(), z.array(principal).min(1))
    .default({})
    .describe('People under a name, for every list of people.'),
  resource_groups: z
    .record(z.string(), z.array(z.string()).min(1))
    .default({})
    .describe('Resources under a name, for limits and freezes.'),
  identities: z
    .record(account, z.record(identityName, z.string().min(1)))
    .default({})
    .describe(
      'What people are called at targets, by Slack user id: { U0ANA: { github: ana-k } } fills in {github}. pagerduty: their e-mail address there, where it is not the one that Slack has.',
    ),
  email_domains: z
    .array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, FIELD.domain))
    .default([])
    .describe('Domains whose addresses say what people are called at targets, by {email_name}. Left out: any.'),
  templates: z.record(z.string(), template).default({}).describe('Fields that roles take over with template: NAME.'),
  limits: z
    .array(sharedLimits)
    .default([])
    .describe('Limits over the roles of several resources together; left out resources: all.'),
  freezes: z.array(freeze).default([]).describe('Times in which nothing is granted.'),
  retired_targets: z
    .record(z.string(), z.looseObject({ kind: z.string().describe('Of the target, with its own fields beside it.') }))
    .default({})
    .describe(
      'Targets that no resource has any more, until the access that was given there has ended: each as it stood under target.',
    ),
  resources: z.record(z.string(), resource).refine((resources) => Object.keys(resources).length > 0, FIELD.resources),
});

export type PolicyDocument = z.output<typeof policySchema>;
export const REASON_DEFAULT = { min_length: DEFAULT_REASON_MIN_LENGTH };
