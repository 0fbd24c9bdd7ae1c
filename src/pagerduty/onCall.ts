import { z } from 'zod';
import { INCIDENT_STATUSES, type Incident, type OnCallEntry, URGENCIES } from '../domain/evidence.ts';
import type { Person } from '../domain/person.ts';
import { HOUR, type Known, known, type Millis, type Ref, unknown } from '../domain/terms.ts';
import type { Clock, OnCall, Purpose } from '../ports.ts';
import type { PagerDutyClient } from './client.ts';
import { instant, isOverride, momentOf, scheduleKindOf } from './plannedShifts.ts';

/** How long "this e-mail address is that PagerDuty user" is remembered. Every on-call answer confirms it. */
const IDENTITY_AGE: Millis = HOUR;

/** Ids go into further questions, as parts of their paths. */
const id = z.string().regex(/^[A-Z0-9]{1,40}$/);
const reference = z
  .object({ id, summary: z.string().nullish() })
  .transform(({ id, summary }): Ref => ({ id, name: summary ?? id }));

const userSchema = z.object({ id, email: z.string() });

/** Everything that a rule may turn on has to be there: without services, schedule or end it would be somebody else's shift. */
const onCallSchema = z.object({
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

const incidentSchema = z
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

/**
 * Who is on call, and which incidents there are, from PagerDuty's REST API.
 * @param addressOf somebody's e-mail address there, in lower case
 */
export function createOnCall(
  client: PagerDutyClient,
  clock: Pick<Clock, 'now'>,
  addressOf: (person: Person) => Known<string> = ({ email }) => known(email),
): OnCall {
  const identities = new Map<string, { userId: string; at: number }>();

  /** The one PagerDuty user with exactly this e-mail address: the search itself is fuzzy. */
  async function identify(email: string, purpose: Purpose): Promise<Known<string>> {
    const remembered = identities.get(email);
    if (remembered && clock.now() - remembered.at <= IDENTITY_AGE) return known(remembered.userId);
    const found = await client.list('/users', { query: email }, 'users', userSchema, purpose);
    if (!found.known) return found;
    const exact = found.value.filter((user) => user.email.toLowerCase() === email);
    if (exact.length !== 1)
      return unknown(
        exact.length === 0
          ? `PagerDuty has no user with the e-mail address ${email}; where it is another one, put it under identities in the policy file, as pagerduty`
          : `PagerDuty has ${exact.length} users with the e-mail address ${email}`,
      );
    const userId = exact[0]?.id ?? '';
    identities.set(email, { userId, at: clock.now() });
    return known(userId);
  }

  return {
    entries: async (person, purpose, { at, overrides = false } = {}) => {
      const address = addressOf(person);
      if (!address.known) return address;
      const identity = await identify(address.value, purpose);
      if (!identity.known) return identity;
      // Without since and until PagerDuty answers for this moment; with users and policies put in, one call tells all.
      const then = at === undefined ? {} : momentOf(at);
      const query = { 'user_ids[]': [identity.value], 'include[]': ['users', 'escalation_policies'], ...then };
      const found = await client.list('/oncalls', query, 'oncalls', onCallSchema, purpose);
      if (!found.known) return found;
      if (found.value.some(({ user }) => user.id !== identity.value || user.email.toLowerCase() !== address.value)) {
        identities.delete(address.value);
        return unknown("PagerDuty's answer was about somebody else; ask again");
      }
      const moment = { at: at ?? clock.now(), purpose };
      const mark = async (said: z.infer<typeof onCallSchema>): Promise<OnCallEntry> => {
        const entry = toEntry(said);
        const kind = scheduleKindOf(said.schedule?.type);
        return { ...entry, isOverride: await isOverride(client, { entry, userId: identity.value, kind }, moment) };
      };
      return known(overrides ? await Promise.all(found.value.map(mark)) : found.value.map(toEntry));
    },
    incident: async (id, purpose) => {
      if (!/^[A-Z0-9]+$/.test(id)) return unknown('that is no PagerDuty incident id');
      const found = await client.get(`/incidents/${id}`, {}, z.object({ incident: incidentSchema }), purpose);
      if (!found.known) return found;
      return found.value.incident.id === id
        ? known(found.value.incident)
        : unknown("PagerDuty's answer was about another incident");
    },
    onCallFor: async (escalationPolicy, level) => {
      const query = { 'escalation_policy_ids[]': [escalationPolicy], 'include[]': ['users', 'escalation_policies'] };
      const found = await client.list('/oncalls', query, 'oncalls', onCallSchema, 'decision');
      if (!found.known) return found;
      if (found.value.some(({ escalation_policy: { id: policy } }) => policy !== escalationPolicy))
        return unknown("PagerDuty's answer was about another escalation policy");
      const atLevel = found.value.filter((entry) => entry.escalation_level === level);
      return known([...new Set(atLevel.map(({ user }) => user.email.toLowerCase()))]);
    },
    knows: async (person) => {
      const address = addressOf(person);
      if (!address.known) return address;
      const found = await client.list('/users', { query: address.value }, 'users', userSchema, 'check');
      if (!found.known) return found;
      return known(found.value.some((user) => user.email.toLowerCase() === address.value));
    },
    check: async () => {
      const answer = await client.get('/oncalls', { limit: '1' }, z.object({ oncalls: z.array(z.unknown()) }), 'check');
      return answer.known ? known(true) : answer;
    },
    openIncidents: async (person: Person) => {
      const address = addressOf(person);
      if (!address.known) return address;
      const identity = await identify(address.value, 'preview');
      if (!identity.known) return identity;
      return client.list(
        '/incidents',
        { 'user_ids[]': [identity.value], 'statuses[]': ['triggered', 'acknowledged'] },
        'incidents',
        incidentSchema,
        'preview',
      );
    },
  };
}

function toEntry(entry: z.infer<typeof onCallSchema>): OnCallEntry {
  const { escalation_policy: policy } = entry;
  return {
    escalationPolicy: { id: policy.id, name: policy.name ?? policy.summary ?? policy.id },
    services: policy.services,
    schedule: entry.schedule && { id: entry.schedule.id, name: entry.schedule.summary ?? entry.schedule.id },
    level: entry.escalation_level,
    start: entry.start,
    end: entry.end,
    isOverride: null,
  };
}
