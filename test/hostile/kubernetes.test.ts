/** A hostile holder of a role that may do everything with role bindings, in two namespaces. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetes } from '../../src/provisioners/kubernetes/provisioner.ts';
import { accessOf, BEN, inAnHour, newGrantId, useForTests } from '../provisioners/contract.ts';
import { type Binding, type KubernetesApi, kubeconfigOf, startKubernetes } from '../support/kubernetes.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Unavoidable } from './judge.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const NAMESPACES = ['payments', 'checkout'];
const RBAC = 'rbac.authorization.k8s.io';
const HOLDER = { kind: 'User', name: BEN.email, apiGroup: RBAC };
const FRIEND = { ...HOLDER, name: 'mallory@harbor.example' };
const HELPER = { kind: 'ServiceAccount', name: 'helper', namespace: 'payments' };
const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: 'edit' };
const EDIT = [{ apiGroups: [''], resources: ['pods'], verbs: ['create'] }];

interface Cluster extends Arena, HoldersGrants {
  readonly api: KubernetesApi;
  /** `payments/jit-g7k2m9q4tz1` */
  path(namespace: string): string;
  edit(path: string, change: (binding: Binding) => void): Binding;
  make(namespace: string, name: string, more?: Partial<Binding['metadata']>, subjects?: Binding['subjects']): Binding;
}

