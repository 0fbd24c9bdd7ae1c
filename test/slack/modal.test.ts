import { expect, test } from 'vitest';
import type { Role } from '../../src/domain/policy.ts';
import { emptyForm, requestModal, roleOptions } from '../../src/slack/features/request/modal.ts';
import { asRead } from '../support/asRead.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';

const role = (id: string): Role => aRole({ id, name: id });
const resources = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    aResource(`service-${index}`, `Service ${index}`, [role('read'), role('admin')]),
  );
const policy = aPolicy(...resources(3_000));

test('among thousands of roles a few letters find one, within Slack’s maximum', () => {
  expect(roleOptions(policy, '')).toHaveLength(100);
  expect(roleOptions(policy, 'serv 2718 adm').map((option) => option.value)).toEqual(['service-2718/admin']);
  expect(roleOptions(policy, 'ADMIN 2999')).toHaveLength(1);
  expect(roleOptions(policy, 'nothing like it')).toEqual([]);
  expect(roleOptions(policy, '.*+?^()|[]')).toEqual([]);
});

test('a word that begins a name comes before one that is only in it', () => {
  const found = roleOptions(aPolicy(...resources(1), aResource('x', 'Microservice', [role('read')])), 'service');
  expect(found.map((option) => option.value)).toEqual(['service-0/read', 'service-0/admin', 'x/read']);
});

test('the form as it opens, and as it looks with a role chosen', () => {
  expect(asRead(requestModal(emptyForm('request', 'Asking…')))).toMatchSnapshot();
  const incident = {
    id: 'PINC',
    number: 7,
    title: `A title ${'that is long '.repeat(20)}`,
    status: 'triggered',
    urgency: 'high',
    priority: null,
    service: { id: 'P', name: 'Checkout' },
    url: '',
  } as const;
  const chosen = asRead(
    requestModal({
      ...emptyForm('request', 'Automatic'),
      role: {
        role: aRole({ id: 'admin', name: 'admin', reason: { minLength: 15, ticket: /^INC-\d+$/ } }),
        resourceName: 'Database',
      },
      incidents: [incident],
      incidentId: 'PINC',
    }),
  );
  expect(chosen).toMatchSnapshot();
});
