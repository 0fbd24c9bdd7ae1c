/** What a command takes before its own work begins, and what a start takes until it is ready, beside bare Node. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/cli/commands.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { type Measure, paired } from './measure.ts';
import { processTime, processTimeSoFar } from './processTime.ts';

const ROUNDS = 9;
const STARTS = 5;
const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
const START = fileURLToPath(new URL('../../src/app/start.js', import.meta.url));
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
      await start(env),
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
async function start(env: NodeJS.ProcessEnv): Promise<Measure> {
  const rounds: [number, number][] = [];
  for (let round = -1; round < STARTS; round += 1) {
    const sandbox = await startSandbox(Date.now);
    try {
      const bare = processTime(BARE, env, sandbox.directory);
      const ours = await untilReady({ ...env, ...sandbox.env });
      if (round >= 0) rounds.push([ours, bare]);
    } finally {
      await sandbox.close();
    }
  }
  return {
    what: 'node src/app/start.js with an empty database, until it is ready',
    unit: 'ms of processor time',
    ...paired(FLOOR, ...sides(rounds)),
    budget: { most: 10 },
    limitedBy: 'loading the program: 900 modules, of which Slack’s are most',
  };
}

function untilReady(env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, [START], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    let took: number | null = null;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (took !== null || !said.includes('"msg":"ready"')) return;
      took = processTimeSoFar(child);
      // Ends as an operator would end it, so that what it compiled is kept.
      child.kill('SIGTERM');
    });
    child.stderr.resume();
    child.on('exit', (code) => {
      if (took === null) reject(new Error(`it ended with ${code} before it was ready: ${said}`));
      else resolve(took);
    });
  });
}
