/** A few hundred worlds; `npm run simulate -- --minutes 60` tries many more. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { addCensus, type Census, NO_CENSUS } from './census.ts';
import { MUTATIONS } from './mutations.ts';
import { simulate } from './simulate.ts';

const SEEDS = 150;
const CHUNK = 25;
const STEPS = 240;
/** In 100 seeds at least: nothing is proved by worlds in which nothing happens. docs/reliability.md has what it was. */
const LIVELY: Omit<Census, 'seedsWithoutGrant' | 'revocationsWhileHeld' | 'webhooks' | 'renames'> = {
  grants: 300,
  approvals: 120,
  standIns: 20,
  extensions: 60,
  verdicts: 50,
  scheduledStarts: 30,
  endsByShift: 30,
  endsByIncident: 30,
  freezesLifted: 20,
  reloads: 30,
  revocationsOnFullDisk: 20,
  acrossClockChange: 60,
  told: 1_500,
};
/** Worlds in which people act in Slack's own apps, and what has to happen in all of them together. */
const FRONTS = 24;
const LIVELY_IN_SLACK: Partial<Census> = {
  grants: 50,
  approvals: 6,
  verdicts: 4,
  endsByShift: 3,
  reloads: 1,
  told: 400,
};
let census = NO_CENSUS;

describe('whatever fails or dies, nothing is left behind, and all of it is recorded', () => {
  test.each(Array.from({ length: SEEDS / CHUNK }, (_, index) => [index * CHUNK + 1, (index + 1) * CHUNK]))(
    'seeds %i to %i',
    async (first, last) => {
      for (let seed = first; seed <= last; seed += 1) {
        const { failure, census: happened } = await simulate(seed, STEPS);
        census = addCensus(census, happened);
        expect(failure, `replay: npm run simulate -- --seeds 1 --from ${seed} --steps ${STEPS} --trace`).toBeNull();
      }
    },
    120_000,
  );
});

test('much happens in these worlds: access is given, decided, extended and ended', () => {
  for (const [what, least] of Object.entries(LIVELY))
    expect(census[what as keyof Census] / (SEEDS / 100), what).toBeGreaterThanOrEqual(least);
  expect(census.seedsWithoutGrant / (SEEDS / 100)).toBeLessThanOrEqual(10);
});

describe('the same with PagerDuty on the wire, held databases and renames', () => {
  let happened = NO_CENSUS;
  test.each([1, 9, 17])(
    'seeds %i and seven more',
    async (first) => {
      for (let seed = first; seed < first + FRONTS / 3; seed += 1) {
        const run = await simulate(seed, STEPS, 'wide');
        happened = addCensus(happened, run.census);
        expect(
          run.failure,
          `replay: npm run simulate -- --wide --seeds 1 --from ${seed} --steps ${STEPS} --trace`,
        ).toBeNull();
      }
    },
    240_000,
  );

  test('much happens there, too', () => {
    expect(happened.grants).toBeGreaterThanOrEqual(40);
    expect(happened.approvals).toBeGreaterThanOrEqual(10);
    expect(happened.webhooks).toBeGreaterThanOrEqual(30);
    expect(happened.renames).toBeGreaterThanOrEqual(30);
  });
});

describe('the same through Slack', () => {
  let happened = NO_CENSUS;
  test.each([1, 9, 17])(
    'seeds %i and seven more',
    async (first) => {
      for (let seed = first; seed < first + FRONTS / 3; seed += 1) {
        const run = await simulate(seed, STEPS, 'slack');
        happened = addCensus(happened, run.census);
        expect(
          run.failure,
          `replay: npm run simulate -- --slack --seeds 1 --from ${seed} --steps ${STEPS} --trace`,
        ).toBeNull();
      }
    },
    120_000,
  );

  test('much happens by clicks, forms and commands, too', () => {
    for (const [what, least] of Object.entries(LIVELY_IN_SLACK))
      expect(happened[what as keyof Census], what).toBeGreaterThanOrEqual(least);
  });

  test('a seed replays exactly', async () => {
    const [first, second] = [await simulate(4711, STEPS, 'slack'), await simulate(4711, STEPS, 'slack')];
    expect(second.trace).toEqual(first.trace);
    expect(second.story).toBe(first.story);
  });
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
