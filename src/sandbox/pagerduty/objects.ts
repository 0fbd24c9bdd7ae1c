import type { Account, PdIncident, PdUser } from './account.ts';

/** What an account holds, in the form that the REST API and webhooks have it. */
export interface Objects {
  user(user: PdUser): object;
  incident(incident: PdIncident): object;
  service(service: Account['services'][number]): object;
  policy(id: string): object;
}

export function objectsOf(account: Account): Objects {
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
    incident_key: incident.key ?? null,
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

  return { user: userObject, incident: incidentObject, service: serviceObject, policy: policyObject };
}

const userObject = (user: PdUser) => ({
  ...reference('user', user.id, user.name),
  type: 'user',
  name: user.name,
  email: user.email,
  time_zone: 'UTC',
  role: 'user',
});

export const reference = (type: string, id: string, summary: string) => ({
  id,
  type: `${type}_reference`,
  summary,
  self: `https://api.pagerduty.com/${type}s/${id}`,
  html_url: `https://example.pagerduty.com/${type}s/${id}`,
});

export const isoOrNull = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
