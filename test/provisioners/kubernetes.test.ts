/** The official client against the role bindings of an API written from its published description. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubernetes } from '../../src/provisioners/kubernetes/provisioner.ts';
import { type Binding, type KubernetesApi, kubeconfigOf, startKubernetes } from '../support/kubernetes.ts';
import type { Changed, Changes } from './changes.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-kube-'));
const kubeconfig = join(folder, 'config');
const use = useForTests();
const role = { cluster_role: 'view', namespaces: ['payments', 'checkout'] };
const everywhere = { cluster_role: 'view' };
const VERBS = ['create', 'get', 'list', 'update', 'delete'];
let api: KubernetesApi;
let harness: Harness;
let clusterWide: Harness;
/** Bindings of a cluster that the kubeconfig no longer leads to. */
const away = new Map<string, Binding>();

const standing = (name: string, ...accounts: string[]): Binding => ({
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: accounts.map((one) => ({ kind: 'User', name: one, apiGroup: 'rbac.authorization.k8s.io' })),
});

/** @param resource what the bot's rights are about */
function changesIn(place: string, resource: string): Changes {
  /** Two that are not the bot's stand beside what it made. */
  const beside = (undo: () => void): Changed => {
    const names = ['admins', 'robots'].map((name) => `${place}/${name}`);
    for (const key of names) api.bindings.set(key, standing(key.slice(place.length + 1), 'ana@harbor.example'));
    return {
      undo: () => {
        undo();
        for (const key of names) api.bindings.delete(key);
      },
      others: () => structuredClone(names.map((key) => api.bindings.get(key))),
    };
  };
  const without = (...rights: string[]) => ({
    how: `without ${rights.join(', ')}`,
    act: () => {
      for (const right of rights) api.rights.delete(right);
      return beside(() => {
        for (const right of rights) api.rights.add(right);
      });
    },
  });
  return {
    renamePerson:
      'a cluster has no people: a binding names its subject, and whoever is called something else is not bound by it',
    renameContainer: 'nothing in Kubernetes can be renamed; what is made anew has another uid',
    moveTarget: [
      {
        how: 'another cluster answers at the same address',
        act: () => {
          const before = api.clusterUid;
          for (const [key, binding] of api.bindings) away.set(key, binding);
          api.bindings.clear();
          api.clusterUid = 'another-cluster';
          return beside(() => {
            api.clusterUid = before;
            for (const [key, binding] of away) api.bindings.set(key, binding);
            away.clear();
          });
        },
      },
      {
        how: 'something that knows nothing answers at the same address',
        act: () => {
          api.isElsewhere = true;
          return beside(() => {
            api.isElsewhere = false;
          });
        },
      },
    ],
    blind: [
      without(...VERBS.map((verb) => `${verb} ${resource}`)),
      without(`get ${resource}`),
      without(`list ${resource}`),
      without(`delete ${resource}`),
      without('get namespaces/kube-system in the cluster'),
      {
        how: 'with a token that is no longer good',
        act: () => {
          api.token = 'a new one';
          return beside(() => {
            api.token = 'bot-token';
          });
        },
      },
    ],
  };
}

