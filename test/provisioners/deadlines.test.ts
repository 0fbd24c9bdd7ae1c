/** Targets that take a connection and never answer, or never end an answer: every call ends by itself, as a failure. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECOND } from '../../src/domain/terms.ts';
import type { Provisioner } from '../../src/provisioners/provisioner.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { credentialsFor } from '../support/google.ts';
import { kubeconfigOf } from '../support/kubernetes.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-deadlines-'));
const use = useForTests({ accountOf: () => 'ben' });
/** Twice what one answer may take: two that belong together may be waited for. */
const LATEST = 21 * SECOND;
const open = new Set<Socket>();
const hold = (socket: Socket) => {
  open.add(socket);
  socket.on('error', () => undefined).on('close', () => open.delete(socket));
};

/** Takes every connection and says nothing. */
const silent = createServer(hold);
/** Begins an answer and goes on with it for ever, a little at a time. Google's clients get their token. */
const trickling = createHttpServer((request, response) => {
  if (request.url === '/token') {
    const token = { access_token: 't', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
    response.writeHead(200, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify({ ...token, token_type: 'Bearer', expires_in: 3600 }));
  }
  response.writeHead(200, { 'content-type': 'application/json' }).write('{"');
  const drip = setInterval(() => response.write(' '), 200);
  response.on('close', () => clearInterval(drip));
});
let urls: { silent: string; trickling: string };

/** What leads to an address, by kind. Left out: kinds that reach nothing over a network. */
const TARGETS: Readonly<Record<string, (url: string) => { target: object; role: object }>> = {
  postgres: (url) => ({
    target: { url: `${url.replace('http', 'postgres')}/db`, login: 'temporary' },
    role: { roles: ['reader'] },
  }),
  mysql: (url) => ({ target: { url: url.replace('http://', 'mysql://jit:pw@') }, role: { roles: ['reader'] } }),
  kubernetes: (url) => {
    const kubeconfig = join(folder, `config-${new URL(url).port}`);
    writeFileSync(kubeconfig, kubeconfigOf({ url, token: 't' }));
    return { target: { kubeconfig }, role: { cluster_role: 'view' } };
  },
  github: (url) => ({ target: { org: 'harbor', token: 't', api_url: url }, role: { teams: ['payments'] } }),
  okta: (url) => ({ target: { url, token: 't' }, role: { groups: ['00g1'] } }),
  slack: (url) => ({ target: { token: 't', api_url: `${url}/api/` }, role: { groups: ['S0PAY'] } }),
  aws_iam: (url) => ({ target: { aws_account: '123456789012', endpoint: url }, role: { groups: ['payments'] } }),
  aws_identity_center: (url) => ({
    target: {
      region: 'eu-central-1',
      instance: 'arn:aws:sso:::instance/ssoins-0123456789abcdef',
      identity_store: 'd-1234567890',
      endpoint: url,
    },
    role: { assignments: [{ account: '111111111111', permission_set: 'arn:aws:sso:::permissionSet/ssoins-0/ps-1' }] },
  }),
  google_iam: (url) => ({
    target: { project: 'harbor-prod', credentials: join(folder, 'credentials.json'), endpoint: url },
    role: { roles: ['roles/cloudsql.viewer'] },
  }),
  google_group: (url) => ({
    target: { credentials: join(folder, 'credentials.json'), endpoint: url },
    role: { groups: ['payments@harbor.example'] },
  }),
  webhook: (url) => ({ target: { url, secret: 'sixteen-characters-at-least' }, role: {} }),
};
const WITHOUT_NETWORK = ['command', 'module', 'ssh'];
/** What is answered over HTTP means nothing to their clients. */
const NOT_HTTP = ['mysql', 'postgres'];

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'AKIATEST';
  process.env.AWS_SECRET_ACCESS_KEY = 'test-secret';
  silent.listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  trickling.on('connection', hold);
  const port = await listen(trickling);
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  urls = { silent: `http://127.0.0.1:${address.port}`, trickling: `http://127.0.0.1:${port}` };
  writeFileSync(join(folder, 'subject'), 'a token of the machine');
  writeFileSync(join(folder, 'credentials.json'), credentialsFor({ url: urls.trickling }, join(folder, 'subject')));
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
  await closeServer(trickling);
  rmSync(folder, { recursive: true, force: true });
  use.close();
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
});

test('every kind that reaches something over a network is tried here', () => {
  const kinds = PROVISIONERS.map(({ kind }) => kind);
  expect([...Object.keys(TARGETS), ...WITHOUT_NETWORK].toSorted()).toEqual(kinds.toSorted());
});

// biome-ignore lint/suspicious/noExplicitAny: kinds of every type
async function call({ kind, targetSchema, roleSchema, connect }: Provisioner<any, any>, url: string): Promise<string> {
  const { target, role } = TARGETS[kind]?.(url) ?? { target: {}, role: {} };
  const connection = connect(targetSchema.parse({ kind, ...target }), use);
  const began = Date.now();
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('still waits'), LATEST).unref());
  const over = connection.grant(accessOf(roleSchema.parse(role), newGrantId()), inAnHour()).then(
    () => 'given',
    () => (Date.now() - began < SECOND ? 'not even waited for' : 'failed in time'),
  );
  const result = await Promise.race([over, late]);
  await Promise.race([connection.close(), new Promise((resolve) => setTimeout(resolve, SECOND))]);
  return `${kind} ${result}`;
}

describe('a call ends by itself', () => {
  test.each(['silent', 'trickling'] as const)(
    'where the target is %s',
    async (how) => {
      const isTried = (kind: string) => kind in TARGETS && (how === 'silent' || !NOT_HTTP.includes(kind));
      const tried = PROVISIONERS.filter(({ kind }) => isTried(kind));
      const all = await Promise.all(tried.map((one) => call(one, urls[how])));
      expect(all).toEqual(tried.map(({ kind }) => `${kind} failed in time`));
    },
    2 * LATEST,
  );
});
