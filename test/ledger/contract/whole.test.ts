/** What reads a whole ledger, and what is kept beside it, on both engines. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { activate, intendGrant } from '../../../src/domain/grant.ts';
import { personActor } from '../../../src/domain/person.ts';
import { HOUR, MINUTE } from '../../../src/domain/terms.ts';
import type { Change } from '../../../src/ports/store.ts';
import { aDeniedRequest, anEvent, person } from '../../support/aLedger.ts';
import { NO_TIES } from '../../support/domain.ts';
import { type ADatabase, ENGINES } from '../../support/engines.ts';

let one: ADatabase;
const ANA = person('U0ANA', 'Ana');
const ana = { slackId: 'U0ANA', name: 'Ana' };
const about = { requestId: 'R1', grantId: 'G1' };
const stopped = anEvent('bot.stopped', { signal: 'test' });

/** Somebody has access, as the flow commits it. */
async function give(): Promise<void> {
  const now = one.clock.now();
  const grant = intendGrant(
    {
      ...{ id: 'G1', requestId: 'R1', person: ANA, resourceId: 'db', place: 'here', role: 'db/read', grants: { a: 1 } },
      ...{ duration: HOUR, ties: NO_TIES },
    },
    now,
  );
  const { endsAt } = grant;
  const change: Change = {
    requests: [{ value: aDeniedRequest('R1', { requester: ANA }), version: 0 }],
    grants: [{ value: grant, version: 0 }],
    events: [
      anEvent(
        'grant.provisioning',
        { role: 'db/read', person: ana, duration: HOUR, endsAt, gives: { place: 'here', grants: { a: 1 } } },
        about,
      ),
    ],
    jobs: [{ kind: 'end', key: 'G1', dueAt: endsAt }],
  };
  await one.store.commit(change);
  await one.store.commit({
    grants: [{ value: activate(grant, 'a', now), version: 1 }],
    events: [anEvent('grant.activated', { role: 'db/read', person: ana, account: 'a', endsAt }, about)],
  });
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

  describe('the chain', () => {
    test('of a ledger as it was written is whole, and ends where it ends', async () => {
      await give();
      const [last] = await one.record(stopped);
      expect(await one.verify([])).toMatchObject({ whole: true, first: 1, events: 3, head: last?.hash });
    });

    test('that does not hold a position which was kept elsewhere is not whole', async () => {
      await one.record(stopped);
      const found = await one.verify([{ seq: 1, hash: 'f'.repeat(64), where: 'a file' }]);
      expect(found).toMatchObject({ whole: false, kind: 'rewritten' });
    });

    test('with a name that somebody changed is not whole', async () => {
      await one.record(anEvent('request.cancelled', { role: 'db/read', requester: ana }, { actor: personActor(ANA) }));
      await one.rows("UPDATE names SET value = 'Eve' WHERE value = 'Ana'");
      expect(await one.verify([])).toMatchObject({ whole: false, kind: 'edited' });
    });
  });

  describe('the tables beside the events', () => {
    test('as they were written differ in nothing', async () => {
      await give();
      const check = one.createStateCheck(one.clock);
      expect(await check.suspects()).toEqual([]);
      expect(await check.look('G1')).toBeNull();
      expect(await check.idleRequests(0)).toEqual([]);
      await check.close();
    });

    test('without the work that ends access are told with what is missing', async () => {
      await give();
      await one.rows("DELETE FROM jobs WHERE kind = 'end'");
      const check = one.createStateCheck(one.clock);
      expect(await check.suspects()).toEqual(['G1']);
      expect(await check.look('G1')).toMatchObject({ kind: 'not_due', jobs: [{ kind: 'end', key: 'G1' }] });
      await one.store.commit({ jobs: [{ kind: 'end', key: 'G1', dueAt: one.clock.now() }] });
      expect(await check.look('G1')).toBeNull();
      await check.close();
    });

    test('with a row that was made another’s are told, and put right', async () => {
      await give();
      await one.rows("UPDATE grants SET person = 'U0EVE' WHERE id = 'G1'");
      const check = one.createStateCheck(one.clock);
      const finding = await check.look('G1');
      expect(finding).toMatchObject({ kind: 'bent', version: 2, events: [1, 2] });
      const grant = (await one.store.grant('G1'))?.value;
      if (!grant) throw new Error('its body can be read');
      await check.realign(grant);
      expect(await check.look('G1')).toBeNull();
      await check.close();
    });

    test('with a small state that cannot be read have none in its place', async () => {
      await one.store.commit({
        records: [{ kind: 'freeze', key: 'bot', value: { by: ANA, at: 1, reason: 'drill' }, version: 0 }],
      });
      await one.rows("UPDATE records SET body = 'not json'");
      const check = one.createStateCheck(one.clock);
      expect(await check.dropUnreadable()).toEqual(['freeze bot']);
      expect(await check.dropUnreadable()).toEqual([]);
      expect((await one.store.record('freeze', 'bot')).value).toBeNull();
      await check.close();
    });
  });

  test('figures of a period are read from the events', async () => {
    const from = one.clock.now();
    await give();
    one.clock.advance(MINUTE);
    const figures = await one.figures({ from, to: one.clock.now() });
    expect(figures.spans).toMatchObject([{ grantId: 'G1', role: 'db/read', person: ana, from, to: null }]);
  });

  describe('how the work stands', () => {
    test('of an empty ledger: nothing, and never', async () => {
      expect(await one.overview.read(one.clock.now())).toEqual({
        ...{ live: {}, overdue: null, pending: [], due: [], retried: 0, canary: null, auditBehind: null, newestSeq: 0 },
        ...{ frozenSince: null, drain: null, lastBeat: 0, lastAnchor: null },
      });
    });

    test('counts what is live, due and behind', async () => {
      const now = one.clock.now();
      await give();
      one.clock.advance(HOUR);
      await one.posts.moveCursor('audit-channel', 1);
      await one.posts.moveCursor('clock', 7);
      const freeze = { by: ANA, at: now, reason: 'drill' };
      await one.store.commit({ records: [{ kind: 'freeze', key: 'bot', value: freeze, version: 0 }] });
      expect(await one.overview.read(now + HOUR)).toMatchObject({
        ...{ live: { active: 1 }, due: [{ kind: 'end', count: 1, since: now + HOUR }] },
        ...{ auditBehind: { count: 1, since: now }, newestSeq: 2, frozenSince: now, lastBeat: 7 },
      });
    });

    test('says when the first overdue access should have ended', async () => {
      await give();
      await one.rows("UPDATE grants SET state = 'overdue'");
      expect((await one.overview.read(one.clock.now())).overdue).toEqual({ count: 1, since: one.clock.now() + HOUR });
    });
  });

  test('a pause before maintenance is read by the bot and by whoever looks', async () => {
    expect(await one.drain()).toBeNull();
    const until = one.clock.now() + HOUR;
    await one.drainUntil(until);
    expect(await one.drain()).toEqual({ until, why: 'new disk' });
    expect((await one.overview.read(until - 1)).drain).toEqual({ until });
    expect((await one.overview.read(until)).drain).toBeNull();
    await one.drainUntil(null);
    expect(await one.drain()).toBeNull();
  });

  test('the newest policy is known at a start', async () => {
    expect(await one.newestPolicyLoaded()).toBeNull();
    const loaded = (hash: string) => anEvent('policy.loaded', { hash, resources: 1, roles: 1, changes: [] });
    await one.record(loaded('a'), loaded('b'), stopped);
    expect(await one.newestPolicyLoaded()).toMatchObject({ seq: 2, payload: { hash: 'b' } });
  });
});
