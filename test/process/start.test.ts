/** What an operator reads when something is not set up. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const START = fileURLToPath(new URL('../../src/app/start.js', import.meta.url));
const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
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

test('a policy file with mistakes stops the start, with line and path of each', async () => {
  const policy = join(directory, 'policy.yaml');
  writeFileSync(policy, 'version: 1\nslack: { audit_channel: C0AUDIT }\nresources: {}\n');
  const { code, err } = await run(START, [], { ...ENV, JIT_POLICY: policy, JIT_DATABASE: join(directory, 'jit.db') });
  expect(code).toBe(1);
  expect(err).toContain(`${policy}:2  slack.approvals_channel`);
  expect(err).toContain(`${policy}:3  resources`);
});

test('mistakes of the environment and of the policy file are listed together', async () => {
  const policy = join(directory, 'policy.yaml');
  writeFileSync(
    policy,
    `version: 1
slack: { audit_channel: C0AUDIT }
resources:
  flags:
    target: { kind: webhook, url: "https://flags.example", secret: "\${JIT_TEST_UNSET}" }
    roles: { edit: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [S0DBA] } }] } }
`,
  );
  const { code, err } = await run(START, [], { SLACK_APP_TOKEN: 'xapp-1', PAGERDUTY_TOKEN: 'pd', JIT_POLICY: policy });
  expect(code).toBe(1);
  for (const said of [
    'SLACK_BOT_TOKEN',
    'JIT_DATABASE',
    `1 issue in the policy file:\n  ${policy}:2  slack.approvals_channel`,
    '1 value is missing from the environment, which the policy file names:',
    'the environment variable JIT_TEST_UNSET is not set',
  ])
    expect(err).toContain(said);
});

test('what the policy needs from the environment is listed with what is missing', async () => {
  const policy = join(directory, 'policy.yaml');
  writeFileSync(
    policy,
    `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  flags:
    target: { kind: webhook, url: "https://flags.example", secret: "\${FLAGS_SECRET}" }
    roles:
      edit:
        grants: {}
        duration: { max: 1h }
        second_factor: [request]
        rules: [{ ask: { reviewers: [S0DBA], escalate: [{ after: 5m, to: { reviewers: [U0EVE] }, page: PDBA }] } }]
`,
  );
  const env = {
    SLACK_APP_TOKEN: 'xapp-1',
    PAGERDUTY_TOKEN: 'pd',
    JIT_POLICY: policy,
    FLAGS_SECRET: 'sixteen-characters-at-least',
  };
  const { err } = await run(START, [], env);
  for (const name of ['SLACK_BOT_TOKEN', 'JIT_SECRET_KEY: missing', 'PAGERDUTY_FROM: missing'])
    expect(err).toContain(name);
});

test('a policy file that does not exist is named', async () => {
  const { code, err } = await run(START, [], {
    ...ENV,
    JIT_POLICY: join(directory, 'none.yaml'),
    JIT_DATABASE: join(directory, 'jit.db'),
  });
  expect(code).toBe(1);
  expect(err).toContain('none.yaml: the policy file cannot be read');
});

test('the command lists what it can do, and refuses what it cannot', async () => {
  expect(await run(JIT, ['help'])).toMatchObject({ code: 0, out: expect.stringContaining('ledger verify [FILE]') });
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
