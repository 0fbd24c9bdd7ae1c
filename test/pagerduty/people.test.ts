/** Whose shift an entry is, from when until when, and whether it is a turn of the rotation: by what PagerDuty says. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OnCallEntry } from '../../src/domain/evidence.ts';
import { HOUR, type Known, known, MINUTE, SECOND, unknown } from '../../src/domain/terms.ts';
import { createPagerDuty } from '../../src/pagerduty/client.ts';
import { createOnCall } from '../../src/pagerduty/onCall.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/log.ts';
import { type PagerDutyStub, pageOf, startPagerDutyStub } from '../support/pagerDutyStub.ts';

const person = (slackId: string, email: string) => ({ slackId, name: slackId, email, timeZone: 'UTC' });
const ANA = person('U0ANA', 'ana@harbor.example');
const BEN = person('U0BEN', 'ben@harbor.example');
const USER = { id: 'PANA', email: 'Ana@Harbor.example' };
const BENS = { id: 'PBEN', email: BEN.email };
const PAYMENTS = { id: 'PPAY', name: 'Payments', services: [{ id: 'PCHECKOUT', summary: 'Checkout' }] };

let clock: ManualClock;
let pagerDuty: PagerDutyStub;
let onCall: OnCall;
const iso = (at: number) => new Date(at).toISOString();
const from = () => clock.now() - HOUR;
const until = () => clock.now() + HOUR;
const entry = (change: object = {}) => ({
  user: USER,
  escalation_policy: PAYMENTS,
  escalation_level: 1,
  schedule: { id: 'PSCHED', summary: 'Primary' },
  start: iso(from()),
  end: iso(until()),
  ...change,
});
beforeEach(async () => {
  clock = manualClock();
  pagerDuty = await startPagerDutyStub();
  onCall = createOnCall(
    createPagerDuty({ token: 'token', apiUrl: pagerDuty.apiUrl, clock, log: recordedLog() }),
    clock,
  );
  pagerDuty.says('GET /users', ({ query }) =>
    pageOf(
      'users',
      query.get('query') === BEN.email ? [BENS] : [{ id: 'PNEAR', email: 'ana@harbor.example.org' }, USER],
    ),
  );
  pagerDuty.says('GET /oncalls', () => pageOf('oncalls', [entry()]));
});
afterEach(() => pagerDuty.close());

const problem = (answer: Known<unknown>) => (answer.known ? 'none' : answer.problem);
const first = async (options: { at?: number; overrides?: boolean } = {}): Promise<OnCallEntry | undefined> => {
  const found = await onCall.entries(ANA, 'decision', options);
  return found.known ? found.value[0] : undefined;
};

test.each<[string, object, Partial<OnCallEntry>]>([
  ['by a policy with a name', {}, { escalationPolicy: { id: 'PPAY', name: 'Payments' } }],
  [
    'by a policy with both names',
    { escalation_policy: { ...PAYMENTS, summary: 'Pay' } },
    { escalationPolicy: { id: 'PPAY', name: 'Payments' } },
  ],
  [
    'by a policy with a summary only',
    { escalation_policy: { ...PAYMENTS, name: null, summary: 'Pay' } },
    { escalationPolicy: { id: 'PPAY', name: 'Pay' } },
  ],
  [
    'by a policy without names',
    { escalation_policy: { id: 'PPAY', services: [] } },
    { escalationPolicy: { id: 'PPAY', name: 'PPAY' }, services: [] },
  ],
  [
    'for services with a name and without',
    { escalation_policy: { ...PAYMENTS, services: [{ id: 'PS1', summary: 'One' }, { id: 'PS2' }] } },
    {
      services: [
        { id: 'PS1', name: 'One' },
        { id: 'PS2', name: 'PS2' },
      ],
    },
  ],
  ['by a schedule without a name', { schedule: { id: 'PSCHED' } }, { schedule: { id: 'PSCHED', name: 'PSCHED' } }],
  ['by no schedule', { schedule: null, start: null, end: null }, { schedule: null, start: null, end: null }],
  ['at the third level', { escalation_level: 3 }, { level: 3 }],
  [
    'by times of another zone',
    { start: '2026-01-15T12:00:00+01:00', end: '2026-01-15T20:00:00-05:00' },
    { start: Date.UTC(2026, 0, 15, 11), end: Date.UTC(2026, 0, 16, 1) },
  ],
])('on call %s', async (_name, change, expected) => {
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [entry(change)]));
  expect(await first()).toMatchObject({ isOverride: null, ...expected });
});

test('PagerDuty is asked about the one person, with the people and policies put in', async () => {
  await first();
  const { query } = pagerDuty.asked.at(-1) ?? { query: new URLSearchParams() };
  expect(query.getAll('user_ids[]')).toEqual(['PANA']);
  expect(query.getAll('include[]')).toEqual(['users', 'escalation_policies']);
  expect([query.has('since'), query.has('until')]).toEqual([false, false]);
});

test('whoever is on call at another time is asked for by that very second', async () => {
  await first({ at: clock.now() + 5 * HOUR });
  const { query } = pagerDuty.asked.at(-1) ?? { query: new URLSearchParams() };
  expect([query.get('since'), query.get('until')]).toEqual(['2026-01-15T17:00:00.000Z', '2026-01-15T17:00:01.000Z']);
});

test('one entry among several that is somebody else’s spoils them all', async () => {
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [entry(), entry({ user: BENS })]));
  expect(problem(await onCall.entries(ANA, 'decision'))).toContain('somebody else');
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [entry(), entry({ user: { ...BENS, email: USER.email } })]));
  expect(problem(await onCall.entries(ANA, 'decision'))).toContain('somebody else');
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [entry(), entry({ user: { ...USER, email: BEN.email } })]));
  expect(problem(await onCall.entries(ANA, 'decision'))).toContain('somebody else');
});

test('who somebody is, is remembered for an hour, each person by themselves', async () => {
  const asked = () => pagerDuty.calls().filter((call) => call === 'GET /users').length;
  await first();
  clock.advance(HOUR);
  await first();
  expect(asked()).toBe(1);
  pagerDuty.says('GET /oncalls', pageOf('oncalls', []));
  await onCall.entries(BEN, 'decision');
  expect(asked()).toBe(2);
  clock.advance(1);
  await first();
  expect(asked()).toBe(3);
});

test('after an answer about somebody else PagerDuty is asked again who it is', async () => {
  await first();
  pagerDuty.says('GET /users', pageOf('users', [{ id: 'PANA2', email: ANA.email }]));
  pagerDuty.says('GET /oncalls', ({ query }) =>
    pageOf('oncalls', [
      entry({
        user: {
          id: query.get('user_ids[]'),
          email: query.get('user_ids[]') === 'PANA2' ? ANA.email : 'old@harbor.example',
        },
      }),
    ]),
  );
  expect(problem(await onCall.entries(ANA, 'decision'))).toContain('ask again');
  expect(await onCall.entries(ANA, 'decision')).toMatchObject({ known: true });
});

test('whom nobody or two people answer for is not known, and the policy file is named', async () => {
  pagerDuty.says('GET /users', pageOf('users', [BENS]));
  expect(problem(await onCall.entries(ANA, 'decision'))).toMatch(
    /no user with the e-mail address ana@harbor\.example.*identities/,
  );
  expect(await onCall.knows(ANA)).toEqual(known(false));
  pagerDuty.says('GET /users', pageOf('users', [USER, { id: 'PANA2', email: ANA.email }]));
  expect(problem(await onCall.entries(ANA, 'decision'))).toContain('2 users');
  expect(await onCall.knows(ANA)).toEqual(known(true));
  expect(pagerDuty.calls()).not.toContain('GET /oncalls');
});

test('whose address there is not known is on call nowhere, and nobody is asked', async () => {
  const client = createPagerDuty({ token: 'token', apiUrl: pagerDuty.apiUrl, clock, log: recordedLog() });
  onCall = createOnCall(client, clock, () => unknown('two people have it'));
  for (const answer of [
    await onCall.entries(ANA, 'decision'),
    await onCall.knows(ANA),
    await onCall.openIncidents(ANA),
  ])
    expect(problem(answer)).toBe('two people have it');
  expect(pagerDuty.asked).toEqual([]);
});

test('an address that the policy gives is the one that is asked about', async () => {
  const client = createPagerDuty({ token: 'token', apiUrl: pagerDuty.apiUrl, clock, log: recordedLog() });
  onCall = createOnCall(client, clock, ({ slackId }) => known(slackId === 'U0ANA' ? BEN.email : ANA.email));
  expect(await onCall.knows(ANA)).toEqual(known(true));
  expect(pagerDuty.asked[0]?.query.get('query')).toBe(BEN.email);
});

const overrides = (answer: unknown) => pagerDuty.says('GET /schedules/PSCHED/overrides', { body: answer });
const users = (...ids: string[]) => ({ overrides: ids.map((id) => ({ user: { id } })) });

test.each<[string, unknown, boolean | null]>([
  ['nobody', users(), false],
  ['somebody else', users('PBEN'), false],
  ['the person', users('PANA'), true],
  ['somebody else and the person', users('PBEN', 'PANA'), true],
  ['it cannot be told whom', { overrides: null }, null],
])('overrides that put in %s', async (_name, answer, isOverride) => {
  overrides(answer);
  expect((await first({ overrides: true }))?.isOverride).toBe(isOverride);
  const { query } = pagerDuty.asked.at(-1) ?? { query: new URLSearchParams() };
  expect([query.get('since'), query.get('until')]).toEqual(['2026-01-15T12:00:00.000Z', '2026-01-15T12:00:01.000Z']);
});

test('overrides are those of the moment that is asked about', async () => {
  overrides(users());
  await first({ overrides: true, at: clock.now() + HOUR });
  expect(pagerDuty.asked.at(-1)?.query.get('since')).toBe('2026-01-15T13:00:00.000Z');
});

test('each of several entries is looked up at its own schedule', async () => {
  pagerDuty.says(
    'GET /oncalls',
    pageOf('oncalls', [entry(), entry({ schedule: { id: 'PSECOND' } }), entry({ schedule: null })]),
  );
  overrides(users('PANA'));
  pagerDuty.says('GET /schedules/PSECOND/overrides', { body: users('PBEN') });
  const found = await onCall.entries(ANA, 'decision', { overrides: true });
  expect(found.known && found.value.map(({ isOverride }) => isOverride)).toEqual([true, false, false]);
});

test.each<[string | null | undefined, string[]]>([
  [undefined, ['/schedules/PSCHED/overrides']],
  [null, ['/schedules/PSCHED/overrides']],
  ['schedule', ['/schedules/PSCHED/overrides']],
  ['schedule_reference', ['/schedules/PSCHED/overrides']],
  ['schedule_v3', ['/v3/schedules/PSCHED']],
  ['schedule_v3_reference', ['/v3/schedules/PSCHED']],
  ['schedule_v4_reference', []],
])('a schedule of the kind %s is asked about there', async (type, paths) => {
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [entry({ schedule: { id: 'PSCHED', type } })]));
  await first({ overrides: true });
  expect(pagerDuty.asked.slice(2).map(({ path }) => path)).toEqual(paths);
});

const shift = (change: object = {}) => ({
  start_time: iso(from()),
  end_time: iso(until()),
  member: { type: 'user_member', user_id: 'PANA' },
  source: { type: 'schedule_rotation' },
  ...change,
});
const custom = (change: object = {}) => shift({ source: { type: 'custom_shift' }, ...change });
const at = (start: number, end: number) => ({ start_time: iso(start), end_time: iso(end) });

test.each<[string, () => object[], boolean | null]>([
  ['a turn', () => [shift()], false],
  ['a custom shift', () => [custom()], true],
  ['two turns', () => [shift(), shift(at(from() - HOUR, until()))], false],
  ['two custom shifts', () => [custom(), custom(at(from() - HOUR, until()))], true],
  ['a turn of these very times, and a custom shift', () => [custom(at(from(), until() + HOUR)), shift()], false],
  [
    'two turns, of which one has these very times, and a custom shift',
    () => [shift(at(from() - HOUR, until())), custom(at(from(), until() + HOUR)), shift()],
    false,
  ],
  ['a turn of another beginning, and a custom shift', () => [custom(), shift(at(from() - 1_000, until()))], true],
  ['a turn of another end, and a custom shift', () => [custom(), shift(at(from(), until() + 1_000))], true],
  ['nothing of theirs', () => [shift({ member: { type: 'user_member', user_id: 'PBEN' } })], null],
  ['nobody', () => [shift({ member: { type: 'empty_member' } })], null],
  ['a turn that begins now', () => [shift(at(clock.now(), until()))], false],
  ['a turn that begins later', () => [shift(at(clock.now() + SECOND, until()))], null],
  ['a turn that ends now', () => [shift(at(from(), clock.now()))], null],
  ['a turn that ends later', () => [shift(at(from(), clock.now() + SECOND))], false],
  ['a custom shift that is over, beside a turn', () => [custom(at(from(), clock.now())), shift()], false],
])('a shift-based schedule that has %s at the moment', async (_name, shifts, isOverride) => {
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [entry({ schedule: { id: 'PSCHED', type: 'schedule_v3' } })]));
  pagerDuty.says('GET /v3/schedules/PSCHED', {
    body: { schedule: { id: 'PSCHED', final_schedule: { computed_shift_assignments: shifts() } } },
  });
  expect((await first({ overrides: true }))?.isOverride).toBe(isOverride);
  const { query } = pagerDuty.asked.at(-1) ?? { query: new URLSearchParams() };
  expect(Object.fromEntries(query)).toEqual({
    since: '2026-01-15T12:00:00.000Z',
    until: '2026-01-15T12:00:01.000Z',
    overflow: 'true',
    'include[]': 'final_schedule',
  });
});

test('an answer about another shift-based schedule says nothing', async () => {
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [entry({ schedule: { id: 'PSCHED', type: 'schedule_v3' } })]));
  pagerDuty.says('GET /v3/schedules/PSCHED', {
    body: { schedule: { id: 'POTHER', final_schedule: { computed_shift_assignments: [shift()] } } },
  });
  expect((await first({ overrides: true }))?.isOverride).toBeNull();
  pagerDuty.says('GET /v3/schedules/PSCHED', { status: 500, body: {} });
  expect((await first({ overrides: true }))?.isOverride).toBeNull();
});

const atLevel = (level: number, user: object | null = USER) => entry({ escalation_level: level, user });

test('everybody at the level is asked, once each, and nobody of another level', async () => {
  const upper = { id: 'PANA3', email: 'ANA@harbor.example' };
  const dev = { id: 'PDEV', email: 'dev@harbor.example' };
  pagerDuty.says(
    'GET /oncalls',
    pageOf('oncalls', [atLevel(1, dev), atLevel(2), atLevel(2, BENS), atLevel(2, upper), atLevel(3, dev)]),
  );
  expect(await onCall.onCallFor('PPAY', 2)).toEqual(known({ addresses: [ANA.email, BEN.email], unread: null }));
  const { query } = pagerDuty.asked.at(-1) ?? { query: new URLSearchParams() };
  expect(query.getAll('escalation_policy_ids[]')).toEqual(['PPAY']);
  expect(query.getAll('include[]')).toEqual(['users', 'escalation_policies']);
});

test('entries that are not whole count at their own level only', async () => {
  pagerDuty.says('GET /oncalls', pageOf('oncalls', [atLevel(1), atLevel(1, null), atLevel(1, null), atLevel(2, null)]));
  expect(await onCall.onCallFor('PPAY', 1)).toMatchObject({
    value: { addresses: [ANA.email], unread: expect.stringContaining('2 of the 3') },
  });
  expect(await onCall.onCallFor('PPAY', 2)).toMatchObject({
    value: { addresses: [], unread: expect.stringContaining('1 of the 1') },
  });
  expect(await onCall.onCallFor('PPAY', 3)).toEqual(known({ addresses: [], unread: null }));
});

test('whom to ask is asked anew each time', async () => {
  await onCall.onCallFor('PPAY', 1);
  clock.advance(MINUTE / 2);
  await onCall.onCallFor('PPAY', 1);
  expect(pagerDuty.asked).toHaveLength(2);
});

const incident = (change: object = {}) => ({
  id: 'PINC',
  incident_number: 7,
  title: 'Checkout is down',
  status: 'acknowledged',
  urgency: 'low',
  service: { id: 'PCHECKOUT', summary: 'Checkout' },
  priority: { summary: 'P1' },
  html_url: 'https://harbor.pagerduty.com/incidents/PINC',
  ...change,
});

test('an incident has number, title, state, urgency, priority, service and address', async () => {
  pagerDuty.says('GET /incidents/PINC', { body: { incident: incident() } });
  expect(await onCall.incident('PINC', 'decision')).toEqual(
    known({
      id: 'PINC',
      number: 7,
      title: 'Checkout is down',
      status: 'acknowledged',
      urgency: 'low',
      priority: 'P1',
      service: { id: 'PCHECKOUT', name: 'Checkout' },
      url: 'https://harbor.pagerduty.com/incidents/PINC',
    }),
  );
});

test.each([
  [{ priority: null }, { priority: null }],
  [{ priority: {} }, { priority: null }],
  [{ priority: undefined }, { priority: null }],
  [{ html_url: null }, { url: '' }],
])('an incident without %j is known, too', async (change, expected) => {
  pagerDuty.says('GET /incidents/PINC', { body: { incident: incident(change) } });
  expect(await onCall.incident('PINC', 'check')).toMatchObject({ known: true, value: expected });
});

test.each(['pinc', 'PINC/notes', 'x/PINC', ''])('%j is no incident', async (id) => {
  expect(problem(await onCall.incident(id, 'check'))).toContain('no PagerDuty incident id');
  expect(pagerDuty.asked).toEqual([]);
});

test('an answer about another incident is none', async () => {
  pagerDuty.says('GET /incidents/PINC', { body: { incident: incident({ id: 'POTHER' }) } });
  expect(problem(await onCall.incident('PINC', 'check'))).toContain('another incident');
});

test('the person’s unresolved incidents are offered, as of a moment ago', async () => {
  pagerDuty.says('GET /incidents', pageOf('incidents', [incident(), incident({ id: 'PINC2' })]));
  const found = await onCall.openIncidents(ANA);
  expect(found.known && found.value.map(({ id }) => id)).toEqual(['PINC', 'PINC2']);
  const { query } = pagerDuty.asked.at(-1) ?? { query: new URLSearchParams() };
  expect(query.getAll('user_ids[]')).toEqual(['PANA']);
  expect(query.getAll('statuses[]')).toEqual(['triggered', 'acknowledged']);
  clock.advance(MINUTE);
  await onCall.openIncidents(ANA);
  expect(pagerDuty.calls()).toEqual(['GET /users', 'GET /incidents']);
});

test('whether the key works is asked with one entry, and answered with what is wrong', async () => {
  expect(await onCall.check()).toEqual(known(true));
  expect(pagerDuty.asked[0]?.query.get('limit')).toBe('1');
  pagerDuty.says('GET /oncalls', { status: 401, body: {} });
  expect(problem(await onCall.check())).toContain('PAGERDUTY_TOKEN');
  pagerDuty.says('GET /oncalls', { body: {} });
  expect((await onCall.check()).known).toBe(false);
});
