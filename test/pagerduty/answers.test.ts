/** What PagerDuty answers decides who is on call. An answer that is none gives nobody anything, and takes no rule away. */

import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { OnCallTest, Role, Rule } from '../../src/domain/policy.ts';
import { HOUR, known, SECOND } from '../../src/domain/terms.ts';
import { createPagerDuty } from '../../src/pagerduty/client.ts';
import { createOnCall } from '../../src/pagerduty/onCall.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { aRole } from '../support/domain.ts';
import { recordedLog } from '../support/log.ts';

const ANA = { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example', timeZone: 'UTC' };
const USER = { id: 'PANA', email: 'ana@harbor.example' };
const iso = (at: number) => new Date(at).toISOString();

let clock: ManualClock;
let server: Server;
let onCall: OnCall;
let says: Record<string, unknown>;
let calls: number;

const page = (key: string, entries: unknown, more: unknown = false) => ({
  [key]: entries,
  limit: 100,
  offset: 0,
  more,
});
const entry = (change: object = {}) => ({
  user: USER,
  escalation_policy: { id: 'PPAY', name: 'Payments', services: [{ id: 'PCHECKOUT', summary: 'Checkout' }] },
  escalation_level: 1,
  schedule: { id: 'PSCHED', summary: 'Primary' },
  start: iso(clock.now() - HOUR),
  end: iso(clock.now() + HOUR),
  ...change,
});
const incident = (change: object = {}) => ({
  id: 'PINC1',
  incident_number: 1,
  title: 'Checkout is down',
  status: 'triggered',
  urgency: 'high',
  service: { id: 'PCHECKOUT', summary: 'Checkout' },
  html_url: 'https://x.pagerduty.com/incidents/PINC1',
  ...change,
});

beforeEach(async () => {
  clock = manualClock();
  calls = 0;
  says = {
    '/users': page('users', [USER]),
    '/oncalls': page('oncalls', [entry()]),
    '/schedules/PSCHED/overrides': { overrides: [] },
    '/incidents/PINC1': { incident: incident() },
  };
  server = createServer((request, response) => {
    calls += 1;
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(says[path] ?? null));
  });
  const apiUrl = `http://127.0.0.1:${await listen(server)}`;
  onCall = createOnCall(createPagerDuty({ token: 'token', apiUrl, clock, log: recordedLog() }), clock);
});
afterEach(() => closeServer(server));

const shift = (change: Partial<OnCallTest> = {}): OnCallTest => ({
  kind: 'on_call',
  escalationPolicies: null,
  schedules: null,
  services: null,
  minLevel: 1,
  maxLevel: Number.POSITIVE_INFINITY,
  tenure: 0,
  planned: false,
  ...change,
});
const everybody: Rule = { effect: 'allow', when: [{ kind: 'duration', max: HOUR }] };
async function effectOf(role: Role): Promise<string> {
  const [entries, about] = await Promise.all([
    onCall.entries(ANA, 'decision', { overrides: true }),
    onCall.incident('PINC1', 'decision'),
  ]);
  const evidence = {
    at: clock.now(),
    onCall: entries,
    incident: about,
    groups: {},
    history: null,
    removals: known([]),
    signals: known([]),
    opa: null,
  };
  return evaluatePolicy(role, { at: clock.now(), personId: ANA.slackId, duration: HOUR, evidence }).effect;
}

/** Each gives nothing where it cannot be told who is on call. */
const questions = (test: Rule['when'][number]): [string, Role][] => [
  ['allow', aRole({ rules: [{ effect: 'allow', when: [test] }] })],
  ['allow unless', aRole({ rules: [{ effect: 'allow', when: [{ kind: 'unless', condition: [test] }] }] })],
  ['deny', aRole({ rules: [{ effect: 'deny', when: [test] }, everybody] })],
  ['deny unless', aRole({ rules: [{ effect: 'deny', when: [{ kind: 'unless', condition: [test] }] }, everybody] })],
  [
    'ask',
    aRole({
      rules: [
        {
          effect: 'ask',
          when: [test],
          stages: [{ reviewers: ['U0CHLOE'], needed: 1 }],
          escalate: [],
          expiresAfter: HOUR,
        },
      ],
    }),
  ],
];
async function nothingIsGiven(test: Rule['when'][number]): Promise<void> {
  for (const [name, role] of questions(test)) expect([name, await effectOf(role)]).toEqual([name, 'deny']);
}

test('K3.9 a whole answer is believed: the table below says something', async () => {
  const [allow, , deny] = questions(shift());
  expect(await effectOf(allow?.[1] ?? aRole())).toBe('allow');
  says['/oncalls'] = page('oncalls', []);
  expect(await effectOf(deny?.[1] ?? aRole())).toBe('allow');
});

