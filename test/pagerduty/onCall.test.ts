import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPagerDuty } from '../../src/pagerduty/client.ts';
import { createOnCall } from '../../src/pagerduty/onCall.ts';
import type { Purpose } from '../../src/ports/evidence.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { type PagerDutySandbox, startPagerDuty } from '../../src/sandbox/pagerduty/server.ts';
import { pagerDutyAccount } from '../../src/sandbox/team.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/log.ts';

const ana = { slackId: 'U0ANA', name: 'Ana Kovač', email: 'ana@harbor.example', timeZone: 'UTC' };
let clock: ManualClock;
let server: PagerDutySandbox;
let onCall: OnCall;
const connect = (token = 'token') =>
  createOnCall(createPagerDuty({ token, apiUrl: server.apiUrl, clock, log: recordedLog() }), clock);

beforeEach(async () => {
  clock = manualClock();
  server = await startPagerDuty({ account: pagerDutyAccount(clock.now()), now: clock.now, token: 'token' });
  onCall = connect();
});
afterEach(() => server.close());

const entries = async (person = ana, purpose: Purpose = 'decision') => onCall.entries(person, purpose);

test('who is on call, where, at which level and until when, with their services', async () => {
  const answer = await entries();
  expect(answer.known && answer.value).toEqual([
    {
      escalationPolicy: { id: 'PPAYMENTS', name: 'Payments' },
      services: [{ id: 'PCHECKOUT', name: 'Checkout' }],
      schedule: { id: 'PSPAY1', name: 'Payments primary' },
      level: 1,
      start: clock.now() - 2 * 3_600_000,
      end: clock.now() + 10 * 3_600_000,
      isOverride: null,
    },
  ]);
});

test('a person is matched by the exact e-mail address, in any case', async () => {
  expect(await entries({ ...ana, email: 'dev@harbor.example' })).toMatchObject({ known: true });
  expect(await entries({ ...ana, email: 'ana@harbor.exam' })).toMatchObject({
    known: false,
    problem: expect.stringContaining('no user with the e-mail'),
  });
  server.account.users.push({ id: 'PANA3', name: 'Ana again', email: 'ANA@harbor.example' });
  onCall = connect();
  expect(await entries()).toMatchObject({ known: false, problem: expect.stringContaining('2 users') });
});

test('a remembered user that no longer matches is not used', async () => {
  await entries();
  const index = server.account.users.findIndex((user) => user.id === 'PANA');
  server.account.users[index] = { id: 'PANA', name: 'Ana Kovač', email: 'somebody.else@harbor.example' };
  expect(await entries()).toMatchObject({ known: false, problem: expect.stringContaining('somebody else') });
});

test('a decision costs one call for a known person, shared by equal questions', async () => {
  await entries();
  const before = server.calls.length;
  await Promise.all([entries(), entries(), entries()]);
  expect(server.calls.slice(before)).toHaveLength(1);
});

test('previews reuse an answer for a minute, and a decision always asks', async () => {
  await entries();
  const before = server.calls.length;
  await entries(ana, 'preview');
  clock.advance(60_000);
  await entries(ana, 'preview');
  expect(server.calls).toHaveLength(before);
  clock.advance(1);
  await entries(ana, 'preview');
  await entries(ana, 'decision');
  expect(server.calls).toHaveLength(before + 2);
});

test('every page of a long list is read', async () => {
  for (let index = 0; index < 250; index += 1)
    server.account.incidents.push({
      id: `PX${index}`,
      number: index,
      title: 'x',
      status: 'triggered',
      urgency: 'low',
      service: 'PSEARCH',
      assignees: ['PANA'],
      createdAt: 0,
      notes: [],
    });
  const answer = await onCall.openIncidents(ana);
  expect(answer.known && answer.value).toHaveLength(251);
});

