/** How a change gets into the database: all of it or nothing, chained, and each caller told what became of theirs. */

import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EventPayloads, LedgerEvent } from '../../src/domain/events.ts';
import { personActor } from '../../src/domain/person.ts';
import { MINUTE } from '../../src/domain/terms.ts';
import { canonical } from '../../src/ledger/book/canonical.ts';
import { commitBatching } from '../../src/ledger/book/commitBatching.ts';
import { commitQueue, type Outcome, type Pending } from '../../src/ledger/book/commitQueue.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { guardFor, isBusy, readingAt, storageFault } from '../../src/ledger/sqlite/errors.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { createWriteGate } from '../../src/ledger/sqlite/writeGate.ts';
import type { Claim, Job, JobKind, JobQueue } from '../../src/ports/jobs.ts';
import { ConflictError, StorageError } from '../../src/ports/store.ts';
import { type ALedger, aDeniedRequest, aLedger, anEvent, person } from '../support/aLedger.ts';
import { manualClock } from '../support/clock.ts';
import { everyEvent } from '../support/everyEvent.ts';

let one: ALedger;
beforeEach(() => {
  one = aLedger();
});
afterEach(() => one.close());

const ANA = person('U0ANA', 'Ana');
const BEN = person('U0BEN', 'Ben');
const cancelled = (who = ANA, requestId: string | null = 'R1') =>
  anEvent(
    'request.cancelled',
    { role: 'db/read', requester: { slackId: who.slackId, name: who.name } },
    { requestId, actor: personActor(who) },
  );
const rows = <T>(sql: string) => one.ledger.sqlite.prepare<[], T>(sql).all();
const ofPeople = () =>
  rows<{ person: string; seq: number }>('SELECT person, seq FROM event_people ORDER BY seq, person');

