/**
 * Runs a program once, with a text as input and output, within a deadline. Processes that it started do not outlive it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { cut, errorText } from '../../domain/text.ts';
import { OWN_PROGRAM } from '../../wording/targets/own.ts';
import { MOST_ANSWER } from '../protocol.ts';

const SHOWN_ERROR_LENGTH = 200;
/** How long processes that the program started, such as a `tee`, may write output after it has ended, in ms. */
const LINGER: Millis = SECOND;

export interface Run {
  readonly run: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly deadline: Millis;
}

/** @throws why it gave no answer, as a phrase that follows the program's name */
export function runProgram({ run, env, deadline }: Run, input: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const [program = '', ...args] = run;
  const child = spawn(program, args, {
    shell: false,
    // A process group of its own, so that everything it started can be killed with it.
    detached: true,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const timers: NodeJS.Timeout[] = [];
  let isOver = false;
  const after = (time: Millis, act: () => void) => isOver || timers.push(setTimeout(act, time));

  function end(settle: () => void): void {
    if (isOver) return;
    isOver = true;
    for (const timer of timers) clearTimeout(timer);
    const unkilled = killGroup(child);
    // A process outside the group may keep the other ends open.
    for (const stream of child.stdio) stream?.destroy();
    if (unkilled === null) settle();
    else reject(new Error(OWN_PROGRAM.notKilled(unkilled)));
  }
  const fail = (problem: string, cause?: unknown) => end(() => reject(new Error(problem, { cause })));

  const output = collect(child, () => fail(OWN_PROGRAM.tooMuch(MOST_ANSWER)));
  after(deadline, () => fail(OWN_PROGRAM.late(deadline / SECOND)));
  child.once('error', (error) => fail(OWN_PROGRAM.notStarted(error.message), error));
  child.once('exit', () => {
    after(LINGER, () => void killGroup(child));
    after(2 * LINGER, () => fail(OWN_PROGRAM.leftRunning));
  });
  child.once('close', (code, signal) => {
    if (code === 0) end(() => resolve(output.text()));
    else fail(OWN_PROGRAM.endedWith(code ?? signal, output.lastError()));
  });
  // The program may answer before it has read all input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return promise;
}

function collect({ stdout, stderr }: Pick<ChildProcess, 'stdout' | 'stderr'>, tooMuch: () => void) {
  const output: Buffer[] = [];
  let size = 0;
  let said = '';
  stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MOST_ANSWER) tooMuch();
    else output.push(chunk);
  });
  stderr?.on('data', (chunk: Buffer) => {
    if (said.length < MOST_ANSWER) said += chunk.toString();
  });
  return {
    text: () => Buffer.concat(output).toString(),
    lastError: (): string => {
      const line = cut(said.trim().split('\n').at(-1) ?? '', SHOWN_ERROR_LENGTH);
      return line ? ` (${line})` : '';
    },
  };
}

/** Kills the process group. @returns why that failed, such as a program that runs as another user, or null */
function killGroup({ pid }: ChildProcess): string | null {
  if (pid === undefined) return null;
  try {
    process.kill(-pid, 'SIGKILL');
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? null : errorText(error);
  }
}
