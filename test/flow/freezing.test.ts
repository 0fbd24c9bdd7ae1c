/** A freeze: nothing new for anybody, and what was live then ends. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { endFrozen, freeze, grantingBlocked, unfreeze } from '../../src/lifecycle/health/freeze.ts';
import { ConflictError } from '../../src/ports/store.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
beforeEach(() => {
  flow = aFlow({
    roles: '      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }',
  });
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
const freezes = (personId = 'U0EVE') => freeze(flow.deps, { personId, reason: ' a token has leaked ' });
const lifts = (personId = 'U0EVE') => unfreeze(flow.deps, { personId });
const holds = async (who: string) => {
  await flow.asks(who, 'db/read', HOUR);
  await flow.work();
  return flow.held(who, 'db/read');
};
const last = () => flow.events().at(-1);
const REFUSAL = { code: 'frozen', by: 'Eve', reason: 'a token has leaked' };

describe('freezing', () => {
  test('says how much is active, and makes its end due', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    flow.clock.advance(MINUTE);
    expect(await freezes()).toEqual({ live: 2, seenAt: null });
    expect(last()).toMatchObject({
      type: 'access.frozen',
      actor: { kind: 'person', id: 'U0EVE' },
      requestId: null,
      grantId: null,
    });
    expect(last()?.payload).toEqual({ reason: 'a token has leaked', live: 2 });
    expect(flow.due('freeze')).toEqual([{ key: String(now()), dueAt: now() }]);
    expect((await flow.deps.store.record('freeze', 'bot')).value).toEqual({
      by: flow.people.get('U0EVE'),
      at: now(),
      reason: 'a token has leaked',
    });
    await endFrozen(flow.deps, String(now()));
    expect(flow.events().slice(-2)).toMatchObject(
      [ana, ben].map(({ id }) => ({
        type: 'grant.revoking',
        actor: { kind: 'bot' },
        grantId: id,
        payload: { why: 'frozen', problem: null },
      })),
    );
    await flow.work();
    for (const { id } of [ana, ben])
      expect((await flow.deps.store.grant(id))?.value).toMatchObject({ state: 'ended', why: 'frozen' });
  });

  test('keeps anything new from being given', async () => {
    await freezes();
    expect(await grantingBlocked(flow.deps)).toEqual(REFUSAL);
    expect(await flow.refused(flow.asks('U0ANA', 'db/read', HOUR))).toEqual(REFUSAL);
  });

  test('is for administrators', async () => {
    expect(await freezes('U0ANA')).toEqual({ refused: { code: 'not_an_admin' } });
    expect(await grantingBlocked(flow.deps)).toBeNull();
  });

  test('twice counts once', async () => {
    await freezes();
    expect(await freezes()).toEqual({ refused: REFUSAL });
    expect(flow.events().filter(({ type }) => type === 'access.frozen')).toHaveLength(1);
  });

  test('by an administrator whom Slack cannot confirm now is recorded as that', async () => {
    await freezes();
    await lifts();
    const seenAt = now();
    flow.clock.advance(MINUTE);
    flow.silent.add('U0EVE');
    expect(await freezes()).toEqual({ live: 0, seenAt });
    expect(last()?.payload).toMatchObject({ standingSeenAt: seenAt });
  });

  test('is decided again after losing a race', async () => {
    failCommit(flow.deps.store, new ConflictError('somebody was faster'), ({ events }) => events !== undefined);
    expect(await freezes()).toMatchObject({ live: 0 });
  });
});

describe('the end of active access', () => {
  test('includes what was intended by then, to the millisecond', async () => {
    const [before, after] = [await holds('U0ANA'), await flow.asks('U0BEN', 'db/read', HOUR)];
    await endFrozen(flow.deps, String(before.intendedAt - 1));
    expect((await flow.deps.store.grant(before.id))?.value.state).toBe('active');
    await endFrozen(flow.deps, String(before.intendedAt));
    expect((await flow.deps.store.grant(before.id))?.value.state).toBe('revoking');
    // What was on its way is not given.
    await flow.work();
    if (after.state !== 'approved') throw new Error('it is not approved');
    expect((await flow.deps.store.grant(after.grantId))?.value).toMatchObject({ state: 'ended', activation: null });
  });

  test('leaves alone what is ending, and ends the rest', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    await endFrozen(flow.deps, String(now()));
    const { length } = flow.events();
    await endFrozen(flow.deps, String(now()));
    expect(flow.events()).toHaveLength(length);
    expect((await flow.deps.store.grant(ana.id))?.value.state).toBe('revoking');
    expect((await flow.deps.store.grant(ben.id))?.value.state).toBe('revoking');
  });

  test('skips what was given after the freeze was lifted, and goes on', async () => {
    await freezes();
    const at = now();
    await lifts();
    flow.clock.advance(1);
    const later = await holds('U0ANA');
    const loaded = await flow.deps.store.grant(later.id);
    const ben = await holds('U0BEN');
    const bens = await flow.deps.store.grant(ben.id);
    if (!loaded || !bens) throw new Error('they are gone');
    await flow.deps.store.commit({ grants: [{ value: { ...bens.value, intendedAt: at }, version: bens.version }] });
    await endFrozen(flow.deps, String(at));
    expect((await flow.deps.store.grant(later.id))?.value.state).toBe('active');
    expect((await flow.deps.store.grant(ben.id))?.value.state).toBe('revoking');
  });
});

describe('lifting it', () => {
  test('lets access be granted again, and is recorded', async () => {
    await freezes();
    expect(await lifts()).toEqual({ unfrozen: true });
    expect(last()).toMatchObject({
      type: 'access.unfrozen',
      actor: { kind: 'person', id: 'U0EVE' },
      requestId: null,
      grantId: null,
      payload: {},
    });
    expect(await grantingBlocked(flow.deps)).toBeNull();
    await holds('U0ANA');
  });

  test('is for administrators as Slack says now: having been seen is not enough', async () => {
    await freezes();
    expect(await lifts('U0ANA')).toEqual({ refused: { code: 'not_an_admin' } });
    flow.silent.add('U0EVE');
    expect(await lifts()).toMatchObject({ refused: { code: 'person_refused' } });
    expect(await grantingBlocked(flow.deps)).toEqual(REFUSAL);
  });

  test('needs a freeze', async () => {
    expect(await lifts()).toEqual({ refused: { code: 'not_frozen' } });
    await freezes();
    await lifts();
    expect(await lifts()).toEqual({ refused: { code: 'not_frozen' } });
  });

  test('is decided again after losing a race', async () => {
    await freezes();
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    expect(await lifts()).toEqual({ unfrozen: true });
  });

  test('does not help while the ledger cannot be trusted', async () => {
    await freezes();
    Object.assign(flow.deps.integrity, { problem: () => 'event 4 was changed' });
    const damaged = { code: 'ledger_damaged', problem: 'event 4 was changed' };
    expect(await grantingBlocked(flow.deps)).toEqual(damaged);
    await lifts();
    expect(await grantingBlocked(flow.deps)).toEqual(damaged);
  });
});