test.each([
  ['an error', 'error_500', /500/],
  ['a page that is no JSON', 'html', /502, not in its own format/],
  ['a cut connection', 'dropped', /cannot be reached/],
  ['no answer in time', 'slow', /within 2 s/],
  ['a rate limit', 'rate_limited', /rate limit/],
  ['a key without the right', 'forbidden', /the PagerDuty key has no right to read \/users \(403\)/],
] as const)('%s makes it unknown who is on call, with the reason', async (_name, kind, problem) => {
  server.faults.add({ kind, delayMs: 30_000 });
  expect(await entries(ana, 'check')).toMatchObject({ known: false, problem: expect.stringMatching(problem) });
});

test('after a rate limit nothing is sent until it is over, as its header says', async () => {
  server.faults.add({ kind: 'rate_limited', times: 4 });
  await entries(ana, 'check');
  const before = server.calls.length;
  expect(await entries(ana, 'check')).toMatchObject({
    known: false,
    problem: expect.stringContaining('another 2 s'),
  });
  expect(server.calls).toHaveLength(before);
  clock.advance(2_000);
  expect(await entries()).toMatchObject({ known: true });
});

test('a rate limit of one operation holds off no other', async () => {
  await entries();
  server.faults.add({ kind: 'rate_limited', match: '/oncalls', times: 4 });
  expect(await entries(ana, 'check')).toMatchObject({ known: false });
  expect(await onCall.incident('PINC4711', 'check')).toMatchObject({ known: true });
  expect(await onCall.openIncidents(ana)).toMatchObject({ known: true });
  // Another incident is the same operation.
  server.faults.add({ kind: 'rate_limited', match: '/incidents/PINC4711', times: 4 });
  expect(await onCall.incident('PINC4711', 'check')).toMatchObject({ known: false });
  const before = server.calls.length;
  expect(await onCall.incident('PINC4712', 'check')).toMatchObject({
    known: false,
    problem: expect.stringContaining('rate limit'),
  });
  expect(server.calls).toHaveLength(before);
});

test('a decision waits for a used-up rate limit, and is then made', async () => {
  server.faults.add({ kind: 'rate_limited', times: 4 });
  await entries(ana, 'check');
  const before = server.calls.length;
  const deciding = entries();
  expect(await entries(ana, 'check')).toMatchObject({ known: false });
  expect(server.calls).toHaveLength(before);
  clock.advance(2_000);
  expect(await deciding).toMatchObject({ known: true });
});

test('a decision that waits for a rate limit does not keep the bot from stopping', async () => {
  const ending = new AbortController();
  const options = { token: 'token', apiUrl: server.apiUrl, clock, log: recordedLog(), ending: ending.signal };
  onCall = createOnCall(createPagerDuty(options), clock);
  server.faults.add({ kind: 'rate_limited', times: 4 });
  await entries(ana, 'check');
  const deciding = entries();
  ending.abort();
  expect(await deciding).toMatchObject({ known: false, problem: expect.stringContaining('rate limit') });
});

test('a service is shown by its name where PagerDuty has it', async () => {
  expect(await onCall.nameOf('service', 'PCHECKOUT')).toEqual({ known: true, value: 'Checkout' });
  expect(await onCall.nameOf('service', 'PNONE')).toMatchObject({ known: false });
  expect(await onCall.nameOf('escalation_policy', 'PPAYMENTS')).toEqual({ known: true, value: 'Payments' });
  expect(await onCall.nameOf('schedule', 'PPAYMENTS')).toMatchObject({ known: false });
});

test('a refused key is named, with the variable that it comes from', async () => {
  onCall = connect('wrong');
  expect(await entries()).toMatchObject({ known: false, problem: expect.stringContaining('PAGERDUTY_TOKEN') });
});

test('a text that is no incident id is never sent to PagerDuty', async () => {
  expect(await onCall.incident('../users', 'decision')).toMatchObject({ known: false });
  expect(server.calls).toHaveLength(0);
});
