import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** What an operator reads when something is not set up. */

const START = fileURLToPath(new URL('../../src/start.js', import.meta.url));
const JIT = fileURLToPath(new URL('../../src/cli/jit.js', import.meta.url));
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-start-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = (file: string, args: string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [file, ...args], { env: { PATH: process.env.PATH ?? '', ...env } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

const ENV = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1', PAGERDUTY_TOKEN: 'pd' };

test('with nothing set, every variable is named and the exit code is 1', async () => {
  const { code, err } = await run(START, []);
  expect(code).toBe(1);
  for (const name of ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'PAGERDUTY_TOKEN', 'JIT_POLICY', 'JIT_DATABASE'])
    expect(err).toContain(name);
  expect(err).not.toContain('    at ');
});

test('a policy file with mistakes keeps the bot from starting, with line and path of each', async () => {
  const policy = join(directory, 'policy.yaml');
  writeFileSync(policy, 'version: 1\nslack: { audit_channel: C0AUDIT }\nresources: {}\n');
  const { code, err } = await run(START, [], { ...ENV, JIT_POLICY: policy, JIT_DATABASE: join(directory, 'jit.db') });
  expect(code).toBe(1);
  expect(err).toContain(`${policy}:2  slack.approvals_channel`);
  expect(err).toContain(`${policy}:3  resources`);
});

test('a policy file that is not there is named', async () => {
  const { code, err } = await run(START, [], {
    ...ENV,
    JIT_POLICY: join(directory, 'none.yaml'),
    JIT_DATABASE: join(directory, 'jit.db'),
  });
  expect(code).toBe(1);
  expect(err).toContain('none.yaml: the policy file cannot be read');
});

test('jit says what it can do, and refuses what it cannot', async () => {
  expect(await run(JIT, ['help'])).toMatchObject({ code: 0, out: expect.stringContaining('jit ledger verify') });
  expect(await run(JIT, ['frobnicate'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('no command "frobnicate"'),
  });
  expect(await run(JIT, ['ledger', 'verify'])).toMatchObject({ code: 2, err: expect.stringContaining('JIT_DATABASE') });
  expect(await run(JIT, ['ledger', 'verify', join(directory, 'none.db')])).toMatchObject({
    code: 2,
    err: expect.stringContaining('no such file'),
  });
});
