/** What a run of mutants says, and which survivors could not have been shipped. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Position, TriedMutant } from './stream.ts';

export interface Survivor {
  readonly file: string;
  readonly at: number;
  /** The line it is in, without its indentation. */
  readonly line: string;
  /** What stands there, and what was put in its place. */
  readonly was: string;
  readonly becomes: string;
  /** No test ran it at all. */
  readonly isUncovered: boolean;
  readonly mutated: string;
}

export interface Outcome {
  readonly killed: number;
  readonly survivors: readonly Survivor[];
}

const KILLED = new Set(['Killed', 'Timeout']);
const SURVIVED = new Set(['Survived', 'NoCoverage']);

/**
 * The runner tells at once of all that no test runs. Of a run that was cut short, only those count that stand before the last one
 * that was tried: otherwise all of them would stand beside a few of the others.
 * @param tried as the reporter wrote it, a line of JSON for each
 */
export function read(tried: string, root: string, isCutShort = false): Outcome {
  const all = tried
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TriedMutant);
  const wasRun = ({ status }: TriedMutant) => KILLED.has(status) || status === 'Survived';
  const last = all
    .filter(wasRun)
    .map(({ place }) => place)
    .reduce((one, other) => (one > other ? one : other), '');
  const mutants = isCutShort ? all.filter(({ place }) => place <= last) : all;
  return {
    killed: mutants.filter(({ status }) => KILLED.has(status)).length,
    survivors: mutants.filter(({ status }) => SURVIVED.has(status)).map((mutant) => survivorOf(mutant, root)),
  };
}

function survivorOf({ fileName, replacement = '', status, location }: TriedMutant, root: string): Survivor {
  const source = readFileSync(fileName, 'utf8');
  const lines = source.split('\n');
  const offset = ({ line, column }: Position) =>
    lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
  const [from, to] = [offset(location.start), offset(location.end)];
  return {
    file: relative(root, fileName),
    at: location.start.line,
    line: (lines[location.start.line - 1] ?? '').trim(),
    was: source.slice(from, to),
    becomes: replacement,
    isUncovered: status === 'NoCoverage',
    mutated: source.slice(0, from) + replacement + source.slice(to),
  };
}

/**
 * Those that the compiler accepts: no other could be shipped. Each stands beside its file as a copy, and all are compiled at once,
 * so that what a mutant breaks in other files is not seen: it counts as one that compiles, as do mutants of a file of which the
 * compiler refuses an unchanged copy, too.
 * @param patience milliseconds after which the compiler is stopped, and all count as compiling
 */
export function compiling(survivors: readonly Survivor[], root: string, patience?: number): readonly Survivor[] {
  if (survivors.length === 0) return survivors;
  const place = mkdtempSync(join(tmpdir(), 'jitbot-mutation-types-'));
  for (const name of ['src', 'test', 'tsconfig.json', 'package.json'])
    cpSync(join(root, name), join(place, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  const copyOf = (file: string, index: number | 'same') => file.replace(/\.ts$/, `.mutant-${index}.ts`);
  for (const file of new Set(survivors.map((one) => one.file)))
    cpSync(join(place, file), join(place, copyOf(file, 'same')));
  survivors.forEach(({ file, mutated }, index) => {
    writeFileSync(join(place, copyOf(file, index)), mutated);
  });
  const { stdout, error } = spawnSync(join(root, 'node_modules/.bin/tsc'), {
    cwd: place,
    encoding: 'utf8',
    maxBuffer: 1e9,
    ...(patience !== undefined && { timeout: patience }),
  });
  rmSync(place, { recursive: true, force: true });
  if (error) return survivors;
  const refused = new Set([...stdout.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, file]) => file));
  return survivors.filter(({ file }, index) => refused.has(copyOf(file, 'same')) || !refused.has(copyOf(file, index)));
}

/** Wilson's interval of 95 % for a share. */
export function interval(part: number, whole: number): readonly [from: number, to: number] {
  if (whole === 0) return [0, 1];
  const z = 1.96;
  const share = part / whole;
  const middle = share + z ** 2 / (2 * whole);
  const spread = z * Math.sqrt((share * (1 - share)) / whole + z ** 2 / (4 * whole ** 2));
  const scale = 1 + z ** 2 / whole;
  return [(middle - spread) / scale, (middle + spread) / scale];
}
