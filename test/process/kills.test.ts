import { expect, test } from 'vitest';
import { killOften } from './kills.ts';

/** A few; `npm run kills` does hundreds. */
test('killed at random moments under load, again and again: nothing is left behind, nothing is given unapproved, nothing is missing', async () => {
  const report = await killOften({ times: 12, seed: 7 });
  expect(report.wrong).toEqual([]);
  expect(report.kills).toBe(12);
  expect(report.events).toBeGreaterThan(20);
}, 240_000);
