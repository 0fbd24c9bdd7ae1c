/** Whoever changes the tables beside the ledger gains nothing: what differs from the events is found, and access ends. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { createStateCheck } from '../../src/ledger/sqlite/stateCheck.ts';
import { answerAccessReview, startAccessReview } from '../../src/lifecycle/accessReview/accessReview.ts';
import { freeze, unfreeze } from '../../src/lifecycle/health/freeze.ts';
import { mendState } from '../../src/lifecycle/health/mendState.ts';
import type { EventReader } from '../../src/ports/ledger.ts';
import type { StateCheck } from '../../src/ports/state.ts';
import { StorageError } from '../../src/ports/store.ts';
import { failCommit, settled } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const ROLES = `      read:
        grants: { level: reader }
        duration: { max: 4h }
        rules: [{ allow: { members_of: [S0ALL] } }, { ask: { reviewers: [U0CHLOE], expires: 4h } }]
      write: { grants: { level: writer }, duration: { max: 4h }, rules: [{ allow: { members_of: [S0ALL] } }] }`;
beforeEach(() => {
  flow = aFlow({ slack: '  delegates: [U0FRED, U0DEV]', roles: ROLES });
  flow.groups.set('S0ALL', ['U0ANA', 'U0BEN']);
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
const asks = async (who = 'U0ANA', role = 'db/read') => {
  const request = await flow.asks(who, role, HOUR);
  if (request.state !== 'approved') throw new Error(`it is ${request.state}`);
  return { id: request.grantId, requestId: request.id };
};
const holds = async (who = 'U0ANA', role = 'db/read') => {
  const asked = await asks(who, role);
  await flow.work();
  return asked;
};
const bend = (sql: string, ...values: unknown[]) => {
  expect(flow.ledger.sqlite.prepare(sql).run(...values).changes).toBeGreaterThan(0);
};
const prolong = (id: string) =>
  bend("UPDATE grants SET body = json_set(body, '$.endsAt', ?) WHERE id = ?", now() + 1_000 * HOUR, id);
const grant = async (id: string) => (await flow.deps.store.grant(id))?.value;
const mend = (more: { events?: Partial<EventReader>; check?: Partial<StateCheck> } = {}) =>
  mendState({
    deps: flow.deps,
    events: { ...createEventReader(flow.ledger), ...more.events },
    check: { ...createStateCheck(flow.ledger, flow.clock), ...more.check },
  });
/** Reads events back as they would have been otherwise. */
const reads = (change: (event: LedgerEvent) => LedgerEvent | null) => {
  const reader = createEventReader(flow.ledger);
  return {
    get: async (seq: number) => {
      const event = await reader.get(seq);
      return event && change(event);
    },
  };
};
const last = () => flow.events().at(-1);
const errors = () => flow.log.lines.filter(({ level }) => level === 'error');
const BESIDE = 'the database was changed beside the ledger: ';
/** It is not found twice. */
const isWell = async () => expect(await mend()).toEqual({ problem: null, left: 0 });

describe('tables that agree with the events', () => {
  test('are left alone', async () => {
    await holds();
    await asks('U0BEN', 'db/write');
    const before = flow.events().length;
    await isWell();
    expect(flow.events()).toHaveLength(before);
    expect(errors()).toEqual([]);
  });
});

describe('a missing end', () => {
  test('is due again, without anybody looking', async () => {
    const { id } = await holds();
    bend("DELETE FROM jobs WHERE kind = 'end'");
    await isWell();
    expect(flow.due('end')).toEqual([{ key: id, dueAt: now() + HOUR }]);
    expect(errors()).toMatchObject([{ facts: { grantId: id, role: 'db/read', kinds: ['end'] } }]);
  });

  test('of a request is due again, and so is its start', async () => {
    flow.groups.set('S0ALL', []);
    const waiting = await flow.asks('U0ANA', 'db/read', HOUR);
    const later = await flow.asks('U0BEN', 'db/read', HOUR, { startsAt: now() + 2 * HOUR });
    await flow.approves('U0CHLOE', later);
    bend("DELETE FROM jobs WHERE kind IN ('expire', 'start')");
    await isWell();
    expect(flow.due('expire')).toEqual([{ key: waiting.id, dueAt: now() }]);
    expect(flow.due('start')).toEqual([{ key: later.id, dueAt: now() }]);
    expect(errors()).toMatchObject([{ facts: { requests: [waiting.id, later.id] } }]);
  });
});

