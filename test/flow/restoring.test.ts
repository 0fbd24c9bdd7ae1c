/** An old copy is put back: judged at the target, which has what was granted before and after the copy. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { backupLedger } from '../../src/ledger/history/backup.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { endGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { createIntegrity, type IntegrityState, sayLooked } from '../../src/lifecycle/health/integrity.ts';
import { createReconcile } from '../../src/lifecycle/health/reconcile.ts';
import type { Holding } from '../../src/ports/targets.ts';
import { runHere } from '../support/cliHere.ts';
import { manualClock } from '../support/clock.ts';
import { aFlow, aSite, type Flow, type Site } from '../support/flowWorld.ts';

const ROLES = `      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }
      admin: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0EVE], needed: 1, expires: 1h } }] }`;

const STAND_INS = '  delegates: [U0CHLOE, U0DEV, U0FRED]';

let folder: string;
let site: Site;
let flow: Flow;
let copy: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-restore-'));
  copy = join(folder, 'copy.db');
  site = { ...aSite(join(folder, 'jit.db')), clock: manualClock(Date.now()) };
  flow = aFlow({ slack: STAND_INS, roles: ROLES, site });
});
afterEach(() => {
  flow.close();
  rmSync(folder, { recursive: true, force: true });
});

const takeCopy = (to = copy) => expect(backupLedger(site.path, to)).toMatchObject({ whole: true });

/** Puts a copy back with the bot stopped, and starts it again. @returns what decides whether anything is granted */
async function putBack(from = copy): Promise<IntegrityState> {
  flow.close();
  vi.useFakeTimers({ now: site.clock.now(), toFake: ['Date'] });
  try {
    expect(await runHere('restore', from, site.path)).toMatchObject({ code: 0 });
  } finally {
    vi.useRealTimers();
  }
  return startAgain();
}

async function startAgain(): Promise<IntegrityState> {
  flow = aFlow({ slack: STAND_INS, roles: ROLES, site });
  const { store } = flow.deps;
  const integrity = await createIntegrity({
    store,
    events: createEventReader(flow.ledger),
    log: flow.log,
    isExpected: false,
  });
  await integrity.settle(null);
  Object.assign(flow.deps, { integrity });
  const held = (): Holding[] => [...site.target].map((grantId) => ({ grantId, account: grantId, role: 'db/read' }));
  Object.assign(flow.deps.targets, {
    showsMarks: () => true,
    list: async () => held(),
    remove: async (_id: string, { grantId }: Holding) => void site.target.delete(grantId ?? ''),
  });
  return integrity;
}

async function reconciles(): Promise<void> {
  await flow.work();
  expect(await createReconcile(flow.deps)('ledger', 1)).toBeNull();
}
const types = () => flow.events().map(({ type }) => type);

