import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { findRole } from '../../src/domain/policy.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

const VARIABLES = {
  DB_URL: 'postgres://jit:s3cret@db:5432/payments',
  PAYMENTS_DB_URL: 'postgres://a:b@c/d',
  ORDERS_DB_URL: 'postgres://a:b@c/e',
  FLAGS_URL: 'https://flags.example',
  FLAGS_SECRET: 'sixteen-characters-at-least',
};
const parse = (source: string, variables: NodeJS.ProcessEnv = VARIABLES) =>
  parsePolicy(source, PROVISIONERS, variables);

const GOOD = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  db:
    target: { kind: postgres, url: "\${DB_URL}" }
    roles:
      read:
        grants: { roles: [payments_read] }
        duration: { max: 4h }
        rules:
          - allow: { on_call: { level: { min: 2 } } }
`;

test('the policy that the sandbox ships is a good one', () => {
  const result = parse(readFileSync(new URL('../../src/sandbox/policy.yaml', import.meta.url), 'utf8'));
  expect(result).toMatchObject({ policy: { auditChannel: 'C0AUDIT' } });
});

test('the example of the reference is a good one, and names every field that there is', () => {
  const reference = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(reference)?.[1] ?? '';
  expect(parse(example)).toMatchObject({ policy: { delegates: ['S0ENGINEERS'] } });
});

test('what the newer fields say wrong is said with line and path, all of it at once', () => {
  const bad = GOOD.replace(
    '        duration: { max: 4h }\n',
    `        duration: { max: 4h, total: 1h }
        risk: enormous
        narrower: [admin]
        ends: { with_shift: soon }
        second_factor: [always]
        break_glass: { members_of: [], max: 30m, review_within: 24h, reviewers: [S0SEC] }
`,
  ).replace(
    '          - allow',
    `          - ask: { reviewers: [S0A], stages: [{ reviewers: [S0B] }] }
          - ask: { reviewers: [S0A], expires: 10m, escalate: [{ after: 20m, to: { reviewers: [S0B] } }] }
          - ask: { reviewers: [S0A], escalate: [{ after: 20m, to: {} }] }
          - allow`,
  );
  const result = parse(bad);
  if (!('issues' in result)) throw new Error('it was accepted');
  const found = result.issues.map(({ path, message }) => `${path}: ${message}`).join('\n');
  for (const [path, message] of [
    ['roles.read.duration', 'total is below max'],
    ['roles.read.risk', 'low'],
    ['roles.read.narrower[0]', 'expected another role of db'],
    ['roles.read.ends.with_shift', 'expected a duration'],
    ['roles.read.second_factor[0]', 'request'],
    ['roles.read.break_glass.members_of', 'leave break_glass out for nobody'],
    ['roles.read.rules[0].ask', 'either reviewers (with needed), or stages'],
    ['roles.read.rules[1].ask', 'comes after the request has expired'],
    ['roles.read.rules[2].ask.escalate[0].to', 'either reviewers or on_call'],
  ])
    expect(found).toMatch(new RegExp(`${path?.replace(/[.[\]]/g, '\\$&')}: .*${message?.replace(/[()]/g, '\\$&')}`));
});

test('a short policy gets sensible defaults, and secrets from the environment', () => {
  const result = parse(GOOD);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  expect(result.policy.resources.get('db')?.target).toMatchObject({
    url: 'postgres://jit:s3cret@db:5432/payments',
    login: 'temporary',
  });
  expect(result.secrets).toContain('s3cret');
  expect(findRole(result.policy, 'db/read')).toMatchObject({
    duration: { default: 4 * 3_600_000, max: 4 * 3_600_000 },
    rules: [{ effect: 'allow', when: [{ kind: 'on_call', minLevel: 2, maxLevel: Number.POSITIVE_INFINITY }] }],
  });
});

test('ten mistakes give ten issues, each with line, path and what was expected', () => {
  const bad = `version: 2
