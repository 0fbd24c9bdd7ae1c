import { describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/person.ts';
import { roleKey } from '../../src/domain/policy.ts';
import { HOUR, type Known, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { complete } from '../../src/slack/features/commands/oneLine.ts';
import { parseLine } from '../../src/slack/features/request/parseCommandLine.ts';
import { resolveTimes, takeDuration } from '../../src/slack/kit/when.ts';
import { manualClock } from '../support/clock.ts';
import { ANA, aPolicy, aResource, aRole } from '../support/domain.ts';

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
    expect(understood('pay 30m x')).toMatchObject({ role: '', unclear: { what: 'resource', typed: 'pay' } });
    expect(understood('nonsense 30m x')).toMatchObject({ role: '', unclear: { what: 'resource', typed: 'nonsense' } });
    expect(understood('')).toMatchObject({ role: '', unclear: null, duration: null, reason: '' });
  });

  test('without a role the first of several is suggested, and said to be a guess', () => {
    expect(understood('payments-db 30m x')).toMatchObject({
      role: 'payments-db/read',
      unclear: { what: 'role', resource: 'Payments database', typed: null },
    });
    expect(understood('payments')).toMatchObject({ unclear: { what: 'role', typed: null } });
  });

  test.each([
    ['search until 5:30 pm reindex', { kind: 'until', until: '17:30' }, null],
    ['search until 12:15am x', { kind: 'until', until: '00:15' }, null],
    ['search tomorrow 1:00-3:00 pm x', { kind: 'window', day: 'tomorrow', from: '13:00', to: '15:00' }, null],
    ['search tomorrow 11:00-1:00 pm x', { kind: 'window', day: 'tomorrow', from: '11:00', to: '13:00' }, null],
    ['search fri 10-2pm x', { kind: 'window', day: 'fri', from: '10:00', to: '14:00' }, null],
    ['search 9am to 5 p.m. x', { kind: 'window', day: 'today', from: '09:00', to: '17:00' }, null],
    ['search 30m at 14:00 x', { kind: 'start', day: 'today', from: '14:00' }, 30 * MINUTE],
    ['search 1h tomorrow 9:00 x', { kind: 'start', day: 'tomorrow', from: '09:00' }, HOUR],
    ['search tomorrow at 9:00 for 1h x', { kind: 'start', day: 'tomorrow', from: '09:00' }, HOUR],
  ])('%s: the whole of it is understood', (typed, times, duration) => {
    expect(understood(typed)).toMatchObject({ unclear: null, times, duration });
  });

  test.each([
    ['search 1 hour and 30 minutes x', 90 * MINUTE],
    ['search 2 hours, 15 minutes x', 135 * MINUTE],
    ['search 1.25h x', 75 * MINUTE],
    ['search 1d 2h x', 26 * HOUR],
  ])('%s: the whole of a length is counted', (typed, duration) => {
    expect(understood(typed)).toMatchObject({ unclear: null, duration, reason: 'x' });
  });

  test.each([
    ['search 30m tomorrow 25:00 fix', '25:00'],
    ['search tomorrow 1h fix', '1h'],
    ['search tomorrow fix it', 'tomorrow'],
    ['search 30m 09:00-11:00 fix', '09:00'],
    ['search until 18:00 30m fix', '30m'],
    ['search 30m until 18:00 fix', 'until 18:00'],
    ['search until 25:61 fix', 'until 25:61'],
    ['search until 13:00 pm fix', 'until 13:00'],
    ['search 14:00 fix', '14:00'],
    ['search 30m 45m fix', '30m'],
    ['search half an hour fix', 'half an hour'],
    ['search 30m stuck payments until 18:00', 'until 18:00'],
    ['search 1h 2 weeks of logs', '2 weeks'],
    ['search until tomorrow fix', 'until tomorrow'],
  ])('%s: what is left over and looks like a time is asked about', (typed, what) => {
    expect(understood(typed).unclear).toEqual({ what: 'time', typed: expect.stringContaining(what) });
  });

  test.each([
    ['payments-db read admin 30m rollback', 'admin'],
    ['payments-db reed 30m rollback', null],
  ])('%s: what looks like a role is asked about', (typed, word) => {
    const { unclear } = understood(typed);
    expect(unclear).not.toBeNull();
    if (word !== null) expect(JSON.stringify(unclear)).toMatch(/30m|admin/);
  });

  test.each([
    'search 30m "customers wait since 14:05"',
    'search 30m because the job of 14:05 hangs for 20 minutes',
    'search 30m 3 customers wait, INC-7, v1.25, 200 rows',
    'search 30m reason: 12h backlog',
  ])('%s: a reason is a reason', (typed) => {
    expect(understood(typed)).toMatchObject({ unclear: null, duration: 30 * MINUTE });
  });

  test.each([
    ['payments 30 min', 30 * MINUTE, 'payments'],
    ['payments read 1h30', 90 * MINUTE, 'payments read'],
    ['2 hours payments', 2 * HOUR, 'payments'],
    ['payments', null, 'payments'],
    ['', null, ''],
  ])('/jit extend %s', (typed, duration, rest) => {
    expect(takeDuration(typed)).toEqual({ duration, rest });
  });
});

describe('times on somebody’s own clock', () => {
  test.each<[string, Known<Person>, number]>([
    ['in New York', known({ ...ANA, timeZone: 'America/New_York' }), 11],
    ['in Tokyo', known({ ...ANA, timeZone: 'Asia/Tokyo' }), 21],
    // Their zone is not known: UTC, which the answer says.
    ['of whom Slack says nothing', unknown('Slack is down'), 6],
  ])('what somebody %s types is on their clock', async (_, person, hours) => {
    const deps = { directory: { person: async () => person }, clock: manualClock(Date.UTC(2026, 0, 15, 12)) };
    const line = { duration: null, times: { kind: 'until', until: '18:00' }, reason: 'stuck' } as const;
    const asked = await complete({ deps: Object.assign(Object.create(null), deps), personId: ANA.slackId }, line);
    expect(asked).toMatchObject({ personId: ANA.slackId, startsAt: null, duration: hours * HOUR });
  });

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