describe('a restored copy', () => {
  test('ends what it calls active, and what was granted after it', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.work();
    takeCopy();
    await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.work();
    expect(site.target.size).toBe(2);
    await putBack();
    expect(site.target.size).toBe(2);
    await reconciles();
    expect([...site.target]).toEqual([]);
    expect(types().filter((type) => type.startsWith('drift.'))).toEqual(['drift.found', 'drift.removed']);
  });

  test('ends what it calls ended and a target has again', async () => {
    const request = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.work();
    site.clock.advance(HOUR);
    await flow.work();
    expect(site.target.size).toBe(0);
    takeCopy();
    site.target.add(request.state === 'approved' ? request.grantId : '');
    await putBack();
    await reconciles();
    expect([...site.target]).toEqual([]);
  });

  test('gives nothing that it was about to give, and closes what waited', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    const waits = await flow.asks('U0BEN', 'db/admin', HOUR);
    const later = await flow.asks('U0CHLOE', 'db/read', HOUR, { startsAt: site.clock.now() + HOUR });
    takeCopy();
    await putBack();
    expect((await flow.request(later.id)).state).toBe('expired');
    site.clock.advance(2 * HOUR);
    await reconciles();
    expect([...site.target]).toEqual([]);
    expect((await flow.request(waits.id)).state).toBe('expired');
    expect(await flow.deps.store.openRequests({})).toEqual([]);
    expect(await flow.left('provision')).toEqual([]);
  });

  test('ends every absence that it calls open, each as its own', async () => {
    await flow.standsIn('U0CHLOE', 'U0DEV');
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0BEN', 'U0CHLOE');
    takeCopy();
    await putBack();
    expect(await flow.deps.store.records('delegation')).toEqual([]);
    const ended = flow.events().filter(({ type }) => type === 'delegation.ended');
    expect(ended.map(({ payload }) => payload)).toMatchObject([
      { from: { slackId: 'U0BEN' }, to: { slackId: 'U0CHLOE' } },
      { from: { slackId: 'U0CHLOE' }, to: { slackId: 'U0FRED' } },
    ]);
  });

  test('says where it ends and what was reached, and keeps the replaced database', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    takeCopy();
    const end = flow.events().at(-1);
    await flow.work();
    const reached = flow.events().at(-1);
    await putBack();
    expect(flow.events().find(({ type }) => type === 'ledger.restored')?.payload).toEqual({
      from: { seq: end?.seq, hash: end?.hash },
      known: { seq: reached?.seq, hash: reached?.hash, where: 'the database that it replaces' },
    });
    const replaced = readdirSync(folder).find((name) => name.startsWith('jit.db.replaced-')) ?? 'none';
    expect(await runHere('ledger', 'verify', join(folder, replaced))).toMatchObject({ code: 0 });
    expect((await runHere('ledger', 'verify', site.path)).out).toContain(
      `Event ${reached?.seq} of the earlier ledger is not in it`,
    );
  });

  test('grants nothing before targets were compared and an administrator has looked', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    takeCopy();
    const integrity = await putBack();
    const asks = () => flow.refused(flow.asks('U0BEN', 'db/read', HOUR));
    const looks = () => sayLooked(flow.deps, { personId: 'U0EVE', reason: 'we looked' });
    const comparing = { code: 'ledger_damaged', problem: expect.stringContaining('still being compared') };
    expect(await asks()).toEqual(comparing);
    expect(await looks()).toEqual({ refused: comparing });
    expect(await createReconcile(flow.deps)('ledger', 1)).toMatchObject({ waiting: true });
    await reconciles();
    expect(await asks()).toMatchObject({ problem: expect.stringContaining('administrator looks into it') });
    expect(await looks()).toMatchObject({ problem: expect.stringContaining('put back from a copy') });
    expect(integrity.problem()).toBeNull();
    expect((await flow.asks('U0BEN', 'db/read', HOUR)).state).toBe('approved');
    flow.close();
    expect((await startAgain()).problem()).toBeNull();
  });

  test('is not granted on after a start in between', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    takeCopy();
    await putBack();
    flow.close();
    expect((await startAgain()).problem()).toContain('put back from a copy');
    await reconciles();
    flow.close();
    expect((await startAgain()).doubt()).toContain('put back from a copy');
  });

  test('names targets that cannot say what was granted since', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    takeCopy();
    const integrity = await putBack();
    Object.assign(flow.deps.targets, { showsMarks: () => false });
    await reconciles();
    expect(integrity.doubt()).toContain('has to be looked for by hand: db (its target does not say');
  });

  test('is compared again when a target is up, and in the end says which was not', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    takeCopy();
    const integrity = await putBack();
    await flow.work();
    Object.assign(flow.deps.targets, { list: () => Promise.reject(new Error('no route')) });
    const reconcile = createReconcile(flow.deps);
    await expect(reconcile('ledger', 5)).rejects.toThrow('no route');
    expect(integrity.isRestored()).toBe(true);
    expect(await reconcile('ledger', 6)).toBeNull();
    expect(integrity.doubt()).toContain('db (no route)');
  });

  test('is compared at the other targets while one is down', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    takeCopy();
    await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.work();
    await putBack();
    await flow.work();
    expect(site.target.size).toBe(1);
    flow.reload((source) =>
      source.replace(
        'resources:\n',
        `resources:\n${source.slice(source.indexOf('  db:')).replace('  db:', '  apart:')}\n`,
      ),
    );
    const { list } = flow.deps.targets;
    Object.assign(flow.deps.targets, {
      list: (resource: { id: string }) =>
        resource.id === 'apart' ? Promise.reject(new Error('no route')) : list(Object.assign(resource)),
    });
    await expect(createReconcile(flow.deps)('ledger', 1)).rejects.toThrow('no route');
    expect([...site.target]).toEqual([]);
  });

  test('tries overdue access again immediately, and does not report it as unknown', async () => {
    const request = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.work();
    const grantId = request.state === 'approved' ? request.grantId : '';
    site.clock.advance(HOUR);
    flow.outages.add('target');
    await expect(endGrant(flow.deps, grantId, 6)).rejects.toThrow();
    await flow.deps.store.commit({ jobs: [{ kind: 'end', key: grantId, dueAt: site.clock.now() + HOUR }] });
    takeCopy();
    await putBack();
    expect(flow.due('end')).toEqual([{ key: grantId, dueAt: site.clock.now() }]);
    expect(await createReconcile(flow.deps)('ledger', 1)).toBeNull();
    expect([...site.target]).toEqual([grantId]);
    expect(types()).toContain('ledger.reconciled');
    await flow.work();
    expect([...site.target]).toEqual([]);
  });

  test('is refused under a running bot, and if it is not whole', async () => {
    await flow.asks('U0ANA', 'db/read', HOUR);
    takeCopy();
    expect(await runHere('restore', copy, site.path)).toMatchObject({ code: 2, err: /already running/ });
    flow.close();
    const before = readdirSync(folder);
    const bent = aFlow({ roles: ROLES, site: { ...site, path: copy } });
    bent.ledger.sqlite.exec("DROP TRIGGER events_are_never_changed; UPDATE events SET payload = '{}' WHERE seq = 1");
    bent.close();
    expect(await runHere('restore', copy, site.path)).toMatchObject({
      code: 2,
      err: /not whole .*nothing was put back/,
    });
    expect(readdirSync(folder).filter((name) => !name.startsWith('copy'))).toEqual(
      before.filter((name) => !name.startsWith('copy')),
    );
    flow = aFlow({ roles: ROLES, site });
  });
});