slack: { audit_channel: general, approvals_channel: C0ACCESS }
resources:
  db:
    target: { kind: oracle }
    roles:
      read:
        grants: { roles: [payments_read] }
        duration: { max: soon }
        rules:
          - allow: {}
          - allow: { on_call: { level: { min: 3, max: 1 } } }
          - ask: { reviewers: [bob], needed: 0 }
          - deny: { members_of: [S0X] }
            allow: { members_of: [S0X] }
          - maybe: { members_of: [S0X] }
  Payments DB:
    target: { kind: postgres, url: "\${NOT_SET}" }
    roles: {}
`;
  const result = parse(bad);
  if (!('issues' in result)) throw new Error('the policy was accepted');
  const text = result.issues.map((issue) => `${issue.line} ${issue.path}: ${issue.message}`);
  expect(text).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^1 version: expected 1/),
      expect.stringMatching(/^2 slack\.audit_channel: expected the id of a Slack channel/),
      expect.stringMatching(/^5 resources\.db\.target\.kind: expected one of .*postgres, .*webhook, not "oracle"/),
      expect.stringMatching(/^9 resources\.db\.roles\.read\.duration\.max: expected a duration such as 30m/),
      expect.stringMatching(/^11 .*rules\[0\]\.allow: expected at least one of/),
      expect.stringMatching(/^12 .*rules\[1\]\.allow\.on_call\.level: min is above max/),
      expect.stringMatching(/^13 .*rules\[2\]\.ask\.reviewers\[0\]: expected the id of a Slack user/),
      expect.stringMatching(/^13 .*rules\[2\]\.ask\.needed/),
      expect.stringMatching(/^14 .*rules\[3\]: expected exactly one of allow, ask or deny/),
      expect.stringMatching(/^16 .*rules\[4\]\.maybe: unknown field "maybe"/),
      expect.stringMatching(/^17 resources\.Payments DB: expected a name of at most 36 small letters/),
      expect.stringMatching(/^18 resources\.Payments DB\.target\.url: the environment variable NOT_SET is not set/),
      expect.stringMatching(/^19 resources\.Payments DB\.roles: expected at least one role/),
    ]),
  );
});

test.each([
  [
    'a secret written out in an address',
    GOOD.replace(/"\$\{DB_URL\}"/, 'postgres://jit:s3cret@db/payments'),
    /a secret must not stand in this file/,
  ],
  ['YAML that is no YAML', 'version: [1', /./],
  ['a field twice', GOOD.replace('version: 1', 'version: 1\nversion: 1'), /duplicated mapping key/],
  [
    'grants that the provisioner does not know',
    GOOD.replace('{ roles: [payments_read] }', '{ role: payments_read }'),
    /roles|unknown field/,
  ],
  [
    'a time zone that does not exist',
    GOOD.replace('on_call: { level: { min: 2 } }', 'hours: { time_zone: Mars/Olympus, from: "09:00", to: "17:00" }'),
    /IANA time zone/,
  ],
  [
    'a pattern that is no regular expression',
    GOOD.replace('duration:', 'reason: { ticket: "(" }\n        duration:'),
    /no regular expression/,
  ],
  ['a default above the maximum', GOOD.replace('{ max: 4h }', '{ default: 5h, max: 4h }'), /default is above max/],
  ['a file that is empty', '', /./],
])('refused: %s', (_name, source, message) => {
  const result = parse(source);
  expect(
    'issues' in result && result.issues.length > 0 && result.issues.some((issue) => message.test(issue.message)),
  ).toBe(true);
});

const REUSED = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, admins: [leads, U0EVE] }
groups:
  leads: [S0PAYLEADS, U0CHLOE]
resource_groups:
  production: [db, cache]
templates:
  reading:
    duration: { max: 4h }
    risk: low
    rules:
      - allow: { on_call: { level: { max: 2 } } }
      - ask: { reviewers: [leads] }
limits:
  - { resources: [production], holders: 3 }
freezes:
  - { from: "2026-12-20T00:00+01:00", to: "2027-01-02T00:00+01:00", reason: peak season, resources: [production], except: [leads] }
resources:
  db:
    target: { kind: postgres, url: "\${DB_URL}" }
    roles:
      read: { template: reading, grants: { roles: [payments_read] } }
      careful: { template: reading, risk: high, grants: { roles: [payments_read] } }
  cache:
    target: { kind: postgres, url: "\${DB_URL}" }
    roles:
      read: { template: reading, grants: { roles: [cache_read] } }
  other:
    target: { kind: postgres, url: "\${DB_URL}" }
    roles:
      read: { template: reading, grants: { roles: [other_read] }, limits: { cool_down: 1h } }
`;

