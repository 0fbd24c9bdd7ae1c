/** What a command takes before its own work begins, and what a start takes until it is ready, beside bare Node. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/cli/commands.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startBotProcess } from './botProcess.ts';
import { type Measure, paired } from './measure.ts';
import { processTime } from './processTime.ts';

const ROUNDS = 9;
const STARTS = 5;
const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
const LIBRARIES = fileURLToPath(new URL('librariesOnly.js', import.meta.url));
const BARE = ['-e', '0'];
const FLOOR = 'bare Node';

/** Every command with files that are not there, so that it ends as soon as its own work would begin; `start` is measured by itself. */
const calls: readonly (readonly string[])[] = Object.entries(COMMANDS).flatMap(([name, one]) =>
  ('verbs' in one ? Object.entries(one.verbs) : [['', one] as const])
    .filter(() => name !== 'start')
    .map(([verb, { files = {} }]) => [name, verb, ...Object.keys(files).map(() => 'not-there')].filter(Boolean)),
);

export async function commandsBench(): Promise<Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-bench-'));
  try {
    const env = { PATH: process.env.PATH };
    const measure = (args: readonly string[], beyond: number, limitedBy: string): Measure => {
      const bare = () => processTime(BARE, env, folder);
      const ours = () => processTime([JIT, ...args], env, folder);
      ours(); // Compiled once, and kept.
      const rounds = Array.from({ length: ROUNDS }, () => [ours(), bare()] as const);
      return {
        what: `jitbot ${args.join(' ')}`,
        unit: 'ms of processor time',
        ...paired(FLOOR, ...sides(rounds)),
        budget: { beyond },
        limitedBy,
      };
    };
    return [
      measure(['--help'], 100, 'the library that reads options'),
      measure(['--version'], 100, 'the library that reads options'),
      ...calls.map((args) => measure(args, 300, 'loading what it is made of')),
      ...(await start(env)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sides = (rounds: readonly (readonly [number, number])[]): [number[], number[]] => [
  rounds.map(([ours]) => ours),
  rounds.map(([, bare]) => bare),
];

/** `node src/app/start.js` with an empty database, against the sandbox's Slack and PagerDuty. */
async function start(env: NodeJS.ProcessEnv): Promise<Measure[]> {
  const rounds: { ours: number; bare: number; libraries: number }[] = [];
  for (let round = -1; round < STARTS; round += 1) {
    const sandbox = await startSandbox(Date.now);
    try {
      const bare = processTime(BARE, env, sandbox.directory);
      const libraries = processTime([LIBRARIES], env, sandbox.directory);
      const bot = startBotProcess({ ...env, ...sandbox.env });
      const ours = await bot.ready;
      await bot.stop();
      if (round >= 0) rounds.push({ ours, bare, libraries });
    } finally {
      await sandbox.close();
    }
  }
  const ours = rounds.map((one) => one.ours);
  const what = 'node src/app/start.js with an empty database, until it is ready';
  const unit = 'ms of processor time';
  return [
    {
      ...{ what, unit },
      ...paired(
        FLOOR,
        ours,
        rounds.map(({ bare }) => bare),
      ),
      budget: { most: 10 },
      limitedBy: 'its libraries, which alone are more than that: see the next line',
    },
    {
      ...{ what, unit },
      ...paired(
        'the libraries that it needs, loaded by an empty program',
        ours,
        rounds.map(({ libraries }) => libraries),
      ),
      limitedBy: 'six hundred modules of its own, each found, read and linked by itself',
    },
  ];
}
