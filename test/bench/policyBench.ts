/** How long a policy of 1,000 roles with 10 rules each takes to load, and a decision on it. */

import { parsePolicy } from '../../src/config/policyFile.ts';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import { known } from '../../src/domain/terms.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { type Measure, median, time } from './measure.ts';

const ROLES = 1_000;
const RULES = 10;

const rules = Array.from({ length: RULES - 1 }, (_, index) =>
  index % 3 === 0
    ? `          - allow: { on_call: { escalation_policies: [PP${index}], level: { max: 2 } }, incident: { services: [PS${index}] } }`
    : index % 3 === 1
      ? `          - allow: { members_of: [S0GROUP${index}], hours: { time_zone: Europe/Berlin, from: "09:00", to: "17:00" } }`
      : `          - deny: { unless: { members_of: [S0ENG, S0GROUP${index}] } }`,
);
const role = (name: string) => `      ${name}:
        grants: { permission: ${name} }
        duration: { default: 1h, max: 4h }
        rules:
${rules.join('\n')}
          - ask: { reviewers: [S0LEADS], expires: 1h }`;
const resources = Array.from(
  { length: ROLES / 2 },
  (_, index) => `  service-${index}:
    target: { kind: webhook, url: "https://hooks.example/${index}", secret: "\${SECRET}" }
    roles:
${role('read')}
${role('write')}`,
);
const source = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
${resources.join('\n')}
`;

export async function policyBench(): Promise<Measure[]> {
  const load = () => {
    const result = parsePolicy(source, PROVISIONERS, { SECRET: 'sixteen-characters-at-least' });
    if ('issues' in result) throw new Error(JSON.stringify(result.issues.slice(0, 3)));
    return result.policy;
  };
  const loads = Array.from({ length: 7 }, () => time(load));
  const policy = load();
  const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const at = Date.UTC(2026, 0, 15, 12);
  const groups = Object.fromEntries(
    ['S0ENG', 'S0LEADS', ...Array.from({ length: RULES }, (_, index) => `S0GROUP${index}`)].map((id) => [
      id,
      known(id === 'S0ENG'),
    ]),
  );
  const input = {
    at,
    personId: 'U0ANA',
    duration: 3_600_000,
    evidence: {
      at,
      onCall: known([
        {
          escalationPolicy: { id: 'PX', name: 'X' },
          services: [],
          schedule: null,
          level: 1,
          start: null,
          end: null,
          isOverride: null,
        },
      ]),
      incident: null,
      groups,
      history: null,
      removals: null,
      signals: null,
      opa: null,
    },
  };
  // Each at another instant, as requests come in.
  const decideAll = () => {
    for (const [index, one] of roles.entries()) evaluatePolicy(one, { ...input, at: at + index });
  };
  return [
    {
      what: 'load a policy of 1,000 roles, 10 rules each',
      unit: 'ms',
      value: median(loads),
      budget: { most: 500 },
      limitedBy: 'parsing YAML',
    },
    {
      what: 'one decision on it, beyond its evidence',
      unit: 'µs',
      value: median(Array.from({ length: 20 }, () => (1_000 * time(decideAll)) / roles.length)),
      budget: { most: 50 },
      limitedBy: 'walking ten rules',
    },
  ];
}
