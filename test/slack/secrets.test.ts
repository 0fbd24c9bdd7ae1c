/** A target that says its own secret wherever it can, and everything that is written because of it. */

import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { jit } from '../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-secrets-'));
const program = join(folder, 'door');
const said = join(folder, 'said');
writeFileSync(program, `#!/bin/sh\ncat "${said}" >&2\nexit 1\n`);
chmodSync(program, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stage: Stage | null = null;
afterEach(async () => {
  await stage?.close();
  stage = null;
});

const SECRETS = ['s3cr"et\\with %40 & <all> of\'it', 'zażółć "gęślą" \\jaźń', '{"a":"b\\n"}/?#[]@!$&'] as const;
const FORMS = (secret: string): string[] => [
  secret,
  JSON.stringify(secret),
  JSON.stringify(JSON.stringify(secret)),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64'),
];
const POLICY = (source: string) =>
  source.replace(
    '\nresources:\n',
    `
resources:
  door:
    name: Server room
    target: { kind: command, run: ["${program}"], env: { DOOR_TOKEN: "\${DOOR_TOKEN}" }, checks: true }
    roles:
      enter:
        grants: {}
        duration: { max: 1h }
        rules: [{ allow: { members_of: [U0ANA] } }]
`,
  );

test.each(SECRETS)(
  'K11.2 a target’s secret (%#) reaches no log, person, event or receiver',
  async (secret) => {
    const forwarded: string[] = [];
    const server = createServer(async (request, response) => {
      forwarded.push(await readBody(request));
      response.writeHead(204).end();
    });
    const port = await listen(server);
    onTestFinished(() => closeServer(server));
    const env = {
      DOOR_TOKEN: secret,
      JIT_FORWARD_WEBHOOK: `http://127.0.0.1:${port}/`,
      JIT_FORWARD_SECRET: 'sixteen characters and more',
    };
    stage = await setStage({ env, policy: POLICY });
    for (const [index, form] of FORMS(secret).slice(0, 4).entries()) {
      writeFileSync(said, `the token ${form} is not known here\n`);
      await stage.ana.jit('request door enter 15m fixing the door');
      // Granting fails, and so does taking back what it may have left, until that is overdue.
      await stage.logged('granting failed', index + 1);
      for (let turn = 1; turn <= 6; turn += 1) {
        stage.clock.jump(70_000);
        await stage.logged('revoking failed', 6 * index + turn);
      }
      await stage.recorded('grant.overdue', index + 1);
      writeFileSync(program, `#!/bin/sh\necho '{"active":false}'\n`);
      stage.clock.jump(70_000);
      await stage.recorded('grant.failed', index + 1);
      writeFileSync(program, `#!/bin/sh\ncat "${said}" >&2\nexit 1\n`);
    }
    const { messages } = stage.sandbox.slack.workspace;
    await expect.poll(() => forwarded.length).toBe(stage.events().length);
    const everything = [
      JSON.stringify(messages),
      ...messages.map((message) => stage?.text(message, 'U0EVE') ?? ''),
      inspect(stage.log.lines, { depth: 12, maxStringLength: null }),
      JSON.stringify(stage.events()),
      ...forwarded,
    ].join('\n');
    for (const form of FORMS(secret)) expect(everything).not.toContain(form);
    expect(everything).toContain('the token [secret] is not known here');
  },
  90_000,
);

const START = fileURLToPath(new URL('../../src/app/start.js', import.meta.url));

test.each(SECRETS)('K11.2 neither the doctor, nor the log, nor a start that fails say it (%#)', async (secret) => {
  const policy = join(folder, 'policy.yaml');
  const text = (more: string) => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  door:
    target: { kind: command, run: ["${program}"], env: { DOOR_TOKEN: "\${DOOR_TOKEN}" }, checks: true${more} }
    roles: { enter: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0CHLOE] } }] } }
`;
  writeFileSync(policy, text(''));
  writeFileSync(program, `#!/bin/sh\ncat "${said}" >&2\nexit 1\n`);
  for (const form of FORMS(secret)) {
    writeFileSync(said, `the token ${form} is not known here\n`);
    const { out } = await jit(['doctor', policy], { DOOR_TOKEN: secret });
    expect(out).toMatch(/the token [\\"]*\[secret\][\\"]* is not known here/);
    expect(out).not.toContain(form);
  }
  writeFileSync(policy, text(`, sessions: "\${DOOR_TOKEN}"`));
  const env = {
    PATH: process.env.PATH ?? '',
    DOOR_TOKEN: secret,
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_APP_TOKEN: 'xapp-1',
    PAGERDUTY_TOKEN: 'pd',
    JIT_POLICY: policy,
    JIT_DATABASE: join(folder, 'jit.db'),
  };
  const { err, out } = await new Promise<{ err: string; out: string }>((resolve) => {
    execFile(process.execPath, [START], { env }, (_, stdout, stderr) => resolve({ err: stderr, out: stdout }));
  });
  expect(err).toContain('jitbot cannot start');
  for (const form of FORMS(secret)) expect(err + out).not.toContain(form);
});
