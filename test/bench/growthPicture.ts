/** `node test/bench/growthPicture.ts DATA.jsonl PICTURE.png`: the curves of `npm run bench growth`, the newest run of the data. */

import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { drawPng } from '../../src/report/picture.ts';

const runSchema = z.object({
  measures: z.array(z.object({ suite: z.string(), what: z.string(), unit: z.string(), value: z.number() })),
});
const [data = '', picture = ''] = process.argv.slice(2);
const newest = readFileSync(data, 'utf8').trim().split('\n').at(-1) ?? '';
const points = runSchema
  .parse(JSON.parse(newest))
  .measures.filter(({ suite }) => suite === 'growth')
  .flatMap(({ what, unit, value }) => {
    const [, curve = '', size = '', of = ''] = /^(.+), ([\d,]+) (.+)$/.exec(what) ?? [];
    // What took no time that could be measured has no place on a logarithmic scale.
    return curve === '' || value === 0
      ? []
      : [{ curve: `${curve} (${unit})`, of, size: Number(size.replaceAll(',', '')), value }];
  });
const log = { type: 'log' } as const;
writeFileSync(
  picture,
  await drawPng({
    background: 'white',
    config: { font: 'PT Sans' },
    data: { values: points },
    facet: { column: { field: 'of', type: 'nominal', title: null, sort: ['roles', 'events', 'live grants'] } },
    spec: {
      width: 220,
      height: 200,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'size', type: 'quantitative', title: null, scale: log, axis: { format: '~s', tickCount: 4 } },
        y: { field: 'value', type: 'quantitative', title: 'ms of one processor, or MB', scale: log },
        color: { field: 'curve', type: 'nominal', title: null, legend: { labelLimit: 0 } },
      },
    },
    resolve: { scale: { x: 'independent' } },
  }),
);
