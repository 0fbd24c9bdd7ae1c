import type { OnCallEntry } from '../domain/evidence.ts';
import type { Incident } from '../domain/incident.ts';
import type { Known } from '../domain/terms.ts';
import type { OpaQuestion } from '../ports/policy.ts';

/** The input document, described in docs/opa.md. Fields may be added, but none changes its meaning. */
export function inputDocument({
  at,
  person,
  otherAccounts = [],
  role,
  duration,
  reason,
  onCall,
  incident,
}: OpaQuestion) {
  const [resource = '', roleName = ''] = role.split('/');
  return {
    version: 1,
    time: iso(at),
    time_ns: at * 1_000_000,
    person: {
      email: person.email,
      name: person.name,
      slack_id: person.slackId,
      time_zone: person.timeZone,
      ...(otherAccounts.length > 0 && { other_slack_ids: otherAccounts }),
    },
    role: { key: role, resource, name: roleName },
    duration_seconds: Math.floor(duration / 1000),
    reason,
    // In the format of PagerDuty's GET /oncalls. If PagerDuty did not answer, `known` is false and the list is empty.
    oncalls: onCall.known ? onCall.value.map((entry) => entryAsPagerDutyHasIt(entry, person)) : [],
    oncalls_known: onCall.known,
    incident: incident?.known ? incidentAsPagerDutyHasIt(incident.value) : null,
    problems: [onCall, incident].flatMap((answer: Known<unknown> | null) =>
      answer && !answer.known ? [answer.problem] : [],
    ),
  };
}

const entryAsPagerDutyHasIt = (entry: OnCallEntry, person: OpaQuestion['person']) => ({
  escalation_policy: {
    id: entry.escalationPolicy.id,
    type: 'escalation_policy_reference',
    summary: entry.escalationPolicy.name,
  },
  escalation_level: entry.level,
  schedule: entry.schedule && { id: entry.schedule.id, type: 'schedule_reference', summary: entry.schedule.name },
  user: { type: 'user', name: person.name, email: person.email },
  services: entry.services.map(({ id, name }) => ({ id, type: 'service_reference', summary: name })),
  start: entry.start === null ? null : iso(entry.start),
  end: entry.end === null ? null : iso(entry.end),
});

const incidentAsPagerDutyHasIt = (incident: Incident) => ({
  id: incident.id,
  type: 'incident',
  incident_number: incident.number,
  title: incident.title,
  status: incident.status,
  urgency: incident.urgency,
  priority: incident.priority === null ? null : { summary: incident.priority },
  service: { id: incident.service.id, type: 'service_reference', summary: incident.service.name },
  html_url: incident.url,
});

const iso = (at: number): string => new Date(at).toISOString();
