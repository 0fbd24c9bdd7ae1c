/** What a cluster is asked about somebody who was bound, and what its answers say. */

import type { V1PolicyRule, V1SubjectAccessReviewSpec } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { readBack } from '../../src/provisioners/kubernetes/readBack.ts';

const POLLING = { every: 0, until: 0 };
const ben = { kind: 'User', name: 'ben@harbor.example' };

/** @param answers one after the other, the last one again and again */
function clusterWith(rules: V1PolicyRule[] | null, ...answers: (boolean | null)[]) {
  const asked: V1SubjectAccessReviewSpec[] = [];
  const rolesAsked: unknown[] = [];
  const cluster = {
    rulesOf: async (...question: unknown[]) => {
      rolesAsked.push(question);
      return rules;
    },
    mayThey: async (spec: V1SubjectAccessReviewSpec) => {
      asked.push(spec);
      return (answers.length > 1 ? answers.shift() : answers[0]) ?? null;
    },
  };
  return { cluster, asked, rolesAsked };
}
const rule = (more: Partial<V1PolicyRule>): V1PolicyRule => ({
  verbs: ['get', 'list'],
  apiGroups: ['apps', ''],
  resources: ['deployments', 'pods'],
  ...more,
});
const view = { cluster_role: 'view' };
const bound = (namespace: string | null = 'payments') => ({ subject: ben, role: view, namespace });

describe('what is asked', () => {
  const asks = async (rules: V1PolicyRule[], namespace: string | null = 'payments') => {
    const { cluster, asked } = clusterWith(rules, true);
    const told = await readBack(cluster, bound(namespace), POLLING);
    return told ? asked : null;
  };
  const attributes = { verb: 'get', group: 'apps', resource: 'deployments' };

  test.each<[string, Partial<V1PolicyRule>, object]>([
    ['the first verb, group and resource', {}, { ...attributes, namespace: 'payments' }],
    [
      'part of a resource',
      { resources: ['pods/log'] },
      { ...attributes, resource: 'pods', subresource: 'log', namespace: 'payments' },
    ],
    ['one thing by its name', { resourceNames: ['a', 'b'] }, { ...attributes, name: 'a', namespace: 'payments' }],
    ['the group of pods', { apiGroups: [''] }, { ...attributes, group: '', namespace: 'payments' }],
  ])('%s', async (_, more, resourceAttributes) => {
    expect(await asks([rule(more)])).toEqual([{ user: ben.name, resourceAttributes }]);
  });

  test('in the whole cluster no namespace is said, and paths count', async () => {
    expect(await asks([rule({})], null)).toEqual([{ user: ben.name, resourceAttributes: attributes }]);
    const path = { verbs: ['get'], nonResourceURLs: ['/metrics', '/healthz'] };
    expect(await asks([path], null)).toEqual([
      { user: ben.name, nonResourceAttributes: { verb: 'get', path: '/metrics' } },
    ]);
  });

  test('a rule that names nothing that can be asked is passed over', async () => {
    const path = { verbs: ['get'], nonResourceURLs: ['/metrics'] };
    const found = await asks([
      path,
      rule({ verbs: [] }),
      { verbs: ['get'], resources: ['pods'] },
      { verbs: ['get'], apiGroups: [''] },
      rule({ verbs: ['watch'] }),
    ]);
    expect(found).toMatchObject([{ resourceAttributes: { verb: 'watch' } }]);
    expect(await asks([path])).toBeNull();
    expect(await asks([])).toBeNull();
  });

  test('of a group, whether the group may', async () => {
    const { cluster, asked } = clusterWith([rule({})], true);
    await readBack(cluster, { ...bound(), subject: { kind: 'Group', name: 'jit-ben' } }, POLLING);
    expect(asked).toMatchObject([{ groups: ['jit-ben'] }]);
    expect(asked[0]?.user).toBeUndefined();
  });

  test.each([
    [{ cluster_role: 'view' }, { kind: 'ClusterRole', name: 'view' }],
    [{ role: 'log-reader' }, { kind: 'Role', name: 'log-reader' }],
  ])('what %j allows is looked at where it is bound', async (role, ref) => {
    const { cluster, rolesAsked } = clusterWith([rule({})], true);
    await readBack(cluster, { subject: ben, role, namespace: 'payments' }, POLLING);
    expect(rolesAsked).toEqual([[ref, 'payments']]);
  });
});

describe('what the answers say', () => {
  const ask = (rules: V1PolicyRule[] | null, ...answers: (boolean | null)[]) =>
    readBack(clusterWith(rules, ...answers).cluster, bound(), { every: 1, until: 3 });

  test('yes, no, and "not told" are three things', async () => {
    expect(await ask([rule({})], true)).toBe(true);
    expect(await ask([rule({})], null)).toBe(false);
    await expect(ask([rule({})], false)).rejects.toThrow(
      /User ben@harbor.example is bound to ClusterRole view in payments, but the cluster does not let them use it/,
    );
  });

  test('a role that the bot may not see tells nothing', async () => {
    expect(await ask(null, false)).toBe(false);
  });

  test('an authorizer that hears of the binding a little later is waited for', async () => {
    expect(await ask([rule({})], false, false, true)).toBe(true);
    expect(await ask([rule({})], false, null)).toBe(false);
    await expect(ask([rule({})], false, false, false, false, true)).rejects.toThrow('after');
  });
});
