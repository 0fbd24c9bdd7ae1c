import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MUTATIONS } from './mutations.ts';
import { simulate } from './simulate.ts';

/** A few hundred worlds; `npm run simulate -- --minutes 60` tries many more. */

const SEEDS = 300;
const CHUNK = 25;
const STEPS = 200;

describe('whatever fails, whoever asks, whenever the bot dies: nothing is left behind, and all of it is on record', () => {
  test.each(Array.from({ length: SEEDS / CHUNK }, (_, index) => [index * CHUNK + 1, (index + 1) * CHUNK]))(
    'seeds %i to %i',
    async (first, last) => {
      for (let seed = first; seed <= last; seed += 1) {
        const { failure } = await simulate(seed, STEPS);
        expect(failure, `replay: npm run simulate -- --seeds 1 --from ${seed} --steps ${STEPS} --trace`).toBeNull();
      }
    },
    120_000,
  );
});

test('a seed replays exactly', async () => {
  const [first, second] = [await simulate(4711, STEPS), await simulate(4711, STEPS)];
  expect(second.trace).toEqual(first.trace);
  expect(second.story).toBe(first.story);
  expect(first.story.split('\n').length).toBeGreaterThan(10);
});

test('every bug that the mutation run plants still has its place in the source', () => {
  for (const { name, file, find } of MUTATIONS) {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(source.split(find).length, name).toBe(2);
  }
  expect(MUTATIONS.length).toBeGreaterThanOrEqual(10);
});
