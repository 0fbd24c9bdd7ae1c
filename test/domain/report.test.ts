/** What a report says of a period, from the accesses of it. */

import { describe, expect, test } from 'vitest';
import { type AccessSpan, type Figures, HASTY, quantile, summarize } from '../../src/domain/report.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';

const FROM = Date.UTC(2026, 0, 1);
const DAY = 24 * HOUR;
const aSpan = (more: Partial<AccessSpan> = {}): AccessSpan => ({
  grantId: 'G1',
  requestId: 'R1',
  role: 'db/read',
  person: { slackId: 'U0ANA', name: 'Ana' },
  approval: 'automatic',
  requestedAt: FROM,
  from: FROM + MINUTE,
  to: FROM + HOUR,
  credential: false,
  seq: 1,
  ...more,
});
const figures = (spans: readonly AccessSpan[], more: Partial<Figures> = {}): Figures => ({
  from: FROM,
  to: FROM + 2 * DAY,
  head: null,
  spans,
  requests: 0,
  denied: [],
  reviews: [],
  overdue: [],
  unreviewed: [],
  drift: [],
  signals: [],
  canary: { passed: 0, failed: [] },
  ...more,
});
const idsOf = (spans: readonly AccessSpan[]) => spans.map(({ grantId }) => grantId);
const at = (from: number, to: number | null, grantId: string) => aSpan({ from, to, grantId });

test('access that begins at the period’s first moment is in it, at its end it is not', () => {
  const end = FROM + 2 * DAY;
  const spans = [
    at(FROM - 1, null, 'before'),
    at(FROM, null, 'first'),
    at(end - 1, null, 'last'),
    at(end, null, 'after'),
  ];
  expect(idsOf(summarize(figures(spans)).begun)).toEqual(['first', 'last']);
});

test('access that ends at the period’s end was live then, what begins there was not', () => {
  const end = FROM + 2 * DAY;
  const spans = [
    at(FROM, end - 1, 'ended'),
    at(FROM, end, 'ends now'),
    at(FROM, null, 'goes on'),
    at(end, null, 'begins now'),
    at(FROM - DAY, end + 1, 'since before'),
  ];
  expect(idsOf(summarize(figures(spans)).live)).toEqual(['ends now', 'goes on', 'since before']);
});

test('a wait is from the request to the access, by kind of approval', () => {
  const waited = (wait: number, approval: AccessSpan['approval']) =>
    aSpan({ requestedAt: FROM, from: FROM + wait, approval });
  const spans = [9, 100, 2, 3].map((minutes) => waited(minutes * MINUTE, 'reviewed'));
  const before = { ...waited(0, 'automatic'), requestedAt: FROM - DAY, from: FROM - 1 };
  expect(summarize(figures([...spans, waited(SECOND, 'break_glass'), before])).waits).toEqual([
    { approval: 'reviewed', count: 4, median: 3 * MINUTE, p95: 100 * MINUTE },
    { approval: 'break_glass', count: 1, median: SECOND, p95: SECOND },
  ]);
});

test('of twenty waits, the nineteenth is the 95th percentile', () => {
  const spans = Array.from({ length: 20 }, (_, minutes) => aSpan({ from: FROM + minutes * MINUTE }));
  expect(summarize(figures(spans)).waits).toEqual([
    { approval: 'automatic', count: 20, median: 9 * MINUTE, p95: 18 * MINUTE },
  ]);
});

test.each([
  [[], 0.5, 0],
  [[7], 0, 7],
  [[7], 1, 7],
  [[1, 2, 3, 4], 0.5, 2],
  [[1, 2, 3, 4], 0.51, 3],
  [[1, 2, 3, 4], 0.95, 4],
])('the quantile of %j at %d is %d', (sorted, q, value) => {
  expect(quantile(sorted, q)).toBe(value);
});

test('each day of the period has each kind of approval, in the reader’s time zone', () => {
  const spans = [
    aSpan({ from: FROM + 23 * HOUR }),
    aSpan({ from: FROM + 23 * HOUR + 1 }),
    aSpan({ from: FROM + 25 * HOUR, approval: 'reviewed' }),
    aSpan({ from: FROM + DAY - 1, approval: 'break_glass' }),
  ];
  const counts = (zone?: string) =>
    summarize(figures(spans), zone).perDay.map(({ day, approval, count }) => `${day} ${approval} ${count}`);
  expect(counts()).toEqual([
    '2026-01-01 automatic 2',
    '2026-01-01 reviewed 0',
    '2026-01-01 break_glass 1',
    '2026-01-02 automatic 0',
    '2026-01-02 reviewed 1',
    '2026-01-02 break_glass 0',
  ]);
  expect(counts('Europe/Zagreb').filter((line) => !line.endsWith(' 0'))).toEqual([
    '2026-01-02 automatic 2',
    '2026-01-02 reviewed 1',
    '2026-01-02 break_glass 1',
  ]);
});

