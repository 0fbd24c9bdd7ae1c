import { describe, expect, test } from 'vitest';
import { alarmsIn, type Observed } from '../../src/domain/alarm.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import { NOON } from '../support/domain.ts';

const GB = 1_000_000_000;
const found = (more: Partial<Observed> = {}) =>
  Object.fromEntries(
    alarmsIn({
      now: NOON,
      overdue: null,
      ledgerProblem: null,
      lastWrite: NOON,
      canaryProblem: null,
      auditBehind: null,
      disk: { free: 50 * GB, size: 100 * GB },
      drift: 0,
      ...more,
    }),
  );

describe('an alarm is raised', () => {
  test('for nothing if all is well or unknown', () => {
    expect(found()).toEqual({});
    expect(found({ disk: null, drift: null })).toEqual({});
  });

  test('for access that is overdue', () => {
    expect(found({ overdue: { count: 2, since: NOON - MINUTE } })).toEqual({
      overdue: '2 to be ended, the first should have ended 1 min ago',
    });
  });

  test('for a canary that failed', () => {
    expect(found({ canaryProblem: 'db/read: it could not be given' })).toEqual({
      canary: 'db/read: it could not be given',
    });
  });

  test('for a ledger that cannot be relied on', () => {
    expect(found({ ledgerProblem: 'event 3 was changed' })).toEqual({ ledger: 'event 3 was changed' });
  });

  test('for a database that cannot be read', () => {
    expect(found({ lastWrite: null })).toEqual({ database: 'it cannot be read' });
  });

  test('for a database that was not written for more than five minutes', () => {
    expect(found({ lastWrite: NOON - 5 * MINUTE })).toEqual({});
    expect(found({ lastWrite: NOON - 5 * MINUTE - 1 })).toEqual({
      database: 'nothing was written for 5 min',
    });
  });

  test('for an audit channel that is more than ten minutes behind', () => {
    expect(found({ auditBehind: { count: 3, since: NOON - 10 * MINUTE } })).toEqual({});
    expect(found({ auditBehind: { count: 3, since: NOON - 10 * MINUTE - 1 } })).toEqual({
      audit_channel: '3 not shown yet, the first happened 10 min ago',
    });
  });

  test.each([
    [0.256 * GB, 0.3 * GB, false],
    [0.256 * GB - 1, 0.3 * GB, true],
    [1 * GB, 20 * GB, false],
    [1 * GB - 1, 20 * GB, true],
    [5 * GB - 1, 1_000 * GB, true],
    [5 * GB, 1_000 * GB, false],
  ])('for a disk with %d of %d bytes free: %s', (free, size, isFull) => {
    expect('disk' in found({ disk: { free, size } })).toBe(isFull);
  });

  test('for a clock that is more than ten seconds off, either way', () => {
    expect(found({ drift: 10 * SECOND })).toEqual({});
    expect(found({ drift: 10 * SECOND + 1 })).toEqual({ clock: 'it is 10 s behind Slack’s and PagerDuty’s' });
    expect(found({ drift: -90 * SECOND })).toEqual({ clock: 'it is 90 s ahead of Slack’s and PagerDuty’s' });
  });
});