describe('access whose row was changed', () => {
  test('is taken back immediately', async () => {
    const { id, requestId } = await holds();
    const before = await grant(id);
    flow.clock.advance(MINUTE);
    prolong(id);
    const problem = expect.stringContaining('events say that it ends');
    expect(await mend()).toEqual({ problem: expect.stringContaining(`${BESIDE}grant ${id}: events say`), left: 0 });
    expect(await grant(id)).toMatchObject({
      id,
      requestId,
      person: before?.person,
      resourceId: 'db',
      place: 'db',
      role: 'db/read',
      grants: before?.grants,
      duration: HOUR,
      ties: before?.ties,
      intendedAt: before?.intendedAt,
      endsAt: before?.endsAt,
      endsBecause: 'expired',
      activation: { at: before?.intendedAt, account: `jit_${id}` },
      state: 'revoking',
      why: 'revoked',
      by: { kind: 'bot' },
      problem,
      since: now(),
    });
    expect(last()).toMatchObject({
      type: 'grant.revoking',
      actor: { kind: 'bot' },
      requestId,
      grantId: id,
      payload: { role: 'db/read', person: { slackId: 'U0ANA', name: 'Ana' }, why: 'revoked', problem },
    });
    expect(flow.due('end')).toEqual([{ key: id, dueAt: now() }]);
    expect(errors()).toMatchObject([{ facts: { grantId: id, problem } }]);
    await flow.work();
    expect((await grant(id))?.state).toBe('ended');
    await isWell();
  });

  test('that was not given yet is not given', async () => {
    const { id } = await asks();
    prolong(id);
    await mend();
    expect(flow.due('provision')).toEqual([]);
    expect(await grant(id)).toMatchObject({ state: 'revoking', activation: null });
    await flow.work();
    expect(flow.events().some(({ type }) => type === 'grant.activated')).toBe(false);
  });

  test('beside other access ends alone', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    prolong(ana.id);
    await mend();
    expect((await grant(ana.id))?.state).toBe('revoking');
    expect((await grant(ben.id))?.state).toBe('active');
  });

  test('to be somebody else’s is taken from the person in its events', async () => {
    const { id, requestId } = await holds();
    const { id: another } = await flow.asks('U0DEV', 'db/read', HOUR);
    bend(
      `UPDATE grants SET person = 'U0BEN', role = 'db/write', resource = 'other', request_id = @another,
         body = json_set(body, '$.person.slackId', 'U0BEN', '$.person.name', 'Ben', '$.role', 'db/write',
           '$.resourceId', 'other', '$.requestId', @another, '$.place', 'elsewhere', '$.grants.level', 'owner')`,
      { another },
    );
    await mend();
    expect(await grant(id)).toMatchObject({
      person: { slackId: 'U0ANA', email: 'ana@harbor.example' },
      role: 'db/read',
      resourceId: 'db',
      requestId,
      place: 'db',
      grants: { level: 'reader' },
    });
    expect(
      (await flow.deps.store.liveGrants({ slackId: 'U0ANA', resourceId: 'db' })).map(({ value }) => value.id),
    ).toEqual([id]);
  });

  test('so that it no longer says what it gave is taken back by its events', async () => {
    const { id } = await holds();
    bend("UPDATE grants SET body = 'none'");
    await mend();
    expect(await grant(id)).toMatchObject({
      place: 'db',
      grants: { level: 'reader' },
      ties: { window: null, shift: null, incident: null, inPagerDuty: false },
    });
  });
});

