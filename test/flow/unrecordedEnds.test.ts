/** A disk that is full when access has to end: it ends at its targets, and is recorded when there is room. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OVERDUE_AFTER_FAILURES } from '../../src/domain/grant.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { endGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { createDriftRound } from '../../src/lifecycle/grant/findDrift.ts';
import { type UnrecordedTies, watchGrant } from '../../src/lifecycle/grant/watchGrant.ts';
import { endFrozen, freeze } from '../../src/lifecycle/health/freeze.ts';
import { createSweep } from '../../src/lifecycle/people/sweepPeople.ts';
import { JOBS } from '../../src/ports/jobs.ts';
import { JOB_KEYS } from '../../src/ports/keys.ts';
import { type Change, ConflictError, StorageError } from '../../src/ports/store.ts';
import { failCommit } from '../support/disturbed.ts';
import { anActiveGrant } from '../support/domain.ts';
import { aFlow, anIncident, aShift, aSite, type Flow, type Site } from '../support/flowWorld.ts';
import { anApprovedRequest } from '../support/requests.ts';

const HOURS = 4 * 60 * MINUTE;
const ROLES = `      read:
        grants: {}
        duration: { max: 4h }
        ends: { with_incident: 10m, with_shift: 0m }
        rules: [{ allow: { on_call: { level: { max: 1 } } } }, { allow: { duration: { max: 4h } } }]`;
let folder: string;
let site: Site;
let flow: Flow;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-unrecorded-'));
  site = aSite(join(folder, 'jit.db'));
  flow = aFlow({ site, roles: ROLES });
});
afterEach(() => {
  flow.close();
  rmSync(folder, { recursive: true });
});

const FULL = new StorageError('the disk is full');
/** The same world, where a commit fails. */
const onFullDisk = (isRefused: (change: Change) => boolean = () => true): Deps => ({
  ...flow.deps,
  store: {
    ...flow.deps.store,
    commit: (change) => (isRefused(change) ? Promise.reject(FULL) : flow.deps.store.commit(change)),
  },
});
const holds = async (who: string, more: { incidentId?: string } = {}): Promise<string> => {
  await flow.asks(who, 'db/read', HOURS, more);
  await flow.work();
  return (await flow.held(who, 'db/read')).id;
};
const stateOf = async (id: string) => (await flow.deps.store.grant(id))?.value;
const left = () => [...site.target];

test('what ends access runs even while nothing can be written', () => {
  const kinds = Object.entries(JOBS).filter(([, row]) => 'evenWithoutRecord' in row);
  expect(kinds.map(([kind]) => kind).sort()).toEqual(['end', 'freeze', 'sweep', 'watch']);
});

describe('an end that is due, on a disk that takes its time', () => {
  /** Nothing is written before the test says so. */
  const onSlowDisk = () => {
    const { promise: written, resolve } = Promise.withResolvers<void>();
    const { commit } = flow.deps.store;
    const asked: Change[] = [];
    const deps: Deps = {
      ...flow.deps,
      store: {
        ...flow.deps.store,
        commit: (change) => {
          asked.push(change);
          return written.then(() => commit(change));
        },
      },
    };
    return { deps, asked, write: resolve };
  };
  const due = async () => {
    const ids = [await holds('U0ANA'), await holds('U0BEN')];
    flow.clock.advance(HOURS);
    return ids;
  };

  test('is over at its target before anything of it is written', async () => {
    const ids = await due();
    const { deps, asked, write } = onSlowDisk();
    const ending = Promise.all(ids.map((id) => endGrant(deps, id, 1)));
    await expect.poll(left).toEqual([]);
    for (const id of ids) expect(await stateOf(id)).toMatchObject({ state: 'active' });
    expect(asked.flatMap(({ events }) => events ?? []).map(({ type }) => type)).toEqual([
      'grant.revoking',
      'grant.revoking',
    ]);
    write();
    await ending;
    for (const id of ids) {
      expect(await stateOf(id)).toMatchObject({ state: 'ended', why: 'expired' });
      const said = flow.events().filter(({ grantId }) => grantId === id);
      expect(said.map(({ type }) => type).slice(-2)).toEqual(['grant.revoking', 'grant.ended']);
    }
  });

  test('is done again by a bot that died before it was written', async () => {
    const ids = await due();
    const { deps } = onSlowDisk();
    for (const id of ids) void endGrant(deps, id, 1);
    await expect.poll(left).toEqual([]);
    flow.close();
    flow = aFlow({ site, roles: ROLES });
    await flow.work();
    for (const id of ids) expect(await stateOf(id)).toMatchObject({ state: 'ended', why: 'expired' });
  });
});

