import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SandboxClock } from './clock/sandboxClock.ts';

/** The bot as an operator runs it, in a process of its own, with its clock in the sandbox's hands. */
export interface BotProcess {
  /** Starts it and waits until it says that it is connected. */
  start(): Promise<void>;
  /** SIGKILL: no goodbye. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for its end. @returns its exit code */
  stop(): Promise<number | null>;
  running(): boolean;
  /** Its process id; null: it does not run. */
  pid(): number | null;
}

const MAIN = fileURLToPath(new URL('../app/main.ts', import.meta.url));
const PRELOAD = new URL('clock/preload.ts', import.meta.url).href;
const START_TIMEOUT_MS = 30_000;

/** No bot outlives the sandbox, however that ends. */
const atExit = new Set<() => void>();
process.once('exit', () => {
  for (const kill of atExit) kill();
});

export function createBotProcess(
  env: Readonly<Record<string, string>>,
  clock: SandboxClock,
  logPath: string,
  /** How many files and connections it may open at most; null: as many as this process. */
  openFiles: number | null = null,
): BotProcess {
  const isSocketMode = Boolean(env.SLACK_APP_TOKEN);
  let child: ChildProcess | null = null;
  clock.onJump((offset) => child?.connected && child.send({ clockOffset: offset }));
  atExit.add(() => child?.kill('SIGKILL'));

  const ended = (process: ChildProcess): Promise<number | null> =>
    process.exitCode !== null || process.signalCode !== null
      ? Promise.resolve(process.exitCode)
      : new Promise((resolve) => process.once('exit', resolve));

  return {
    start: () => {
      child = spawnBot(env, clock, openFiles);
      return untilReady(child, logPath, isSocketMode ? CONNECTED : READY);
    },
    running: () => child !== null && child.exitCode === null && child.signalCode === null,
    pid: () => child?.pid ?? null,
    kill: async () => {
      if (!child) return;
      child.kill('SIGKILL');
      await ended(child);
    },
    stop: async () => {
      if (!child) return null;
      child.kill('SIGTERM');
      return ended(child);
    },
  };
}

const CONNECTED = /"connected to Slack(?: again)?"/;
/** Over HTTP there is nothing to connect to. */
const READY = /"ready"/;

function spawnBot(env: Readonly<Record<string, string>>, clock: SandboxClock, openFiles: number | null): ChildProcess {
  const command = [process.execPath, '--import', PRELOAD, MAIN];
  const [file = '', ...args] =
    openFiles === null ? command : ['sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`, ...command];
  return spawn(file, args, {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      ...env,
      SANDBOX_CLOCK_OFFSET: String(clock.offset()),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

/** Resolves when the bot's log says so; all of its log goes to the file. */
function untilReady(started: ChildProcess, logPath: string, isReady: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const log = createWriteStream(logPath, { flags: 'a' });
    let output = '';
    const late = setTimeout(() => reject(new Error(`the bot did not start in time:\n${output}`)), START_TIMEOUT_MS);
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      log.write(chunk);
      if (!isReady.test(output)) return;
      clearTimeout(late);
      resolve();
    };
    started.stdout?.on('data', read);
    started.stderr?.on('data', read);
    started.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the bot ended with ${code}:\n${output}`));
    });
  });
}
