/** What is wrong with what a person typed, before anything is looked up. */

import { describe, expect, test } from 'vitest';
import { checkForm, FURTHEST_START, isLength, REASON_MAX_LENGTH } from '../../src/domain/form.ts';
import type { Role } from '../../src/domain/policy.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { aRole, NOON } from '../support/domain.ts';

const WITH_TICKET = { reason: { minLength: 5, ticket: /^INC-\d+$/ } };
const check = (
  asked: { duration?: number; reason?: string; startsAt?: number | null },
  role: Partial<Role> = { reason: { minLength: 5, ticket: null } },
) =>
  checkForm(aRole(role), { duration: HOUR, reason: 'it is stuck', startsAt: null, ...asked }, NOON).map((one) =>
    JSON.stringify(one),
  );
const saying = (...refusals: object[]) => refusals.map((one) => JSON.stringify(one));

describe('a start', () => {
  test.each([
    ['now', NOON, [{ code: 'start_not_ahead' }]],
    ['a moment ago', NOON - 1, [{ code: 'start_not_ahead' }]],
    ['long ago', 0, [{ code: 'start_not_ahead' }]],
    ['that is no time', Number.NaN, [{ code: 'start_not_ahead' }]],
    ['in a moment', NOON + 1, []],
    ['in fourteen days', NOON + FURTHEST_START, []],
    ['later', NOON + FURTHEST_START + 1, [{ code: 'start_too_far', max: 14 * 24 * HOUR }]],
    ['as soon as it is approved', null, []],
  ])('%s', (_name, startsAt, refusals) => {
    expect(check({ startsAt })).toEqual(saying(...refusals));
  });
});

describe('a length', () => {
  test.each([
    ['none', 0, [{ code: 'duration_not_positive' }]],
    ['less than none', -HOUR, [{ code: 'duration_not_positive' }]],
    ['no whole milliseconds', 1.5, [{ code: 'duration_not_positive' }]],
    ['a millisecond', 1, []],
    ['the longest', 4 * HOUR, []],
    ['longer', 4 * HOUR + 1, [{ code: 'duration_too_long', max: 4 * HOUR, asked: 4 * HOUR + 1 }]],
  ])('%s', (_name, duration, refusals) => {
    expect(check({ duration })).toEqual(saying(...refusals));
  });

  test('that is not a number is refused', () => {
    for (const wrong of [Number.NaN, Infinity, 2 ** 60]) expect(isLength(wrong)).toBe(false);
  });
});

describe('a reason', () => {
  const short = { code: 'reason_too_short', minLength: 5 };
  test.each<[string, string, Partial<Role> | undefined, object[]]>([
    ['of the least length', 'stuck', undefined, []],
    ['one letter short', 'stuc', undefined, [short]],
    ['one letter short, with spaces around it', '  stuc  ', undefined, [short]],
    ['of the greatest length', 'x'.repeat(REASON_MAX_LENGTH), undefined, []],
    ['of the greatest length, with spaces around it', ` ${'x'.repeat(REASON_MAX_LENGTH)} `, undefined, []],
    [
      'one letter long',
      'x'.repeat(REASON_MAX_LENGTH + 1),
      undefined,
      [{ code: 'reason_too_long', maxLength: REASON_MAX_LENGTH }],
    ],
    ['with its ticket', 'stuck INC-7', WITH_TICKET, []],
    ['with its ticket on a line of its own', 'stuck\n\tINC-7\n again', WITH_TICKET, []],
    [
      'with what only holds a ticket',
      'stuck xINC-7',
      WITH_TICKET,
      [{ code: 'ticket_missing', pattern: '^INC-\\d+$', example: 'INC-1234' }],
    ],
    [
      'without a ticket',
      'it is stuck',
      WITH_TICKET,
      [{ code: 'ticket_missing', pattern: '^INC-\\d+$', example: 'INC-1234' }],
    ],
    ['too short for a ticket too', 'x', WITH_TICKET, [short]],
  ])('%s', (_name, reason, role, refusals) => {
    expect(check({ reason }, role)).toEqual(saying(...refusals));
  });
});

test('a reason may be as long as a paragraph, and a start two weeks ahead', () => {
  expect(REASON_MAX_LENGTH).toBe(1_000);
  expect(FURTHEST_START).toBe(14 * 24 * HOUR);
});

test('every mistake is reported at once', () => {
  expect(check({ startsAt: NOON, duration: 5 * HOUR, reason: 'x' })).toEqual(
    saying(
      { code: 'start_not_ahead' },
      { code: 'duration_too_long', max: 4 * HOUR, asked: 5 * HOUR },
      { code: 'reason_too_short', minLength: 5 },
    ),
  );
  expect(check({ startsAt: NOON + 2 * FURTHEST_START, duration: 0 })).toEqual(
    saying({ code: 'start_too_far', max: FURTHEST_START }, { code: 'duration_not_positive' }),
  );
});
