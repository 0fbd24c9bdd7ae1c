import { z } from 'zod';
import { INCIDENT_STATUSES } from '../domain/incident.ts';
import { cut } from '../domain/text.ts';
import type { IncidentDesk } from '../ports/pagerDuty.ts';
import type { PagerDutyClient } from './client.ts';

/** Maximum length of a note. https://developer.pagerduty.com/api-reference, "Create a note on an incident" */
const NOTE_MAX_LENGTH = 2_000;
const TITLE_MAX_LENGTH = 1_024;

const noteSchema = z.object({ content: z.string(), user: z.object({ id: z.string() }).nullish() });
const openedSchema = z.object({
  id: z.string().regex(/^[A-Z0-9]{1,40}$/),
  status: z.enum(INCIDENT_STATUSES),
  incident_key: z.string().nullish(),
});
const userSchema = z.object({ id: z.string(), email: z.string() });
const refusalSchema = z.object({
  error: z.object({ message: z.string().default(''), errors: z.array(z.string()).default([]) }),
});

/**
 * Writes notes and incidents to PagerDuty in the name of one of its users.
 * @param from e-mail address of that user, or null if the bot may not write
 */
export function createIncidentDesk(client: PagerDutyClient, from: string | null): IncidentDesk {
  const write = writer(client, from);
  return {
    canWrite: from !== null,
    note: async (incidentId, text, marker) => {
      if (!/^[A-Z0-9]+$/.test(incidentId)) throw new Error('that is no PagerDuty incident id');
      const path = `/incidents/${incidentId}/notes`;
      // A lost answer must not cause a second note.
      const notes = await client.get(path, {}, z.object({ notes: z.array(noteSchema) }), 'check');
      if (!notes.known) throw new Error(notes.problem);
      const alike = notes.value.notes.filter(({ content }) => content.includes(marker));
      const own = alike.length === 0 ? null : await userWith(client, from);
      if (alike.some(({ user }) => own !== null && user?.id === own)) return;
      const content = `${cut(text, NOTE_MAX_LENGTH - marker.length - 3)} (${marker})`;
      await write('POST', path, { note: { content } });
    },
    page: ({ service, title, details, key }) => {
      const incident = {
        type: 'incident',
        title: cut(title, TITLE_MAX_LENGTH),
        service: { id: service, type: 'service_reference' },
        urgency: 'high',
        incident_key: key,
        body: { type: 'incident_body', details },
      };
      return write('POST', '/incidents', { incident }, isOpenAlready);
    },
    resolve: async (key) => {
      // Without a range, PagerDuty returns only the last 30 days.
      const query = { incident_key: key, date_range: 'all' };
      const found = await client.list('/incidents', query, 'incidents', openedSchema, 'check');
      if (!found.known) throw new Error(found.problem);
      const open = found.value.filter(({ incident_key, status }) => incident_key === key && status !== 'resolved');
      for (const { id } of open)
        await write('PUT', `/incidents/${id}`, { incident: { type: 'incident', status: 'resolved' } });
    },
  };
}

/** Whether a refusal means that it was already done. */
type Accepts = (status: number, problem: string) => boolean;

/** An earlier try opened the incident, and it is still open. */
const isOpenAlready: Accepts = (status, problem) =>
  status === 400 && /already exists|matching (dedup|incident) key/i.test(problem);

const writer =
  (client: PagerDutyClient, from: string | null) =>
  async (method: 'POST' | 'PUT', path: string, body: object, accepts: Accepts = () => false): Promise<void> => {
    if (from === null) throw new Error('PAGERDUTY_FROM is not set, so nothing can be written to PagerDuty');
    const answer = await client.write(method, path, { body, from });
    if (!answer.known) throw new Error(answer.problem);
    const { status, data } = answer.value;
    const problem = problemIn(data);
    if (status < 300 || accepts(status, problem)) return;
    throw new Error(`PagerDuty refused ${path} (${status}): ${problem || 'it does not say why'}`);
  };

/** The author of the bot's own notes: anyone may write a note that looks like them. */
async function userWith(client: PagerDutyClient, from: string | null): Promise<string> {
  const found = await client.list('/users', { query: from ?? '' }, 'users', userSchema, 'check');
  if (!found.known) throw new Error(found.problem);
  const own = found.value.find(({ email }) => email.toLowerCase() === from?.toLowerCase());
  if (!own) throw new Error('PagerDuty has no user with the e-mail address in PAGERDUTY_FROM');
  return own.id;
}

function problemIn(data: unknown): string {
  const refusal = refusalSchema.safeParse(data);
  return refusal.success ? [refusal.data.error.message, ...refusal.data.error.errors].filter(Boolean).join(': ') : '';
}