describe('an end whose beginning could not be recorded', () => {
  /** The disk is full for the first change, and has room after it. */
  const once = () => {
    let isFull = true;
    return onFullDisk(() => {
      const is = isFull;
      isFull = false;
      return is;
    });
  };
  const lastOf = (id: string) =>
    flow
      .events()
      .filter(({ grantId }) => grantId === id)
      .map(({ type }) => type)
      .slice(-2);

  test('is recorded with its end, in order', async () => {
    const ids = [await holds('U0ANA'), await holds('U0BEN')];
    flow.clock.advance(HOURS);
    for (const id of ids) await endGrant(once(), id, 1);
    for (const id of ids) expect(lastOf(id)).toEqual(['grant.revoking', 'grant.ended']);
  });

  test('is recorded with the failures that make it overdue', async () => {
    const ids = [await holds('U0ANA'), await holds('U0BEN')];
    flow.clock.advance(HOURS);
    for (const id of ids) {
      const deps = once();
      const revoke = () => Promise.reject(new Error('the target is down'));
      const down: Deps = { ...deps, targets: { ...deps.targets, revoke } };
      await expect(endGrant(down, id, OVERDUE_AFTER_FAILURES)).rejects.toThrow('the target is down');
    }
    for (const id of ids) expect(lastOf(id)).toEqual(['grant.revoking', 'grant.overdue']);
  });
});

describe('a freeze whose ends cannot be recorded', () => {
  const frozen = async (): Promise<string> => {
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    return String(flow.clock.now());
  };

  test('takes back all that was live, and comes again until it is on record', async () => {
    const ids = [await holds('U0ANA'), await holds('U0BEN')];
    const at = await frozen();
    await expect(endFrozen(onFullDisk(), at)).rejects.toThrow('the disk is full');
    expect(left()).toEqual([]);
    for (const id of ids) expect(await stateOf(id)).toMatchObject({ state: 'active' });
    await endFrozen(flow.deps, at);
    await flow.work();
    for (const id of ids) expect(await stateOf(id)).toMatchObject({ state: 'ended', why: 'frozen' });
  });

  test('is no drift: what the bot took back itself is not missing', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    const at = await frozen();
    await expect(endFrozen(onFullDisk(), at)).rejects.toThrow('the disk is full');
    Object.assign(flow.deps.targets, { canList: () => true, list: async () => [] });
    await createDriftRound(flow.deps)('all', 1);
    expect(flow.events().filter(({ type }) => type === 'drift.found')).toEqual([]);
    await endFrozen(flow.deps, at);
    await flow.work();
    for (const id of [ana, ben]) expect(await stateOf(id)).toMatchObject({ state: 'ended', why: 'frozen' });
  });

  test('leaves what was given after it was lifted', async () => {
    const at = await frozen();
    flow.clock.advance(1);
    await flow.deps.store.commit({ records: [{ kind: 'freeze', key: 'bot', value: null, version: 1 }] });
    const later = await holds('U0ANA');
    await endFrozen(onFullDisk(), at);
    expect(left()).toEqual([later]);
  });

  test('of many, gives up writing soon: each try may wait for a lock', async () => {
    for (let n = 0; n < 220; n += 1) {
      const one = { id: `G${n}`, requestId: `R${n}`, role: `db/r${n}` };
      await flow.deps.store.commit({
        requests: [{ value: anApprovedRequest({ ...one, id: one.requestId, grantId: one.id }), version: 0 }],
        grants: [{ value: anActiveGrant(one), version: 0 }],
      });
      site.target.add(one.id);
    }
    let tries = 0;
    const deps = onFullDisk(() => {
      tries += 1;
      return true;
    });
    await expect(endFrozen(deps, await frozen())).rejects.toThrow('the disk is full');
    expect(left()).toEqual([]);
    expect(tries).toBeLessThan(220);
  });

  test('a target that is down keeps no other grant waiting, and is asked again', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    const at = await frozen();
    const deps = onFullDisk();
    const { revoke } = deps.targets;
    const down: Deps = {
      ...deps,
      targets: {
        ...deps.targets,
        revoke: (grant) => (grant.id === ana ? Promise.reject(new Error('it is down')) : revoke(grant)),
      },
    };
    await expect(endFrozen(down, at)).rejects.toThrow('the disk is full');
    expect(left()).toEqual([ana]);
    expect(left()).not.toContain(ben);
    expect(flow.log.lines.some(({ message }) => message === 'revoking failed; it is tried again')).toBe(true);
  });

  test('a target that still shows what it took back is in the log', async () => {
    const id = await holds('U0ANA');
    const at = await frozen();
    const deps = onFullDisk();
    const shows: Deps = { ...deps, targets: { ...deps.targets, isActive: async () => true } };
    await expect(endFrozen(shows, at)).rejects.toThrow('the disk is full');
    expect(flow.log.lines.at(-1)).toMatchObject({
      level: 'error',
      facts: { grantId: id, err: new Error('the target still shows the access after revoking it') },
      message: 'revoking failed; it is tried again',
    });
  });

  test('one end that is refused keeps none behind it', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    const at = await frozen();
    failCommit(flow.deps.store, new Error('this row is refused'), ({ grants }) => grants?.[0]?.value.id === ana);
    await expect(endFrozen(flow.deps, at)).rejects.toThrow('this row is refused');
    expect(await stateOf(ben)).toMatchObject({ state: 'revoking' });
    expect(left()).toEqual([ben]);
  });

  test('a grant that another change reached first is left to that change', async () => {
    const id = await holds('U0ANA');
    const at = await frozen();
    const { commit } = flow.deps.store;
    const raced: Deps = {
      ...flow.deps,
      store: {
        ...flow.deps.store,
        commit: async () => {
          const loaded = await flow.deps.store.grant(id);
          if (loaded) await commit({ grants: [loaded] });
          throw new ConflictError('somebody was faster');
        },
      },
    };
    await expect(endFrozen(raced, at)).rejects.toThrow('somebody was faster');
    expect(left()).toEqual([id]);
  });
});

