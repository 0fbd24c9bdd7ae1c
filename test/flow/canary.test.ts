/** A grant to nobody, given and taken back at an interval on the usual way, to see that it can be. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CANARY_ID, canaryProblem } from '../../src/domain/canary.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { canaryAtStart, canaryJob, canaryJobs, tendCanary } from '../../src/lifecycle/canary/canary.ts';
import { revokeGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { endFrozen, freeze, unfreeze } from '../../src/lifecycle/health/freeze.ts';
import { manualClock } from '../support/clock.ts';
import { aFlow, aSite, type Flow, type Site } from '../support/flowWorld.ts';

const ROLES = `      read: { grants: {}, duration: { max: 4h }, limits: { holders: 1 }, rules: [{ allow: { duration: { max: 4h } } }] }
      other: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0EVE] } }] }`;
const CANARY = 'canary: { role: db/read, email: canary@harbor.example, every: 1h, lasts: 5m }';

let folder: string;
let site: Site;
let flow: Flow;
const start = () => {
  flow = aFlow({ roles: ROLES, more: CANARY, site, followUps: canaryJobs, also: ['canary'] });
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-canary-'));
  site = { ...aSite(join(folder, 'jit.db')), clock: manualClock(Date.now()) };
  start();
  await flow.deps.store.commit({ jobs: [canaryJob(flow.clock.now())] });
});
afterEach(() => {
  flow.close();
  rmSync(folder, { recursive: true, force: true });
});

const types = () => flow.events().map(({ type }) => type);
const results = () => flow.events().flatMap((event) => (event.type.startsWith('canary.') ? [event] : []));
const state = async () => {
  const { value } = await flow.deps.store.record('canary', 'bot');
  if (!value) throw new Error('there is no canary');
  return value;
};
const problem = async () => canaryProblem(await state(), flow.clock.now());
/** Lets what failed be tried again, for a while. */
const worksFor = async (minutes: number) => {
  for (let second = 0; second < minutes * 60; second += 10) {
    flow.clock.advance(10 * SECOND);
    await flow.work();
  }
};

const guest = (email: string) => ({ slackId: 'U0GUEST', name: 'Gus', email, timeZone: 'UTC' });

describe('the canary', () => {
  test('is given, seen, taken back and seen to be gone', async () => {
    const calls: string[] = [];
    const { grant, revoke, isActive } = flow.deps.targets;
    Object.assign(flow.deps.targets, {
      grant: (...args: Parameters<typeof grant>) => calls.push('grant') && grant(...args),
      revoke: (...args: Parameters<typeof revoke>) => calls.push('revoke') && revoke(...args),
      isActive: async (...args: Parameters<typeof isActive>) => {
        const isThere = await isActive(...args);
        calls.push(isThere ? 'there' : 'gone');
        return isThere;
      },
    });
    await flow.work();
    expect(calls).toEqual(['grant', 'there', 'revoke', 'gone']);
    expect(types()).toEqual([
      'request.submitted',
      'request.approved',
      'grant.provisioning',
      'grant.activated',
      'grant.revoking',
      'grant.ended',
      'canary.passed',
    ]);
    expect([...site.target]).toEqual([]);
    expect(await problem()).toBeNull();
  });

  test('says in every event that it is the canary, and that no rule decided', async () => {
    await flow.work();
    const [submitted, approved] = flow.events();
    expect(submitted?.payload).toMatchObject({
      requester: { slackId: CANARY_ID, name: 'the canary' },
      decision: { effect: 'canary', rule: null },
    });
    expect(approved?.payload).toMatchObject({ by: 'canary', approvers: [] });
    expect(results()).toMatchObject([{ requestId: submitted?.requestId, payload: { role: 'db/read' } }]);
  });

  test('runs again after its interval and not before', async () => {
    await flow.work();
    flow.clock.advance(HOUR - MINUTE);
    await flow.work();
    expect(results()).toHaveLength(1);
    flow.clock.advance(MINUTE);
    await flow.work();
    expect(results().map(({ type }) => type)).toEqual(['canary.passed', 'canary.passed']);
    // Each says how long it took itself.
    expect(results().map(({ payload }) => payload)).toMatchObject([{ took: 0 }, { took: 0 }]);
  });

  test('ends with a policy that no longer names it', async () => {
    await flow.work();
    flow.reload((source) => source.replace(CANARY, ''));
    flow.clock.advance(HOUR);
    await flow.work();
    expect((await flow.deps.store.record('canary', 'bot')).value).toBeNull();
    expect(await flow.left('canary')).toEqual([]);
  });
});

