/** Every recipe of .github/CONTRIBUTING.md, followed word for word in a copy of the project. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { follow, recipesIn } from '../support/recipes.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LEFT_OUT = new Set(['node_modules', '.git', 'reports']);
const TIMEOUT_MS = 600_000;
const guide = readFileSync(join(ROOT, '.github/CONTRIBUTING.md'), 'utf8');
const recipes = recipesIn(guide);
let copy = '';

/** What a program says, where it fails. */
async function run(program: string, ...args: string[]): Promise<string> {
  const { CI: _ci, VITEST: _vitest, ...env } = process.env;
  try {
    await promisify(execFile)(process.execPath, [program, ...args], { cwd: copy, env, maxBuffer: 1e8 });
    return '';
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}\n${stderr}`;
  }
}

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'jitbot-recipes-'));
  for (const name of readdirSync(ROOT))
    if (!LEFT_OUT.has(name)) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const { steps } of recipes) for (const step of steps) follow(step, copy);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('there is a recipe for each thing that is added often', () => {
  expect(recipes.map(({ title }) => title)).toEqual([
    'How do I add a refusal?',
    'How do I add an event type?',
    'How do I add a kind of job?',
    'How do I add a command?',
    'How do I add a condition to the policy?',
    'How do I add a kind of target?',
  ]);
  for (const { steps, tests } of recipes) {
    expect(steps.length).toBeGreaterThan(0);
    expect(tests.length).toBeGreaterThan(0);
  }
});

test('every script is in the guide', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const named = new Set([...guide.matchAll(/`npm (?:run )?([\w:]+)/g)].map(([, name]) => name));
  expect(Object.keys(scripts).filter((name) => !named.has(name))).toEqual([]);
});

test('with all recipes followed, the types hold', { timeout: TIMEOUT_MS }, async () => {
  expect(await run('node_modules/typescript/bin/tsc')).toBe('');
});

test('with all recipes followed, the tests that they name pass', { timeout: TIMEOUT_MS }, async () => {
  const docs = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')).scripts.docs as string;
  const shell = { cwd: copy, env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` } };
  await promisify(execFile)('sh', ['-c', docs], shell);
  const named = recipes.flatMap(({ tests }) => tests);
  const projects = ['alone', 'parts', 'usual', 'long'].flatMap((name) => ['--project', name]);
  expect(await run('node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', ...projects, ...named)).toBe('');
});
