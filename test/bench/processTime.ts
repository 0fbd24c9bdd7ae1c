/** What a process takes of the processors, which other programs on the machine leave alone. */

import { type ChildProcess, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Runs a program of Node to its end, whatever that is. @returns milliseconds of processor time */
export function processTime(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): number {
  const { stdout } = spawnSync(
    'sh',
    ['-c', '"$@" >/dev/null 2>&1 </dev/null; times', 'sh', process.execPath, ...args],
    {
      encoding: 'utf8',
      env,
      cwd,
    },
  );
  // The shell itself, and then its children: user and system.
  const [, children = ''] = stdout.trim().split('\n');
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) throw new Error(`the shell tells no times: ${stdout}`);
  return parts.reduce((sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1_000, 0);
}

const TICKS_A_SECOND = 100;

/** Milliseconds of processor time that a child has had so far (Linux). */
export function processTimeSoFar({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_A_SECOND;
}