describe('a canary that fails', () => {
  test('is looked for three times before it is taken back', async () => {
    const { revoke } = flow.deps.targets;
    let looks = 0;
    const looksAtRevoke: number[] = [];
    Object.assign(flow.deps.targets, {
      isActive: async () => {
        looks += 1;
        return false;
      },
      revoke: (...args: Parameters<typeof revoke>) => {
        looksAtRevoke.push(looks);
        return revoke(...args);
      },
    });
    await worksFor(2);
    expect(looksAtRevoke[0]).toBe(3);
  });

  test('that cannot be taken back has failed, though a freeze ended it', async () => {
    Object.assign(flow.deps.targets, {
      isActive: () => Promise.reject(new Error('slow')),
      revoke: () => Promise.reject(new Error('no right to revoke')),
    });
    await flow.work();
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'an incident' });
    await endFrozen(flow.deps, String(flow.clock.now()));
    await worksFor(10);
    expect(results()).toMatchObject([
      { type: 'canary.failed', payload: { problem: expect.stringContaining('could not be ended') } },
    ]);
  });

  test('waits quietly while its last access is still there', async () => {
    Object.assign(flow.deps.targets, { revoke: () => Promise.reject(new Error('no right to revoke')) });
    await worksFor(8);
    flow.clock.advance(10 * MINUTE);
    expect(await tendCanary(flow.deps, 1)).toEqual({ notBefore: flow.clock.now() + MINUTE });
    expect(results()).toHaveLength(1);
  });

  test('that begins again and again without a result is noticed', async () => {
    await flow.work();
    const passed = await state();
    flow.clock.advance(2 * HOUR);
    const now = flow.clock.now();
    expect(canaryProblem({ ...passed, beganAt: now }, now)).toBe('db/read: no result for 2 h');
  });

  test('when it cannot be given says why, and is tried again sooner', async () => {
    flow.outages.add('target');
    await worksFor(5);
    expect(results().map(({ type }) => type)).toEqual(['canary.failed']);
    expect(await problem()).toBe('db/read: it could not be ended, and is tried again');
    flow.outages.clear();
    await worksFor(12);
    expect(results().at(-1)?.type).toBe('canary.passed');
    expect(await problem()).toBeNull();
  });

  test('when it cannot be taken back is overdue like any other access', async () => {
    const { revoke } = flow.deps.targets;
    let isStuck = true;
    Object.assign(flow.deps.targets, {
      revoke: (...args: Parameters<typeof revoke>) =>
        isStuck ? Promise.reject(new Error('no right to revoke')) : revoke(...args),
    });
    await worksFor(2);
    expect(types()).toContain('grant.overdue');
    expect(results()).toMatchObject([
      { type: 'canary.failed', payload: { problem: expect.stringContaining('could not be ended') } },
    ]);
    await worksFor(30);
    expect(types().filter((type) => type === 'request.submitted')).toHaveLength(1);
    isStuck = false;
    await worksFor(30);
    expect([...site.target]).toEqual([]);
    expect(results().at(-1)?.type).toBe('canary.passed');
  });

  test('when the target does not show it is taken back all the same', async () => {
    Object.assign(flow.deps.targets, { isActive: async () => false });
    await worksFor(1);
    expect(results()).toMatchObject([{ payload: { problem: expect.stringContaining('did not show') } }]);
    expect([...site.target]).toEqual([]);
  });

  test('that the target shows late has not failed', async () => {
    const { isActive } = flow.deps.targets;
    let looks = 0;
    Object.assign(flow.deps.targets, {
      isActive: async (...args: Parameters<typeof isActive>) => ++looks > 1 && isActive(...args),
    });
    await worksFor(1);
    expect(results().map(({ type }) => type)).toEqual(['canary.passed']);
  });

  test('without a result for too long is noticed, but not while it waits', async () => {
    await flow.work();
    const last = await state();
    flow.clock.advance(HOUR + 10 * MINUTE);
    expect(canaryProblem(last, flow.clock.now())).toBeNull();
    flow.clock.advance(10 * MINUTE);
    expect(canaryProblem(last, flow.clock.now())).toBe('db/read: no result for 1 h 20 min');
    expect(canaryProblem({ ...last, held: 'a freeze', heldAt: flow.clock.now() }, flow.clock.now())).toBeNull();
  });
});

