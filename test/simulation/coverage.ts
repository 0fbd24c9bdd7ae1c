/**
 * Runs as a process of its own: so many worlds, and every function of the two folders that decide runs in them, or stands in
 * notRun.yaml with the reason.
 */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { watchFunctions } from './functions.ts';

const SEEDS = Number(process.argv[2] ?? 100);
const STEPS = 240;

const listed = parse(readFileSync(new URL('notRun.yaml', import.meta.url), 'utf8')) as readonly Record<
  string,
  string[]
>[];
const isListed = (file: string, name: string) => listed.some((group) => group[file]?.includes(name));

const watch = await watchFunctions(['src/domain', 'src/lifecycle']);
const { simulate } = await import('./simulate.ts');
for (let seed = 1; seed <= SEEDS; seed += 1) await simulate(seed, STEPS);
const missing = Object.entries(await watch.neverRan()).flatMap(([file, names]) =>
  names.filter((name) => !isListed(file, name)).map((name) => `${file}: ${name}`),
);
process.stdout.write(missing.length === 0 ? 'every function ran, or is listed\n' : `${missing.join('\n')}\n`);
