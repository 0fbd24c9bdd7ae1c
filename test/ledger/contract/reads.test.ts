/** What the flow finds in the tables: of one human by any of their accounts and mailboxes, and of nobody else. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CANARY_ID } from '../../../src/domain/canary.ts';
import { activate, type Grant, intendGrant, startRevoking } from '../../../src/domain/grant.ts';
import { BOT } from '../../../src/domain/person.ts';
import type { Request } from '../../../src/domain/request.ts';
import { HOUR } from '../../../src/domain/terms.ts';
import { ConflictError } from '../../../src/ports/store.ts';
import { aDeniedRequest, person } from '../../support/aLedger.ts';
import { NO_TIES } from '../../support/domain.ts';
import { type ADatabase, ENGINES } from '../../support/engines.ts';

let one: ADatabase;

const ANA = { ...person('U0ANA'), email: 'ana+x@harbor.example' };
const OTHER_ANA = { ...person('U0ANA2'), email: 'ana@harbor.example' };
const BEN = person('U0BEN');
const human = { accounts: ['U0ANA'], mailboxes: ['ana@harbor.example'] };
const byAccount = { accounts: ['U0NEW', 'U0ANA'], mailboxes: [] };
const byMailbox = { accounts: ['U0NEW'], mailboxes: ['new@harbor.example', 'ana@harbor.example'] };
const stranger = { accounts: ['U0BEN'], mailboxes: ['u0ben@harbor.example'] };

const decision = { effect: 'ask', rule: 1, reasons: [], outcomes: [] };
const pending = (id: string, more: Partial<Request> = {}) =>
  aDeniedRequest(id, {
    requester: ANA,
    state: 'pending',
    decision,
    expiresAt: 9,
    reviews: [],
    escalations: [],
    ...more,
  } as Partial<Request>);
const approved = (id: string, more: object = {}) =>
  aDeniedRequest(id, {
    ...{ requester: ANA, state: 'approved', reviews: [], approvedAt: 0, grantId: `G-${id}`, useReview: null },
    ...more,
  } as Partial<Request>);
const aReview = { by: BEN, onBehalfOf: null, verdict: 'deny', comment: '', at: 0 };
const put = (...requests: Request[]) =>
  one.store.commit({ requests: requests.map((value) => ({ value, version: 0 })) });
const intended = (id: string, more: object = {}) =>
  intendGrant(
    {
      ...{ id, requestId: `R-${id}`, person: ANA, resourceId: 'db', place: 'here', role: 'db/read', grants: {} },
      ...{ duration: HOUR, ties: NO_TIES },
      ...more,
    },
    0,
  );
const active = (id: string, more: object = {}) => activate(intended(id, more), 'a', 0);
const ended = (id: string, more: object = {}): Grant => ({
  ...startRevoking(active(id, more), { why: 'expired', by: BOT, problem: null }, 0),
  ...{ state: 'ended', endedAt: 1 },
});
const give = (...grants: Grant[]) =>
  one.store.commit({
    requests: grants.map(({ requestId }) => ({ value: approved(requestId), version: 0 })),
    grants: grants.map((value) => ({ value, version: 0 })),
  });
const idsOf = (all: readonly { readonly value: { readonly id: string } }[]) =>
  all.map(({ value }) => value.id).toSorted();

describe.each(ENGINES)('on $name', (engine) => {
  let stop: () => Promise<void>;
  beforeAll(async () => {
    stop = await engine.start();
  });
  afterAll(() => stop());
  beforeEach(async () => {
    one = await engine.open();
  });
  afterEach(() => one.close());

  describe('requests', () => {
    test('by id and by submission, with the version that they have now', async () => {
      await put(pending('R1', { submissionKey: 'S1' }));
      expect(await one.store.request('R1')).toEqual({ value: pending('R1', { submissionKey: 'S1' }), version: 1 });
      await one.store.commit({
        requests: [{ value: pending('R1', { submissionKey: 'S1', reason: 'b' }), version: 1 }],
      });
      expect(await one.store.requestBySubmission('S1')).toMatchObject({ value: { id: 'R1', reason: 'b' }, version: 2 });
      expect([await one.store.request('R9'), await one.store.requestBySubmission('S9')]).toEqual([null, null]);
    });

    test('waiting requests are found by account and mailbox, of this role only', async () => {
      await put(pending('R1'), pending('R2', { role: 'db/write' }), pending('R3', { requester: BEN }));
      const of = async (who: typeof human, role = 'db/read') => (await one.store.pendingRequestOf(who, role))?.value.id;
      expect([await of(human), await of(byAccount), await of(byMailbox), await of(stranger)]).toEqual([
        'R1',
        'R1',
        'R1',
        'R3',
      ]);
      expect([await of(human, 'db/write'), await of(human, 'db/admin'), await of(stranger, 'db/write')]).toEqual([
        'R2',
        undefined,
        undefined,
      ]);
      await one.store.commit({ requests: [{ value: approved('R1'), version: 1 }] });
      expect(await of(human)).toBeUndefined();
    });

    test('one with a changed role is of that role from then on, and of its requester', async () => {
      await put(pending('R1'));
      const changed = pending('R1', { role: 'db/narrow', bundle: 'B', submissionKey: 'S' });
      await one.store.commit({ requests: [{ value: changed, version: 1 }] });
      const of = async (role: string) => (await one.store.pendingRequestOf(human, role))?.value.id;
      expect([await of('db/narrow'), await of('db/read')]).toEqual(['R1', undefined]);
      // What it came with stays: an answer that comes twice is the same request.
      expect((await one.store.requestBySubmission('R1'))?.value.id).toBe('R1');
      expect((await one.store.bundle('R1')).map(({ id }) => id)).toEqual(['R1']);
    });

    test('the open ones, waiting or scheduled: of all, or of one account', async () => {
      await put(
        pending('R1'),
        aDeniedRequest('R2', { ...approved('R2'), state: 'scheduled', startsAt: 5 } as Partial<Request>),
        approved('R3'),
        pending('R4', { requester: BEN }),
        aDeniedRequest('R5'),
      );
      expect(idsOf(await one.store.openRequests({}))).toEqual(['R1', 'R2', 'R4']);
      expect(idsOf(await one.store.openRequests({ slackId: 'U0ANA' }))).toEqual(['R1', 'R2']);
      expect(await one.store.openRequests({ slackId: 'U0BEN' })).toEqual([
        { value: pending('R4', { requester: BEN }), version: 1 },
      ]);
    });

    test('those that were made together, in their order, and the newest of somebody', async () => {
      await put(pending('R3', { bundle: 'B', role: 'a/b' }), pending('R1', { bundle: 'B' }), aDeniedRequest('R2'));
      await put(aDeniedRequest('R0', { requester: ANA }));
      expect((await one.store.bundle('B')).map(({ id }) => id)).toEqual(['R3', 'R1']);
      expect(await one.store.bundle('R9')).toEqual([]);
      expect((await one.store.recentRequests('U0ANA', 2)).map(({ id }) => id)).toEqual(['R0', 'R2']);
      expect((await one.store.recentRequests('U0ANA', 9)).map(({ id }) => id)).toEqual(['R0', 'R2', 'R1', 'R3']);
    });

    test('accounts of a human: their own and all that asked by their mailboxes, once', async () => {
      await put(aDeniedRequest('R1', { requester: ANA }), aDeniedRequest('R2', { requester: OTHER_ANA }));
      await put(aDeniedRequest('R3', { requester: BEN }), aDeniedRequest('R4', { requester: OTHER_ANA }));
      expect(await one.store.accountsOf(human)).toEqual(['U0ANA', 'U0ANA2']);
      expect(await one.store.accountsOf({ accounts: ['U0X'], mailboxes: [] })).toEqual(['U0X']);
    });

    test('unreviewed uses of break-glass, of all or one human, while approved', async () => {
      const use = (verdict: object | null) => ({ reviewer: 'U0BEN', dueAt: 7, broughtUp: 0, verdict });
      await put(
        approved('R1', { useReview: use(null) }),
        approved('R2', { useReview: use({ by: BEN, justified: true, comment: '', at: 0 }) }),
        approved('R3', { requester: BEN, useReview: use(null) }),
        approved('R4'),
      );
      const of = async (who?: typeof human) => (await one.store.unreviewedUses(who)).map(({ id }) => id).toSorted();
      expect(await of()).toEqual(['R1', 'R3']);
      expect([await of(human), await of(byAccount), await of(byMailbox)]).toEqual([['R1'], ['R1'], ['R1']]);
      expect([await of(stranger), await of({ accounts: ['U0X'], mailboxes: [] })]).toEqual([['R3'], []]);
      await one.rows(
        `UPDATE requests SET body = replace(body, '"state":"approved"', '"state":"denied"') WHERE id = 'R3'`,
      );
      expect([await of(), await of(stranger)]).toEqual([['R1'], []]);
      await one.store.commit({
        requests: [
          { value: approved('R1', { useReview: use({ by: BEN, justified: false, comment: '', at: 0 }) }), version: 1 },
        ],
      });
      expect(await of()).toEqual([]);
    });
  });

  describe('grants', () => {
    test('by id, and what is live of a role, by account and by mailbox', async () => {
      await give(
        active('G1'),
        active('G2', { role: 'db/write' }),
        ended('G3', { role: 'db/admin' }),
        active('G4', { person: BEN }),
      );
      expect(await one.store.grant('G1')).toEqual({ value: active('G1'), version: 1 });
      expect(await one.store.grant('G9')).toBeNull();
      const of = async (who: typeof human, role = 'db/read') => (await one.store.liveGrantOf(who, role))?.value.id;
      expect([await of(human), await of(byAccount), await of(byMailbox), await of(stranger)]).toEqual([
        'G1',
        'G1',
        'G1',
        'G4',
      ]);
      expect([await of(human, 'db/write'), await of(human, 'db/admin'), await of(stranger, 'db/write')]).toEqual([
        'G2',
        undefined,
        undefined,
      ]);
    });

    test('a row whose body says that it has ended is not live', async () => {
      await give(active('G1'));
      await one.rows(`UPDATE grants SET body = replace(body, '"state":"active"', '"state":"ended"')`);
      expect(await one.store.liveGrantOf(human, 'db/read')).toBeNull();
      expect(await one.store.liveGrants({})).toEqual([]);
    });

    test('all that is live, of one person, on one resource, and of the one on the other', async () => {
      await give(
        active('G1'),
        active('G2', { resourceId: 'web', role: 'web/read' }),
        ended('G3', { role: 'db/write' }),
        intended('G4', { person: BEN }),
        startRevoking(active('G5', { person: BEN, role: 'db/write' }), { why: 'revoked', by: BOT, problem: null }, 0),
      );
      expect(idsOf(await one.store.liveGrants({}))).toEqual(['G1', 'G2', 'G4', 'G5']);
      expect(idsOf(await one.store.liveGrants({ slackId: 'U0ANA' }))).toEqual(['G1', 'G2']);
      expect(idsOf(await one.store.liveGrants({ resourceId: 'db' }))).toEqual(['G1', 'G4', 'G5']);
      expect(idsOf(await one.store.liveGrants({ slackId: 'U0BEN', resourceId: 'db' }))).toEqual(['G4', 'G5']);
      expect(idsOf(await one.store.liveGrants({ slackId: 'U0BEN', resourceId: 'web' }))).toEqual([]);
      expect((await one.store.recentGrants('U0ANA', 2)).map(({ id }) => id)).toEqual(['G3', 'G2']);
      expect((await one.store.recentGrants('U0ANA', 9)).map(({ id }) => id)).toEqual(['G3', 'G2', 'G1']);
    });

    test('where anything is live, who holds it, and who ever held something', async () => {
      const incident = { id: 'P1', number: 1, resolvedAt: null, grace: 0 };
      await give(
        active('G1', { ties: { ...NO_TIES, incident } }),
        active('G2', { resourceId: 'web', role: 'web/read', place: null }),
        active('G3', { person: BEN, place: null, ties: { ...NO_TIES, incident: { ...incident, id: 'P2' } } }),
        ended('G4', { role: 'x/read', resourceId: 'x', place: 'there', ties: { ...NO_TIES, incident } }),
      );
      expect(new Set(await one.store.livePlaces())).toEqual(
        new Set([
          { place: 'here', resourceId: 'db' },
          { place: null, resourceId: 'web' },
          { place: null, resourceId: 'db' },
        ]),
      );
      expect(idsOf(await one.store.liveWithoutPlace('', 9))).toEqual(['G2', 'G3']);
      expect(idsOf(await one.store.liveWithoutPlace('G2', 9))).toEqual(['G3']);
      expect(idsOf(await one.store.liveWithoutPlace('', 1))).toEqual(['G2']);
      expect((await one.store.liveResources()).toSorted()).toEqual(['db', 'web']);
      expect(await one.store.livePeople('', 9)).toEqual(['U0ANA', 'U0BEN']);
      expect(await one.store.livePeople('', 1)).toEqual(['U0ANA']);
      expect(await one.store.livePeople('U0ANA', 9)).toEqual(['U0BEN']);
      expect(await one.store.liveForIncident('P1')).toEqual(['G1']);
      expect(await one.store.peopleAt('x')).toEqual([{ slackId: 'U0ANA', mailbox: 'ana@harbor.example' }]);
      expect((await one.store.peopleAt('db')).map(({ slackId }) => slackId).toSorted()).toEqual(['U0ANA', 'U0BEN']);
      expect(await one.store.peopleAt('none')).toEqual([]);
    });
  });

  describe('what limits look at', () => {
    const look = (more: object = {}) =>
      one.store.history({ human, since: 10, resources: ['db'], exceptRequest: null, ...more });

    test('what the policy alone gave, at the time it was approved, or begins', async () => {
      await put(
        approved('R1', { approvedAt: 10 }),
        approved('R2', { approvedAt: 9 }),
        approved('R3', { approvedAt: 20, role: 'db/write' }),
        aDeniedRequest('R4', {
          ...approved('R4', { reviews: [] }),
          state: 'scheduled',
          startsAt: 99,
          approvedAt: undefined,
          deniedAt: undefined,
        } as object),
        approved('R5', { approvedAt: 20, reviews: [{ ...aReview, verdict: 'approve' }] }),
        approved('R6', { approvedAt: 20, useReview: { reviewer: 'U0BEN', dueAt: 1, broughtUp: 0, verdict: null } }),
        approved('R7', { approvedAt: 20, requester: BEN }),
        approved('R8', { approvedAt: 20, requester: OTHER_ANA }),
      );
      const { automatic, denials } = await look();
      expect(automatic).toEqual([
        { role: 'db/read', at: 20 },
        { role: 'db/read', at: 99 },
        { role: 'db/write', at: 20 },
        { role: 'db/read', at: 10 },
      ]);
      expect(denials).toEqual([]);
      expect((await look({ exceptRequest: 'R3' })).automatic).toHaveLength(3);
      expect((await look({ human: stranger })).automatic).toHaveLength(1);
      expect((await look({ human: byAccount })).automatic).toHaveLength(3);
      expect((await look({ since: 21 })).automatic).toEqual([{ role: 'db/read', at: 99 }]);
    });

    test('what people denied, and not what the policy did', async () => {
      await put(
        aDeniedRequest('R1', { requester: ANA, deniedAt: 20, reviews: [aReview] } as Partial<Request>),
        aDeniedRequest('R2', { requester: ANA, deniedAt: 20 }),
        aDeniedRequest('R3', { requester: ANA, deniedAt: 9, reviews: [aReview] } as Partial<Request>),
        aDeniedRequest('R4', { requester: BEN, deniedAt: 20, reviews: [aReview] } as Partial<Request>),
        pending('R5'),
      );
      expect(await look()).toEqual({ automatic: [], denials: [{ role: 'db/read', at: 20 }], holders: [] });
    });

    test('nobody is looked for, or kept out, for what the canary holds', async () => {
      await give(active('G1', { person: { ...BEN, slackId: CANARY_ID } }), active('G2', { person: BEN }));
      expect(await one.store.livePeople('', 9)).toEqual(['U0BEN']);
      expect((await look()).holders.map(({ person: { slackId } }) => slackId)).toEqual(['U0BEN']);
    });

    test('who holds something on these resources now', async () => {
      await give(
        active('G1'),
        intended('G2', { person: BEN, role: 'db/write' }),
        ended('G3', { person: BEN }),
        active('G4', { resourceId: 'web', role: 'web/read' }),
      );
      const holders = [
        { role: 'db/read', person: { slackId: 'U0ANA', email: 'ana@harbor.example' } },
        { role: 'db/write', person: { slackId: 'U0BEN', email: 'u0ben@harbor.example' } },
      ];
      expect((await look()).holders).toEqual(holders);
      expect((await look({ resources: ['db', 'web'] })).holders).toHaveLength(3);
      expect((await look({ resources: [] })).holders).toEqual([]);
    });
  });

  describe('small states', () => {
    test('stand by kind and key, each with a version that has to be the newest', async () => {
      expect(await one.store.record('digest', 'weekly')).toEqual({ value: null, version: 0 });
      const digest = (until: number, version: number, key = 'weekly') => ({
        records: [{ kind: 'digest', key, value: { until }, version } as const],
      });
      await one.store.commit(digest(1, 0));
      await one.store.commit(digest(9, 0, 'other'));
      expect(await one.store.record('digest', 'weekly')).toEqual({ value: { until: 1 }, version: 1 });
      await one.store.commit(digest(2, 1));
      expect(await one.store.record('digest', 'weekly')).toEqual({ value: { until: 2 }, version: 2 });
      expect(await one.store.record('digest', 'other')).toEqual({ value: { until: 9 }, version: 1 });
      await expect(one.store.commit(digest(3, 1))).rejects.toThrow(ConflictError);
      await expect(one.store.commit(digest(3, 0))).rejects.toThrow(ConflictError);
      expect((await one.store.records('digest')).map(({ until }) => until).toSorted()).toEqual([2, 9]);
      await one.store.commit({ records: [{ kind: 'digest', key: 'other', value: null, version: 1 }] });
      expect(await one.store.records('digest')).toEqual([{ until: 2 }]);
      expect(await one.store.record('digest', 'other')).toEqual({ value: null, version: 2 });
      expect(await one.store.records('freeze')).toEqual([]);
    });

    test('one that is no JSON is nothing', async () => {
      await one.store.commit({ records: [{ kind: 'digest', key: 'weekly', value: { until: 1 }, version: 0 }] });
      await one.rows("UPDATE records SET body = 'x'");
      expect(await one.store.record('digest', 'weekly')).toEqual({ value: null, version: 1 });
      expect(await one.store.records('digest')).toEqual([]);
    });
  });

  describe('what stands beside', () => {
    test('messages by their key, the newest of each, and how far each reader has got', async () => {
      const posts = one.posts;
      expect([await posts.find('a'), await posts.cursor('a')]).toEqual([null, 0]);
      await posts.keep('a', { channel: 'C1', ts: '1', digest: 'd' });
      await posts.keep('b', { channel: 'C2', ts: '2', digest: 'e' });
      await posts.keep('a', { channel: 'C3', ts: '3', digest: 'f' });
      expect(await posts.find('a')).toEqual({ channel: 'C3', ts: '3', digest: 'f' });
      expect(await posts.find('b')).toEqual({ channel: 'C2', ts: '2', digest: 'e' });
      await posts.moveCursor('a', 7);
      await posts.moveCursor('b', 9);
      await posts.moveCursor('a', 5);
      expect([await posts.cursor('a'), await posts.cursor('b')]).toEqual([5, 9]);
    });

    test('ids at a target, by grant and thing, the newest of each', async () => {
      const ids = one.ids;
      expect(await ids.of('G1')).toEqual(new Map());
      await ids.keep('G1', 'person', '1');
      await ids.keep('G1', 'database', '2');
      await ids.keep('G2', 'person', '3');
      await ids.keep('G1', 'person', '4');
      expect(await ids.of('G1')).toEqual(
        new Map([
          ['database', '2'],
          ['person', '4'],
        ]),
      );
    });

    test('seats by place and account, however that is written, and by grant', async () => {
      const seats = one.seats;
      const seat = (grantId: string, more: object = {}) => ({
        ...{ grantId, place: 'team', account: 'Ana', level: 'member', role: 'team/member', before: null },
        ...more,
      });
      for (const one of [seat('G2'), seat('G1'), seat('G3', { account: 'Ben' }), seat('G1', { place: 'other' })])
        await seats.keep(one);
      expect(await seats.at('team', 'aNA')).toEqual([seat('G1'), seat('G2')]);
      expect(await seats.of('G1')).toEqual([seat('G1', { place: 'other' }), seat('G1')]);
      await seats.keep(seat('G1', { account: 'Ana2', level: 'admin', before: 'pull' }));
      expect(await seats.of('G1')).toContainEqual(seat('G1', { account: 'Ana2', level: 'admin', before: 'pull' }));
      await seats.drop({ grantId: 'G1', place: 'team' });
      expect(await seats.of('G1')).toEqual([seat('G1', { place: 'other' })]);
      expect(await seats.at('team', 'Ana')).toEqual([seat('G2')]);
    });
  });
});
