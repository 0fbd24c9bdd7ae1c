/** The bot as an operator starts it: a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { processTimeSoFar } from './processTime.ts';

const START = fileURLToPath(new URL('../../src/app/start.js', import.meta.url));

export interface BotProcess {
  readonly child: ChildProcess;
  /** Milliseconds of processor time until it was ready. Rejects if it ends before. */
  readonly ready: Promise<number>;
  /** Ends it as an operator would, so that what it compiled is kept. */
  stop(): Promise<void>;
}

export function startBotProcess(env: NodeJS.ProcessEnv): BotProcess {
  const child = spawn(process.execPath, [START], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise: ready, resolve, reject } = Promise.withResolvers<number>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.includes('"msg":"ready"')) resolve(processTimeSoFar(child));
  });
  child.stderr.resume();
  child.on('exit', (code) => {
    reject(new Error(`it ended with ${code} before it was ready: ${said}`));
    end();
  });
  // Whoever only waits for something else hears of an early end by that.
  ready.catch(() => undefined);
  return {
    child,
    ready,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The most memory that a process has had, in MB (Linux). 0: the system does not say, or it has ended. */
export function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
