/**
 * What a holder with every right on role bindings (and others who have it) can do while a grant lives, and what is so after
 * its end: what the bot made is gone, or the end fails; what is left is named.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { kubernetes } from '../../src/provisioners/kubernetes/provisioner.ts';
import { type Binding, type KubernetesApi, kubeconfigOf, startKubernetes } from '../support/kubernetes.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-hostile-'));
const kubeconfig = join(folder, 'config');
const use = useForTests();
const role = { cluster_role: 'edit', namespaces: ['payments'] };
const BEN = { kind: 'User', name: 'ben@harbor.example', apiGroup: 'rbac.authorization.k8s.io' };
const HELPER = { kind: 'ServiceAccount', name: 'helper', namespace: 'payments' };
let api: KubernetesApi;
let connection: ReturnType<typeof kubernetes.connect>;
let id: string;

beforeAll(async () => {
  api = await startKubernetes('bot-token');
  writeFileSync(kubeconfig, kubeconfigOf(api));
  for (const verb of ['create', 'get', 'list', 'update', 'delete']) api.rights.add(`${verb} rolebindings in payments`);
  api.rights.add('bind clusterroles/edit in payments');
  api.rights.add('get namespaces/kube-system in the cluster');
  connection = kubernetes.connect({ kind: 'kubernetes', kubeconfig }, use);
});
afterAll(async () => {
  await api.close();
  use.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  api.bindings.clear();
  api.beforeWrite = () => undefined;
  id = newGrantId();
  await connection.grant(access(), inAnHour());
});

const access = () => accessOf(role, id);
const path = () => `payments/jit-${id.toLowerCase()}`;
const read = () => api.somebody('GET', path());
/** What the holder makes of the bot's binding. */
const edit = (change: (binding: Binding) => void) => {
  const binding = structuredClone(read());
  change(binding);
  return api.somebody('PUT', path(), binding);
};
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' };
const make = (name: string, more: Partial<Binding['metadata']> = {}, subjects: Binding['subjects'] = [BEN]) =>
  api.somebody('POST', 'payments', { metadata: { name, ...more }, roleRef, subjects });
const end = async () => {
  const left = await connection.revoke(access());
  return { left: typeof left === 'object' ? left.left : [], isActive: await connection.isActive(access()) };
};
const names = () => [...api.bindings.values()].map(({ metadata }) => metadata.name);

describe('what a holder does to the binding of their grant', () => {
  test.each<[string, () => unknown]>([
    ['takes its label off', () => edit(({ metadata }) => delete metadata.labels)],
    [
      'gives it the label of another grant',
      () => edit(({ metadata }) => Object.assign(metadata.labels ?? {}, { 'jitbot.io/grant': 'GOTHER' })),
    ],
    ['takes its annotations off', () => edit(({ metadata }) => delete metadata.annotations)],
    ['adds others to it', () => edit((binding) => binding.subjects?.push(HELPER))],
    ['puts others in their own place', () => edit((binding) => Object.assign(binding, { subjects: [HELPER] }))],
    [
      'puts a finalizer on it',
      () => edit(({ metadata }) => Object.assign(metadata, { finalizers: ['keep.example/it'] })),
    ],
    [
      'puts a finalizer on it and deletes it',
      () => {
        edit(({ metadata }) => Object.assign(metadata, { finalizers: ['keep.example/it'] }));
        api.somebody('DELETE', path());
      },
    ],
    ['deletes it', () => api.somebody('DELETE', path())],
    ['deletes the namespace', () => api.recreateNamespace('payments')],
    [
      'does all of that',
      () =>
        edit((binding) => {
          binding.metadata = { name: binding.metadata.name, finalizers: ['keep.example/a', 'keep.example/b'] };
          binding.subjects = [HELPER, BEN];
        }),
    ],
  ])('K3.7 a holder who %s loses it all the same', async (_, act) => {
    const { uid } = read().metadata;
    act();
    if (api.bindings.has(path())) expect(await connection.isActive(access())).toBe(true);
    expect(await end()).toMatchObject({ isActive: false });
    expect([...api.bindings.values()].filter(({ metadata }) => metadata.uid === uid)).toEqual([]);
  });

  test('one that is rewritten again and again meanwhile goes all the same', async () => {
    edit(({ metadata }) => Object.assign(metadata, { finalizers: ['keep.example/it'] }));
    api.beforeWrite = () => {
      if (api.bindings.has(path())) edit(({ metadata }) => Object.assign(metadata, { annotations: { note: 'mine' } }));
    };
    expect(await end()).toMatchObject({ isActive: false });
    expect(names()).toEqual([]);
  });

  test('finalizers that kept it are named at the end', async () => {
    edit(({ metadata }) => Object.assign(metadata, { finalizers: ['keep.example/it'] }));
    const { left } = await end();
    expect(left).toEqual([{ what: expect.stringContaining('keep.example/it'), done: 'removed, so that it is gone' }]);
  });

  test('an extension undoes what was done to it', async () => {
    edit((binding) => {
      binding.subjects = [HELPER];
      delete binding.metadata.labels;
    });
    await connection.grant(access(), inAnHour());
    expect(read()).toMatchObject({ metadata: { labels: { 'jitbot.io/grant': id } }, subjects: [BEN] });
  });
});

