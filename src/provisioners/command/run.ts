/** One run of a program: it gets a text, and ends with one, within a deadline. Nothing that it started outlives it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { cut, errorText } from '../../domain/text.ts';
import { MOST_ANSWER } from '../protocol.ts';

const SHOWN_ERROR_LENGTH = 200;
/** What a program started may finish writing its output after the program has ended, such as a `tee`. */
const LINGER: Millis = SECOND;

export interface Run {
  readonly run: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly deadline: Millis;
}

/** @throws what kept it from giving an answer, in words that follow the name of the program */
export function runProgram({ run, env, deadline }: Run, input: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const [program = '', ...args] = run;
  const child = spawn(program, args, {
    shell: false,
    // A group of its own, so that what it started can be killed with it.
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
    // Something outside of the group may hold the other ends for ever.
    for (const stream of child.stdio) stream?.destroy();
    if (unkilled === null) settle();
    else reject(new Error(`cannot be killed: ${unkilled}`));
  }
  const fail = (problem: string, cause?: unknown) => end(() => reject(new Error(problem, { cause })));

  const output = collect(child, () => fail(`wrote more than ${MOST_ANSWER} bytes`));
  after(deadline, () => fail(`gave no answer within ${deadline / SECOND} s`));
  child.once('error', (error) => fail(`could not be started: ${error.message}`, error));
  child.once('exit', () => {
    after(LINGER, () => void killGroup(child));
    after(2 * LINGER, () => fail('ended, and left something running that holds its output'));
  });
  child.once('close', (code, signal) => {
    if (code === 0) end(() => resolve(output.text()));
    else fail(`ended with ${code ?? signal}${output.lastError()}`);
  });
  // Its answer may come before it has read everything.
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

/** @returns why it lives on, such as a program that runs as somebody else; null: it is dead */
function killGroup({ pid }: ChildProcess): string | null {
  if (pid === undefined) return null;
  try {
    process.kill(-pid, 'SIGKILL');
    return null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? null : errorText(error);
  }
}
