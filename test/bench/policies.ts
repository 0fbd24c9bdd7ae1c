/** Policies of a company's size. */

import { parsePolicy } from '../../src/config/policyFile.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

export const POLICY_SECRETS = { SECRET: 'sixteen-characters-at-least' };

const ten = Array.from({ length: 9 }, (_, index) =>
  index % 3 === 0
    ? `          - allow: { on_call: { escalation_policies: [PP${index}], level: { max: 2 } }, incident: { services: [PS${index}] } }`
    : index % 3 === 1
      ? `          - allow: { members_of: [S0GROUP${index}], hours: { time_zone: Europe/Berlin, from: "09:00", to: "17:00" } }`
      : `          - deny: { unless: { members_of: [S0ENG, S0GROUP${index}] } }`,
).join('\n');
const two = (index: number) =>
  `          - allow: { on_call: { escalation_policies: [PP${index % 50}], level: { max: 2 } } }`;

/** Roles on webhook targets, two a target. */
export const policySource = (roles: number, rules: 2 | 10): string => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, digest: never }
resources:
${Array.from(
  { length: roles / 2 },
  (_, index) => `  service-${index}:
    target: { kind: webhook, url: "https://hooks.example/${index}", secret: "\${SECRET}" }
    roles:
${['read', 'write'].map((name) => roleSource(name, rules === 2 ? two(index) : ten)).join('\n')}`,
).join('\n')}
`;

const roleSource = (name: string, rules: string) => `      ${name}:
        grants: { permission: ${name} }
        duration: { default: 1h, max: 4h }
        rules:
${rules}
          - ask: { reviewers: [S0LEADS], expires: 1h }`;

export function policyOf(source: string): Policy {
  const read = parsePolicy(source, PROVISIONERS, POLICY_SECRETS);
  if ('issues' in read) throw new Error(JSON.stringify(read.issues.slice(0, 3)));
  return read.policy;
}