/** Positions that others keep of what a restore left behind speak against nothing; those of what is there still do. */
test('positions from before a restore are not missed, and later ones still count', async () => {
  await flow.asks('U0ANA', 'db/read', HOUR);
  takeCopy();
  await flow.work();
  const lost = flow.events().at(-1);
  const at = site.clock.now();
  site.clock.advance(MINUTE);
  await putBack();
  const position = { seq: lost?.seq ?? 0, hash: lost?.hash ?? '', where: 'the auditor' };
  expect(verifyLedger(flow.ledger, { anchors: [{ ...position, at }] })).toMatchObject({ whole: true, anchors: 0 });
  const later = { ...position, at: site.clock.now() + MINUTE };
  expect(verifyLedger(flow.ledger, { anchors: [later] })).toMatchObject({ whole: false });
  expect(verifyLedger(flow.ledger, { anchors: [position] })).toMatchObject({ whole: false });
});

/** A generator of its own, so that a drill can be run again. */
function chance(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

test.each([1, 2, 3, 4, 5, 6])(
  'drill %i: whichever old copy is put back, the target ends with nothing',
  async (seed) => {
    const any = chance(seed);
    const copies: string[] = [];
    for (let step = 0; step < 24; step += 1) {
      const who = ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV'][any(4)] ?? 'U0ANA';
      if (any(3) > 0) await flow.asks(who, any(2) === 0 ? 'db/read' : 'db/admin', HOUR).catch(() => undefined);
      if (any(3) > 0) await flow.work();
      site.clock.advance(any(20) * MINUTE);
      if (any(4) === 0) {
        const to = join(folder, `copy-${step}.db`);
        takeCopy(to);
        copies.push(to);
      }
    }
    await flow.asks('U0FRED', 'db/read', HOUR);
    await flow.work();
    expect(site.target.size).toBeGreaterThan(0);
    await putBack(copies[any(copies.length)]);
    await reconciles();
    expect([...site.target]).toEqual([]);
    expect(await flow.deps.store.liveGrants({})).toEqual([]);
    expect(verifyLedger(flow.ledger)).toMatchObject({ whole: true });
  },
);
