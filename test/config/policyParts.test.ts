import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../src/config/configError.ts';
import { entriesOf, fieldOf, spread } from '../../src/config/issues.ts';
import { loadPolicy, parsePolicy } from '../../src/config/policyFile.ts';
import { fieldNames, policyJsonSchema } from '../../src/config/policyJsonSchema.ts';
import { policyReference } from '../../src/config/policyReference.ts';
import { expandReuse } from '../../src/config/policyReuse.ts';
import { lacksSecrets, passwordsOf, secretsOf, type TargetKind } from '../../src/config/policyTargets.ts';
import { createLineFinder, readYaml } from '../../src/config/yaml.ts';
import { findRole } from '../../src/domain/policy.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import {
  aDocument,
  aResourceIn,
  aRoleIn,
  aSlackIn,
  BOX,
  type Fields,
  issuesIn,
  parseDocument,
  policyIn,
  variable,
} from '../support/policyFile.ts';

const withTarget = (target: unknown) => aDocument({ resources: { db: aResourceIn(undefined, { target }) } });
const box = (more: Fields) => withTarget({ kind: 'box', ...more });
const targetOf = (document: Fields, variables: NodeJS.ProcessEnv = {}) =>
  policyIn(document, variables).policy.resources.get('db')?.target;
const TARGET = 'resources.db.target';

describe('the canary', () => {
  const CANARY = { role: 'db/read', email: 'Canary@harbor.example' };
  const withCanary = (more: Fields, kind: Partial<TargetKind> = {}) =>
    issuesIn(aDocument({ canary: { ...CANARY, ...more } }), {}, [{ ...BOX, ...kind }]);

  test('has its intervals where the file has none, and its names at targets', () => {
    const { policy } = policyIn(aDocument({ canary: { ...CANARY, identities: { github: 'octo' } } }));
    expect(policy.canary).toEqual({ role: 'db/read', email: 'canary@harbor.example', every: HOUR, lasts: 5 * MINUTE });
    expect(policy.identities.get('canary')).toEqual({ github: 'octo' });
  });

  test.each<[string, Fields, string, RegExp]>([
    ['for a role that there is not', { role: 'db/write' }, 'canary.role', /no role is called "db\/write"/],
    ['for longer than its role', { lasts: '23h', every: '1d' }, 'canary.lasts', /longer than the role/],
    ['too often', { every: '4m', lasts: '1m' }, 'canary.every', /below 5m/],
    ['that outlasts its interval', { every: '5m' }, 'canary.lasts', /not below every/],
    ['without an address', { email: 'canary' }, 'canary.email', /email/i],
  ])('%s is refused', (_what, more, path, message) => {
    expect(withCanary(more)).toContainEqual(expect.objectContaining({ path, message: expect.stringMatching(message) }));
  });

  test('is refused at a target that only Slack accounts can be at', () => {
    expect(withCanary({})).toEqual([]);
    expect(withCanary({}, { isOfSlack: true })).toMatchObject([{ path: 'canary.role' }]);
  });

  test('lasts no longer than one request may, whatever extensions may', () => {
    const role = aRoleIn({ duration: { max: '4h', total: '8h' } });
    const resources = { db: aResourceIn({ read: role }) };
    expect(issuesIn(aDocument({ resources, canary: { ...CANARY, lasts: '5h', every: '1d' } }))).toMatchObject([
      { path: 'canary.lasts' },
    ]);
  });
});

