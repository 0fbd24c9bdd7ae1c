/** The action for pull requests, as a runner would start it: on a repository, with an event. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
const casesOf = (...cases: string[]) => `cases:\n${cases.map((one) => `  - { ${one} }\n`).join('')}`;
const LONG = 'name: too long, role: db/read, person: { id: U0ANA }, duration: 2h, expect: { decision: deny }';
const SHORT = 'name: short, role: db/read, person: { id: U0ANA }, duration: 1h, expect: { decision: allow }';

const AT = Date.UTC(2026, 0, 15);
const nothing = { onCall: null, incident: null, history: null, removals: null, signals: null, opa: null };
const decisionsOf = (...durations: number[]) =>
  JSON.stringify({
    since: '2026-01-01T00:00:00Z',
    decisions: durations.map((hours, index) => ({
      ...{ seq: index + 1, at: AT, requestId: `#${index + 1}`, person: 'person-1', role: 'db/read' },
      decision: { effect: hours > 1 ? 'deny' : 'allow' },
      input: {
        at: AT,
        personId: 'person-1',
        duration: hours * 3_600_000,
        evidence: { at: AT, groups: {}, ...nothing },
      },
    })),
  });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-action-'));
  mkdirSync(join(folder, 'repository'));
  write('policy.yaml', policyWith('1h'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string) => join(folder, 'repository', name);
const write = (name: string, text: string) => writeFileSync(path(name), text);
const git = (...args: string[]) => execFileSync('git', args, { cwd: path(''), encoding: 'utf8' });
function commit(): string {
  git('init', '-q');
  git('add', '-A');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', 'a change', '--allow-empty');
  return git('rev-parse', 'HEAD').trim();
}

/** What the action says of a change of the base. */
function act(change: () => void, more: Record<string, string> = {}) {
  const base = commit();
  change();
  commit();
  return report(base, more);
}

/** What it says of the checkout, compared with a commit. */
function report(base: string, more: Record<string, string> = {}) {
  const { status, stdout } = spawnSync(process.execPath, [join(ACTION, 'report.js')], {
    cwd: path(''),
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH ?? '',
      POLICY: 'policy.yaml',
      BASE: base,
      JITBOT: `${process.execPath} ${CLI}`,
      RUNNER_TEMP: folder,
      GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
      GITHUB_OUTPUT: join(folder, 'output'),
      GITHUB_SERVER_URL: 'https://github.example',
      GITHUB_REPOSITORY: 'acme/access',
      GITHUB_RUN_ID: '99',
      ...more,
    },
  });
  const file = readFileSync(join(folder, 'output'), 'utf8').replace('comment=', '').trim();
  return {
    status,
    out: stdout,
    comment: readFileSync(file, 'utf8'),
    summary: readFileSync(join(folder, 'summary.md'), 'utf8'),
  };
}
const becomes = (text: string) => () => write('policy.yaml', text);

