/** What people notice of targets of other kinds: names, certificates, and what lives on. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { type SlackGroups, startSlackGroups } from '../support/slackGroups.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-targets-'));
let workspace: SlackGroups;
let key = '';
let stage: Stage;

beforeAll(async () => {
  workspace = await startSlackGroups('xoxb-groups');
  for (const name of ['user_ca', 'ana'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  key = readFileSync(join(folder, 'ana.pub'), 'utf8').trim();
});
afterAll(async () => {
  await workspace.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => stage.close());

const withTargets = () =>
  setStage({
    env: { GROUPS_TOKEN: 'xoxb-groups' },
    policy: (source) =>
      source.replace(
        '\nresources:\n',
        `
identities:
  U0ANA: { ssh_key: "${key}" }
resources:
  handle:
    name: On-call handle
    target: { kind: slack, token: "\${GROUPS_TOKEN}", api_url: "${workspace.url}" }
    roles:
      member:
        grants: { groups: [S0PAY] }
        duration: { max: 1h }
        rules: [{ allow: { members_of: [U0ANA, U0BEN] } }]
  node:
    name: Payments node
    target: { kind: ssh, ca_key: "${folder}/user_ca", revocation_list: "${folder}/revoked.krl" }
    roles:
      logs:
        grants: { principals: [logs], command: "journalctl -u payments" }
        duration: { max: 1h }
        rules: [{ allow: { members_of: [U0ANA, U0BEN] } }]
`,
      ),
  });
const members = () => {
  const group = workspace.groups.get('S0PAY');
  return !group || group.date_delete ? [] : group.users;
};

test('an earlier member of a group stays in it at the end, also after a crash', async () => {
  workspace.groups.set('S0PAY', { users: ['U0ANA'], date_delete: 0, handle: 'pay' });
  stage = await withTargets();
  await stage.ana.jit('request handle member 1h holding the fort');
  await stage.ben.jit('request handle member 1h holding the fort');
  await stage.recorded('grant.activated', 2);
  expect(members()).toEqual(['U0ANA', 'U0BEN']);
  await stage.restart();
  stage.clock.jump(2 * HOUR);
  await stage.recorded('grant.ended', 2);
  expect(members()).toEqual(['U0ANA']);
});

test('a certificate is shown to its person only, is revoked early, with what lives on', async () => {
  stage = await withTargets();
  await stage.ana.jit('request node logs 1h looking at the logs');
  const granted = await stage.ana.readsDirect('You have Payments node (logs)');
  await stage.ana.click(granted, 'grant_credential');
  const view = await stage.ana.sees('Shown once');
  const certificate = /ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/=]+/.exec(JSON.stringify(view.view))?.[0] ?? '';
  writeFileSync(join(folder, 'ana-cert.pub'), `${certificate}\n`);
  expect(execFileSync('ssh-keygen', ['-L', '-f', join(folder, 'ana-cert.pub')], { encoding: 'utf8' })).toContain(
    'force-command journalctl -u payments',
  );
  stage.sandbox.slack.people.close(view);
  await stage.ana.click(granted, 'grant_end');
  const ended = await stage.ana.readsDirect('Payments node (logs) has ended', granted.ts);
  expect(stage.text(ended, 'U0ANA')).toContain('Open sessions stay open until they are closed.');
  const asked = spawnSync('ssh-keygen', ['-Q', '-f', join(folder, 'revoked.krl'), join(folder, 'ana-cert.pub')]);
  expect(String(asked.stdout)).toContain('REVOKED');
  expect(JSON.stringify([stage.sandbox.slack.workspace.messages, stage.log.lines, stage.events()])).not.toContain(
    certificate,
  );
});

test('somebody without a known name at the target is refused before anything happens', async () => {
  stage = await withTargets();
  await stage.ben.jit('request node logs 1h looking at the logs');
  await stage.until('Ben is told', () =>
    stage.sandbox.slack.workspace.messages.some(
      (message) =>
        message.ephemeralTo === 'U0BEN' &&
        stage.text(message, 'U0BEN').includes('add ssh_key for U0BEN under identities'),
    ),
  );
  expect(stage.events().filter(({ type }) => type === 'request.submitted')).toEqual([]);
});

test.each([
  ['with email_domains', (source: string) => source],
  ['without email_domains', (source: string) => source.replace(/^email_domains.*\n/m, '')],
])('K11.3 ben at an agency does not get the login of ben at harbor, %s', async (_, policy) => {
  stage = await setStage({ policy });
  const { users, groups } = stage.sandbox.slack.workspace;
  const ben = users.get('U0BEN');
  if (ben) users.set('U0BEN2', { ...ben, id: 'U0BEN2', name: 'ben2', email: 'ben@agency.example' });
  groups.get('S0ENGINEERS')?.members.push('U0BEN2');
  await stage.person('U0BEN2').jit('request orders read 30m looking at orders');
  await stage.person('U0BEN2').told('You can’t get');
  expect(stage.events().filter(({ type }) => type === 'request.submitted')).toEqual([]);
});