describe('nobody gets access by the canary', () => {
  test.each([
    ['an address', 'email: canary@harbor.example', 'email: ana@harbor.example', 'Ana'],
    ['a mailbox', 'email: canary@harbor.example', 'email: ben+canary@harbor.example', 'Ben'],
  ])('who has %s of its own there', async (_what, from, to, name) => {
    flow.reload((source) => source.replace(from, to));
    await worksFor(1);
    expect(types()).toEqual(['canary.failed']);
    expect(results()[0]?.payload).toMatchObject({ problem: expect.stringContaining(name) });
    expect([...site.target]).toEqual([]);
  });

  test('whose account at the target it would share', async () => {
    Object.assign(flow.deps.targets, { accountTemplate: () => '{github}' });
    flow.reload((source) =>
      source.replace(
        'lasts: 5m }',
        'lasts: 5m, identities: { github: Octo } }\nidentities: { U0ANA: { github: octo } }',
      ),
    );
    await worksFor(1);
    expect(types()).toEqual(['canary.failed']);
    expect(results()[0]?.payload).toMatchObject({ problem: expect.stringContaining('two people never share') });
  });

  test('while Slack does not say who has its address', async () => {
    Object.assign(flow.deps.directory, { mailboxOwner: async () => ({ known: false, problem: 'Slack is down' }) });
    await worksFor(1);
    expect(types()).toEqual(['canary.failed']);
    expect([...site.target]).toEqual([]);
  });

  test('who is a guest or a bot', async () => {
    flow.guests.push(guest('canary+desk@harbor.example'));
    await worksFor(1);
    expect(types()).toEqual(['canary.failed']);
    expect(results()[0]?.payload).toMatchObject({ problem: expect.stringContaining('Gus (U0GUEST)') });
    expect([...site.target]).toEqual([]);
  });

  test('while Slack does not answer for a moment, and then it begins', async () => {
    const { mailboxOwner } = flow.deps.directory;
    Object.assign(flow.deps.directory, { mailboxOwner: async () => ({ known: false, problem: 'Slack is down' }) });
    await flow.work();
    expect(types()).toEqual([]);
    Object.assign(flow.deps.directory, { mailboxOwner });
    await worksFor(1);
    expect(results().map(({ type }) => type)).toEqual(['canary.passed']);
  });

  test('while Slack is silent for a moment before it is given, and then it is', async () => {
    const { mailboxOwner } = flow.deps.directory;
    let asked = 0;
    Object.assign(flow.deps.directory, {
      mailboxOwner: async (email: string) => (++asked === 2 ? { known: false, problem: 'slow' } : mailboxOwner(email)),
    });
    await flow.work();
    expect(types()).not.toContain('grant.activated');
    await worksFor(1);
    expect(results().map(({ type }) => type)).toEqual(['canary.passed']);
  });

  test('while Slack goes on being silent before it is given', async () => {
    const { mailboxOwner } = flow.deps.directory;
    let asked = 0;
    Object.assign(flow.deps.directory, {
      mailboxOwner: async (email: string) => (++asked > 1 ? { known: false, problem: 'slow' } : mailboxOwner(email)),
    });
    await worksFor(1);
    expect(types()).not.toContain('grant.activated');
    expect(results()).toMatchObject([{ payload: { problem: expect.stringContaining('not known whether somebody') } }]);
  });

  test('who takes its address between its decision and the grant', async () => {
    const { grant } = flow.deps.targets;
    Object.assign(flow.deps.targets, { grant: () => Promise.reject(new Error('not yet')) });
    await flow.work();
    Object.assign(flow.deps.targets, { grant });
    flow.guests.push(guest('canary@harbor.example'));
    await worksFor(1);
    expect(flow.events().find(({ type }) => type === 'grant.failed')?.payload).toMatchObject({
      problem: expect.stringContaining('Gus (U0GUEST)'),
    });
    expect(types()).not.toContain('grant.activated');
    expect([...site.target]).toEqual([]);
  });

  test('for a role that the policy no longer names for it', async () => {
    Object.assign(flow.deps.targets, { grant: () => Promise.reject(new Error('not yet')) });
    await flow.work();
    flow.reload((source) => source.replace('role: db/read,', 'role: db/other,'));
    flow.clock.advance(20 * SECOND);
    await flow.work();
    expect(flow.events().find(({ type }) => type === 'grant.failed')?.payload).toMatchObject({
      problem: 'the policy no longer names this role for the canary',
    });
  });
});