describe('what changes in meaning', () => {
  test('is in the comment, and in the summary', () => {
    const { status, comment, summary } = act(becomes(policyWith('2h')));
    expect(status).toBe(0);
    expect(comment).toMatch(/\*\*Gains: [^*]*\*\*\n\n {4}db\/read: for 1 h 1 min\n {6}deny \(at most 1 h\) → allow\n/);
    expect(comment).toContain(
      '**In meaning**: allows more: 1, decided by others: 0, allows less: 0; lines in the file: 4, of which **2 may do more than these numbers say**: read them below',
    );
    expect(comment).toBe(`<!-- jitbot policy: policy.yaml -->\n${summary}`);
  });

  test('is not said to be nothing where there is no commit to compare with', () => {
    const { status, comment } = act(becomes(policyWith('2h')), { BASE: '' });
    expect(status).toBe(0);
    expect(comment).toContain('**In meaning**: not compared');
    expect(comment).not.toContain('nothing changes');
  });

  test('is not known where the commit is not in the checkout, which is no new policy', () => {
    const { status, out, comment } = act(becomes(policyWith('2h')), { BASE: 'f'.repeat(40) });
    expect(status).toBe(2);
    expect(out).toContain('is not in this checkout');
    // What an earlier push was told would stay otherwise.
    expect(comment).toContain('**It could not be looked at**');
  });

  test('of a policy that gets another name is compared with that of before', () => {
    const { comment } = act(
      () => {
        renameSync(path('policy.yaml'), path('access.yaml'));
        write('access.yaml', policyWith('2h'));
      },
      { POLICY: 'access.yaml' },
    );
    expect(comment).toContain('Compared with `policy.yaml` of the base');
    expect(comment).toContain('deny (at most 1 h) → allow');
  });

  test.each([
    ['deleted', () => rmSync(path('policy.yaml')), 'It is deleted'],
    ['renamed', () => renameSync(path('policy.yaml'), path('access.yaml')), 'It is now `access.yaml`'],
  ])('of a policy that is %s is not known, and that fails', (_name, change, told) => {
    const { status, comment, out } = act(change);
    expect(status).toBe(1);
    expect(comment).toContain(`**\`policy.yaml\` is not there.** ${told}`);
    expect(out).toContain('::error::policy.yaml is not there');
  });

  test('of a policy that is new is said to be all of it', () => {
    rmSync(path('policy.yaml'));
    write('readme', 'x');
    const { status, comment } = act(becomes(policyWith('2h')));
    expect(status).toBe(0);
    expect(comment).toContain('not compared, because the policy is not at the base. Read all of it.');
  });

  test('of a target is seen, though its variables are not set', () => {
    const { comment } = act(becomes(policyWith('1h').replace('DB_URL', 'OTHER_URL')));
    expect(comment).toContain(`db: target url: ${'$'.concat('{DB_URL}')} → ${'$'.concat('{OTHER_URL}')}`);
    expect(comment).not.toContain('nothing changes');
  });

  test('with a rule that no situation shows is not said to allow nothing more', () => {
    const rules = (all: string) => policyWith('1h').replace(/rules: .*\]/, `rules: [${all}]`);
    const allowed = '{ allow: { members_of: [S0ONE] } }';
    write('policy.yaml', rules(`{ deny: { members_of: [S0TWO] } }, ${allowed}`));
    // Whoever is in both groups gains it.
    expect(act(becomes(rules(allowed))).comment).toMatch(
      /allows more: 0.*of which \*\*2 may do more than these numbers say\*\*/,
    );
  });

  test('of a file that the policy names is seen, though no word of it changes', () => {
    const compiled = policyWith('1h').replace(/rules: .*\]/, 'opa: { wasm: authz.wasm }');
    write('policy.yaml', compiled);
    write('authz.wasm', 'before');
    const { comment, out } = act(() => write('authz.wasm', 'after'));
    expect(comment).toContain('**Files that the policy names have changed**');
    expect(comment).toMatch(/^ {4}file authz.wasm has changed$/m);
    expect(comment).not.toContain('nothing changes');
    expect(out).toContain('::warning file=policy.yaml::a file that the policy names has changed');
  });

  test.each([
    ['a link leads to it', 'authz.wasm', () => symlinkSync('store/real.wasm', path('authz.wasm')), 'store/real.wasm'],
    ['a command of several words has it', 'sh store/real.wasm', () => undefined, 'store/real.wasm'],
    ['it is in a module of git', 'store/sub/x.wasm', () => undefined, 'store/sub'],
  ])('of a file that the policy names is seen where %s', (_name, file, prepare, told) => {
    const compiled = policyWith('1h').replace(/rules: .*\]/, `opa: { wasm: "${file}" }`);
    write('policy.yaml', compiled);
    mkdirSync(path('store/sub'), { recursive: true });
    write('store/real.wasm', 'before');
    prepare();
    const pin = (hash: string) => git('update-index', '--add', '--cacheinfo', `160000,${hash.repeat(40)},store/sub`);
    git('init', '-q');
    pin('a');
    const { comment } = act(() => {
      write('store/real.wasm', 'after');
      pin('b');
    });
    expect(comment).toMatch(new RegExp(`^ {4}file ${told} has changed$`, 'm'));
  });

  test('of a canary that has another name at targets is a gain', () => {
    const canary = (name: string) =>
      `${policyWith('1h')}canary: { role: db/read, email: c@harbor.example, identities: { github: ${name} } }\n`;
    write('policy.yaml', canary('jitbot-canary'));
    expect(act(becomes(canary('mallory'))).comment).toMatch(
      /\*\*Gains: [^*]*\*\*\n\n {4}db\/read: the canary, c@harbor\.example, \{"github":"mallory"\}\n/,
    );
  });

  test('of a rule is to be read, whatever else is gained beside it', () => {
    const rules = (all: string, max: string) => policyWith(max).replace(/rules: .*\]/, `rules: [${all}]`);
    const allowed = '{ allow: { members_of: [S0ONE] } }';
    write('policy.yaml', rules(`{ deny: { members_of: [S0TWO] } }, ${allowed}`, '1h'));
    const { comment } = act(becomes(rules(allowed, '61m')));
    expect(comment).toMatch(/allows more: 1.*of which \*\*3 may do more than these numbers say\*\*: read them below/);
  });

  test('is to be read, though its last words are those of something that goes', () => {
    const { comment } = act(becomes(`environment: all is gone\n${policyWith('1h')}`));
    expect(comment).toMatch(/lines in the file: 1, of which \*\*1 may do more/);
  });

  test('is compared with the branch as it is now, where the event names an older commit', () => {
    const stale = commit();
    git('checkout', '-q', '-b', 'change');
    write('policy.tests.yaml', casesOf(SHORT));
    const head = commit();
    git('checkout', '-q', '-');
    write('policy.yaml', policyWith('2h'));
    const branch = commit();
    git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'merge', '-q', '--no-ff', '-m', 'both', 'change');
    const { comment } = report(stale, { COMMIT: head });
    expect(comment).toContain(`Compared with \`${branch}\`, the branch as it is now, and not with \`${stale}\``);
    expect(comment).toContain('**In meaning**: nothing changes');
  });

  test('is compared with what the event names, where HEAD merges more than this', () => {
    const base = commit();
    const side = (name: string) => {
      git('checkout', '-q', '-b', name, base);
      write(`${name}.txt`, name);
      return commit();
    };
    const [head] = [side('change'), side('other')];
    git('checkout', '-q', '-B', 'branch', base);
    write('policy.yaml', policyWith('2h'));
    commit();
    git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'merge', '-q', '-m', 'all', 'change', 'other');
    const { comment } = report(base, { COMMIT: head });
    expect(comment).not.toContain('the branch as it is now');
    expect(comment).toContain('deny (at most 1 h) → allow');
  });

  test('of a role with too many situations to try says so, and which role', () => {
    const groups = Array.from({ length: 300 }, (_, at) => `S0G${at}`);
    const levels = Array.from({ length: 60 }, (_, at) => `{ allow: { on_call: { level: { min: ${at + 1} } } } }`);
    const many = policyWith('1h').replace(
      /rules: .*\]/,
      `rules: [{ allow: { members_of: [${groups}], duration: { max: 30m } } }, ${levels}]`,
    );
    const { comment, out } = act(becomes(many));
    expect(comment).toMatch(/\*\*Not every situation was tried\*\*, so read the rules: `db\/read` \(\d+ of \d+\)/);
    expect(out).toContain('::warning file=policy.yaml::not every situation was tried');
  });

  test('is seen in a policy of more than a megabyte', () => {
    const long = `# ${'x'.repeat(100)}\n`.repeat(12_000);
    write('policy.yaml', policyWith('1h') + long);
    expect(act(becomes(policyWith('2h') + long)).comment).toContain('deny (at most 1 h) → allow');
  });

  test('of a policy that could not be read is not compared, and mending it passes', () => {
    write('policy.yaml', policyWith('1h', ', durations: 1h'));
    const { status, comment } = act(becomes(policyWith('1h')));
    expect(status).toBe(0);
    expect(comment).toContain('not compared, because it cannot be compared with the policy at the base');
  });
});

