import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { createFaults, type Faults, fail } from '../faults.ts';
import { closeServer, listen, readBody } from '../http.ts';
import { type Account, onCallAt, type PdIncident, type PdUser } from './account.ts';

/** PagerDuty's REST API, as far as its published description goes for what the bot asks. */
export interface PagerDutySandbox {
  readonly account: Account;
  readonly faults: Faults;
  readonly apiUrl: string;
  /** Every call so far, as `GET /oncalls?…`. */
  readonly calls: readonly string[];
  /** Where webhooks go, and what they are signed with; null: there is no subscription. */
  subscribe(to: { url: string; secret: string } | null): void;
  /** Changes an incident as somebody at PagerDuty does, and tells subscribers. */
  setStatus(id: string, status: PdIncident['status']): Promise<void>;
  close(): Promise<void>;
}

/** Calls a minute for one key. https://developer.pagerduty.com/docs/rest-api-rate-limits */
const CALLS_PER_MINUTE = 960;
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
const MAX_OFFSET = 10_000;
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

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const ok = (body: unknown): Reply => ({ status: 200, body });
const refuse = (status: number, message: string, errors: string[] = []): Reply => ({
  status,
  body: { error: { message, code: status === 404 ? 2100 : 2001, errors } },
});

export async function startPagerDuty(options: {
  account: Account;
  now: () => number;
  token: string;
}): Promise<PagerDutySandbox> {
  const { account, now, token } = options;
  const faults = createFaults();
  const calls: string[] = [];
  let window = { startedAt: 0, used: 0 };
  let subscriber: { url: string; secret: string } | null = null;

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  const base = `http://127.0.0.1:${await listen(server)}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base);
    const call = `${request.method} ${url.pathname}${url.search}`;
    calls.push(call);
    const body = await readBody(request);
    if (performance.now() - window.startedAt > 60_000) window = { startedAt: performance.now(), used: 0 };
    window.used += 1;
    const reset = Math.max(1, Math.ceil((window.startedAt + 60_000 - performance.now()) / 1000));
    const rate = {
      'ratelimit-limit': String(CALLS_PER_MINUTE),
      'ratelimit-remaining': String(Math.max(0, CALLS_PER_MINUTE - window.used)),
      'ratelimit-reset': String(reset),
    };
    const fault = faults.take(call);
    if (
      fault &&
      (await fail(fault, request, response, {
        'ratelimit-limit': String(CALLS_PER_MINUTE),
        'ratelimit-remaining': '0',
        'ratelimit-reset': '2',
      }))
    )
      return;
    if (window.used > CALLS_PER_MINUTE) {
      response
        .writeHead(429, { 'content-type': 'application/json', ...rate })
        .end(JSON.stringify({ error: { message: 'Rate Limit Exceeded', code: 2020 } }));
      return;
    }
    const reply = answer(request, url, body);
    if (fault?.kind === 'lost_answer') request.socket.destroy();
    else
      response
        .writeHead(reply.status, { 'content-type': 'application/json; charset=utf-8', ...rate })
        .end(JSON.stringify(reply.body));
  }

  function answer(request: IncomingMessage, url: URL, body: string): Reply {
    if (request.headers.authorization !== `Token token=${token}`) return refuse(401, 'Invalid credentials');
    if (!request.headers.accept?.includes('application/vnd.pagerduty+json;version=2'))
      return refuse(406, 'Not Acceptable');
    const [, resource = '', id, sub] = url.pathname.split('/');
    if (request.method === 'GET' && id === undefined) return list(resource, url.searchParams);
    if (resource === 'schedules' && sub === 'overrides' && request.method === 'GET')
      return overrides(id ?? '', url.searchParams);
    if (request.method === 'GET' && sub === undefined) return one(resource, id ?? '');
    if (resource === 'incidents' && request.method === 'POST' && id === undefined) return openIncident(request, body);
    if (resource === 'incidents' && sub === 'notes') return notes(request, id ?? '', body);
    if (resource === 'incidents' && request.method === 'PUT' && sub === undefined)
      return changeIncident(request, id ?? '', body);
    return refuse(404, 'Not Found');
  }

  function list(resource: string, query: URLSearchParams): Reply {
    switch (resource) {
      case 'oncalls':
        return page('oncalls', onCalls(query), query);
      case 'users': {
        const typed = query.get('query')?.toLowerCase() ?? '';
        // The real search is fuzzy: parts of names and addresses match too.
        const words = typed.split(/[@.\s+]+/).filter(Boolean);
        return page(
          'users',
          account.users
            .filter(
              (user) => words.some((word) => `${user.name} ${user.email}`.toLowerCase().includes(word)) || typed === '',
            )
            .map(userObject),
          query,
        );
      }
      case 'incidents': {
        const users = query.getAll('user_ids[]');
        const statuses = query.getAll('statuses[]');
        const services = query.getAll('service_ids[]');
        const found = account.incidents.filter(
          (incident) =>
            (users.length === 0 || incident.assignees.some((user) => users.includes(user))) &&
            (statuses.length === 0 || statuses.includes(incident.status)) &&
            (services.length === 0 || services.includes(incident.service)),
        );
        return page('incidents', found.map(incidentObject), query);
      }
      case 'services':
        return page('services', account.services.map(serviceObject), query);
      case 'escalation_policies':
        return page(
          'escalation_policies',
          account.escalationPolicies.map((policy) => policyObject(policy.id)),
          query,
        );
      case 'schedules':
        return page(
          'schedules',
          account.schedules.map((schedule) => ({
            ...reference('schedule', schedule.id, schedule.name),
            type: 'schedule',
            name: schedule.name,
            time_zone: 'UTC',
          })),
          query,
        );
      default:
        return refuse(404, 'Not Found');
    }
  }

  function one(resource: string, id: string): Reply {
    const incident = account.incidents.find((other) => other.id === id);
    const user = account.users.find((other) => other.id === id);
    const service = account.services.find((other) => other.id === id);
    const schedule = account.schedules.find((other) => other.id === id);
    if (resource === 'escalation_policies' && account.escalationPolicies.some((other) => other.id === id))
      return ok({ escalation_policy: policyObject(id) });
    if (resource === 'schedules' && schedule)
      return ok({ schedule: { ...reference('schedule', id, schedule.name), type: 'schedule', name: schedule.name } });
    if (resource === 'incidents' && incident) return ok({ incident: incidentObject(incident) });
    if (resource === 'users' && user) return ok({ user: userObject(user) });
    if (resource === 'services' && service) return ok({ service: serviceObject(service) });
    return refuse(404, 'Not Found');
  }

  function onCalls(query: URLSearchParams): unknown[] {
    const include = query.getAll('include[]');
    const wanted = (name: string, value: string | undefined) => {
      const values = query.getAll(`${name}[]`);
      return values.length === 0 || (value !== undefined && values.includes(value));
    };
    // A range is asked for by its beginning; the bot asks about moments.
    const since = Date.parse(query.get('since') ?? '');
    return onCallAt(account, Number.isNaN(since) ? now() : since)
      .filter(
        (entry) =>
          wanted('user_ids', entry.user) &&
          wanted('escalation_policy_ids', entry.escalationPolicy.id) &&
          wanted('schedule_ids', entry.schedule?.id),
      )
      .map((entry) => {
        const user = account.users.find((other) => other.id === entry.user);
        return {
          escalation_policy: include.includes('escalation_policies')
            ? policyObject(entry.escalationPolicy.id)
            : reference('escalation_policy', entry.escalationPolicy.id, entry.escalationPolicy.name),
          escalation_level: entry.level,
          schedule: entry.schedule ? reference('schedule', entry.schedule.id, entry.schedule.name) : null,
          user: user && include.includes('users') ? userObject(user) : reference('user', entry.user, user?.name ?? ''),
          start: isoOrNull(entry.start),
          end: isoOrNull(entry.end),
        };
      });
  }

  function notes(request: IncomingMessage, id: string, body: string): Reply {
    const incident = account.incidents.find((other) => other.id === id);
    if (!incident) return refuse(404, 'Not Found');
    if (request.method === 'GET')
      return ok({
        notes: incident.notes.map(({ createdAt, ...note }) => ({ ...note, created_at: isoOrNull(createdAt) })),
      });
    const author = authorOf(request);
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

  function overrides(id: string, query: URLSearchParams): Reply {
    const schedule = account.schedules.find((other) => other.id === id);
    if (!schedule) return refuse(404, 'Not Found');
    const [since, until] = ['since', 'until'].map((name) => Date.parse(query.get(name) ?? ''));
    if (!(since !== undefined && until !== undefined && since < until))
      return refuse(400, 'Invalid Input Provided', ['since and until are required']);
    return ok({
      overrides: schedule.overrides
        .filter(({ start, end }) => start < until && end > since)
        .map(({ user, start, end }, index) => ({
          id: `PO${index}`,
          start: isoOrNull(start),
          end: isoOrNull(end),
          user: reference('user', user, account.users.find((other) => other.id === user)?.name ?? ''),
        })),
    });
  }

  function openIncident(request: IncomingMessage, body: string): Reply {
    if (!authorOf(request)) return refuse(400, 'Requester User Not Found', ['The From header must be a user']);
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
    return { status: 201, body: { incident: incidentObject(incident) } };
  }

  async function setStatus(id: string, status: PdIncident['status']): Promise<void> {
    const incident = account.incidents.find((other) => other.id === id);
    if (!incident) throw new Error(`there is no incident ${id}`);
    incident.status = status;
    if (!subscriber) return;
    const type = { triggered: 'reopened', acknowledged: 'acknowledged', resolved: 'resolved' }[status];
    const event = {
      id: `01${incident.number}${calls.length}`,
      event_type: `incident.${type}`,
      resource_type: 'incident',
      occurred_at: isoOrNull(now()),
      data: { ...incidentObject(incident), type: 'incident' },
    };
    const body = JSON.stringify({ event });
    const signature = createHmac('sha256', subscriber.secret).update(body).digest('hex');
    // A subscriber that is down gets nothing; PagerDuty itself tries for a while longer.
    await fetch(subscriber.url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-pagerduty-signature': `v1=${signature}`,
        'x-webhook-id': event.id,
      },
    }).catch(() => undefined);
  }

  function changeIncident(request: IncomingMessage, id: string, body: string): Reply {
    const incident = account.incidents.find((other) => other.id === id);
    if (!incident) return refuse(404, 'Not Found');
    if (!authorOf(request)) return refuse(400, 'Requester User Not Found');
    const status = (JSON.parse(body || '{}') as { incident?: { status?: unknown } }).incident?.status;
    if (status !== 'acknowledged' && status !== 'resolved')
      return refuse(400, 'Invalid Input Provided', ['Status is invalid']);
    incident.status = status;
    return ok({ incident: incidentObject(incident) });
  }

  const authorOf = (request: IncomingMessage): PdUser | undefined =>
    account.users.find((user) => user.email === request.headers.from);
  const policyObject = (id: string) => {
    const policy = account.escalationPolicies.find((other) => other.id === id);
    return {
      ...reference('escalation_policy', id, policy?.name ?? ''),
      type: 'escalation_policy',
      name: policy?.name ?? '',
      escalation_rules: (policy?.levels ?? []).map((targets, index) => ({
        id: `${id}R${index + 1}`,
        escalation_delay_in_minutes: 30,
        targets: targets.map((target) => ({ id: target.id, type: `${target.type}_reference` })),
      })),
      services: account.services
        .filter((service) => service.escalationPolicy === id)
        .map((service) => reference('service', service.id, service.name)),
    };
  };
  const serviceObject = (service: Account['services'][number]) => ({
    ...reference('service', service.id, service.name),
    type: 'service',
    name: service.name,
    status: 'active',
    escalation_policy: reference(
      'escalation_policy',
      service.escalationPolicy,
      account.escalationPolicies.find((policy) => policy.id === service.escalationPolicy)?.name ?? '',
    ),
  });
  const incidentObject = (incident: PdIncident) => ({
    ...reference('incident', incident.id, `[#${incident.number}] ${incident.title}`),
    type: 'incident',
    incident_number: incident.number,
    title: incident.title,
    status: incident.status,
    urgency: incident.urgency,
    created_at: isoOrNull(incident.createdAt),
    service: reference(
      'service',
      incident.service,
      account.services.find((service) => service.id === incident.service)?.name ?? '',
    ),
    assignments: incident.assignees.map((id) => ({
      at: isoOrNull(incident.createdAt),
      assignee: reference('user', id, account.users.find((user) => user.id === id)?.name ?? ''),
    })),
  });

  return {
    account,
    faults,
    calls,
    apiUrl: base,
    subscribe: (to) => {
      subscriber = to;
    },
    setStatus,
    close: () => closeServer(server),
  };
}

const userObject = (user: PdUser) => ({
  ...reference('user', user.id, user.name),
  type: 'user',
  name: user.name,
  email: user.email,
  time_zone: 'UTC',
  role: 'user',
});

const reference = (type: string, id: string, summary: string) => ({
  id,
  type: `${type}_reference`,
  summary,
  self: `https://api.pagerduty.com/${type}s/${id}`,
  html_url: `https://example.pagerduty.com/${type}s/${id}`,
});

const isoOrNull = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function page(key: string, all: unknown[], query: URLSearchParams): Reply {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const offset = Number(query.get('offset') ?? 0);
  if (!(limit >= 1 && limit <= MAX_LIMIT) || !(offset >= 0 && offset + limit <= MAX_OFFSET))
    return refuse(400, 'Invalid Input Provided', ['limit or offset is out of range']);
  return ok({
    [key]: all.slice(offset, offset + limit),
    limit,
    offset,
    more: offset + limit < all.length,
    total: null,
  });
}
