/** Access ends early where somebody says so, and on time in any case; it has ended when the target was read back. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Residue } from '../../src/domain/grant.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { breakGlass } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { endGrant, revokeAll, revokeGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { provisionGrant } from '../../src/lifecycle/grant/provisionGrant.ts';
import { ConflictError, StorageError } from '../../src/ports/store.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { failCommit, settled } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const ROLES = `      read:
        grants: {}
        duration: { max: 4h }
        rules: [{ allow: { members_of: [S0ALL] } }, { ask: { reviewers: [U0CHLOE] } }]
        break_glass: { members_of: [U0BEN], max: 1h, review_within: 24h, reviewers: [U0FRED] }
      write:
        grants: {}
        duration: { max: 4h }
        rules: [{ allow: { members_of: [S0ALL] } }, { ask: { reviewers: [U0DEV] } }]`;
beforeEach(() => {
  flow = aFlow({ slack: '  same_person: [[U0ANA, U0ANATOO]]', roles: ROLES });
  flow.groups.set('S0ALL', ['U0ANA', 'U0BEN']);
});
afterEach(() => flow.close());

const asks = async (who: string, role = 'db/read'): Promise<string> => {
  const request = await flow.asks(who, role, HOUR);
  if (request.state !== 'approved') throw new Error(`it is ${request.state}`);
  return request.grantId;
};
const holds = async (who: string, role = 'db/read'): Promise<string> => {
  const id = await asks(who, role);
  await flow.work();
  return id;
};
const loaded = async (id: string) => {
  const found = await flow.deps.store.grant(id);
  if (!found) throw new Error(`there is no grant ${id}`);
  return found;
};
const grant = async (id: string) => (await loaded(id)).value;
const ends = (id: string, personId: string) => revokeGrant(flow.deps, { grantId: id, personId });
const targets = (more: Partial<Targets>) => Object.assign(flow.deps.targets, more);
const last = () => flow.events().at(-1);
const said = (type: string) => flow.events().filter((event) => event.type === type);

describe('ending early', () => {
  test('the holder gives it back, and it is due to end immediately', async () => {
    const id = await holds('U0ANA');
    flow.clock.advance(MINUTE);
    expect(await ends(id, 'U0ANA')).toMatchObject({ grant: { id, state: 'active' }, seenAt: null });
    expect(await grant(id)).toMatchObject({
      state: 'revoking',
      why: 'revoked',
      problem: null,
      since: flow.clock.now(),
    });
    expect(last()).toEqual(
      expect.objectContaining({
        type: 'grant.revoking',
        actor: { kind: 'person', id: 'U0ANA', name: 'Ana' },
        requestId: (await grant(id)).requestId,
        grantId: id,
        payload: { role: 'db/read', person: { slackId: 'U0ANA', name: 'Ana' }, why: 'revoked', problem: null },
      }),
    );
    expect(flow.due('end')).toEqual([{ key: id, dueAt: flow.clock.now() }]);
    await flow.work();
    expect(last()).toMatchObject({
      type: 'grant.ended',
      actor: { kind: 'bot' },
      requestId: (await grant(id)).requestId,
      grantId: id,
      payload: { role: 'db/read', person: { slackId: 'U0ANA', name: 'Ana' }, why: 'revoked' },
    });
    expect(await grant(id)).toMatchObject({ state: 'ended', endedAt: flow.clock.now() });
  });

  test('Slack is not asked who the holder is', async () => {
    const id = await holds('U0ANA');
    flow.silent.add('U0ANA');
    expect(await ends(id, 'U0ANA')).toMatchObject({ grant: { id } });
  });

  test('access that is not given yet is taken back, and not given any more', async () => {
    const id = await asks('U0ANA');
    expect(flow.due('provision')).toEqual([{ key: id, dueAt: flow.clock.now() }]);
    expect(await ends(id, 'U0ANA')).toMatchObject({ grant: { id, state: 'provisioning' } });
    expect(flow.due('provision')).toEqual([]);
    await flow.work();
    expect(said('grant.activated')).toEqual([]);
    expect(await grant(id)).toMatchObject({ state: 'ended', activation: null });
  });

  test('what one person gives back, another keeps', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    await ends(ana, 'U0ANA');
    await flow.work();
    expect((await grant(ana)).state).toBe('ended');
    expect((await grant(ben)).state).toBe('active');
  });

  test('the same human gives it back by a listed account, recorded as that one', async () => {
    const id = await holds('U0ANA');
    expect(await ends(id, 'U0ANATOO')).toMatchObject({ seenAt: null });
    expect(last()).toMatchObject({ actor: { id: 'U0ANATOO', name: 'Ana' } });
  });

  test('the same human gives it back by an account with the same mailbox', async () => {
    const id = await holds('U0BEN');
    const too = { slackId: 'U0BENTOO', name: 'Ben too', email: 'ben+too@harbor.example', timeZone: 'UTC' };
    flow.people.set('U0BENTOO', too);
    expect(await ends(id, 'U0BENTOO')).toMatchObject({ seenAt: null });
    expect(last()).toMatchObject({ actor: { id: 'U0BENTOO', name: 'Ben too' } });
  });

  test.each([
    ['an administrator', 'U0EVE'],
    ['a reviewer of the role', 'U0CHLOE'],
    ['a reviewer of its break-glass', 'U0FRED'],
  ])('%s ends it', async (_who, who) => {
    const id = await holds('U0ANA');
    expect(await ends(id, who)).toMatchObject({ grant: { id }, seenAt: null });
    expect(last()).toMatchObject({
      type: 'grant.revoking',
      actor: { kind: 'person', id: who },
      payload: { person: { slackId: 'U0ANA' } },
    });
  });

  test.each([
    ['a reviewer of another role', 'U0DEV'],
    ['another holder of the same role', 'U0BEN'],
  ])('%s does not', async (_who, who) => {
    const id = await holds('U0ANA');
    await holds('U0BEN');
    expect(await ends(id, who)).toEqual({ refused: { code: 'not_yours' } });
    expect((await grant(id)).state).toBe('active');
  });

  test('an account that is gone at Slack ends nothing, and is told so', async () => {
    const id = await holds('U0ANA');
    flow.people.set('U0CHLOE', 'deactivated');
    expect(await ends(id, 'U0CHLOE')).toEqual({ refused: { code: 'person_refused', problem: 'deactivated' } });
  });

  test('without the role in the policy, administrators end it and reviewers do not', async () => {
    const id = await holds('U0ANA', 'db/write');
    flow.reload((source) => source.replace('      write:', '      rename:'));
    expect(await ends(id, 'U0DEV')).toEqual({ refused: { code: 'not_yours' } });
    expect(await ends(id, 'U0EVE')).toMatchObject({ grant: { id } });
  });

  test.each([
    ['who is an administrator', 'U0EVE', async () => undefined],
    ['of whom Slack does not say in time who they are', 'U0DEV', () => new Promise<never>(() => undefined)],
  ])('Slack is asked once about somebody %s: an answer is waited for', async (_who, who, hangs) => {
    const id = await holds('U0ANA');
    const { person } = flow.deps.directory;
    let asked = 0;
    flow.deps.directory.person = async (slackId) => {
      asked += 1;
      await hangs();
      return person(slackId);
    };
    const ended = ends(id, who);
    await settled();
    flow.clock.advance(1.5 * SECOND);
    await ended;
    expect(asked).toBe(1);
  });

  test('what is ending, or has ended, is not ended again', async () => {
    const id = await holds('U0ANA');
    await ends(id, 'U0ANA');
    expect(await ends(id, 'U0ANA')).toEqual({ refused: { code: 'not_active' } });
    await flow.work();
    expect(await ends(id, 'U0ANA')).toEqual({ refused: { code: 'not_active' } });
    expect(await ends('G-none', 'U0ANA')).toEqual({ refused: { code: 'unknown_grant' } });
  });

  test('is tried again after losing a race', async () => {
    const id = await holds('U0ANA');
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    expect(await ends(id, 'U0ANA')).toMatchObject({ grant: { id } });
    expect((await grant(id)).state).toBe('revoking');
  });

  test('an authority seen earlier and unconfirmed now is recorded', async () => {
    const [first, second] = [await holds('U0ANA'), await holds('U0BEN')];
    const seenAt = flow.clock.now();
    await ends(first, 'U0EVE');
    flow.clock.advance(MINUTE);
    flow.silent.add('U0EVE');
    expect(await ends(second, 'U0EVE')).toMatchObject({ grant: { id: second }, seenAt });
    expect(last()).toMatchObject({ type: 'grant.revoking', payload: { standingSeenAt: seenAt } });
  });
});

describe('ending several', () => {
  const all = (grantIds: string[], personId = 'U0EVE') => revokeAll(flow.deps, { grantIds, personId });

  test('an administrator ends what is active or on its way, and is told how many', async () => {
    const [active, over] = [await holds('U0ANA'), await holds('U0BEN')];
    await ends(over, 'U0BEN');
    await flow.work();
    const coming = await asks('U0BEN', 'db/write');
    expect(await all([active, over, coming, 'G-none'])).toEqual({ ended: 2, seenAt: null });
    expect(said('grant.revoking').slice(-2)).toMatchObject([
      { grantId: active, actor: { kind: 'person', id: 'U0EVE' }, payload: { why: 'revoked', problem: null } },
      { grantId: coming, actor: { kind: 'person', id: 'U0EVE' }, payload: { why: 'revoked', problem: null } },
    ]);
    expect(await grant(over)).toMatchObject({ state: 'ended', by: { id: 'U0BEN' } });
    expect(await all([active, coming])).toEqual({ ended: 0, seenAt: null });
  });

  test.each([['U0CHLOE'], ['U0ANA']])('%s, who is no administrator, does not', async (who) => {
    const id = await holds('U0ANA');
    expect(await all([id], who)).toEqual({ refused: { code: 'not_an_admin' } });
    expect((await grant(id)).state).toBe('active');
  });

  test('one that another change hit in the same moment is ended all the same', async () => {
    const ids = [await holds('U0ANA'), await holds('U0BEN')];
    failCommit(flow.deps.store, new ConflictError('somebody was faster'), ({ grants }) => grants !== undefined);
    expect(await all(ids)).toMatchObject({ ended: 2 });
  });

  test('when they were seen to be an administrator is told and recorded', async () => {
    const ids = [await holds('U0ANA'), await holds('U0BEN')];
    const seenAt = flow.clock.now();
    await all([]);
    flow.clock.advance(MINUTE);
    flow.silent.add('U0EVE');
    expect(await all(ids)).toEqual({ ended: 2, seenAt });
    expect(said('grant.revoking')).toMatchObject([
      { payload: { standingSeenAt: seenAt } },
      { payload: { standingSeenAt: seenAt } },
    ]);
  });
});

describe('ending on time', () => {
  test('is not a millisecond early', async () => {
    const id = await holds('U0ANA');
    const endsAt = flow.clock.now() + HOUR;
    flow.clock.advance(HOUR - 1);
    expect(await endGrant(flow.deps, id, 1)).toEqual({ notBefore: endsAt });
    expect((await grant(id)).state).toBe('active');
    flow.clock.advance(1);
    expect(await endGrant(flow.deps, id, 1)).toBeNull();
    expect(await grant(id)).toMatchObject({ state: 'ended', why: 'expired', by: { kind: 'bot' }, problem: null });
    expect(flow.due('end')).toEqual([]);
    expect(said('grant.revoking')).toMatchObject([
      { actor: { kind: 'bot' }, payload: { why: 'expired', problem: null } },
    ]);
  });

  test('what could not be given before its end has failed, and says so', async () => {
    const id = await asks('U0ANA');
    flow.clock.advance(HOUR - 1);
    expect(await endGrant(flow.deps, id, 1)).toEqual({ notBefore: flow.clock.now() + 1 });
    flow.clock.advance(1);
    expect(await endGrant(flow.deps, id, 1)).toBeNull();
    const problem = 'its time was over before it could be given';
    expect(await grant(id)).toMatchObject({ state: 'failed', why: 'provision_failed', problem });
    expect(flow.events().slice(-2)).toMatchObject([
      { type: 'grant.revoking', actor: { kind: 'bot' }, payload: { why: 'provision_failed', problem } },
      {
        type: 'grant.failed',
        actor: { kind: 'bot' },
        requestId: (await grant(id)).requestId,
        grantId: id,
        payload: { role: 'db/read', person: { slackId: 'U0ANA' }, problem },
      },
    ]);
    expect([...flow.due('end'), ...flow.due('provision')]).toEqual([]);
  });

  test('what has ended, or never existed, is left alone', async () => {
    const id = await holds('U0ANA');
    flow.clock.advance(HOUR);
    await flow.work();
    const before = flow.events().length;
    targets({ revoke: () => Promise.reject(new Error('it was touched again')) });
    expect(await endGrant(flow.deps, id, 1)).toBeNull();
    expect(await endGrant(flow.deps, 'G-none', 1)).toBeNull();
    expect(flow.events()).toHaveLength(before);
  });

  test('two tries at once touch the target once', async () => {
    const id = await holds('U0ANA');
    flow.clock.advance(HOUR);
    let touched = 0;
    const { revoke } = flow.deps.targets;
    targets({
      revoke: (one) => {
        touched += 1;
        return revoke(one);
      },
    });
    expect(await Promise.all([endGrant(flow.deps, id, 1), endGrant(flow.deps, id, 1)])).toEqual([null, null]);
    expect(touched).toBe(1);
  });

  test('access has ended when it was seen to be gone, not when that was recorded', async () => {
    const id = await holds('U0ANA');
    flow.clock.advance(HOUR + MINUTE);
    const goneAt = flow.clock.now();
    const { commit } = flow.deps.store;
    const disk = Promise.withResolvers<void>();
    Object.assign(flow.deps.store, {
      commit: async (change: Parameters<typeof commit>[0]) => {
        await disk.promise;
        return commit(change);
      },
    });
    const { isActive } = flow.deps.targets;
    const looked = Promise.withResolvers<void>();
    targets({
      isActive: async (one) => {
        setImmediate(looked.resolve);
        return isActive(one);
      },
    });
    const ended = endGrant(flow.deps, id, 1);
    await looked.promise;
    flow.clock.advance(3 * SECOND);
    disk.resolve();
    await ended;
    expect(await grant(id)).toMatchObject({ state: 'ended', endedAt: goneAt });
  });

  test('what a target says is logged also where another commit was faster', async () => {
    const id = await holds('U0ANA');
    flow.clock.advance(HOUR + MINUTE);
    targets({ revoke: async () => Promise.reject(new Error('the target is down')) });
    const { commit, grant: read } = flow.deps.store;
    Object.assign(flow.deps.store, {
      commit: async (change: Parameters<typeof commit>[0]) => {
        const loaded = await read(id);
        if (loaded) await commit({ grants: [{ value: loaded.value, version: loaded.version }] });
        return commit(change);
      },
    });
    await expect(endGrant(flow.deps, id, 1)).rejects.toThrow();
    expect(flow.log.lines).toContainEqual(
      expect.objectContaining({ message: 'revoking failed; it is tried again', level: 'error' }),
    );
  });

  test('access that the target still shows has not ended, and is tried again', async () => {
    const id = await holds('U0ANA');
    targets({ revoke: async () => [] });
    flow.clock.advance(HOUR + MINUTE);
    const since = flow.clock.now();
    await expect(endGrant(flow.deps, id, 1)).rejects.toThrow('still shows the access');
    expect(await grant(id)).toMatchObject({ state: 'revoking', since });
    flow.clock.advance(MINUTE);
    targets({ isActive: async () => false });
    await endGrant(flow.deps, id, 2);
    expect(await grant(id)).toMatchObject({ state: 'ended', endedAt: since + MINUTE });
    expect(said('grant.revoking')).toHaveLength(1);
  });
});

describe('access that cannot be taken back', () => {
  const attempt = async (id: string, tries: number) => {
    await expect(endGrant(flow.deps, id, tries)).rejects.toThrow('the target did not answer');
    return (await grant(id)).state;
  };
  const unreachable = async () => {
    const id = await holds('U0ANA');
    flow.clock.advance(HOUR);
    flow.outages.add('target');
    return id;
  };

  test('is overdue after six attempts, and people are told once', async () => {
    const id = await unreachable();
    for (const tries of [1, 2, 3, 4, 5]) expect(await attempt(id, tries)).toBe('revoking');
    expect(said('grant.overdue')).toEqual([]);
    expect(await attempt(id, 6)).toBe('overdue');
    expect(await attempt(id, 7)).toBe('overdue');
    expect(said('grant.overdue')).toMatchObject([
      {
        actor: { kind: 'bot' },
        requestId: (await grant(id)).requestId,
        grantId: id,
        payload: { role: 'db/read', person: { slackId: 'U0ANA' }, failures: 6, problem: 'the target did not answer' },
      },
    ]);
    expect(flow.log.lines.filter(({ level }) => level === 'error')).toHaveLength(7);
    expect(flow.log.lines.at(-1)).toMatchObject({ facts: { grantId: id, role: 'db/read', attempt: 7 } });
    flow.outages.clear();
    await endGrant(flow.deps, id, 8);
    expect(last()).toMatchObject({ type: 'grant.ended', payload: { why: 'expired' } });
  });

  test('is overdue immediately if the policy does not reach its place', async () => {
    const id = await unreachable();
    targets({ knowsPlace: (place) => place !== 'db' });
    expect(await attempt(id, 1)).toBe('overdue');
    expect(said('grant.overdue')).toMatchObject([{ payload: { failures: 1 } }]);
  });

  test('is recorded as that before it is tried again', async () => {
    const id = await unreachable();
    await attempt(id, 1);
    const { store } = flow.deps;
    const { commit } = store;
    store.commit = async (change) => {
      await settled();
      return commit(change);
    };
    expect(await attempt(id, 6)).toBe('overdue');
  });

  test.each([
    ['the policy has its resource', 'db', 'revoking'],
    ['the policy does not have its resource', null, 'overdue'],
  ])('and whose place an earlier version did not record: %s', async (_case, place, state) => {
    const id = await unreachable();
    const { value, version } = await loaded(id);
    await flow.deps.store.commit({ grants: [{ value: { ...value, place: null }, version }] });
    targets({ knowsPlace: () => false, placeOf: () => place });
    expect(await attempt(id, 1)).toBe(state);
  });
});

describe('a database that cannot be written', () => {
  const due = async () => {
    const id = await holds('U0ANA');
    flow.clock.advance(HOUR);
    return id;
  };

  test('does not keep access alive: the target is cleaned first', async () => {
    const id = await due();
    failCommit(flow.deps.store, new StorageError('the disk is full'));
    await endGrant(flow.deps, id, 1);
    expect(await flow.deps.targets.isActive(await grant(id))).toBe(false);
    expect(await grant(id)).toMatchObject({ state: 'ended', why: 'expired' });
    expect(flow.log.lines).toMatchObject([{ level: 'error', facts: { grantId: id } }]);
  });

  test('nor does a row that it refuses to change without a race', async () => {
    const id = await due();
    failCommit(flow.deps.store, new ConflictError('no row was changed'));
    await endGrant(flow.deps, id, 1);
    expect(await grant(id)).toMatchObject({ state: 'ended' });
  });

  test('a faster commit is not overwritten, and the grant is decided again', async () => {
    const id = await due();
    const { store } = flow.deps;
    const { commit } = store;
    store.commit = async () => {
      store.commit = commit;
      await commit({ grants: [await loaded(id)] });
      throw new ConflictError('somebody was faster');
    };
    await expect(endGrant(flow.deps, id, 1)).rejects.toThrow('somebody was faster');
    expect((await grant(id)).state).toBe('active');
    await endGrant(flow.deps, id, 2);
    expect(await grant(id)).toMatchObject({ state: 'ended', why: 'expired' });
  });
});

describe('the record of an end', () => {
  const left = (count: number): Residue[] =>
    Array.from({ length: count }, (_, index) => ({ what: `function ${index}`, done: 'kept' }));
  const endWith = async (more: Partial<Targets>) => {
    const id = await holds('U0ANA');
    targets({ ...more, isActive: async () => false });
    flow.clock.advance(HOUR + MINUTE);
    await endGrant(flow.deps, id, 1);
    return last();
  };

  test('says nothing of leftovers and sessions if there are none', async () => {
    const event = await endWith({});
    expect(event?.payload).toEqual({ role: 'db/read', person: { slackId: 'U0ANA', name: 'Ana' }, why: 'expired' });
  });

  test('names what is left, up to fifty things', async () => {
    const event = await endWith({ revoke: async () => left(50) });
    expect(event?.payload).toMatchObject({ left: left(50) });
  });

  test('says how many more there are beyond that', async () => {
    const event = await endWith({ revoke: async () => left(52) });
    expect(event?.payload).toMatchObject({
      left: [...left(50), { what: '2 more', done: 'the log of the bot names them' }],
    });
  });

  test('cuts what is too long to read', async () => {
    const long = 'x'.repeat(1_000);
    const event = await endWith({ revoke: async () => [{ what: long, done: long }] });
    if (event?.type !== 'grant.ended') throw new Error('it has not ended');
    for (const text of [event.payload.left?.[0]?.what, event.payload.left?.[0]?.done]) expect(text).toHaveLength(300);
  });

  test.each([
    ['live on for five minutes', 5 * MINUTE, HOUR + 6 * MINUTE],
    ['are ended with it', 0, HOUR + MINUTE],
    ['live until they are closed', null, null],
  ])('says that sessions %s', async (_how, afterlife, open) => {
    const began = flow.clock.now();
    const event = await endWith({ afterlife: () => afterlife });
    expect(event?.payload).toMatchObject({ openUntil: open === null ? null : began + open });
  });

  test('says nothing of sessions of access that was never active', async () => {
    const id = await asks('U0ANA');
    targets({ afterlife: () => 5 * MINUTE });
    await ends(id, 'U0ANA');
    await flow.work();
    expect(last()?.type).toBe('grant.ended');
    expect(last()?.payload).not.toHaveProperty('openUntil');
  });

  test('of a failed grant says why it failed, in the words of the refusal', async () => {
    const id = await asks('U0ANA');
    flow.outages.add('target');
    await provisionGrant(flow.deps, id, 3);
    flow.outages.clear();
    await flow.work();
    expect(last()).toMatchObject({
      type: 'grant.failed',
      payload: { problem: expect.stringContaining('the target did not answer') },
    });
  });

  test('of break-glass that is given back is like any other', async () => {
    const used = await breakGlass(flow.deps, {
      submissionKey: 'B1',
      personId: 'U0BEN',
      role: 'db/read',
      duration: 30 * MINUTE,
      reason: 'everything is down',
      incidentId: null,
      factor: null,
    });
    if ('refused' in used || used.state !== 'approved') throw new Error('it was not given');
    await flow.work();
    await ends(used.grantId, 'U0BEN');
    flow.clock.advance(SECOND);
    await flow.work();
    expect(last()).toMatchObject({ type: 'grant.ended', payload: { why: 'revoked' } });
  });
});
