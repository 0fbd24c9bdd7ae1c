/** How one question is asked: in pages, within the rate limit, and what is made of an answer that is none. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Known, known } from '../../src/domain/terms.ts';
import { judge, pageOf, problemOf } from '../../src/pagerduty/answer.ts';
import { createPagerDuty, type PagerDutyClient } from '../../src/pagerduty/client.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';
import { type PagerDutyStub, type Said, startPagerDutyStub } from '../support/pagerDutyStub.ts';

const thing = z.object({ id: z.string() });
let clock: ManualClock;
let log: RecordedLog;
let pagerDuty: PagerDutyStub;
let client: PagerDutyClient;
beforeEach(async () => {
  clock = manualClock();
  log = recordedLog();
  pagerDuty = await startPagerDutyStub();
  client = createPagerDuty({ token: 'token', apiUrl: pagerDuty.apiUrl, clock, log });
});
afterEach(() => pagerDuty.close());

const list = () => client.list('/things', { team: 'PTEAM' }, 'things', thing, 'check');
const problem = (answer: Known<unknown>) => (answer.known ? 'none' : answer.problem);
/** So many things, in pages as PagerDuty cuts them. */
const things =
  (count: number, change: (page: number) => Said | null = () => null) =>
  ({ query }: { query: URLSearchParams }): Said => {
    const offset = Number(query.get('offset'));
    const limit = Number(query.get('limit'));
    const ids = Array.from({ length: Math.max(0, Math.min(limit, count - offset)) }, (_, at) => ({
      id: `P${offset + at}`,
    }));
    return change(offset / limit) ?? { body: { things: ids, limit, offset, more: offset + limit < count } };
  };

test.each([
  [0, 1],
  [100, 1],
  [101, 2],
  [250, 3],
])('a list of %i is read in %i pages, each with the whole question', async (count, pages) => {
  pagerDuty.says('GET /things', things(count));
  const answer = await list();
  expect(answer.known && answer.value.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, at) => `P${at}`));
  expect(pagerDuty.asked.map(({ query }) => Object.fromEntries(query))).toEqual(
    Array.from({ length: pages }, (_, page) => ({ team: 'PTEAM', limit: '100', offset: String(page * 100) })),
  );
});

test('a list that fails on its last page is not known, however much of it was read', async () => {
  pagerDuty.says(
    'GET /things',
    things(250, (page) => (page === 2 ? { status: 500, body: {} } : null)),
  );
  expect(problem(await list())).toContain('500');
});

test('a page that is another one than was asked for spoils the whole list', async () => {
  pagerDuty.says(
    'GET /things',
    things(250, (page) => (page === 1 ? { body: { things: [{ id: 'P0' }], offset: 0, more: false } } : null)),
  );
  expect(problem(await list())).toContain('its pages do not fit together');
});

test.each([
  [10_000, true],
  [10_001, false],
])('a list of %i, as far as paging goes, is known: %s', async (count, isKnown) => {
  pagerDuty.says('GET /things', things(count));
  const answer = await list();
  expect(answer.known && answer.value).toEqual(isKnown ? expect.objectContaining({ length: count }) : false);
  if (!isKnown) expect(problem(answer)).toContain('more than 10000');
});

test('one malformed entry makes the list unknown, and the log says where it is', async () => {
  pagerDuty.says('GET /things', { body: { things: [{ id: 'P1' }, { id: 2 }], more: false } });
  expect(problem(await list())).toContain('not understood (1.id: ');
  expect(log.lines).toMatchObject([{ level: 'warn', facts: { path: '/things', issues: [{ path: [1, 'id'] }] } }]);
});

test('of an answer with many mistakes the log has five', async () => {
  pagerDuty.says('GET /things', { body: { things: Array.from({ length: 9 }, () => ({})), more: false } });
  await list();
  expect(log.lines).toMatchObject([{ facts: { issues: { length: 5 } } }]);
});

test('a question that was never answered is in the log with its reason', async () => {
  await pagerDuty.close();
  expect(problem(await client.get('/things', {}, thing, 'check'))).toContain('cannot be reached');
  expect(log.lines).toMatchObject([
    { level: 'warn', message: 'PagerDuty did not answer', facts: { path: '/things', err: expect.any(Error) } },
  ]);
});

const last: Said = { headers: { 'ratelimit-remaining': '0', 'ratelimit-reset': '5' }, body: { id: 'P1' } };
const get = (path: string) => client.get(path, {}, thing, 'check');

test('an answer with a limit’s last call is used, and the next one waits', async () => {
  pagerDuty.says('GET /things/PA', last);
  expect(await get('/things/PA')).toEqual(known({ id: 'P1' }));
  clock.advance(1_500);
  expect(problem(await get('/things/PA'))).toContain('another 4 s');
});

