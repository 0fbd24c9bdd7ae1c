/** What is written to PagerDuty: once, in one user's name, and only where it is certain what stands there. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPagerDuty } from '../../src/pagerduty/client.ts';
import { createIncidentDesk } from '../../src/pagerduty/incidentDesk.ts';
import { manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/log.ts';
import { type PagerDutyStub, pageOf, startPagerDutyStub } from '../support/pagerDutyStub.ts';

const FROM = 'Jit@harbor.example';
const OWN = { id: 'PJIT', email: 'jit@Harbor.example' };
const OTHER = { id: 'PEVE', email: 'eve@harbor.example' };
const NOTES = '/incidents/PINC/notes';

let pagerDuty: PagerDutyStub;
beforeEach(async () => {
  pagerDuty = await startPagerDutyStub();
  pagerDuty.says('GET /users', pageOf('users', [OTHER, OWN]));
  pagerDuty.says(`GET ${NOTES}`, { body: { notes: [] } });
  pagerDuty.says(`POST ${NOTES}`, { status: 201, body: { note: {} } });
  pagerDuty.says('POST /incidents', { status: 201, body: { incident: {} } });
  pagerDuty.says('PUT /incidents/PINC', { body: { incident: {} } });
  pagerDuty.says('PUT /incidents/PINC2', { body: { incident: {} } });
});
afterEach(() => pagerDuty.close());

const deskOf = (from: string | null) =>
  createIncidentDesk(
    createPagerDuty({ token: 'token', apiUrl: pagerDuty.apiUrl, clock: manualClock(), log: recordedLog() }),
    from,
  );
const note = (text = 'Ana has access', incident = 'PINC') => deskOf(FROM).note(incident, text, 'jit 7');
const written = () => pagerDuty.asked.filter(({ method }) => method !== 'GET');

test('a bot without a user to write as cannot write, and names the variable', async () => {
  expect([deskOf(FROM).canWrite, deskOf(null).canWrite]).toEqual([true, false]);
  const page = { service: 'PSVC', title: 'Access is waiting', details: 'Ana asks', key: 'K1' };
  await expect(deskOf(null).page(page)).rejects.toThrow('PAGERDUTY_FROM');
  await expect(deskOf(null).note('PINC', 'Ana has access', 'jit 7')).rejects.toThrow('PAGERDUTY_FROM');
  expect(written()).toEqual([]);
});

test('a note is written to its incident with its marker, as the configured user', async () => {
  await note();
  expect(written()).toMatchObject([
    { method: 'POST', path: NOTES, headers: { from: FROM }, body: { note: { content: 'Ana has access (jit 7)' } } },
  ]);
  // Whose notes are whose matters only where one looks like it.
  expect(pagerDuty.calls()).toEqual([`GET ${NOTES}`, `POST ${NOTES}`]);
});

test.each(['../users', 'pinc', 'PINC/notes', 'x/PINC', ''])(
  '%j is no incident, and nothing is asked about it',
  async (id) => {
    await expect(note('Ana has access', id)).rejects.toThrow('no PagerDuty incident id');
    expect(pagerDuty.asked).toEqual([]);
  },
);

test.each([
  ['fits', 1_992, 1_992],
  ['is one letter too long', 1_993, 1_992],
])('a note whose text %s ends with its marker, within what PagerDuty takes', async (_name, length, kept) => {
  await note('x'.repeat(length));
  const text = length === kept ? 'x'.repeat(kept) : `${'x'.repeat(kept - 1)}…`;
  expect(written()).toMatchObject([{ body: { note: { content: `${text} (jit 7)` } } }]);
  expect(`${text} (jit 7)`).toHaveLength(2_000);
});

test.each<[string, unknown[], number]>([
  ['its own, from an earlier try', [{ content: 'x (jit 7)', user: { id: 'PJIT' } }], 0],
  ['one of somebody else’s that looks like it', [{ content: 'x (jit 7)', user: { id: 'PEVE' } }], 1],
  ['one of nobody’s that looks like it', [{ content: 'x (jit 7)', user: null }], 1],
  ['one without a word on whose it is', [{ content: 'x (jit 7)' }], 1],
  ['its own of another event', [{ content: 'x (jit 8)', user: { id: 'PJIT' } }], 1],
  [
    'somebody else’s and then its own',
    [
      { content: 'x (jit 7)', user: { id: 'PEVE' } },
      { content: 'x (jit 7)', user: { id: 'PJIT' } },
    ],
    0,
  ],
])('where there is already %s, it is written so often: %#', async (_name, notes, times) => {
  pagerDuty.says(`GET ${NOTES}`, { body: { notes } });
  await note();
  expect(written()).toHaveLength(times);
  for (const { path, query } of pagerDuty.asked) if (path === '/users') expect(query.get('query')).toBe(FROM);
});

test('with existing notes unknown none is written, and the work is retried', async () => {
  pagerDuty.says(`GET ${NOTES}`, { status: 500, body: {} });
  await expect(note()).rejects.toThrow('500');
  pagerDuty.says(`GET ${NOTES}`, { body: { notes: [{ content: 'x (jit 7)', user: { id: 'PJIT' } }] } });
  pagerDuty.says('GET /users', { status: 500, body: {} });
  await expect(note()).rejects.toThrow('500');
  pagerDuty.says('GET /users', pageOf('users', [OTHER]));
  await expect(note()).rejects.toThrow('no user with the e-mail address in PAGERDUTY_FROM');
  expect(written()).toEqual([]);
});

const page = (title = 'Access is waiting') =>
  deskOf(FROM).page({ service: 'PSVC', title, details: 'Ana asks', key: 'K1' });

test('a page is an urgent incident on the service, under a key of its own', async () => {
  await page();
  expect(written()).toMatchObject([{ method: 'POST', path: '/incidents', headers: { from: FROM } }]);
  expect(written()[0]?.body).toEqual({
    incident: {
      type: 'incident',
      title: 'Access is waiting',
      service: { id: 'PSVC', type: 'service_reference' },
      urgency: 'high',
      incident_key: 'K1',
      body: { type: 'incident_body', details: 'Ana asks' },
    },
  });
});

test.each([
  [1_024, 'x'.repeat(1_024)],
  [1_025, `${'x'.repeat(1_023)}…`],
])('a title of %i letters is as long as PagerDuty takes it', async (length, title) => {
  await page('x'.repeat(length));
  expect(written()).toMatchObject([{ body: { incident: { title } } }]);
});

const refusal = (...errors: string[]) => ({ error: { message: 'Invalid Input Provided', code: 2001, errors } });
test.each([
  [400, refusal('Open incident with matching dedup key already exists on this service')],
  [400, refusal('An incident already exists')],
  [400, refusal('matching incident key')],
  [200, {}],
  [299, {}],
])('a page that is answered with %i is open: %#', async (status, body) => {
  pagerDuty.says('POST /incidents', { status, body });
  await expect(page()).resolves.toBeUndefined();
});

test.each<[number, object, string]>([
  [
    400,
    refusal('Service is disabled', 'Title is empty'),
    '(400): Invalid Input Provided: Service is disabled: Title is empty',
  ],
  [400, { error: { message: 'Bad' } }, '(400): Bad'],
  [400, { error: { errors: ['Worse'] } }, '(400): Worse'],
  [400, {}, '(400): it does not say why'],
  [403, refusal('Open incident with matching dedup key already exists on this service'), '(403): Invalid'],
  [500, refusal('already exists'), '(500): Invalid'],
  [300, {}, '(300): it does not say why'],
])('a page that is answered with %i is none, and it is told what PagerDuty said: %#', async (status, body, problem) => {
  pagerDuty.says('POST /incidents', { status, body });
  await expect(page()).rejects.toThrow(`PagerDuty refused /incidents ${problem}`);
});

test('a refused note is no note, as only a page can exist already', async () => {
  pagerDuty.says(`POST ${NOTES}`, { status: 400, body: refusal('already exists') });
  await expect(note()).rejects.toThrow('(400)');
});

test('a page to which there is no answer is to be tried again', async () => {
  await pagerDuty.close();
  await expect(page()).rejects.toThrow('PagerDuty cannot be reached');
});

const opened = (id: string, status: string, key: string | null = 'K1') => ({ id, status, incident_key: key });

test('every incident under the key that is not resolved yet is resolved, and no other', async () => {
  pagerDuty.says(
    'GET /incidents',
    pageOf('incidents', [
      opened('PINC', 'triggered'),
      opened('PDONE', 'resolved'),
      opened('POTHER', 'triggered', 'K2'),
      opened('PNOKEY', 'triggered', null),
      opened('PINC2', 'acknowledged'),
    ]),
  );
  await deskOf(FROM).resolve('K1');
  expect(written()).toMatchObject(
    ['/incidents/PINC', '/incidents/PINC2'].map((path) => ({
      method: 'PUT',
      path,
      headers: { from: FROM },
      body: { incident: { type: 'incident', status: 'resolved' } },
    })),
  );
  const [{ query } = { query: new URLSearchParams() }] = pagerDuty.asked;
  expect([query.get('incident_key'), query.get('date_range')]).toEqual(['K1', 'all']);
});

test('with open incidents unknown or a refusal, the work is retried', async () => {
  pagerDuty.says('GET /incidents', { status: 500, body: {} });
  await expect(deskOf(FROM).resolve('K1')).rejects.toThrow('500');
  pagerDuty.says('GET /incidents', pageOf('incidents', [opened('PINC', 'triggered')]));
  pagerDuty.says('PUT /incidents/PINC', { status: 400, body: refusal('already exists') });
  await expect(deskOf(FROM).resolve('K1')).rejects.toThrow('(400)');
});
