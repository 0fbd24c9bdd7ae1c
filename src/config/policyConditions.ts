import { IANAZone } from 'luxon';
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { INCIDENT_STATUSES, URGENCIES } from '../domain/incident.ts';
import type { Condition, Test } from '../domain/policy.ts';
import { REQUEST_SIGNALS } from '../domain/signals.ts';
import { FIELD, TOGETHER } from '../wording/terminal/policyFile.ts';

/** Cached, because checking a zone is slow and a file repeats the same few. */
const zones = new Map<string, boolean>();
function isZone(name: string): boolean {
  const known = zones.get(name) ?? IANAZone.isValidZone(name);
  zones.set(name, known);
  return known;
}

/** The words of the policy file, and the conditions made of them. */

export const duration = z.string({ error: FIELD.duration }).transform((text, ctx) => {
  const ms = parseDuration(text);
  if (ms === null || ms === 0) ctx.addIssue({ code: 'custom', message: FIELD.noDuration(text) });
  return ms ?? 0;
});

export const PRINCIPAL = /^[USW][A-Z0-9]{2,20}$/;
export const principal = z.string().regex(PRINCIPAL, FIELD.principal);
export const account = z.string().regex(/^[UW][A-Z0-9]{2,20}$/, FIELD.account);
export const channel = z.string().regex(/^[CG][A-Z0-9]{2,20}$/, FIELD.channel);
export const pagerDutyId = z.string().regex(/^[A-Z0-9]{3,20}$/, FIELD.pagerDutyId);
export const ids = z.array(pagerDutyId).min(1, FIELD.noIds);
/** Ids of resources and roles. Both are part of option values in Slack, which are limited to 75 characters. */
export const NAME = {
  pattern: /^[a-z0-9][a-z0-9_-]{0,35}$/,
  expected: FIELD.name,
};
export const label = z.string().min(1).max(70, FIELD.label);

const level = z
  .strictObject({
    min: z.number().int().min(1, FIELD.level).default(1).describe('At this level or higher.'),
    max: z.number().int().min(1, FIELD.level).optional().describe('At this level or lower.'),
  })
  .refine(({ min, max }) => max === undefined || min <= max, TOGETHER.levels);

const onCall = z
  .strictObject({
    escalation_policies: ids.optional().describe('On call for one of these.'),
    schedules: ids.optional().describe('By one of these schedules.'),
    services: ids.optional().describe('For an escalation policy that one of these services pages.'),
    level: level.optional().describe('Escalation level; 1 is paged first.'),
    tenure: duration.optional().describe('On this shift for at least this long.'),
    planned: z
      .boolean()
      .default(false)
      .describe("Only a turn of the schedule's rotation counts, not an override or a custom shift."),
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
    services: ids.optional().describe('On one of these services.'),
    status: z
      .array(z.enum(INCIDENT_STATUSES))
      .min(1)
      .default(['triggered', 'acknowledged'])
      .describe('In one of these states.'),
    urgency: z.array(z.enum(URGENCIES)).min(1).optional().describe('Of one of these urgencies.'),
  })
  .transform(
    (test): Test => ({
      kind: 'incident',
      services: test.services ?? null,
      statuses: test.status,
      urgencies: test.urgency ?? null,
    }),
  );

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, FIELD.timeOfDay)
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

export const timeZone = z.string().refine(isZone, FIELD.timeZone).describe('Whose clock, such as Europe/Berlin.');

const hours = z
  .strictObject({
    time_zone: timeZone,
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .default([...DAYS])
      .describe('On these days.'),
    from: timeOfDay.describe('Such as "09:00", in quotes.'),
    to: timeOfDay.describe('Such as "17:00"; "24:00" is midnight.'),
  })
  .refine(({ from, to }) => from !== to, TOGETHER.hours)
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
  on_call: onCall
    .optional()
    .describe('PagerDuty says that the person is on call now, in one entry that fits everything given.'),
  incident: incident.optional().describe('The request names an incident, and PagerDuty says that it is so.'),
  members_of: z
    .array(principal)
    .transform((principals): Test => ({ kind: 'members_of', principals }))
    .optional()
    .describe('The person is one of these people, or in one of these user groups. An empty list means nobody.'),
  hours: hours
    .optional()
    .describe('The wall clock there says so. from after to crosses midnight and belongs to the day it starts on.'),
  duration: z
    .strictObject({ max: duration.describe('Such as 30m, 1h or 1h30m.') })
    .transform(({ max }): Test => ({ kind: 'duration', max }))
    .optional()
    .describe('No more than this is asked for.'),
  signals: z
    .array(z.enum(REQUEST_SIGNALS))
    .min(1, FIELD.signals)
    .transform((signals): Test => ({ kind: 'signals', signals }))
    .optional()
    .describe('At least one of these signs of unusual behaviour is there.'),
};

const toCondition = (fields: Readonly<Record<string, Test | undefined>>): Condition =>
  Object.values(fields).filter((test) => test !== undefined);

const innerCondition = z
  .strictObject(tests)
  .transform(toCondition)
  .refine((condition) => condition.length > 0, TOGETHER.noTest);

export const condition = z
  .strictObject({
    ...tests,
    unless: innerCondition
      .transform((inner): Test => ({ kind: 'unless', condition: inner }))
      .optional()
      .describe('These do not hold together.'),
  })
  .transform(toCondition)
  .refine((all) => all.length > 0, TOGETHER.noTest);
