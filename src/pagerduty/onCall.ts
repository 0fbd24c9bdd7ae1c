import { z } from 'zod';
import type { Person } from '../domain/person.ts';
import { type Known, known, unknown } from '../domain/terms.ts';
import type { Clock } from '../ports/host.ts';
import type { OnCall } from '../ports/pagerDuty.ts';
import type { PagerDutyClient } from './client.ts';
import { incidentSchema } from './schemas.ts';
import { entriesOf, onCallFor } from './shifts.ts';
import { Users } from './users.ts';

const named = z.object({ name: z.string().min(1) });
/** The paths of objects, and their names in the answer. */
const THINGS = {
  service: { path: 'services', schema: z.object({ service: named }).transform(({ service }) => service.name) },
  schedule: { path: 'schedules', schema: z.object({ schedule: named }).transform(({ schedule }) => schedule.name) },
  escalation_policy: {
    path: 'escalation_policies',
    schema: z.object({ escalation_policy: named }).transform((answer) => answer.escalation_policy.name),
  },
} as const;

/**
 * Looks up who is on call, and incidents, through PagerDuty's REST API.
 * @param addressOf a person's e-mail address in PagerDuty, in lower case
 */
export function createOnCall(
  client: PagerDutyClient,
  clock: Pick<Clock, 'now'>,
  addressOf: (person: Person) => Known<string> = ({ email }) => known(email),
): OnCall {
  const users = new Users(client, clock, addressOf);
  return {
    entries: (person, purpose, options = {}) => entriesOf(person, { client, users, clock }, purpose, options),
    onCallFor: (escalationPolicy, level) => onCallFor(client, escalationPolicy, level),
    knows: (person) => users.knows(person),
    incident: async (id, purpose) => {
      if (!/^[A-Z0-9]+$/.test(id)) return unknown('that is no PagerDuty incident id');
      const found = await client.get(`/incidents/${id}`, {}, z.object({ incident: incidentSchema }), purpose);
      if (!found.known) return found;
      return found.value.incident.id === id
        ? known(found.value.incident)
        : unknown("PagerDuty's answer was about another incident");
    },
    nameOf: (kind, id) => client.get(`/${THINGS[kind].path}/${id}`, {}, THINGS[kind].schema, 'preview'),
    openIncidents: async (person) => {
      const identity = await users.identify(person, 'preview');
      if (!identity.known) return identity;
      const query = { 'user_ids[]': [identity.value.userId], 'statuses[]': ['triggered', 'acknowledged'] };
      return client.list('/incidents', query, 'incidents', incidentSchema, 'preview');
    },
    check: async () => {
      const answer = await client.get('/oncalls', { limit: '1' }, z.object({ oncalls: z.array(z.unknown()) }), 'check');
      return answer.known ? known(true) : answer;
    },
  };
}
