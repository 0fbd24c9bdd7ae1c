/** Schedules of PagerDuty's newer kind, which answer at `/v3/schedules`: who is planned there, and who put themselves there. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { OnCallTest } from '../../src/domain/policy.ts';
import { HOUR, type Instant, known, MINUTE } from '../../src/domain/terms.ts';
import { createPagerDuty } from '../../src/pagerduty/client.ts';
import { createOnCall } from '../../src/pagerduty/onCall.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import type { Schedule } from '../../src/sandbox/pagerduty/account.ts';
import { type PagerDutySandbox, startPagerDuty } from '../../src/sandbox/pagerduty/server.ts';
import { pagerDutyAccount } from '../../src/sandbox/team.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { aRole } from '../support/domain.ts';
import { recordedLog } from '../support/log.ts';

const ANA = { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example', timeZone: 'UTC' };
const BEN = { slackId: 'U0BEN', name: 'Ben', email: 'ben@harbor.example', timeZone: 'UTC' };

let clock: ManualClock;
let server: PagerDutySandbox;
let onCall: OnCall;
let schedule: Schedule & { customShifts: { user: string; start: number; end: number }[] };

beforeEach(async () => {
  clock = manualClock();
  const account = pagerDutyAccount(clock.now());
  const [primary] = account.schedules;
  if (!primary) throw new Error('the account has no schedule');
  schedule = { ...primary, overrides: [], customShifts: [] };
  account.schedules[0] = schedule;
  server = await startPagerDuty({ account, now: clock.now, token: 'token' });
  onCall = createOnCall(createPagerDuty({ token: 'token', apiUrl: server.apiUrl, clock, log: recordedLog() }), clock);
});
afterEach(() => server.close());

async function outcome(person: typeof ANA, test: Partial<OnCallTest>, at: Instant = clock.now()): Promise<string> {
  const entries = await onCall.entries(person, 'decision', { overrides: true });
  const when: OnCallTest = {
    kind: 'on_call',
    escalationPolicies: null,
    schedules: ['PSPAY1'],
    services: null,
    minLevel: 1,
    maxLevel: Number.POSITIVE_INFINITY,
    tenure: 0,
    planned: true,
    ...test,
  };
  return evaluatePolicy(aRole({ rules: [{ effect: 'allow', when: [when] }] }), {
    at,
    personId: person.slackId,
    duration: HOUR,
    evidence: {
      at,
      onCall: entries,
      incident: null,
      groups: {},
      history: null,
      removals: known([]),
      signals: known([]),
      opa: null,
    },
  }).effect;
}
const shiftOf = (user: string) => ({ user, start: clock.now() - HOUR, end: clock.now() + 40 * HOUR });

test('a turn of the rotation of a shift-based schedule is planned', async () => {
  expect(await outcome(ANA, {})).toBe('allow');
  expect(server.calls.at(-1)).toContain('/v3/schedules/PSPAY1?');
});

test('a custom shift is not a planned turn', async () => {
  schedule.customShifts.push(shiftOf('PBEN'));
  expect(await outcome(BEN, {})).toBe('deny');
  expect(await outcome(BEN, { planned: false })).toBe('allow');
  expect(await outcome(ANA, {})).toBe('allow');
});

test('an override of a shift-based schedule is not a planned turn', async () => {
  schedule.overrides.push(shiftOf('PBEN'));
  expect(await outcome(BEN, {})).toBe('deny');
  expect(await outcome(BEN, { planned: false })).toBe('allow');
});

test('a custom shift beside a turn is not taken for the turn', async () => {
  schedule.customShifts.push(shiftOf('PANA'));
  const entries = await onCall.entries(ANA, 'decision', { overrides: true });
  const here = entries.known ? entries.value.filter((entry) => entry.schedule?.id === 'PSPAY1') : [];
  expect(here.map(({ end, isOverride }) => [end, isOverride])).toEqual([
    [clock.now() + 10 * HOUR, false],
    [clock.now() + 40 * HOUR, true],
  ]);
});

test('tenure counts from the beginning of the shift', async () => {
  expect(await outcome(ANA, { tenure: 2 * HOUR })).toBe('allow');
  expect(await outcome(ANA, { tenure: 2 * HOUR + MINUTE })).toBe('deny');
});

test.each([
  ['a kind that is not published', { source: { type: 'shadow_shift' } }],
  ['no source', { source: undefined }],
  ['nobody', { member: { type: 'empty_member' } }],
  ['somebody else', { member: { type: 'user_member', user_id: 'PBEN' } }],
  ['a member without an id', { member: { type: 'user_member' } }],
  ['a turn that is over', { end_time: '2020-01-01T00:00:00Z' }],
])('a computed shift of %s makes no turn a planned one', async (_name, change) => {
  const shift = {
    type: 'computed_shift_assignment',
    start_time: new Date(clock.now() - HOUR).toISOString(),
    end_time: new Date(clock.now() + HOUR).toISOString(),
    member: { type: 'user_member', user_id: 'PANA' },
    source: { type: 'schedule_rotation' },
  };
  const says = (one: object) => ({
    schedule: { id: 'PSPAY1', final_schedule: { computed_shift_assignments: [one] } },
  });
  server.faults.add({ kind: 'says', match: '/v3/schedules/', times: 1, says: says(shift) });
  expect(await outcome(ANA, {})).toBe('allow');
  server.faults.add({ kind: 'says', match: '/v3/schedules/', times: 1, says: says({ ...shift, ...change }) });
  expect(await outcome(ANA, {})).toBe('deny');
});

test('an unpublished kind of schedule has no planned turns', async () => {
  const entry = {
    user: { id: 'PANA', email: ANA.email },
    escalation_policy: { id: 'PPAYMENTS', name: 'Payments', services: [] },
    escalation_level: 1,
    schedule: { id: 'PSPAY1', summary: 'Payments primary', type: 'schedule_v4_reference' },
    start: new Date(clock.now() - HOUR).toISOString(),
    end: new Date(clock.now() + HOUR).toISOString(),
  };
  server.faults.add({
    kind: 'says',
    match: '/oncalls',
    says: { oncalls: [entry], limit: 100, offset: 0, more: false },
  });
  expect(await outcome(ANA, {})).toBe('deny');
  expect(await outcome(ANA, { planned: false })).toBe('allow');
});

test('overrides that are answered with 201, as published, are accepted', async () => {
  const { customShifts: _, ...plain } = schedule;
  server.account.schedules[0] = plain;
  expect(await outcome(ANA, {})).toBe('allow');
  plain.overrides.push(shiftOf('PBEN'));
  expect(await outcome(BEN, {})).toBe('deny');
  expect(await outcome(BEN, { planned: false })).toBe('allow');
});
