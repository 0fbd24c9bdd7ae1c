/** Whom a request that nobody decides is put to besides, when, and what the record says of it. */

import { afterEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import type { Person } from '../../src/domain/person.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { escalationKey, STAFFING_STEP } from '../../src/lifecycle/request/requestChange.ts';
import { escalateRequest } from '../../src/lifecycle/review/escalateRequest.ts';
import { aFlow, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const start = (ask: string, slack = '') => {
  flow = aFlow({
    slack,
    roles: `      read:
        grants: {}
        duration: { max: 4h }
        rules: [{ ask: { ${ask}, expires: 4h } }]
      write:
        grants: {}
        duration: { max: 4h }
        rules: [{ ask: { ${ask}, expires: 4h } }]`,
  });
};
const account = (slackId: string, email: string): Person => ({ slackId, name: slackId, email, timeZone: 'UTC' });
const passes = async (minutes: number) => {
  flow.clock.advance(minutes * MINUTE);
  await flow.work();
};
const escalations = () =>
  flow
    .events()
    .filter((event): event is LedgerEvent & { type: 'request.escalated' } => event.type === 'request.escalated');
const asked = () => escalations().map(({ payload }) => payload.to.map(({ slackId }) => slackId));
const step = (requestId: string, number: number) => escalateRequest(flow.deps, escalationKey(requestId, number));
const DEAD = 'this account is deactivated';

describe('an escalation step', () => {
  const TWO =
    'reviewers: [U0CHLOE], escalate: [{ after: 5m, to: { reviewers: [U0DEV, U0FRED] }, page: PFIRST }, { after: 10m, to: { reviewers: [U0EVE] } }]';

  test('comes at its time, once, and is the bot’s', async () => {
    start(TWO);
    const request = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(5);
    await passes(5);
    await passes(60);
    expect(escalations()).toMatchObject([
      {
        actor: { kind: 'bot' },
        requestId: request.id,
        grantId: null,
        at: request.submittedAt + 5 * MINUTE,
        payload: {
          role: 'db/read',
          requester: { slackId: 'U0ANA', name: 'Ana' },
          step: 0,
          to: [
            { slackId: 'U0DEV', name: 'Dev' },
            { slackId: 'U0FRED', name: 'Fred' },
          ],
          passedOver: [],
          page: 'PFIRST',
        },
      },
      { at: request.submittedAt + 10 * MINUTE, payload: { step: 1, to: [{ slackId: 'U0EVE' }], page: null } },
    ]);
    const waiting = await flow.request(request.id);
    expect(waiting.state === 'pending' && waiting.escalations).toEqual([
      { step: 0, at: request.submittedAt + 5 * MINUTE, to: ['U0DEV', 'U0FRED'] },
      { step: 1, at: request.submittedAt + 10 * MINUTE, to: ['U0EVE'] },
    ]);
  });

  test('is not done twice, and one that the rule does not have is ignored', async () => {
    start(TWO);
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    expect(await step(id, 0)).toBeNull();
    expect(await step(id, 2)).toBeNull();
    expect(await step('R404', 0)).toBeNull();
    expect(asked()).toEqual([['U0DEV', 'U0FRED']]);
  });

  test('leaves a decided request alone', async () => {
    start(TWO);
    const approved = await flow.asks('U0ANA', 'db/read', HOUR);
    const waiting = await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.approves('U0CHLOE', approved);
    await passes(6);
    expect(escalations().map(({ requestId }) => requestId)).toEqual([waiting.id]);
  });

  test('passes over the requester, by any account, and sleepers, with the reason', async () => {
    start(
      'reviewers: [U0CHLOE], escalate: [{ after: 5m, to: { reviewers: [U0ANA, U0ANA2, U0DEV, U0FRED] } }]',
      '  same_person: [[U0ANA, U0ANA2]]',
    );
    flow.people.set('U0ANA2', account('U0ANA2', 'root@harbor.example'));
    flow.asleep.add('U0DEV');
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    expect(escalations()[0]?.payload).toMatchObject({
      to: [{ slackId: 'U0FRED' }],
      passedOver: [
        { slackId: 'U0ANA', name: 'Ana', why: 'asked for it' },
        { slackId: 'U0ANA2', why: 'asked for it' },
        { slackId: 'U0DEV', name: 'Dev', why: 'asleep or not to be disturbed' },
      ],
    });
  });

  test.each([
    ['had the requester’s mailbox when they asked', 'dev+x@harbor.example', 'ana@harbor.example'],
    ['has the mailbox that the requester has by now', 'ana@harbor.example', 'dev+x@harbor.example'],
  ])('passes over who %s', async (_who, then, later) => {
    start('reviewers: [U0CHLOE], escalate: [{ after: 5m, to: { reviewers: [U0DEV, U0FRED] } }]');
    flow.people.set('U0ANA', account('U0ANA', then));
    await flow.asks('U0ANA', 'db/read', HOUR);
    flow.people.set('U0ANA', account('U0ANA', later));
    await passes(6);
    expect(asked()).toEqual([['U0FRED']]);
  });

  test('that finds nobody is recorded, once, and pages', async () => {
    start('reviewers: [U0CHLOE], escalate: [{ after: 5m, to: { reviewers: [U0DEV] }, page: PFIRST }]');
    flow.asleep.add('U0DEV');
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    await passes(30);
    expect(escalations().map(({ payload }) => payload)).toMatchObject([
      { to: [], page: 'PFIRST', passedOver: [{ slackId: 'U0DEV' }] },
    ]);
  });

  test('for those on call wakes them, and passes over the requester all the same', async () => {
    start('reviewers: [U0CHLOE], escalate: [{ after: 5m, to: { on_call: { escalation_policy: PPAY, level: 2 } } }]');
    flow.shifts.set('U0FRED', [aShift(flow.clock.now(), { level: 2 })]);
    flow.shifts.set('U0ANA', [aShift(flow.clock.now(), { level: 2 })]);
    flow.shifts.set('U0DEV', [aShift(flow.clock.now(), { level: 1 })]);
    flow.asleep.add('U0FRED');
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(6);
    expect(escalations()[0]?.payload).toMatchObject({
      to: [{ slackId: 'U0FRED' }],
      passedOver: [{ slackId: 'U0ANA', why: 'asked for it' }],
    });
  });
});

describe('a step that could not ask everybody', () => {
  const ON_CALL = 'reviewers: [U0CHLOE], escalate: [{ after: 5m, to: { reviewers: [U0DEV, U0FRED, S0LOST] } }]';

  test('is retried after a minute, then after as long as it has tried, up to ten', async () => {
    start(ON_CALL);
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.clock.advance(5 * MINUTE);
    const pauses: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) {
      const next = await step(id, 0);
      pauses.push(((next?.notBefore ?? 0) - flow.clock.now()) / MINUTE);
      flow.clock.advance((next?.notBefore ?? 0) - flow.clock.now());
    }
    expect(pauses).toEqual([1, 1, 2, 4, 8, 10, 10]);
    // Nobody new, so nothing more in the record.
    expect(asked()).toEqual([['U0DEV', 'U0FRED']]);
    expect(escalations()[0]?.payload.unseen).toBe('no group S0LOST');
  });

  test('asks those who are found later, and nobody twice', async () => {
    start(ON_CALL);
    flow.silent.add('U0FRED');
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(5);
    expect(escalations()[0]?.payload.unseen).toBe('no group S0LOST; Slack does not answer');
    flow.silent.clear();
    await passes(1);
    expect(asked()).toEqual([['U0DEV'], ['U0FRED']]);
    flow.groups.set('S0LOST', ['U0DEV', 'U0EVE']);
    await passes(2);
    expect(asked()).toEqual([['U0DEV'], ['U0FRED'], ['U0EVE']]);
    expect(escalations()[2]?.payload).not.toHaveProperty('unseen');
    expect(await step(id, 0)).toBeNull();
    const waiting = await flow.request(id);
    expect(waiting.state === 'pending' && waiting.escalations.map(({ unseen }) => unseen)).toEqual([
      'no group S0LOST; Slack does not answer',
      'no group S0LOST',
      undefined,
    ]);
  });

  test('that asked nobody is recorded again once it is known that there is nobody', async () => {
    start(ON_CALL);
    flow.asleep.add('U0DEV').add('U0FRED');
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(5);
    flow.groups.set('S0LOST', []);
    await passes(2);
    await passes(30);
    expect(asked()).toEqual([[], []]);
    expect(escalations().map(({ payload }) => 'unseen' in payload)).toEqual([true, false]);
    expect(await step(id, 0)).toBeNull();
  });

  test('that asked somebody at last ends silently', async () => {
    start(ON_CALL);
    flow.asleep.add('U0DEV').add('U0FRED');
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(5);
    flow.asleep.delete('U0DEV');
    await passes(2);
    flow.groups.set('S0LOST', []);
    expect(await step(id, 0)).toBeNull();
    expect(asked()).toEqual([[], ['U0DEV']]);
  });

  test('that asked somebody ends silently once there is known to be nobody else', async () => {
    start(ON_CALL);
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(5);
    flow.groups.set('S0LOST', ['U0DEV']);
    expect(await step(id, 0)).toBeNull();
    expect(asked()).toEqual([['U0DEV', 'U0FRED']]);
  });

  test('keeps apart what another step found', async () => {
    start(
      'reviewers: [U0CHLOE], escalate: [{ after: 5m, to: { reviewers: [U0DEV] }, page: PFIRST }, { after: 6m, to: { reviewers: [U0DEV, U0EVE] }, page: PSECOND }]',
    );
    await flow.asks('U0ANA', 'db/read', HOUR);
    await passes(5);
    await passes(1);
    expect(escalations().map(({ payload }) => payload)).toMatchObject([
      { step: 0, to: [{ slackId: 'U0DEV' }], page: 'PFIRST' },
      { step: 1, to: [{ slackId: 'U0DEV' }, { slackId: 'U0EVE' }], page: 'PSECOND' },
    ]);
  });
});

describe('too few reviewers', () => {
  const submitted = async (ask: string, prepare: () => unknown, slack = '') => {
    start(ask, slack);
    prepare();
    await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.work();
  };
  const TO_DEV = 'escalate: [{ after: 5m, to: { reviewers: [U0DEV] }, page: PFIRST }]';

  test('bring the rule’s first step immediately', async () => {
    await submitted(`reviewers: [U0CHLOE], ${TO_DEV}`, () => flow.people.set('U0CHLOE', DEAD));
    expect(escalations()[0]?.payload).toMatchObject({
      step: STAFFING_STEP,
      to: [{ slackId: 'U0DEV' }],
      page: 'PFIRST',
    });
    await passes(5);
    expect(escalations().map(({ payload }) => payload.step)).toEqual([STAFFING_STEP, 0]);
  });

  test('without steps, bring administrators, and page nobody', async () => {
    await submitted('reviewers: [U0CHLOE]', () => flow.people.set('U0CHLOE', DEAD));
    expect(escalations()[0]?.payload).toMatchObject({ step: STAFFING_STEP, to: [{ slackId: 'U0EVE' }], page: null });
  });

  test.each([
    ['one of two', 'reviewers: [U0CHLOE, U0DEV], needed: 2', () => flow.people.set('U0CHLOE', DEAD)],
    [
      'those of the second stage',
      'stages: [{ reviewers: [U0DEV] }, { reviewers: [U0CHLOE] }]',
      () => flow.people.set('U0CHLOE', DEAD),
    ],
    ['the requester alone', 'reviewers: [U0ANA]', () => undefined],
    [
      'the requester, by a mailbox of theirs',
      'reviewers: [U0CHLOE]',
      () => flow.people.set('U0CHLOE', account('U0CHLOE', 'ana+c@harbor.example')),
    ],
    [
      'two accounts of one human',
      'reviewers: [U0CHLOE, U0DEV], needed: 2',
      () => flow.people.set('U0DEV', account('U0DEV', 'chloe+d@harbor.example')),
    ],
    ['an empty group', 'reviewers: [S0EMPTY]', () => flow.groups.set('S0EMPTY', [])],
  ])('are %s', async (_who, ask, prepare) => {
    await submitted(ask, prepare);
    expect(asked()).toEqual([['U0EVE']]);
  });

  test.each([
    ['as many as are needed', 'reviewers: [U0CHLOE, U0DEV, U0FRED], needed: 2', () => flow.people.set('U0DEV', DEAD)],
    [
      'one human of several accounts and another one',
      'reviewers: [U0CHLOE, U0DEV, U0BEN, U0FRED], needed: 2',
      () => {
        for (const id of ['U0DEV', 'U0BEN']) flow.people.set(id, account(id, `chloe+${id}@harbor.example`));
      },
    ],
    ['a group beside one that is gone', 'reviewers: [U0CHLOE, S0LEADS]', () => flow.groups.set('S0LEADS', ['U0DEV'])],
  ])('are not %s', async (_who, ask, prepare) => {
    await submitted(ask, prepare);
    await passes(5);
    expect(escalations()).toEqual([]);
  });

  test('are unknown while one of their groups is, and looked up again in a minute', async () => {
    start('reviewers: [U0CHLOE, S0LOST], needed: 2');
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(await step(id, STAFFING_STEP)).toEqual({ notBefore: flow.clock.now() + MINUTE });
    flow.groups.set('S0LOST', ['U0DEV']);
    expect(await step(id, STAFFING_STEP)).toBeNull();
    expect(escalations()).toEqual([]);
    flow.groups.set('S0LOST', ['U0CHLOE']);
    await flow.work();
    expect(asked()).toEqual([['U0EVE']]);
  });

  test('are enough where those known suffice, though a group cannot be read', async () => {
    start('reviewers: [U0CHLOE, S0LOST]');
    const { id } = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(await step(id, STAFFING_STEP)).toBeNull();
    expect(escalations()).toEqual([]);
  });
});
