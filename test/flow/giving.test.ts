/** Access is given when its target has it, and not at all where something speaks against it by then. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { breakGlass } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { provisionGrant } from '../../src/lifecycle/grant/provisionGrant.ts';
import { ConflictError } from '../../src/ports/store.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, anIncident, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const ROLES = `      read:
        grants: {}
        duration: { max: 4h }
        ends: { with_incident: 30m }
        rules: [{ allow: { members_of: [S0ALL] } }, { ask: { when: { members_of: [U0DEV] }, reviewers: [U0FRED], expires: 4h } }]
        break_glass: { members_of: [S0HEROES], max: 1h, review_within: 24h, reviewers: [U0FRED] }`;
beforeEach(() => {
  flow = aFlow({ roles: ROLES });
  flow.groups.set('S0ALL', ['U0ANA', 'U0BEN']);
  flow.groups.set('S0HEROES', ['U0CHLOE']);
  flow.incidents.set('PINC1', anIncident());
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
const asks = async (who = 'U0ANA', more: { incidentId?: string; startsAt?: number } = {}): Promise<string> => {
  const request = await flow.asks(who, 'db/read', HOUR, more);
  if (request.state !== 'approved') throw new Error(`it is ${request.state}`);
  return request.grantId;
};
const grant = async (id: string) => {
  const found = await flow.deps.store.grant(id);
  if (!found) throw new Error(`there is no grant ${id}`);
  return found.value;
};
const gives = (id: string, attempt = 1) => provisionGrant(flow.deps, id, attempt);
const targets = (more: Partial<Targets>) => Object.assign(flow.deps.targets, more);
const last = () => flow.events().at(-1);
const mayNoLonger = () => flow.groups.set('S0ALL', ['U0BEN']);
/** For what evidence is gathered from now on. */
const purposes = () => {
  const found: string[] = [];
  const { gather } = flow.deps.evidence;
  flow.deps.evidence.gather = (role, about, purpose) => {
    found.push(purpose);
    return gather(role, about, purpose);
  };
  return found;
};
/** Calls of the target, in order. */
const watchTarget = () => {
  const calls: string[] = [];
  const { grant: give, isActive } = flow.deps.targets;
  targets({
    grant: (one, expiresAt) => {
      calls.push(`give until ${(expiresAt - now()) / MINUTE} min`);
      return give(one, expiresAt);
    },
    isActive: (one) => {
      calls.push('look');
      return isActive(one);
    },
  });
  return calls;
};
const isRefused = async (id: string, problem: string) => {
  const one = await grant(id);
  expect(one).toMatchObject({
    state: 'revoking',
    why: 'provision_failed',
    problem: expect.stringContaining(problem),
    activation: null,
  });
  expect(last()).toMatchObject({
    type: 'grant.revoking',
    actor: { kind: 'bot' },
    grantId: id,
    payload: { why: 'provision_failed', problem: expect.stringContaining(problem) },
  });
  expect(flow.due('end')).toContainEqual({ key: id, dueAt: now() });
  expect(flow.due('provision')).toEqual([]);
};

describe('access that is given', () => {
  test('is active from then on, for as long as was requested', async () => {
    const id = await asks();
    flow.clock.advance(2 * SECOND);
    await gives(id);
    const endsAt = now() + HOUR;
    expect(await grant(id)).toMatchObject({ state: 'active', activation: { at: now(), account: `jit_${id}` }, endsAt });
    expect(last()).toMatchObject({
      type: 'grant.activated',
      actor: { kind: 'bot' },
      requestId: (await grant(id)).requestId,
      grantId: id,
      payload: { role: 'db/read', person: { slackId: 'U0ANA', name: 'Ana' }, account: `jit_${id}`, endsAt },
    });
    expect(flow.due('end')).toEqual([{ key: id, dueAt: endsAt }]);
    expect(flow.due('remind')).toEqual([{ key: id, dueAt: endsAt - 10 * MINUTE }]);
    expect([...flow.due('provision'), ...flow.due('watch')]).toEqual([]);
  });

  test('may be let go by its target a minute after its end, and not before', async () => {
    const calls = watchTarget();
    const id = await asks();
    flow.clock.advance(10 * SECOND);
    await gives(id);
    expect(calls).toEqual(['give until 61 min']);
  });

  test('is watched if it is tied to a shift or an incident', async () => {
    const id = await asks('U0ANA', { incidentId: 'PINC1' });
    await gives(id);
    expect(flow.due('watch')).toEqual([{ key: id, dueAt: now() + 5 * MINUTE }]);
  });

  test('is given once, however often it is tried', async () => {
    const calls = watchTarget();
    const id = await asks();
    await Promise.all([gives(id), gives(id)]);
    await gives(id, 2);
    await gives('G-none');
    expect(calls).toHaveLength(1);
  });

  test('is looked for before a second try, and not before the first', async () => {
    const calls = watchTarget();
    const id = await asks();
    await gives(id, 2);
    expect(calls).toEqual(['look', 'give until 61 min']);
    expect((await grant(id)).state).toBe('active');
  });

  test('is given up to the last millisecond of its time', async () => {
    const [first, second] = [await asks('U0ANA'), await asks('U0BEN')];
    flow.clock.advance(HOUR - 1);
    await gives(first);
    expect((await grant(first)).state).toBe('active');
    flow.clock.advance(1);
    await gives(second);
    await isRefused(second, 'its time was over before it could be given');
  });

  test('is left to a change that came first', async () => {
    const id = await asks();
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    await gives(id, 3);
    expect((await grant(id)).state).toBe('provisioning');
    expect(flow.log.lines).toEqual([]);
  });
});