describe('an event', () => {
  test('is a row that is chained to the one before, as anybody can compute', async () => {
    const stopped = anEvent('bot.stopped', { signal: 'SIGTERM' }, { grantId: 'G1' });
    const recorded = [...(await one.record(cancelled(), stopped))];
    one.clock.advance(MINUTE);
    recorded.push(...(await one.record(cancelled(BEN))));
    let before = '0'.repeat(64);
    type Row = Record<'type' | 'actor' | 'payload' | 'prev' | 'hash', string> & { seq: number; at: number } & Record<
        'request' | 'grant_id',
        string | null
      >;
    const found = rows<Row>(
      'SELECT seq, at, type, actor, request_id AS request, grant_id, payload, prev_hash AS prev, hash FROM events ORDER BY seq',
    );
    for (const [index, row] of found.entries()) {
      const { seq, at, type, actor, request, grant_id, payload, prev, hash } = row;
      const fields = [prev, seq, at, type, actor, request ?? '', grant_id ?? '', payload];
      expect(hash).toBe(createHash('sha256').update(fields.join('\n')).digest('hex'));
      expect([seq, prev]).toEqual([index + 1, before]);
      expect(recorded[index]).toMatchObject({ seq, at, prevHash: prev, hash, type });
      before = hash;
    }
    expect(found.map(({ actor }) => actor.startsWith('{"kind":"bot"}'))).toEqual([false, true, false]);
    expect(found.map(({ at }) => at - one.clock.now())).toEqual([-MINUTE, -MINUTE, 0]);
    expect(found.map(({ request, grant_id }) => [request, grant_id])).toEqual([
      ['R1', null],
      [null, 'G1'],
      ['R1', null],
    ]);
  });

  test('is returned with names in place, and stored without them', async () => {
    const [event] = await one.record(cancelled());
    expect(event).toMatchObject({ actor: { id: 'U0ANA', name: 'Ana' }, payload: { requester: { name: 'Ana' } } });
    const [{ actor, payload } = { actor: '', payload: '' }] = rows<{ actor: string; payload: string }>(
      'SELECT actor, payload FROM events',
    );
    expect(actor + payload).not.toContain('Ana"');
    const refs = rows<{ ref: string; person: string; value: string }>('SELECT ref, person, value FROM names');
    expect(refs).toEqual([{ ref: expect.stringMatching(/^name:[0-9a-f]{32}$/), person: 'U0ANA', value: 'Ana' }]);
    expect([JSON.parse(actor).name, JSON.parse(payload).requester.name]).toEqual([refs[0]?.ref, refs[0]?.ref]);
  });

  test('holds no address of anybody either, however it is written', async () => {
    const { payload } = everyEvent().find(({ type }) => type === 'request.submitted') ?? {};
    const requester = { ...ANA, writtenEmail: 'U0Ana@Harbor.example' };
    const asked = payload as EventPayloads['request.submitted'];
    const [event] = await one.record(anEvent('request.submitted', { ...asked, requester }));
    expect(event?.payload).toMatchObject({ requester });
    const [stored] = rows<{ payload: string }>('SELECT payload FROM events');
    expect(stored?.payload).not.toMatch(/harbor\.example/i);
    expect(rows<{ value: string }>('SELECT value FROM names').map(({ value }) => value)).toEqual([
      ...['Ana', 'u0ana@harbor.example', 'U0Ana@Harbor.example'],
    ]);
  });

  test('is found by everybody whom it names, once each', async () => {
    const { slackId, name } = BEN;
    await one.record(
      cancelled(),
      anEvent('delegation.set', { from: ANA, to: { slackId, name }, until: 0 }, { actor: personActor(ANA) }),
      anEvent('bot.stopped', { signal: 'SIGTERM' }),
    );
    expect(ofPeople()).toEqual([
      { person: 'U0ANA', seq: 1 },
      { person: 'U0ANA', seq: 2 },
      { person: 'U0BEN', seq: 2 },
    ]);
  });

  test('one name of one person has one reference, and another person’s has another', async () => {
    await one.record(cancelled(), cancelled(), cancelled(person('U0ANA2', 'Ana')), cancelled(person('U0ANA', 'Anna')));
    expect(rows('SELECT person, value FROM names ORDER BY rowid')).toEqual([
      { person: 'U0ANA', value: 'Ana' },
      { person: 'U0ANA2', value: 'Ana' },
      { person: 'U0ANA', value: 'Anna' },
    ]);
    const again = createStore(one.ledger, { clock: one.clock, followUps: () => [], onDue: () => undefined });
    await again.commit({ events: [cancelled()] });
    expect(rows('SELECT ref FROM names')).toHaveLength(3);
    expect(new Set(rows<{ salt: string }>('SELECT salt FROM names').map(({ salt }) => salt)).size).toBe(3);
  });

  test('whose mention is left of an event that was cut off is recorded all the same', async () => {
    one.ledger.sqlite.exec("INSERT INTO event_people (person, seq) VALUES ('U0ANA', 1)");
    await one.record(cancelled());
    expect(ofPeople()).toEqual([{ person: 'U0ANA', seq: 1 }]);
  });
});

