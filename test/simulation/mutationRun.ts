/** `npm run simulate:mutations`: every planted bug has to be found within so many seeds. Exit code 1: one was not. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MUTATIONS } from './mutations.ts';

const SEEDS = 2_000;
const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let missed = 0;
process.stdout.write('| planted bug | found by seed | as |\n| --- | --- | --- |\n');
for (const [index, { name }] of MUTATIONS.entries()) {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', at('mutate.ts'), at('main.ts'), '--seeds', String(SEEDS), '--stop-at-first'],
    { env: { ...process.env, JIT_MUTATION: String(index) }, encoding: 'utf8' },
  );
  const found = /^seed (\d+): (.*)$/m.exec(stdout);
  if (!found || stderr.includes('was not planted')) missed += 1;
  const text = (found?.[2] ?? `NOT FOUND in ${SEEDS} seeds`).replaceAll('|', '/').slice(0, 140);
  process.stdout.write(`| ${name} | ${found?.[1] ?? '-'} | ${text} |\n`);
}
if (missed > 0) process.exitCode = 1;
