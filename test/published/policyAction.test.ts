/** The action for pull requests, as a runner would start it: on a repository, with an event, and `gh` on the PATH. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

const ACTION = fileURLToPath(new URL('../../.github/actions/policy/', import.meta.url));
const CLI = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
const policyWith = (max: string, more = '') => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, admins: [U0EVE] }
resources:
  db:
    name: Database
    target: { kind: postgres, url: "\${DB_URL}" }
    roles:
      read: { grants: { roles: [r] }, duration: { max: ${max} }, rules: [{ allow: { duration: { max: ${max} } } }]${more} }
`;

let folder: string;
let base: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-action-'));
  writeFileSync(join(folder, 'policy.yaml'), policyWith('1h'));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
  git('init', '-q');
  git('add', '.');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', 'before');
  base = git('rev-parse', 'HEAD').trim();
  writeFileSync(join(folder, 'gh'), `#!/bin/sh\necho "$@" > ${folder}/asked\ncp "$5" ${folder}/posted.md\n`);
  chmodSync(join(folder, 'gh'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function act(policy: string, more: Record<string, string> = {}) {
  writeFileSync(join(folder, 'policy.yaml'), policy);
  const { status, stdout } = spawnSync(process.execPath, [join(ACTION, 'report.js')], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      POLICY: 'policy.yaml',
      BASE: base,
      JITBOT: `${process.execPath} ${CLI}`,
      PULL_REQUEST: '7',
      GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
      ...more,
    },
  });
  return { status, out: stdout };
}
const posted = () => readFileSync(join(folder, 'posted.md'), 'utf8');

test('what changes in meaning is posted on the pull request, and in the summary', () => {
  expect(act(policyWith('2h'))).toMatchObject({ status: 0 });
  expect(posted()).toMatch(/\*\*In meaning\*\*: something changes[\s\S]*GAINS/);
  expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toBe(posted());
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe(
    `pr comment 7 --body-file ${/--body-file (\S+)/.exec(readFileSync(join(folder, 'asked'), 'utf8'))?.[1]} --edit-last --create-if-none\n`,
  );
});

test('a mistake is an error at its line, and nothing is compared', () => {
  const { status, out } = act(policyWith('2h', ', durations: 1h'));
  expect(status).toBe(1);
  expect(out).toMatch(/^::error file=policy\.yaml,line=8,title=resources\.db\.roles\.read\.durations::/m);
  expect(posted()).not.toContain('In meaning');
});

test('cases that are not as expected fail it', () => {
  writeFileSync(
    join(folder, 'policy.tests.yaml'),
    'cases:\n  - { name: long, role: db/read, person: { id: U0ANA }, duration: 1h, expect: { decision: deny } }\n',
  );
  const { status } = act(policyWith('2h'));
  expect(posted()).toContain('not all as expected');
  expect(status).toBe(1);
});

test('recorded decisions are decided again', () => {
  const at = Date.UTC(2026, 0, 15);
  const evidence = {
    at,
    onCall: null,
    incident: null,
    groups: {},
    history: null,
    removals: null,
    signals: null,
    opa: null,
  };
  const decision = (duration: number) => ({
    ...{ seq: 1, at, requestId: 'x', person: 'x', role: 'db/read', decision: { effect: 'deny' } },
    input: { at, personId: 'U1', duration, evidence },
  });
  writeFileSync(
    join(folder, 'decisions.json'),
    JSON.stringify({ since: '2026-01-01T00:00:00Z', decisions: [decision(7_200_000), decision(9_000_000)] }),
  );
  expect(act(policyWith('2h'), { DECISIONS: 'decisions.json' })).toMatchObject({ status: 0 });
  expect(posted()).toMatch(
    /\*\*Of 2 decisions since 2026-01-01T00:00:00Z\*\*, 1 would be different[\s\S]*1 {2}deny → allow/,
  );
});

test('without a commit to compare with, it says so and not that nothing changes', () => {
  expect(act(policyWith('2h'), { BASE: '' })).toMatchObject({ status: 0 });
  expect(posted()).toContain('**In meaning**: not compared');
  expect(posted()).not.toContain('nothing changes');
});

test('a commit that is not there is a failure, and not a policy that is new', () => {
  const { status, out } = act(policyWith('2h'), { BASE: 'f'.repeat(40) });
  expect(status).toBe(2);
  expect(out).toContain('is not in this checkout');
});

test('what is too long for a comment is cut, and says so', () => {
  const many = Array.from(
    { length: 90 },
    (_, at) =>
      `      r${at}: { grants: { roles: [r${at}] }, duration: { max: 1h }, rules: [{ allow: { duration: { max: 1h } } }] }`,
  );
  act(`${policyWith('2h')}${many.join('\n')}\n`);
  expect(posted().length).toBeLessThan(65_536);
  expect(posted()).toMatch(/… and \d+ more lines/);
});

test('what cannot be run is said, and is no success', () => {
  const { status, out } = act(policyWith('2h'), { JITBOT: `${process.execPath} -e process.exit(2)` });
  expect(status).toBe(2);
  expect(out).toContain('::error::jitbot policy check');
});

test('the action hands its script what it reads, and the example uses it', () => {
  const action = parse(readFileSync(join(ACTION, 'action.yml'), 'utf8')) as {
    inputs: Record<string, object>;
    runs: { using: string; steps: { run: string; env: Record<string, string> }[] };
  };
  const [step] = action.runs.steps;
  expect(action.runs.using).toBe('composite');
  const script = readFileSync(join(ACTION, 'report.js'), 'utf8');
  for (const name of ['POLICY', 'BASE', 'DECISIONS', 'JITBOT', 'PULL_REQUEST']) {
    expect(Object.keys(step?.env ?? {})).toContain(name);
    expect(script).toContain(name);
  }
  const example = parse(readFileSync(new URL('../../docs/examples/policy-workflow.yml', import.meta.url), 'utf8')) as {
    jobs: { policy: { steps: { with?: Record<string, string> }[] } };
  };
  const given = Object.keys(example.jobs.policy.steps.at(-1)?.with ?? {});
  expect(given.filter((name) => !(name in action.inputs))).toEqual([]);
});
