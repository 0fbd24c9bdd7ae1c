import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubernetes } from '../../src/provisioners/kubernetes/provisioner.ts';
import { type KubernetesApi, startKubernetes } from '../support/kubernetes.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

/** The official client against the role bindings of an API written from its published description. */

const folder = mkdtempSync(join(tmpdir(), 'jitbot-kube-'));
const kubeconfig = join(folder, 'config');
const use = useForTests();
const role = { cluster_role: 'view', namespaces: ['payments', 'checkout'] };
const everywhere = { cluster_role: 'view' };
const VERBS = ['create', 'get', 'list', 'update', 'delete'];
let api: KubernetesApi;
let harness: Harness;
let clusterWide: Harness;

beforeAll(async () => {
  api = await startKubernetes('bot-token');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: api.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'bot', user: { token: 'bot-token' } }],
      contexts: [{ name: 'main', context: { cluster: 'c', user: 'bot' } }],
      'current-context': 'main',
    }),
  );
  for (const namespace of role.namespaces) {
    for (const verb of VERBS) api.rights.add(`${verb} rolebindings in ${namespace}`);
    api.rights.add(`bind clusterroles/view in ${namespace}`);
  }
  for (const verb of VERBS) api.rights.add(`${verb} clusterrolebindings in the cluster`);
  api.rights.add('bind clusterroles/view in the cluster');
  const connection = kubernetes.connect({ kind: 'kubernetes', kubeconfig }, use);
  const breaks = {
    breakTarget: () => {
      api.down = true;
    },
    mendTarget: () => {
      api.down = false;
    },
  };
  const binds = (place: string, grantId: string) =>
    api.bindings.get(`${place}/jit-${grantId.toLowerCase()}`)?.subjects?.[0]?.name === 'ben@harbor.example';
  harness = {
    connection,
    role,
    reallyHas: async (grantId) => role.namespaces.every((place) => binds(place, grantId)),
    ...breaks,
  };
  clusterWide = { connection, role: everywhere, reallyHas: async (grantId) => binds('', grantId), ...breaks };
});
afterAll(async () => {
  await harness.connection.close();
  await api.close();
  use.close();
  rmSync(folder, { recursive: true, force: true });
});

describeContract('kubernetes, in namespaces', () => harness);
describeContract('kubernetes, in the whole cluster', () => clusterWide);

describe('kubernetes', () => {
  const access = (id: string) => accessOf(role, id);

  test('a binding says for which grant and until when it was made; an extension moves that', async () => {
    const id = newGrantId();
    const at = (name: string) => api.bindings.get(`${name}/jit-${id.toLowerCase()}`)?.metadata;
    await harness.connection.grant(access(id), Date.UTC(2026, 0, 15, 13));
    expect(at('payments')).toMatchObject({
      labels: { 'app.kubernetes.io/managed-by': 'jitbot', 'jitbot.io/grant': id },
      annotations: {
        'jitbot.io/role': 'payments-db/read',
        'jitbot.io/request': `R${id.slice(1)}`,
        'jitbot.io/expires-at': '2026-01-15T13:00:00.000Z',
      },
    });
    await harness.connection.grant(access(id), Date.UTC(2026, 0, 15, 14));
    expect(at('checkout')?.annotations?.['jitbot.io/expires-at']).toBe('2026-01-15T14:00:00.000Z');
    await harness.connection.revoke(access(id));
  });

  test('a grant that failed in the second namespace is taken back in the first', async () => {
    const id = newGrantId();
    api.rights.delete('create rolebindings in checkout');
    await expect(harness.connection.grant(access(id), inAnHour())).rejects.toThrow(/403: rolebindings.*forbidden/);
    expect(await harness.connection.isActive(access(id))).toBe(true);
    await harness.connection.revoke(access(id));
    expect(api.bindings.size).toBe(0);
    api.rights.add('create rolebindings in checkout');
  });

  test('bindings that somebody else made are listed as standing, over all pages, and only their subject is taken out', async () => {
    const standing = (name: string) => ({
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: ['ana@harbor.example', 'eve@harbor.example'].map((one) => ({
        kind: 'User',
        name: one,
        apiGroup: 'rbac.authorization.k8s.io',
      })),
    });
    for (const place of role.namespaces) {
      api.bindings.set(`${place}/a`, { ...standing('a'), subjects: [] });
      api.bindings.set(`${place}/b`, { ...standing('b'), roleRef: { ...standing('b').roleRef, name: 'edit' } });
      api.bindings.set(`${place}/c`, standing('c'));
    }
    const list = async () => harness.connection.list?.([{ roleKey: 'payments-db/read', role }]);
    const holding = (account: string) => ({ account, role: 'payments-db/read', grantId: null });
    expect(await list()).toEqual([holding('ana@harbor.example'), holding('eve@harbor.example')]);
    await harness.connection.remove?.(holding('eve@harbor.example'), role);
    await harness.connection.remove?.(holding('eve@harbor.example'), role);
    expect(await list()).toEqual([holding('ana@harbor.example')]);
    await harness.connection.remove?.(holding('ana@harbor.example'), role);
    expect(api.bindings.has('payments/c')).toBe(false);
    expect(api.bindings.has('payments/b')).toBe(true);
    api.bindings.clear();
  });

  test('a binding of that name that is not the bot’s is left alone', async () => {
    const id = newGrantId();
    const key = `payments/jit-${id.toLowerCase()}`;
    api.bindings.set(key, {
      metadata: { name: `jit-${id.toLowerCase()}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    });
    await expect(harness.connection.grant(access(id), inAnHour())).rejects.toThrow(/not the bot's/);
    await harness.connection.revoke(access(id));
    expect(api.bindings.has(key)).toBe(true);
    api.bindings.delete(key);
  });

  test('the doctor names the verbs that are missing', async () => {
    api.rights.delete('bind clusterroles/view in payments');
    const findings = await harness.connection.check([{ roleKey: 'payments-db/read', role }]);
    expect(findings.filter(({ ok }) => !ok)).toEqual([
      {
        ok: false,
        what: 'the bot may bind people to ClusterRole view in payments',
        fix: 'Allow the verb bind on clusterroles with the name view in payments.',
      },
    ]);
    api.rights.add('bind clusterroles/view in payments');
  });

  test.each([
    [{}, /either cluster_role or role/],
    [{ role: 'logs' }, /belongs to a namespace/],
    [{ cluster_role: 'View!' }, /name of a Kubernetes object/],
  ])('grants %j are refused in the policy file', (grants, problem) => {
    expect(kubernetes.roleSchema.safeParse(grants).error?.message).toMatch(problem);
  });
});
