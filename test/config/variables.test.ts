import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/configError.ts';
import { envSchema } from '../../src/config/envSchema.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { SECRET_VARIABLES } from '../../src/config/secretVariables.ts';
import { readEnvFile, readSecretFiles } from '../../src/config/variables.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-variables-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
/** What the bot reads of these variables. */
function read(variables: Record<string, string>, envFile = join(folder, '.env')): NodeJS.ProcessEnv {
  const all = { ...variables };
  readEnvFile(all, envFile);
  readSecretFiles(all);
  return all;
}

test('what is named like a secret can be given as a file', () => {
  const named = Object.keys(envSchema.shape).filter((name) => /TOKEN|SECRET/.test(name));
  expect(SECRET_VARIABLES).toEqual(expect.arrayContaining(named));
});

test.each(SECRET_VARIABLES)('%s is read from the file that its _FILE names', (name) => {
  expect(read({ [`${name}_FILE`]: file('secret', 'one two') })[name]).toBe('one two');
});

test.each([
  ['a line break', 's3cret\n'],
  ['a line break of Windows', 's3cret\r\n'],
  ['nothing', 's3cret'],
])('%s at the end of the file is no part of the secret', (_, content) => {
  expect(read({ PAGERDUTY_TOKEN_FILE: file('secret', content) }).PAGERDUTY_TOKEN).toBe('s3cret');
});

test('only the last line break is taken away', () => {
  expect(read({ PAGERDUTY_TOKEN_FILE: file('secret', ' a\nb \n\n') }).PAGERDUTY_TOKEN).toBe(' a\nb \n');
});

test('a secret that is given twice is an error that names both', () => {
  const path = file('secret', 'other');
  expect(() => read({ PAGERDUTY_TOKEN: 'one', PAGERDUTY_TOKEN_FILE: path })).toThrow(
    /1 environment variable .*\n {2}PAGERDUTY_TOKEN {2}is set, and so is PAGERDUTY_TOKEN_FILE: keep one of them/,
  );
  expect(read({ PAGERDUTY_TOKEN: '', PAGERDUTY_TOKEN_FILE: path }).PAGERDUTY_TOKEN).toBe('other');
});

test('every file that cannot be used is told of at once, by name and reason', () => {
  const none = join(folder, 'none');
  const variables = { PAGERDUTY_TOKEN_FILE: none, SLACK_BOT_TOKEN_FILE: folder, JIT_SECRET_KEY_FILE: file('e', '\n') };
  expect(() => read(variables)).toThrow(ConfigError);
  expect(() => read(variables)).toThrow(
    `3 environment variables to set or correct:
  SLACK_BOT_TOKEN  ${folder}, named by SLACK_BOT_TOKEN_FILE, cannot be read (EISDIR)
  PAGERDUTY_TOKEN  ${none}, named by PAGERDUTY_TOKEN_FILE, cannot be read (ENOENT)
  JIT_SECRET_KEY  ${join(folder, 'e')}, named by JIT_SECRET_KEY_FILE, is empty`,
  );
});

test('what is no secret of the bot’s is not read from a file', () => {
  expect(read({ JIT_POLICY_FILE: join(folder, 'none'), SSL_CERT_FILE: 'x' })).not.toHaveProperty('JIT_POLICY');
});

test('.env fills in what the environment does not set', () => {
  const envFile = file('.env', 'LOG_LEVEL=debug\nPORT=1\nJIT_POLICY="a b.yaml" # ours\n');
  expect(read({ LOG_LEVEL: 'warn', PORT: '' }, envFile)).toEqual({
    LOG_LEVEL: 'warn',
    PORT: '1',
    JIT_POLICY: 'a b.yaml',
  });
});

test('.env may name files of secrets', () => {
  const envFile = file('.env', `SLACK_BOT_TOKEN_FILE=${file('token', 'xoxb-1\n')}\n`);
  expect(read({}, envFile).SLACK_BOT_TOKEN).toBe('xoxb-1');
});

test('a .env that is there and cannot be read is an error', () => {
  expect(() => read({}, folder)).toThrow(`${folder} cannot be read (EISDIR)`);
});

const POLICY = `version: 1
slack: { approvals_channel: C0APPROVE, audit_channel: C0AUDIT }
resources:
  flags:
    target: { kind: webhook, url: "https://flags.example/jit", secret: "\${FLAGS_SECRET}" }
    roles:
      edit: { grants: { permission: edit }, duration: { max: 2h }, rules: [{ allow: { on_call: {} } }] }
`;
const policy = (variables: Record<string, string>, options = {}) =>
  parsePolicy(POLICY, PROVISIONERS, variables, options);

test('what a policy names is read from a file, and is struck out as a secret', () => {
  const secret = 'sixteen-characters-at-least';
  const read = policy({ FLAGS_SECRET_FILE: file('flags', `${secret}\n`) });
  expect(read).toMatchObject({ secrets: [secret] });
  const { target } = ('policy' in read && read.policy.resources.get('flags')) || {};
  expect(target).toMatchObject({ secret });
});

test('a doubled name or a missing file in a policy is reported with its line', () => {
  const path = join(folder, 'none');
  expect(policy({ FLAGS_SECRET_FILE: path })).toEqual({
    issues: [
      {
        line: 5,
        path: '',
        message: `the environment variable FLAGS_SECRET: ${path}, named by FLAGS_SECRET_FILE, cannot be read (ENOENT)`,
      },
    ],
  });
  expect(policy({ FLAGS_SECRET: 'x', FLAGS_SECRET_FILE: path })).toMatchObject({
    issues: [{ message: expect.stringContaining('and so is FLAGS_SECRET_FILE') }],
  });
});

test('a policy that is only looked at needs no file of a secret', () => {
  expect(policy({ FLAGS_SECRET_FILE: join(folder, 'none') }, { withoutSecrets: true })).toHaveProperty('policy');
});
