/** A whole start with a token that Slack refuses. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

const START = fileURLToPath(new URL('../../src/app/start.js', import.meta.url));
let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox(Date.now);
});
afterEach(() => sandbox.close());

const start = (env: Record<string, string>) =>
  new Promise<{ code: number; err: string }>((resolve) => {
    const variables = { PATH: process.env.PATH ?? '', ...sandbox.env, ...env };
    execFile(process.execPath, [START], { env: variables }, (error, _out, err) =>
      resolve({ code: error ? Number(error.code) : 0, err }),
    );
  });

test.each([
  ['SLACK_APP_TOKEN', 'xapp-of-another-app'],
  ['SLACK_BOT_TOKEN', 'xoxb-of-another-app'],
])('a wrong %s stops the start, and is named', async (name, token) => {
  const { code, err } = await start({ [name]: token });
  expect(code).toBe(1);
  expect(err).toContain(name);
  expect(err).not.toContain('    at ');
});
