/** The policy file is read in a thread: the same policy, the same mistakes, and the event loop turns meanwhile. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPolicyBeside } from '../../src/app/policyBeside.ts';
import { loadPolicy } from '../../src/config/policyFile.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { findRole } from '../../src/domain/policy.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { POLICY_SECRETS, policySource } from '../support/bigPolicy.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-policy-'));
  path = join(folder, 'policy.yaml');
  Object.assign(process.env, POLICY_SECRETS);
});
afterEach(() => {
  for (const name of Object.keys(POLICY_SECRETS)) delete process.env[name];
  rmSync(folder, { recursive: true });
});

const TICKETS = '        reason: { min_length: 15, ticket: "^INC-[0-9]+$" }\n        duration:';
const write = (source: string) => writeFileSync(path, source);
const here = () => loadPolicy(path, PROVISIONERS, process.env).policy;
/** What a role says of its ticket, by source: a pattern is a function besides. */
const plain = ({ resources, ...rest }: Policy) => ({
  ...rest,
  roles: [...resources.values()].flatMap(({ roles, ...resource }) =>
    [...roles.values()].map((role) => ({
      ...{ resource, ...role },
      reason: { ...role.reason, ticket: role.reason.ticket?.source },
    })),
  ),
});

test('it is the policy that the main thread would read, in its order', async () => {
  write(policySource(250).replaceAll('        duration:', TICKETS));
  const read = await readPolicyBeside(path);
  if (read === null || !('policy' in read)) return expect.unreachable(JSON.stringify(read));
  expect(plain(read.policy)).toStrictEqual(plain(here()));
  const ticket = findRole(read.policy, 'service-249/write')?.reason.ticket;
  expect([ticket?.test('INC-12'), ticket?.test('INC-x')]).toEqual([true, false]);
});

test('mistakes are told word for word as at a start', async () => {
  write(`${policySource(2).replace('max: 4h', 'max: 4')}\nsurplus: 1\n`);
  expect(here).toThrow(/2 issues/);
  let said = '';
  try {
    here();
  } catch (error) {
    said = (error as Error).message;
  }
  expect(await readPolicyBeside(path)).toEqual({ problem: said });
});

test('a missing file says so', async () => {
  expect(await readPolicyBeside(path)).toEqual({
    problem: `${path}: the policy file cannot be read: there is no such file`,
  });
});

test('what a module makes of its target is not handed over', async () => {
  const vpn = new URL('../../docs/targets/examples/vpn.mjs', import.meta.url).pathname;
  const target = `{ kind: module, path: ${vpn}, config: { url: "https://vpn.example", token: "\${SECRET}" } }`;
  write(
    policySource(2)
      .replace(/\{ kind: webhook[^\n]*/, target)
      .replace('{ permission: read }', '{ networks: [db] }')
      .replace('{ permission: write }', '{ networks: [db] }'),
  );
  expect(here().resources.get('service-0')?.kind).toBe('module');
  expect(await readPolicyBeside(path)).toBeNull();
});

test('the event loop turns while a file is read, and between its parts', async () => {
  write(policySource(400));
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await readPolicyBeside(path);
  isOver = true;
  expect(turns).toBeGreaterThan(4);
});
