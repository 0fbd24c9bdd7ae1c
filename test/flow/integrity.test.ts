/** Nothing new is granted on a record that was changed, cut or swapped, nor before that was looked at. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import {
  anchorLedger,
  type ChannelAnchor,
  type ChannelView,
  createIntegrity,
  sayLooked,
} from '../../src/lifecycle/health/integrity.ts';
import type { EventReader } from '../../src/ports/ledger.ts';
import { StorageError } from '../../src/ports/store.ts';
import { failCommit, settled } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
let reader: EventReader;
beforeEach(async () => {
  flow = aFlow({
    roles: '      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }',
  });
  reader = createEventReader(flow.ledger);
  await flow.asks('U0ANA', 'db/read', HOUR);
});
afterEach(() => flow.close());

const BEING_CHECKED = 'it is still being checked; try again in a moment';
const BEING_COMPARED = 'it is still being compared with the audit channel; try again in a moment';
const starts = (isExpected = false, events = reader) =>
  createIntegrity({ store: flow.deps.store, events, log: flow.log, isExpected });
const checked = async (isExpected = false, events = reader) => {
  const integrity = await starts(isExpected, events);
  await integrity.settle(null);
  return integrity;
};
const damage = () =>
  flow
    .events()
    .filter(({ type }) => type === 'ledger.damaged')
    .map(({ actor, requestId, grantId, payload }) => {
      expect({ actor: actor.kind, requestId, grantId }).toEqual({ actor: 'bot', requestId: null, grantId: null });
      return payload;
    });
const event = (seq: number): LedgerEvent => {
  const found = flow.events().find((one) => one.seq === seq);
  if (!found) throw new Error(`there is no event ${seq}`);
  return found;
};
const anchor = (seq: number, more: Partial<ChannelAnchor> = {}): ChannelAnchor => ({
  ledger: event(1).hash,
  seq,
  hash: flow.events().find((one) => one.seq === seq)?.hash ?? 'none',
  where: `message ${seq}`,
  at: flow.clock.now(),
  ...more,
});
const view = (anchors: readonly ChannelAnchor[], more: Partial<ChannelView> = {}): ChannelView => ({
  anchors,
  problem: null,
  isExpected: true,
  ...more,
});
const isDone = (promise: Promise<void>) => Promise.race([promise.then(() => true), settled().then(() => false)]);

describe('a start', () => {
  test('grants nothing until the database was checked', async () => {
    const integrity = await starts();
    expect(integrity.problem()).toBe(BEING_CHECKED);
    await integrity.settle(null);
    expect(integrity.problem()).toBeNull();
    expect(damage()).toEqual([]);
  });

  test('with a ledger shown in the channel grants nothing until it was compared', async () => {
    const integrity = await starts(true);
    expect(integrity.problem()).toBe(BEING_CHECKED);
    await integrity.settle(null);
    expect(integrity.problem()).toBe(BEING_COMPARED);
    expect(await isDone(integrity.compared)).toBe(false);
    await integrity.compare(view([anchor(2)]));
    expect(integrity.problem()).toBeNull();
    expect(await isDone(integrity.compared)).toBe(true);
  });

  test('compared before it was checked grants nothing until it was', async () => {
    const integrity = await starts(true);
    await integrity.compare(view([anchor(2)]));
    expect(integrity.problem()).toBe(BEING_CHECKED);
    await integrity.settle(null);
    expect(integrity.problem()).toBeNull();
  });

  test('with a ledger that was never shown has nothing to be compared with', async () => {
    expect(await isDone((await starts()).compared)).toBe(true);
  });
});

describe('a damaged database', () => {
  test('is recorded once, with what was found first, and stays damaged', async () => {
    const integrity = await starts();
    await integrity.settle('event 2 was changed');
    await integrity.settle('event 3 was changed');
    await integrity.settle(null);
    expect(integrity.problem()).toBe('event 2 was changed');
    expect(damage()).toEqual([{ problem: 'event 2 was changed' }]);
    expect(flow.log.lines).toMatchObject([
      {
        level: 'error',
        message: expect.stringContaining('CANNOT BE TRUSTED'),
        facts: { problem: 'event 2 was changed' },
      },
    ]);
  });

  test('can be found after a check that passed', async () => {
    const integrity = await checked();
    await integrity.settle('event 2 was changed');
    expect(integrity.problem()).toBe('event 2 was changed');
    expect(damage()).toHaveLength(1);
  });

  test('is recorded beside what the channel says', async () => {
    const integrity = await starts(true);
    await integrity.settle('event 2 was changed');
    await integrity.compare(view([anchor(2, { hash: 'another' })]));
    await integrity.compare(view([anchor(2, { hash: 'a third' })]));
    expect(integrity.problem()).toBe('event 2 was changed');
    expect(damage()).toEqual([{ problem: 'event 2 was changed' }, { problem: expect.stringContaining('message 2') }]);
  });
});

describe('the audit channel', () => {
  const problem = async (...anchors: ChannelAnchor[]) => {
    const integrity = await checked(true);
    await integrity.compare(view(anchors));
    return integrity.problem();
  };

  test('that agrees with the ledger raises nothing', async () => {
    expect(await problem(anchor(1), anchor(3))).toBeNull();
  });

  test('that knows another event than the ledger finds it rewritten', async () => {
    const text = 'event 2 is not the one that message 2 knows: the ledger was written anew';
    expect(await problem(anchor(1), anchor(2, { hash: 'another' }))).toBe(text);
    expect(damage()).toEqual([{ problem: text }]);
  });

  test('that knows more events than the ledger finds it cut', async () => {
    const end = flow.events().length;
    expect(await problem(anchor(end + 1, { where: 'the newest message' }))).toBe(
      `the ledger ends at event ${end}, and the newest message knows event ${end + 1}: the tail was cut off, or an older copy was put in its place`,
    );
  });

  test('that knows another ledger finds it replaced', async () => {
    expect(await problem(anchor(2, { ledger: 'another' }))).toBe(
      'message 2 knows another ledger, which reached event 2: this one was put in its place, or another bot works with the same Slack app',
    );
  });

  test('that knows a ledger which ended before this one neither objects nor confirms', async () => {
    const before = anchor(2, { ledger: 'another', at: event(1).at - 1 });
    expect(await problem(before, anchor(2))).toBeNull();
    expect(await problem({ ...before, at: event(1).at })).toContain('this one was put in its place');
  });

  test('that shows another ledger under one bot user is logged once a start', async () => {
    const integrity = await checked(true);
    await integrity.compare(view([anchor(2)]));
    expect(flow.log.lines).toEqual([]);
    const earlier = { ledger: 'another', at: event(1).at - 2 };
    const two = view([anchor(7, earlier), anchor(9, { ...earlier, at: earlier.at + 1 }), anchor(2)]);
    await integrity.compare(two);
    await integrity.compare(two);
    expect(flow.log.lines).toMatchObject([
      {
        level: 'error',
        message: expect.stringContaining('another bot uses the same Slack tokens'),
        facts: { ledger: 'another', seq: 9, at: new Date(earlier.at + 1).toISOString() },
      },
    ]);
    expect(integrity.problem()).toBeNull();
  });

  test('that knows another event of this ledger reveals a rewrite, whatever its clock', async () => {
    expect(await problem(anchor(2, { hash: 'another', at: event(1).at - 1 }))).toContain('the ledger was written anew');
  });

  test('that knows events of an empty ledger finds it replaced', async () => {
    const empty = { ...reader, origin: async () => null, get: async () => null, newest: async () => null };
    const integrity = await checked(true, empty);
    await integrity.compare(view([anchor(2)]));
    expect(integrity.problem()).toContain('this one was put in its place');
  });

  test('that knows archived events raises nothing', async () => {
    const archived = {
      ...reader,
      origin: async () => ({ ledger: event(1).hash, began: event(1).at, first: 3 }),
      get: async (seq: number) => (seq < 3 ? null : reader.get(seq)),
    };
    const integrity = await checked(true, archived);
    await integrity.compare(view([anchor(2), anchor(1, { hash: 'whatever' })]));
    expect(integrity.problem()).toBeNull();
    await integrity.compare(view([anchor(3, { hash: 'another' })]));
    expect(integrity.problem()).toContain('event 3 is not the one');
  });

  test('that knows several flaws tells the newest', async () => {
    expect(
      await problem(anchor(1, { hash: 'x' }), anchor(3, { hash: 'x' }), anchor(2, { hash: 'x' }), anchor(4)),
    ).toContain('event 3 is not the one');
    expect(damage()).toHaveLength(1);
  });

  test('that finds something before the database was checked does not replace that', async () => {
    const integrity = await starts(true);
    await integrity.compare(view([anchor(2, { hash: 'another' })]));
    expect(integrity.problem()).toContain('event 2 is not the one');
    await integrity.settle('event 3 was changed');
    expect(damage()).toHaveLength(2);
  });
});

describe('a channel that cannot be compared', () => {
  const TEXT = 'the ledger was shown in the audit channel before, and no message';
  const ASKS = 'An administrator looks into it and then types /jit audit looked WHY';

  test('is a doubt that an administrator clears', async () => {
    const integrity = await checked(true);
    await integrity.compare(view([]));
    expect(integrity.problem()).toContain(TEXT);
    expect(integrity.problem()).toContain(ASKS);
    expect(integrity.doubt()).toContain(TEXT);
    expect(damage()).toEqual([{ problem: integrity.doubt(), needsLook: true }]);
    expect(flow.log.lines).toMatchObject([
      { level: 'error', message: expect.stringContaining('CANNOT BE COMPARED'), facts: { problem: integrity.doubt() } },
    ]);
    expect(await isDone(integrity.compared)).toBe(true);
    integrity.clearDoubt();
    expect(integrity.doubt()).toBeNull();
    expect(integrity.problem()).toBeNull();
  });

  test('says why it could not be read', async () => {
    const integrity = await checked(true);
    await integrity.compare(view([], { problem: 'Slack did not answer' }));
    expect(integrity.doubt()).toBe(
      'the ledger was shown in the audit channel before, which cannot be compared with now: Slack did not answer',
    );
  });

  test('where nothing is expected raises nothing', async () => {
    const integrity = await checked(true);
    await integrity.compare(view([], { isExpected: false, problem: 'Slack did not answer' }));
    expect(integrity.problem()).toBeNull();
  });

  test('has positions of another ledger only', async () => {
    const integrity = await checked(true);
    await integrity.compare(view([anchor(2, { ledger: 'another', at: event(1).at - 1 })]));
    expect(integrity.doubt()).toContain(TEXT);
  });

  test('is no longer a doubt once it was compared', async () => {
    const integrity = await checked(true);
    await integrity.compare(view([anchor(2)]));
    await integrity.compare(view([]));
    expect(integrity.problem()).toBeNull();
    const unexpected = await checked();
    await unexpected.compare(view([]));
    expect(unexpected.problem()).toBeNull();
  });

  test('is told after the database was checked, which may say more', async () => {
    const [well, ill] = [await starts(true), await starts(true)];
    for (const integrity of [well, ill]) {
      await integrity.compare(view([]));
      expect(integrity.problem()).toBe(BEING_CHECKED);
    }
    expect(damage()).toEqual([]);
    await ill.settle('event 2 was changed');
    expect(ill.problem()).toBe('event 2 was changed');
    expect(ill.doubt()).toBeNull();
    expect(damage()).toEqual([{ problem: 'event 2 was changed' }]);
    await well.settle(null);
    expect(well.doubt()).toContain(TEXT);
    expect(damage()).toHaveLength(2);
  });

  test('that somebody looked at is not a doubt again at the next reading', async () => {
    const integrity = await starts(true);
    await integrity.compare(view([]));
    await integrity.settle(null);
    integrity.clearDoubt();
    await integrity.compare(view([anchor(2)]));
    expect(integrity.problem()).toBeNull();
    expect(damage()).toHaveLength(1);
  });

  test('adds nothing to a damaged database', async () => {
    const integrity = await starts(true);
    await integrity.settle('event 2 was changed');
    await integrity.compare(view([]));
    expect(integrity.doubt()).toBeNull();
    expect(damage()).toHaveLength(1);
  });

  test('is behind what is wrong', async () => {
    const integrity = await checked(true);
    await integrity.compare(view([]));
    await integrity.settle('event 2 was changed');
    expect(integrity.problem()).toBe('event 2 was changed');
  });
});

describe('a doubt', () => {
  const doubtful = async () => {
    const integrity = await checked(true);
    await integrity.compare(view([]));
    return integrity;
  };
  const looks = async (personId = 'U0EVE', reason = ' it was a new channel ') => {
    const integrity = await checked(true);
    return { integrity, result: await sayLooked({ ...flow.deps, integrity }, { personId, reason }) };
  };

  test('outlives a start, and is not recorded twice', async () => {
    const before = await doubtful();
    const again = await checked(true);
    expect(again.problem()).toBe(before.problem());
    await again.compare(view([]));
    expect(damage()).toHaveLength(1);
  });

  test('is cleared for good by an administrator who looked and says why', async () => {
    const before = (await doubtful()).doubt();
    const { integrity, result } = await looks();
    expect(result).toEqual({ problem: before });
    expect(integrity.doubt()).toBeNull();
    expect(flow.events().at(-1)).toMatchObject({
      type: 'ledger.looked',
      actor: { kind: 'person', id: 'U0EVE' },
      requestId: null,
      grantId: null,
      payload: { problem: before, reason: 'it was a new channel' },
    });
    expect((await checked()).problem()).toBeNull();
  });

  test('at another time is another one', async () => {
    await doubtful();
    await looks();
    const again = await doubtful();
    expect(again.doubt()).not.toBeNull();
    expect((await checked()).doubt()).toBe(again.doubt());
    await looks();
    expect((await checked()).doubt()).toBeNull();
  });

  test('does not cover the database, which is checked again', async () => {
    const integrity = await starts();
    await integrity.settle('event 2 was changed');
    expect((await checked()).problem()).toBeNull();
  });

  test.each([
    ['somebody who is no administrator', 'U0ANA', 'because', 'not_an_admin'],
    ['nobody who gives no reason', 'U0EVE', ' \u200b', 'comment_missing'],
  ])('is not cleared by %s', async (_who, personId, reason, code) => {
    await doubtful();
    const { integrity, result } = await looks(personId, reason);
    expect(result).toEqual({ refused: { code } });
    expect(integrity.doubt()).not.toBeNull();
    expect(flow.events().at(-1)?.type).toBe('ledger.damaged');
  });

  test('stays if the look could not be recorded', async () => {
    await doubtful();
    failCommit(flow.deps.store, new StorageError('the disk is full'));
    const integrity = await checked(true);
    const looking = sayLooked({ ...flow.deps, integrity }, { personId: 'U0EVE', reason: 'new channel' });
    await expect(looking).rejects.toThrow('the disk is full');
    expect(integrity.doubt()).not.toBeNull();
  });

  test('that does not exist cannot be cleared', async () => {
    const { result } = await looks();
    expect(result).toEqual({ refused: { code: 'nothing_to_look_at' } });
  });
});

describe('a position kept outside the database', () => {
  const kept: unknown[] = [];
  const checkpoints = {
    keyId: 'key 1',
    place: 'a bucket',
    keep: async (position: unknown) => {
      kept.push(position);
    },
  };
  const anchors = (events = reader) => anchorLedger({ store: flow.deps.store, events }, checkpoints, flow.clock.now());
  beforeEach(() => {
    kept.splice(0);
  });

  test('is the newest one, and recorded', async () => {
    const { seq, hash } = event(flow.events().length);
    flow.clock.advance(MINUTE);
    expect(await anchors()).toEqual({ notBefore: flow.clock.now() + 10 * MINUTE });
    expect(kept).toEqual([{ ledger: event(1).hash, seq, hash, at: flow.clock.now() }]);
    expect(flow.events().at(-1)).toMatchObject({
      type: 'ledger.anchored',
      actor: { kind: 'bot' },
      requestId: null,
      grantId: null,
      payload: { seq, hash, key: 'key 1', place: 'a bucket' },
    });
  });

  test('is not kept again while nothing happens', async () => {
    await anchors();
    expect(await anchors()).toEqual({ notBefore: flow.clock.now() + 10 * MINUTE });
    expect(kept).toHaveLength(1);
    await flow.work();
    await anchors();
    expect(kept).toHaveLength(2);
  });

  test('is not recorded if it could not be kept', async () => {
    const keep = () => Promise.reject(new Error('the bucket is full'));
    const { length } = flow.events();
    await expect(
      anchorLedger({ store: flow.deps.store, events: reader }, { ...checkpoints, keep }, flow.clock.now()),
    ).rejects.toThrow('the bucket is full');
    expect(flow.events()).toHaveLength(length);
  });

  test.each([
    ['has no event', { newest: async () => null }],
    ['has no beginning', { origin: async () => null }],
  ])('never is of a ledger that %s', async (_what, more) => {
    await anchors({ ...reader, ...more });
    expect(kept).toEqual([]);
  });
});