describe('access whose row is gone', () => {
  test('is taken back by its events', async () => {
    const { id, requestId } = await holds();
    const before = await grant(id);
    bend('DELETE FROM grants');
    expect((await mend()).problem).toContain('its row is gone');
    expect(await grant(id)).toMatchObject({
      requestId,
      person: before?.person,
      place: 'db',
      grants: { level: 'reader' },
      duration: HOUR,
      activation: { account: `jit_${id}` },
      state: 'revoking',
    });
    await flow.work();
    expect((await grant(id))?.state).toBe('ended');
  });

  test('with its request is restored with both', async () => {
    const { id, requestId } = await holds();
    const before = await flow.request(requestId);
    flow.clock.advance(MINUTE);
    bend('DELETE FROM grants');
    bend('DELETE FROM requests');
    await mend();
    expect(await flow.request(requestId)).toMatchObject({
      bundle: requestId,
      submissionKey: `restored:${requestId}`,
      requester: before.requester,
      role: 'db/read',
      duration: HOUR,
      reason: before.reason,
      incidentId: null,
      submittedAt: before.submittedAt,
      startsAt: null,
      extends: null,
      state: 'approved',
      reviews: [],
      approvedAt: before.submittedAt,
      grantId: id,
      useReview: null,
    });
    await flow.work();
    expect((await grant(id))?.state).toBe('ended');
    await isWell();
  });

  test('leaves a request that is there as it is', async () => {
    const { requestId } = await holds();
    const before = await flow.deps.store.request(requestId);
    bend('DELETE FROM grants');
    await mend();
    expect(await flow.deps.store.request(requestId)).toEqual(before);
  });

  test('of an earlier version, without its role’s gifts on record, uses the policy', async () => {
    const { id } = await holds();
    bend('DELETE FROM grants');
    await mend({
      events: reads((event) => {
        if (event.type !== 'grant.provisioning') return event;
        const { gives: _gives, ...payload } = event.payload;
        return { ...event, payload };
      }),
    });
    expect(await grant(id)).toMatchObject({ place: 'db', grants: { level: 'reader' }, resourceId: 'db' });
  });

  test('of an earlier version goes by its row, if that is there', async () => {
    const { id } = await holds();
    prolong(id);
    flow.deps.targets.placeOf = () => 'elsewhere';
    flow.reload((source) => source.replace('level: reader', 'level: owner'));
    await mend({
      events: reads((event) => {
        if (event.type !== 'grant.provisioning') return event;
        const { gives: _gives, ...payload } = event.payload;
        return { ...event, payload };
      }),
    });
    expect(await grant(id)).toMatchObject({ place: 'db', grants: { level: 'reader' } });
  });

  test('of an unknown role gives nothing that is known', async () => {
    const { id } = await holds();
    bend('DELETE FROM grants');
    flow.reload((source) => source.replace('      read:', '      see:'));
    await mend({
      events: reads((event) => {
        if (event.type !== 'grant.provisioning') return event;
        const { gives: _gives, ...payload } = event.payload;
        return { ...event, payload };
      }),
    });
    expect(await grant(id)).toMatchObject({ grants: {}, role: 'db/read' });
  });

  const gone = async () => {
    const { id } = await holds();
    bend('DELETE FROM grants');
    bend('DELETE FROM requests');
    return id;
  };

  test('and that was denied, by its events, is left to people', async () => {
    const id = await gone();
    const events = reads((event) =>
      event.type === 'request.submitted'
        ? {
            ...event,
            payload: { ...event.payload, decision: { effect: 'deny', rule: null, reasons: [], outcomes: [] } },
          }
        : event,
    );
    expect(await mend({ events })).toEqual({ problem: `${BESIDE}grant ${id} could not be put right`, left: 1 });
    expect(await grant(id)).toBeUndefined();
  });

  test('and of which no event says what it was, is left to people', async () => {
    const id = await gone();
    const events = reads((event) => (event.type === 'request.submitted' ? null : event));
    expect(await mend({ events })).toEqual({ problem: `${BESIDE}grant ${id} could not be put right`, left: 1 });
    expect(errors()).toMatchObject([
      {},
      { facts: { grantId: id, err: { message: expect.stringContaining('look at the target') } } },
    ]);
  });
});

