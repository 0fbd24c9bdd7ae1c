/** What the bot sends to PagerDuty, and what it understands of the answers, by what PagerDuty publishes about both. */

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onlineFindings } from '../../src/cli/policy/online.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { createPagerDuty, type PagerDutyClient } from '../../src/pagerduty/client.ts';
import { createIncidentDesk } from '../../src/pagerduty/incidentDesk.ts';
import { createOnCall } from '../../src/pagerduty/onCall.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';
import { recordedLog } from '../support/log.ts';
import { readDescription, type Sent, type Variant } from './openApi.ts';

const described = readDescription(JSON.parse(readFileSync(new URL('pagerduty.json', import.meta.url), 'utf8')));
const ANA = { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example', timeZone: 'UTC' };
const FROM = 'jit@harbor.example';

let clock: ManualClock;
let server: Server;
let apiUrl: string;
let client: PagerDutyClient;
let sent: Sent[];
let variant: Variant;
let incidentStatus: string;
/** The form of the schedule that an on-call entry names. */
let schedule: 'ScheduleReference' | 'V3ScheduleReference' | null;

const thing = (name: string, more: object = {}) => ({ ...described.thing(name, variant), ...more });
const iso = (at: number): string => new Date(at).toISOString();

/** Values that answers have to agree on; all the rest is as the description has it. */
function meant(path: string, body: object): object {
  const user = (email: string) => thing('User', { id: 'PANA', email });
  const entry = {
    ...thing('Oncall'),
    user: user(ANA.email),
    escalation_policy: thing('EscalationPolicy', { id: 'PPAY' }),
    schedule: schedule && thing(schedule, { id: 'PSCHED' }),
    escalation_level: 1,
    start: iso(clock.now() - HOUR),
    end: iso(clock.now() + HOUR),
  };
  const incident = thing('Incident', { id: 'PINC', status: incidentStatus, incident_key: 'K1' });
  switch (path) {
    case '/users':
      return { ...body, users: [user(ANA.email), user(FROM)], offset: 0, more: false };
    case '/oncalls':
      return { ...body, oncalls: [entry], offset: 0, more: false };
    case '/incidents':
      return { ...body, incidents: [incident], incident, offset: 0, more: false };
    case '/incidents/PINC':
      return { incident };
    default:
      return body;
  }
}

beforeEach(async () => {
  clock = manualClock();
  sent = [];
  variant = { nulls: false, form: 0 };
  incidentStatus = 'triggered';
  schedule = 'ScheduleReference';
  server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://pagerduty');
    const text = await readBody(request);
    const { method = 'GET', headers } = request;
    sent.push({ method, url, headers, body: text === '' ? null : JSON.parse(text) });
    // The older endpoint knows nothing of a shift-based schedule.
    if (url.pathname === '/schedules/PSHIFTS') return void response.writeHead(404).end('{}');
    const answer = described.answerTo(method, url.pathname, variant);
    const body = typeof answer.body === 'object' && answer.body !== null ? meant(url.pathname, answer.body) : {};
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  apiUrl = `http://127.0.0.1:${await listen(server)}`;
  client = createPagerDuty({ token: 'secret', apiUrl, clock, log: recordedLog() });
});
afterEach(() => {
  vi.unstubAllEnvs();
  return closeServer(server);
});

const onCall = () => createOnCall(client, clock);
const desk = () => createIncidentDesk(client, FROM);
const page = { service: 'PSVC', title: 'Access is waiting', details: 'Ana asks', key: 'K1' };

/** Where the description is at odds with its own example, which the bot follows: text in place of an object. */
const AT_ODDS = ['/incident/body/details must be object'];
const wrongIn = (one: Sent): string[] => described.wrongIn(one).filter((problem) => !AT_ODDS.includes(problem));

/** Everything that the bot ever asks of PagerDuty or writes there. */
const USES: [string, () => Promise<unknown>, string[]][] = [
  ['who is on call now', () => onCall().entries(ANA, 'decision'), ['GET /users', 'GET /oncalls']],
  [
    'who is on call later, and by whose hand',
    () => onCall().entries(ANA, 'decision', { at: clock.now() + HOUR, overrides: true }),
    ['GET /users', 'GET /oncalls', 'GET /schedules/PSCHED/overrides'],
  ],
  ['an escalation policy’s people', () => onCall().onCallFor('PPAY', 1), ['GET /oncalls']],
  ['an incident', () => onCall().incident('PINC', 'decision'), ['GET /incidents/PINC']],
  ['open incidents', () => onCall().openIncidents(ANA), ['GET /users', 'GET /incidents']],
  ['whether a person is known', () => onCall().knows(ANA), ['GET /users']],
  ['whether the key works', () => onCall().check(), ['GET /oncalls']],
  [
    'a note',
    () => desk().note('PINC', 'Ana has access', 'jit 7'),
    ['GET /incidents/PINC/notes', 'POST /incidents/PINC/notes'],
  ],
  ['a page', () => desk().page(page), ['POST /incidents']],
  ['the end of a page', () => desk().resolve('K1'), ['GET /incidents', 'PUT /incidents/PINC']],
];

test.each(USES)('what the bot sends for %s matches the published API', async (_name, use, calls) => {
  await use();
  expect(sent.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual(calls);
  for (const one of sent) expect([one.url.pathname, wrongIn(one)]).toEqual([one.url.pathname, []]);
  for (const { headers } of sent) expect(headers.authorization).toBe('Token token=secret');
});

test('a question about a shift-based schedule matches the published API', async () => {
  schedule = 'V3ScheduleReference';
  await onCall().entries(ANA, 'decision', { overrides: true });
  const asked = sent.filter(({ url }) => url.pathname.startsWith('/v3/'));
  expect(asked.map(({ url }) => url.pathname)).toEqual(['/v3/schedules/PSCHED']);
  expect(asked.flatMap(wrongIn)).toEqual([]);
});

test('policy check --online asks as published, also about shift-based schedules', async () => {
  const when = {
    kind: 'on_call',
    escalationPolicies: ['PPAY'],
    services: ['PSVC'],
    schedules: ['PSCHED', 'PSHIFTS'],
    minLevel: 1,
    maxLevel: 1,
    tenure: 0,
    planned: false,
  } as const;
  const role = aRole({ rules: [{ effect: 'allow', when: [when] }] });
  vi.stubEnv('SLACK_BOT_TOKEN', 'xoxb-unused');
  vi.stubEnv('PAGERDUTY_TOKEN', 'secret');
  vi.stubEnv('PAGERDUTY_API_URL', apiUrl);
  expect(await onlineFindings(aPolicy(aResource('db', 'db', [role])))).toEqual([]);
  expect(sent.map(({ url }) => url.pathname).toSorted()).toEqual([
    '/escalation_policies/PPAY',
    '/schedules/PSCHED',
    '/schedules/PSHIFTS',
    '/services/PSVC',
    '/v3/schedules/PSHIFTS',
  ]);
  expect(sent.flatMap(wrongIn)).toEqual([]);
});

describe.each<[string, Variant]>([
  ['with everything in it', { nulls: false, form: 0 }],
  ['with everything in its other form', { nulls: false, form: 1 }],
  ['with null wherever it may be', { nulls: true, form: 0 }],
])('an answer %s', (_name, form) => {
  beforeEach(() => {
    variant = form;
  });

  test('about who is on call is understood', async () => {
    expect(await onCall().entries(ANA, 'decision')).toMatchObject({
      known: true,
      value: [{ escalationPolicy: { id: 'PPAY' }, level: 1, schedule: { id: 'PSCHED' } }],
    });
    expect(await onCall().onCallFor('PPAY', 1)).toMatchObject({
      known: true,
      value: { addresses: [ANA.email] },
    });
    expect(await onCall().knows(ANA)).toEqual({ known: true, value: true });
    expect(await onCall().check()).toEqual({ known: true, value: true });
  });

  test('about somebody on call without a schedule is understood', async () => {
    schedule = null;
    expect(await onCall().entries(ANA, 'decision')).toMatchObject({ known: true, value: [{ schedule: null }] });
  });

  test('about overrides of a schedule is understood', async () => {
    const found = await onCall().entries(ANA, 'decision', { overrides: true });
    expect(found).toMatchObject({ known: true, value: [{ isOverride: false }] });
  });

  test('about an incident is understood', async () => {
    expect(await onCall().incident('PINC', 'decision')).toMatchObject({
      known: true,
      value: { id: 'PINC', status: 'triggered' },
    });
    expect(await onCall().openIncidents(ANA)).toMatchObject({ known: true, value: [{ id: 'PINC' }] });
  });

  test('about a write is accepted', async () => {
    await desk().note('PINC', 'Ana has access', 'jit 7');
    await desk().page(page);
    await desk().resolve('K1');
    expect(sent.filter(({ method }) => method !== 'GET')).toHaveLength(3);
  });
});

describe('the published description', () => {
  const sound = async (): Promise<Sent> => {
    await desk().page(page);
    const [one] = sent;
    if (!one) throw new Error('nothing was sent');
    return one;
  };

  test.each<[string, (one: Sent) => Sent, string]>([
    ['another path', (one) => ({ ...one, url: new URL('/incident', one.url) }), 'is not described'],
    ['no From', (one) => ({ ...one, headers: { ...one.headers, from: undefined } }), 'header From is missing'],
    [
      'a charset',
      (one) => ({ ...one, headers: { ...one.headers, 'content-type': 'application/json; charset=utf-8' } }),
      'header Content-Type',
    ],
    ['a query', (one) => ({ ...one, url: new URL('/incidents?urgent=1', one.url) }), 'query urgent is not described'],
    [
      'an unknown attribute',
      (one) => ({ ...one, body: { incident: { dedup_key: 'K1' } } }),
      'dedup_key is not described',
    ],
    ['an urgency that there is not', (one) => ({ ...one, body: { incident: { urgency: 'severe' } } }), 'urgency'],
  ])('%s is noticed', async (_name, bent, problem) => {
    expect(described.wrongIn(bent(await sound())).join('\n')).toContain(problem);
  });
});