describe('somebody who has left', () => {
  const leaves = (...ids: string[]) => {
    for (const id of ids) flow.people.set(id, 'this account is deactivated');
  };

  test('loses all they hold at the targets, and the next in the round does, too', async () => {
    await holds('U0ANA');
    await holds('U0BEN');
    const chloes = await holds('U0CHLOE');
    leaves('U0ANA', 'U0BEN');
    await expect(createSweep(onFullDisk())(JOB_KEYS.everybody, 1)).rejects.toThrow('the disk is full');
    expect(left()).toEqual([chloes]);
  });

  test('is recorded as gone when there is room, also where they are back by then', async () => {
    const id = await holds('U0ANA');
    const ana = flow.people.get('U0ANA');
    let isFull = true;
    const sweep = createSweep(onFullDisk(() => isFull));
    leaves('U0ANA');
    await expect(sweep('U0ANA', 1)).rejects.toThrow('the disk is full');
    isFull = false;
    if (ana) flow.people.set('U0ANA', ana);
    await sweep('U0ANA', 2);
    await flow.work();
    expect(await stateOf(id)).toMatchObject({ state: 'ended', why: 'person_left' });
    const again = await holds('U0ANA');
    await sweep('U0ANA', 1);
    expect(await stateOf(again)).toMatchObject({ state: 'active' });
  });
});

describe('what access was given for is over, and that cannot be recorded', () => {
  const watching = () => {
    const unrecorded: UnrecordedTies = new Map();
    return (deps: Deps, id: string) => watchGrant(deps, id, unrecorded);
  };

  test('the grace of an incident goes by once, and access is gone then', async () => {
    flow.incidents.set('PINC1', anIncident());
    const id = await holds('U0ANA', { incidentId: 'PINC1' });
    const watch = watching();
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    await expect(watch(onFullDisk(), id)).rejects.toThrow('the disk is full');
    flow.clock.advance(10 * MINUTE - SECOND);
    await expect(watch(onFullDisk(), id)).rejects.toThrow('the disk is full');
    expect(left()).toEqual([id]);
    flow.clock.advance(SECOND);
    await expect(watch(onFullDisk(), id)).rejects.toThrow('the disk is full');
    expect(left()).toEqual([]);
    await watch(flow.deps, id);
    await flow.work();
    expect(await stateOf(id)).toMatchObject({ state: 'ended', why: 'incident_resolved' });
  });

  test('a shift that somebody else took ends it at once', async () => {
    flow.shifts.set('U0ANA', [aShift(flow.clock.now())]);
    const id = await holds('U0ANA');
    flow.shifts.set('U0ANA', []);
    await expect(watching()(onFullDisk(), id)).rejects.toThrow('the disk is full');
    expect(left()).toEqual([]);
  });

  test('what was seen counts for no grant that has changed since', async () => {
    flow.incidents.set('PINC1', anIncident());
    const id = await holds('U0ANA', { incidentId: 'PINC1' });
    const watch = watching();
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    await expect(watch(onFullDisk(), id)).rejects.toThrow('the disk is full');
    const loaded = await flow.deps.store.grant(id);
    if (loaded) await flow.deps.store.commit({ grants: [loaded] });
    flow.incidents.set('PINC1', anIncident());
    await watch(flow.deps, id);
    expect(await stateOf(id)).toMatchObject({ state: 'active', ties: { incident: { resolvedAt: null } } });
  });
});