describe('a change', () => {
  const job = (key: string, dueAt = 5, kind: JobKind = 'end'): Job => ({ kind, key, dueAt });
  const jobs = () =>
    rows<{ kind: string; key: string; dueAt: number }>(
      'SELECT kind, key, due_at AS dueAt FROM jobs ORDER BY kind, key',
    );

  test('makes what follows from its events due, with it, and tells of all that is due', async () => {
    const told: (readonly Job[])[] = [];
    const followUps = ({ seq, at }: LedgerEvent): Job[] => [job(`after ${seq}`, at, 'notify')];
    const store = createStore(one.ledger, { clock: one.clock, followUps, onDue: (due) => told.push(due) });
    await store.commit({ events: [cancelled(), cancelled()], jobs: [job('G1')] });
    const due = [job('G1'), job('after 1', one.clock.now(), 'notify'), job('after 2', one.clock.now(), 'notify')];
    expect(told).toEqual([due]);
    expect(jobs()).toEqual(due);
    await store.commit({ done: [job('G1')] });
    expect(told).toHaveLength(1);
    expect(jobs().map(({ key }) => key)).toEqual(['after 1', 'after 2']);
  });

  test('moves existing work, and deletes only work of this kind and key', async () => {
    await one.store.commit({ jobs: [job('G1'), job('G2'), job('G1', 5, 'watch')] });
    await one.store.commit({ jobs: [job('G1', 3)] });
    await one.store.commit({ done: [job('G2')] });
    expect(jobs()).toEqual([job('G1', 3), job('G1', 5, 'watch')]);
  });

  test('takes out what is done before it puts what is due: both at once put it anew', async () => {
    await one.store.commit({ jobs: [job('G1')] });
    await one.store.commit({ jobs: [job('G1', 9)], done: [job('G1')] });
    expect(jobs()).toEqual([job('G1', 9)]);
  });

  test('that conflicts leaves nothing behind, and the chain goes on', async () => {
    await one.store.commit({ requests: [{ value: aDeniedRequest('R1'), version: 0 }] });
    const conflicting = {
      requests: [
        { value: aDeniedRequest('R2'), version: 0 },
        { value: aDeniedRequest('R1'), version: 5 },
      ],
      events: [cancelled(person('U0NEW', 'New'))],
      jobs: [job('G1')],
    };
    await expect(one.store.commit(conflicting)).rejects.toThrow(ConflictError);
    await expect(one.store.commit(conflicting)).rejects.toThrow('request R1 has changed since it was loaded');
    expect([rows('SELECT * FROM events'), jobs(), rows('SELECT * FROM names')]).toEqual([[], [], []]);
    expect(await one.store.request('R2')).toBeNull();
    // A name of the commit that did not happen is put anew with the next one.
    await one.record(cancelled(person('U0NEW', 'New')));
    expect(verifyLedger(one.ledger)).toMatchObject({ whole: true, events: 1 });
  });

  test.each([1, 2])('that fails after its names were put has put none, alone or with others: %i', async (count) => {
    one.ledger.sqlite.exec(
      "CREATE TEMP TRIGGER no BEFORE INSERT ON jobs WHEN NEW.key = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    const bad = { events: [cancelled(person('U0NEW', 'New'))], jobs: [job('bad')] };
    const outcomes = await Promise.allSettled(Array.from({ length: count }, () => one.store.commit(bad)));
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'rejected'));
    expect(rows('SELECT * FROM names')).toEqual([]);
    await one.record(cancelled(person('U0NEW', 'New')));
    expect(rows('SELECT value FROM names')).toEqual([{ value: 'New' }]);
    expect(verifyLedger(one.ledger)).toMatchObject({ whole: true, events: 1 });
  });

  test('that finds the disk full fails as a whole, and the chain goes on later', async () => {
    await one.record(cancelled());
    const pages = Number(one.ledger.sqlite.pragma('page_count', { simple: true }));
    one.ledger.sqlite.pragma(`max_page_count = ${pages}`);
    const large = () => one.record(cancelled(person('U0NEW', 'x'.repeat(20_000))), cancelled(BEN));
    const outcomes = await Promise.allSettled([large(), large(), large()]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('disk is full') },
      });
    one.ledger.sqlite.pragma(`max_page_count = ${10 * pages}`);
    expect(await large()).toMatchObject([{ seq: 2 }, { seq: 3 }]);
    expect(verifyLedger(one.ledger)).toMatchObject({ whole: true, events: 3 });
  });

  test('goes on from the newest event, whoever recorded that', async () => {
    await one.record(cancelled(), cancelled(BEN), cancelled());
    const next = createStore(one.ledger, { clock: one.clock, followUps: () => [], onDue: () => undefined });
    expect(await next.commit({ events: [cancelled()] })).toMatchObject([{ seq: 4 }]);
    expect(verifyLedger(one.ledger)).toMatchObject({ whole: true, events: 4 });
  });

  test('that conflicts keeps none of those that came with it from happening', async () => {
    const fine = (id: string) =>
      one.store.commit({ requests: [{ value: aDeniedRequest(id), version: 0 }], events: [cancelled(BEN, id)] });
    await one.store.commit({ requests: [{ value: aDeniedRequest('R0'), version: 0 }] });
    const many = Array.from({ length: 20 }, (_, index) => fine(`R${index}`));
    const outcomes = await Promise.allSettled(many);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: expect.any(ConflictError) },
    ]);
    const events = outcomes.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    expect(events.map(({ seq, requestId }) => [seq, requestId])).toEqual(
      Array.from({ length: 19 }, (_, index) => [index + 1, `R${index + 1}`]),
    );
    expect(verifyLedger(one.ledger)).toMatchObject({ whole: true, events: 19 });
  });

  test('is recorded at the time at which it was asked for', async () => {
    const first = one.record(cancelled());
    const second = one.record(cancelled());
    one.clock.advance(MINUTE);
    const [[a], [b]] = await Promise.all([first, second]);
    expect([a?.at, b?.at]).toEqual([one.clock.now() - MINUTE, one.clock.now() - MINUTE]);
  });

  test('of a grant that was changed meanwhile is named', async () => {
    await one.store.commit({ records: [{ kind: 'digest', key: 'weekly', value: null, version: 0 }] });
    await expect(
      one.store.commit({ records: [{ kind: 'digest', key: 'weekly', value: null, version: 3 }] }),
    ).rejects.toThrow('digest weekly has changed');
  });
});

