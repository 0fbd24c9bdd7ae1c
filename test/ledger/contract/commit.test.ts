/** What the flow may rely on when it changes something, whichever database it is on. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { personActor } from '../../../src/domain/person.ts';
import { MINUTE } from '../../../src/domain/terms.ts';
import { type EventRow, GENESIS_HASH, hashEvent } from '../../../src/ledger/book/chain.ts';
import type { Claim, Job, JobKind } from '../../../src/ports/jobs.ts';
import { ConflictError } from '../../../src/ports/store.ts';
import { aDeniedRequest, anEvent, person } from '../../support/aLedger.ts';
import { type ADatabase, ENGINES } from '../../support/engines.ts';
import { everyEvent } from '../../support/everyEvent.ts';

let one: ADatabase;

const ANA = person('U0ANA', 'Ana');
const BEN = person('U0BEN', 'Ben');
const cancelled = (who = ANA, requestId: string | null = 'R1') =>
  anEvent(
    'request.cancelled',
    { role: 'db/read', requester: { slackId: who.slackId, name: who.name } },
    { requestId, actor: personActor(who) },
  );
const job = (key: string, dueAt = 5, kind: JobKind = 'end'): Job => ({ kind, key, dueAt });
const jobs = async () =>
  (await one.rows('SELECT kind, key, due_at FROM jobs ORDER BY kind, key')).map(({ kind, key, due_at }) => ({
    kind,
    key,
    dueAt: Number(due_at),
  }));
const count = async (table: string) => (await one.rows(`SELECT * FROM ${table}`)).length;

/** Every row as anybody can compute it. @returns how many there are */
async function checkChain(): Promise<number> {
  const columns = 'seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash';
  const rows = await one.rows(`SELECT ${columns} FROM events ORDER BY seq`);
  let before = GENESIS_HASH;
  for (const [index, row] of rows.entries()) {
    const text = (name: string) => String(row[name]);
    const maybe = (name: string) => (row[name] === null ? null : text(name));
    const fields: Omit<EventRow, 'hash'> = {
      ...{ seq: Number(row.seq), at: Number(row.at), type: text('type'), actor: text('actor') },
      ...{ requestId: maybe('request_id'), grantId: maybe('grant_id'), payload: text('payload') },
      prevHash: text('prev_hash'),
    };
    expect([fields.seq, fields.prevHash, row.hash]).toEqual([index + 1, before, hashEvent(fields)]);
    before = text('hash');
  }
  return rows.length;
}