async function begin(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-hostile-'));
  const api = await startKubernetes('bot-token');
  const kubeconfig = join(folder, 'config');
  writeFileSync(kubeconfig, kubeconfigOf(api));
  api.roles.set('clusterroles/edit', EDIT);
  for (const namespace of NAMESPACES) {
    for (const verb of ['create', 'get', 'list', 'update', 'delete'])
      api.rights.add(`${verb} rolebindings in ${namespace}`);
    api.rights.add(`bind clusterroles/edit in ${namespace}`);
  }
  api.rights.add('get namespaces/kube-system in the cluster');
  const make: Cluster['make'] = (namespace, name, more = {}, subjects = [HOLDER]) =>
    api.somebody('POST', namespace, { metadata: { name, ...more }, roleRef, subjects });
  const edit: Cluster['edit'] = (path, change) => {
    const binding = structuredClone(api.somebody('GET', path));
    change(binding);
    return api.somebody('PUT', path, binding);
  };
  // All of that stands there since long ago.
  api.now = () => Date.parse('2020-01-01T00:00:00Z');
  make('payments', 'team', {}, [{ ...HOLDER, name: 'ana@harbor.example' }]);
  make('checkout', 'robots', {}, [HELPER]);
  const use = useForTests();
  const connection = kubernetes.connect({ kind: 'kubernetes', kubeconfig }, use);
  const role = { cluster_role: 'edit', namespaces: NAMESPACES };
  const eve = { slackId: 'U0EVE', name: 'Eve', email: 'eve@harbor.example' };
  await connection.grant({ ...accessOf(role, newGrantId()), person: eve }, inAnHour());
  api.now = Date.now;
  const grants = grantsOf(connection, role);
  return {
    ...grants,
    api,
    make,
    edit,
    path: (namespace) => `${namespace}/jit-${grants.id.toLowerCase()}`,
    facts: () => factsOf(api),
    uses: () =>
      NAMESPACES.filter((namespace) => api.lets(HOLDER.name, 'create', 'pods', namespace)).map((one) => `edit ${one}`),
    close: async () => {
      await connection.close();
      await api.close();
      use.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `the role binding team in payments of User ana@harbor.example to ClusterRole edit` */
const factsOf = ({ bindings }: KubernetesApi): Set<string> =>
  new Set(
    [...bindings].flatMap(([at, { roleRef: bound, subjects = [], metadata }]) => {
      const shown = `the role binding ${metadata.name} in ${at.split('/')[0]}`;
      return [
        `${shown} to ${bound.kind} ${bound.name} is there`,
        ...subjects.map(({ kind, name }) => `${shown} of ${kind} ${name} to ${bound.kind} ${bound.name}`),
        ...(metadata.finalizers ?? []).map((one) => `${shown} is kept by ${one}`),
      ];
    }),
  );

/** A change of what stands under the grant's own name in one of the namespaces. */
const onOwn = (name: string, act: (path: string, cluster: Cluster) => unknown): Move<Cluster> => ({
  name,
  act: async (cluster, chance) => act(cluster.path(chance.pick(NAMESPACES)), cluster),
});
const label = (grantId: string) => ({ 'jitbot.io/grant': grantId });

const moves: readonly Move<Cluster>[] = [
  onOwn('takes the labels off', (path, { edit }) => edit(path, ({ metadata }) => delete metadata.labels)),
  onOwn('gives it the label of another grant', (path, { edit }) =>
    edit(path, ({ metadata }) => Object.assign(metadata, { labels: label('GOTHER') })),
  ),
  onOwn('takes the annotations off', (path, { edit }) => edit(path, ({ metadata }) => delete metadata.annotations)),
  onOwn('adds a service account to it', (path, { edit }) => edit(path, ({ subjects }) => subjects?.push(HELPER))),
  onOwn('puts a friend in their own place', (path, { edit }) =>
    edit(path, (binding) => Object.assign(binding, { subjects: [FRIEND] })),
  ),
  onOwn('puts a finalizer on it', (path, { edit }) =>
    edit(path, ({ metadata }) => Object.assign(metadata, { finalizers: ['keep.example/it'] })),
  ),
  onOwn('deletes it', (path, { api }) => api.somebody('DELETE', path)),
  onOwn('puts another one in its place, with its label', (path, { api, make, id }) => {
    const [namespace = '', name = ''] = path.split('/');
    if (api.bindings.has(path)) api.somebody('DELETE', path);
    make(namespace, name, { labels: label(id) }, [HELPER, HOLDER]);
  }),
  onOwn('puts another one in its place, without a label', (path, { api, make }) => {
    const [namespace = '', name = ''] = path.split('/');
    if (api.bindings.has(path)) api.somebody('DELETE', path);
    make(namespace, name);
  }),
  {
    name: 'deletes a namespace and makes it again',
    act: async ({ api }) => api.recreateNamespace('preview'),
  },
  {
    name: 'makes a copy for themselves',
    act: async ({ make, id }, chance) =>
      make(
        chance.pick(NAMESPACES),
        `copy-${chance.int(1_000_000)}`,
        { labels: label(id), ...(chance.happens(0.5) && { finalizers: ['keep.example/it'] }) },
        chance.happens(0.5) ? [HOLDER] : [HOLDER, HELPER],
      ),
  },
  {
    name: 'binds a friend and a service account',
    act: async ({ make }, chance) =>
      make(chance.pick(NAMESPACES), `robot-${chance.int(1_000_000)}`, {}, [FRIEND, HELPER]),
  },
  {
    name: 'binds themselves in the name of another grant',
    act: async ({ make }, chance) => make(chance.pick(NAMESPACES), 'jit-gother', { labels: label('GOTHER') }),
  },
  {
    name: 'adds themselves to a binding that was there',
    act: async ({ edit }) => edit('payments/team', ({ subjects }) => subjects?.push(HOLDER)),
  },
  {
    name: 'writes to the binding whenever the bot does',
    act: async ({ api, edit, path }) => {
      api.beforeWrite = () => {
        for (const one of NAMESPACES.map(path))
          if (api.bindings.has(one))
            edit(one, ({ metadata }) => Object.assign(metadata, { annotations: { note: 'mine' } }));
      };
    },
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  { name: 'gets another grant of the role', act: ({ beginAnother }) => beginAnother() },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
];

const unavoidable: readonly Unavoidable[] = [];

describeHostileHolder<Cluster>({
  kind: 'kubernetes',
  rounds: 40,
  begin,
  moves,
  unavoidable,
  isNamed: (fact, left) => {
    const [, shown = '', subject = ''] = /^(the role binding \S+ in \S+)(?: of (\S+ \S+))?/.exec(fact) ?? [];
    const name = subject.split(' ')[1] ?? '';
    return left.some(({ what }) => what.startsWith(shown) && what.includes(name));
  },
  mayBeOverdue: [
    { fact: /is not the one that the bot made/, why: 'one without the label may be somebody else’s: a person looks' },
  ],
  mend: async ({ api, path }) => {
    api.beforeWrite = () => undefined;
    for (const one of NAMESPACES.map(path)) api.bindings.delete(one);
  },
  survivors: [
    { what: 'a binding of the holder', plant: ({ make }) => make('checkout', 'left') },
    { what: 'a binding of a service account', plant: ({ make }) => make('payments', 'left', {}, [HELPER]) },
    { what: 'a binding of nobody', plant: ({ make }) => make('payments', 'left', {}, []) },
    {
      what: 'the holder in a binding that was there',
      plant: ({ edit }) => edit('payments/team', ({ subjects }) => subjects?.push(HOLDER)),
    },
    {
      what: 'a finalizer',
      plant: ({ edit }) => edit('payments/team', ({ metadata }) => Object.assign(metadata, { finalizers: ['x.y/z'] })),
    },
    { what: 'somebody who lost theirs', plant: ({ api }) => api.somebody('DELETE', 'checkout/robots') },
  ],
});