test('a mistake is an error at its line, and nothing is compared', () => {
  const { status, out, comment } = act(becomes(policyWith('2h', ', durations: 1h')));
  expect(status).toBe(1);
  expect(out).toMatch(/^::error file=policy\.yaml,line=8,title=resources\.db\.roles\.read\.durations::/m);
  expect(comment).toContain('error, line 8: resources.db.roles.read.durations');
  expect(comment).not.toContain('In meaning');
});

describe('cases', () => {
  test('that are not as expected fail it', () => {
    write('policy.tests.yaml', casesOf(LONG, SHORT));
    const { status, comment } = act(becomes(policyWith('2h')));
    expect(comment).toContain('**Cases**: 1 of 2 as expected');
    expect(comment).toContain('✗ too long: expected deny');
    expect(status).toBe(1);
  });

  test.each([
    ['removes', () => write('policy.tests.yaml', casesOf(SHORT)), 'removed: too long (db/read), which NO LONGER HOLDS'],
    ['changes', () => write('policy.tests.yaml', casesOf(SHORT, LONG.replace('deny', 'allow'))), 'changed: too long'],
    ['deletes', () => rmSync(path('policy.tests.yaml')), 'removed: short (db/read), which still holds'],
  ])('that a pull request %s are run as they were at the base, and told', (_name, change, told) => {
    write('policy.tests.yaml', casesOf(LONG, SHORT));
    const { out, comment } = act(() => {
      write('policy.yaml', policyWith('2h'));
      change();
    });
    expect(comment).toMatch(
      /\*\*Cases of the base that this pull request removes or changes\*\*: [12] of 2, of which 1 no longer as expected/,
    );
    expect(comment).toContain(told);
    expect(out).toMatch(
      /^::warning file=policy\.tests\.yaml::cases of the base that are removed or changed here: [12] of 2/m,
    );
  });

  test('of a policy that gets another name are those beside its name of before', () => {
    write('policy.tests.yaml', casesOf(LONG, SHORT));
    const { comment } = act(() => renameSync(path('policy.yaml'), path('access.yaml')), { POLICY: 'access.yaml' });
    expect(comment).toContain('**Cases of the base that this pull request removes or changes**: 2 of 2');
  });

  test('whose time changes are changed', () => {
    write('policy.tests.yaml', casesOf(SHORT));
    const { comment } = act(() => write('policy.tests.yaml', `at: "2026-01-18T12:00:00Z"\n${casesOf(SHORT)}`));
    expect(comment).toContain('changed: short');
  });

  test('that are all kept are no news', () => {
    write('policy.tests.yaml', casesOf(SHORT));
    const { status, comment } = act(() => write('policy.tests.yaml', casesOf(LONG, SHORT)));
    expect(status).toBe(0);
    expect(comment).not.toContain('removes or changes');
  });

  test('of the base that cannot be read are mended by a pull request', () => {
    write('policy.tests.yaml', 'cases: [{}]');
    const { status, comment } = act(() => write('policy.tests.yaml', casesOf(SHORT)));
    expect(status).toBe(0);
    expect(comment).toContain('**The cases of the base could not be run**');
  });
});

