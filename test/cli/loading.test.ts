/** What a command loads before it can do anything: whoever types it waits for that. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'jitbot-loading-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the address of everything that is loaded to stderr. */
const TELL = `data:text/javascript,${encodeURIComponent(
  "import { registerHooks } from 'node:module'; import { writeSync } from 'node:fs'; registerHooks({ load: (url, context, next) => (writeSync(2, url + '\\n'), next(url, context)) });",
)}`;
const ENV = { PATH: process.env.PATH ?? '' };
const loadedBy = (args: readonly string[]): readonly string[] =>
  spawnSync(process.execPath, ['--import', TELL, JIT, ...args], { cwd: folder, env: ENV, encoding: 'utf8' })
    .stderr.split('\n')
    .filter((line) => line.startsWith('file:') || line.startsWith('node:'));
const CLIENTS = /^(?:pg|better-sqlite3|drizzle-orm|undici|@slack\/.*|@pagerduty\/.*)$/;
const librariesIn = (urls: readonly string[]): ReadonlySet<string> =>
  new Set(urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));

test.each(['--help', '--version'])('%s loads one library, which reads options', (option) => {
  const loaded = loadedBy([option]);
  expect([...librariesIn(loaded)]).toEqual(['commander', 'fastest-levenshtein']);
  expect(loaded.length).toBeLessThan(40);
});

test.each([
  [['audit', 'none.db']],
  [['ledger', 'export', 'none.db']],
  [['ledger', 'verify', 'none.db']],
  [['report', 'none.db']],
  [['restore', 'none.db', 'new.db']],
  [['status', 'none.db']],
])('%j loads no kind of target and nothing of Slack, PagerDuty or HTTP', (args) => {
  const loaded = loadedBy(args);
  expect(loaded.some((url) => url.endsWith('/better-sqlite3/lib/index.js'))).toBe(true);
  // What a restore schedules are messages, too: which of them follow from an event it has to know.
  const others = loaded.filter((url) => !/src\/slack\/outbox\/(?:messageJobs|audience)\.ts$/.test(url));
  expect(others.filter((url) => /src\/(?:provisioners|slack|pagerduty)\/|@slack|node:http$/.test(url))).toEqual([]);
});

test.each([[['policy', 'check', 'none.yaml']], [['policy', 'schema']]])('%j loads no database', (args) => {
  expect(librariesIn(loadedBy(args))).not.toContain('better-sqlite3');
});

test.each([
  ['policy', 'check', 'none.yaml'],
  ['policy', 'explain', 'none.yaml'],
  ['policy', 'test', 'none.yaml'],
  ['policy', 'replay', '--policy', 'none.yaml'],
  ['doctor', 'none.yaml'],
])('%s %s loads no client of a target, Slack or PagerDuty before it has a policy', (...args) => {
  const libraries = [...librariesIn(loadedBy(args))];
  expect(libraries.filter((library) => CLIENTS.test(library))).toEqual([]);
  // That one is for mistakes, which it finds the lines of.
  expect(libraries).not.toContain('yaml');
});

test('support and init load no kind of target before they need one', () => {
  const kinds = (args: readonly string[]) => loadedBy(args).filter((url) => url.includes('/src/provisioners/'));
  expect([kinds(['support', 'none.db']), kinds(['init', 'new.yaml'])]).toEqual([[], []]);
});

test('what ends access loads no part of Slack that only people need', () => {
  const bot = new URL('../../src/app/bot.ts', import.meta.url).href;
  const { stderr } = spawnSync(process.execPath, ['--import', TELL, '--input-type=module', '-e', `import '${bot}'`], {
    cwd: folder,
    env: ENV,
    encoding: 'utf8',
  });
  const libraries = librariesIn(stderr.split('\n'));
  expect(libraries).toContain('better-sqlite3');
  for (const late of ['@slack/bolt', 'express', 'pg', 'yaml']) expect(libraries).not.toContain(late);
});

test('compiled code is kept beside the libraries, where only their installer writes', () => {
  const say = 'process.on("exit", () => console.log(process.getBuiltinModule("node:module").getCompileCacheDir()))';
  const args = ['--import', `data:text/javascript,${encodeURIComponent(say)}`, JIT, '--version'];
  const said = execFileSync(process.execPath, args, { cwd: folder, env: ENV, encoding: 'utf8' });
  const kept = fileURLToPath(new URL('../../node_modules/.cache/jitbot', import.meta.url));
  expect(said.split('\n')[1]).toContain(kept);
});