describe('access without any event', () => {
  /** A row like another's, for a request that nobody has approved. */
  const forge = async (id: string, person: string) => {
    const waiting = await flow.asks('U0DEV', 'db/read', HOUR);
    expect(waiting.state).toBe('pending');
    bend(
      `INSERT INTO grants (id, version, state, request_id, person, mailbox, role, resource, body)
       SELECT @id, version, state, @request, @person, mailbox, role, resource,
         json_set(body, '$.id', @id, '$.person.slackId', @person, '$.requestId', @request)
       FROM grants`,
      { id, person, request: waiting.id },
    );
    return waiting.id;
  };

  test('is taken back as its row says', async () => {
    const { id } = await holds();
    const requestId = await forge('G-forged', 'U0BEN');
    expect((await mend()).problem).toBe(
      `${BESIDE}grant G-forged: its row says that it is live, and no event does; it is being taken back`,
    );
    expect((await grant(id))?.state).toBe('active');
    const own = await grant(id);
    expect(await grant('G-forged')).toMatchObject({
      requestId,
      person: { slackId: 'U0BEN' },
      resourceId: 'db',
      place: 'db',
      role: 'db/read',
      grants: { level: 'reader' },
      duration: HOUR,
      ties: own?.ties,
      intendedAt: own?.intendedAt,
      endsAt: own?.endsAt,
      endsBecause: 'expired',
      activation: { account: `jit_${id}` },
      state: 'revoking',
    });
    await flow.work();
    expect((await grant('G-forged'))?.state).toBe('ended');
  });

  test('and names another request is taken back as its row says', async () => {
    await holds();
    bend(`UPDATE grants SET id = 'G-forged', person = 'U0BEN',
      body = json_set(body, '$.id', 'G-forged', '$.person.slackId', 'U0BEN')`);
    await mend();
    expect(await grant('G-forged')).toMatchObject({ state: 'revoking', person: { slackId: 'U0BEN' } });
  });

  test('and was on its way is taken back without ever having begun', async () => {
    await asks();
    await forge('G-forged', 'U0BEN');
    await mend();
    expect(await grant('G-forged')).toMatchObject({ state: 'revoking', activation: null });
  });

  test('and whose row cannot be read is left to people', async () => {
    await holds();
    await forge('G-forged', 'U0BEN');
    bend("UPDATE grants SET body = 'none' WHERE id = 'G-forged'");
    expect(await mend()).toEqual({ problem: `${BESIDE}grant G-forged could not be put right`, left: 1 });
  });
});

describe('several', () => {
  test('are all mended, and the first three named', async () => {
    const ids = [];
    for (const role of ['db/read', 'db/write'])
      for (const who of ['U0ANA', 'U0BEN']) ids.push((await holds(who, role)).id);
    const [first, second, third, fourth] = ids;
    for (const id of ids.slice(0, 3)) prolong(id);
    const three = (await mend()).problem;
    for (const id of [first, second, third]) expect(three).toContain(`grant ${id}: `);
    expect(three).not.toContain('more');
    for (const id of ids) expect((await grant(id))?.state).toBe(id === fourth ? 'active' : 'revoking');
  });

  test('beyond that are counted', async () => {
    const ids = [];
    for (const role of ['db/read', 'db/write'])
      for (const who of ['U0ANA', 'U0BEN']) ids.push((await holds(who, role)).id);
    for (const id of ids) prolong(id);
    const { problem } = await mend();
    expect(problem).toMatch(/; and 1 more$/);
    expect(problem).not.toContain(`grant ${ids[3]}`);
  });

  test('of which one cannot be mended do not hold up the others', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    for (const { id } of [ana, ben]) prolong(id);
    failCommit(flow.deps.store, new Error('a fault of the program'));
    const { problem, left } = await mend();
    expect(left).toBe(1);
    expect(problem).toContain(`grant ${ana.id} could not be put right; grant ${ben.id}: `);
    expect((await grant(ben.id))?.state).toBe('revoking');
  });

  test('wait while the database cannot be written', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    for (const { id } of [ana, ben]) prolong(id);
    failCommit(flow.deps.store, new StorageError('the disk is full'));
    expect(await mend()).toEqual({ problem: `${BESIDE}grant ${ana.id} could not be put right`, left: 1 });
    expect((await grant(ben.id))?.state).toBe('active');
    expect(errors().at(-1)).toMatchObject({ facts: { grantId: ana.id } });
  });

  test('one that somebody else works on is looked at afterwards', async () => {
    const { id } = await holds();
    prolong(id);
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = flow.deps.grantLock(id, async () => {
      await promise;
      bend("UPDATE grants SET body = json_set(body, '$.endsAt', ?) WHERE id = ?", now() + HOUR, id);
    });
    const mended = mend();
    for (let turn = 0; turn < 20; turn += 1) await settled();
    resolve();
    await held;
    expect(await mended).toEqual({ problem: null, left: 0 });
  });
});

