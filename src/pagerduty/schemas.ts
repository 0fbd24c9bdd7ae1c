import { z } from 'zod';
import { INCIDENT_STATUSES, type Incident, URGENCIES } from '../domain/incident.ts';
import type { Ref } from '../domain/terms.ts';
import { instant } from './plannedShifts.ts';

/** Ids become parts of paths in further questions. */
const id = z.string().regex(/^[A-Z0-9]{1,40}$/);
const reference = z
  .object({ id, summary: z.string().nullish() })
  .transform(({ id, summary }): Ref => ({ id, name: summary ?? id }));

export const userSchema = z.object({ id, email: z.string() });

/** All fields that a rule may use are required: without services, schedule or end it could be another shift. */
export const onCallSchema = z.object({
  user: userSchema,
  escalation_policy: z.object({
    id,
    summary: z.string().nullish(),
    name: z.string().nullish(),
    services: z.array(reference),
  }),
  schedule: z.object({ id, summary: z.string().nullish(), type: z.string().nullish() }).nullable(),
  escalation_level: z.number().int().positive(),
  start: instant.nullable(),
  end: instant.nullable(),
});

/** An incomplete entry is ignored. The others still count. */
export const atLevelSchema = onCallSchema.or(
  onCallSchema.pick({ escalation_level: true }).extend({ escalation_policy: z.object({ id }) }),
);

export const incidentSchema = z
  .object({
    id,
    incident_number: z.number().int(),
    title: z.string(),
    status: z.enum(INCIDENT_STATUSES),
    urgency: z.enum(URGENCIES),
    service: reference,
    html_url: z.string().nullish(),
    priority: z.object({ summary: z.string().nullish() }).nullish(),
  })
  .transform(
    (incident): Incident => ({
      id: incident.id,
      number: incident.incident_number,
      title: incident.title,
      status: incident.status,
      urgency: incident.urgency,
      priority: incident.priority?.summary ?? null,
      service: incident.service,
      url: incident.html_url ?? '',
    }),
  );
