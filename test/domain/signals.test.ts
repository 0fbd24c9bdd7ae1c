import { describe, expect, test } from 'vitest';
import { LOOK_BACK, REQUEST_SIGNALS, requestSignals, reviewSignals, SIGNAL_NAMES } from '../../src/domain/signals.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';

const DAY = 24 * HOUR;
/** 14:00 in Berlin. */
const NOW = Date.UTC(2026, 0, 15, 13);
const about = { at: NOW, resource: 'db', timeZone: 'Europe/Berlin' };
const seen = (...ago: number[]) => ago.map((ms, index) => ({ seq: 100 - index, at: NOW - ms }));
const nothing = { requests: [], denials: [], knowsResource: true };
const days = (count: number, shift = 0) => Array.from({ length: count }, (_, index) => (index + 1) * DAY + shift);

describe('signals of a request', () => {
  test.each([
    ['nothing unusual', nothing, []],
    ['never had it', { ...nothing, knowsResource: false }, ['first_time: never had access to db before']],
    ['always at this time of day', { ...nothing, requests: seen(...days(12)) }, []],
    ['two hours off is still usual', { ...nothing, requests: seen(...days(12, 2 * HOUR)) }, []],
    [
      'always twelve hours away from now',
      { ...nothing, requests: seen(...days(12, 12 * HOUR)) },
      ['unusual_hour: it is 14:00 for them; none of their last 12 requests came within 2 hours of that'],
    ],
    ['too few to have a habit', { ...nothing, requests: seen(...days(9, 12 * HOUR)) }, []],
    [
      'the fifth within the hour',
      { ...nothing, requests: seen(MINUTE, 2 * MINUTE, 30 * MINUTE, 59 * MINUTE) },
      ['many_requests: request number 5 within 1 h (#100, #99, #98, #97)'],
    ],
    ['four within the hour, one before', { ...nothing, requests: seen(MINUTE, 2 * MINUTE, 30 * MINUTE, HOUR) }, []],
    [
      'denied three times in a week',
      { ...nothing, denials: seen(DAY, 2 * DAY, 6 * DAY) },
      ['repeated_denials: denied 3 times in 7 days (#100, #99, #98)'],
    ],
    [
      'too far from habit by a minute',
      { ...nothing, requests: seen(...days(12, 2 * HOUR + MINUTE)) },
      ['unusual_hour: it is 14:00 for them; none of their last 12 requests came within 2 hours of that'],
    ],
    [
      'too far from habit by a quarter of an hour, later in the day',
      { ...nothing, requests: seen(...days(12, -(2 * HOUR + 15 * MINUTE))) },
      ['unusual_hour: it is 14:00 for them; none of their last 12 requests came within 2 hours of that'],
    ],
    [
      'ten requests are a habit',
      { ...nothing, requests: seen(...days(10, 12 * HOUR)) },
      ['unusual_hour: it is 14:00 for them; none of their last 10 requests came within 2 hours of that'],
    ],
    ['one of many at this hour', { ...nothing, requests: seen(...days(12, 12 * HOUR), 2 * DAY) }, []],
    [
      'the seventh within the hour, by the newest five',
      { ...nothing, requests: seen(1, 2, 3, 4, 5, HOUR - 1) },
      ['many_requests: request number 7 within 1 h (#100, #99, #98, #97, #96)'],
    ],
    [
      'denied for the third time almost a week ago',
      { ...nothing, denials: seen(DAY, 2 * DAY, 7 * DAY - 1) },
      ['repeated_denials: denied 3 times in 7 days (#100, #99, #98)'],
    ],
    [
      'several at once',
      { requests: seen(1, 2, 3, 4), denials: seen(1, 2, 3, 4), knowsResource: false },
      [
        'first_time: never had access to db before',
        'many_requests: request number 5 within 1 h (#100, #99, #98, #97)',
        'repeated_denials: denied 4 times in 7 days (#100, #99, #98, #97)',
      ],
    ],
    ['denied twice, and once long ago', { ...nothing, denials: seen(DAY, 2 * DAY, 7 * DAY) }, []],
  ])('%s', (_name, activity, expected) => {
    expect(requestSignals(activity, about).map(({ kind, facts }) => `${kind}: ${facts}`)).toEqual(expected);
  });

  test('compare the hour of the day across midnight', () => {
    const requests = seen(...days(12)).map((one) => ({ ...one, at: one.at - (13 * HOUR + 30 * MINUTE) }));
    // Always at 00:30; now it is 23:00, which is near.
    expect(requestSignals({ ...nothing, requests }, { ...about, at: NOW + 9 * HOUR })).toEqual([]);
  });
});

test('the hour of the day is that of the person’s clock, in summer and in winter', () => {
  const inSummer = Array.from({ length: 12 }, (_, day) => ({ seq: day, at: Date.UTC(2026, 9, 1 + day, 5, 30) }));
  // Always at 07:30; now it is 09:30 there, and the clocks have changed.
  const at = Date.UTC(2026, 10, 5, 8, 30);
  expect(requestSignals({ ...nothing, requests: inSummer }, { ...about, at })).toEqual([]);
  expect(requestSignals({ ...nothing, requests: inSummer }, { ...about, at, timeZone: 'UTC' })).toHaveLength(1);
});

