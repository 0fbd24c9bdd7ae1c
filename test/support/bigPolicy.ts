/** A company's policy: two roles on each of thousands of webhook targets, two rules each. */

export const POLICY_SECRETS = { SECRET: 'sixteen-characters-at-least' };

const role = (name: string, index: number) => `      ${name}:
        grants: { permission: ${name} }
        duration: { default: 1h, max: 4h }
        rules:
          - allow: { on_call: { escalation_policies: [PP${index % 50}], level: { max: 2 } } }
          - ask: { reviewers: [U0LEAD], expires: 1h }`;

export const policySource = (resources: number): string => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
${Array.from(
  { length: resources },
  (_, index) => `  service-${index}:
    target: { kind: webhook, url: "https://hooks.example/${index}", secret: "\${SECRET}" }
    roles:
${role('read', index)}
${role('write', index)}`,
).join('\n')}
`;