describe('small states', () => {
  test('a freeze that nobody lifted holds again', async () => {
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    const at = now();
    flow.clock.advance(MINUTE);
    await isWell();
    bend("UPDATE records SET body = 'null' WHERE kind = 'freeze'");
    const event = flow.events().find(({ type }) => type === 'access.frozen');
    expect((await mend()).problem).toBe(
      `${BESIDE}the freeze of event ${event?.seq} was lifted by nobody; it holds again`,
    );
    expect((await flow.deps.store.record('freeze', 'bot')).value).toMatchObject({
      by: { slackId: 'U0EVE', name: 'Eve' },
      at,
      reason: 'a token has leaked',
    });
    await isWell();
  });

  test('a freeze that an administrator lifted stays lifted', async () => {
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    await unfreeze(flow.deps, { personId: 'U0EVE' });
    await isWell();
    expect((await flow.deps.store.record('freeze', 'bot')).value).toBeNull();
  });

  test('a freeze whose event cannot be read is left alone', async () => {
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    bend("UPDATE records SET body = 'null' WHERE kind = 'freeze'");
    expect(await mend({ events: reads(() => null) })).toEqual({ problem: null, left: 0 });
    expect(
      await mend({
        events: reads((event) => ({ ...event, actor: BOT })),
      }),
    ).toEqual({ problem: null, left: 0 });
  });

  test('a stand-in whom nobody named is ignored', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0BEN', 'U0FRED');
    await isWell();
    bend(
      `UPDATE records SET body = json_set(body, '$.to.slackId', 'U0DEV') WHERE kind = 'delegation' AND key = 'U0CHLOE'`,
    );
    expect((await mend()).problem).toBe(
      `${BESIDE}no event names a stand-in for U0CHLOE as the database does; it is taken out`,
    );
    expect((await flow.deps.store.record('delegation', 'U0CHLOE')).value).toBeNull();
    expect((await flow.deps.store.record('delegation', 'U0BEN')).value).not.toBeNull();
    await isWell();
  });

  const reviewed = async () => {
    const review = await startAccessReview(flow.deps, { personId: 'U0EVE', period: 24 * HOUR });
    if ('refused' in review) throw new Error(review.refused.code);
    for (const item of [0, 1])
      await answerAccessReview(flow.deps, {
        personId: 'U0EVE',
        reviewId: review.id,
        item,
        verdict: 'remove',
        comment: 'not needed',
      });
    return review;
  };
  const removals = async () => (await flow.deps.store.record('removals', 'db/read')).value;

  test('a rule that an owner removed is removed again', async () => {
    const review = await reviewed();
    const before = await removals();
    flow.clock.advance(MINUTE);
    await isWell();
    bend("UPDATE records SET body = json_remove(body, '$[0]') WHERE kind = 'removals'");
    const event = flow.events().find(({ type }) => type === 'access_review.answered');
    expect((await mend()).problem).toBe(
      `${BESIDE}a rule of db/read that event ${event?.seq} took out was put back by nobody; it is out again`,
    );
    expect(await removals()).toEqual([before?.[1], before?.[0]]);
    expect(before?.[0]).toMatchObject({ by: { slackId: 'U0EVE', name: 'Eve' }, review: review.id });
    await isWell();
  });

  test('all of them are, if none is left', async () => {
    await reviewed();
    const before = await removals();
    bend("UPDATE records SET body = 'null' WHERE kind = 'removals'");
    await mend();
    expect(await removals()).toEqual(before);
  });

  test('an answer that is unreadable, or from no person, removes nothing', async () => {
    await reviewed();
    bend("UPDATE records SET body = 'null' WHERE kind = 'removals'");
    for (const change of [() => null, (event: LedgerEvent) => ({ ...event, actor: BOT })])
      expect(await mend({ events: reads(change) })).toEqual({ problem: null, left: 0 });
    expect(await removals()).toBeNull();
  });

  test('an unreadable record counts as none from then on', async () => {
    await flow.standsIn('U0CHLOE', 'U0FRED');
    bend("UPDATE records SET body = '{' WHERE kind = 'delegation'");
    expect((await mend()).problem).toBe(
      `${BESIDE}what stands under delegation U0CHLOE cannot be read; it is taken out`,
    );
    expect((await flow.deps.store.record('delegation', 'U0CHLOE')).value).toBeNull();
  });
});
