import { expect, test } from 'vitest';
import { killOften } from './kills.ts';

/** A few; `npm run kills` does hundreds. */
test('killed at random under load: nothing left behind, unapproved or missing', async () => {
  const report = await killOften({ times: 12, seed: 7 });
  expect(report.wrong).toEqual([]);
  expect(report.kills).toBe(12);
  expect(report.events).toBeGreaterThan(20);
}, 240_000);
