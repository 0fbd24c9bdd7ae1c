import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { localModule } from '../../src/provisioners/module/provisioner.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { BEN, describeContract, type Harness, useForTests } from './contract.ts';

/** The example of the docs, as a team would use it, against the service it was written for. */

const EXAMPLES = fileURLToPath(new URL('../../docs/targets/examples', import.meta.url));
const use = useForTests();
const members = new Set<string>();
let isDown = false;
let harness: Harness;

const vpn = createServer((request, response) => {
  if (isDown) return void request.socket.destroy();
  const [, , network, , person] = (request.url ?? '').split('/').map(decodeURIComponent);
  const answer = (status: number, body?: unknown) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
  if (request.headers.authorization !== 'Bearer vpn-token') return answer(401);
  const key = `${network}/${person}`;
  if (!person)
    return answer(
      200,
      [...members].map((one) => one.split('/')[1]),
    );
  if (!person.endsWith('@harbor.example')) return answer(404);
  if (request.method === 'PUT') members.add(key);
  if (request.method === 'DELETE') return answer(members.delete(key) ? 204 : 404);
  return answer(members.has(key) ? 204 : 404);
});

const policyWith = (target: string, grants = '{ networks: [production] }') => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  vpn:
    target: ${target}
    roles:
      use:
        grants: ${grants}
        duration: { max: 1h }
        rules: [{ ask: { reviewers: [U0CHLOE] } }]
`;
const parse = (source: string, folder = EXAMPLES) =>
  parsePolicy(source, PROVISIONERS, { VPN_TOKEN: 'vpn-token' }, { folder });
const issuesOf = (source: string, folder?: string) => {
  const result = parse(source, folder);
  return 'issues' in result ? result.issues.map(({ line, path, message }) => `${line} ${path}: ${message}`) : [];
};

beforeAll(async () => {
  const url = `http://127.0.0.1:${await listen(vpn)}`;
  const result = parse(
    policyWith(`{ kind: module, path: vpn.mjs, config: { url: "${url}", token: "\${VPN_TOKEN}" } }`),
  );
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  const resource = result.policy.resources.get('vpn');
  harness = {
    connection: localModule.connect(resource?.target as Parameters<typeof localModule.connect>[0], use),
    role: resource?.roles.get('use')?.grants,
    reallyHas: async () => members.has(`production/${BEN.email}`),
    breakTarget: () => {
      isDown = true;
    },
    mendTarget: () => {
      isDown = false;
    },
  };
});
afterAll(async () => {
  await harness.connection.close();
  await closeServer(vpn);
  use.close();
});

describeContract('module', () => harness);

describe('a local module', () => {
  test('its own schemas are checked with line and path, as those of every kind', () => {
    const target = '{ kind: module, path: vpn.mjs, config: { url: nowhere } }';
    expect(issuesOf(policyWith(target, '{ networks: [] }'))).toEqual([
      '5 resources.vpn.target.config.url: Invalid URL',
      '5 resources.vpn.target.config.token: expected string, but the field is missing',
      '8 resources.vpn.roles.use.grants.networks: Too small: expected array to have >=1 items',
    ]);
  });

  test('a secret in its configuration has to come from the environment', () => {
    const target = '{ kind: module, path: vpn.mjs, config: { url: "https://vpn.example", token: written-out } }';
    expect(issuesOf(policyWith(target))).toEqual([expect.stringContaining('a secret must not stand in this file')]);
  });

  test.each([
    ['that is not there', null, /missing\.mjs cannot be loaded: Cannot find module/],
    ['that is broken', 'export default (', /cannot be loaded/],
    ['without a default export', 'export const a = 1;', /no default export that is a function/],
    ['without schemas', 'export default () => ({ connect() {} });', /gives no configSchema/],
    [
      'that connects nothing',
      'export default ({ z }) => ({ configSchema: z.any(), roleSchema: z.any() });',
      /no function connect/,
    ],
  ])('one %s is named where the policy file names it', (_, source, problem) => {
    const folder = mkdtempSync(join(tmpdir(), 'jitbot-module-'));
    if (source !== null) writeFileSync(join(folder, 'missing.mjs'), source);
    const [issue] = issuesOf(policyWith('{ kind: module, path: missing.mjs }'), folder);
    rmSync(folder, { recursive: true });
    expect(issue).toMatch(/^5 resources\.vpn\.target\.path: /);
    expect(issue).toMatch(problem);
  });
});
