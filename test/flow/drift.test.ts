/** What targets hold and nobody granted, or do not hold though somebody did, is found, told once, and removed where the policy says so. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { createDriftRound } from '../../src/lifecycle/grant/findDrift.ts';
import { StorageError } from '../../src/ports/store.ts';
import type { Holding, Targets } from '../../src/ports/targets.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
/** What targets hold, by resource. */
let holdings: Map<string, Holding[]>;
const RULES = 'rules: [{ allow: { duration: { max: 4h } } }]';
beforeEach(() => {
  flow = aFlow({
    roles: `      read: { grants: {}, duration: { max: 4h }, ${RULES} }`,
    more: `  web:
    name: Website
    target: { kind: webhook, url: "https://targets.example/web", secret: "\${SECRET}" }
    roles: { read: { grants: {}, duration: { max: 4h }, ${RULES} } }
drift: { every: 2h }`,
  });
  holdings = new Map();
  targets({ canList: () => true, list: async ({ id }) => [...(holdings.get(id) ?? [])] });
});
afterEach(() => flow.close());

const targets = (more: Partial<Targets>) => Object.assign(flow.deps.targets, more);
const round = () => createDriftRound(flow.deps)('all', 1);
const drift = (text: string) =>
  flow.reload((source) => source.replace('    name: Database\n', `    name: Database\n    drift: ${text}\n`));
const holds = async (who: string, role = 'db/read') => {
  await flow.asks(who, role, HOUR);
  await flow.work();
  return flow.held(who, role);
};
const hadOnce = async (who: string) => {
  const { id } = await holds(who);
  flow.clock.advance(HOUR);
  await flow.work();
  return id;
};
const holding = (account: string, more: Partial<Holding> = {}): Holding => ({
  account,
  role: 'db/read',
  grantId: null,
  ...more,
});
const hold = (...found: Holding[]) => holdings.set('db', found);
/** What was said of drift since the last look, as the events have it. */
let seen = 0;
beforeEach(() => {
  seen = 0;
});
const said = () => {
  const events = flow.events().slice(seen);
  seen += events.length;
  return events.flatMap((event) => {
    if (event.type !== 'drift.found' && event.type !== 'drift.gone' && event.type !== 'drift.removed') return [];
    expect(event).toMatchObject({ actor: { kind: 'bot' }, requestId: null });
    expect(event.grantId).toBe(event.payload.grantId);
    return [`${event.type} ${event.payload.resource} ${event.payload.kind} ${event.payload.account}`];
  });
};
const recorded = async () => (await flow.deps.store.record('drift', 'db')).value;

describe('access at a target that nobody granted', () => {
  test('thousands are recorded a hundred a commit, and a crash in between repeats none', async () => {
    const all = Array.from({ length: 250 }, (_, index) => `mallory${index}`);
    hold(...all.map((account) => holding(account)));
    const commit = flow.deps.store.commit;
    const sizes: number[] = [];
    Object.assign(flow.deps.store, {
      commit: async (change: Parameters<typeof commit>[0]) => {
        sizes.push(change.events?.length ?? 0);
        if (sizes.length === 2) throw new StorageError('the disk is full');
        return commit(change);
      },
    });
    await expect(round()).rejects.toThrow('the disk is full');
    expect(await recorded()).toHaveLength(100);
    await round();
    expect(sizes).toEqual([100, 100, 100, 50]);
    expect(said()).toEqual(all.map((account) => `drift.found db standing ${account}`));
    expect(await recorded()).toHaveLength(250);
  });

  test('is told once, and again when it is gone', async () => {
    hold(holding('mallory'));
    await round();
    expect(flow.events().at(-1)?.payload).toEqual({
      resource: 'db',
      kind: 'standing',
      role: 'db/read',
      account: 'mallory',
      grantId: null,
    });
    expect(said()).toEqual(['drift.found db standing mallory']);
    expect(await recorded()).toEqual([{ kind: 'standing', role: 'db/read', account: 'mallory', grantId: null }]);
    await round();
    expect(said()).toEqual([]);
    hold(holding('trudy'));
    await round();
    expect(said()).toEqual(['drift.gone db standing mallory', 'drift.found db standing trudy']);
    hold();
    await round();
    expect(said()).toEqual(['drift.gone db standing trudy']);
    expect(await recorded()).toEqual([]);
  });

  test('is not recorded again while it is the same', async () => {
    hold(holding('mallory'));
    await round();
    const before = await flow.deps.store.record('drift', 'db');
    await round();
    expect(await flow.deps.store.record('drift', 'db')).toEqual(before);
  });

  test('of another role is another finding', async () => {
    hold(holding('mallory'));
    await round();
    said();
    hold(holding('mallory'), holding('mallory', { role: null }));
    await round();
    expect(said()).toEqual(['drift.found db standing mallory']);
    expect(await recorded()).toHaveLength(2);
  });

  test('whose grant has ended is a leftover', async () => {
    const grantId = await hadOnce('U0ANA');
    hold(holding('jit_ana', { grantId }));
    await round();
    expect(flow.events().at(-1)).toMatchObject({ grantId, payload: { kind: 'leftover', grantId } });
    expect(said()).toEqual(['drift.found db leftover jit_ana']);
  });

  test('without a grant of this ledger is standing access', async () => {
    hold(holding('jit_ana', { grantId: 'G-elsewhere' }));
    await round();
    expect(said()).toEqual(['drift.found db standing jit_ana']);
  });

  test('that the policy expects is ignored', async () => {
    drift('{ expected: [app, cron] }');
    const grantId = await hadOnce('U0ANA');
    hold(holding('app'), holding('cron', { grantId }), holding('mallory'), holding('app2'), holding('APP'));
    await round();
    expect(said()).toEqual(['mallory', 'app2', 'APP'].map((account) => `drift.found db standing ${account}`));
  });

  test('is looked for at each target', async () => {
    hold(holding('mallory'));
    holdings.set('web', [holding('trudy', { role: 'web/read' })]);
    await round();
    expect(said()).toEqual(['drift.found db standing mallory', 'drift.found web standing trudy']);
  });
});