describe('recorded decisions', () => {
  const DECISIONS = 'decisions.json';
  test('are decided again, and what would allow more is told apart', () => {
    write(DECISIONS, decisionsOf(1, 2, 3));
    const { status, comment } = act(becomes(policyWith('2h')), { DECISIONS });
    expect(status).toBe(0);
    expect(comment).toContain('**Of 3 decisions since 2026-01-01T00:00:00Z**: 1 would allow more, 0 less');
    expect(comment).toMatch(
      /\*\*Past decisions that would allow more\*\*\n\n {4}2026-01-15T00:00:00.000Z {2}db\/read {2}deny → allow/,
    );
  });

  test.each([
    ['a request', '', 'allow → deny  it was for longer than the role may be held'],
    ['an extension', '"held":3600000,', '**: nothing changes'],
  ])('of %s are measured by the longest that one may be', (_name, held, told) => {
    const within = (max: string) =>
      policyWith('2h').replace('duration: { max: 2h }', `duration: { max: ${max}, total: 4h }`);
    write('policy.yaml', within('2h'));
    write(DECISIONS, decisionsOf(2).replace('"deny"', '"allow"').replace('"duration"', `${held}"duration"`));
    expect(act(becomes(within('1h')), { DECISIONS }).comment).toContain(told);
  });

  test('that rest on what was not looked up then are not said to stay', () => {
    write(DECISIONS, decisionsOf(1, 2));
    const { comment } = act(
      becomes(policyWith('2h').replace(/rules: .*\]/, 'rules: [{ allow: { members_of: [S0CONTRACTORS] } }]')),
      { DECISIONS },
    );
    expect(comment).toContain('**: 0 would allow more, 0 less; of **2** it cannot be told');
    expect(comment).toMatch(
      /\*\*Past decisions of which it cannot be told\*\*\n\n {4}.*allow → cannot be told {2}.*S0CONTRACTORS/,
    );
  });

  test('of which the base cannot tell either are not said to stay', () => {
    const rules = (who: string) =>
      policyWith('2h').replace(/rules: .*\]/, `rules: [{ allow: { members_of: [${who}] } }]`);
    write('policy.yaml', rules('S0ONE'));
    write(DECISIONS, decisionsOf(1));
    const { comment } = act(becomes(rules('S0ONE, S0TWO')), { DECISIONS });
    expect(comment).toContain('**: 0 would allow more, 0 less; of **1** it cannot be told');
  });

  test('that the policy of the base decides differently already are not of this change', () => {
    write(DECISIONS, decisionsOf(2));
    write('policy.yaml', policyWith('2h'));
    expect(act(becomes(policyWith('3h')), { DECISIONS }).comment).toContain('**: nothing changes');
  });

  test('are those of the base where a pull request empties the file', () => {
    write(DECISIONS, decisionsOf(1, 2, 3));
    const { out, comment } = act(
      () => {
        write(DECISIONS, decisionsOf());
        write('policy.yaml', policyWith('2h'));
      },
      { DECISIONS },
    );
    expect(comment).toContain('**`decisions.json`**: is changed by this pull request; that of the base is used');
    expect(comment).toContain('1 would allow more');
    expect(out).toContain('::warning file=decisions.json::');
  });

  test('that come with the pull request itself are not used', () => {
    const { comment } = act(() => write(DECISIONS, decisionsOf(2)), { DECISIONS });
    expect(comment).toContain('is new with this pull request, so nothing is decided again from it');
  });

  test('are not those of a file elsewhere that the pull request links to', () => {
    writeFileSync(join(folder, 'elsewhere'), decisionsOf(2));
    const { status, comment } = act(() => symlinkSync(join(folder, 'elsewhere'), path(DECISIONS)), { DECISIONS });
    expect(status).toBe(2);
    expect(comment).toContain(`${DECISIONS} is not a file, or is reached by a symbolic link`);
  });

  test('that the workflow fetched are used', () => {
    write('.gitignore', DECISIONS);
    write(DECISIONS, decisionsOf(2));
    expect(act(becomes(policyWith('2h')), { DECISIONS }).comment).toContain('1 would allow more');
  });

  test('that the workflow put outside the checkout are used', () => {
    const fetched = join(folder, 'fetched.json');
    writeFileSync(fetched, decisionsOf(2));
    expect(act(becomes(policyWith('2h')), { DECISIONS: fetched }).comment).toContain('1 would allow more');
  });

  test('that cannot be read are said, and fail nothing', () => {
    write(DECISIONS, decisionsOf(1).replace('"allow"', '"granted"'));
    const { status, comment } = act(becomes(policyWith('2h')), { DECISIONS });
    expect(status).toBe(0);
    expect(comment).toContain('its decisions cannot be made again');
  });
});