test('groups of people and resources, templates, limits and freezes can be shared', () => {
  const result = parse(REUSED);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  const { policy } = result;
  expect(policy.admins).toEqual(['S0PAYLEADS', 'U0CHLOE', 'U0EVE']);
  const read = findRole(policy, 'db/read');
  expect(read).toMatchObject({ risk: 'low', duration: { max: 4 * 3_600_000 } });
  expect(read?.rules[1]).toMatchObject({ stages: [{ reviewers: ['S0PAYLEADS', 'U0CHLOE'] }] });
  expect(findRole(policy, 'db/careful')).toMatchObject({ risk: 'high', rules: read?.rules });
  expect(read?.limits).toMatchObject([{ resources: ['db', 'cache'], holders: 3 }]);
  expect(read?.freezes).toMatchObject([{ from: Date.UTC(2026, 11, 19, 23), except: ['S0PAYLEADS', 'U0CHLOE'] }]);
  expect(findRole(policy, 'other/read')?.freezes).toEqual([]);
  expect(findRole(policy, 'other/read')?.limits).toMatchObject([{ resources: null, coolDown: 3_600_000 }]);
});

test.each([
  [
    'a template that there is not',
    ['template: reading, risk', 'template: writing, risk'],
    'resources.db.roles.careful.template',
    /expected the name of a template: reading/,
  ],
  [
    'a mistake in a template is said where the template is',
    ['level: { max: 2 }', 'level: { max: two }'],
    'templates.reading.rules[0].allow.on_call.level.max',
    /./,
  ],
  [
    'a group that there is not',
    ['reviewers: [leads]', 'reviewers: [leeds]'],
    'templates.reading.rules[1].ask.reviewers[0]',
    /or the name of one of groups/,
  ],
  ['a group of something else', ['leads: [S0PAYLEADS, U0CHLOE]', 'leads: [PAYLEADS]'], 'groups.leads[0]', /Slack user/],
  [
    'a resource that there is not',
    ['production: [db, cache]', 'production: [db, cash]'],
    'resource_groups.production',
    /there is no resource "cash"/,
  ],
  ['a freeze that ends before it begins', ['to: "2027', 'to: "2025'], 'freezes[0]', /to is not after from/],
  ['a time without a zone', ['2027-01-02T00:00+01:00', '2027-01-02T00:00'], 'freezes[0].to', /with its zone/],
  ['a limit of nothing', ['holders: 3 }', '}'], 'limits[0]', /at least one of automatic, holders, cool_down/],
  [
    'rules and OPA at once',
    ['{ template: reading, risk: high', '{ template: reading, opa: { wasm: x.wasm }'],
    'resources.db.roles.careful.opa',
    /leave one of the two out/,
  ],
] as const)('%s', (_name, [from, to], path, message) => {
  const result = parse(REUSED.replace(from, to));
  if (!('issues' in result)) throw new Error('it was accepted');
  const found = result.issues.find((issue) => issue.path === path);
  expect(found, JSON.stringify(result.issues)).toBeDefined();
  expect(found?.message).toMatch(message);
  expect(found?.line).toBeGreaterThan(1);
});
