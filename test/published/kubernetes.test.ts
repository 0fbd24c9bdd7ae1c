/**
 * Bodies by the types that Kubernetes publishes: the official client is made from them, and leaves out whatever they do
 * not have. All that the bot puts into a body therefore has to arrive.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { bindingFor } from '../../src/provisioners/kubernetes/bindings.ts';
import type { Cluster } from '../../src/provisioners/kubernetes/cluster.ts';
import { connectCluster } from '../../src/provisioners/kubernetes/connection.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { accessOf } from '../provisioners/contract.ts';
import { kubeconfigOf } from '../support/kubernetes.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-kube-types-'));
let server: Server;
let cluster: Cluster;
let arrived: unknown[];

beforeEach(async () => {
  arrived = [];
  server = createServer(async (request, response) => {
    const text = await readBody(request);
    arrived.push(JSON.parse(text));
    response.writeHead(201, { 'content-type': 'application/json' }).end(text);
  });
  const path = join(folder, 'config');
  writeFileSync(path, kubeconfigOf({ url: `http://127.0.0.1:${await listen(server)}`, token: 'token' }));
  cluster = await connectCluster({ kubeconfig: path, context: null });
});
afterEach(() => closeServer(server));
afterAll(() => rmSync(folder, { recursive: true }));

const binding = () =>
  bindingFor(accessOf({ cluster_role: 'view' }, 'GTYPES'), { kind: 'User', name: 'ana@harbor.example' }, 0);

test.each([
  ['payments', 'RoleBinding'],
  [null, 'ClusterRoleBinding'],
])('a binding in %s arrives with everything that was put into it', async (namespace, kind) => {
  await cluster.create(binding(), namespace);
  await cluster.replace(binding(), namespace);
  const whole = { apiVersion: 'rbac.authorization.k8s.io/v1', kind, ...binding() };
  expect(arrived).toEqual([whole, whole]);
});

test('a deletion arrives with the uid that it is about', async () => {
  await cluster.remove('jit-1', 'payments', 'uid-1');
  expect(arrived).toEqual([{ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'uid-1' } }]);
});

test('a question about somebody’s rights arrives whole', async () => {
  const spec = {
    user: 'ana@harbor.example',
    resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'payments' },
  };
  await cluster.mayThey(spec);
  expect(arrived).toMatchObject([{ kind: 'SubjectAccessReview', spec }]);
});