describe('what is too long', () => {
  /** A resource with so many roles that anybody gets. */
  const more = (count: number) =>
    `  another:\n    target: { kind: postgres, url: "\${DB_URL}" }\n    roles:\n${roles(count, '1h')}`;
  const roles = (count: number, max: string) =>
    Array.from(
      { length: count },
      (_, at) =>
        `      r${at}: { grants: { roles: [r${at}] }, duration: { max: ${max} }, rules: [{ allow: { duration: { max: ${max} } } }] }\n`,
    ).join('');

  test('for a comment is cut, says so at its top, and keeps what allows more', () => {
    write('policy.yaml', policyWith('1h') + roles(900, '2h'));
    const { comment, summary } = act(becomes(policyWith('2h') + roles(900, '1h')));
    expect(comment.length).toBeLessThan(65_536);
    expect(comment.split('\n').slice(0, 5).join('\n')).toMatch(
      /> \*\*Cut: \d+ lines are missing or shortened here\.\*\* .*\(https:\/\/github\.example\/acme\/access\/actions\/runs\/99\)/,
    );
    expect(comment).toContain('db/read: for 1 h 1 min');
    expect(comment).toMatch(/^ {4}… \d+ more lines$/m);
    expect(summary.match(/^ {4}db\/r\d+: for 1 h 1 min$/gm)).toHaveLength(900);
    expect(summary).not.toContain('Cut:');
  });

  test('for a comment hides neither an administrator nor an old role behind new ones', () => {
    write('policy.yaml', policyWith('1h'));
    const { comment } = act(
      becomes(
        policyWith('2h')
          .replace('[U0EVE]', '[U0EVE, U0MALLORY]')
          .replace('  db:\n', `${more(900)}  db:\n`),
      ),
    );
    expect(comment).toContain('**Cut:');
    expect(comment).toContain('    administrators: U0EVE → U0EVE, U0MALLORY\n');
    expect(comment).toContain('    db/read: for 1 h 1 min\n      deny (at most 1 h) → allow\n');
  });

  test('of a line is cut in its middle, with how much', () => {
    const leads = (count: number, last: string) =>
      `rules: [{ ask: { reviewers: [${Array.from({ length: count }, (_, at) => `U0LEAD${at}`).join(', ')}, ${last}] } }]`;
    const ask = (last: string) => policyWith('1h').replace(/rules: .*\]/, leads(200, last));
    write('policy.yaml', ask('U0ANA'));
    const { comment, summary } = act(becomes(ask('U0MALLORY')));
    expect(comment).toMatch(/\[… \d+ characters …\].*U0MALLORY/);
    expect(comment).toContain('**Cut:');
    expect(summary).toMatch(/ask .*U0LEAD199, U0MALLORY/);
  });

  test('of a command is an error, and no short answer', () => {
    const script = join(folder, 'long.js');
    writeFileSync(script, "process.stdout.write('x'.repeat(65 * 1024 * 1024));\n");
    const { status, out } = act(() => undefined, { JITBOT: `${process.execPath} ${script}` });
    expect(status).toBe(2);
    expect(out).toContain('more output than 64 MiB');
  });
});

