/** A policy of a whole company: what is looked at must not grow with the square of it. */

import { expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

const RESOURCES = 300;
const SHARED = { SHARED_SECRET: 'one-that-all-have-in-common' };

function policyWith(
  more: string,
  { variables = SHARED as NodeJS.ProcessEnv, secret = (_: number): string => 'SHARED_SECRET' } = {},
): Policy {
  const resources = Array.from(
    { length: RESOURCES },
    (_, index) => `  service-${index}:
    target: { kind: webhook, url: "https://hooks.example/${index}", secret: "\${${secret(index)}}" }
    roles:
      read: { grants: {}, duration: { max: 1h }, rules: [{ allow: { members_of: [S0DEV] } }] }
      write: { grants: {}, duration: { max: 1h }, rules: [{ allow: { members_of: [S0DEV] } }] }`,
  );
  const source = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
${more}resources:
${resources.join('\n')}
`;
  const read = parsePolicy(source, PROVISIONERS, variables);
  if ('issues' in read) throw new Error(JSON.stringify(read.issues));
  return read.policy;
}
const roleOf = (policy: Policy, resource: string, role = 'read') => {
  const found = policy.resources.get(resource)?.roles.get(role);
  if (!found) throw new Error(`${resource}/${role} is not there`);
  return found;
};

const LIMITED = `limits:
  - { holders: 5 }
  - { resources: [service-7, service-8], holders: 2 }
freezes:
  - { from: "2026-12-20T00:00Z", to: "2026-12-27T00:00Z", reason: Holidays }
  - { from: "2026-11-27T00:00Z", to: "2026-11-28T00:00Z", reason: Sales, resources: [service-8] }
`;

test('the names of all resources are kept once, and not for each role', () => {
  const policy = policyWith(LIMITED);
  const [first, second] = [roleOf(policy, 'service-1'), roleOf(policy, 'service-2', 'write')];
  expect(first.limits[0]?.resources).toHaveLength(RESOURCES);
  expect(first.limits[0]?.resources).toBe(second.limits[0]?.resources);
});

test('a shared limit holds where it says, and everywhere where it says nothing', () => {
  const policy = policyWith(LIMITED);
  const holders = (resource: string) => roleOf(policy, resource).limits.map((limit) => limit.holders);
  expect([holders('service-6'), holders('service-7'), holders('service-8')]).toEqual([[5], [5, 2], [5, 2]]);
});

test('a freeze holds where it says, and everywhere where it says nothing', () => {
  const policy = policyWith(LIMITED);
  const reasons = (resource: string) => roleOf(policy, resource, 'write').freezes.map(({ reason }) => reason);
  expect([reasons('service-7'), reasons('service-8')]).toEqual([['Holidays'], ['Holidays', 'Sales']]);
});

test('a secret that many targets have is known once, and every other one too', () => {
  const variables = { ...SHARED, OTHER_SECRET: 'one-that-another-has' };
  const { secrets = [], passwords = [] } = policyWith('', {
    variables,
    secret: (index) => (index === RESOURCES - 1 ? 'OTHER_SECRET' : 'SHARED_SECRET'),
  });
  const both = Object.values(variables).sort();
  expect([[...secrets].sort(), [...passwords].sort()]).toEqual([both, both]);
});