const LISTS: [string, (key: string) => unknown][] = [
  ['null', () => null],
  ['nothing', () => ({})],
  ['a list', () => []],
  ['a list of null', (key) => page(key, null)],
  ['a string', (key) => page(key, 'PANA')],
  ['an object', (key) => page(key, { 0: USER })],
  ['entries of null', (key) => page(key, [null])],
  ['entries of text', (key) => page(key, ['PANA'])],
  ['entries that say nothing', (key) => page(key, [{}])],
  ['no word on whether there is more', (key) => ({ [key]: [] })],
  ['more: null', (key) => page(key, [], null)],
  ['more: "false"', (key) => page(key, [], 'false')],
  ['an empty page with more to come', (key) => page(key, [], true)],
  ['another page than was asked for', (key) => ({ ...page(key, []), offset: 100 })],
];

describe.each(LISTS)('K3.9 a list that is %s', (_name, answer) => {
  test('of who is on call, gives nothing', async () => {
    says['/oncalls'] = answer('oncalls');
    await nothingIsGiven(shift());
    expect(await onCall.onCallFor('PPAY', 1)).toMatchObject({ known: false });
  });

  test('of people, makes nobody somebody who is on call', async () => {
    says['/users'] = answer('users');
    await nothingIsGiven(shift());
    expect(await onCall.knows(ANA)).toMatchObject({ known: false });
  });
});

test.each<[string, () => object]>([
  ['another user', () => entry({ user: { id: 'PBEN', email: 'ben@harbor.example' } })],
  ['a user with another address', () => entry({ user: { ...USER, email: 'ben@harbor.example' } })],
  ['a user of null', () => entry({ user: null })],
  ['no user', () => entry({ user: undefined })],
  ['no escalation policy', () => entry({ escalation_policy: undefined })],
  ['a policy without its services', () => entry({ escalation_policy: { id: 'PPAY', name: 'Payments' } })],
  ['services of null', () => entry({ escalation_policy: { id: 'PPAY', services: null } })],
  ['no schedule', () => entry({ schedule: undefined })],
  ['a schedule that is a path', () => entry({ schedule: { id: '../users' } })],
  ['no end', () => entry({ end: undefined })],
  ['no start', () => entry({ start: undefined })],
  ['an end that is a number', () => entry({ end: clock.now() + HOUR })],
  ['an end that is a year', () => entry({ end: '9999' })],
  ['an end that is no date', () => entry({ end: 'tomorrow' })],
  ['a level of text', () => entry({ escalation_level: '1' })],
  ['level 0', () => entry({ escalation_level: 0 })],
])('K3.9 an entry with %s gives nothing', async (_name, odd) => {
  says['/oncalls'] = page('oncalls', [odd()]);
  await nothingIsGiven(shift({ services: ['PCHECKOUT'] }));
});

test.each<[string, unknown]>([
  ['nothing', {}],
  ['null', { overrides: null }],
  ['an object', { overrides: {} }],
  ['entries without users', { overrides: [{ id: 'PO1' }] }],
  ['users of null', { overrides: [{ user: null }] }],
])('K3.9 overrides that are %s make no turn a planned one', async (_name, answer) => {
  says['/schedules/PSCHED/overrides'] = answer;
  await nothingIsGiven(shift({ planned: true }));
});

test.each<[string, () => unknown]>([
  ['nothing', () => ({})],
  ['null', () => ({ incident: null })],
  ['another one', () => ({ incident: incident({ id: 'PINC2' }) })],
  ['without a status', () => ({ incident: incident({ status: undefined }) })],
  ['of a status that there is not', () => ({ incident: incident({ status: 'open' }) })],
  ['without a service', () => ({ incident: incident({ service: null }) })],
  ['of no urgency', () => ({ incident: incident({ urgency: null }) })],
  ['a list of them', () => ({ incident: [incident()] })],
])('K3.9 an incident that is %s gives nothing', async (_name, answer) => {
  says['/incidents/PINC1'] = answer();
  await nothingIsGiven({ kind: 'incident', services: null, statuses: ['triggered'], urgencies: null });
});

test('an entry on call without a user hides nobody else, and is named', async () => {
  says['/oncalls'] = page('oncalls', [entry(), entry({ user: null })]);
  expect(await onCall.onCallFor('PPAY', 1)).toEqual({
    known: true,
    value: { addresses: [USER.email], unread: 'PagerDuty does not say who 1 of the 2 entries on call is' },
  });
});

test('K3.9 whoever is on call for another policy than the one asked is not asked', async () => {
  says['/oncalls'] = page('oncalls', [entry(), entry({ escalation_policy: { id: 'POTHER', services: [] } })]);
  expect(await onCall.onCallFor('PPAY', 1)).toMatchObject({ known: false });
});

test('K3.9 pages that never end are given up', async () => {
  says['/oncalls'] = { oncalls: [entry()], more: true };
  const before = performance.now();
  expect(await onCall.entries(ANA, 'check')).toMatchObject({ known: false });
  expect(performance.now() - before).toBeLessThan(5 * SECOND);
  expect(calls).toBeLessThan(150);
});