describe('words of a policy', () => {
  test('are shown with every mark that nobody sees, call nobody and end no block', () => {
    const hostile = '"read \\u202E\\u200B\\u0007 ````\\n**nothing changes** @acme/all https://evil.example"';
    const { comment, out } = act(becomes(policyWith('1h', `, reason: { ticket: ${hostile} }`)));
    expect(comment).toContain(String.raw`\u202E\u200B\u0007`);
    for (const mark of ['\u202e', '\u200b', '\u0007']) expect(comment + out).not.toContain(mark);
    // Everything of theirs stands in a block that their own marks do not end.
    const outside = comment.replace(/^ {4}.*$/gm, '');
    expect(outside).not.toMatch(/@acme|evil\.example|\*\*nothing/);
  });

  test('that name a variable of the workflow do not show its value', () => {
    const { comment, summary, out } = act(
      becomes(policyWith('1h', `, name: "\${SOME_TOKEN}"`).replace('name: Database', `name: "\${SOME_TOKEN}"`)),
      { SOME_TOKEN: 'very-secret-value' },
    );
    expect(comment + summary + out).not.toContain('very-secret-value');
  });

  test.each([
    ['the policy', 'policy.yaml'],
    ['its cases', 'policy.tests.yaml'],
  ])('are not those of a file elsewhere that %s links to', (_name, name) => {
    writeFileSync(join(folder, 'elsewhere'), 'very secret value');
    const { status, comment, out } = act(() => {
      rmSync(path(name), { force: true });
      symlinkSync(join(folder, 'elsewhere'), path(name));
    });
    expect(status).toBe(2);
    expect(comment + out).toContain(`${name} is not a file, or is reached by a symbolic link`);
    expect(comment + out).not.toContain('very secret');
  });
});

