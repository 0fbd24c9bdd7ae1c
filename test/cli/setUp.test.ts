/** What sets up a new bot: its app at Slack, and its first policy. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { neededScopes } from '../../src/app/manifest.ts';
import { askFor, QUESTIONS } from '../../src/cli/init.ts';
import { ConfigError } from '../../src/config/configError.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { runHere } from '../support/cliHere.ts';
import { BOT_SCOPES } from '../support/scopes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('jitbot manifest', () => {
  const manifestYml = readFileSync(new URL('../../manifest.yml', import.meta.url), 'utf8');

  test('prints the manifest of the repository, for Socket Mode', async () => {
    const { code, out } = await runHere('manifest');
    expect(code).toBe(0);
    expect(parse(out)).toEqual(parse(manifestYml));
  });

  test.each(['https://jit.example.com', 'https://jit.example.com/', 'https://jit.example.com/slack/events'])(
    'fills in the addresses for HTTP mode from %s, and changes nothing else',
    async (address) => {
      const { code, out } = await runHere('manifest', '--http', address);
      expect(code).toBe(0);
      const events = 'https://jit.example.com/slack/events';
      const expected = parse(manifestYml);
      expected.features.slash_commands[0].url = events;
      expected.settings.event_subscriptions.request_url = events;
      expected.settings.interactivity.request_url = events;
      expected.settings.socket_mode_enabled = false;
      expect(parse(out)).toEqual(expected);
    },
  );

  test.each(['jit.example.com', 'http://jit.example.com', 'https://jit.example.com/?a=b'])(
    'refuses %s, which Slack would not accept',
    async (address) => {
      expect(await runHere('manifest', '--http', address)).toMatchObject({
        code: 2,
        err: expect.stringContaining('is not an address such as https://jit.example.com'),
        out: '',
      });
    },
  );

  test('is where the doctor gets the scopes from', () => {
    expect(neededScopes()).toEqual(BOT_SCOPES);
  });
});

describe('jitbot init', () => {
  const GIVEN = {
    'audit-channel': 'C0AUDIT',
    'approvals-channel': 'C0ACCESS',
    admin: 'S0SECURITY',
    reviewers: 'S0DBA',
    'escalation-policy': 'PPAYMENTS',
    kind: 'postgres',
    resource: 'payments-db',
  };
  const options = (given: Record<string, string>) =>
    Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
  const path = () => join(folder, 'policy.yaml');

  test.each([
    ['postgres', 'PAYMENTS_DB_URL'],
    ['mysql', 'PAYMENTS_DB_URL'],
    ['webhook', 'PAYMENTS_DB_SECRET'],
  ])('writes a policy for %s that passes its own check, and says what is next', async (kind, variable) => {
    const { code, out } = await runHere('init', path(), ...options({ ...GIVEN, kind }));
    expect(code).toBe(0);
    expect(out).toContain('jitbot manifest');
    expect(out).toContain(variable);
    expect(out).toContain(`docs/targets/${kind}.md`);
    const text = readFileSync(path(), 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/policy\.schema\.json\n/);
    expect(JSON.parse(readFileSync(join(folder, 'policy.schema.json'), 'utf8'))).toHaveProperty('properties.resources');
    const read = parsePolicy(text, PROVISIONERS, {}, { withoutSecrets: true });
    if (!('policy' in read)) throw new Error(JSON.stringify(read.issues));
    expect(read.policy).toMatchObject({
      auditChannel: 'C0AUDIT',
      approvalsChannel: 'C0ACCESS',
      admins: ['S0SECURITY'],
    });
    expect(read.policy.resources.get('payments-db')?.kind).toBe(kind);
    expect((await runHere('policy', 'check', path())).code).toBe(0);
  });

  test('never replaces a file that exists', async () => {
    writeFileSync(path(), 'mine');
    expect(await runHere('init', path(), ...options(GIVEN))).toMatchObject({
      code: 2,
      err: expect.stringContaining('exists already'),
    });
    expect(readFileSync(path(), 'utf8')).toBe('mine');
  });

  test.each([
    ['audit-channel', '#audit'],
    ['admin', '@eve'],
    ['escalation-policy', 'payments'],
    ['resource', 'Payments DB'],
  ])('refuses %s %s, and names the option', async (name, value) => {
    expect(await runHere('init', path(), ...options({ ...GIVEN, [name]: value }))).toMatchObject({
      code: 2,
      err: expect.stringContaining(`--${name} ${value} does not look right`),
    });
  });

  test.each(['\u0003', '\u0004'])('stops at the key %j with one line, and writes nothing', async (key) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const stdout = Object.assign(new PassThrough(), { isTTY: true });
    const asking = askFor(QUESTIONS, { stdin, stdout } as unknown as typeof process);
    stdin.write('nonsense\r');
    stdin.write(key);
    await expect(asking).rejects.toThrow(new ConfigError('stopped; nothing was written'));
  });

  test('without a terminal, names every option that is missing', async () => {
    const cli = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
    const child = spawn(process.execPath, [cli, 'init', path(), '--kind', 'webhook'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (text) => {
      err += String(text);
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(2);
    for (const name of Object.keys(GIVEN).filter((one) => one !== 'kind')) expect(err).toContain(`--${name}`);
    expect(err).not.toContain('needs --kind');
  });
});
