/** What an auditor finds, and what signals are made from. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CANARY_ID } from '../../../src/domain/canary.ts';
import type { EventPayloads } from '../../../src/domain/events.ts';
import { personActor } from '../../../src/domain/person.ts';
import { HOUR } from '../../../src/domain/terms.ts';
import type { EventFilter } from '../../../src/ports/ledger.ts';
import { aDeniedRequest, anEvent, person } from '../../support/aLedger.ts';
import { type ADatabase, ENGINES } from '../../support/engines.ts';
import { everyEvent } from '../../support/everyEvent.ts';

let one: ADatabase;

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
const found = async (filter: Partial<EventFilter>) =>
  (await one.search.find({ limit: 100, ...filter })).map(({ seq }) => seq);

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

  describe('searching', () => {
    beforeEach(async () => {
      await one.record(asked(ANA, 1), asked(BEN, 2, { role: 'db/write' }));
      wait();
      await one.record(asked(BEN, 3, { role: 'db2/read', incidentId: 'PINC1' }), denied(1));
      wait();
      await one.record(denied(3, 'db2/read'), anEvent('bot.stopped', { signal: 'SIGTERM' }));
    });

    test('by a person’s id, by part of a name in any spelling, and by an unknown one', async () => {
      expect(await found({ person: 'U0ANA' })).toEqual([1, 4, 5]);
      expect(await found({ person: 'KOV' })).toEqual([1, 4, 5]);
      expect(await found({ person: 'BEN' })).toEqual([2, 3]);
      expect(await found({ person: 'nobody' })).toEqual([]);
      expect(await found({ person: 'U0NOBODY' })).toEqual([]);
      expect(await found({ person: 'a' })).toEqual([1, 2, 3, 4, 5]);
    });

    test('what only has an id in it is a part of a name', async () => {
      for (const name of ['Bot of U0X', 'U0X (old)', 'Other'])
        await one.record(asked({ ...person('U0X', name), email: 'x@harbor.example' }, 7));
      expect(await found({ person: 'U0X' })).toEqual([7, 8, 9]);
      expect(await found({ person: 'of U0X' })).toEqual([7, 8, 9]);
      expect(await found({ person: 'U0X (old)' })).toEqual([7, 8, 9]);
      await one.record(asked({ ...person('U0Y', 'Called U0X'), email: 'y@harbor.example' }, 8));
      // An id is an id, whoever is called so.
      expect(await found({ person: 'U0X' })).toEqual([7, 8, 9]);
    });

    test('by a role, or a resource with all its roles and not one that is called alike', async () => {
      expect(await found({ role: 'db/read' })).toEqual([1, 4]);
      expect(await found({ role: 'db' })).toEqual([1, 2, 4]);
      expect(await found({ role: 'db2' })).toEqual([3, 5]);
      expect(await found({ role: 'read' })).toEqual([]);
    });

    test('by a request, and by an incident with all that followed from it', async () => {
      expect(await found({ requestId: 'R1' })).toEqual([1, 4]);
      expect(await found({ incidentId: 'PINC1' })).toEqual([3, 5]);
      expect(await found({ incidentId: 'PINC9' })).toEqual([]);
    });

    test('by time, both ends included', async () => {
      const at = one.clock.now() - HOUR;
      expect(await found({ from: at })).toEqual([3, 4, 5, 6]);
      expect(await found({ from: at + 1 })).toEqual([5, 6]);
      expect(await found({ to: at })).toEqual([1, 2, 3, 4]);
      expect(await found({ to: at - 1 })).toEqual([1, 2]);
      expect(await found({ person: 'U0ANA', from: at, to: at })).toEqual([4]);
      expect(await found({ person: 'U0ANA', from: at + 1 })).toEqual([5]);
      expect(await found({ person: 'U0ANA', to: at - 1 })).toEqual([1]);
      expect(await found({})).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test('by all of it together', async () => {
      expect(await found({ person: 'U0ANA', role: 'db2' })).toEqual([5]);
      expect(await found({ person: 'U0BEN', requestId: 'R3' })).toEqual([3]);
      expect(await found({ person: 'U0ANA', incidentId: 'PINC1' })).toEqual([5]);
      expect(await found({ role: 'db', requestId: 'R3' })).toEqual([]);
      expect(await found({ person: 'nobody', role: 'db' })).toEqual([]);
    });

    test('gives the newest so many, oldest first, with their names', async () => {
      expect(await found({ limit: 2 })).toEqual([5, 6]);
      expect(await found({ person: 'U0ANA', limit: 2 })).toEqual([4, 5]);
      const [first] = await one.search.find({ requestId: 'R1', limit: 100 });
      expect(first).toMatchObject({ type: 'request.submitted', payload: { requester: { name: 'Ana Kovač' } } });
    });

    test('people are called what the newest event says, never by address', async () => {
      await one.record(asked(person('U0BEN', 'Benjamin'), 4));
      await one.record(anEvent('delegation.set', { from: { ...ANA, name: 'ana@x' }, to: { ...BEN }, until: 0 }));
      const names = await one.search.namesOf(['U0BEN', 'U0ANA', 'U0NOBODY', 'S0TEAM']);
      expect([...names]).toEqual([['U0BEN', 'Ben']]);
      expect([...(await one.search.namesOf(['U0ANA']))]).toEqual([]);
    });

    test('whoever was erased, or changed in the database, has no name', async () => {
      expect([...(await (await one.again()).search.namesOf(['U0BEN']))]).toEqual([['U0BEN', 'Ben']]);
      await one.rows("UPDATE names SET value = 'Mallory' WHERE value = 'Ben'");
      expect([...(await (await one.again()).search.namesOf(['U0BEN']))]).toEqual([]);
      await one.rows("UPDATE names SET salt = NULL, value = NULL WHERE person = 'U0BEN'");
      expect([...(await (await one.again()).search.namesOf(['U0BEN']))]).toEqual([]);
    });

    test('the card of a request is that of all that were made with it', async () => {
      const search = one.search;
      await one.store.commit({
        requests: [
          { value: aDeniedRequest('R1', { bundle: 'B1' }), version: 0 },
          { value: aDeniedRequest('R2', { bundle: 'B2' }), version: 0 },
        ],
      });
      const posts = one.posts;
      await posts.keep('card:B1', { channel: 'C1', ts: '1.5', digest: 'd' });
      await posts.keep('card:R2', { channel: 'C1', ts: '9.9', digest: 'd' });
      expect(await search.cardOf('R1')).toEqual({ channel: 'C1', ts: '1.5' });
      expect(await search.cardOf('R2')).toBeNull();
      expect(await search.cardOf('R9')).toBeNull();
    });
  });

  describe('how people behave', () => {
    const approved = (requester: string, approver: string) =>
      anEvent('request.approved', {
        ...{ role: 'db/read', requester: { slackId: requester, name: requester }, by: 'reviewers', startsAt: null },
        approvers: [{ slackId: approver, name: approver }],
      });

    test('what somebody asked for and was denied, by any of their accounts, newest first', async () => {
      await one.record(asked(ANA, 1), asked(BEN, 2), denied(1));
      wait();
      await one.record(asked({ ...person('U0ANA2'), email: ANA.email }, 3));
      const { requests, denials, knowsResource } = await one.activity.asking(
        ['U0ANA', 'U0ANA2'],
        'db',
        one.clock.now(),
      );
      expect([requests.map(({ seq }) => seq), denials.map(({ seq }) => seq), knowsResource]).toEqual([
        [4, 1],
        [3],
        false,
      ]);
    });

    test('whether they ever had access there, and not where a name only begins so', async () => {
      await one.record(
        anEvent('grant.activated', {
          ...sample('grant.activated'),
          role: 'db2/read',
          person: { slackId: 'U0ANA', name: 'Ana' },
        }),
      );
      const knows = async (resource: string) =>
        (await one.activity.asking(['U0ANA'], resource, one.clock.now())).knowsResource;
      expect([await knows('db'), await knows('db2')]).toEqual([false, true]);
      const { resources } = await one.activity.askingAnywhere(['U0ANA'], one.clock.now());
      expect([...resources]).toEqual(['db2']);
    });

    test('how often each role was used since then, and by how many', async () => {
      const used = (who: string) =>
        anEvent('grant.activated', {
          ...sample('grant.activated'),
          role: 'db/read',
          person: { slackId: who, name: who },
        });
      await one.record(used('U0ANA'));
      wait();
      const since = one.clock.now();
      await one.record(used('U0ANA'), used('U0BEN'), used('U0BEN'), used(CANARY_ID));
      expect(await one.activity.uses(since)).toEqual([{ role: 'db/read', uses: 3, people: 2 }]);
      expect(await one.activity.uses(one.clock.now() + 1)).toEqual([]);
    });

    test('who approved whom, each human under the first of their accounts', async () => {
      await one.record(approved('U0ANA', 'U0BEN2'), approved('U0BEN', 'U0ANA'), approved('U0CHLOE', 'U0BEN'));
      const between = { reviewer: ['U0BEN', 'U0BEN2'], requester: ['U0ANA'] };
      expect(await one.activity.reviewing(between, one.clock.now())).toEqual({
        reviews: [],
        approversOfRequester: ['U0BEN'],
        approversOfReviewer: ['U0ANA'],
      });
    });

    test('how fast somebody reviews, from the request to their answer', async () => {
      await one.record(asked(ANA, 1));
      wait(5_000);
      const review = { ...sample('review.recorded'), role: 'db/read' };
      await one.record(anEvent('review.recorded', review, { requestId: 'R1', actor: personActor(BEN) }));
      const { reviews } = await one.activity.reviewing({ reviewer: ['U0BEN'], requester: ['U0ANA'] }, one.clock.now());
      expect(reviews).toMatchObject([{ seq: 2, after: 5_000, verdict: review.verdict }]);
    });
  });

  describe('reading back', () => {
    test('events in order after a number, the newest, and where the ledger began', async () => {
      expect([await one.events.newest(), await one.events.origin()]).toEqual([null, null]);
      await one.record(asked(ANA, 1), denied(1));
      wait();
      await one.record(anEvent('ledger.looked', sample('ledger.looked')));
      expect((await one.events.after(1, 9)).map(({ seq }) => seq)).toEqual([2, 3]);
      expect((await one.events.after(0, 1)).map(({ seq }) => seq)).toEqual([1]);
      expect(await one.events.newest()).toMatchObject({ seq: 3, type: 'ledger.looked' });
      expect(await one.events.get(1)).toMatchObject({ payload: { requester: { name: 'Ana Kovač' } } });
      expect(await one.events.get(9)).toBeNull();
      const [first] = await one.events.after(0, 1);
      expect(await one.events.origin()).toEqual({ ledger: first?.hash, began: first?.at, first: 1 });
      expect((await one.events.marks('ledger.looked')).map(({ seq }) => seq)).toEqual([3]);
      expect(await one.events.marks('channel.forged')).toEqual([]);
    });
  });
});