describe('live access over time', () => {
  /** Two hundred steps of a minute. */
  const period = { from: FROM, to: FROM + 200 * MINUTE };
  const live = (...spans: AccessSpan[]) => {
    const steps = summarize(figures(spans, period)).liveOverTime;
    expect(steps.map(({ at: when }) => when)).toEqual(Array.from({ length: 200 }, (_, step) => FROM + step * MINUTE));
    return steps.map((step) => step.live);
  };
  const span = (from: number, to: number | null) =>
    aSpan({ from: FROM + from * MINUTE, to: to === null ? null : FROM + to * MINUTE });

  test('counts from the step in which access begins to the one in which it ends', () => {
    expect(live(span(2, 4)).slice(0, 7)).toEqual([0, 0, 1, 1, 1, 0, 0]);
    expect(live(span(2.5, 2.75)).slice(0, 5)).toEqual([0, 0, 1, 0, 0]);
    expect(live(span(198, null)).slice(-3)).toEqual([0, 1, 1]);
  });

  test('counts from the start if it began before, and to the end if it goes on', () => {
    expect(live(span(-60, 1)).slice(0, 3)).toEqual([1, 1, 0]);
    expect(live(span(-60, null), span(199, 300)).slice(-2)).toEqual([1, 2]);
  });

  test('is the maximum within a step, even if one ends as another begins', () => {
    expect(live(span(1, 2), span(2, 3), span(2, 3)).slice(0, 5)).toEqual([0, 1, 3, 2, 0]);
    expect(live(span(1.2, 1.4), span(1.6, 1.8)).slice(0, 4)).toEqual([0, 1, 0, 0]);
  });

  test('is empty if there was no access', () => {
    expect(new Set(live())).toEqual(new Set([0]));
  });
});

test('access is counted by role, person and kind of approval, with its events', () => {
  const ben = { slackId: 'U0BEN', name: 'Ben' };
  const spans = [
    aSpan({ seq: 1 }),
    aSpan({ seq: 2, person: ben, from: FROM + 2 * MINUTE }),
    aSpan({ seq: 3, approval: 'reviewed' }),
    aSpan({ seq: 4, role: 'flags/read' }),
    aSpan({ seq: 5, from: FROM - 1 }),
  ];
  const { byRole, byPerson } = summarize(figures(spans));
  const mark = (seq: number, minutes = 1) => ({ seq, at: FROM + minutes * MINUTE });
  expect(byRole).toEqual([
    { key: 'db/read', approval: 'automatic', count: 2, marks: [mark(1), mark(2, 2)] },
    { key: 'db/read', approval: 'reviewed', count: 1, marks: [mark(3)] },
    { key: 'flags/read', approval: 'automatic', count: 1, marks: [mark(4)] },
  ]);
  expect(byPerson).toEqual([
    { key: 'Ana', approval: 'automatic', count: 2, marks: [mark(1), mark(4)] },
    { key: 'Ben', approval: 'automatic', count: 1, marks: [mark(2, 2)] },
    { key: 'Ana', approval: 'reviewed', count: 1, marks: [mark(3)] },
  ]);
});

test('without an issued password it is unused if others of its role had one', () => {
  const spans = [
    aSpan({ grantId: 'used earlier', from: FROM - 1, credential: true }),
    aSpan({ grantId: 'unused' }),
    aSpan({ grantId: 'used', role: 'db/admin', credential: true }),
    aSpan({ grantId: 'unused beside it', role: 'db/admin' }),
    aSpan({ grantId: 'of a role without one', role: 'flags/read' }),
    aSpan({ grantId: 'unused before', from: FROM - 1 }),
  ];
  expect(idsOf(summarize(figures(spans)).unused)).toEqual(['unused', 'unused beside it']);
});

test('a review within five seconds of the request is hasty', () => {
  const review = (seq: number, after: number) => ({
    seq,
    at: FROM,
    reviewer: { slackId: 'U0EVE', name: 'Eve' },
    verdict: 'approve',
    after,
  });
  const { hasty } = summarize(
    figures([], { reviews: [review(1, 5 * SECOND - 1), review(2, 5 * SECOND), review(3, 0)] }),
  );
  expect(HASTY).toBe(5 * SECOND);
  expect(hasty.map(({ seq }) => seq)).toEqual([1, 3]);
});