describe.each(ENGINES)('on $name', (engine) => {
  let stop: () => Promise<void>;
  beforeAll(async () => {
    stop = await engine.start();
  });
  afterAll(() => stop());
  beforeEach(async () => {
    one = await engine.open();
  });
  afterEach(() => one.close());

  describe('an event', () => {
    test('of every type is chained to the one before, and returned as it was recorded', async () => {
      const events = everyEvent().map(({ type, actor, requestId, grantId, payload }) =>
        anEvent(type, payload, { actor, requestId, grantId }),
      );
      const recorded = await one.record(...events);
      expect(await checkChain()).toBe(events.length);
      expect(recorded.map(({ type, payload }) => ({ type, payload }))).toEqual(
        events.map(({ type, payload }) => ({ type, payload })),
      );
      const hashes = await one.rows('SELECT prev_hash, hash FROM events ORDER BY seq');
      expect(recorded.map(({ prevHash, hash }) => ({ prev_hash: prevHash, hash }))).toEqual(hashes);
    });

    test.each([
      '\0',
      'half \ud83d',
      '\udca9 half',
      '\ud83d\ud83d',
      '"\\u0000"',
      '\n\r\u2028',
      '😀é',
      "'; DROP TABLE events; --",
    ])('whose words are %j is recorded, and so is the name of who said them', async (words) => {
      await one.record(anEvent('bot.stopped', { signal: words }), cancelled(person('U0ANA', `Ana ${words}`)));
      await one.record(cancelled(person('U0ANA', `Ana ${words}`)));
      expect(await checkChain()).toBe(3);
      expect(await count('names')).toBe(1);
      await one.store.commit({ requests: [{ value: aDeniedRequest('R1', { reason: words }), version: 0 }] });
      expect((await one.store.request('R1'))?.value.reason).toBe(words);
    });

    test('names nobody in the chain, and everybody whom it is about beside it', async () => {
      await one.record(
        cancelled(),
        anEvent(
          'delegation.set',
          { from: ANA, to: { slackId: 'U0BEN', name: 'Ben' }, until: 0 },
          { actor: personActor(ANA) },
        ),
      );
      const [first] = await one.rows('SELECT actor, payload FROM events ORDER BY seq');
      expect(JSON.stringify(first)).not.toContain('Ana\\"');
      expect(await one.rows('SELECT person, value FROM names ORDER BY person, value')).toEqual([
        { person: 'U0ANA', value: 'Ana' },
        { person: 'U0ANA', value: 'u0ana@harbor.example' },
        { person: 'U0BEN', value: 'Ben' },
      ]);
      const people = await one.rows('SELECT person, seq FROM event_people ORDER BY seq, person');
      expect(people.map(({ person: who, seq }) => `${who} ${seq}`)).toEqual(['U0ANA 1', 'U0ANA 2', 'U0BEN 2']);
    });

    test('is never changed or deleted, by nobody', async () => {
      await one.record(cancelled());
      await expect(one.rows("UPDATE events SET type = 'x'")).rejects.toThrow('append-only');
      await expect(one.rows('DELETE FROM events')).rejects.toThrow('append-only');
      expect(await checkChain()).toBe(1);
    });
  });

  describe('a change', () => {
    test('makes what follows from its events due, with it, and tells of all that is due', async () => {
      const told: (readonly Job[])[] = [];
      await one.record(cancelled());
      const { store } = await one.again({
        followUps: ({ seq, at }) => [job(String(seq), at, 'notify'), job('audit', at, 'audit')],
        onDue: (due) => told.push(due),
      });
      await store.commit({ events: [cancelled(), cancelled()], jobs: [job('G1')] });
      const now = one.clock.now();
      const due = [job('audit', now, 'audit'), job('G1'), job('2', now, 'notify'), job('3', now, 'notify')];
      expect(await jobs()).toEqual(due);
      expect(new Set(told.flat().map(({ kind, key }) => `${kind} ${key}`))).toEqual(
        new Set(['end G1', 'notify 2', 'notify 3', 'audit audit']),
      );
      await store.commit({ done: [job('G1')] });
      expect(told).toHaveLength(1);
      expect((await jobs()).map(({ key }) => key)).toEqual(['audit', '2', '3']);
    });

    test('moves existing work, and deletes only work of this kind and key', async () => {
      await one.store.commit({ jobs: [job('G1'), job('G2'), job('G1', 5, 'watch')] });
      await one.store.commit({ jobs: [job('G1', 3)] });
      await one.store.commit({ done: [job('G2')] });
      expect(await jobs()).toEqual([job('G1', 3), job('G1', 5, 'watch')]);
    });

    test('takes out what is done before it puts what is due: both at once put it anew', async () => {
      await one.store.commit({ jobs: [job('G1')] });
      await one.store.commit({ jobs: [job('G1', 9)], done: [job('G1')] });
      expect(await jobs()).toEqual([job('G1', 9)]);
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
      expect([await count('events'), await count('jobs'), await count('names')]).toEqual([0, 0, 0]);
      expect(await one.store.request('R2')).toBeNull();
      // A name of the commit that did not happen is put anew with the next one.
      await one.record(cancelled(person('U0NEW', 'New')));
      expect([await checkChain(), await count('names')]).toEqual([1, 1]);
    });

    test('that makes what exists already conflicts', async () => {
      const made = { requests: [{ value: aDeniedRequest('R1'), version: 0 }] };
      await one.store.commit(made);
      await expect(one.store.commit(made)).rejects.toThrow(ConflictError);
      const submitted = { value: aDeniedRequest('R2', { submissionKey: 'R1' }), version: 0 };
      await expect(one.store.commit({ requests: [submitted] })).rejects.toThrow(ConflictError);
    });

    test('that conflicts keeps none of those that came with it from happening', async () => {
      const fine = (id: string) =>
        one.store.commit({ requests: [{ value: aDeniedRequest(id), version: 0 }], events: [cancelled(BEN, id)] });
      await one.store.commit({ requests: [{ value: aDeniedRequest('R0'), version: 0 }] });
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => fine(`R${index}`)));
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([
        { status: 'rejected', reason: expect.any(ConflictError) },
      ]);
      const events = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
      expect(events.map(({ seq, requestId }) => [seq, requestId])).toEqual(
        Array.from({ length: 19 }, (_, index) => [index + 1, `R${index + 1}`]),
      );
      expect(await checkChain()).toBe(19);
    });

    test('is recorded at the time at which it was asked for', async () => {
      const both = [one.record(cancelled()), one.record(cancelled())];
      one.clock.advance(MINUTE);
      const at = (await Promise.all(both)).flat().map((event) => event.at - one.clock.now());
      expect(at).toEqual([-MINUTE, -MINUTE]);
    });

    test('of a small state that was changed meanwhile is named', async () => {
      const digest = (version: number) =>
        one.store.commit({ records: [{ kind: 'digest', key: 'weekly', value: null, version }] });
      await digest(0);
      await expect(digest(3)).rejects.toThrow('digest weekly has changed');
    });
  });

  describe('due work', () => {
    const put = (key: string, dueAt = 0, kind: JobKind = 'end') => one.store.commit({ jobs: [{ kind, key, dueAt }] });
    const claim = async (now = 100, limit = 9, lease = 50) =>
      (await one.queue.claim(['end', 'watch'], now, limit, lease)).map(({ key }) => key);
    const first = async (now = 100): Promise<Claim> => {
      const [found] = await one.queue.claim(['end'], now, 1, 50);
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
      expect(await first(100)).toMatchObject({ kind: 'end', key: 'a', dueAt: 0, attempt: 1 });
      expect(await claim(149)).toEqual([]);
      expect(await first(150)).toMatchObject({ attempt: 2 });
    });

    test('that begins without a claim counts no try, and is due until it is settled', async () => {
      await put('b', 20);
      await put('a', 10);
      await put('later', 101);
      await put('x', 0, 'card');
      const begin = async (limit = 9) =>
        (await one.queue.mayBegin(['end'], 100, limit)).map(({ key, attempt }) => [key, attempt]);
      for (const _ of [1, 2])
        expect(await begin()).toEqual([
          ['a', 1],
          ['b', 1],
        ]);
      expect(await begin(1)).toEqual([['a', 1]]);
      const [a, b] = await one.queue.mayBegin(['end'], 100, 9);
      if (!a || !b) throw new Error('both were due');
      await one.queue.settle({ claim: a, next: 'done' });
      await one.queue.settle({ claim: b, next: { dueAt: 30, after: 'failed' } });
      expect(await begin()).toEqual([['b', 2]]);
    });

    test('that has begun and is put again meanwhile is due as it was put', async () => {
      await put('a', 10);
      const [old] = await one.queue.mayBegin(['end'], 100, 9);
      if (!old) throw new Error('it was due');
      await put('a', 40);
      await one.queue.settle({ claim: old, next: 'done' });
      expect(await one.queue.mayBegin(['end'], 100, 9)).toMatchObject([{ key: 'a', dueAt: 40 }]);
    });

    test('the next of a kind after a time is known', async () => {
      expect(await one.queue.nextDueAt(['end'], 0)).toBeNull();
      await put('b', 200);
      await put('a', 10);
      await put('x', 5, 'card');
      expect(await one.queue.nextDueAt(['end'], 0)).toBe(10);
      expect(await one.queue.nextDueAt(['end'], 100)).toBe(200);
      await first(100);
      expect(await one.queue.nextDueAt(['end'], 100)).toBe(200);
      expect(await one.queue.nextDueAt(['end'], 200)).toBeNull();
    });

    test('that is done is gone, and that comes back keeps its tries as it says', async () => {
      await put('a');
      await one.queue.settle({ claim: await first(), next: { dueAt: 5, after: 'failed' } });
      const second = await first();
      expect(second).toMatchObject({ attempt: 2, dueAt: 5 });
      await one.queue.settle({ claim: second, next: { dueAt: 6, after: 'waiting' } });
      const third = await first();
      expect(third).toMatchObject({ attempt: 2, dueAt: 6 });
      await one.queue.settle({ claim: third, next: { dueAt: 7, after: 'done' } });
      const fourth = await first();
      expect(fourth).toMatchObject({ attempt: 1, dueAt: 7 });
      await one.queue.settle({ claim: fourth, next: 'done' });
      expect(await claim()).toEqual([]);
    });

    test.each(['done', { dueAt: 500, after: 'failed' }] as const)(
      'that was put again meanwhile is left as it was put, and free at once: %j',
      async (next) => {
        await put('a');
        const old = await first();
        await put('a', 40);
        await one.queue.settle({ claim: old, next });
        expect(await first()).toMatchObject({ dueAt: 40 });
      },
    );

    test.each(['done', { dueAt: 500, after: 'failed' }] as const)(
      'that was taken out and put anew meanwhile is left as it was put: %j',
      async (next) => {
        await put('a');
        const old = await first();
        await one.store.commit({ done: [{ kind: 'end', key: 'a' }] });
        await put('a', 40);
        await one.queue.settle({ claim: old, next });
        expect(await first()).toMatchObject({ dueAt: 40 });
      },
    );

    test('settling one leaves another alone, whatever is alike about them', async () => {
      await put('a');
      await put('a', 0, 'watch');
      await put('b');
      const found = await one.queue.claim(['end', 'watch'], 100, 9, 50);
      const [own] = found.filter(({ kind, key }) => kind === 'end' && key === 'a');
      if (own) await one.queue.settle({ claim: own, next: 'done' });
      const left = await one.queue.claim(['end', 'watch'], 150, 9, 50);
      expect(left.map(({ kind, key }) => `${kind} ${key}`).toSorted()).toEqual(['end b', 'watch a']);
    });

    test('all that is settled in one turn is recorded', async () => {
      for (const key of ['a', 'b', 'c']) await put(key);
      const all = await one.queue.claim(['end'], 100, 9, 50);
      await Promise.all(all.map((claimed) => one.queue.settle({ claim: claimed, next: 'done' })));
      expect(await jobs()).toEqual([]);
    });

    test('of a process that died is free again', async () => {
      for (const key of ['a', 'b']) await put(key);
      await claim();
      await one.queue.releaseAll();
      expect(await claim()).toHaveLength(2);
    });
  });
});
