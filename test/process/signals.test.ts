/** Signals reach the bot however it was started, and no bot stays behind alone. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../src/sandbox/postgres.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START = join(ROOT, 'src/app/start.js');
const JITBOT = join(ROOT, 'src/cli/jitbot.js');
/** Makes src/app/launch.js hand over to the Node that is brought along, as it does on an older one. */
const OLD_NODE = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })",
)}`;
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'by node': [process.execPath, START],
  'by an older node': [process.execPath, '--import', OLD_NODE, START],
  'by npm': ['npm', 'start', '--silent'],
  'by jitbot': [process.execPath, JITBOT, 'start'],
  'by jitbot on an older node': [process.execPath, '--import', OLD_NODE, JITBOT, 'start'],
  'as the ExecStart of a unit': [process.execPath, JITBOT, 'start'],
};
/** Sends the signal as soon as there is a handler for it: the rest of the program is not even loaded then. */
const sendsEarly = (signal: string) =>
  `data:text/javascript,${encodeURIComponent(
    `process.on('newListener', (name) => name === '${signal}' && setImmediate(() => process.kill(process.pid, name)))`,
  )}`;

/** A server that is told to close never says that it has. */
const KEEPS_PORT = "import net from 'node:net'; net.Server.prototype.close = function () { return this; };";

let sandbox: Sandbox;
let started: ChildProcess;
let output: string;
let policy: string;
beforeEach(async () => {
  sandbox = await startSandbox(Date.now);
  policy = join(sandbox.directory, 'live.yaml');
  writeFileSync(policy, readFileSync(sandbox.env.JIT_POLICY ?? ''));
  output = '';
});
afterEach(async () => {
  for (const pid of bots()) process.kill(pid, 'SIGKILL');
  await sandbox.close();
});

async function start(way: string): Promise<void> {
  launch(way);
  await says('"connected to Slack"');
}
function launch(way: string, preload?: string, env: Readonly<Record<string, string>> = {}): void {
  const [program = '', ...args] = WAYS[way] ?? [];
  const isUnit = way === 'as the ExecStart of a unit';
  started = spawn(program, preload === undefined ? args : ['--import', preload, ...args], {
    // A unit is started away from its folder, as leader of a session of its own.
    cwd: isUnit ? '/' : ROOT,
    detached: isUnit,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...sandbox.env, JIT_POLICY: policy, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [started.stdout, started.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
}
const says = (text: string) => expect.poll(() => output, { timeout: 20_000, interval: 50 }).toContain(text);

/** Every process of the bot that works on this sandbox, as the system sees it. */
function bots(): number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(join('/proc', pid, file), 'utf8');
    } catch {
      // It ended while it was looked at.
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => /src\/(?:app\/(?:main\.ts|start\.js)|cli\/jitbot\.js)/.test(read(pid, 'cmdline')))
    .filter((pid) => read(pid, 'environ').includes(sandbox.directory))
    .map(Number);
}
const noBotIsLeft = () => expect.poll(bots, { timeout: 12_000, interval: 100 }).toEqual([]);

describe.each(Object.keys(WAYS))('a bot that was started %s', (way) => {
  test.each(['SIGTERM', 'SIGINT'] as const)('ends cleanly on %s, and nothing of it is left', async (signal) => {
    await start(way);
    started.kill(signal);
    await noBotIsLeft();
    expect(output).toContain('stopping: no new requests');
    expect(output).not.toContain('did not stop');
  });

  test('is not left behind when whoever started it is killed', async () => {
    await start(way);
    expect(bots()).not.toEqual([]);
    started.kill('SIGKILL');
    await noBotIsLeft();
  });
});

test.each(Object.keys(WAYS).filter((way) => way !== 'by npm'))(
  'SIGHUP reads the policy again in a bot that was started %s',
  async (way) => {
    await start(way);
    writeFileSync(policy, readFileSync(policy, 'utf8').replace('risk: low', 'risk: high'));
    started.kill('SIGHUP');
    await says('"policy reloaded"');
    expect(bots()).not.toEqual([]);
  },
);

test('npm dies of SIGHUP by itself: the bot ends with it, cleanly', async () => {
  await start('by npm');
  started.kill('SIGHUP');
  await noBotIsLeft();
});

describe('a signal while the program is being loaded', () => {
  test('SIGHUP is no end: the bot starts, and then reads the policy again', async () => {
    launch('by node', sendsEarly('SIGHUP'));
    await says('"policy reloaded: the file is the same');
    expect(bots()).not.toEqual([]);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly', async (signal) => {
    launch('by node', sendsEarly(signal));
    await expect.poll(() => started.exitCode, { timeout: 20_000, interval: 100 }).toBe(0);
    expect(bots()).toEqual([]);
  });
});

describe('a start that cannot be recorded', () => {
  let other: SQLite.Database;
  beforeEach(async () => {
    // The database is there and whole before somebody holds it.
    await start('by node');
    started.kill('SIGTERM');
    await noBotIsLeft();
    output = '';
    other = new SQLite(sandbox.env.JIT_DATABASE ?? '');
    other.exec('BEGIN IMMEDIATE');
    launch('by node');
    await says('the start cannot be recorded');
  });
  afterEach(() => other.close());

  test.each(['SIGTERM', 'SIGINT'] as const)('is left at once and cleanly on %s', async (signal) => {
    started.kill(signal);
    await expect.poll(() => started.exitCode, { timeout: 4_000, interval: 50 }).toBe(0);
    expect(output).not.toContain('did not stop');
    expect(bots()).toEqual([]);
  });

  test('goes on after SIGHUP, and the policy is read again once it is recorded', async () => {
    started.kill('SIGHUP');
    other.exec('ROLLBACK');
    await says('"policy reloaded: the file is the same');
  });
});

test('a stop that hangs is given up within ten seconds, and says so', async () => {
  const port = await freePort();
  launch('by node', `data:text/javascript,${encodeURIComponent(KEEPS_PORT)}`, { PORT: String(port) });
  await says('"connected to Slack"');
  started.kill('SIGTERM');
  await expect.poll(() => started.exitCode, { timeout: 10_000, interval: 100 }).toBe(1);
  expect(output).toContain('did not stop in time; what is left is done at the next start');
});
