/** The command line itself: help, suggestions, completion, exit codes. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runHere } from '../support/cliHere.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-program-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const verbs = Object.entries(COMMANDS).flatMap(([name, one]) =>
  'verbs' in one
    ? Object.entries(one.verbs).map(([verb, of]) => ({ path: [name, verb], of }))
    : [{ path: [name], of: one }],
);

describe('help', () => {
  test('without a command, lists every command with what it is for', async () => {
    const { code, out } = await runHere();
    expect(code).toBe(0);
    for (const { path } of verbs) expect(out).toContain(`  ${path.join(' ')}`);
  });

  test.each([
    [['help', 'policy', 'check'], 'Usage: jitbot policy check '],
    [['policy', 'help', 'check'], 'Usage: jitbot policy check '],
    [['policy', 'help'], 'Usage: jitbot policy '],
    [['help', 'backup'], 'Usage: jitbot backup '],
    [['help', 'bundle'], 'Usage: jitbot audit-bundle'],
    [['help'], 'Usage: jitbot '],
  ])('%j shows the help', async (args, usage) => {
    const { code, out } = await runHere(...args);
    expect(out).toContain(usage);
    expect(code).toBe(0);
  });

  test.each(verbs.map(({ path }) => [path.join(' '), path] as const))(
    '%s takes only the arguments that it explains',
    async (_name, path) => {
      const { code, out, err } = await runHere(...path, 'a', 'b', 'c', 'd');
      expect(err).toContain(`Usage: jitbot ${path.join(' ')}`);
      expect(out).toBe('');
      expect(code).toBe(2);
    },
  );

  test.each(verbs.map(({ path, of }) => [path.join(' '), { path, of }] as const))(
    'of %s explains every option, file and exit code',
    async (_name, { path, of }) => {
      const { code, out } = await runHere(...path, '--help');
      expect(code).toBe(0);
      const said = out.replaceAll(/\s+/g, ' ');
      for (const [name, { about }] of Object.entries(of.options)) {
        expect(said).toContain(`--${name}`);
        expect(said).toContain(about);
      }
      for (const about of Object.values(of.files ?? {})) expect(said).toContain(about);
      for (const [exit, meaning] of Object.entries(of.exits)) expect(said).toContain(`${exit} ${meaning}`);
    },
  );

  test('of a group lists its commands', async () => {
    expect((await runHere('policy', '--help')).out).toContain('policy diff OLD NEW');
    expect((await runHere('help', 'ledger')).out).toContain('ledger rotate-key');
  });

  test('a command is found by the name that it had in an earlier version', async () => {
    const { code, out } = await runHere('bundle', '--help');
    expect(code).toBe(0);
    expect(out).toContain('a signed zip for the auditor');
  });

  test('the version is that of the package', async () => {
    expect(await runHere('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe('what is mistyped', () => {
  test.each([
    [['polcy'], 'jitbot: there is no command "polcy". Did you mean "jitbot policy"?'],
    [['verfy'], 'jitbot: there is no command "verfy". Did you mean "jitbot ledger verify"?'],
    [['policy', 'chek'], 'jitbot policy: there is no command "chek". Did you mean "jitbot policy check"?'],
    [['ledger', 'exprot'], 'jitbot ledger: there is no command "exprot". Did you mean "jitbot ledger export"?'],
    [['--versoin'], 'unknown option "--versoin". Did you mean "--version"? "jitbot --help" shows what there is.\n'],
    [['help', 'chek'], 'jitbot: there is no command "chek". Did you mean "jitbot policy check"?'],
    [['help', 'policy', 'chek'], 'jitbot policy: there is no command "chek". Did you mean "jitbot policy check"?'],
    [['policy', '--hlep'], 'jitbot policy: unknown option "--hlep". Did you mean "--help"?'],
    [['policy', 'check', '--onlin'], 'jitbot policy check: unknown option "--onlin". Did you mean "--online"?'],
    [['audit', '--preson', 'ana'], 'jitbot audit: unknown option "--preson". Did you mean "--person"?'],
  ])('%j is answered with the likely command, at its level', async (args, said) => {
    const { code, err, out } = await runHere(...args);
    expect(err).toContain(said);
    expect(code).toBe(2);
    expect(out).toBe('');
  });

  test.each([
    [['--x'], 'jitbot: unknown option "--x". "jitbot --help" shows what there is.\n'],
    [['policy', 'check', '--x'], '"jitbot policy check --help" explains each part.\n'],
    [['policy', 'astrology'], 'there is no command "astrology". "jitbot policy --help" shows all of them.\n'],
  ])('%j, which is like no command, is answered with where to look', async (args, said) => {
    const { code, err } = await runHere(...args);
    expect(err).toContain(said);
    expect(err).not.toContain('Did you mean');
    expect(code).toBe(2);
  });

  test('a value that an option does not take is refused with those that it takes', async () => {
    const { code, err } = await runHere('ledger', 'export', '--format', 'xml');
    expect(err).toContain('jitbot ledger export: --format xml is none of jsonl, csv, ocsf\n');
    expect(code).toBe(2);
  });

  test('a group by itself lists its commands and fails', async () => {
    const { code, err } = await runHere('ledger');
    expect(err).toContain('ledger verify');
    expect(code).toBe(2);
  });

  test('an option without its value is refused by name', async () => {
    expect(await runHere('report', '--out')).toMatchObject({ code: 2, err: expect.stringContaining('--out') });
  });
});

describe('a file that cannot be read', () => {
  const missing = join(folder, 'nope.yaml');
  // What the commands load takes its time on a busy machine.
  beforeAll(() => Promise.all([import('../../src/cli/policy/check.ts'), import('../../src/cli/archive.ts')]), 120_000);

  test.each([
    ['check', missing],
    ['test', missing],
    ['diff', missing, missing],
  ])('by policy %s is refused with the reason, without naming a variable', async (...args) => {
    expect(await runHere('policy', ...args)).toMatchObject({
      code: 2,
      err: `${missing}: the policy file cannot be read: there is no such file\n`,
    });
  });

  test('because it is a folder is refused with that reason', async () => {
    expect((await runHere('policy', 'check', folder)).err).toContain('it is a folder');
  });

  test.each([
    ['audit', join(folder, 'nope.db')],
    ['ledger', 'erase', join(folder, 'nope.db'), '--person', 'U0ANA'],
  ])('a database that does not exist is refused by name, by %s', async (...args) => {
    expect((await runHere(...args)).err).toBe(`${join(folder, 'nope.db')}: there is no such file\n`);
  });

  test('both files that a command needs are asked for by name', async () => {
    const { code, err } = await runHere('policy', 'diff');
    expect(err).toContain('jitbot policy diff: missing required argument "OLD"');
    expect(err).not.toContain('JIT_POLICY');
    expect(code).toBe(2);
  });
});

test('policy check names the variables that the file needs and that are not set', async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(
    file,
    `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  flags:
    target: { kind: webhook, url: "https://flags.example", secret: "\${JIT_TEST_UNSET}" }
    roles: { edit: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [S0DBA] } }] } }
`,
  );
  const { code, out } = await runHere('policy', 'check', file);
  expect(out).toContain('Not set here, but needed where the bot starts: JIT_TEST_UNSET\n');
  expect(code).toBe(0);
  expect(JSON.parse((await runHere('policy', 'check', file, '--json')).out).unset).toEqual(['JIT_TEST_UNSET']);
});

describe('completion', () => {
  const script = async (shell: string) => (await runHere('completion', shell)).out;
  const complete = async (...words: readonly string[]) => {
    const file = join(folder, 'completion.bash');
    writeFileSync(file, await script('bash'));
    const typed = words.map((word) => `'${word}'`).join(' ');
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      `source ${file}; COMP_WORDS=(jitbot ${typed}); COMP_CWORD=${words.length}; _jitbot; echo "\${COMPREPLY[*]}"`,
    ]);
    return stdout.trim();
  };

  test.each([
    [['pol'], 'policy'],
    [['policy', 'c'], 'check'],
    [['policy', 'check', '--o'], '--online'],
    [['policy', 'check', 'a.yaml', '--d'], '--database'],
    [['ledger', 'export', '--format', ''], 'jsonl csv ocsf'],
    [['audit', 'jit.db', '--per'], '--person'],
    [['doctor', ''], ''],
    [['report', '--out', ''], ''],
    [['completion', ''], 'bash zsh fish --help'],
    [['completion', 'z'], 'zsh'],
    [['completion', 'bash', ''], ''],
  ])('bash completes %j to "%s", and leaves files to the shell', async (words, completed) => {
    expect(await complete(...words)).toBe(completed);
  });

  /** As somebody types it who put the script where its first line says. */
  const inFish = async (line: string): Promise<string[]> => {
    const place = join(folder, /> ~\/\.config\/(\S+)/.exec(await script('fish'))?.[1] ?? '');
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, await script('fish'));
    const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder };
    const { stdout } = await promisify(execFile)('fish', ['-c', `complete -C '${line}'`], { cwd: folder, env });
    return stdout.split('\n').map((offered) => offered.split('\t')[0] ?? '');
  };

  test.runIf(existsSync('/usr/bin/fish')).each([
    ['jitbot sta', ['start', 'status']],
    ['jit led', ['ledger']],
    ['jitbot policy check --on', ['--online']],
    ['jitbot ledger export --format ', ['csv', 'jsonl', 'ocsf']],
    ['jitbot completion ', ['bash', 'fish', 'zsh']],
  ])('fish completes "%s"', async (line, offered) => {
    expect(await inFish(line)).toEqual(expect.arrayContaining(offered));
  });

  /** At a terminal: what a Tab after the line makes of it. */
  const inZsh = async (line: string): Promise<string> => {
    const file = join(folder, 'completion.zsh');
    writeFileSync(file, await script('zsh'));
    // The second prompt: then the line editor reads, and the script was taken.
    const typed = `zmodload zsh/zpty; zpty z 'PS1=PROMPT zsh -f -i'; zpty -w z 'source ${file}'
zpty -r z got '*PROMPT*PROMPT*'; zpty -w -n z '${line}'$'\\t'$'\\x05'" # end"; zpty -r z got '*# end*'; print -r -- "$got"`;
    return (await promisify(execFile)('zsh', ['-f', '-c', typed], { env: { ...process.env, TERM: 'dumb' } })).stdout;
  };

  test.runIf(existsSync('/usr/bin/zsh')).each([
    ['jitbot stat', 'jitbot status'],
    ['jit led', 'jit ledger'],
    ['jitbot policy check --on', 'jitbot policy check --online'],
    ['jitbot completion z', 'jitbot completion zsh'],
  ])('zsh makes "%s" to "%s"', async (line, completed) => {
    expect(await inZsh(line)).toContain(completed);
  });

  test.each(['bash', 'zsh', 'fish'])('the script for %s has every command and option', async (shell) => {
    const text = await script(shell);
    for (const { path, of } of verbs) {
      expect(text).toContain(path.at(-1));
      for (const option of Object.keys(of.options)) expect(text).toMatch(new RegExp(`(--|-l )${option}\\b`));
    }
  });

  test('an unknown shell is refused with the known ones', async () => {
    expect(await runHere('completion', 'tcsh')).toMatchObject({
      code: 2,
      err: expect.stringContaining('name one shell: bash, zsh, fish'),
    });
  });
});
