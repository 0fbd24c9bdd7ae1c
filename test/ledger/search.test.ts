/** What is handed on and read back, where SQLite holds the ledger. What both engines find is in contract/history. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventPayloads } from '../../src/domain/events.ts';
import { personActor } from '../../src/domain/person.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { decisionsIn } from '../../src/ledger/history/decisions.ts';
import { createRowWriter, exportEvents, exportRows } from '../../src/ledger/history/export.ts';
import { createEventReader, newestPolicyLoaded } from '../../src/ledger/sqlite/eventReader.ts';
import { type ALedger, aLedger, anEvent, person } from '../support/aLedger.ts';
import { everyEvent } from '../support/everyEvent.ts';

let one: ALedger;
beforeEach(() => {
  one = aLedger();
});
afterEach(() => one.close());

function sample<T extends keyof EventPayloads>(type: T): EventPayloads[T] {
  return everyEvent().find((event) => event.type === type)?.payload as EventPayloads[T];
}
const ANA = person('U0ANA', 'Ana Kovač');
const BEN = person('U0BEN', 'Ben');
const asked = (who: typeof ANA, n: number, more: Partial<EventPayloads['request.submitted']> = {}) =>
  anEvent(
    'request.submitted',
    { ...sample('request.submitted'), role: 'db/read', incidentId: null, requester: who, ...more },
    { requestId: `R${n}`, actor: personActor(who) },
  );
const denied = (n: number, role = 'db/read') =>
  anEvent(
    'request.denied',
    { role, requester: { slackId: ANA.slackId, name: ANA.name }, by: 'policy', reasons: [] },
    { requestId: `R${n}` },
  );
const wait = (ms = HOUR) => one.clock.advance(ms);

describe('decisions as they were recorded', () => {
  test('all since then, oldest first, with what they rest on', async () => {
    await one.record(asked(ANA, 1));
    wait();
    const since = one.clock.now();
    const review = { ...sample('review.recorded'), role: 'db/write', policyHash: 'the second' };
    await one.record(denied(1), asked(BEN, 2), anEvent('review.recorded', review, { requestId: 'R2' }));
    const decisions = [...decisionsIn(one.ledger, since)];
    const { input, decision, policyHash } = sample('request.submitted');
    expect(decisions).toEqual([
      {
        ...{ seq: 3, at: since, type: 'request.submitted', requestId: 'R2', role: 'db/read', person: 'Ben' },
        ...{ input, decision, policyHash },
      },
      {
        ...{ seq: 4, at: since, type: 'review.recorded', requestId: 'R2', role: 'db/write' },
        ...{ input: review.input, decision: review.decision, policyHash: 'the second', person: 'Ana Kovač' },
      },
    ]);
    expect([...decisionsIn(one.ledger, 0)].map(({ seq }) => seq)).toEqual([1, 3, 4]);
    const { requester: _, ...earlier } = review;
    await one.record(anEvent('review.recorded', earlier, { requestId: 'R1' }));
    // An earlier version did not say whom a review is about.
    expect([...decisionsIn(one.ledger, 0)].at(-1)).toMatchObject({ person: review.input.personId });
  });
});

describe('handing on', () => {
  test('takes all of the time that was named, both ends included, however many', async () => {
    await one.record(denied(1));
    wait(1);
    await one.record(...Array.from({ length: 250 }, (_, index) => denied(index)));
    wait(1);
    await one.record(denied(3));
    const at = one.clock.now() - 1;
    const seqs = (from: number, to: number) => [...exportRows(one.ledger, { from, to })].map(({ seq }) => seq);
    expect(seqs(at, at)).toEqual(Array.from({ length: 250 }, (_, index) => index + 2));
    expect(seqs(0, at)).toHaveLength(251);
    expect(seqs(at, at + 1)).toHaveLength(251);
    expect(seqs(at + 2, at + 3)).toEqual([]);
  });

  test.each([99, 100, 101, 200])('takes every one of %i', async (count) => {
    await one.record(...Array.from({ length: count }, (_, index) => denied(index)));
    expect([...exportEvents(one.ledger, { from: 0, to: one.clock.now() })].map(({ seq }) => seq)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
  });

  test('a line has the event as hashed, and beside it the names not erased', async () => {
    await one.record(asked(ANA, 1), asked(BEN, 2));
    const lineOf = createRowWriter(one.ledger);
    const lines = () =>
      [...exportRows(one.ledger, { from: 0, to: one.clock.now() })].map((row) => JSON.parse(lineOf(row)));
    const [first] = lines();
    const refs = Object.keys(first.names);
    expect(Object.values(first.names).map((name) => (name as { value: string }).value)).toEqual([
      'Ana Kovač',
      'u0ana@harbor.example',
    ]);
    expect(refs).toContain(first.actor.name);
    expect(refs).toContain(first.payload.requester.name);
    expect(first).toMatchObject({ seq: 1, requestId: 'R1', grantId: null, hash: expect.any(String) });
    one.ledger.sqlite.exec("UPDATE names SET salt = NULL, value = NULL WHERE person = 'U0BEN'");
    const writer = createRowWriter(one.ledger);
    const [, second] = [...exportRows(one.ledger, { from: 0, to: one.clock.now() })];
    expect(second && JSON.parse(writer(second)).names).toEqual({});
  });
});

describe('reading back', () => {
  test('events after one, up to a limit, one by number, the newest and the start', async () => {
    const reader = createEventReader(one.ledger);
    expect([await reader.newest(), await reader.origin(), await reader.get(1)]).toEqual([null, null, null]);
    const [first] = await one.record(denied(1), denied(2), denied(3), denied(4));
    expect((await reader.after(1, 2)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await reader.get(3)).toMatchObject({ seq: 3, requestId: 'R3' });
    expect(await reader.newest()).toMatchObject({ seq: 4 });
    expect(await reader.origin()).toEqual({ ledger: first?.hash, began: first?.at, first: 1 });
  });

  test('where a ledger began that is in an archive is what the chain says', async () => {
    await one.record(denied(1), denied(2), denied(3));
    const archived = { ledger: 'first', began: 5, from: 1, to: 2, hash: 'h', file: 'a', sha256: 's' };
    await one.record(
      anEvent('ledger.archived', { ...archived, to: 1, ledger: 'other' }),
      anEvent('ledger.archived', archived),
    );
    one.ledger.sqlite.exec('DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE seq < 3');
    expect(await createEventReader(one.ledger).origin()).toEqual({ ledger: 'first', began: 5, first: 3 });
    one.ledger.sqlite.exec('DELETE FROM events WHERE seq < 4');
    const fourth = await createEventReader(one.ledger).get(4);
    expect(await createEventReader(one.ledger).origin()).toEqual({ ledger: fourth?.hash, began: fourth?.at, first: 4 });
  });

  test('rare events of one type, all of them, the oldest first', async () => {
    const damaged = (problem: string) => anEvent('ledger.damaged', { problem });
    await one.record(damaged('a'), anEvent('ledger.looked', { problem: 'a', reason: 'r' }), denied(1), damaged('b'));
    const reader = createEventReader(one.ledger);
    expect((await reader.marks('ledger.damaged')).map(({ payload }) => payload.problem)).toEqual(['a', 'b']);
    expect(await reader.marks('bot.identified')).toEqual([]);
  });

  test('the policy that was loaded last', async () => {
    expect(newestPolicyLoaded(one.ledger)).toBeNull();
    const loaded = (hash: string) => anEvent('policy.loaded', { ...sample('policy.loaded'), hash });
    await one.record(loaded('a'), loaded('b'), denied(1));
    expect(newestPolicyLoaded(one.ledger)).toMatchObject({ seq: 2, payload: { hash: 'b' } });
  });

  test.each([
    ['payload', 'not json'],
    ['payload', '[]'],
    ['payload', 'null'],
    ['payload', '3'],
    ['actor', 'not json'],
  ])('an event whose %s somebody made %j says so, and keeps no other from being read', async (column, text) => {
    await one.record(denied(1), denied(2));
    one.ledger.sqlite.exec('DROP TRIGGER events_are_never_changed');
    one.ledger.sqlite.prepare(`UPDATE events SET ${column} = ? WHERE seq = 1`).run(text);
    expect(await createEventReader(one.ledger).after(0, 5)).toMatchObject([
      { seq: 1, type: 'event.unreadable', actor: { kind: 'bot' }, payload: { was: 'request.denied' } },
      { seq: 2, type: 'request.denied', payload: { requester: { name: 'Ana Kovač' } } },
    ]);
  });

  test('people whom the first release wrote as a name alone are people all the same', async () => {
    const earlier = (payload: object) => {
      const { seq = 0 } =
        one.ledger.sqlite.prepare<[], { seq: number }>('SELECT max(seq) AS seq FROM events').get() ?? {};
      one.ledger.sqlite
        .prepare(
          "INSERT INTO events (seq, at, type, actor, payload, prev_hash, hash) VALUES (?, 0, 'request.denied', '{\"kind\":\"bot\"}', ?, '', '')",
        )
        .run((seq ?? 0) + 1, JSON.stringify(payload));
      return createEventReader(one.ledger).newest();
    };
    const ana = { slackId: '', name: 'Ana' };
    expect((await earlier({ person: 'Ana', requester: 'Ana', from: 'Ana', approvers: ['Ana', ANA] }))?.payload).toEqual(
      {
        person: ana,
        requester: ana,
        from: ana,
        approvers: [ana, ANA],
      },
    );
    const now = { person: ANA, requester: ANA, from: ANA, approvers: [ANA], to: 'Ana' };
    expect((await earlier(now))?.payload).toEqual(now);
    expect((await earlier({ from: { role: 'r' } }))?.payload).toEqual({ from: { role: 'r' } });
  });
});
