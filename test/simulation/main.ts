/** `npm run simulate -- [--seeds N] [--minutes M] [--from SEED] [--steps S] [--slack | --wide] [--trace]`. Exit code 1: a seed failed. */

import { parseArgs } from 'node:util';
import { addCensus, NO_CENSUS } from './census.ts';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    from: { type: 'string', default: '1' },
    steps: { type: 'string', default: '300' },
    slack: { type: 'boolean', default: false },
    wide: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    'stop-at-first': { type: 'boolean', default: false },
  },
});
const first = Number(values.from);
const seeds =
  values.seeds === undefined ? (values.minutes === undefined ? 200 : Number.POSITIVE_INFINITY) : Number(values.seeds);
const until =
  performance.now() + (values.minutes === undefined ? Number.POSITIVE_INFINITY : Number(values.minutes) * 60_000);
const through = values.slack ? 'slack' : values.wide ? 'wide' : 'flow';
const started = performance.now();
let done = 0;
let steps = 0;
const failed: number[] = [];
let census = NO_CENSUS;
for (let seed = first; seed < first + seeds && performance.now() < until; seed += 1) {
  const run = await simulate(seed, Number(values.steps), through);
  done += 1;
  steps += run.trace.length;
  census = addCensus(census, run.census);
  if (values.trace) process.stdout.write(`${run.trace.map((line, index) => `${index}  ${line}`).join('\n')}\n`);
  if (run.failure === null) continue;
  failed.push(seed);
  process.stdout.write(
    `seed ${seed}: ${run.failure}\n  replay: npm run simulate -- --seeds 1 --from ${seed} --steps ${values.steps}${through === 'flow' ? '' : ` --${through}`} --trace\n`,
  );
  if (values['stop-at-first']) break;
}
const seconds = (performance.now() - started) / 1_000;
process.stdout.write(
  `${done} seeds, ${steps.toLocaleString('en')} steps in ${seconds.toFixed(1)} s: ${failed.length === 0 ? 'all held' : `${failed.length} failed: ${failed.join(', ')}`}\n`,
);
process.stdout.write(
  `${Object.entries(census)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ')}\n`,
);
if (failed.length > 0) process.exitCode = 1;