describe('a target that does not answer', () => {
  test('is tried again, and given up after the third time', async () => {
    const id = await asks();
    targets({ grant: () => Promise.reject(new Error('no answer')) });
    for (const attempt of [1, 2]) await expect(gives(id, attempt)).rejects.toThrow('no answer');
    expect((await grant(id)).state).toBe('provisioning');
    await gives(id, 3);
    await isRefused(id, 'no answer');
    expect(flow.log.lines).toMatchObject([1, 2, 3].map((attempt) => ({ facts: { grantId: id, attempt } })));
  });

  test('gets nothing while it cannot say whether it has the access already', async () => {
    const id = await asks();
    const calls = watchTarget();
    targets({ isActive: () => Promise.reject(new Error('no answer')) });
    await gives(id, 2);
    await isRefused(id, 'could not say whether an earlier attempt had worked: no answer');
    expect(calls).toEqual([]);
  });
});

describe('what keeps it from being given', () => {
  const REASONS: [string, () => unknown, string][] = [
    [
      'its request was not approved',
      () => Object.assign(flow.deps.store, { request: async () => null }),
      'the request is not approved',
    ],
    [
      'the record cannot be relied on',
      () => Object.assign(flow.deps.integrity, { problem: () => 'event 4 was changed' }),
      'the record cannot be relied on: event 4 was changed',
    ],
    ['its resource was moved', () => targets({ placeOf: () => 'elsewhere' }), 'another target'],
    ['the target knows no name of its person', () => targets({ obstacle: () => 'no name there' }), 'no name there'],
  ];

  test.each(REASONS)('%s', async (_what, happens, problem) => {
    const id = await asks();
    const calls = watchTarget();
    happens();
    await gives(id);
    await isRefused(id, problem);
    expect(calls).toEqual([]);
  });

  const LATER: [string, () => unknown, string][] = [
    ['the rules', mayNoLonger, 'it is no longer approved: '],
    ['no such role', () => flow.reload((source) => source.replace('      read:', '      see:')), 'in the policy'],
    ['nobody there any more', () => flow.people.set('U0ANA', 'deactivated'), 'deactivated'],
  ];

  test.each(LATER)('%s, where they were asked more than ten seconds ago', async (_what, happens, problem) => {
    const id = await asks();
    happens();
    flow.clock.advance(10 * SECOND + 1);
    await gives(id);
    await isRefused(id, problem);
  });

  test.each(LATER)('not yet %s, where that was ten seconds ago', async (_what, happens) => {
    const id = await asks();
    happens();
    flow.clock.advance(10 * SECOND);
    await gives(id);
    expect((await grant(id)).state).toBe('active');
  });

  test('nothing, if it was approved just now, however long ago it was requested', async () => {
    const waiting = await flow.asks('U0DEV', 'db/read', HOUR);
    flow.clock.advance(30 * MINUTE);
    const request = await flow.approves('U0FRED', waiting);
    if (request.state !== 'approved') throw new Error('it is not approved');
    flow.reload((source) => source.replace('reviewers: [U0FRED], expires', 'reviewers: [U0CHLOE], expires'));
    flow.clock.advance(10 * SECOND);
    await gives(request.grantId);
    expect((await grant(request.grantId)).state).toBe('active');
  });

  test('is looked up again, but only if the answers are old', async () => {
    const [first, second] = [await asks('U0ANA'), await asks('U0BEN')];
    const found = purposes();
    await gives(first);
    expect(found).toEqual([]);
    flow.clock.advance(10 * SECOND + 1);
    await gives(second);
    expect(found).toEqual(['decision']);
  });

  test('a maximum that is shorter by now', async () => {
    const id = await asks();
    flow.reload((source) => source.replace('members_of: [S0ALL] }', 'members_of: [S0ALL], duration: { max: 59m } }'));
    flow.clock.advance(10 * SECOND + 1);
    await gives(id);
    await isRefused(id, 'it is no longer approved');
  });

  test('nothing, if it began as it was requested', async () => {
    const startsAt = now() + HOUR;
    const request = await flow.asks('U0ANA', 'db/read', HOUR, { startsAt });
    flow.clock.advance(HOUR);
    await flow.work();
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ requestId: request.id, endsAt: startsAt + HOUR });
  });
});

describe('break-glass', () => {
  const uses = async () => {
    const used = await breakGlass(flow.deps, {
      submissionKey: 'B1',
      personId: 'U0CHLOE',
      role: 'db/read',
      duration: HOUR,
      reason: 'everything is down',
      incidentId: null,
      factor: null,
    });
    if ('refused' in used || used.state !== 'approved') throw new Error('it was not given');
    flow.clock.advance(10 * SECOND + 1);
    return used.grantId;
  };

  test('does not rest on the rules', async () => {
    const id = await uses();
    await gives(id);
    expect((await grant(id)).state).toBe('active');
  });

  test('that names them behind somebody else gives it', async () => {
    flow.reload((source) => source.replace('members_of: [S0HEROES]', 'members_of: [U0DEV, S0HEROES]'));
    const id = await uses();
    await gives(id);
    expect((await grant(id)).state).toBe('active');
  });

  test.each([
    ['no longer names them', () => flow.groups.set('S0HEROES', ['U0DEV']), 'no longer names them'],
    ['names a group that cannot be read', () => flow.groups.delete('S0HEROES'), 'no group S0HEROES'],
    [
      'is no longer there',
      () => flow.reload((source) => source.replace(/ {8}break_glass.*\n/, '')),
      'no longer names them',
    ],
    ['names somebody who has left', () => flow.people.set('U0CHLOE', 'deactivated'), 'deactivated'],
  ])('that %s gives nothing', async (_what, happens, problem) => {
    const id = await uses();
    happens();
    await gives(id);
    await isRefused(id, problem);
  });
});