describe('while nothing is granted to anybody', () => {
  const freezes = () => freeze(flow.deps, { personId: 'U0EVE', reason: 'an incident' });

  test('it waits and says why, and goes on afterwards', async () => {
    await freezes();
    await worksFor(2);
    expect(types()).toEqual(['access.frozen']);
    expect((await state()).held).toContain('frozen by Eve: an incident');
    expect(await problem()).toBeNull();
    await unfreeze(flow.deps, { personId: 'U0EVE' });
    await worksFor(2);
    expect(results().map(({ type }) => type)).toEqual(['canary.passed']);
    expect((await state()).held).toBeNull();
  });

  test('it waits for maintenance, and says until when', async () => {
    Object.assign(flow.deps, { drain: async () => ({ until: flow.clock.now() + HOUR, why: 'a new disk' }) });
    await flow.work();
    expect(flow.events()).toEqual([]);
    expect((await state()).held).toMatch(/^nothing is granted before 20.*: a new disk$/);
  });

  test('a run that fails at the moment of a freeze has failed', async () => {
    let tries = 0;
    const { grant } = flow.deps.targets;
    Object.assign(flow.deps.targets, {
      grant: async () => {
        tries += 1;
        if (tries === 3) await freezes();
        throw new Error('no right to grant');
      },
    });
    await worksFor(3);
    Object.assign(flow.deps.targets, { grant });
    expect(types().filter((type) => type === 'access.frozen' || type === 'grant.failed')).toEqual([
      'access.frozen',
      'grant.failed',
    ]);
    expect(results()).toMatchObject([
      { type: 'canary.failed', payload: { problem: 'it could not be given: no right to grant' } },
    ]);
  });

  test('a run that a freeze kept from being given has not failed', async () => {
    Object.assign(flow.deps.targets, { grant: () => Promise.reject(new Error('not yet')) });
    await flow.work();
    await freezes();
    flow.clock.advance(30 * SECOND);
    await worksFor(1);
    await unfreeze(flow.deps, { personId: 'U0EVE' });
    expect(types()).toContain('grant.failed');
    expect(results()).toEqual([]);
    expect(await problem()).toBeNull();
  });

  test('it is recorded from time to time that it still waits', async () => {
    await freezes();
    await worksFor(40);
    const { heldAt } = await state();
    expect(flow.clock.now() - (heldAt ?? 0)).toBeLessThanOrEqual(6 * MINUTE);
    expect(await problem()).toBeNull();
  });

  test('a run that a freeze ends has not failed', async () => {
    const { isActive } = flow.deps.targets;
    Object.assign(flow.deps.targets, { isActive: () => Promise.reject(new Error('slow')) });
    await flow.work();
    await freezes();
    Object.assign(flow.deps.targets, { isActive });
    await endFrozen(flow.deps, String(flow.clock.now()));
    await worksFor(10);
    expect([...site.target]).toEqual([]);
    expect(results()).toEqual([]);
    expect(await problem()).toBeNull();
  });
});

describe('a changed policy', () => {
  test('with a longer interval is not a missing result', async () => {
    await flow.work();
    flow.reload((source) => source.replace('every: 1h', 'every: 6h'));
    await flow.deps.store.commit({ jobs: [canaryJob(flow.clock.now())] });
    await flow.work();
    flow.clock.advance(3 * HOUR);
    await flow.work();
    expect(results()).toHaveLength(1);
    expect(await problem()).toBeNull();
  });

  test('with a longer interval during a run is not a missing result either', async () => {
    const { isActive } = flow.deps.targets;
    Object.assign(flow.deps.targets, { isActive: () => Promise.reject(new Error('slow')) });
    await flow.work();
    flow.reload((source) => source.replace('every: 1h', 'every: 6h'));
    Object.assign(flow.deps.targets, { isActive });
    await worksFor(2);
    flow.clock.advance(3 * HOUR);
    expect(results()).toHaveLength(1);
    expect(await problem()).toBeNull();
  });

  test('with another role tries that one immediately, and forgets the first', async () => {
    Object.assign(flow.deps.targets, { isActive: async () => false });
    await worksFor(2);
    expect(await problem()).toContain('db/read');
    flow.reload((source) => source.replace('role: db/read,', 'role: db/other,'));
    await flow.deps.store.commit({ jobs: [canaryJob(flow.clock.now())] });
    await flow.work();
    expect(await problem()).toBeNull();
    expect(flow.events().findLast(({ type }) => type === 'grant.provisioning')?.payload).toMatchObject({
      role: 'db/other',
    });
  });
});

