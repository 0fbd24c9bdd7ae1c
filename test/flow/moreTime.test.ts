/** More time on what somebody holds: asked for like anything else, and in force when its target knows of it. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActiveGrant } from '../../src/domain/grant.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import {
  type ExtensionInput,
  extendable,
  extendGrant,
  extensionLeft,
  requestExtension,
} from '../../src/lifecycle/grant/extendGrant.ts';
import { ConflictError } from '../../src/ports/store.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, anIncident, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const ROLES = `      read:
        grants: {}
        duration: { max: 1h, total: 4h }
        ends: { with_incident: 30m }
        rules: [{ allow: { members_of: [S0ALL] } }, { ask: { reviewers: [U0CHLOE], expires: 4h } }]`;
beforeEach(() => {
  flow = aFlow({ slack: '  same_person: [[U0ANA, U0ANATOO]]', roles: ROLES });
  flow.groups.set('S0ALL', ['U0ANA', 'U0BEN']);
  flow.incidents.set('PINC1', anIncident());
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
const holds = async (who = 'U0ANA', more: { incidentId?: string } = {}): Promise<ActiveGrant> => {
  await flow.asks(who, 'db/read', HOUR, more);
  await flow.work();
  return flow.held(who, 'db/read');
};
const last = () => flow.events().at(-1);
const mayNoLonger = () => flow.groups.set('S0ALL', []);
const code = async (id: string, duration = MINUTE) => {
  const result = await extendable(flow.deps, id, duration);
  return 'refused' in result ? result.refused : null;
};
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
let submissions = 0;
const asks = (grant: ActiveGrant, more: Partial<ExtensionInput> = {}) => {
  submissions += 1;
  return requestExtension(flow.deps, {
    submissionKey: `E${submissions}`,
    personId: grant.person.slackId,
    grantId: grant.id,
    duration: 30 * MINUTE,
    reason: 'not done yet',
    factor: null,
    ...more,
  });
};
const approved = async (grant: ActiveGrant, more: Partial<ExtensionInput> = {}): Promise<Request> => {
  const request = await asks(grant, more);
  if ('refused' in request) throw new Error(request.refused.code);
  expect(request.state).toBe('approved');
  return request;
};
const change = async (id: string, more: Partial<ActiveGrant>) => {
  const loaded = await flow.deps.store.grant(id);
  if (loaded?.value.state !== 'active') throw new Error('it is not active');
  await flow.deps.store.commit({ grants: [{ value: { ...loaded.value, ...more }, version: loaded.version }] });
};

describe('access that can be extended', () => {
  test('can be by the role’s total, less what was used', async () => {
    const grant = await holds();
    expect(extensionLeft(flow.deps, grant)).toBe(3 * HOUR);
    expect(extensionLeft(flow.deps, { ...grant, duration: 5 * HOUR })).toBe(0);
    expect(extensionLeft(flow.deps, { ...grant, role: 'db/gone' })).toBe(0);
  });

  test('can be up to that, to the millisecond', async () => {
    const { id } = await holds();
    expect(await code(id, 3 * HOUR)).toBeNull();
    expect(await code(id, 3 * HOUR + 1)).toEqual({ code: 'total_too_long', total: 4 * HOUR, left: 3 * HOUR });
  });

  test('is a length of time', async () => {
    const { id } = await holds();
    for (const wrong of [0, -MINUTE, 0.5, Number.NaN])
      expect(await code(id, wrong)).toEqual({ code: 'duration_not_positive' });
  });

  test('is active, and its end has not come', async () => {
    const { id, endsAt } = await holds();
    flow.clock.advance(endsAt - now() - 1);
    expect(await code(id)).toBeNull();
    flow.clock.advance(1);
    expect(await code(id)).toEqual({ code: 'not_active' });
    await flow.work();
    expect(await code(id)).toEqual({ code: 'not_active' });
    expect(await code('G-none')).toEqual({ code: 'unknown_grant' });
  });

  test('is still in the policy', async () => {
    const { id } = await holds();
    flow.reload((source) => source.replace('      read:', '      see:'));
    expect(await code(id)).toEqual({ code: 'unknown_role', role: 'db/read' });
  });

  test('is not being extended already', async () => {
    const grant = await holds();
    await approved(grant);
    expect(await code(grant.id)).toEqual({ code: 'already_extending' });
    await flow.work();
    expect(await code(grant.id)).toBeNull();
  });

  test('does not end with a resolved incident', async () => {
    const { id, endsAt, ties } = await holds('U0ANA', { incidentId: 'PINC1' });
    const resolved = (resolvedAt: number | null) =>
      change(id, { ties: { ...ties, incident: ties.incident && { ...ties.incident, resolvedAt } } });
    await resolved(endsAt - 30 * MINUTE + 1);
    expect(await code(id)).toBeNull();
    await resolved(endsAt - 30 * MINUTE);
    expect(await code(id)).toEqual({ code: 'incident_over', until: endsAt });
  });
});

describe('asking for more time', () => {
  test('is a request of its own about the same incident, decided about the whole', async () => {
    const grant = await holds('U0ANA', { incidentId: 'PINC1' });
    flow.clock.advance(10 * MINUTE);
    const request = await approved(grant, { reason: '  not done yet ', submissionKey: 'mine' });
    expect(request).toMatchObject({
      bundle: request.id,
      submissionKey: 'mine',
      requester: flow.people.get('U0ANA'),
      role: 'db/read',
      duration: 30 * MINUTE,
      reason: 'not done yet',
      incidentId: 'PINC1',
      submittedAt: now(),
      startsAt: null,
      extends: grant.id,
      askedFor: null,
      grantId: grant.id,
    });
    expect(flow.events().slice(-2)).toMatchObject([
      {
        type: 'request.submitted',
        requestId: request.id,
        payload: { extends: grant.id, input: { duration: 90 * MINUTE, held: HOUR } },
      },
      { type: 'request.approved', requestId: request.id, grantId: grant.id },
    ]);
    expect(flow.due('extend')).toEqual([{ key: grant.id, dueAt: now() }]);
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ endsAt: grant.endsAt });
  });

  test('twice with one form counts once', async () => {
    const grant = await holds();
    const first = await asks(grant, { submissionKey: 'same' });
    expect(await asks(grant, { submissionKey: 'same', duration: HOUR })).toEqual(first);
    expect(flow.events().filter(({ type }) => type === 'request.submitted')).toHaveLength(2);
  });

  test('may be for longer than one request may', async () => {
    const grant = await holds();
    await approved(grant, { duration: 3 * HOUR });
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(grant.endsAt + 3 * HOUR);
  });

  test('is for its holder', async () => {
    const grant = await holds();
    await holds('U0BEN');
    expect(await asks(grant, { personId: 'U0BEN' })).toEqual({ refused: { code: 'not_yours' } });
    expect(await asks(grant, { personId: 'U0EVE' })).toEqual({ refused: { code: 'not_yours' } });
  });

  test('is not for people whom Slack does not know', async () => {
    const grant = await holds();
    flow.people.set('U0ANA', 'deactivated');
    expect(await asks(grant)).toEqual({ refused: { code: 'person_refused', problem: 'deactivated' } });
  });

  test('needs what any request needs, such as a reason', async () => {
    const grant = await holds();
    expect(await asks(grant, { reason: ' ' })).toMatchObject({ refused: { code: 'reason_too_short' } });
    expect(await asks(grant, { duration: 3 * HOUR + 1 })).toMatchObject({ refused: { code: 'total_too_long' } });
    expect(await asks(grant, { grantId: 'G-none' })).toEqual({ refused: { code: 'unknown_grant' } });
  });

  test('is not for somebody who waits for an answer already', async () => {
    const grant = await holds();
    mayNoLonger();
    const first = await asks(grant);
    if ('refused' in first) throw new Error(first.refused.code);
    expect(first.state).toBe('pending');
    expect(await asks(grant)).toEqual({
      refused: { code: 'already_pending', role: 'db/read', requestId: first.id },
    });
  });

  test('is decided again after losing a race', async () => {
    const grant = await holds();
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    await approved(grant);
  });
});

describe('an approved extension', () => {
  test('tells the target first, which may let go a minute later', async () => {
    const grant = await holds();
    const request = await approved(grant);
    const told: number[] = [];
    const { grant: give } = flow.deps.targets;
    flow.deps.targets.grant = (one, expiresAt) => {
      told.push(one.endsAt, expiresAt);
      return give(one, expiresAt);
    };
    flow.clock.advance(SECOND);
    expect(await extendGrant(flow.deps, grant.id, 1)).toBeNull();
    const endsAt = grant.endsAt + 30 * MINUTE;
    expect(told).toEqual([endsAt, endsAt + MINUTE]);
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ endsAt, duration: 90 * MINUTE, extension: null });
    expect(last()).toMatchObject({
      type: 'grant.extended',
      actor: { kind: 'bot' },
      requestId: request.id,
      grantId: grant.id,
      payload: { role: 'db/read', person: { slackId: 'U0ANA', name: 'Ana' }, endsAt },
    });
    expect(flow.due('end')).toEqual([{ key: grant.id, dueAt: endsAt }]);
    expect(flow.due('remind')).toEqual([{ key: grant.id, dueAt: endsAt - 10 * MINUTE }]);
  });

  test('of access that is tied to an incident keeps it watched', async () => {
    const grant = await holds('U0ANA', { incidentId: 'PINC1' });
    await approved(grant);
    await flow.deps.store.commit({ done: [{ kind: 'watch', key: grant.id }] });
    await extendGrant(flow.deps, grant.id, 1);
    expect(flow.due('watch')).toEqual([{ key: grant.id, dueAt: now() + 5 * MINUTE }]);
  });

  test('does nothing for access that is over or never existed', async () => {
    const { id } = await holds();
    const before = flow.events().length;
    flow.deps.targets.grant = () => Promise.reject(new Error('the target was touched'));
    expect(await extendGrant(flow.deps, id, 1)).toBeNull();
    expect(await extendGrant(flow.deps, 'G-none', 1)).toBeNull();
    await approved(await flow.held('U0ANA', 'db/read'));
    flow.clock.advance(HOUR);
    expect(await extendGrant(flow.deps, id, 1)).toBeNull();
    await flow.work();
    expect(await extendGrant(flow.deps, id, 1)).toBeNull();
    expect(flow.events().filter(({ type }) => type.includes('extended'))).toEqual([]);
    expect(flow.events().length).toBeGreaterThan(before);
  });

  test('does nothing while granting is blocked for everybody', async () => {
    const grant = await holds();
    await approved(grant);
    const { problem } = flow.deps.integrity;
    flow.deps.integrity.problem = () => 'the ledger is damaged';
    await extendGrant(flow.deps, grant.id, 1);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(grant.endsAt);
    flow.deps.integrity.problem = problem;
    await extendGrant(flow.deps, grant.id, 1);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(grant.endsAt + 30 * MINUTE);
  });

  test('waits until nobody else works on the grant', async () => {
    const grant = await holds();
    await approved(grant);
    let times = 0;
    const { grant: give } = flow.deps.targets;
    flow.deps.targets.grant = (one, expiresAt) => {
      times += 1;
      return give(one, expiresAt);
    };
    await Promise.all([extendGrant(flow.deps, grant.id, 1), extendGrant(flow.deps, grant.id, 1)]);
    expect(times).toBe(1);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(grant.endsAt + 30 * MINUTE);
  });
});

describe('an extension that fails', () => {
  const gives = async (problem: string) => {
    const grant = await flow.held('U0ANA', 'db/read');
    expect(grant.extension).toBeNull();
    expect(grant.duration).toBe(HOUR);
    expect(last()).toMatchObject({
      type: 'grant.not_extended',
      actor: { kind: 'bot' },
      grantId: grant.id,
      payload: {
        role: 'db/read',
        person: { slackId: 'U0ANA', name: 'Ana' },
        endsAt: grant.endsAt,
        problem: expect.stringContaining(problem),
      },
    });
  };

  test('a target that does not answer is asked four times', async () => {
    const grant = await holds();
    const request = await approved(grant);
    flow.outages.add('target');
    for (const tries of [1, 2, 3])
      await expect(extendGrant(flow.deps, grant.id, tries)).rejects.toThrow('the target did not answer');
    expect(await flow.held('U0ANA', 'db/read')).toHaveProperty('extension.requestId', request.id);
    expect(await extendGrant(flow.deps, grant.id, 4)).toBeNull();
    await gives('the target did not take it: the target did not answer');
    expect(last()).toMatchObject({ requestId: request.id });
    expect(flow.log.lines).toMatchObject([1, 2, 3, 4].map((attempt) => ({ facts: { grantId: grant.id, attempt } })));
  });

  test('asks a resource that moved at its present target', async () => {
    const grant = await holds();
    await approved(grant);
    flow.deps.targets.placeOf = () => 'another database';
    await extendGrant(flow.deps, grant.id, 1);
    await gives('another target');
  });

  test('that nobody approved gives nothing', async () => {
    const grant = await holds();
    await approved(grant);
    await change(grant.id, { extension: { requestId: 'R-none', duration: HOUR, ties: grant.ties } });
    await extendGrant(flow.deps, grant.id, 1);
    await gives('not approved');
    mayNoLonger();
    const waits = await asks(await flow.held('U0ANA', 'db/read'));
    if ('refused' in waits || waits.state !== 'pending') throw new Error('it does not wait');
    await change(grant.id, { extension: { requestId: waits.id, duration: HOUR, ties: grant.ties } });
    await extendGrant(flow.deps, grant.id, 1);
    await gives('not approved');
  });

  test('decided ten seconds ago still holds', async () => {
    const grant = await holds();
    await approved(grant);
    mayNoLonger();
    flow.clock.advance(10 * SECOND);
    await extendGrant(flow.deps, grant.id, 1);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(grant.endsAt + 30 * MINUTE);
  });

  test.each([
    ['the rules no longer allow it', mayNoLonger, 'it is no longer approved: '],
    [
      'the role is gone',
      () => flow.reload((source) => source.replace('      read:', '      see:')),
      'no longer in the policy',
    ],
    ['its holder is gone', () => flow.people.set('U0ANA', 'deactivated'), 'deactivated'],
  ])('decided longer ago does not where %s', async (_what, happens, problem) => {
    const grant = await holds();
    await approved(grant);
    happens();
    flow.clock.advance(10 * SECOND + 1);
    await extendGrant(flow.deps, grant.id, 1);
    await gives(problem);
  });

  test('has its evidence looked up again, and once more if the answers are old', async () => {
    const grant = await holds();
    const found = purposes();
    await approved(grant);
    expect(found).toEqual(['decision']);
    flow.clock.advance(10 * SECOND + 1);
    await extendGrant(flow.deps, grant.id, 1);
    expect(found).toEqual(['decision', 'decision']);
  });

  test('that is still allowed is tied to what is known by then', async () => {
    const grant = await holds('U0ANA', { incidentId: 'PINC1' });
    await approved(grant, { duration: 3 * HOUR });
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    flow.clock.advance(HOUR - MINUTE);
    await extendGrant(flow.deps, grant.id, 1);
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ endsAt: now() + 30 * MINUTE, extension: null });
  });
});