describe('what is put in the place of the binding', () => {
  test('K3.7 a namesake without the label makes the end fail, and is not extended', async () => {
    api.somebody('DELETE', path());
    make(`jit-${id.toLowerCase()}`);
    await expect(connection.isActive(access())).rejects.toThrow(/is not the one that the bot made/);
    await expect(connection.grant(access(), inAnHour())).rejects.toThrow(/not the bot's/);
    edit(({ subjects }) => subjects?.push(HELPER));
    await expect(connection.revoke(access())).rejects.toThrow(/delete it with kubectl/);
    await expect(connection.isActive(access())).rejects.toThrow(/is not the one that the bot made/);
    // The person is out of it. Somebody looks, and deletes it.
    expect(read().subjects).toEqual([HELPER]);
    api.somebody('DELETE', path());
    expect(await end()).toMatchObject({ isActive: false });
  });

  test('another one of its name with the label goes with it, and is named', async () => {
    const { labels } = structuredClone(read().metadata);
    api.somebody('DELETE', path());
    make(`jit-${id.toLowerCase()}`, labels ? { labels } : {}, [HELPER]);
    const { left, isActive } = await end();
    expect(isActive).toBe(false);
    expect(left).toEqual([{ what: expect.stringContaining('in place of the bot'), done: 'deleted' }]);
    expect(names()).toEqual([]);
  });

  test('in another cluster, such as a restored one, its namesake is not touched', async () => {
    const { name, labels } = read().metadata;
    const before = api.clusterUid;
    api.bindings.clear();
    make(name, labels ? { labels } : {});
    api.clusterUid = 'restored';
    await expect(connection.revoke(access())).rejects.toThrow(/is now another cluster than .* \(kube-system was/);
    expect(names()).toEqual([name]);
    api.bindings.clear();
    await expect(connection.isActive(access())).rejects.toThrow(/is now another cluster than/);
    api.clusterUid = before;
    expect(await end()).toMatchObject({ isActive: false });
  });
});

describe('what a holder leaves beside it', () => {
  const list = () => connection.list?.([{ roleKey: 'payments-db/read', role }]);

  test('bindings made or changed meanwhile are named at the end, older ones not', async () => {
    await connection.revoke(access());
    api.now = () => Date.parse('2020-01-01T00:00:00Z');
    make('old');
    make('team', {}, [{ ...BEN, name: 'ana@harbor.example' }]);
    make('robots', {}, [HELPER]);
    api.now = Date.now;
    id = newGrantId();
    await connection.grant(access(), inAnHour());
    const binding = read();
    make('backdoor');
    make('jit-gother', { labels: { 'jitbot.io/grant': 'GOTHER' } });
    make('robot', { labels: { ...binding.metadata.labels } }, [HELPER]);
    api.somebody('PUT', 'payments/team', {
      ...api.somebody('GET', 'payments/team'),
      subjects: [{ ...BEN, name: 'ana@harbor.example' }, BEN],
    });
    api.somebody('DELETE', path());
    const { left, isActive } = await end();
    expect(isActive).toBe(false);
    expect(left.map(({ what }) => what)).toEqual([
      expect.stringMatching(
        /team in payments of User ana@harbor.example, User ben@harbor.example to ClusterRole edit, changed during/,
      ),
      expect.stringMatching(/backdoor in payments of User ben@harbor.example to ClusterRole edit, made during/),
      expect.stringMatching(/jit-gother in payments of User ben@harbor.example to ClusterRole edit, made during/),
      expect.stringMatching(/robot in payments of ServiceAccount payments\/helper to ClusterRole edit, made during/),
    ]);
    // The same again for the same person is gone; what was there before, and what is another's, is not the bot's to take.
    expect(names()).toEqual(['old', 'team', 'robots', 'robot']);
    expect(left.map(({ done }) => done.slice(0, 10))).toEqual(['the person', 'the person', 'the person', 'left as it']);
    expect(api.somebody('GET', 'payments/team').subjects?.map(({ name }) => name)).toEqual(['ana@harbor.example']);
  });

  test('what replaced the binding keeps no copy alive', async () => {
    api.somebody('DELETE', path());
    make(`jit-${id.toLowerCase()}`, {}, [HELPER]);
    make('copy');
    await expect(connection.revoke(access())).rejects.toThrow(/is not the one that the bot made/);
    expect(names()).toEqual([`jit-${id.toLowerCase()}`]);
  });

  test('a copy for the same person ends with it, even with a finalizer or others', async () => {
    make('kept', { finalizers: ['keep.example/it'] });
    make('shared', {}, [BEN, HELPER]);
    expect(await end()).toMatchObject({ isActive: false });
    const bound = [...api.bindings.values()].flatMap(({ subjects = [] }) => subjects.map(({ name }) => name));
    expect(bound).toEqual(['helper']);
  });

  test('a group or program that is named like the person keeps what it has', async () => {
    make('namesakes', {}, [
      { ...BEN, kind: 'Group' },
      { kind: 'ServiceAccount', name: BEN.name, namespace: 'payments' },
    ]);
    const { left } = await end();
    expect(left).toEqual([{ what: expect.stringContaining('namesakes'), done: expect.stringContaining('left as it') }]);
    expect(api.somebody('GET', 'payments/namesakes').subjects).toHaveLength(2);
  });

  test('a copy made between two tries to give belongs to the grant', async () => {
    await connection.revoke(access());
    id = newGrantId();
    api.rights.delete('create rolebindings in payments');
    await expect(connection.grant(access(), inAnHour())).rejects.toThrow();
    api.rights.add('create rolebindings in payments');
    make('copy');
    await connection.grant(access(), inAnHour());
    expect((await end()).left).toEqual([{ what: expect.stringContaining('copy'), done: expect.any(String) }]);
    expect(names()).toEqual([]);
  });

  test('what was made before the binding was remade is named at the end', async () => {
    make('backdoor', {}, [HELPER]);
    api.somebody('DELETE', path());
    api.now = () => Date.now() + 60_000;
    await connection.grant(access(), inAnHour());
    api.now = Date.now;
    expect((await end()).left).toEqual([{ what: expect.stringContaining('backdoor'), done: expect.any(String) }]);
  });

  test('the name and label of an earlier grant hide nothing', async () => {
    await connection.revoke(access());
    const earlier = id;
    id = newGrantId();
    await connection.grant(access(), inAnHour());
    make(`jit-${earlier.toLowerCase()}`, { labels: { 'jitbot.io/grant': earlier } });
    const { left } = await end();
    expect(left.map(({ what }) => what)).toEqual([expect.stringContaining(`jit-${earlier.toLowerCase()} in payments`)]);
  });

  test('a copy with the grant’s label is standing access, and removable', async () => {
    const eve = { ...BEN, name: 'eve@harbor.example' };
    make('copy', { labels: { ...read().metadata.labels } }, [eve]);
    edit((binding) => binding.subjects?.push({ ...BEN, name: 'mallory@harbor.example' }));
    const held = (account: string, grantId: string | null) => ({ account, role: 'payments-db/read', grantId });
    expect(await list()).toEqual([
      held('ben@harbor.example', id),
      held('mallory@harbor.example', null),
      held('eve@harbor.example', null),
    ]);
    for (const account of ['eve@harbor.example', 'mallory@harbor.example'])
      await connection.remove?.(held(account, null), role);
    expect(await list()).toEqual([held('ben@harbor.example', id)]);
  });

  test('a binding with rewritten annotations is listed by what it gives', async () => {
    edit(({ metadata }) => Object.assign(metadata.annotations ?? {}, { 'jitbot.io/role': 'somebody/else' }));
    expect(await list()).toEqual([{ account: 'ben@harbor.example', role: 'payments-db/read', grantId: id }]);
  });
});

test('a namespace where nothing may be deleted holds up no other', async () => {
  const [deletes, gets] = ['delete rolebindings in orders', 'get rolebindings in payments'];
  for (const right of ['create', 'get', 'list', 'update', 'delete']) api.rights.add(`${right} rolebindings in orders`);
  api.rights.add('bind clusterroles/edit in orders');
  const both = accessOf({ ...role, namespaces: ['orders', 'payments'] }, newGrantId());
  await connection.grant(both, inAnHour());
  const name = `jit-${both.grantId.toLowerCase()}`;
  api.rights.delete(deletes);
  // It cannot be looked at there, either: what is known by its uid goes unseen.
  api.rights.delete(gets);
  await expect(connection.revoke(both)).rejects.toThrow();
  for (const right of [deletes, gets]) api.rights.add(right);
  expect([api.bindings.has(`orders/${name}`), api.bindings.has(`payments/${name}`)]).toEqual([true, false]);
  await connection.revoke(both);
  expect(await connection.isActive(both)).toBe(false);
});

describe('a grant of the version before', () => {
  test('is stamped and then found by its uid, and fails without label before that', async () => {
    const [stamped, unstamped] = [useForTests(), useForTests()];
    const later = kubernetes.connect({ kind: 'kubernetes', kubeconfig }, stamped);
    await later.stamp?.(access());
    await later.stamp?.(access());
    edit(({ metadata }) => delete metadata.labels);
    const never = kubernetes.connect({ kind: 'kubernetes', kubeconfig }, unstamped);
    await expect(never.revoke(access())).rejects.toThrow(/is not the one that the bot made/);
    await later.revoke(access());
    expect(await later.isActive(access())).toBe(false);
    expect(names()).toEqual([]);
    stamped.close();
    unstamped.close();
  });
});

test('an unreadable kubeconfig delays an end no longer than it is unreadable', async () => {
  const later = kubernetes.connect({ kind: 'kubernetes', kubeconfig: join(folder, 'later') }, use);
  await expect(later.revoke(access())).rejects.toThrow(/later/);
  writeFileSync(join(folder, 'later'), kubeconfigOf(api));
  await later.revoke(access());
  expect(await later.isActive(access())).toBe(false);
});

describe('any of it, one after the other', () => {
  const SEEDS = Array.from({ length: 60 }, (_, index) => 1500 + index);
  const acts: readonly ((random: () => number) => unknown)[] = [
    () => edit(({ metadata }) => delete metadata.labels),
    () => edit((binding) => Object.assign(binding, { subjects: [HELPER, BEN] })),
    () => edit(({ metadata }) => Object.assign(metadata, { finalizers: ['keep.example/it'] })),
    () => edit(({ metadata }) => Object.assign(metadata, { annotations: {} })),
    () => api.somebody('DELETE', path()),
    (random) => make(`copy-${Math.floor(random() * 1e6)}`, { labels: { 'jitbot.io/grant': id } }),
    (random) => make(`robot-${Math.floor(random() * 1e6)}`, { finalizers: ['keep.example/it'] }, [HELPER]),
    () => make(`jit-${id.toLowerCase()}`, {}),
    () => make(`jit-${id.toLowerCase()}`, { labels: { 'jitbot.io/grant': id } }, [HELPER]),
  ];

  test.each(SEEDS)('seed %i: what is there after the end is named, or the end has failed', async (seed) => {
    let state = seed;
    const random = () => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return state / 2147483648;
    };
    const { uid } = read().metadata;
    for (let step = 0; step < 6; step += 1) {
      const act = acts[Math.floor(random() * acts.length)];
      try {
        act?.(random);
      } catch (error) {
        // The cluster refuses it, as when the binding that was to be edited is not there any more.
        expect(String(error), `seed ${seed}`).toMatch(/the cluster refuses it/);
      }
    }
    const before = names();
    const told = await end().catch((error: unknown) => error);
    const there = [...api.bindings.values()].map(({ metadata }) => metadata);
    expect(
      there.filter((one) => one.uid === uid),
      `seed ${seed}: ${before}`,
    ).toEqual([]);
    const bound = [...api.bindings.values()].flatMap(({ subjects = [] }) => subjects.map(({ name }) => name));
    expect(bound, `seed ${seed}`).not.toContain(BEN.name);
    if (told instanceof Error) return expect(String(told)).toMatch(/is not the one that the bot made/);
    const { left, isActive } = told as Awaited<ReturnType<typeof end>>;
    expect(isActive, `seed ${seed}`).toBe(false);
    for (const { name } of there)
      expect(
        left.some(({ what }) => what.includes(name)),
        `seed ${seed}: ${name} is not named`,
      ).toBe(true);
  });
});
