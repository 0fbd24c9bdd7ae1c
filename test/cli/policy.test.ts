import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';
import { jit as runJit } from '../support/cli.ts';

const SANDBOX = fileURLToPath(new URL('../../src/sandbox/policy.yaml', import.meta.url));
const source = readFileSync(SANDBOX, 'utf8');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-cli-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const jit = (args: readonly string[], env: Record<string, string> = {}) => runJit(['policy', ...args], env);
const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const changed = (...changes: readonly (readonly [string, string])[]): string =>
  file(
    'new.yaml',
    changes.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`the policy does not say "${from}"`);
      return text.replace(from, to);
    }, source),
  );

describe('jitbot policy check', () => {
  test('a good file passes without any of its secrets', async () => {
    expect(await jit(['check', SANDBOX])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^0 errors, 0 warnings\n/),
    });
    expect(await jit(['check'], { JIT_POLICY: SANDBOX })).toMatchObject({ code: 0 });
  });

  test('a mistake has its line and path, and what makes no sense has advice', async () => {
    const form = await jit(['check', changed(['level: { max: 2 }', 'level: { max: two }'])]);
    expect(form.code).toBe(1);
    expect(form.out).toMatch(
      /new\.yaml:\d+ {2}error {2}resources\.payments-db\.roles\.read\.rules\[1\]\.allow\.on_call\.level\.max/,
    );

    const sense = await jit([
      'check',
      file(
        'sense.yaml',
        `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  db:
    target: { kind: postgres, url: "\${DB_URL}" }
    roles:
      nobody:
        grants: { roles: [a] }
        duration: { max: 1h }
        rules:
          - allow: { members_of: [] }
      alone:
        grants: { roles: [a] }
        duration: { max: 1h }
        rules:
          - ask: { when: { members_of: [U0ANA] }, reviewers: [U0ANA] }
      many:
        grants: { roles: [a] }
        duration: { max: 1h }
        break_glass: { members_of: [U0ANA], max: 4h, review_within: 1d, reviewers: [U0ANA] }
        rules:
          - allow: { on_call: { level: { max: 2 } } }
          - allow: { on_call: { level: { max: 2 } }, duration: { max: 2h } }
          - ask: { reviewers: [U0ANA, U0BEN], needed: 3 }
          - deny: { unless: { members_of: [] } }
`,
      ),
    ]);
    expect(sense.code).toBe(1);
    for (const said of [
      /sense\.yaml:7 {2}error {2}resources\.db\.roles\.nobody\n {2}nobody can get db\/nobody/,
      /rule 1 can never match: members_of is empty, which means nobody/,
      /the only reviewer is the only one who can ask/,
      /only one person reviews this/,
      /rule 2 never decides: whenever it matches, rule 1 does too/,
      /always holds: nobody can ask for more than 1 h anyway/,
      /3 approvals are needed, and only 2 people can give them/,
      /a deny rule holds for everybody/,
      /break-glass gives 4 h, longer than the role may be held at all/,
      /everybody who reviews a use of break-glass may also use it/,
      / {2}→ name another reviewer/,
    ])
      expect(sense.out).toMatch(said);
  });

  test('a role that opens a group which the policy itself names is an error', async () => {
    const path = changed([
      '\nresources:\n',
      `
resources:
  handle:
    target: { kind: slack, token: "\${TOKEN}" }
    roles: { member: { grants: { groups: [S0FREE, S0DBA] }, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0CHLOE] } }] } }
`,
    ]);
    const { code, out } = await jit(['check', path]);
    expect(code).toBe(1);
    expect(out).toContain('handle/member gives membership of S0DBA, which this policy names');
    expect(out).not.toContain('membership of S0FREE');
  });

  test('a misspelt field is named with the likely one, and is the only issue there', async () => {
    const { code, out } = await jit(['check', changed(['members_of: [S0ENGINEERS]', 'members_off: [S0ENGINEERS]'])]);
    expect(code).toBe(1);
    expect(out).toContain('unknown field "members_off"; did you mean "members_of"?');
    expect(out).not.toContain('expected at least one of');
    const strange = await jit(['check', changed(['members_of: [S0ENGINEERS]', 'astrology: [S0ENGINEERS]'])]);
    expect(strange.out).toContain('unknown field "astrology"; check its spelling and its place');
  });

  test('an unknown command is refused in one line, with the likely one', async () => {
    const said = async (...args: readonly string[]) => (await runJit(args)).err;
    expect(await said('polcy', 'check')).toBe(
      'jitbot: there is no command "polcy". Did you mean "jitbot policy"? "jitbot --help" shows all of them.\n',
    );
    expect(await said('verify')).toContain('Did you mean "jitbot ledger verify"?');
    expect(await said('astrology')).toBe(
      'jitbot: there is no command "astrology". "jitbot --help" shows all of them.\n',
    );
  });

  test('prints JSON for machines, with exit codes for findings and for failures', async () => {
    const { code, out } = await jit(['check', changed(['reviewers: [S0PAYLEADS]\n', 'reviewers: []\n']), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      errors: 1,
      findings: [{ severity: 'error', line: expect.any(Number), advice: expect.any(String) }],
    });
    expect(await jit(['check', '/nowhere.yaml'])).toMatchObject({ code: 2 });
    expect((await jit(['check', SANDBOX, '--frob'])).err).toContain('Usage:');
    expect((await jit(['chekc'])).code).toBe(2);
  });
});

