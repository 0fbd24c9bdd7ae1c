import { z } from 'zod';
import { type Account, onCallAt, type PdIncident, type PdUser } from './account.ts';
import { isoOrNull, type Objects, reference } from './objects.ts';
import { ok, type Reply, refuse } from './reply.ts';

const MAX_NOTE = 2_000;

const newIncidentSchema = z.object({
  incident: z.object({
    type: z.literal('incident'),
    title: z.string().min(1).max(1024),
    service: z.object({ id: z.string(), type: z.literal('service_reference') }),
    urgency: z.enum(['high', 'low']).optional(),
    incident_key: z.string().max(255).optional(),
    body: z.object({ type: z.literal('incident_body'), details: z.string() }).optional(),
  }),
});

/** What can be done to incidents, in the name of the user in the From header. */
export interface Writing {
  addNote(from: string | undefined, incident: string, body: string): Reply;
  openIncident(from: string | undefined, body: string): Reply;
  changeIncident(from: string | undefined, incident: string, body: string): Reply;
}

export function writingOf(account: Account, objects: Objects, now: () => number): Writing {
  const world = { account, objects, now };
  return {
    addNote: (from, incident, body) => addNote(world, from, incident, body),
    openIncident: (from, body) => openIncident(world, from, body),
    changeIncident: (from, incident, body) => changeIncident(world, from, incident, body),
  };
}

interface World {
  readonly account: Account;
  readonly objects: Objects;
  readonly now: () => number;
}

function addNote({ account, now }: World, from: string | undefined, id: string, body: string): Reply {
  const incident = account.incidents.find((other) => other.id === id);
  if (!incident) return refuse(404, 'Not Found');
  const author = authorOf(account, from);
  const content = (JSON.parse(body || '{}') as { note?: { content?: unknown } }).note?.content;
  if (!author) return refuse(400, 'Requester User Not Found', ['The From header must be the e-mail of a user']);
  if (typeof content !== 'string' || content === '' || content.length > MAX_NOTE)
    return refuse(400, 'Invalid Input Provided', ['Content is invalid']);
  const note = { id: `PNOTE${incident.notes.length + 1}`, content, user: author.id, createdAt: now() };
  incident.notes.push(note);
  return ok({
    note: {
      id: note.id,
      content,
      created_at: isoOrNull(note.createdAt),
      user: reference('user', author.id, author.name),
    },
  });
}

function openIncident({ account, objects, now }: World, from: string | undefined, body: string): Reply {
  if (!authorOf(account, from)) return refuse(400, 'Requester User Not Found', ['The From header must be a user']);
  const asked = newIncidentSchema.safeParse(JSON.parse(body || '{}'));
  if (!asked.success)
    return refuse(
      400,
      'Invalid Input Provided',
      asked.error.issues.map(({ message }) => message),
    );
  const { title, service: serviceId, incident_key: key = null, body: details } = asked.data.incident;
  const service = account.services.find((other) => other.id === serviceId.id);
  if (!service) return refuse(400, 'Invalid Input Provided', ['Service not found']);
  if (key !== null && account.incidents.some((open) => open.key === key && open.status !== 'resolved'))
    return refuse(400, 'Arguments Caused Error', [
      'Open incident with matching dedup key already exists on this service',
    ]);
  const number = Math.max(0, ...account.incidents.map((other) => other.number)) + 1;
  const incident: PdIncident = {
    id: `PINC${number}`,
    number,
    title,
    status: 'triggered',
    urgency: 'high',
    service: service.id,
    assignees: onCallAt(account, now())
      .filter((entry) => entry.escalationPolicy.id === service.escalationPolicy && entry.level === 1)
      .map(({ user }) => user),
    createdAt: now(),
    notes: [],
    key,
    details: details?.details ?? '',
  };
  account.incidents.push(incident);
  return { status: 201, body: { incident: objects.incident(incident) } };
}

function changeIncident({ account, objects }: World, from: string | undefined, id: string, body: string): Reply {
  const incident = account.incidents.find((other) => other.id === id);
  if (!incident) return refuse(404, 'Not Found');
  if (!authorOf(account, from)) return refuse(400, 'Requester User Not Found');
  const status = (JSON.parse(body || '{}') as { incident?: { status?: unknown } }).incident?.status;
  if (status !== 'acknowledged' && status !== 'resolved')
    return refuse(400, 'Invalid Input Provided', ['Status is invalid']);
  incident.status = status;
  return ok({ incident: objects.incident(incident) });
}

const authorOf = (account: Account, from: string | undefined): PdUser | undefined =>
  account.users.find((user) => user.email === from);
