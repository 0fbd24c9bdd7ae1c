import { flatten, type Role, type Rule } from './policy.ts';

/** A PagerDuty object that the policy names by id. */
export interface PagerDutyId {
  readonly kind: 'escalation_policy' | 'schedule' | 'service';
  readonly id: string;
}

/** The PagerDuty ids that the rules of these roles name, each once. */
export function pagerDutyIdsOf(roles: readonly Role[]): PagerDutyId[] {
  const all = roles.flatMap(({ rules }) => rules.flatMap(idsIn));
  return [...new Map(all.map((one) => [one.id, one])).values()];
}

const idsIn = (rule: Rule): PagerDutyId[] => [
  ...flatten(rule.when).flatMap((test) => {
    if (test.kind === 'incident') return as('service', test.services);
    if (test.kind !== 'on_call') return [];
    const { escalationPolicies, schedules, services } = test;
    return [...as('escalation_policy', escalationPolicies), ...as('schedule', schedules), ...as('service', services)];
  }),
  ...(rule.effect === 'ask' ? rule.escalate : []).flatMap(({ to }) =>
    to.kind === 'on_call' ? as('escalation_policy', [to.escalationPolicy]) : [],
  ),
];

const as = (kind: PagerDutyId['kind'], ids: readonly string[] | null): PagerDutyId[] =>
  (ids ?? []).map((id) => ({ kind, id }));