describe('with the services at hand', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(() => stage.close());
  const online = () => {
    const {
      SLACK_BOT_TOKEN = '',
      SLACK_API_URL = '',
      PAGERDUTY_TOKEN = '',
      PAGERDUTY_API_URL = '',
    } = stage.sandbox.env;
    return { SLACK_BOT_TOKEN, SLACK_API_URL, PAGERDUTY_TOKEN, PAGERDUTY_API_URL };
  };

  test('--online tells what does not exist from what could not be looked up', async () => {
    expect(await jit(['check', SANDBOX, '--online'], online())).toMatchObject({ code: 0 });
    const wrong = changed(
      ['escalation_policies: [PPAYMENTS], level: { max: 2 }', 'escalation_policies: [PGONE], level: { max: 2 }'],
      ['reviewers: [S0DBA]', 'reviewers: [S0GONE, U0GRACE]'],
      ['services: [PCHECKOUT]\n', 'services: [PNONE]\n'],
    );
    const { code, out } = await jit(['check', wrong, '--online'], online());
    expect(code).toBe(1);
    expect(out).toContain('the escalation policy PGONE does not exist');
    expect(out).toContain('the person or user group S0GONE does not exist');
    expect(out).toContain(
      'the person or user group U0GRACE does not exist or cannot be used: this account is deactivated',
    );
    expect(out).toContain('the service PNONE does not exist');
    stage.sandbox.pagerDuty.faults.add({ kind: 'error_500' });
    const down = await jit(['check', SANDBOX, '--online'], online());
    expect(down.code).toBe(0);
    expect(down.out).toContain('could not be looked up: PagerDuty answered with 500');
    expect((await jit(['check', SANDBOX, '--online'])).err).toContain(
      '--online needs SLACK_BOT_TOKEN and PAGERDUTY_TOKEN',
    );
  });

  test('--online knows shift-based schedules', async () => {
    const { schedules } = stage.sandbox.pagerDuty.account;
    const [primary] = schedules;
    if (primary) schedules[0] = { ...primary, customShifts: [] };
    const named = changed([
      'escalation_policies: [PPAYMENTS], level: { max: 2 }',
      'escalation_policies: [PPAYMENTS], schedules: [PSPAY1, PSPAY2, PSNONE], level: { max: 2 }',
    ]);
    const { code, out } = await jit(['check', named, '--online'], online());
    expect(out).toContain('the schedule PSNONE does not exist');
    expect(out).not.toContain('the schedule PSPAY');
    expect(code).toBe(1);
    stage.sandbox.pagerDuty.faults.add({ kind: 'error_500', match: '/v3/schedules/' });
    const down = await jit(['check', named, '--online'], online());
    expect(down.out).toContain('the schedule PSPAY1 could not be looked up: PagerDuty answered with 500');
  });

  test('decisions are replayed elsewhere from a file that names nobody', async () => {
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.told('Approved.');
    await stage.ben.jit('request flags edit 30m trying <b>things</b>');
    await stage.ben.told('Denied');
    await stage.recorded('request.submitted', 2);
    const env = { JIT_DATABASE: stage.sandbox.env.JIT_DATABASE ?? '', JIT_POLICY: SANDBOX };
    const path = join(directory, 'decisions.json');
    expect(await jit(['decisions', '--export', path], env)).toMatchObject({
      code: 0,
      out: `${path}: 2 decisions, with pseudonyms for people.\n`,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await jit(['decisions', '--export', path], env)).toMatchObject({
      code: 2,
      err: `${path}: exists already; name a new file\n`,
    });
    // Neither these two, whom the policy does not name, nor what they or others wrote.
    expect(readFileSync(path, 'utf8')).not.toMatch(/U0(ANA|BEN)|Kovač|@|stuck|things/i);

    const wider = changed([
      'on_call: { level: { min: 2 } } }\n',
      'on_call: { level: { min: 2 } } }\n          - ask: { reviewers: [S0SECURITY] }\n',
    ]);
    const here = JSON.parse((await jit(['replay', '--policy', wider, '--json'], env)).out);
    const there = JSON.parse((await jit(['replay', '--policy', wider, '--decisions', path, '--json'])).out);
    expect(there).toMatchObject({ decisions: 2, moves: { 'deny → ask': 1 } });
    expect(there.moves).toEqual(here.moves);
  });

  test('a file that is no list of decisions is refused with its place', async () => {
    const replay = (path: string) => jit(['replay', '--policy', SANDBOX, '--decisions', path]);
    expect((await replay(join(directory, 'none.json'))).err).toContain('there is no such file');
    expect((await replay(file('half.json', '{"since"'))).err).toContain('half.json: is not JSON');
    const wrong = file('wrong.json', '{"since":"2026-01-01T00:00:00Z","decisions":[{"seq":"1"}]}');
    expect(await replay(wrong)).toMatchObject({
      code: 2,
      err: expect.stringContaining('wrong.json: decisions.0.seq: '),
    });
    expect((await jit(['replay', '--decisions', wrong, '--since', '7d'], { JIT_POLICY: SANDBOX })).err).toContain(
      '--decisions replaces the database',
    );
    expect((await jit(['decisions'], { JIT_POLICY: SANDBOX })).err).toContain('--export names the file to write');
  });

  test('jitbot policy replay lists the decisions that a new policy makes differently', async () => {
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.told('Approved.');
    await stage.ben.jit('request flags edit 30m trying <b>things</b>');
    await stage.ben.told('Denied');
    await stage.chloe.jit('request payments read 30m looking');
    await stage.recorded('request.submitted', 3);
    const env = { JIT_DATABASE: stage.sandbox.env.JIT_DATABASE ?? '', JIT_POLICY: SANDBOX };
    expect(await jit(['replay'], env)).toMatchObject({ code: 0, out: expect.stringContaining('3 decisions since') });

    const wider = changed(
      [
        'on_call: { level: { min: 2 } } }\n',
        'on_call: { level: { min: 2 } } }\n          - ask: { reviewers: [S0SECURITY] }\n',
      ],
      [
        'escalation_policies: [PPAYMENTS], level: { max: 2 }',
        'escalation_policies: [PPAYMENTS], level: { min: 2, max: 3 }',
      ],
    );
    const { code, out } = await jit(['replay', '--policy', wider], env);
    expect(code).toBe(1);
    expect(out).toMatch(/3 would be different/);
    expect(out).toMatch(/1 {2}deny → ask/);
    expect(out).toMatch(/1 {2}ask → allow/);
    expect(out).toMatch(/Ana Kovač +payments-db\/read +allow → ask +rule 3/);
    const json = JSON.parse((await jit(['replay', '--policy', wider, '--json'], env)).out);
    expect(json).toMatchObject({ decisions: 3, moves: { 'deny → ask': 1 } });
    const page = join(directory, 'replay.html');
    await jit(['replay', '--policy', wider, '--html', page], env);
    expect(readFileSync(page, 'utf8')).toContain('<h1>3 of 3 decisions would be different</h1>');
    expect(statSync(page).mode & 0o777).toBe(0o600);
    expect((await jit(['replay', '--policy', wider, '--html', page], env)).err).toContain('exists already');
    expect((await jit(['replay', '--since', 'soon'], env)).err).toContain('is not a duration');
    expect(await jit(['replay'], { JIT_POLICY: SANDBOX, JIT_DATABASE: '/nowhere.db' })).toMatchObject({ code: 2 });

    const [denied] = stage.events().filter(({ type }) => type === 'request.denied');
    const explained = await jit(['explain', '--request', denied?.requestId ?? ''], env);
    expect(explained.out).toMatch(/✗ rule 1: allow\n +✗ on call: not on call in PagerDuty/);
    expect((await jit(['explain', wider, '--request', denied?.requestId ?? ''], env)).out).toContain(
      'The policy file has changed since',
    );
    // Eight processes, one after the other.
  }, 90_000);
});

