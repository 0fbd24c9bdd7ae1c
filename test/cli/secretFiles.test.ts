/** Which commands need files of secrets: another user may run the bot, and only its own may read them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SECRET_VARIABLES } from '../../src/config/secretVariables.ts';
import { type ALedger, aLedger, anEvent } from '../support/aLedger.ts';
import { runHere } from '../support/cliHere.ts';

/** All but where the database is, which every command needs. */
const SECRETS = SECRET_VARIABLES.filter((name) => name !== 'JIT_DATABASE');

let one: ALedger;
let folder: string;
beforeEach(async () => {
  one = aLedger(Date.now());
  folder = mkdtempSync(join(tmpdir(), 'jitbot-secret-files-'));
  await one.record(anEvent('bot.started', { version: '1', after: 0 }));
  vi.stubEnv('JIT_DATABASE', one.path);
  for (const name of SECRETS) {
    vi.stubEnv(name, '');
    vi.stubEnv(`${name}_FILE`, join(folder, name));
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  one.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['status'],
  ['backup', 'copy.db'],
  ['drain'],
  ['audit'],
  ['ledger', 'verify'],
  ['ledger', 'export'],
  ['support', '--out', 'support.zip'],
  ['manifest'],
  ['policy', 'schema'],
])('"%s" needs no secret, and reads none', async (...args) => {
  const words = args.map((word) => (/\.(db|zip)$/.test(word) ? join(folder, word) : word));
  const { err, code } = await runHere(...words);
  expect(err).not.toContain('cannot be read');
  expect(code).toBeLessThan(2);
});

test('revoke-all needs the secrets of targets, and none of Slack or PagerDuty', async () => {
  const { err } = await runHere('revoke-all', '--from', one.path, join(folder, 'none.yaml'));
  expect(err).toContain('none.yaml: the policy file cannot be read');
});

test.each([
  ['audit', '--links'],
  ['ledger', 'verify', '--from-slack'],
])('"%s %s" reads the token of Slack, and says why it cannot', async (...args) => {
  vi.stubEnv('JIT_POLICY', join(folder, 'policy.yaml'));
  const { code, err } = await runHere(...args);
  expect(code).toBe(2);
  expect(err).toContain(
    `SLACK_BOT_TOKEN  ${join(folder, 'SLACK_BOT_TOKEN')}, named by SLACK_BOT_TOKEN_FILE, cannot be`,
  );
  expect(err).not.toContain('PAGERDUTY');
});

test.each([['status'], ['drain'], ['ledger', 'verify']])(
  '"%s" reads where the database is from a file',
  async (...args) => {
    vi.stubEnv('JIT_DATABASE', '');
    vi.stubEnv('JIT_DATABASE_FILE', join(folder, 'address'));
    expect((await runHere(...args)).err).toContain('named by JIT_DATABASE_FILE, cannot be read');
    vi.stubEnv('JIT_DATABASE_FILE', join(folder, 'address'));
    writeFileSync(join(folder, 'address'), `${one.path}\n`);
    expect((await runHere(...args)).code).toBeLessThan(2);
  },
);

test('the doctor reads all of them, and names each that it cannot', async () => {
  const { code, err } = await runHere('doctor', join(folder, 'policy.yaml'));
  expect(code).toBe(2);
  for (const name of SECRETS) expect(err).toContain(`${name}  `);
});

test('a restore asks Slack only where it can, and says so', async () => {
  one.ledger.close();
  const copy = join(folder, 'copy.db');
  await runHere('backup', copy, one.path);
  const { code, err } = await runHere('restore', copy, join(folder, 'new.db'));
  expect(code).toBe(0);
  expect(err).toContain('SLACK_BOT_TOKEN');
});

test('the secret of a watch can be in a file', async () => {
  vi.stubEnv('JIT_WATCH_ROUTING_KEY_FILE', join(folder, 'none'));
  const { code, err } = await runHere('watch', 'http://127.0.0.1:9/readyz');
  expect(code).toBe(2);
  expect(err).toContain('named by JIT_WATCH_ROUTING_KEY_FILE, cannot be read');
});
