import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/policyFile.ts';
import { lackingPackages } from '../../src/provisioners/packages.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { startFlagService } from '../../src/sandbox/flagService.ts';
import { type PostgresServer, startPostgres } from '../../src/sandbox/postgres.ts';
import { DATABASE_SETUP } from '../../src/sandbox/team.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { jit } from '../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-doctor-'));
const path = join(folder, 'policy.yaml');
const SECRET = 'sixteen-characters-at-least';
let server: PostgresServer;
let flags: Awaited<ReturnType<typeof startFlagService>>;

beforeAll(async () => {
  server = await startPostgres(DATABASE_SETUP);
  flags = await startFlagService(SECRET, Date.now);
  writeFileSync(
    path,
    `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  payments-db:
    target: { kind: postgres, url: "\${DB_URL}" }
    roles: { read: { grants: { roles: [payments_read] }, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0CHLOE] } }] } }
  flags:
    target: { kind: webhook, url: "${flags.url}", secret: "\${SECRET}" }
    roles: { edit: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0CHLOE] } }] } }
`,
  );
});
afterAll(async () => {
  await flags.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});
const variables = (user: string) => ({ DB_URL: server.url('payments', user, `${user}-sandbox`), SECRET });

test('with everything in order, the doctor lists its checks and changes nothing', async () => {
  const { code, out } = await jit(['doctor', path], variables('jitbot'));
  expect(out).toContain('payments-db (postgres)\n  ✓ jitbot may create roles\n');
  expect(out).toContain('✓ jitbot may grant payments_read');
  expect(out).toContain('answers, and does not know a grant that never existed');
  expect(out).toContain('not checked: Slack, and the channels, groups and people');
  expect(out).toContain('not checked: PagerDuty, and the escalation policies');
  expect(out).toMatch(/Everything that was checked is fine\.\n$/);
  expect(out).not.toContain('Everything is fine');
  expect(code).toBe(0);
  expect(flags.editors.size).toBe(0);
});

test('what is missing is named with its fix, beside a target that is down', async () => {
  await flags.close();
  const { code, out } = await jit(['doctor', path], variables('ben'));
  flags = await startFlagService(SECRET, Date.now);
  expect(out).toContain('  ✗ ben may grant payments_read\n      GRANT "payments_read" TO "ben" WITH ADMIN OPTION;\n');
  expect(out).toMatch(/could not be reached, asked for status: connect ECONNREFUSED 127\.0\.0\.1:\d+\n/);
  expect(out).toMatch(/\d+ things need a look\.\n$/);
  expect(code).toBe(1);
  expect(JSON.stringify(out)).not.toContain('ben-sandbox');
});

test('a policy with a mistake is answered with that mistake', async () => {
  expect(await jit(['doctor', path])).toMatchObject({
    code: 2,
    err: expect.stringContaining('the environment variable DB_URL is not set'),
  });
});

test('a package that is not installed is named with the command that adds it', () => {
  const { policy } = loadPolicy(path, PROVISIONERS, variables('jitbot'));
  expect(lackingPackages(policy)).toBe(null);
  const resources = new Map([...policy.resources].map(([id, one]) => [id, { ...one, kind: 'mysql' }]));
  const withMysql = { ...policy, resources };
  expect(lackingPackages(withMysql)).toBe(null);
  expect(lackingPackages(withMysql, () => false)).toMatch(
    /^targets of kind mysql need packages that are not installed: mysql2\. Run: npm install --no-save --save-prod --omit=dev 'mysql2@\^3/,
  );
});

test('one command installs all packages that the policy needs, also those there', () => {
  const { policy } = loadPolicy(path, PROVISIONERS, variables('jitbot'));
  const [one] = policy.resources.values();
  if (!one) throw new Error('the policy has no resource');
  const resources = new Map(['mysql', 'aws_identity_center'].map((kind) => [kind, { ...one, kind }]));
  const said = lackingPackages({ ...policy, resources }, () => false) ?? '';
  expect(said.match(/npm install/g)).toHaveLength(1);
  const command = said.slice(said.indexOf('npm install'));
  expect(command).toContain("'mysql2@");
  expect(command).toContain("'@aws-sdk/");
  const half = lackingPackages({ ...policy, resources }, (name) => name === 'mysql2') ?? '';
  expect(half.slice(half.indexOf('npm install'))).toBe(command);
});

describe('with Slack and PagerDuty at hand', () => {
  let stage: Stage;
  afterEach(() => stage.close());

  test('wrong channels, groups and escalation policies are found', async () => {
    stage = await setStage();
    const env = { ...stage.sandbox.env, SECRET };
    const write = (change: (source: string) => string) => {
      const file = join(folder, 'online.yaml');
      writeFileSync(
        file,
        change(`version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  flags:
    target: { kind: webhook, url: "${flags.url}", secret: "\${SECRET}" }
    roles: { edit: { grants: {}, duration: { max: 1h }, rules: [{ allow: { on_call: { escalation_policies: [PPAYMENTS] } } }, { ask: { reviewers: [S0SRE] } }] } }
`),
      );
      return file;
    };
    const right = await jit(['doctor', write((source) => source)], env);
    expect(right.out).toMatch(/Everything is fine\.\n$/);
    const wrong = await jit(
      [
        'doctor',
        write((source) =>
          source.replace('C0AUDIT', 'C0NOWHERE').replace('S0SRE', 'S0GONE').replace('PPAYMENTS', 'PGONE'),
        ),
      ],
      env,
    );
    expect(wrong.code).toBe(1);
    expect(wrong.out).toContain('✗ the audit channel C0NOWHERE: the channel does not exist');
    expect(wrong.out).toContain('✗ the person or user group S0GONE does not exist');
    expect(wrong.out).toContain('✗ the escalation policy PGONE does not exist');
  });
});