describe('signals of a review', () => {
  const review = { at: NOW, verdict: 'approve', after: 4 * SECOND } as const;
  const quick = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...review, seq: index, at: NOW - index * HOUR }));
  const alone = { reviews: [], approversOfRequester: [], approversOfReviewer: [] };
  const kinds = (
    activity: Parameters<typeof reviewSignals>[0],
    own: Parameters<typeof reviewSignals>[1]['review'] = review,
  ) => reviewSignals(activity, { review: own, reviewer: 'U0A', requester: 'U0B' }).map(({ kind }) => kind);

  test.each([
    ['the first time, in a hurry', alone, []],
    ['five in a row within seconds', { ...alone, reviews: quick(4) }, ['quick_approvals']],
    ['four in a row', { ...alone, reviews: quick(3) }, []],
    ['one of them was a no', { ...alone, reviews: [{ ...review, seq: 1, verdict: 'deny' as const }, ...quick(4)] }, []],
    ['one of them took a minute', { ...alone, reviews: [{ ...review, seq: 1, after: MINUTE }, ...quick(4)] }, []],
    [
      'these two only ever approve each other',
      { ...alone, approversOfRequester: ['U0A', 'U0A'], approversOfReviewer: ['U0B', 'U0B', 'U0B'] },
      ['mutual_approvals'],
    ],
    [
      'somebody else approves one of them too',
      { ...alone, approversOfRequester: ['U0A', 'U0A'], approversOfReviewer: ['U0B', 'U0B', 'U0B', 'U0C'] },
      [],
    ],
    ['not often enough', { ...alone, approversOfRequester: ['U0A'], approversOfReviewer: ['U0B', 'U0B', 'U0B'] }, []],
  ])('%s', (_name, activity, expected) => {
    expect(kinds(activity)).toEqual(expected);
  });

  test('look at the last five approvals, whatever came before', () => {
    const slow = { ...review, seq: 0, after: MINUTE };
    expect(kinds({ ...alone, reviews: [...quick(4), slow] })).toEqual(['quick_approvals']);
    expect(kinds({ ...alone, reviews: [...quick(3), slow] })).toEqual([]);
  });

  test.each([
    ['just within the ten seconds', 10 * SECOND - 1, ['quick_approvals']],
    ['after ten seconds', 10 * SECOND, []],
  ])('five in a row, the newest %s', (_name, after, expected) => {
    expect(kinds({ ...alone, reviews: quick(4) }, { ...review, after })).toEqual(expected);
  });

  test('do not count a denial as an approval, quick or mutual', () => {
    const mutual = { approversOfRequester: ['U0A', 'U0A', 'U0A'], approversOfReviewer: ['U0B', 'U0B', 'U0B'] };
    expect(kinds({ ...mutual, reviews: quick(4) }, { ...review, verdict: 'deny' })).toEqual([]);
    expect(kinds({ ...mutual, reviews: quick(4) })).toEqual(['quick_approvals', 'mutual_approvals']);
  });

  test('are mutual if both approve each other, nobody else, three times each', () => {
    const both = { ...alone, approversOfRequester: ['U0A', 'U0A'], approversOfReviewer: ['U0B', 'U0B', 'U0B'] };
    expect(kinds({ ...both, approversOfReviewer: ['U0B', 'U0B'] })).toEqual([]);
    expect(kinds({ ...both, approversOfReviewer: [] })).toEqual([]);
    expect(kinds({ ...both, approversOfRequester: ['U0C', 'U0A', 'U0A'] })).toEqual([]);
    expect(kinds({ ...both, approversOfReviewer: ['U0A', 'U0A', 'U0A'] })).toEqual([]);
  });

  test('are both reported with their numbers', () => {
    const mutual = { approversOfRequester: ['U0A', 'U0A'], approversOfReviewer: ['U0B', 'U0B', 'U0B', 'U0B'] };
    const signals = reviewSignals({ ...mutual, reviews: quick(9) }, { review, reviewer: 'U0A', requester: 'U0B' });
    expect(signals.map(({ facts }) => facts)).toEqual([
      'the last 5 reviews by this reviewer were all approvals, each within 10 s of the request',
      'these two approve only each other: 3 and 4 approvals in 90 days, by nobody else',
    ]);
  });

  test('say nothing about somebody who takes their time', () => {
    expect(kinds({ ...alone, reviews: quick(9) }, { ...review, after: MINUTE })).toEqual([]);
  });
});

test('behaviour counts for ninety days, and every signal has a name of its own', () => {
  expect(LOOK_BACK).toBe(90 * DAY);
  expect(new Set(Object.values(SIGNAL_NAMES)).size).toBe(6);
  expect(REQUEST_SIGNALS.map((kind) => SIGNAL_NAMES[kind])).toEqual([
    'first time',
    'unusual hour',
    'many requests',
    'repeated denials',
  ]);
});
