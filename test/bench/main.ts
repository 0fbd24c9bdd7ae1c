/** `npm run bench [-- NAME …]`: every figure, its budget, and what it is compared with. docs/reliability.md explains them. */

import { appendFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { commandsBench } from './commandsBench.ts';
import { grantBench } from './grantBench.ts';
import { growthBench } from './growthBench.ts';
import { ledgerBench } from './ledgerBench.ts';
import { libraryBench } from './libraryBench.ts';
import { isMet, type Measure, ratioOf, usedOf } from './measure.ts';
import { policyBench } from './policyBench.ts';
import { rolesBench } from './rolesBench.ts';
import { slackBench } from './slackBench.ts';
import { stallsBench } from './stallsBench.ts';
import { startBench } from './startBench.ts';

const SUITES: Readonly<Record<string, () => Promise<Measure[]>>> = {
  commands: commandsBench,
  policy: policyBench,
  roles: rolesBench,
  slack: slackBench,
  grant: grantBench,
  ledger: ledgerBench,
  start: startBench,
  stalls: stallsBench,
  libraries: libraryBench,
  growth: growthBench,
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !SUITES[name]);
if (unknown.length > 0) {
  process.stderr.write(`there is no ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}\n`);
  process.exit(2);
}
const all: (Measure & { suite: string })[] = [];
for (const [suite, run] of Object.entries(SUITES)) {
  if (named.length > 0 && !named.includes(suite)) continue;
  for (const measure of await run()) {
    all.push({ suite, ...measure });
    process.stdout.write(`${line(measure)}\n`);
  }
}

// A line of JSON for each run, to compare with later ones.
const history = process.env.JIT_BENCH_HISTORY;
if (history)
  appendFileSync(
    history,
    `${JSON.stringify({ at: new Date().toISOString(), node: process.version, cpu: cpus()[0]?.model, measures: all.map((measure) => ({ suite: measure.suite, what: measure.what, unit: measure.unit, value: measure.value, floor: measure.floor?.value ?? null, ratio: ratioOf(measure), interval: measure.interval ?? null })) })}\n`,
  );
const picture = process.env.JIT_BENCH_PICTURE;
if (picture) writeFileSync(picture, await drawBudgets(all));
if (all.some((measure) => isMet(measure) === false)) process.exitCode = 1;

/** How much of each budget is used: a bar past the line has missed it. */
async function drawBudgets(measures: readonly Measure[]): Promise<string> {
  const { drawSvg } = await import('../../src/report/charts.ts');
  const used = measures.flatMap((measure) => {
    const used = usedOf(measure);
    return used === null ? [] : [{ what: measure.what, used }];
  });
  const x = { field: 'used', type: 'quantitative', title: 'of the budget used', axis: { format: '%' } } as const;
  const y = { field: 'what', type: 'nominal', sort: null, title: null, axis: { labelLimit: 0 } } as const;
  return drawSvg({
    background: 'white',
    width: 420,
    data: { values: used },
    layer: [
      { mark: 'bar', encoding: { x, y } },
      { mark: { type: 'rule', color: '#c0392b' }, encoding: { x: { datum: 1 } } },
    ],
  });
}

function line(measure: Measure): string {
  const { what, unit, value, floor, limitedBy, interval } = measure;
  const met = isMet(measure);
  const mark = met === null ? '·' : met ? '✓' : '✗';
  const ratio = ratioOf(measure);
  const between = interval ? ` [${interval.map((end) => end.toFixed(2)).join(' to ')}]` : '';
  const against = floor ? ` = ${ratio?.toFixed(2)}${between} × ${floor.what} (${number(floor.value)})` : '';
  return `${mark} ${what}: ${number(value)} ${unit}${against}; ${limitOf(measure)}. Limited by ${limitedBy}`;
}

function limitOf({ budget, unit }: Measure): string {
  if (!budget) return 'no budget';
  if ('beyond' in budget) return `at most ${budget.beyond} ${unit} more`;
  if ('atLeast' in budget) return `at least ${number(budget.atLeast)} ${unit}`;
  if ('value' in budget) return `at most ${budget.value} ${unit}`;
  return 'most' in budget ? `at most ${budget.most}` : `at least ${budget.least}`;
}

function number(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