describe('access that was granted', () => {
  test('is not drift while it is active', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    hold(holding('jit_ana', { grantId: ana.id }), holding('jit_ben', { grantId: ben.id }));
    await round();
    expect(said()).toEqual([]);
  });

  test('is not drift if it began or ended while the target was asked', async () => {
    const ending = await holds('U0ANA');
    flow.clock.advance(HOUR);
    targets({
      list: async ({ id }) => {
        if (id !== 'db') return [];
        await flow.work();
        const beginning = await holds('U0BEN');
        return [holding('jit_ana', { grantId: ending.id }), holding('jit_ben', { grantId: beginning.id })];
      },
    });
    await round();
    expect(said()).toEqual([]);
    expect((await flow.deps.store.grant(ending.id))?.value.state).toBe('ended');
  });

  test('is not drift at another resource of the same target', async () => {
    const { id } = await holds('U0ANA', 'web/read');
    hold(holding('jit_ana', { grantId: id }));
    holdings.set('web', [holding('jit_ana', { grantId: id })]);
    await round();
    expect(said()).toEqual([]);
  });
});

describe('access that is missing at its target', () => {
  const vanishes = async () => {
    const grant = await holds('U0ANA');
    targets({ isActive: async () => false });
    return grant;
  };

  test('is told, and again when it is back', async () => {
    const { id } = await vanishes();
    await round();
    expect(flow.events().at(-1)).toMatchObject({
      grantId: id,
      payload: { resource: 'db', kind: 'missing', role: 'db/read', account: `jit_${id}`, grantId: id },
    });
    said();
    await round();
    expect(said()).toEqual([]);
    hold(holding(`jit_${id}`, { grantId: id }));
    await round();
    expect(said()).toEqual([`drift.gone db missing jit_${id}`]);
  });

  test('is there after all if its target says so of the grant itself', async () => {
    await holds('U0ANA');
    await round();
    expect(said()).toEqual([]);
  });

  test('is one of several', async () => {
    const ana = await vanishes();
    const ben = await holds('U0BEN');
    hold(holding('jit_ben', { grantId: ben.id }));
    await round();
    expect(said()).toEqual([`drift.found db missing jit_${ana.id}`]);
  });

  test('may be missing from its end on', async () => {
    await vanishes();
    flow.clock.advance(HOUR);
    await round();
    expect(said()).toEqual([]);
  });

  test('has to be there to its last millisecond', async () => {
    await vanishes();
    flow.clock.advance(HOUR - 1);
    await round();
    expect(said()).toHaveLength(1);
  });

  test('may be missing before it was given, or while the target was being asked', async () => {
    targets({
      isActive: async () => false,
      list: async ({ id }) => {
        if (id === 'db') await flow.work();
        return [];
      },
    });
    await flow.asks('U0ANA', 'db/read', HOUR);
    await round();
    expect((await flow.held('U0ANA', 'db/read')).state).toBe('active');
    expect(said()).toEqual([]);
    targets({ list: async () => [] });
    await flow.asks('U0BEN', 'db/read', HOUR);
    await round();
    expect(said()).toEqual([expect.stringMatching('drift.found db missing')]);
  });

  test('may be missing if somebody ended it meanwhile', async () => {
    const grant = await vanishes();
    const { grantLock } = flow.deps;
    const deps = {
      ...flow.deps,
      grantLock: async <T>(key: string, work: () => Promise<T>) => {
        const loaded = await flow.deps.store.grant(grant.id);
        if (loaded?.value.state !== 'active') throw new Error('it is not active');
        const { extension: _extension, ...core } = loaded.value;
        const ending = { state: 'revoking', why: 'revoked', by: { kind: 'bot' }, problem: null, since: 0 } as const;
        await flow.deps.store.commit({ grants: [{ value: { ...core, ...ending }, version: loaded.version }] });
        return grantLock(key, work);
      },
    };
    await createDriftRound(deps)('all', 1);
    expect(said()).toEqual([]);
  });

  test('may be missing while it is being taken back', async () => {
    const { id } = await vanishes();
    const loaded = await flow.deps.store.grant(id);
    if (loaded?.value.state !== 'active') throw new Error('it is not active');
    const { extension: _extension, ...core } = loaded.value;
    const ending = { state: 'revoking', why: 'revoked', by: { kind: 'bot' }, problem: null, since: 0 } as const;
    await flow.deps.store.commit({ grants: [{ value: { ...core, ...ending }, version: loaded.version }] });
    await round();
    expect(said()).toEqual([]);
  });
});