describe('a start of the bot', () => {
  const starts = async (aliveAt: number) => {
    await flow.deps.store.commit(await canaryAtStart(flow.deps, aliveAt));
  };

  test('after a stop of hours is not a missing result', async () => {
    await flow.work();
    const stoppedAt = flow.clock.now();
    flow.clock.advance(3 * HOUR);
    await starts(stoppedAt);
    expect(await problem()).toBeNull();
    await worksFor(1);
    expect(results().map(({ type }) => type)).toEqual(['canary.passed', 'canary.passed']);
  });

  test('does not wait for the ledger that is still being checked', async () => {
    await flow.work();
    flow.clock.advance(3 * HOUR);
    Object.assign(flow.deps.integrity, { problem: () => 'it is still being checked' });
    await starts(flow.clock.now());
    await worksFor(0.5);
    expect((await state()).held).toBeNull();
    Object.assign(flow.deps.integrity, { problem: () => null });
    await worksFor(0.5);
    expect(results().map(({ type }) => type)).toEqual(['canary.passed', 'canary.passed']);
  });

  test('looks immediately at a run that was under way', async () => {
    const { isActive } = flow.deps.targets;
    Object.assign(flow.deps.targets, { isActive: () => Promise.reject(new Error('about to die')) });
    await flow.work();
    Object.assign(flow.deps.targets, { isActive });
    await starts(flow.clock.now());
    await flow.work();
    expect(results().map(({ type }) => type)).toEqual(['canary.passed']);
  });

  test('of a bot that dies again and again does not hide missing results', async () => {
    await flow.work();
    flow.clock.advance(3 * HOUR);
    await starts(flow.clock.now() - 4 * MINUTE);
    expect(await problem()).toBe('db/read: no result for 3 h');
  });

  test('keeps an earlier failure', async () => {
    Object.assign(flow.deps.targets, { isActive: async () => false });
    await worksFor(2);
    flow.clock.advance(3 * HOUR);
    await starts(0);
    expect(await problem()).toContain('did not show');
  });

  test('without a canary in the policy forgets the earlier one', async () => {
    await flow.work();
    flow.reload((source) => source.replace(CANARY, ''));
    await starts(flow.clock.now());
    await worksFor(1);
    expect((await flow.deps.store.record('canary', 'bot')).value).toBeNull();
  });
});

describe('people', () => {
  test('who end it before the target was asked do not make it fail', async () => {
    const { isActive } = flow.deps.targets;
    Object.assign(flow.deps.targets, { isActive: () => Promise.reject(new Error('slow')) });
    await flow.work();
    const [live] = await flow.deps.store.liveGrants({ slackId: CANARY_ID });
    const ended = await revokeGrant(flow.deps, { grantId: live?.value.id ?? '', personId: 'U0EVE' });
    Object.assign(flow.deps.targets, { isActive });
    await worksFor(3);
    expect('refused' in ended).toBe(false);
    expect(results().map(({ type }) => type)).toEqual(['canary.passed']);
  });

  test('do not count the canary as a holder, nor its grant as theirs', async () => {
    Object.assign(flow.deps.targets, { isActive: () => Promise.reject(new Error('slow')) });
    await flow.work();
    expect(site.target.size).toBe(1);
    expect((await flow.asks('U0ANA', 'db/read', HOUR)).state).toBe('approved');
    expect(await flow.deps.store.livePeople('', 10)).toEqual(['U0ANA']);
    expect(await flow.deps.activity.uses(0)).toEqual([]);
  });

  test('who ask beside it have no unusual behaviour because of it', async () => {
    await worksFor(5);
    const request = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(request.signals).toMatchObject([{ kind: 'first_time' }]);
  });
});

test('a bot that dies in the middle leaves nothing, and runs the canary again', async () => {
  Object.assign(flow.deps.targets, { isActive: () => Promise.reject(new Error('about to die')) });
  await flow.work();
  expect(site.target.size).toBe(1);
  flow.close();
  start();
  await worksFor(7);
  expect([...site.target]).toEqual([]);
  expect(await flow.deps.store.liveGrants({})).toEqual([]);
  expect((await state()).run).toBeNull();
});