describe('jitbot policy test', () => {
  test('runs the cases beside the policy, and names the rules that none reached', async () => {
    const good = await jit(['test', SANDBOX]);
    expect(good).toMatchObject({ code: 0 });
    expect(good.out).toContain('13 of 13 as expected. 11 of 11 rules decided a case (100 %).');
    const cases = file('cases.yaml', 'cases: [{ name: only one, role: payments-db/read, expect: { decision: deny } }]');
    expect((await jit(['test', SANDBOX, '--cases', cases])).out).toMatch(
      /1 of 11 rules[\s\S]*never decided: payments-db\/read, rule 2, rule 3/,
    );
  });

  test('a failed case shows what was expected and what each rule made of it', async () => {
    const cases = readFileSync(SANDBOX.replace('policy.yaml', 'policy.tests.yaml'), 'utf8');
    const { code, out } = await jit([
      'test',
      changed(['level: { max: 2 }', 'level: { max: 1 }']),
      '--cases',
      file('cases.yaml', cases),
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /✗ a shift that ends soon[\s\S]*expected allow: .*rule 2 \(allow\) not met: on call at level 2; this rule needs level 1/,
    );
    const json = JSON.parse((await jit(['test', SANDBOX, '--json'])).out);
    expect(json).toMatchObject({ failed: 0, coverage: { rules: 11, covered: 11 } });
  });

  test('a file of cases that is not YAML is refused, with the line', async () => {
    const { code, err } = await jit(['test', SANDBOX, '--cases', file('cases.yaml', 'cases:\n  - { name: x\n')]);
    expect(code).toBe(2);
    expect(err).toMatch(/cases\.yaml:3: \S/);
  });

  test('a file of cases that makes no sense is refused, with the place', async () => {
    const cases = file(
      'cases.yaml',
      'cases: [{ name: x, role: payments-db/read, at: never, expect: { decision: perhaps } }]',
    );
    const { code, err } = await jit(['test', SANDBOX, '--cases', cases]);
    expect(code).toBe(2);
    expect(err).toMatch(/cases\.0\.at[\s\S]*cases\.0\.expect\.decision/);
    const far = file('far.yaml', 'cases: [{ name: x, role: a/b, at: "+275760-09-13", expect: { decision: deny } }]');
    expect(await jit(['test', SANDBOX, '--cases', far])).toMatchObject({
      code: 2,
      err: expect.stringContaining('"+275760-09-13" is not a date and time from 1970 to 2099'),
    });
    const unknown = file('unknown.yaml', 'cases: [{ name: x, role: a/b, expect: { decision: deny } }]');
    expect(await jit(['test', SANDBOX, '--cases', unknown])).toMatchObject({
      code: 1,
      out: expect.stringContaining('✗ x\n  the policy has no role a/b'),
    });
  });

  test('jitbot policy explain shows one case as a tree', async () => {
    const { out } = await jit(['explain', SANDBOX, '--case', 'somebody who went on call a minute ago asks for admin']);
    expect(out).toMatchSnapshot();
    expect((await jit(['explain', SANDBOX, '--case', 'none such'])).err).toContain(
      'there is no case "none such"; there are:',
    );
    expect((await jit(['explain', SANDBOX])).err).toContain('--case NAME or --request ID');
  });
});

describe('jitbot policy diff', () => {
  test('says who gains what and who loses what, in situations', async () => {
    const next = changed(
      ['escalation_policies: [PPAYMENTS], level: { max: 2 }', 'escalation_policies: [PPAYMENTS], level: { max: 1 }'],
      ['duration: { max: 2h }', 'duration: { max: 4h }'],
    );
    const { code, out } = await jit(['diff', SANDBOX, next]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /GAINS[\s\S]*orders-db\/read: on call at level 1 for another escalation policy for the service PCHECKOUT, for 2 h 1 min\n +deny → allow/,
    );
    expect(out).toMatch(
      /LOSES[\s\S]*payments-db\/read: a member of S0ENGINEERS, on call at level 2 for PPAYMENTS\n +allow → ask 1 of S0PAYLEADS/,
    );
    expect(out).toContain(
      'payments-db/read: rule 2 allow: on call for PPAYMENTS at level 1 to 2 → allow: on call for PPAYMENTS at level 1\n',
    );
    expect(JSON.parse((await jit(['diff', SANDBOX, next, '--json'])).out).differences.length).toBeGreaterThan(1);
  });

  test('invisible marks, and those that move the cursor, are written out', async () => {
    const hostile = changed(['ticket: "^INC-[0-9]+$"', String.raw`ticket: "^a\u202Eb\e.$"`]);
    const { out } = await jit(['diff', SANDBOX, hostile]);
    expect(out).toContain(String.raw`ticket ^a\u202Eb\u001B.$`);
  });

  test('a change of labels alone is not a difference', async () => {
    const same = await jit(['diff', SANDBOX, changed(['name: Payments database', 'name: The payments'])]);
    expect(same).toMatchObject({
      code: 0,
      out: expect.stringContaining('No situation that was tried is decided differently.'),
    });
    expect((await jit(['diff', SANDBOX])).code).toBe(2);
  });
});
