/** Runs the mutants of one room on its tests, all or as many as there is time for. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Room } from './rooms.ts';
import type { StreamOptions } from './stream.ts';
import { type Outcome, read } from './survivors.ts';

export interface Sample {
  readonly seed: string;
  /** FILE:LINE, from the root: what is tried before all else. */
  readonly first?: readonly string[];
  /** Milliseconds after which the rest is left. */
  readonly patience?: number | undefined;
  /** Shows the runner's own output. */
  readonly isLoud?: boolean;
}

export interface Run extends Outcome {
  /** The time was over before all were tried. */
  readonly isCutShort: boolean;
}

const STRYKER = 'node_modules/@stryker-mutator/core/bin/stryker.js';

/** @param mutate files, or FILE:FROM-TO, from the root */
export function run({ name, tests }: Room, mutate: readonly string[], root: string, sample: Sample): Run {
  const { seed, first = [], patience, isLoud = false } = sample;
  const directory = mkdtempSync(join(tmpdir(), 'jitbot-mutation-'));
  const config = JSON.parse(readFileSync(new URL('stryker.config.json', import.meta.url), 'utf8')) as object;
  const [configFile, into] = [join(directory, 'config.json'), join(directory, 'tried.jsonl')];
  const tempDirName = join('.mutation', basename(directory));
  writeFileSync(configFile, JSON.stringify({ ...config, mutate, tempDirName }));
  writeFileSync(into, '');
  const stream: StreamOptions = { into, seed, first: first.map((place) => join(root, place)) };
  const { status } = spawnSync(process.execPath, [join(root, STRYKER), 'run', configFile], {
    cwd: root,
    env: {
      ...process.env,
      MUTATION_TESTS: process.env.MUTATION_TESTS ?? tests.join(','),
      MUTATION_STREAM: JSON.stringify(stream),
    },
    stdio: isLoud ? 'inherit' : ['ignore', 'ignore', 'inherit'],
    ...(patience !== undefined && { timeout: patience, killSignal: 'SIGTERM' }),
  });
  const isCutShort = patience !== undefined && status !== 0;
  if (status !== 0 && !isCutShort) throw new Error(`the mutants of ${name} could not be tried`);
  const outcome = read(readFileSync(into, 'utf8'), root, isCutShort);
  rmSync(directory, { recursive: true });
  // A runner that was stopped leaves its copy of the project.
  rmSync(join(root, tempDirName), { recursive: true, force: true });
  return { ...outcome, isCutShort };
}
