import { describe, expect, test } from 'vitest';
import { roleKey } from '../../src/domain/policy.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { parseLine, resolveTimes } from '../../src/slack/request/line.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';

const role = (id: string) => aRole({ id, name: id });
const policy = aPolicy(
  aResource('payments-db', 'Payments database', [role('read'), role('admin')]),
  aResource('payroll', 'Payroll', [role('view')]),
  aResource('search', 'Search cluster', [role('read')]),
);
const understood = (typed: string) => {
  const { roles, unclear, duration, times, reason } = parseLine(policy, typed);
  return { role: roles.map(roleKey).join(' '), unclear, duration, times, reason };
};

describe('one line after /jit request', () => {
  test.each([
    ['payments-db read 30m stuck payments', 'payments-db/read', 30 * MINUTE, 'stuck payments'],
    ['payments-db/admin 1h30 INC-7 rollback', 'payments-db/admin', 90 * MINUTE, 'INC-7 rollback'],
    ['payments adm 2 hours because of INC-7', 'payments-db/admin', 2 * HOUR, 'of INC-7'],
    ['PAYM rea for 45 min "why not"', 'payments-db/read', 45 * MINUTE, 'why not'],
    ['search 1.5h reindex', 'search/read', 90 * MINUTE, 'reindex'],
    ['payroll 1h30m 3 customers wait', 'payroll/view', 90 * MINUTE, '3 customers wait'],
    ['database read 90min', 'payments-db/read', 90 * MINUTE, ''],
  ])('%s', (typed, key, duration, reason) => {
    expect(understood(typed)).toEqual({ role: key, unclear: null, duration, times: null, reason });
  });

  test.each([
    ['search until 18:00 reindex', { kind: 'until', until: '18:00' }, 'reindex'],
    [
      'search tomorrow 09:00–11:00 planned work',
      { kind: 'window', day: 'tomorrow', from: '09:00', to: '11:00' },
      'planned work',
    ],
    ['search fri 9:00-11:30 x', { kind: 'window', day: 'fri', from: '09:00', to: '11:30' }, 'x'],
    ['search from 14:00 to 16:00 x', { kind: 'window', day: 'today', from: '14:00', to: '16:00' }, 'x'],
  ])('%s', (typed, times, reason) => {
    expect(understood(typed)).toMatchObject({ role: 'search/read', times, reason });
  });

  test('what fits several or none is not guessed at, and is named', () => {
    expect(understood('pay read 30m x')).toMatchObject({ role: 'payments-db/read' });
    expect(understood('pay 30m x')).toMatchObject({ role: '', unclear: 'pay' });
    expect(understood('nonsense 30m x')).toMatchObject({ role: '', unclear: 'nonsense' });
    expect(understood('')).toMatchObject({ role: '', unclear: null, duration: null, reason: '' });
  });

  test('without a role the first of several is suggested, and said to be a guess', () => {
    expect(understood('payments-db 30m x')).toMatchObject({ role: 'payments-db/read', unclear: 'Payments database' });
  });
});

describe('times on somebody’s own clock', () => {
  // A Thursday, 12:00 UTC: 13:00 in Berlin.
  const now = Date.UTC(2026, 0, 15, 12);
  const zone = 'Europe/Berlin';
  const window = (day: string, from: string, to: string) => resolveTimes({ kind: 'window', day, from, to }, zone, now);
  test('until a time that is over today means tomorrow', () => {
    expect(resolveTimes({ kind: 'until', until: '18:00' }, zone, now)).toEqual({ startsAt: null, duration: 5 * HOUR });
    expect(resolveTimes({ kind: 'until', until: '12:00' }, zone, now)).toEqual({ startsAt: null, duration: 23 * HOUR });
  });
  test('days ahead, by name and by date, and windows over midnight', () => {
    expect(window('tomorrow', '09:00', '11:00')).toEqual({ startsAt: Date.UTC(2026, 0, 16, 8), duration: 2 * HOUR });
    expect(window('thu', '09:00', '11:00').startsAt).toBe(Date.UTC(2026, 0, 22, 8));
    expect(window('thu', '14:00', '15:00').startsAt).toBe(Date.UTC(2026, 0, 15, 13));
    expect(window('2026-01-20', '22:00', '02:00')).toEqual({ startsAt: Date.UTC(2026, 0, 20, 21), duration: 4 * HOUR });
    expect(window('today', '09:00', '10:00').startsAt).toBe(Date.UTC(2026, 0, 16, 8));
  });
  test('across a change of the clock, the wall clock is what counts', () => {
    const spring = Date.UTC(2026, 2, 28, 12);
    expect(resolveTimes({ kind: 'window', day: 'tomorrow', from: '01:00', to: '04:00' }, zone, spring).duration).toBe(
      2 * HOUR,
    );
  });
});
