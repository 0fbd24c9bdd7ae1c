/** The package as an operator gets it: packed, installed where nothing can be compiled, and run. */

import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const POLICY = join(ROOT, 'src/sandbox/policy.yaml');
const MINUTES = 60_000;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder: string;
let tarball: string;
/** Node and npm, and nothing else: no cc, make, python or shell tool. */
let tools: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-package-'));
  tools = join(folder, 'tools');
  mkdirSync(tools);
  symlinkSync(realpathSync(process.execPath), join(tools, 'node'));
  writeFileSync(join(tools, 'npm'), `#!/bin/sh\nexec node ${npmPath()} "$@"\n`, { mode: 0o755 });
  const packed = await run('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, env: process.env });
  expect(packed).toMatchObject({ code: 0 });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
}, 5 * MINUTES);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npmPath(): string {
  const npm = (process.env.PATH ?? '')
    .split(':')
    .map((path) => join(path, 'npm'))
    .find(existsSync);
  return realpathSync(npm ?? '');
}

function run(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ran> {
  const env = options.env ?? { PATH: tools, HOME: folder };
  return new Promise((resolve) => {
    const limits = { maxBuffer: 2 ** 26, timeout: 4 * MINUTES };
    execFile(program, args, { cwd: options.cwd, env, ...limits }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

/** Behind a proxy, or where somebody looks into what is encrypted, nothing is reached without these. */
const reachingOut = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      /^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|(https?|no)_proxy|npm_config_(registry|cafile|cache))$/i.test(name),
    ),
  );

/** From the cache where it holds everything, as after an earlier installation; otherwise from the registry. */
async function install(cwd: string, ...args: readonly string[]): Promise<void> {
  // npm's settings and cache, and how the registry is reached, stay the user's; its PATH does not.
  const env = { PATH: tools, HOME: homedir(), ...reachingOut() };
  const npm = (how: string) =>
    run(join(tools, 'npm'), ['install', how, '--no-audit', '--no-fund', ...args, tarball], { cwd, env });
  const offline = await npm('--offline');
  if (offline.code === 0) return;
  expect(offline.err).toContain('ENOTCACHED');
  expect(await npm('--prefer-offline')).toMatchObject({ code: 0 });
  // What was fetched once is enough for every other installation.
  for (const made of ['node_modules', 'package-lock.json', 'package.json'])
    rmSync(join(cwd, made), { recursive: true, force: true });
  expect(await npm('--offline')).toMatchObject({ code: 0 });
}

describe('installed as a dependency, offline and with no compiler', () => {
  let project: string;
  let root: string;
  const jitbot = (args: readonly string[], env: Record<string, string> = {}) =>
    run(join(project, 'node_modules/.bin/jitbot'), args, { cwd: project, env: { PATH: tools, ...env } });
  beforeAll(async () => {
    project = join(folder, 'project');
    root = join(project, 'node_modules/jitbot');
    mkdirSync(project);
    await install(project);
  }, 10 * MINUTES);

  test('holds no TypeScript, no sandbox, no tests and no Node.js', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\.ts$|sandbox|^test|^node_modules/.test(file))).toEqual([]);
    expect(readdirSync(join(project, 'node_modules')).filter((name) => name.startsWith('node-linux'))).toEqual([]);
  });

  test('nothing in it refers to a file of TypeScript', async () => {
    const left = await run('grep', ['-rnE', "(from|import\\() *'\\.[^']*\\.ts'", join(root, 'dist')], {
      cwd: project,
      env: process.env,
    });
    expect(left.out).toBe('');
  });

  test('no package of types is installed twice, except where Slack’s pin differ', () => {
    const files = readdirSync(join(project, 'node_modules'), { recursive: true, encoding: 'utf8' });
    const types = files
      .map((file) => /(?:^|node_modules\/)(@types\/[^/]+|@slack\/types)\/package\.json$/.exec(file)?.[1])
      .filter((name) => name !== undefined);
    expect(types.filter((name, index) => types.indexOf(name) !== index)).toEqual(['@types/retry']);
  });

  test('every command tells what it takes', async () => {
    const all = await jitbot(['--help']);
    expect(all).toMatchObject({ code: 0, err: '' });
    for (const command of ['audit', 'audit-bundle', 'doctor', 'ledger', 'policy', 'report', 'start']) {
      expect(all.out).toContain(command);
      expect(await jitbot([command, '--help'])).toMatchObject({ code: 0, err: '' });
    }
  });

  test('jit is the same command', async () => {
    const { out } = await run(join(project, 'node_modules/.bin/jit'), ['--help'], { cwd: project });
    expect(out).toBe((await jitbot(['--help'])).out);
  });

  test('policy check reads a policy with every kind of target', async () => {
    const { code, out } = await jitbot(['policy', 'check', POLICY]);
    expect(code).toBe(0);
    expect(out).toMatch(/^0 errors, 0 warnings\n/);
  });

  test('policy test decides the cases beside it', async () => {
    for (const file of ['policy.yaml', 'policy.tests.yaml'])
      copyFileSync(join(ROOT, 'src/sandbox', file), join(project, file));
    expect(await jitbot(['policy', 'test', 'policy.yaml'])).toMatchObject({ code: 0 });
  });

  test('ledger verify opens a database with the packaged SQLite binary', async () => {
    const database = join(project, 'jit.db');
    const opens = `import { openLedger } from ${JSON.stringify(join(root, 'dist/ledger/sqlite/open.js'))}; openLedger(${JSON.stringify(database)}).close();`;
    expect(await run(join(tools, 'node'), ['--input-type=module', '-e', opens], { cwd: project })).toMatchObject({
      code: 0,
    });
    expect(await jitbot(['ledger', 'verify', database])).toMatchObject({ code: 0 });
  });

  test('start says what is missing', async () => {
    const { code, err } = await jitbot(['start']);
    expect(code).toBe(1);
    expect(err).toContain('SLACK_BOT_TOKEN  missing');
  });

  test('start names a policy file that is not there', async () => {
    const { code, err } = await jitbot(['start'], {
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_APP_TOKEN: 'xapp-1',
      PAGERDUTY_TOKEN: 'pd',
      JIT_POLICY: join(project, 'none.yaml'),
      JIT_DATABASE: join(project, 'other.db'),
    });
    expect(code).toBe(1);
    expect(err).toContain('none.yaml');
  });
});

test(
  'installed globally, both commands run',
  async () => {
    const prefix = join(folder, 'global');
    mkdirSync(prefix);
    await install(prefix, '--global', '--prefix', prefix);
    for (const name of ['jitbot', 'jit'])
      expect(await run(join(prefix, 'bin', name), ['ledger', 'verify', 'none.db'], { cwd: prefix })).toMatchObject({
        code: 2,
        err: expect.stringContaining('none.db'),
      });
  },
  10 * MINUTES,
);