test.each([
  ['/things/PB', true],
  ['/things/P1Z9', true],
  ['/things/PA/parts', false],
  ['/things', false],
  ['/other/PA', false],
  ['/v3/things/PA', false],
])('a limit on /things/PA holds off %s: %s', async (path, isHeldOff) => {
  pagerDuty.says('GET /things/PA', last);
  pagerDuty.says(`GET ${path}`, last);
  await get('/things/PA');
  expect((await get(path)).known).toBe(!isHeldOff);
  expect(pagerDuty.asked).toHaveLength(isHeldOff ? 1 : 2);
});

test('a limit on a part of one thing is the same for a part of another', async () => {
  pagerDuty.says('GET /things/PA/parts', last);
  await get('/things/PA/parts');
  expect((await get('/things/PB/parts')).known).toBe(false);
  expect(pagerDuty.asked).toHaveLength(1);
});

test('a limit on reads delays no write, and a refused write is an answer', async () => {
  pagerDuty.says('GET /things', last);
  pagerDuty.says('PUT /things', { status: 409, body: { error: {} } });
  await get('/things');
  const written = await client.write('PUT', '/things', { body: { name: 'x' }, from: 'jit@harbor.example' });
  expect(written).toEqual(known({ status: 409, data: { error: {} } }));
  expect(pagerDuty.asked[1]).toMatchObject({ body: { name: 'x' }, headers: { from: 'jit@harbor.example' } });
});

test('reading is in nobody’s name', async () => {
  pagerDuty.says('GET /things', { body: { id: 'P1' } });
  await get('/things');
  expect(pagerDuty.asked[0]?.headers.from).toBeUndefined();
});

test('questions with another query, or about another thing, are other questions', async () => {
  pagerDuty.says('GET /things', { body: { id: 'P1' } });
  await Promise.all(['a', 'b', 'a'].map((team) => client.get('/things', { team }, thing, 'check')));
  expect(pagerDuty.asked).toHaveLength(2);
});

test('a decision waits out a used-up rate limit, and a check does not', async () => {
  const refused: Said = { status: 429, headers: { 'ratelimit-reset': '30' }, body: {} };
  let isOver = false;
  pagerDuty.says('GET /things', () => (isOver ? { body: { id: 'P1' } } : refused));
  expect(problem(await get('/things'))).toContain('429');
  clock.advance(30_000);
  const before = pagerDuty.asked.length;
  const deciding = client.get('/things', {}, thing, 'decision');
  // The library tries it four times by itself.
  await vi.waitUntil(() => pagerDuty.asked.length === before + 4, 5_000);
  isOver = true;
  await vi.waitUntil(() => {
    clock.advance(1_000);
    return pagerDuty.asked.length === before + 5;
  }, 5_000);
  expect(await deciding).toEqual(known({ id: 'P1' }));
});

const answer = (status: number, data: unknown = {}) => judge({ status, data, headers: new Headers() }, '/things');
test.each<[number, unknown, string]>([
  [200, 'text', 'answered with 200'],
  [200, null, 'answered with 200'],
  [202, {}, 'answered with 202'],
  [204, {}, 'answered with 204'],
  [401, {}, 'does not accept the key in PAGERDUTY_TOKEN'],
  [403, {}, 'no right to read /things'],
  [404, {}, 'knows nothing at /things'],
  [429, {}, 'rate limit is used up'],
  [500, { id: 'P1' }, 'answered with 500'],
])('an answer of %i with %j is none', (status, data, said) => {
  expect(problem(answer(status, data))).toContain(said);
});

test('an answer of 200 or 201 is what it says', () => {
  expect([answer(200, { id: 'P1' }), answer(201, { id: 'P1' })]).toEqual([known({ id: 'P1' }), known({ id: 'P1' })]);
});

test('a page that does not say where it begins is the one that was asked for', () => {
  expect(pageOf({ things: [1], more: true }, 'things', 100)).toEqual(known({ entries: [1], more: true }));
  expect(pageOf({ things: [1], more: false, offset: null }, 'things', 100).known).toBe(true);
  expect(pageOf({ things: [], more: false, offset: 100 }, 'things', 100)).toEqual(known({ entries: [], more: false }));
  expect(pageOf({ things: [1], more: false, offset: 0 }, 'things', 100).known).toBe(false);
  expect(pageOf({ things: [], more: true, offset: 100 }, 'things', 100).known).toBe(false);
});

test.each<[unknown, string]>([
  [new Error('connect ECONNREFUSED'), 'PagerDuty cannot be reached: connect ECONNREFUSED'],
  [new DOMException('aborted', 'AbortError'), 'PagerDuty gave no answer within 2 s'],
  [{ status: 502 }, 'PagerDuty answered with 502, not in its own format'],
  [null, 'PagerDuty answered with something that is no JSON, not in its own format'],
  ['text', 'PagerDuty answered with something that is no JSON, not in its own format'],
  [{}, 'PagerDuty answered with something that is no JSON, not in its own format'],
])('what went wrong is said in words: %#', (error, said) => {
  expect(problemOf(error)).toBe(said);
});