test('a policy in a folder that becomes a link is not read through it', () => {
  mkdirSync(path('access'));
  write('access/policy.yaml', policyWith('1h'));
  const { status, comment, out } = act(
    () => {
      renameSync(path('access'), join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), path('access'));
    },
    { POLICY: 'access/policy.yaml' },
  );
  expect(status).toBe(2);
  expect(comment + out).toContain('access/policy.yaml is not a file, or is reached by a symbolic link');
});

test('what is run for the pull request has none of the variables of the workflow', () => {
  const script = join(folder, 'env.js');
  writeFileSync(script, 'process.stderr.write(Object.keys(process.env).join()); process.exit(2);\n');
  const { out } = act(() => undefined, { JITBOT: `${process.execPath} ${script}`, SOME_TOKEN: 'very-secret-value' });
  expect(out).toMatch(/jitbot policy check: .*PATH/);
  expect(out).not.toMatch(/SOME_TOKEN|GITHUB_/);
});

test('what cannot be run is said, and is no success', () => {
  const { status, out } = act(() => undefined, { JITBOT: `${process.execPath} -e process.exit(2)` });
  expect(status).toBe(2);
  expect(out).toContain('::error::jitbot policy check');
});

test('whatever is in a file that cannot be read, the log has no command of it', () => {
  write('policy.yaml', 'x: "\\n::add-mask::a"\n::error::b\n');
  write('policy.tests.yaml', 'cases: "\n::error::c"\n');
  const { out } = act(() => {
    write('policy.yaml', policyWith('1h'));
    write('policy.tests.yaml', casesOf(SHORT));
  });
  expect(out.match(/^::[a-z-]+/gm)).toEqual(['::warning', '::warning', '::warning']);
});

test('nothing of it is left in the checkout', () => {
  write('policy.tests.yaml', casesOf(SHORT));
  act(becomes(policyWith('2h')));
  expect(git('status', '--porcelain')).toBe('');
});

interface Step {
  readonly run: string;
  readonly env: Record<string, string>;
}
const action = parse(readFileSync(join(ACTION, 'action.yml'), 'utf8')) as {
  inputs: Record<string, object>;
  runs: { using: string; steps: Step[] };
};

test('the action hands its scripts what they read', () => {
  expect(action.runs.using).toBe('composite');
  const named = (script: string) => new Set(readFileSync(join(ACTION, script), 'utf8').match(/\b[A-Z][A-Z_]{3,}\b/g));
  const [report, comment] = action.runs.steps;
  for (const name of ['POLICY', 'BASE', 'DECISIONS', 'COMMIT']) {
    expect(Object.keys(report?.env ?? {})).toContain(name);
    expect(named('report.js')).toContain(name);
  }
  for (const name of ['COMMENT', 'PULL_REQUEST', 'TOKEN']) {
    expect(Object.keys(comment?.env ?? {})).toContain(name);
    expect(named('comment.js')).toContain(name);
  }
  expect(named('run.js')).toContain('JITBOT');
});

test('what reads the pull request has no token, and no text of it gets into a script', () => {
  const [report] = action.runs.steps;
  expect(JSON.stringify(report?.env)).not.toMatch(/token/i);
  for (const { run } of action.runs.steps) expect(run).not.toContain('${{');
});

test('the example uses the action as it is, with the least rights', () => {
  const example = parse(readFileSync(new URL('../../docs/examples/policy-workflow.yml', import.meta.url), 'utf8')) as {
    on: object;
    permissions: Record<string, string>;
    jobs: { policy: { steps: { with?: Record<string, string> }[] } };
  };
  const given = Object.keys(example.jobs.policy.steps.at(-1)?.with ?? {});
  expect(given.filter((name) => !(name in action.inputs))).toEqual([]);
  expect(example.permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
  expect(Object.keys(example.on)).toEqual(['pull_request']);
});