describe('a target', () => {
  test('has what its variables hold, in every text of it, and nothing else changed', () => {
    const target = {
      url: `http://${variable('USER')}@${variable('HOST')}`,
      headers: [{ a: variable('HOST') }, { b: 'plain' }],
      size: 3,
    };
    expect(targetOf(box(target), { USER: 'jit', HOST: 'box' })).toEqual({
      kind: 'box',
      url: 'http://jit@box',
      headers: [{ a: 'box' }, { b: 'plain' }],
      size: 3,
    });
  });

  test.each<[string, unknown, NodeJS.ProcessEnv, string, RegExp]>([
    ['of no kind', {}, {}, `${TARGET}.kind`, /string/],
    ['of a kind that there is not', { kind: 'oracle' }, {}, `${TARGET}.kind`, /expected one of box, not "oracle"/],
    ['with a field too many', { kind: 'box', colour: 'red' }, {}, `${TARGET}.colour`, /unknown field "colour"/],
    ['with a field of another type', { kind: 'box', size: 'x' }, {}, `${TARGET}.size`, /number/],
    [
      'with two mistakes in one place, of which the first is told',
      { kind: 'box', url: `postgres://jit:abc@${variable('HOST')}` },
      {},
      `${TARGET}.url`,
      /secret must not stand/,
    ],
    [
      'with a variable that is not set',
      { kind: 'box', url: variable('URL') },
      {},
      `${TARGET}.url`,
      /environment variable URL is not set/,
    ],
    [
      'with a variable that is empty',
      { kind: 'box', url: variable('URL') },
      { URL: '' },
      `${TARGET}.url`,
      /variable URL is not set/,
    ],
    [
      'with a variable of a list that is not set',
      { kind: 'box', headers: [{ a: 'x' }, { b: variable('B') }] },
      {},
      `${TARGET}.headers[1].b`,
      /variable B is not set/,
    ],
    [
      'with a token written out',
      { kind: 'box', token: 'abc' },
      {},
      `${TARGET}.token`,
      /secret must not stand in this file/,
    ],
    [
      'with a password in its address',
      { kind: 'box', url: 'postgres://jit:abc@db/x' },
      {},
      `${TARGET}.url`,
      /secret must not stand/,
    ],
    [
      'with an empty password in its address',
      { kind: 'box', url: 'postgres://jit:@db/x' },
      {},
      `${TARGET}.url`,
      /secret must not stand/,
    ],
  ])('%s is refused', (_name, target, variables, path, message) => {
    expect(issuesIn(withTarget(target), variables)).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  test.each<[string, Fields]>([
    ['an address with a user only', { url: 'postgres://jit@db:5432/x' }],
    ['an address with a port and an @ behind it', { url: 'http://db:80/a@b' }],
    ['a password by a variable', { url: `postgres://jit:${variable('SECRET')}@db/x` }],
    ['a token by a variable', { token: variable('SECRET') }],
    ['a token by two variables', { token: `${variable('SECRET')}-${variable('SECRET')}` }],
  ])('%s is no secret written out', (_name, fields) => {
    expect(issuesIn(box(fields), { SECRET: 'abc' })).toEqual([]);
  });

  test('with schemas from elsewhere is checked by them, or refused without them', () => {
    const folders: string[] = [];
    const local = (said: ReturnType<NonNullable<TargetKind['schemasFor']>>): TargetKind => ({
      ...BOX,
      schemasFor: (_, folder) => {
        folders.push(folder);
        return said;
      },
    });
    const strict = { targetSchema: BOX.targetSchema, roleSchema: z.strictObject({ shelf: z.string() }) };
    expect(issuesIn(aDocument(), {}, [local(strict)]).map(({ path }) => path)).toEqual([
      'resources.db.roles.read.grants.shelf',
      'resources.db.roles.read.grants.drawer',
    ]);
    expect(issuesIn(aDocument(), {}, [local({ problem: 'it cannot be loaded', at: 'url' })])).toEqual([
      { path: `${TARGET}.url`, message: 'it cannot be loaded' },
    ]);
    // What its own schema refuses is not asked for elsewhere.
    folders.length = 0;
    issuesIn(box({ colour: 'red' }), {}, [local(strict)]);
    expect(folders).toEqual([]);
    parsePolicy(JSON.stringify(aDocument()), [local(strict)], {}, { folder: '/etc/jit' });
    expect(folders).toEqual(['/etc/jit']);
  });

  test('that names people by a table needs somebody in that table', () => {
    const identities = { U0ANA: { github: 'ana' }, U0BEN: { gitlab: 'ben' } };
    expect(issuesIn(box({ account: 'x-{github}' }))).toEqual([
      { path: TARGET, message: expect.stringContaining("nobody's name for {github} is known") },
    ]);
    expect(issuesIn(aDocument({ ...box({ account: 'x-{github}' }), identities }))).toEqual([]);
    expect(issuesIn(aDocument({ ...box({ account: 'x-{gitlab}' }), identities }))).toEqual([]);
    expect(issuesIn(aDocument({ ...box({ account: '{okta}' }), identities }))).toHaveLength(1);
    expect(issuesIn(box({ account: '{email}' }))).toEqual([]);
  });

  test.each<[string, Fields, Fields, number]>([
    ['two people of one name', { U0ANA: { github: 'ana' }, U0BEN: { github: 'Ana' } }, {}, 1],
    ['two people of two names', { U0ANA: { github: 'ana' }, U0BEN: { github: 'ben' } }, {}, 0],
    [
      'one human of one name',
      { U0ANA: { github: 'ana' }, U0BEN: { github: 'ana' } },
      { same_person: [['U0ANA', 'U0BEN']] },
      0,
    ],
  ])('that names people by a table, and %s there', (_name, identities, slack, issues) => {
    const document = aDocument({ ...box({ account: '{github}' }), identities, slack: aSlackIn(slack) });
    expect(issuesIn(document)).toEqual(
      Array.from({ length: issues }, () => ({
        path: 'identities.U0BEN',
        message: expect.stringMatching(/^U0ANA and U0BEN are both "Ana" at db/),
      })),
    );
  });

  test('people who share an address at PagerDuty are told of', () => {
    const identities = { U0ANA: { pagerduty: 'a@x.example' }, U0BEN: { pagerduty: 'A@x.example' } };
    expect(issuesIn(aDocument({ identities }))).toEqual([
      { path: 'identities.U0BEN.pagerduty', message: expect.stringContaining('at PagerDuty') },
    ]);
  });
});

describe('without its secrets', () => {
  const read = (document: Fields, variables: NodeJS.ProcessEnv = {}) =>
    parsePolicy(JSON.stringify(document), [BOX], variables, { withoutSecrets: true });

  test('a target is taken as it stands, and all the rest is checked', () => {
    const result = read(box({ url: variable('URL') }));
    expect('policy' in result && result.policy.resources.get('db')).toMatchObject({ id: 'db', kind: 'box' });
    expect('policy' in result && result.policy.resources.get('db')?.target).toBeUndefined();
    expect('policy' in result && findRole(result.policy, 'db/read')?.gives).toEqual({ drawer: 'top' });
  });

  test('one whose secrets are at hand is read whole, beside one whose are not', () => {
    const resources = {
      dark: aResourceIn(undefined, { target: { kind: 'box', url: variable('A') } }),
      half: aResourceIn(undefined, { target: { kind: 'box', url: variable('A'), token: variable('B') } }),
      light: aResourceIn(undefined, { target: { kind: 'box', token: variable('B') } }),
    };
    const result = read(aDocument({ resources }), { B: 'secret-b' });
    expect('policy' in result && [...result.policy.resources.values()].map(({ target }) => target)).toEqual([
      undefined,
      undefined,
      { kind: 'box', url: 'http://box', token: 'secret-b' },
    ]);
  });

  test('where they are needed, one that is missing is a mistake', () => {
    expect(issuesIn(box({ url: variable('URL') }))).toHaveLength(1);
  });

  test('the names that people have there are not compared', () => {
    const identities = { U0ANA: { github: 'ana' }, U0BEN: { github: 'ana' } };
    expect(read(aDocument({ ...box({ account: `${variable('X')}{github}` }), identities }))).toHaveProperty('policy');
  });
});

describe('retired targets', () => {
  const retired = (targets: Fields) => aDocument({ retired_targets: targets });

  test('are read as they stood, each by its name', () => {
    const targets = { old: { kind: 'box', url: variable('A') }, older: { kind: 'box' } };
    expect(policyIn(retired(targets), { A: 'http://a' }).policy.retiredTargets).toEqual([
      { name: 'old', kind: 'box', target: { kind: 'box', url: 'http://a' }, asWritten: targets.old },
      { name: 'older', kind: 'box', target: { kind: 'box', url: 'http://box' }, asWritten: targets.older },
    ]);
  });

  test('whose secrets are gone stay in the policy, out of reach', () => {
    expect(policyIn(retired({ old: { kind: 'box', url: variable('GONE') } })).policy.retiredTargets).toEqual([
      { name: 'old', kind: 'box', target: null, asWritten: { kind: 'box', url: variable('GONE') } },
    ]);
  });

  test('are checked like any other', () => {
    expect(issuesIn(retired({ old: { kind: 'oracle' } }))).toMatchObject([{ path: 'retired_targets.old.kind' }]);
    expect(issuesIn(retired({ old: { kind: 'box', token: 'abc' } }))).toMatchObject([
      { path: 'retired_targets.old.token' },
    ]);
    expect(issuesIn(retired({ old: { kind: 'box', colour: 'red' } }))).toMatchObject([
      { path: 'retired_targets.old.colour' },
    ]);
  });
});

describe('names', () => {
  const good = ['a', '0', 'a-b_c', 'x'.repeat(36)];
  const bad = ['A', '-a', '_a', 'a.b', 'a/b', 'x'.repeat(37), ''];
  test.each([...good.map((name) => [name, true] as const), ...bad.map((name) => [name, false] as const)])(
    'of a resource and of a role may be %j: %s',
    (name, isGood) => {
      const issueAt = (path: string) => (isGood ? [] : [{ path, message: expect.stringContaining('at most 36') }]);
      expect(issuesIn(aDocument({ resources: { [name]: aResourceIn() } }))).toEqual(issueAt(`resources.${name}`));
      expect(issuesIn(aDocument({ resources: { db: aResourceIn({ [name]: aRoleIn() }) } }))).toEqual(
        issueAt(`resources.db.roles.${name}`),
      );
    },
  );

  test.each<[string, unknown, string[]]>([
    ['another role', ['write'], []],
    ['two other roles', ['write', 'admin'], []],
    ['the role itself', ['write', 'read'], ['resources.db.roles.read.narrower[1]']],
    ['a role of another resource', ['other'], ['resources.db.roles.read.narrower[0]']],
    [
      'several that there are not',
      ['x', 'write', 'y'],
      ['[0]', '[2]'].map((at) => `resources.db.roles.read.narrower${at}`),
    ],
  ])('that a reviewer may give instead: %s', (_name, narrower, paths) => {
    const roles = { read: aRoleIn({ narrower }), write: aRoleIn(), admin: aRoleIn() };
    const document = aDocument({ resources: { db: aResourceIn(roles), cache: aResourceIn({ other: aRoleIn() }) } });
    expect(issuesIn(document)).toEqual(
      paths.map((path) => ({ path, message: 'expected another role of db: write, admin' })),
    );
  });

  test('the only role of a resource has none beside it', () => {
    expect(
      issuesIn(aDocument({ resources: { db: aResourceIn({ read: aRoleIn({ narrower: ['x'] }) }) } })),
    ).toMatchObject([{ message: 'expected another role of db: it has none' }]);
  });

  const FREEZE = { from: '2026-12-20T00:00Z', to: '2026-12-21T00:00Z', reason: 'peak' };
  test.each<[string, Fields, string[]]>([
    [
      'limits',
      {
        limits: [
          { holders: 1, resources: ['db'] },
          { holders: 1, resources: ['db', 'x'] },
        ],
      },
      ['limits[1].resources'],
    ],
    [
      'freezes',
      {
        freezes: [
          { ...FREEZE, resources: ['x'] },
          { ...FREEZE, resources: ['db'] },
        ],
      },
      ['freezes[0].resources'],
    ],
    ['groups of resources', { resource_groups: { some: ['db'], others: ['x'] } }, ['resource_groups.others']],
    ['no resources at all', { limits: [{ holders: 1 }], freezes: [FREEZE] }, []],
  ])('of resources that %s go by are those of the file', (_name, fields, paths) => {
    expect(issuesIn(aDocument(fields))).toEqual(
      paths.map((path) => ({ path, message: expect.stringContaining('there is no resource "x" in this file') })),
    );
  });
});

describe('what is said once', () => {
  const expand = (raw: Fields) => {
    const issues: string[] = [];
    const { document, origin } = expandReuse(raw, (path, message) => issues.push(`${path.join('.')}: ${message}`));
    return { document, origin, issues };
  };

  test.each(['reviewers', 'members_of', 'admins', 'auditors', 'delegates', 'except'])(
    'a group of people stands for them in %s, each of them once',
    (field) => {
      const groups = { leads: ['U0ANA', 'S0PAY'], others: ['U0BEN'] };
      expect(expand({ groups, x: [{ [field]: ['U0ANA', 'leads', 'others', 'nobody', 7] }] }).document).toEqual({
        groups,
        x: [{ [field]: ['U0ANA', 'S0PAY', 'U0BEN', 'nobody', 7] }],
      });
    },
  );

  test('a name is a group of people or of resources, by the list it stands in', () => {
    const document = expand({
      groups: { a: ['U0ANA'] },
      resource_groups: { b: ['db', 'cache'] },
      reviewers: ['a', 'b'],
      resources: ['a', 'b'],
      owners: ['a', 'b'],
    }).document;
    expect(document).toMatchObject({ reviewers: ['U0ANA', 'b'], resources: ['a', 'db', 'cache'], owners: ['a', 'b'] });
  });

  test('within a target, and what a role gives there, the name is left alone', () => {
    const fields = { reviewers: ['a'] };
    const { document } = expand({ groups: { a: ['U0ANA'] }, x: { target: fields, grants: fields, more: fields } });
    expect(document).toMatchObject({ x: { target: fields, grants: fields, more: { reviewers: ['U0ANA'] } } });
  });

  test('groups are in templates what they are in roles', () => {
    const { document } = expand({
      groups: { a: ['U0ANA'] },
      templates: { t: { rules: [{ ask: { reviewers: ['a'] } }] } },
    });
    expect(document).toMatchObject({ templates: { t: { rules: [{ ask: { reviewers: ['U0ANA'] } }] } } });
  });

  test('groups that are no lists, and documents that are none, are left to the schema', () => {
    expect(expand({ groups: ['a'], x: { reviewers: ['0'] } }).document).toEqual({
      groups: ['a'],
      x: { reviewers: ['0'] },
    });
    expect(expand({ groups: { a: 'U0ANA' }, reviewers: ['a'] }).document).toMatchObject({ reviewers: ['a'] });
    const { document, origin } = expandReuse(['a'], () => undefined);
    expect([document, origin(['x'])]).toEqual([['a'], ['x']]);
  });

  const templates = { reading: { risk: 'low', duration: { max: '1h' } }, writing: { risk: 'high' } };
  const roles = (some: Fields) => ({ templates, resources: { db: { roles: some }, other: { roles: some } } });

  test('a role has the fields of its template, except those that it says itself', () => {
    const { document, issues } = expand(
      roles({
        a: { template: 'reading' },
        b: { template: 'reading', duration: { max: '2h' } },
        c: { template: 'writing' },
        d: { risk: 'medium' },
      }),
    );
    const expected = {
      a: { risk: 'low', duration: { max: '1h' } },
      b: { risk: 'low', duration: { max: '2h' } },
      c: { risk: 'high' },
      d: { risk: 'medium' },
    };
    expect(document).toEqual({ templates, resources: { db: { roles: expected }, other: { roles: expected } } });
    expect(issues).toEqual([]);
  });

  test.each<[unknown, string]>([
    ['deleting', 'reading, writing'],
    [7, 'reading, writing'],
    [null, 'reading, writing'],
  ])('the template %j is none', (template, known) => {
    const { document, issues } = expand({ templates, resources: { db: { roles: { a: { template, risk: 'low' } } } } });
    expect(issues).toEqual([`resources.db.roles.a.template: expected the name of a template: ${known}`]);
    expect(document).toMatchObject({ resources: { db: { roles: { a: { risk: 'low' } } } } });
  });

  test('where there are no templates, that is said', () => {
    expect(expand({ resources: { db: { roles: { a: { template: 'x' } } } } }).issues).toEqual([
      'resources.db.roles.a.template: expected the name of a template: there is none',
    ]);
    expect(expand({ templates: { x: 7 }, resources: { db: { roles: { a: { template: 'x' } } } } }).issues).toHaveLength(
      1,
    );
  });

  test('what is no resource or role is left to the schema', () => {
    const odd = { a: 7, b: { roles: 7 }, c: { roles: { read: 7 } }, d: ['x'] };
    expect(expand({ templates, resources: odd }).document).toEqual({ templates, resources: odd });
    expect(expand({ templates, resources: 7 }).document).toEqual({ templates, resources: 7 });
    expect(expand({ resources: { db: { name: 'x', roles: {} } } }).document).toEqual({
      resources: { db: { name: 'x', roles: {} } },
    });
  });

  test.each<[string[], string[]]>([
    [
      ['resources', 'db', 'roles', 'a', 'duration', 'max'],
      ['templates', 'reading', 'duration', 'max'],
    ],
    [
      ['resources', 'db', 'roles', 'a', 'risk'],
      ['resources', 'db', 'roles', 'a', 'risk'],
    ],
    [
      ['resources', 'db', 'roles', 'a'],
      ['resources', 'db', 'roles', 'a'],
    ],
    [
      ['resources', 'db', 'roles', 'b', 'duration'],
      ['resources', 'db', 'roles', 'b', 'duration'],
    ],
    [
      ['resources', 'other', 'roles', 'a', 'duration'],
      ['resources', 'other', 'roles', 'a', 'duration'],
    ],
    [
      ['resources', 'db', 'name', 'a', 'duration'],
      ['resources', 'db', 'name', 'a', 'duration'],
    ],
    [
      ['templates', 'db', 'roles', 'a', 'duration'],
      ['templates', 'db', 'roles', 'a', 'duration'],
    ],
  ])('%j stands at %j', (path, expected) => {
    const { origin } = expand({
      templates,
      resources: {
        db: { roles: { a: { template: 'reading', risk: 'high' }, b: { duration: {} } } },
        other: { roles: {} },
      },
    });
    expect(origin(path)).toEqual(expected);
  });
});

describe('issues', () => {
  test('one word per place: of two mistakes at one place the first is told', () => {
    const roles = { read: aRoleIn({ risk: 'none', second_factor: ['x'], rules: [{ allow: { members_of: ['x'] } }] }) };
    const issues = issuesIn(aDocument({ resources: { db: aResourceIn(roles) } }));
    expect(new Set(issues.map(({ path }) => path)).size).toBe(issues.length);
    expect(issues).toHaveLength(3);
  });

  test('what is said of something with a misspelt field in it follows from the spelling', () => {
    expect(
      issuesIn(
        aDocument({ resources: { db: aResourceIn({ read: aRoleIn({ rules: [{ alow: { members_of: [] } }] }) }) } }),
      ),
    ).toEqual([
      { path: 'resources.db.roles.read.rules[0].alow', message: 'unknown field "alow"; did you mean "allow"?' },
    ]);
  });

  test.each([
    ['rulez', 'did you mean "rules"?'],
    ['astrology', 'check its spelling and its place'],
    // A field that there is, elsewhere.
    ['audit_channel', 'check its spelling and its place'],
  ])('the unknown field %s: %s', (field, advice) => {
    expect(issuesIn(aDocument({ [field]: 1 }))).toEqual([
      { path: field, message: `unknown field "${field}"; ${advice}` },
    ]);
  });

  test('stand in the order of the file, each with its line', () => {
    const source =
      'version: 2\nslack:\n  audit_channel: x\n  approvals_channel: C0ACCESS\ndrift: { every: soon }\nresources: {}\n';
    const result = parsePolicy(source, [BOX], {});
    expect('issues' in result && result.issues.map(({ line, path }) => [line, path])).toEqual([
      [1, 'version'],
      [3, 'slack.audit_channel'],
      [5, 'drift.every'],
      [6, 'resources'],
    ]);
  });

  test('stand in the order of the file, whichever check found them', () => {
    const roles = { read: aRoleIn({ risk: 'none' }) };
    const resources = { db: aResourceIn(roles, { target: { kind: 'oracle' } }), cache: aResourceIn(roles) };
    expect(issuesIn(aDocument({ resources })).map(({ path }) => path)).toEqual([
      'resources.db.target.kind',
      'resources.db.roles.read.risk',
      'resources.cache.roles.read.risk',
    ]);
  });

  test('hold no secret', () => {
    const document = aDocument({
      ...box({ url: variable('URL') }),
      identities: { U0ANA: { github: 'sesame-open' }, U0BEN: { github: 'sesame-open' } },
    });
    const byTable: TargetKind = { ...BOX, accountTemplate: () => '{github}' };
    const [issue] = issuesIn(document, { URL: 'sesame-open' }, [byTable]);
    expect(issue?.message).toContain('[secret]');
    expect(issue?.message).not.toContain('sesame');
  });

  test('a missing field is told as one, and what the schema says without its preamble', () => {
    const messages = (schema: z.ZodType, value: unknown) =>
      (schema.safeParse(value).error?.issues ?? []).flatMap(spread);
    expect(messages(z.strictObject({ a: z.string() }), {})).toEqual([
      { path: ['a'], message: 'expected string, but the field is missing' },
    ]);
    expect(messages(z.strictObject({ a: z.strictObject({}) }), { a: { b: 1, c: 2 } })).toEqual([
      { path: ['a', 'b'], message: 'unknown field "b"' },
      { path: ['a', 'c'], message: 'unknown field "c"' },
    ]);
  });

  test('fields of what is nothing are none', () => {
    expect([fieldOf(null, 'a'), fieldOf('text', 'length'), fieldOf({ a: 1 }, 'a')]).toEqual([undefined, undefined, 1]);
    expect([entriesOf(null), entriesOf('ab'), entriesOf({ a: 1 })]).toEqual([[], [], [['a', 1]]]);
  });
});

describe('secrets of a file', () => {
  const source = `${variable('DB_URL')} ${variable('API_TOKEN')} ${variable('UNSET')} ${variable('HOST')}`;
  const variables = { DB_URL: 'postgres://jit:s3cret@db/x', API_TOKEN: 'abcdefgh', HOST: 'box' };

  test('are whatever was put in, and what is secret within it', () => {
    expect(secretsOf(source, variables)).toEqual(
      expect.arrayContaining(['postgres://jit:s3cret@db/x', 's3cret', 'abcdefgh', 'box']),
    );
    expect(policyIn(box({ url: variable('HOST') }), variables).secrets).toEqual(['box']);
    expect(policyIn(box({ url: variable('HOST') }), variables).policy.secrets).toEqual(['box']);
  });

  test.each<[string, string, boolean]>([
    ['API_TOKEN', 'abcdefgh', true],
    ['API_TOKEN', 'abcdefg', false],
    ['API_TOKEN', '/run/secrets/token', false],
    ['API_TOKEN', 'https://vault.example', false],
    ['HOST', 'abcdefgh', false],
  ])('%s with %s is a password: %s', (name, value, isPassword) => {
    expect(passwordsOf(`x ${variable(name)} ${variable('UNSET_TOKEN')}`, { [name]: value })).toEqual(
      isPassword ? [value] : [],
    );
    expect(policyIn(box({ url: variable(name) }), { [name]: value }).policy.passwords).toEqual(
      isPassword ? [value] : [],
    );
  });

  test.each<[unknown, boolean]>([
    [{ a: variable('A') }, false],
    [{ a: variable('A'), b: [variable('B')] }, true],
    [{ a: variable('EMPTY') }, true],
    [{ a: 'x' }, false],
    [undefined, false],
  ])('%j lacks some: %s', (target, lacks) => {
    expect(lacksSecrets(target, { A: 'a', EMPTY: '' })).toBe(lacks);
  });
});

describe('reading YAML', () => {
  test.each<[string, string, number]>([
    ['a file that breaks off', 'a: 1\nb: [1', 2],
    ['a key twice', 'a: 1\nb: 2\na: 3', 3],
    ['a list within itself', 'a: &x [*x]', 1],
    ['a mapping within itself, deep down', 'a:\n  b: &x\n    c: { d: [*x] }', 1],
    ['a list within itself, beside other things', 'a: 1\nb: &x [1, *x]', 1],
  ])('%s is none', (_name, source, line) => {
    expect(readYaml(source)).toEqual({ problem: expect.stringMatching(/./), line });
  });

  test('a few lines of aliases that stand for billions of values are refused at once', () => {
    const lines = Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}, *a${at}]`);
    expect(readYaml(['a0: &a0 [1]', ...lines].join('\n'))).toEqual({
      problem: 'with every alias written out, it has too many values',
      line: 1,
    });
  });

  test('a list in a hundred places is as long as it is', () => {
    const source = ['a: &a [1, 2]', 'b:', ...Array.from({ length: 100 }, () => '  - *a')].join('\n');
    expect(readYaml(source)).toMatchObject({ value: { b: Array.from({ length: 100 }, () => [1, 2]) } });
  });

  test('one thing in two places is not within itself', () => {
    expect(readYaml('a: &x { b: 1 }\nc: *x\nd: [*x, *x]')).toEqual({
      value: { a: { b: 1 }, c: { b: 1 }, d: [{ b: 1 }, { b: 1 }] },
    });
  });

  test('what is empty is not within itself', () => {
    expect(readYaml('a: []\nb: {}')).toEqual({ value: { a: [], b: {} } });
  });

  test('words are no booleans or dates, and nothing is executed', () => {
    expect(readYaml('a: yes\nb: 2026-01-01\nc: true')).toEqual({ value: { a: 'yes', b: '2026-01-01', c: true } });
    expect(readYaml('!!js/function x')).toHaveProperty('problem');
  });

  test('a file that is no YAML is one issue, at its line', () => {
    expect(parsePolicy('a: 1\nb: [1', [BOX], {})).toMatchObject({ issues: [{ line: 2, path: '' }] });
  });

  test.each<[(string | number)[], number]>([
    [['a'], 2],
    [['a', 'b'], 3],
    [['a', 'list', 0], 5],
    [['a', 'list', 1, 'c'], 7],
    [['a', 'list', 9], 4],
    [['a', 'missing', 'deeper'], 2],
    [['missing'], 1],
    [[], 1],
    [['a', 'list', 1, 'zzz'], 6],
  ])('%j stands in line %i', (path, line) => {
    const find = createLineFinder('# first\na:\n  b: 1\n  list:\n    - x\n    - b: 2\n      c: 3\n');
    expect([find(path), find(path)]).toEqual([line, line]);
  });
});

describe('a file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'jitbot-policy-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const write = (text: string) => {
    const path = join(directory, 'policy.yaml');
    writeFileSync(path, text);
    return path;
  };
  const problem = (path: string, options = {}) => {
    try {
      loadPolicy(path, [BOX], {}, options);
      return '';
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  };

  test('that cannot be read is told as that', () => {
    expect(problem(join(directory, 'nowhere.yaml'))).toMatch(/nowhere\.yaml: the policy file cannot be read/);
  });

  test('with mistakes is told with each of them, its line and its place', () => {
    const path = write('version: 2\nslack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }\nresources: {}\n');
    expect(problem(path)).toBe(
      [
        '2 issues in the policy file:',
        `  ${path}:1  version  expected 1, the version of this format`,
        `  ${path}:3  resources  expected at least one resource`,
      ].join('\n'),
    );
    expect(problem(write('a: [1'))).toMatch(/^1 issue in the policy file:\n.*:1 {2}\(file\) {2}/);
  });

  test('is read with or without its secrets, and knows its folder', () => {
    const path = write(JSON.stringify(box({ url: variable('URL') })));
    expect(problem(path)).toContain('URL is not set');
    expect(problem(path, { withoutSecrets: true })).toBe('');
    const folders: string[] = [];
    const kind: TargetKind = {
      ...BOX,
      schemasFor: (_, folder) => {
        folders.push(folder);
        return BOX;
      },
    };
    loadPolicy(path, [kind], { URL: 'http://x' });
    expect(folders).toEqual([directory]);
  });

  test('says where in it something stands, also by way of a template', () => {
    const document = aDocument({
      templates: { reading: { duration: { max: '4h' } } },
      resources: {
        db: aResourceIn({ read: { template: 'reading', grants: { drawer: 'top' }, rules: aRoleIn().rules } }),
      },
    });
    const { locate } = policyIn(document);
    const lines = JSON.stringify(document, null, 1).split('\n');
    expect(locate(['resources', 'db', 'roles', 'read', 'duration', 'max'])).toEqual({
      path: 'templates.reading.duration.max',
      line: lines.findIndex((line) => line.includes('"max"')) + 1,
    });
    expect(locate(['resources', 'db', 'roles', 'read', 'rules', 0])).toMatchObject({
      path: 'resources.db.roles.read.rules[0]',
    });
  });
});

describe('the JSON Schema', () => {
  test('allows groups of people, targets of every kind, and roles from templates', () => {
    const schema = policyJsonSchema([BOX, { ...BOX, targetSchema: z.strictObject({ lid: z.string() }) }]);
    const text = JSON.stringify(schema);
    expect(text).toContain('^[USW][A-Z0-9]{2,20}$|^[a-z0-9][a-z0-9_-]{0,35}$');
    expect(text).toContain('"pattern":"^[A-Z0-9]{3,20}$"');
    expect(text).toContain('"version"');
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: {
        templates: { additionalProperties: { additionalProperties: false, properties: { template: false } } },
        resources: {
          additionalProperties: {
            properties: {
              target: { anyOf: [{ properties: { url: {} } }, { properties: { lid: {} } }] },
              roles: {
                additionalProperties: {
                  properties: { template: { type: 'string' }, grants: { anyOf: [{ properties: { drawer: {} } }, {}] } },
                },
              },
            },
          },
        },
      },
    });
    expect(schema).not.toHaveProperty(
      'properties.resources.additionalProperties.properties.roles.additionalProperties.required',
    );
    expect(text.match(/"\$schema"/g)).toHaveLength(1);
  });

  test('knows every field that there is, each once', () => {
    const names = fieldNames({
      properties: { a: { properties: { b: {} } }, c: { items: [{ properties: { a: {}, d: {} } }] } },
    });
    expect(names.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect([fieldNames(null), fieldNames('text'), fieldNames({ properties: null })]).toEqual([[], [], []]);
    expect(fieldNames(policyJsonSchema([BOX]))).toEqual(expect.arrayContaining(['members_of', 'drawer', 'url']));
  });

  test('becomes a table, with what is required, what is preset and each condition once', () => {
    const condition = {
      properties: { unless: { properties: { hidden: {} } }, members_of: { type: 'array', items: { type: 'string' } } },
    };
    const text = policyReference({
      required: ['name', 'preset', 'list'],
      properties: {
        name: { type: 'string', description: 'Its name.' },
        preset: { type: 'number', default: 3 },
        empty: { type: 'object', default: {} },
        none: { type: 'array', items: { enum: ['a', 1] }, default: [] },
        gone: false,
        kind: { const: 'box' },
        either: { anyOf: [{ type: 'string' }] },
        whatever: {},
        templates: { additionalProperties: { properties: { hidden: {} } } },
        things: { additionalProperties: { properties: { allow: condition, deny: condition } } },
        list: { items: { required: ['x'], properties: { x: { type: 'boolean' } } } },
      },
    });
    const rows = text.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows).toEqual([
      '| `name` | string | required | Its name. |',
      '| `preset` | number | default `3` |  |',
      '| `empty` | object |  |  |',
      '| `none` | list of `a`, `1` |  |  |',
      '| `kind` | `"box"` |  |  |',
      '| `either` | by kind |  |  |',
      '| `whatever` | anything |  |  |',
      '| `templates` | by name |  |  |',
      '| `things` | by name |  |  |',
      '| `things.NAME.allow` | fields |  |  |',
      '| `things.NAME.deny` | fields |  |  |',
      '| `list` | list of fields | required |  |',
      '| `list.x` | boolean | required |  |',
      '| `condition.unless` | fields |  |  |',
      '| `condition.members_of` | list of string |  |  |',
    ]);
    expect(text.indexOf('`condition.unless`')).toBeGreaterThan(text.indexOf('A *condition*'));
  });
});

test('a document that is none is issues, whatever it is', () => {
  for (const source of ['', '7', 'text', '[]', 'null']) expect(parsePolicy(source, [BOX], {})).toHaveProperty('issues');
  expect(parseDocument(aDocument())).toHaveProperty('policy');
});