describe('removing', () => {
  let removed: string[];
  beforeEach(() => {
    removed = [];
    targets({
      remove: async (resourceId, { account }) => {
        removed.push(`${resourceId} ${account}`);
      },
    });
  });

  test('takes away what the policy says, after the finding is recorded', async () => {
    drift('{ remove: [leftover] }');
    const grantId = await hadOnce('U0ANA');
    hold(holding('jit_ana', { grantId }), holding('mallory'));
    targets({
      remove: async (resourceId, { account }) => {
        expect(said()).toEqual(['drift.found db leftover jit_ana', 'drift.found db standing mallory']);
        removed.push(`${resourceId} ${account}`);
      },
    });
    await round();
    expect(removed).toEqual(['db jit_ana']);
    expect(said()).toEqual(['drift.removed db leftover jit_ana']);
    expect(await recorded()).toMatchObject([{ account: 'mallory' }]);
    hold(holding('mallory'));
    await round();
    expect(said()).toEqual([]);
  });

  test('takes away standing access where the policy says so, not another ledger’s', async () => {
    drift('{ remove: [standing] }');
    const grantId = await hadOnce('U0ANA');
    hold(holding('mallory'), holding('jit_ben', { grantId: 'G-elsewhere' }), holding('jit_ana', { grantId }));
    await round();
    expect(removed).toEqual(['db mallory']);
    expect(await recorded()).toHaveLength(2);
  });

  test('takes nothing away where the policy says nothing', async () => {
    hold(holding('mallory'));
    await round();
    expect(removed).toEqual([]);
  });

  test('takes away earlier findings once the policy says so', async () => {
    hold(holding('mallory'));
    await round();
    said();
    drift('{ remove: [standing] }');
    await round();
    expect(said()).toEqual(['drift.removed db standing mallory']);
    expect(await recorded()).toEqual([]);
  });

  test('that fails is retried, delays no other removal, and is not reported again', async () => {
    drift('{ remove: [standing] }');
    hold(holding('mallory'), holding('trudy'));
    targets({
      remove: async (_resource, { account }) => {
        if (account === 'mallory') throw new Error('no answer');
        removed.push(account);
      },
    });
    await round();
    expect(removed).toEqual(['trudy']);
    expect(said()).toEqual([
      'drift.found db standing mallory',
      'drift.found db standing trudy',
      'drift.removed db standing trudy',
    ]);
    expect(flow.log.lines).toMatchObject([{ level: 'error', facts: { resource: 'db', account: 'mallory' } }]);
    expect(await recorded()).toMatchObject([{ account: 'mallory' }]);
    hold(holding('mallory'));
    targets({ remove: async (_resource, { account }) => void removed.push(account) });
    await round();
    expect(said()).toEqual(['drift.removed db standing mallory']);
  });
});

describe('a round', () => {
  test('comes again as often as the policy says', async () => {
    expect(await round()).toEqual({ notBefore: flow.clock.now() + 2 * HOUR });
  });

  test('skips a target that cannot list its holders, but tidies it', async () => {
    const tidied: string[] = [];
    targets({ canList: (id) => id !== 'db', tidy: async (id) => void tidied.push(id) });
    hold(holding('mallory'));
    holdings.set('web', [holding('trudy')]);
    await round();
    expect(said()).toEqual(['drift.found web standing trudy']);
    expect(tidied).toEqual(['db', 'web']);
  });

  test('goes on when one target does not answer', async () => {
    targets({
      list: async ({ id }) => {
        if (id === 'db') throw new Error('no answer');
        return [holding('trudy')];
      },
    });
    await round();
    expect(said()).toEqual(['drift.found web standing trudy']);
    expect(flow.log.lines).toMatchObject([{ level: 'warn', facts: { resource: 'db', err: { message: 'no answer' } } }]);
  });

  test('also compares a target that could not be tidied', async () => {
    targets({ tidy: async () => Promise.reject(new Error('in use')) });
    hold(holding('mallory'));
    await round();
    expect(said()).toEqual(['drift.found db standing mallory']);
    expect(flow.log.lines).toMatchObject(['db', 'web'].map((resource) => ({ level: 'warn', facts: { resource } })));
  });

  test('stops while the database cannot be written, and is tried again', async () => {
    hold(holding('mallory'));
    failCommit(flow.deps.store, new StorageError('the disk is full'));
    await expect(round()).rejects.toThrow('the disk is full');
    await round();
    expect(said()).toEqual(['drift.found db standing mallory']);
  });
});
