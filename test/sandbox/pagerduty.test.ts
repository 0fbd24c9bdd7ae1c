import { expect, test } from 'vitest';
import { onCallAt, type Schedule, shiftAt } from '../../src/sandbox/pagerduty/account.ts';
import { pagerDutyAccount } from '../../src/sandbox/team.ts';

const HOUR = 3_600_000;
const schedule: Schedule = {
  id: 'S',
  name: 'S',
  rotation: ['A', 'B'],
  rotationStart: 0,
  turnMs: 10 * HOUR,
  overrides: [{ user: 'C', start: 4 * HOUR, end: 6 * HOUR }],
};

test.each([
  ['before the rotation starts', -1, null],
  ['in the first turn, which an override cuts short', 0, { user: 'A', start: 0, end: 4 * HOUR }],
  ['in the override', 5 * HOUR, { user: 'C', start: 4 * HOUR, end: 6 * HOUR }],
  ['after the override, back in the turn', 7 * HOUR, { user: 'A', start: 6 * HOUR, end: 10 * HOUR }],
  ['in the second turn', 11 * HOUR, { user: 'B', start: 10 * HOUR, end: 20 * HOUR }],
  ['in the third turn', 21 * HOUR, { user: 'A', start: 20 * HOUR, end: 30 * HOUR }],
])('whose shift it is %s', (_name, at, expected) => {
  expect(shiftAt(schedule, at)).toEqual(expected);
});

test('an entry for every policy, level and target that somebody stands behind', () => {
  const entries = onCallAt(pagerDutyAccount(0), 0).map(
    (entry) => `${entry.escalationPolicy.name} ${entry.level} ${entry.user}`,
  );
  expect(entries).toEqual([
    'Payments 1 PANA',
    'Payments 2 PDEV',
    'Payments 3 PCHLOE',
    'Platform 1 PEVE',
    'Search 1 PFAY',
  ]);
});
