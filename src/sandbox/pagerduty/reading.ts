import { type Account, onCallAt } from './account.ts';
import { isoOrNull, type Objects, reference } from './objects.ts';
import { ok, page, type Reply, refuse } from './reply.ts';
import { isShiftBased, scheduleReference } from './shiftBased.ts';

/** What can be asked for. */
export interface Reading {
  list(resource: string, query: URLSearchParams): Reply;
  one(resource: string, id: string): Reply;
  overrides(schedule: string, query: URLSearchParams): Reply;
  notes(incident: string): Reply;
}

/** @param webhooks the subscriptions that there are */
export function readingOf(account: Account, objects: Objects, now: () => number, webhooks: () => unknown[]): Reading {
  const world = { account, objects, now, webhooks };
  return {
    list: (resource, query) => list(world, resource, query),
    one: (resource, id) => one(world, resource, id),
    overrides: (schedule, query) => overrides(account, schedule, query),
    notes: (incident) => notes(account, incident),
  };
}

interface World {
  readonly account: Account;
  readonly objects: Objects;
  readonly now: () => number;
  readonly webhooks: () => unknown[];
}

/** The older endpoints know nothing of shift-based schedules. */
const layered = (account: Account) => account.schedules.filter((schedule) => !isShiftBased(schedule));

function list(world: World, resource: string, query: URLSearchParams): Reply {
  const { account, objects } = world;
  switch (resource) {
    case 'oncalls':
      return page('oncalls', onCalls(world, query), query);
    case 'users':
      return page('users', users(account, query).map(objects.user), query);
    case 'incidents':
      return page('incidents', incidents(account, query).map(objects.incident), query);
    case 'services':
      return page('services', account.services.map(objects.service), query);
    case 'escalation_policies':
      return page(
        'escalation_policies',
        account.escalationPolicies.map((policy) => objects.policy(policy.id)),
        query,
      );
    case 'schedules':
      return page(
        'schedules',
        layered(account).map((schedule) => ({
          ...reference('schedule', schedule.id, schedule.name),
          type: 'schedule',
          name: schedule.name,
          time_zone: 'UTC',
        })),
        query,
      );
    case 'webhook_subscriptions':
      return page(resource, world.webhooks(), query);
    default:
      return refuse(404, 'Not Found');
  }
}

/** The real search is fuzzy: parts of names and addresses match too. */
function users(account: Account, query: URLSearchParams): Account['users'] {
  const typed = query.get('query')?.toLowerCase() ?? '';
  const words = typed.split(/[@.\s+]+/).filter(Boolean);
  return account.users.filter(
    (user) => words.some((word) => `${user.name} ${user.email}`.toLowerCase().includes(word)) || typed === '',
  );
}

function incidents(account: Account, query: URLSearchParams): Account['incidents'] {
  const assignees = query.getAll('user_ids[]');
  const statuses = query.getAll('statuses[]');
  const services = query.getAll('service_ids[]');
  const key = query.get('incident_key');
  return account.incidents.filter(
    (incident) =>
      (key === null || incident.key === key) &&
      (assignees.length === 0 || incident.assignees.some((user) => assignees.includes(user))) &&
      (statuses.length === 0 || statuses.includes(incident.status)) &&
      (services.length === 0 || services.includes(incident.service)),
  );
}

function one({ account, objects }: World, resource: string, id: string): Reply {
  const incident = account.incidents.find((other) => other.id === id);
  const user = account.users.find((other) => other.id === id);
  const service = account.services.find((other) => other.id === id);
  const schedule = layered(account).find((other) => other.id === id);
  if (resource === 'escalation_policies' && account.escalationPolicies.some((other) => other.id === id))
    return ok({ escalation_policy: objects.policy(id) });
  if (resource === 'schedules' && schedule)
    return ok({ schedule: { ...reference('schedule', id, schedule.name), type: 'schedule', name: schedule.name } });
  if (resource === 'incidents' && incident) return ok({ incident: objects.incident(incident) });
  if (resource === 'users' && user) return ok({ user: objects.user(user) });
  if (resource === 'services' && service) return ok({ service: objects.service(service) });
  return refuse(404, 'Not Found');
}

function onCalls({ account, objects, now }: World, query: URLSearchParams): unknown[] {
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
          ? objects.policy(entry.escalationPolicy.id)
          : reference('escalation_policy', entry.escalationPolicy.id, entry.escalationPolicy.name),
        escalation_level: entry.level,
        schedule: entry.schedule && scheduleReference(entry.schedule),
        user: user && include.includes('users') ? objects.user(user) : reference('user', entry.user, user?.name ?? ''),
        start: isoOrNull(entry.start),
        end: isoOrNull(entry.end),
      };
    });
}

function overrides(account: Account, id: string, query: URLSearchParams): Reply {
  const schedule = layered(account).find((other) => other.id === id);
  if (!schedule) return refuse(404, 'Not Found');
  const [since, until] = ['since', 'until'].map((name) => Date.parse(query.get(name) ?? ''));
  if (!(since !== undefined && until !== undefined && since < until))
    return refuse(400, 'Invalid Input Provided', ['since and until are required']);
  const overrides = schedule.overrides
    .filter(({ start, end }) => start < until && end > since)
    .map(({ user, start, end }, index) => ({
      id: `PO${index}`,
      start: isoOrNull(start),
      end: isoOrNull(end),
      user: reference('user', user, account.users.find((other) => other.id === user)?.name ?? ''),
    }));
  // Published as 201, though it only reads.
  return { status: 201, body: { overrides } };
}

function notes(account: Account, id: string): Reply {
  const incident = account.incidents.find((other) => other.id === id);
  if (!incident) return refuse(404, 'Not Found');
  return ok({
    notes: incident.notes.map(({ createdAt, user, ...note }) => ({
      ...note,
      user: reference('user_reference', user, account.users.find(({ id: other }) => other === user)?.name ?? ''),
      created_at: isoOrNull(createdAt),
    })),
  });
}
