import { expect, test } from 'vitest';
import type { Policy, Role } from '../../src/domain/policy.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { requestModal, roleOptions } from '../../src/slack/request/modal.ts';

const role = (resourceId: string, id: string): Role => ({
  resourceId,
  id,
  name: id,
  grants: {},
  reason: { minLength: 1, ticket: null },
  duration: { default: HOUR, max: 4 * HOUR },
  rules: [],
});
const resources = (count: number): Policy['resources'] =>
  new Map(
    Array.from({ length: count }, (_, index) => {
      const id = `service-${index}`;
      return [
        id,
        {
          id,
          name: `Service ${index}`,
          kind: 'webhook',
          target: {},
          roles: new Map([
            ['read', role(id, 'read')],
            ['admin', role(id, 'admin')],
          ]),
        },
      ] as const;
    }),
  );
const policy: Policy = { hash: '', auditChannel: 'C', approvalsChannel: 'C', admins: [], resources: resources(3_000) };

test('among thousands of roles, a few letters find the one, and never more are offered than Slack takes', () => {
  expect(roleOptions(policy, '')).toHaveLength(100);
  expect(roleOptions(policy, 'serv 2718 adm').map((option) => option.value)).toEqual(['service-2718/admin']);
  expect(roleOptions(policy, 'ADMIN 2999')).toHaveLength(1);
  expect(roleOptions(policy, 'nothing like it')).toEqual([]);
  expect(roleOptions(policy, '.*+?^()|[]')).toEqual([]);
});

test('a word that begins a name comes before one that is only in it', () => {
  const found = roleOptions(
    {
      ...policy,
      resources: new Map([
        ...resources(1),
        [
          'x',
          { id: 'x', name: 'Microservice', kind: 'webhook', target: {}, roles: new Map([['read', role('x', 'read')]]) },
        ],
      ]),
    },
    'service',
  );
  expect(found.map((option) => option.value)).toEqual(['service-0/read', 'service-0/admin', 'x/read']);
});

test('the form as it opens, and as it looks with a role chosen', () => {
  expect(requestModal({ role: null, incidents: [], incidentId: null, notice: 'Asking…' })).toMatchSnapshot();
  const incident = {
    id: 'PINC',
    number: 7,
    title: `A title ${'that is long '.repeat(20)}`,
    status: 'triggered',
    urgency: 'high',
    service: { id: 'P', name: 'Checkout' },
    url: '',
  } as const;
  expect(
    requestModal({
      role: {
        role: { ...role('db', 'admin'), reason: { minLength: 15, ticket: /^INC-\d+$/ } },
        resourceName: 'Database',
      },
      incidents: [incident],
      incidentId: 'PINC',
      notice: 'Approved at once',
    }),
  ).toMatchSnapshot();
});