describe('commits that come together', () => {
  const event = { seq: 1 } as LedgerEvent;
  const applied = (due: readonly Job[] = []): Outcome => ({ events: [event], due, tail: { seq: 1, hash: '' } });
  const gate = () => {
    const callbacks: (() => void)[] = [];
    return { whenOpen: (callback: () => void) => void callbacks.push(callback), open: () => callbacks.shift()?.() };
  };
  const held = () => new StorageError('locked', { isBusy: true });
  function aQueue(write: (all: readonly Pending[]) => readonly Outcome[]) {
    const writes: (readonly Pending[])[] = [];
    const told: (readonly Job[])[] = [];
    const doors = gate();
    const clock = manualClock(0);
    const commit = commitQueue({
      clock,
      write: (take, { resolve, reject }) => {
        const all = take();
        writes.push(all);
        let outcomes: readonly Outcome[];
        try {
          outcomes = write(all);
        } catch (error) {
          reject(error);
          return;
        }
        resolve(outcomes);
      },
      whenOpen: doors.whenOpen,
      onDue: (jobs) => void told.push(jobs),
    });
    return { commit, writes, told, clock, open: doors.open };
  }
  afterEach(() => void vi.useRealTimers());

  test('each caller gets what became of theirs', async () => {
    const due: Job = { kind: 'end', key: 'G1', dueAt: 0 };
    const { commit, told, writes } = aQueue((all) =>
      all.map(({ change }) => (change.done ? { error: new ConflictError('no') } : applied(change.jobs))),
    );
    const outcomes = await Promise.allSettled([commit({}), commit({ done: [] }), commit({ jobs: [due] })]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(told).toEqual([[due]]);
    expect(writes.map(({ length }) => length)).toEqual([3]);
  });

  test('of a crowd, at most a hundred are written in one turn of the event loop', async () => {
    const order: string[] = [];
    const { commit } = aQueue((all) => {
      order.push(String(all.length));
      return all.map(() => applied());
    });
    const all = Promise.all(Array.from({ length: 250 }, () => commit({})));
    await Promise.resolve();
    for (let turn = 0; turn < 4; turn += 1) {
      setImmediate(() => order.push('turn'));
      await nextTurn();
    }
    await all;
    expect(order.join(' ')).toBe('50 50 turn 50 turn 50 turn 50 turn');
  });

  test('what fails as a whole fails for each of them', async () => {
    const { commit } = aQueue(() => {
      throw new StorageError('the disk is full');
    });
    const outcomes = await Promise.allSettled([commit({}), commit({})]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('a database held by another program is retried, with later changes in order', async () => {
    let isHeld = true;
    const { commit, writes, open, clock } = aQueue((all) => {
      if (isHeld) throw held();
      return all.map(() => applied());
    });
    const first = commit({ unseated: ['1'] });
    await nextTurn();
    clock.advance(7);
    const second = commit({ unseated: ['2'] });
    await nextTurn();
    expect(writes).toHaveLength(1);
    isHeld = false;
    open();
    await Promise.all([first, second]);
    expect(writes[1]?.map(({ change, at }) => [change.unseated?.[0], at])).toEqual([
      ['1', 0],
      ['2', 7],
    ]);
    await commit({});
    expect(writes).toHaveLength(3);
  });

  test('a lock that has lasted for two seconds is hardly waited for', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { commit, open, writes } = aQueue(() => {
      throw held();
    });
    const outcomes: string[] = [];
    const note = (name: string, promise: Promise<unknown>) =>
      void promise.catch((error: unknown) => outcomes.push(`${name} ${error instanceof StorageError && error.isBusy}`));
    const retryAfter = async (ms: number) => {
      vi.advanceTimersByTime(ms);
      open();
      await nextTurn();
    };
    note('first', commit({}));
    await nextTurn();
    note('second', commit({}));
    await retryAfter(1_999);
    expect(outcomes).toEqual([]);
    await retryAfter(1);
    expect(outcomes).toEqual(['first true', 'second true']);
    expect(writes.at(-1)).toHaveLength(2);
    // Whoever was told that it failed can rely on it.
    note('third', commit({}));
    await retryAfter(249);
    expect(outcomes).toHaveLength(2);
    await retryAfter(1);
    expect(outcomes.at(-1)).toBe('third true');
    expect(writes.at(-1)).toHaveLength(1);
    const count = writes.length;
    await retryAfter(50);
    expect(writes).toHaveLength(count);
  });

  test('a lock that is found long after another is waited for again', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    let isHeld = true;
    const { commit, open } = aQueue((all) => {
      if (isHeld) throw held();
      return all.map(() => applied());
    });
    const first = commit({}).catch(() => 'told');
    await nextTurn();
    vi.advanceTimersByTime(1_999);
    open();
    vi.advanceTimersByTime(1);
    open();
    expect(await first).toBe('told');
    open();
    vi.advanceTimersByTime(2_000);
    const second = commit({});
    await nextTurn();
    isHeld = false;
    open();
    expect(await second).toEqual([event]);
  });

  test('on a slow disk, the changes of one turn share a sync after the first', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    let waiting = 0;
    const writes: number[] = [];
    const begin = commitBatching(() => {
      const count = waiting;
      waiting = 0;
      if (count === 0) return 0;
      writes.push(count);
      vi.advanceTimersByTime(500);
      return count;
    });
    for (let index = 0; index < 5; index += 1) {
      waiting += 1;
      if (waiting === 1) begin();
      await Promise.resolve();
      await Promise.resolve();
    }
    await nextTurn();
    expect(writes).toEqual([1, 4]);
  });

  test('alone, a change is written at the caller’s pause, eight in one turn', async () => {
    const order: string[] = [];
    let waiting = 0;
    const begin = commitBatching(() => {
      const count = waiting;
      waiting = 0;
      if (count > 0) order.push(String(count));
      return count;
    });
    const change = async () => {
      waiting += 1;
      if (waiting === 1) begin();
      await Promise.resolve();
      await Promise.resolve();
    };
    for (let index = 0; index < 10; index += 1) await change();
    order.push('pause');
    await nextTurn();
    expect(order).toEqual([...Array.from({ length: 8 }, () => '1'), 'pause', '2']);
    // It was a crowd: in the next turn all of them wait for its end.
    order.splice(0);
    await change();
    order.push('pause');
    await nextTurn();
    expect(order).toEqual(['pause', '1']);
    // It was one: the next is written at once again.
    order.splice(0);
    await change();
    order.push('pause');
    await nextTurn();
    expect(order).toEqual(['1', 'pause']);
  });
});

describe('canonical JSON', () => {
  test('is one text for one value', () => {
    expect(canonical({ b: 1, a: [{ d: null, c: 'é' }], undefined: undefined })).toBe(
      '{"a":[{"c":"é","d":null}],"b":1}',
    );
  });

  test.each([[{ a: Number.NaN }], [{ a: 1n }], [{ a: () => 1 }]])('refuses what JSON cannot hold', (value) => {
    expect(() => canonical(value)).toThrow();
  });

  test('refuses what is nothing at all', () => {
    expect(() => canonical((() => 1) as object)).toThrow();
  });

  test('replaces half a surrogate pair, and leaves what only looks like one', () => {
    expect(canonical({ a: 'x\ud83dy' })).toBe('{"a":"x\ufffdy"}');
    expect(canonical({ a: '\\ud83d and \udc00' })).toBe('{"a":"\\\\ud83d and \ufffd"}');
    expect(canonical({ a: 'a \\ud83d in words' })).toBe('{"a":"a \\\\ud83d in words"}');
    expect(canonical({ a: '😀' })).toBe('{"a":"😀"}');
  });
});

describe('due work', () => {
  let queue: JobQueue;
  beforeEach(() => {
    queue = createJobQueue(one.ledger);
  });
  const put = (key: string, dueAt = 0, kind: JobKind = 'end') => one.store.commit({ jobs: [{ kind, key, dueAt }] });
  const claim = async (now = 100, limit = 9, lease = 50) =>
    (await queue.claim(['end', 'watch'], now, limit, lease)).map(({ key }) => key);
  const first = async (now = 100): Promise<Claim> => {
    const [found] = await queue.claim(['end'], now, 1, 50);
    if (!found) throw new Error('nothing is due');
    return found;
  };

  test('is taken when due, of these kinds, oldest first, up to the limit', async () => {
    await put('c', 30);
    await put('a', 10);
    await put('b', 20, 'watch');
    await put('x', 0, 'card');
    await put('later', 101);
    expect(await claim(9)).toEqual([]);
    expect(await claim(10, 9, 500)).toEqual(['a']);
    expect(await claim(100, 1)).toEqual(['b']);
    expect(await claim(100)).toEqual(['c']);
    expect(await claim(100)).toEqual([]);
    expect(await claim(101)).toEqual(['later']);
  });

  test('that somebody has taken is taken again when their time is over, as the next try', async () => {
    await put('a');
    expect(await first(100)).toEqual({ kind: 'end', key: 'a', dueAt: 0, attempt: 1, generation: 1 });
    expect(await claim(149)).toEqual([]);
    expect(await first(150)).toMatchObject({ attempt: 2 });
  });

  test('can be looked at without being taken, taken or not', async () => {
    await put('b', 20);
    await put('a', 10);
    await put('later', 101);
    await put('x', 0, 'card');
    await claim(15);
    expect((await queue.mayBegin(['end'], 100, 9)).map(({ key, attempt }) => [key, attempt])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(await queue.mayBegin(['end'], 100, 1)).toHaveLength(1);
    expect(await queue.mayBegin(['card'], 100, 9)).toHaveLength(1);
  });

  test('the next that becomes due is known, whoever has taken what is due already', async () => {
    expect(await queue.nextDueAt(['end'], 0)).toBeNull();
    await put('b', 200);
    await put('a', 10);
    await put('x', 5, 'card');
    expect(await queue.nextDueAt(['end'], 9)).toBe(10);
    expect(await queue.nextDueAt(['end'], 10)).toBe(200);
    await first(100);
    expect(await queue.nextDueAt(['end'], 100)).toBe(200);
    expect(await queue.nextDueAt(['end'], 200)).toBeNull();
  });

  test('that is done is gone, and that comes back keeps its tries as it says', async () => {
    await put('a');
    await queue.settle({ claim: await first(), next: { dueAt: 5, after: 'failed' } });
    const second = await first();
    expect(second).toMatchObject({ attempt: 2, dueAt: 5 });
    await queue.settle({ claim: second, next: { dueAt: 6, after: 'waiting' } });
    const third = await first();
    expect(third).toMatchObject({ attempt: 2, dueAt: 6 });
    await queue.settle({ claim: third, next: { dueAt: 7, after: 'done' } });
    const fourth = await first();
    expect(fourth).toMatchObject({ attempt: 1, dueAt: 7 });
    await queue.settle({ claim: fourth, next: 'done' });
    expect(await claim()).toEqual([]);
  });

  test('that was put again meanwhile is left as it was put, and free at once', async () => {
    for (const next of ['done', { dueAt: 500, after: 'failed' }] as const) {
      await put('a');
      const old = await first();
      await put('a', 40);
      await queue.settle({ claim: old, next });
      const again = await first();
      expect(again).toMatchObject({ dueAt: 40 });
      await queue.settle({ claim: again, next: 'done' });
    }
  });

  test('that was taken out and put anew meanwhile is left as it was put', async () => {
    for (const next of ['done', { dueAt: 500, after: 'failed' }] as const) {
      await put('a');
      const old = await first();
      await one.store.commit({ done: [{ kind: 'end', key: 'a' }] });
      await put('a', 40);
      await queue.settle({ claim: old, next });
      const again = await first();
      expect(again).toMatchObject({ dueAt: 40 });
      await queue.settle({ claim: again, next: 'done' });
    }
  });

  test('settling one leaves another alone, whatever is alike about them', async () => {
    await put('a');
    await put('a', 0, 'watch');
    await put('b');
    const found = await queue.claim(['end', 'watch'], 100, 9, 50);
    const [own] = found.filter(({ kind, key }) => kind === 'end' && key === 'a');
    if (own) await queue.settle({ claim: own, next: 'done' });
    expect(
      (await queue.claim(['end', 'watch'], 150, 9, 50)).map(({ kind, key }) => `${kind} ${key}`).toSorted(),
    ).toEqual(['end b', 'watch a']);
  });

  test('all that is settled in one turn is recorded', async () => {
    for (const key of ['a', 'b', 'c']) await put(key);
    const all = await queue.claim(['end'], 100, 9, 50);
    await Promise.all(all.map((one) => queue.settle({ claim: one, next: 'done' })));
    expect(rows('SELECT key FROM jobs')).toEqual([]);
    await put('d');
    await queue.settle({ claim: await first(), next: 'done' });
    expect(rows('SELECT key FROM jobs')).toEqual([]);
  });

  test('of a dead process is free again, and uncountable numbers are corrected', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await put(key);
    await claim();
    one.ledger.sqlite.exec("UPDATE jobs SET attempts = 9e15, generation = 9e15 WHERE key = 'b'");
    one.ledger.sqlite.exec("UPDATE jobs SET attempts = -5, generation = -5, lease_until = 0 WHERE key = 'c'");
    await queue.releaseAll();
    expect(rows('SELECT key, attempts, lease_until AS lease, generation FROM jobs ORDER BY key')).toEqual([
      { key: 'a', attempts: 1, lease: 0, generation: 1 },
      { key: 'b', attempts: 1_000_000_000, lease: 0, generation: 1_000_000_000 },
      { key: 'c', attempts: 0, lease: 0, generation: 0 },
      { key: 'd', attempts: 1, lease: 0, generation: 4 },
    ]);
    expect(await claim()).toHaveLength(4);
  });
});

describe('what SQLite says', () => {
  const fault = (code: string) => storageFault(Object.assign(new Error('x'), { code }), 'jit.db');

  test.each(['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'])('%s: somebody was faster', (code) => {
    expect(fault(code)).toBeInstanceOf(ConflictError);
  });

  test.each([
    ['SQLITE_BUSY', 'is locked by another program', true],
    ['SQLITE_BUSY_SNAPSHOT', 'is locked by another program', true],
    ['SQLITE_LOCKED', 'is locked by another program', true],
    ['SQLITE_READONLY_DIRECTORY', 'read-only', false],
    ['SQLITE_FULL', 'the disk is full', false],
    ['SQLITE_CORRUPT_VTAB', 'is damaged', false],
    ['SQLITE_NOTADB', 'no SQLite database', false],
    ['SQLITE_CANTOPEN', 'cannot be opened', false],
    ['SQLITE_CONSTRAINT_TRIGGER', 'a rule in the database refuses', false],
    ['SQLITE_IOERR_WRITE', 'reading or writing the disk failed', false],
  ])('%s: what is wrong, where, and whether it is worth trying again', (code, words, held) => {
    const found = fault(code);
    expect(found).toBeInstanceOf(StorageError);
    expect(found).toMatchObject({
      message: expect.stringMatching(new RegExp(`^jit\\.db: .*${words}.*\\(${code}\\)$`)),
      isBusy: held,
      cause: { code },
    });
    expect(isBusy((found as Error).cause)).toBe(held);
  });

  test('anything else is passed on as it is', () => {
    for (const error of [new Error('x'), 'text', Object.assign(new Error('x'), { code: 'SQLITE_CONSTRAINT_CHECK' })])
      expect(storageFault(error, 'jit.db')).toBe(error);
    for (const error of [Object.assign(new Error('x'), { code: 5 }), { code: 'SQLITE_BUSY' }, null])
      expect([storageFault(error, 'jit.db'), isBusy(error)]).toEqual([error, false]);
  });

  test('is turned for whoever reads, at once or later', async () => {
    const fail = () => {
      throw Object.assign(new Error('x'), { code: 'SQLITE_FULL' });
    };
    expect(() => guardFor('jit.db')(fail)).toThrow(StorageError);
    await expect(readingAt('jit.db')(fail)).rejects.toThrow(StorageError);
    expect([guardFor('jit.db')(() => 5), await readingAt('jit.db')(() => 6)]).toEqual([5, 6]);
  });
});

describe('the gate before the database', () => {
  const busy = () => Object.assign(new Error('x'), { code: 'SQLITE_BUSY' });
  const fails = (error: unknown) => () => {
    throw error;
  };
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('is closed for fifty milliseconds after a busy answer, and after no other fault', () => {
    const gate = createWriteGate('jit.db');
    expect(gate.write(() => 7)).toBe(7);
    expect(() => gate.write(fails(Object.assign(new Error('x'), { code: 'SQLITE_FULL' })))).toThrow(StorageError);
    expect(gate.isClosed()).toBe(false);
    expect(() => gate.write(fails(busy()))).toThrow(StorageError);
    expect(gate.isClosed()).toBe(true);
    const asked = vi.fn();
    expect(() => gate.write(asked)).toThrow('jit.db: the database is locked by another program');
    vi.advanceTimersByTime(49);
    expect(gate.isClosed()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(gate.isClosed()).toBe(false);
    expect(asked).not.toHaveBeenCalled();
    gate.write(asked);
    expect(asked).toHaveBeenCalledOnce();
  });

  test('turns others away with what SQLite said', () => {
    const gate = createWriteGate('jit.db');
    const said = busy();
    expect(() => gate.write(fails(said))).toThrow();
    try {
      gate.write(() => undefined);
      expect.unreachable('it was turned away');
    } catch (error) {
      expect(error).toMatchObject({ isBusy: true, cause: said });
    }
  });

  test('wakes all waiters once when a retry makes sense, and later ones again', () => {
    const gate = createWriteGate('jit.db');
    const called: string[] = [];
    gate.whenOpen(() => {
      called.push('a');
      gate.whenOpen(() => called.push('again'));
    });
    vi.advanceTimersByTime(20);
    gate.whenOpen(() => called.push('b'));
    vi.advanceTimersByTime(29);
    expect(called).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(called).toEqual(['a', 'b']);
    vi.advanceTimersByTime(50);
    expect(called).toEqual(['a', 'b', 'again']);
    vi.advanceTimersByTime(200);
    expect(called).toEqual(['a', 'b', 'again']);
  });

  test('closing tries once more what waits, and leaves no timer behind', () => {
    const gate = createWriteGate('jit.db');
    const called: string[] = [];
    gate.whenOpen(() => called.push('a'));
    gate.close();
    expect(called).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(100);
    expect(called).toEqual(['a']);
    createWriteGate('jit.db').close();
  });
});
