import { describe, expect, test } from 'vitest';
import { type Canary, canaryProblem, nextCanary } from '../../src/domain/canary.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';

const rule = { role: 'db/read', every: 5 * MINUTE, lasts: MINUTE, email: 'c@harbor.example' };
const last = { at: 0, problem: 'x', took: 1 };
const failed: Canary = { role: 'db/read', every: 5 * MINUTE, run: null, last, beganAt: 0, held: null, heldAt: null };

test('a failed canary is tried again after ten minutes, or its interval if shorter', () => {
  expect(nextCanary(failed, rule)).toBe(5 * MINUTE);
  expect(nextCanary(failed, { ...rule, every: HOUR })).toBe(10 * MINUTE);
});

test('a result may be missing for the interval and 15 minutes, and no longer', () => {
  const passed = { ...failed, last: { ...last, problem: null } };
  expect(canaryProblem(passed, 20 * MINUTE)).toBeNull();
  expect(canaryProblem(passed, 20 * MINUTE + 1)).not.toBeNull();
});

test('one of another role is tried at once', () => {
  expect(nextCanary(failed, { ...rule, role: 'db/other' })).toBe(0);
});

describe('one that is held', () => {
  const passed = { ...failed, last: { ...last, problem: null } };
  const held = { ...passed, held: 'a freeze', heldAt: 5 * HOUR };

  test('needs no result while somebody sees that it is', () => {
    expect(canaryProblem(held, 5 * HOUR + 15 * MINUTE)).toBeNull();
  });

  test('and at which nobody looks any more is a problem', () => {
    expect(canaryProblem(held, 5 * HOUR + 15 * MINUTE + 1)).toBe('db/read: no result for 15 min');
  });

  test('has its interval from when it is held no longer', () => {
    const free = { ...held, held: null };
    expect(canaryProblem(free, 5 * HOUR + 20 * MINUTE)).toBeNull();
    expect(canaryProblem(free, 5 * HOUR + 20 * MINUTE + 1)).toBe('db/read: no result for 20 min');
  });
});