beforeAll(async () => {
  api = await startKubernetes('bot-token');
  writeFileSync(kubeconfig, kubeconfigOf(api));
  for (const namespace of role.namespaces) {
    for (const verb of VERBS) api.rights.add(`${verb} rolebindings in ${namespace}`);
    api.rights.add(`bind clusterroles/view in ${namespace}`);
  }
  for (const verb of VERBS) api.rights.add(`${verb} clusterrolebindings in the cluster`);
  api.rights.add('bind clusterroles/view in the cluster');
  api.rights.add('get namespaces/kube-system in the cluster');
  api.rights.add('create subjectaccessreviews in the cluster');
  api.rights.add('get clusterroles/view in the cluster');
  const connection = kubernetes.connect({ kind: 'kubernetes', kubeconfig }, use);
  const breaks = {
    wire: api.wire,
    breakTarget: () => {
      api.down = true;
    },
    mendTarget: () => {
      api.down = false;
    },
  };
  /** The same in every one of these places; otherwise it is no end. */
  const endIn = (places: readonly string[], grantId: string) => {
    const ends = places.map(
      (place) =>
        api.bindings.get(`${place}/jit-${grantId.toLowerCase()}`)?.metadata.annotations?.['jitbot.io/expires-at'],
    );
    const [end] = ends;
    return end !== undefined && ends.every((one) => one === end) ? Date.parse(end) : null;
  };
  const binds = (place: string, grantId: string) => {
    const key = `${place}/jit-${grantId.toLowerCase()}`;
    return (api.bindings.get(key) ?? away.get(key))?.subjects?.[0]?.name === 'ben@harbor.example';
  };
  harness = {
    connection,
    role,
    reallyHas: async (grantId) => role.namespaces.every((place) => binds(place, grantId)),
    endOf: async (grantId) => endIn(role.namespaces, grantId),
    ...breaks,
    changes: changesIn('checkout', 'rolebindings in checkout'),
  };
  clusterWide = {
    connection,
    role: everywhere,
    reallyHas: async (grantId) => binds('', grantId),
    endOf: async (grantId) => endIn([''], grantId),
    ...breaks,
    changes: changesIn('', 'clusterrolebindings in the cluster'),
  };
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

  test('a binding names its grant and end, which an extension moves', async () => {
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

  test.each(['Ana.Kovac@Harbor.example', 'a_b.example#EXT#@harbor.example', "o'neil+x@harbor.example"])(
    '%s is bound letter by letter, and the cluster is asked what that gives',
    async (written) => {
      const id = newGrantId();
      const twin = newGrantId();
      const person = { ...BEN, email: written.toLowerCase(), writtenEmail: written };
      // One name in two domains.
      const elsewhere = { ...BEN, slackId: 'U0TWIN', email: written.toLowerCase().replace('harbor', 'agency') };
      const lets = (name: string) => role.namespaces.map((place) => api.lets(name, 'get', 'pods', place));
      expect(await harness.connection.grant({ ...access(id), person }, inAnHour())).toEqual({ account: written });
      await harness.connection.grant({ ...access(twin), person: elsewhere }, inAnHour());
      expect([lets(written), lets(elsewhere.email)]).toEqual([
        [true, true],
        [true, true],
      ]);
      await harness.connection.revoke({ ...access(id), person });
      expect([lets(written), lets(elsewhere.email)]).toEqual([
        [false, false],
        [true, true],
      ]);
      await harness.connection.revoke({ ...access(twin), person: elsewhere });
    },
  );

  test('{email_lower} serves a cluster that knows people in small letters', async () => {
    const id = newGrantId();
    const connection = kubernetes.connect({ kind: 'kubernetes', kubeconfig, user: 'oidc:{email_lower}' }, use);
    const person = { ...BEN, email: 'ana.kovac@harbor.example', writtenEmail: 'Ana.Kovac@Harbor.example' };
    await connection.grant({ ...access(id), person }, inAnHour());
    expect(api.lets('oidc:ana.kovac@harbor.example', 'get', 'pods', 'payments')).toBe(true);
    await connection.revoke({ ...access(id), person });
    await connection.close();
  });

  test('nobody is told that they have what the cluster does not let them do', async () => {
    const id = newGrantId();
    const connection = kubernetes.connect(
      { kind: 'kubernetes', kubeconfig },
      { ...use, polling: { every: 0, until: 0 } },
    );
    api.denies = (name) => name === 'ben@harbor.example';
    await expect(connection.grant(access(id), inAnHour())).rejects.toThrow(
      /User ben@harbor.example is bound to ClusterRole view in payments, but the cluster does not let them use it/,
    );
    api.denies = () => false;
    await connection.revoke(access(id));
    const rules = api.roles.get('clusterroles/view') ?? [];
    api.roles.delete('clusterroles/view');
    await expect(connection.grant(access(id), inAnHour())).rejects.toThrow(/404: clusterroles.*"view" not found/);
    api.roles.set('clusterroles/view', rules);
    await connection.revoke(access(id));
    expect(api.bindings.size).toBe(0);
    await connection.close();
  });

  test('a cluster that refuses the review stops no access, and the doctor says so', async () => {
    const id = newGrantId();
    for (const right of ['create subjectaccessreviews in the cluster', 'get clusterroles/view in the cluster']) {
      api.rights.delete(right);
      await harness.connection.grant(access(id), inAnHour());
      expect(await harness.reallyHas(id)).toBe(true);
      await harness.connection.revoke(access(id));
      const findings = await harness.connection.check([{ roleKey: 'payments-db/read', role }]);
      expect(findings.filter(({ ok }) => !ok)).toHaveLength(1);
      api.rights.add(right);
    }
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

  test('foreign bindings are listed over all pages, and only their subject is removed', async () => {
    const people = ['ana@harbor.example', 'eve@harbor.example'];
    for (const place of role.namespaces) {
      api.bindings.set(`${place}/a`, standing('a'));
      const other = standing('b', ...people);
      api.bindings.set(`${place}/b`, { ...other, roleRef: { ...other.roleRef, name: 'edit' } });
      api.bindings.set(`${place}/c`, standing('c', ...people));
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
    await expect(harness.connection.revoke(access(id))).rejects.toThrow(/not the one that the bot made/);
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
