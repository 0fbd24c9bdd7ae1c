/** Which messages are posted or brought up to date by each piece of work, where, and what an earlier try is asked about. */

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventPayloads, EventType, NewEvent } from '../../src/domain/events.ts';
import type { Grant } from '../../src/domain/grant.ts';
import { BOT } from '../../src/domain/person.ts';
import { type AccessSpan, type Figures, summarize } from '../../src/domain/report.ts';
import { type Request, requestCore } from '../../src/domain/request.ts';
import { HOUR, SECOND } from '../../src/domain/terms.ts';
import { createDigest, digestMessage } from '../../src/slack/outbox/digest.ts';
import { type Projections, projections } from '../../src/slack/outbox/projections.ts';
import { loadShown, roleNameIn } from '../../src/slack/outbox/shown.ts';
import { ANA, aGrantOnItsWay, anActiveGrant, aPolicy, aResource, aRole, NOON } from '../support/domain.ts';
import { everyEvent } from '../support/everyEvent.ts';
import { type Outbox, startOutbox, US } from '../support/outbox.ts';
import { anApprovedRequest, anAskDecision, aWaitingRequest } from '../support/requests.ts';
import { failing, refusedBySlack } from '../support/slackClient.ts';

let outbox: Outbox;
let work: Projections;
/** Whether the target hands out credentials, by resource. */
let credentials: Set<string>;
beforeEach(() => {
  const policy = aPolicy(aResource('db', 'Database', [aRole(), aRole({ id: 'admin', name: 'admin' })]));
  outbox = startOutbox(policy);
  credentials = new Set();
  work = projections({ ...outbox.connect(), targets: { issuesCredentials: (id) => credentials.has(id) } });
});
afterEach(() => outbox.close());

async function put(requests: readonly Request[], grants: readonly Grant[] = []): Promise<void> {
  const versionOf = async (kind: 'request' | 'grant', id: string) => (await outbox.store[kind](id))?.version ?? 0;
  await outbox.store.commit({
    requests: await Promise.all(
      requests.map(async (value) => ({ value, version: await versionOf('request', value.id) })),
    ),
    grants: await Promise.all(grants.map(async (value) => ({ value, version: await versionOf('grant', value.id) }))),
  });
}
async function happen<T extends EventType>(
  type: T,
  change: Partial<EventPayloads[T]> = {},
  requestId: string | null = null,
): Promise<string> {
  const found = everyEvent().find((one) => one.type === type);
  if (!found) throw new Error(`there is no ${type}`);
  const event = { type, actor: BOT, requestId, grantId: null, payload: { ...found.payload, ...change } } as NewEvent;
  const [recorded] = await outbox.store.commit({ events: [event] });
  return String(recorded?.seq);
}
const posted = () => outbox.messages.map(({ channel, thread_ts, text }) => [channel, thread_ts ?? null, text]);
const updated = () =>
  outbox.client.sent
    .filter(({ method }) => method === 'chat.update')
    .map(({ asked }) => `${String(asked.ts)} ${String(asked.text)}`);
const keys = () => outbox.messages.map(({ metadata }) => JSON.parse(JSON.stringify(metadata)).event_payload.key);
const run = async (kind: keyof Projections, key: string, attempt = 1) => {
  outbox.clock.advance(5 * SECOND);
  return work[kind](key, attempt);
};

describe('a card', () => {
  test('is posted where reviewers look, with buttons, and the requester’s Home follows', async () => {
    await put([aWaitingRequest()]);
    expect(await run('card', 'R1')).toBeNull();
    expect(posted()).toEqual([['C0ACCESS', null, 'Ana asks for Database (read)']]);
    expect(keys()).toEqual(['card:R1']);
    expect(outbox.homes).toEqual(['U0ANA']);
  });

  test('is brought up to date, and not posted again', async () => {
    await put([aWaitingRequest()]);
    await run('card', 'R1');
    await put([anApprovedRequest()], [anActiveGrant()]);
    await run('card', 'R1');
    expect(posted()).toHaveLength(1);
    expect(updated()).toEqual([expect.stringContaining('Ana asks for Database (read): approved')]);
  });

  test('of an earlier version has its thread brought up to date, which had the buttons', async () => {
    await put([aWaitingRequest()]);
    await run('card', 'R1');
    await outbox.posts.keep('review:R1', { channel: 'C0ACCESS', ts: '9.0', digest: '' });
    await put([anApprovedRequest()], [anActiveGrant()]);
    await run('card', 'R1');
    expect(updated()).toContainEqual('9.0 Ana asks for Database (read): approved');
    expect(posted()).toHaveLength(1);
  });

  test('of an earlier version has each of its threads brought up to date', async () => {
    const both = [aWaitingRequest({ bundle: 'B1' }), aWaitingRequest({ id: 'R2', bundle: 'B1', role: 'db/admin' })];
    await put(both);
    await run('card', 'R1');
    await outbox.posts.keep('review:R1', { channel: 'C0ACCESS', ts: '8.0', digest: '' });
    await outbox.posts.keep('review:R2', { channel: 'C0ACCESS', ts: '9.0', digest: '' });
    await run('card', 'R2');
    expect(updated()).toEqual([expect.stringMatching(/^8\.0 /), expect.stringMatching(/^9\.0 /)]);
  });

  test.each<[string, Partial<Parameters<typeof anApprovedRequest>[0]>, number]>([
    [
      'approved at once',
      {
        decision: {
          effect: 'allow',
          rule: 1,
          reasons: ['x'],
          outcomes: [],
          maxDuration: null,
          proof: { onCall: null, incident: null },
        },
      },
      0,
    ],
    [
      'taken by break-glass',
      {
        decision: {
          effect: 'break_glass',
          rule: null,
          reasons: ['x'],
          outcomes: [],
          proof: { onCall: null, incident: null },
        },
      },
      1,
    ],
    [
      'approved at once by reviewers’ word',
      {
        decision: {
          effect: 'allow',
          rule: 1,
          reasons: ['x'],
          outcomes: [],
          maxDuration: null,
          proof: { onCall: null, incident: null },
        },
        reviews: [{ by: ANA, onBehalfOf: null, verdict: 'approve', comment: '', at: NOON }],
      },
      1,
    ],
    ['asked about', {}, 1],
  ])('of what was %s', async (_name, change, messages) => {
    await put([anApprovedRequest(change)]);
    await run('card', 'R1');
    expect(posted()).toHaveLength(messages);
    expect(outbox.homes).toEqual(['U0ANA']);
  });

  test('of a bundle is one, with buttons for each that reviewers have to do with', async () => {
    const atOnce = anApprovedRequest({
      id: 'R2',
      bundle: 'R1',
      role: 'db/admin',
      decision: {
        effect: 'allow',
        rule: 1,
        reasons: ['x'],
        outcomes: [],
        maxDuration: null,
        proof: { onCall: null, incident: null },
      },
    });
    await put([aWaitingRequest({ bundle: 'R1' }), atOnce, aWaitingRequest({ id: 'R3', bundle: 'R1', role: 'db/x' })]);
    await run('card', 'R3');
    expect(keys()).toEqual(['card:R1']);
    expect(posted()[0]).toEqual(['C0ACCESS', null, 'Ana asks for 3 roles']);
  });

  test('shows three earlier accesses of the requester, without the one in question', async () => {
    const before = [1, 2, 3, 4].map((one) =>
      anActiveGrant({
        id: `G0${one}`,
        requestId: `R0${one}`,
        role: `db/old${one}`,
        intendedAt: NOON - (5 - one) * HOUR,
      }),
    );
    await put(
      [
        anApprovedRequest(),
        ...before.map(({ requestId, id, role }) => anApprovedRequest({ id: requestId, grantId: id, role })),
      ],
      [...before, anActiveGrant()],
    );
    await run('card', 'R1');
    const blocks = JSON.stringify(outbox.client.sent.find(({ method }) => method === 'chat.postMessage')?.asked.blocks);
    const shown = ['old1', 'old2', 'old3', 'old4'].filter((role) => blocks.includes(`db/${role}`));
    expect(shown).toEqual(['old2', 'old3', 'old4']);
  });

  test('is looked for from when it was asked for, if an earlier try may have posted it', async () => {
    await put([aWaitingRequest()]);
    await run('card', 'R1', 1);
    expect(outbox.client.count('conversations.history')).toBe(0);
    const other = aWaitingRequest({ id: 'R2', role: 'db/admin', submittedAt: NOON - HOUR });
    await put([other]);
    outbox.client.says('conversations.replies', { messages: [] });
    await run('card', 'R2', 2);
    const [looked] = outbox.client.sent.filter(({ method }) => method === 'conversations.history');
    expect(looked?.asked).toMatchObject({ channel: 'C0ACCESS', oldest: ((NOON - 25 * HOUR) / SECOND).toFixed(6) });
  });

  test('of a request that there is not is nothing', async () => {
    expect(await run('card', 'R9')).toBeNull();
    expect([posted(), outbox.homes]).toEqual([[], []]);
  });

  test('brings every message to the requester up to date that there is', async () => {
    await put([aWaitingRequest()]);
    await run('notify', await happen('request.submitted', { decision: anAskDecision() }, 'R1'));
    await put([anApprovedRequest()], [anActiveGrant()]);
    await run('notify', await happen('grant.activated', {}, 'R1'));
    await run('remind', 'G1');
    await run('card', 'R1');
    expect(updated()).toContainEqual(expect.stringContaining('Your request for Database (read) was approved'));
    expect(updated()).not.toContainEqual(expect.stringContaining('You have Database (read)'));
    expect(updated()).not.toContainEqual(expect.stringContaining('ends soon'));
    const { activation } = anActiveGrant();
    await put(
      [],
      [{ ...anActiveGrant(), state: 'revoking', activation, why: 'revoked', by: BOT, problem: null, since: NOON }],
    );
    await run('card', 'R1');
    const ending = updated().filter((text) => text.includes('Your access to Database (read) is ending'));
    expect(ending).toHaveLength(2);
    await put(
      [],
      [{ ...anActiveGrant(), state: 'ended', activation, why: 'revoked', by: BOT, problem: null, endedAt: NOON }],
    );
    await run('card', 'R1');
    expect(updated().filter((text) => text.includes('Your access to Database (read) has ended'))).toHaveLength(2);
  });

  test('of a grant brings the messages up to date about requests that made it longer', async () => {
    await put([anApprovedRequest(), anApprovedRequest({ id: 'R2', extends: 'G1' })], [anActiveGrant()]);
    await run('card', 'R2');
    const { activation } = anActiveGrant();
    await put(
      [],
      [{ ...anActiveGrant(), state: 'ended', activation, why: 'expired', by: BOT, problem: null, endedAt: NOON }],
    );
    await run('card', 'R1');
    const card = outbox.messages.find(({ metadata }) => JSON.stringify(metadata).includes('card:R2'));
    expect(JSON.stringify(outbox.client.sent.findLast(({ asked }) => asked.ts === card?.ts)?.asked)).toContain(
      'Access ended',
    );
  });

  test('of a grant that was made longer brings reminders of its earlier end up to date', async () => {
    await put([anApprovedRequest()], [anActiveGrant()]);
    await run('remind', 'G1');
    await put([], [anActiveGrant({ endsAt: NOON + 3 * HOUR })]);
    await run('card', 'R1');
    expect(JSON.stringify(outbox.client.sent.findLast(({ method }) => method === 'chat.update')?.asked)).toContain(
      'Thu 15 Jan 15:00',
    );
  });

  test('of what was approved for later says so where the policy denies it at its start', async () => {
    const asked = anApprovedRequest();
    await put([asked]);
    await run('card', 'R1');
    const decision = { effect: 'deny', rule: null, reasons: ['no longer'], outcomes: [] } as const;
    await put([{ ...requestCore(asked), state: 'denied', decision, reviews: [], deniedAt: NOON }]);
    await run('card', 'R1');
    expect(updated()).toEqual([expect.stringContaining('Ana asks for Database (read): denied')]);
  });

  test('of an extension updates the messages about the request of that access', async () => {
    await put([anApprovedRequest()], [anActiveGrant()]);
    await run('card', 'R1');
    await run('notify', await happen('grant.activated', {}, 'R1'));
    await put([anApprovedRequest({ id: 'R2', extends: 'G1' })], [anActiveGrant({ endsAt: NOON + 3 * HOUR })]);
    await run('card', 'R2');
    expect(updated()).toContainEqual(expect.stringContaining('You have Database (read) until 15:00'));
    expect(updated()).toContainEqual(expect.stringContaining('asks for Database (read): approved'));
    expect(keys()).toEqual(['card:R1', 'notice:grant.activated:G1', 'card:R2']);
  });
});

describe('messages that were posted', () => {
  const lastShown = (text: string) =>
    JSON.stringify(
      outbox.client.sent.findLast(({ method, asked }) => method === 'chat.update' && String(asked.text).includes(text))
        ?.asked ?? '',
    );

  test('say of extended access why it was given at first', async () => {
    const reviewed = anApprovedRequest({
      reviews: [{ by: ANA, onBehalfOf: null, verdict: 'approve', comment: '', at: NOON }],
    });
    await put([reviewed], [anActiveGrant()]);
    await run('notify', await happen('grant.activated', {}, 'R1'));
    const extension = anApprovedRequest({
      id: 'R2',
      extends: 'G1',
      decision: {
        effect: 'allow',
        rule: 1,
        reasons: ['x'],
        outcomes: [],
        maxDuration: null,
        proof: { onCall: null, incident: null },
      },
    });
    await put([extension], [anActiveGrant({ endsAt: NOON + 3 * HOUR })]);
    await run('card', 'R2');
    expect(lastShown('until 15:00')).toContain('Approved by <@U0ANA>');
  });

  test('say why access ends sooner while it is active, and then that it is over', async () => {
    await put([anApprovedRequest()], [anActiveGrant()]);
    await run('notify', await happen('grant.shortened', { why: 'shift_ended' }, 'R1'));
    await run('card', 'R1');
    expect(updated()).toEqual([]);
    const { activation } = anActiveGrant();
    await put(
      [],
      [{ ...anActiveGrant(), state: 'ended', activation, why: 'shift_ended', by: BOT, problem: null, endedAt: NOON }],
    );
    await run('card', 'R1');
    expect(updated()).toContainEqual(expect.stringContaining('Your access to Database (read) has ended'));
  });

  test('of a bundle are posted once by two pieces of work at the same time', async () => {
    await put([aWaitingRequest({ bundle: 'R1' }), aWaitingRequest({ id: 'R2', bundle: 'R1', role: 'db/admin' })]);
    await Promise.all([run('card', 'R1'), run('card', 'R2')]);
    expect(keys()).toEqual(['card:R1']);
  });

  test('of a bundle are looked for, as the work of another request may have posted them', async () => {
    await put([aWaitingRequest({ bundle: 'R1' }), aWaitingRequest({ id: 'R2', bundle: 'R1', role: 'db/admin' })]);
    await run('card', 'R2');
    const looked = outbox.client.sent
      .filter(({ method }) => /history|replies/.test(method))
      .map(({ method }) => method);
    expect(looked).toEqual(['conversations.history']);
  });

  test.each(['R1', 'R2'])(
    'of an extension are looked for, as the work of another may have posted them: %s',
    async (id) => {
      await put([anApprovedRequest(), aWaitingRequest({ id: 'R2', extends: 'G1' })], [anActiveGrant()]);
      const metadata = { event_type: 'jitbot_message', event_payload: { key: `card:${id}` } };
      outbox.put({ channel: 'C0ACCESS', user: US.user, bot_id: US.bot, metadata });
      await run('card', id);
      expect(keys().filter((key) => key === `card:${id}`)).toHaveLength(1);
    },
  );

  test('that access ends sooner are looked for, as an earlier event may have said it', async () => {
    outbox.client.says('conversations.open', { channel: { id: 'D0ANA' } });
    await put([anApprovedRequest()], [anActiveGrant({ intendedAt: NOON - HOUR })]);
    await run('notify', await happen('grant.shortened', { why: 'shift_ended' }, 'R1'));
    const [looked] = outbox.client.sent.filter(({ method }) => method === 'conversations.history');
    expect(looked?.asked).toMatchObject({ channel: 'D0ANA', oldest: ((NOON - 25 * HOUR) / SECOND).toFixed(6) });
  });

  test('while things went on are brought up to date once they are there', async () => {
    await put([aWaitingRequest()]);
    const seq = await happen('request.submitted', { decision: anAskDecision() }, 'R1');
    const { decision } = aWaitingRequest();
    outbox.client.says('chat.postMessage', async () => {
      await put([{ ...requestCore(aWaitingRequest()), state: 'cancelled', decision, cancelledAt: NOON }]);
      return { channel: 'D0ANA', ts: '1.1' };
    });
    await run('notify', seq);
    expect(updated()).toEqual([expect.stringContaining('Your request for Database (read) was cancelled')]);
  });

  test('to a requester are looked for from the event on, after an uncertain try', async () => {
    outbox.client.says('conversations.open', { channel: { id: 'D0ANA' } });
    await put([aWaitingRequest()]);
    await run('notify', await happen('request.submitted', { decision: anAskDecision() }, 'R1'), 2);
    const [looked] = outbox.client.sent.filter(({ method }) => method === 'conversations.history');
    expect(looked?.asked).toMatchObject({ channel: 'D0ANA', oldest: ((NOON - 24 * HOUR) / SECOND).toFixed(6) });
  });
});

describe('what is no longer so when it could be said', () => {
  const { activation } = anActiveGrant();
  const closing = { activation, why: 'expired', by: BOT, problem: null } as const;
  const over: Grant = { ...anActiveGrant(), ...closing, state: 'ended', endedAt: NOON };
  const cancelled = (): Request => {
    const { decision, ...core } = aWaitingRequest();
    return { ...requestCore(core), decision, state: 'cancelled', cancelledAt: NOON };
  };
  const LATE: readonly [string, EventType, object, () => Promise<void>][] = [
    ['access that was given', 'grant.activated', {}, () => put([anApprovedRequest()], [over])],
    ['more time', 'grant.extended', {}, () => put([anApprovedRequest()], [over])],
    ['an earlier end', 'grant.shortened', { why: 'shift_ended' }, () => put([anApprovedRequest()], [over])],
    ['an end that failed', 'grant.overdue', {}, () => put([anApprovedRequest()], [over])],
    ['a request that waited', 'request.submitted', { decision: anAskDecision() }, () => put([cancelled()])],
    ['a start to come', 'request.approved', { startsAt: NOON + HOUR }, () => put([anApprovedRequest()])],
  ];

  test.each(LATE)('%s is not told', async (_what, type, payload, happened) => {
    await happened();
    await run('notify', await happen(type, payload, 'R1'));
    expect(posted()).toEqual([]);
  });

  test('that access is over is told once, with the reason', async () => {
    await put([anApprovedRequest()], [over]);
    await run('notify', await happen('grant.activated', {}, 'R1'));
    await run('notify', await happen('grant.ended', { why: 'expired' }, 'R1'));
    expect(posted()).toEqual([['U0ANA', null, 'Your access to Database (read) has ended']]);
    expect(JSON.stringify(outbox.client.sent)).toContain('its time was up');
  });

  /** Slack took it, and its answer was lost. */
  const stands = (key: string) =>
    outbox.put({
      channel: 'D0ANA',
      user: US.user,
      bot_id: US.bot,
      metadata: { event_type: 'jitbot_message', event_payload: { key } },
    });

  test.each<EventType>(['grant.activated', 'grant.shortened'])(
    'a message about %s whose answer was lost says that it is over',
    async (type) => {
      await put([anApprovedRequest()], [over]);
      stands(`notice:${type}:G1`);
      await run('notify', await happen(type, {}, 'R1'), 2);
      expect(updated()).toEqual([expect.stringContaining('Your access to Database (read) has ended')]);
    },
  );

  test('a reminder whose answer was lost says that it is over', async () => {
    await put([anApprovedRequest()], [over]);
    stands(`reminder:G1:${over.endsAt}`);
    await run('remind', 'G1', 2);
    expect(updated()).toEqual([expect.stringContaining('Your access to Database (read) has ended')]);
  });

  test('a start’s message without its answer offers no way out once it has begun', async () => {
    await put([anApprovedRequest()], [anActiveGrant()]);
    stands('notice:request.approved:R1');
    await run('notify', await happen('request.approved', { startsAt: NOON + HOUR }, 'R1'), 2);
    expect(updated()).toEqual([expect.stringContaining('Your request for Database (read) was approved')]);
  });
});

describe('what an event says', () => {
  test('goes to the requester in private, under its own key', async () => {
    await put([aWaitingRequest()]);
    const seq = await happen('request.submitted', { decision: anAskDecision() }, 'R1');
    await run('notify', seq);
    expect(posted()).toEqual([['U0ANA', null, 'Waiting for approval: Database (read)']]);
    expect(keys()).toEqual(['notice:request.submitted:R1']);
    await run('notify', seq);
    expect(posted()).toHaveLength(1);
  });

  test('goes to the channel where it is for everybody', async () => {
    const seq = await happen('access.unfrozen');
    await run('notify', seq);
    expect(posted()).toEqual([['C0ACCESS', null, 'Access is no longer frozen']]);
    expect(keys()).toEqual([`news:${seq}:0`]);
  });

  test('goes to the thread of the card, and to people with a way there', async () => {
    await put([aWaitingRequest({ bundle: 'B1' })]);
    const to = [{ slackId: 'U0EVE', name: 'Eve' }];
    const seq = await happen('request.escalated', { to, role: 'db/read' }, 'R1');
    // The card is posted by another job.
    expect(await run('notify', seq)).toEqual({ notBefore: outbox.clock.now() + SECOND, waiting: true });
    expect(posted()).toEqual([]);
    await run('card', 'R1');
    const [card] = outbox.messages;
    expect(await run('notify', seq)).toBeNull();
    expect(posted().slice(1)).toEqual([
      ['C0ACCESS', card?.ts, 'More people are asked'],
      ['U0EVE', null, 'Ana Kovač waits for approval'],
    ]);
    expect(keys().slice(1)).toEqual([`news:${seq}:0`, `news:${seq}:1`]);
    const last = JSON.stringify(outbox.client.sent.at(-1)?.asked);
    expect(last).toContain(`https://harbor.slack.com/${card?.ts}`);
    expect(last).toContain('asks for Database (read)');
  });

  test('is looked for where an earlier try may have said it, from when it happened', async () => {
    const seq = await happen('access.unfrozen');
    await run('notify', seq, 2);
    const [looked] = outbox.client.sent.filter(({ method }) => method === 'conversations.history');
    expect(looked?.asked).toMatchObject({ oldest: ((NOON - 24 * HOUR) / SECOND).toFixed(6) });
  });

  test('that there is not, or whose request there is not, is nothing', async () => {
    expect(await run('notify', '99')).toBeNull();
    expect(await run('notify', await happen('request.expired', {}, 'R9'))).toBeNull();
    expect(posted()).toEqual([]);
  });
});

describe('a reminder', () => {
  test('goes to whoever holds it, under its end', async () => {
    await put([anApprovedRequest()], [anActiveGrant()]);
    await run('remind', 'G1');
    expect(posted()).toEqual([['U0ANA', null, 'Database (read) ends soon']]);
    expect(keys()).toEqual([`reminder:G1:${NOON + HOUR}`]);
  });

  test('is not sent of what is over, or of what there is not', async () => {
    const { activation } = anActiveGrant();
    const over: Grant = {
      ...anActiveGrant(),
      state: 'ended',
      activation,
      why: 'expired',
      by: BOT,
      problem: null,
      endedAt: NOON,
    };
    await put([anApprovedRequest()], [over]);
    await run('remind', 'G1');
    await run('remind', 'G9');
    expect(posted()).toEqual([]);
  });

  test('is not sent where it began to end while it was read', async () => {
    const { activation } = anActiveGrant();
    await put([anApprovedRequest()], [anActiveGrant()]);
    const read = outbox.store.grant.bind(outbox.store);
    let reads = 0;
    const ending: Grant = {
      ...anActiveGrant(),
      state: 'revoking',
      activation,
      why: 'revoked',
      by: BOT,
      problem: null,
      since: NOON,
    };
    const store = {
      ...outbox.store,
      grant: async (id: string) => {
        reads += 1;
        return reads === 1 ? read(id) : { value: ending, version: 9 };
      },
    };
    work = projections({ ...outbox.connect(), store, targets: { issuesCredentials: () => false } });
    await run('remind', 'G1');
    expect(posted()).toEqual([]);
  });

  test('is not sent of what is still on its way, nor looked for', async () => {
    await put([anApprovedRequest()], [aGrantOnItsWay()]);
    await run('remind', 'G1', 2);
    expect(posted()).toEqual([]);
    expect(outbox.client.sent).toEqual([]);
  });

  test('that was on its way while access ended is brought up to date', async () => {
    await put([anApprovedRequest()], [anActiveGrant()]);
    outbox.client.says('chat.postMessage', async () => {
      const { activation } = anActiveGrant();
      await put(
        [],
        [{ ...anActiveGrant(), state: 'ended', activation, why: 'revoked', by: BOT, problem: null, endedAt: NOON }],
      );
      return { channel: 'D0ANA', ts: '1.1' };
    });
    await run('remind', 'G1');
    expect(updated()).toEqual([expect.stringContaining('Your access to Database (read) has ended')]);
  });

  test('is looked for from when it was given', async () => {
    await put([anApprovedRequest()], [anActiveGrant({ intendedAt: NOON - HOUR })]);
    outbox.client.says('conversations.open', { channel: { id: 'D0ANA' } });
    await run('remind', 'G1', 2);
    const [looked] = outbox.client.sent.filter(({ method }) => method === 'conversations.history');
    expect(looked?.asked).toMatchObject({ channel: 'D0ANA', oldest: ((NOON - 25 * HOUR) / SECOND).toFixed(6) });
  });
});

describe('an access review', () => {
  const item = (resource: string) => ({
    resource,
    role: `${resource}/read`,
    entitlement: 'x',
    entitled: 'x',
    uses: 0,
    people: 0,
    answer: null,
  });
  const review = (...resources: string[]) =>
    JSON.parse(
      JSON.stringify({
        id: 'AR1',
        startedAt: NOON,
        dueAt: NOON + HOUR,
        closedAt: null,
        startedBy: ANA,
        policyHash: '',
        items: resources.map(item),
      }),
    );

  test('has a card for each part of each resource', async () => {
    const many = Array.from({ length: 21 }, () => 'db');
    await outbox.store.commit({
      records: [{ kind: 'access_review', key: 'AR1', value: review('other', ...many), version: 0 }],
    });
    await run('reviewCards', 'AR1');
    expect(keys()).toEqual(['access-review:AR1:other:0', 'access-review:AR1:db:0', 'access-review:AR1:db:1']);
    expect(posted().map(([channel]) => channel)).toEqual(['C0ACCESS', 'C0ACCESS', 'C0ACCESS']);
    expect(outbox.client.count('conversations.history')).toBe(0);
    await run('reviewCards', 'AR2');
    expect(posted()).toHaveLength(3);
  });

  test('is looked for from its beginning where an earlier try may have posted it', async () => {
    await outbox.store.commit({ records: [{ kind: 'access_review', key: 'AR1', value: review('db'), version: 0 }] });
    await run('reviewCards', 'AR1', 2);
    const [looked] = outbox.client.sent.filter(({ method }) => method === 'conversations.history');
    expect(looked?.asked).toMatchObject({ oldest: ((NOON - 24 * HOUR) / SECOND).toFixed(6) });
  });
});

describe('what is shown about a request', () => {
  const load = (request: Request) =>
    loadShown(
      { policy: outbox.policy, store: outbox.store, targets: { issuesCredentials: (id) => credentials.has(id) } },
      request,
    );

  test('is its role by name, its access, and what can still be done', async () => {
    await put([anApprovedRequest()], [anActiveGrant()]);
    credentials.add('db');
    expect(await load(anApprovedRequest())).toMatchObject({
      roleName: 'Database (read)',
      role: { id: 'read' },
      grant: { id: 'G1' },
      hasCredential: true,
      canExtend: true,
    });
    expect(await load(aWaitingRequest())).toMatchObject({ grant: null, hasCredential: false, canExtend: false });
  });

  test('is that it cannot be extended where all its time is given, or it is not active', async () => {
    await put([anApprovedRequest()], [anActiveGrant({ duration: 4 * HOUR })]);
    expect(await load(anApprovedRequest())).toMatchObject({ canExtend: false, hasCredential: false });
    await put([], [anActiveGrant({ duration: 4 * HOUR - 1 })]);
    expect(await load(anApprovedRequest())).toMatchObject({ canExtend: true });
  });

  test('is its key where the policy has the role no more', async () => {
    expect(await load(aWaitingRequest({ role: 'db/gone' }))).toMatchObject({
      role: null,
      roleName: 'db/gone',
      hasCredential: false,
    });
    expect([roleNameIn(outbox.policy, 'db/admin'), roleNameIn(outbox.policy, 'x')]).toEqual(['Database (admin)', 'x']);
  });
});

describe('the week', () => {
  const WEEK = 7 * 24 * HOUR;
  /** The Monday before, 09:00. */
  const MONDAY = Date.UTC(2026, 0, 12, 9);
  const span = (approval: AccessSpan['approval'], to: number | null = MONDAY - HOUR): AccessSpan => ({
    grantId: 'G1',
    requestId: 'R1',
    role: 'db/read',
    person: { slackId: 'U0ANA', name: 'Ana' },
    approval,
    requestedAt: MONDAY - 26 * HOUR,
    from: MONDAY - 25 * HOUR,
    to,
    credential: false,
    seq: 1,
  });
  const mark = { seq: 1, at: MONDAY };
  let periods: object[];
  let figures: Partial<Figures>;
  let pictures: number;
  let drawn: string[];
  const digestOf = () =>
    createDigest({
      ...outbox.connect(),
      client: outbox.client,
      log: outbox.log,
      figures: async (period) => {
        periods.push(period);
        return {
          ...period,
          head: { seq: 1, hash: '' },
          spans: [],
          requests: 0,
          denied: [],
          reviews: [],
          overdue: [],
          unreviewed: [],
          drift: [],
          signals: [],
          canary: { passed: 0, failed: [] },
          ...figures,
        };
      },
      picture: async (summary) => {
        drawn = summary.perDay.filter(({ count }) => count > 0).map(({ day }) => day);
        pictures += 1;
        return new Uint8Array([1]);
      },
    });
  const sentText = () =>
    JSON.stringify(outbox.client.sent.find(({ method }) => method === 'chat.postMessage')?.asked ?? '');

  beforeEach(() => {
    periods = [];
    figures = {};
    pictures = 0;
    drawn = [];
    outbox.policy = { ...outbox.policy, digest: { day: 1, minute: 540, timeZone: 'UTC' } };
  });

  test('is summed up in the audit channel, once, and looked at again in a day', async () => {
    const digest = digestOf();
    const next = { notBefore: NOON + 24 * HOUR };
    expect(await digest('weekly', 1)).toEqual(next);
    expect(await digest('weekly', 1)).toEqual(next);
    expect(periods).toEqual([{ from: MONDAY - WEEK, to: MONDAY }]);
    expect(posted()).toEqual([['C0AUDIT', null, 'The week: 0 grants started']]);
    expect(keys()).toEqual([`digest:${MONDAY}`]);
    expect((await outbox.store.record('digest', 'weekly')).value).toEqual({ until: MONDAY });
  });

  test('is looked at again at its next end, where that is sooner', async () => {
    outbox.clock.advance(MONDAY + WEEK - HOUR - NOON);
    expect(await digestOf()('weekly', 1)).toEqual({ notBefore: MONDAY + WEEK });
    outbox.clock.advance(HOUR);
    await digestOf()('weekly', 1);
    expect(keys()).toEqual([`digest:${MONDAY}`, `digest:${MONDAY + WEEK}`]);
  });

  test('has the days of the zone that the policy names for it', async () => {
    // Both on the same day in UTC; where clocks are 13 hours ahead, midnight is between them.
    const begun = (hoursBefore: number) => ({ ...span('automatic'), from: MONDAY - hoursBefore * HOUR });
    figures = { spans: [begun(49), begun(44)] };
    outbox.policy = { ...outbox.policy, digest: { day: 1, minute: 0, timeZone: 'Pacific/Auckland' } };
    await digestOf()('weekly', 1);
    expect(drawn).toEqual(['2026-01-10', '2026-01-11']);
  });

  test('is not summed up where that is switched off, which is looked at every hour', async () => {
    outbox.policy = { ...outbox.policy, digest: null };
    expect(await digestOf()('weekly', 1)).toEqual({ notBefore: NOON + HOUR });
    expect(periods).toEqual([]);
  });

  test('before the ledger began is nobody’s news, and is not asked about again', async () => {
    figures = { head: null };
    await digestOf()('weekly', 1);
    await digestOf()('weekly', 1);
    expect([posted(), periods.length]).toEqual([[], 1]);
  });

  test('is looked for where an earlier try may have posted it', async () => {
    await digestOf()('weekly', 2);
    const [looked] = outbox.client.sent.filter(({ method }) => method === 'conversations.history');
    expect(looked?.asked).toMatchObject({ channel: 'C0AUDIT', oldest: ((MONDAY - 24 * HOUR) / SECOND).toFixed(6) });
  });

  test('has what began, is live or was never used, and nothing to worry about', async () => {
    figures = {
      spans: [span('automatic'), span('automatic', null), span('reviewed'), span('break_glass')],
      requests: 9,
      denied: [mark, mark],
    };
    await digestOf()('weekly', 4);
    const text = sentText();
    expect(text).toContain(
      '*4 grants started*: 2 automatic, 1 approved by reviewers, 1 by break-glass. 2 of 9 requests denied.',
    );
    expect(text).toContain('Active at the end: 1.');
    expect(text).not.toContain(':warning:');
    expect(pictures).toBe(0);
  });

  test.each([
    [1, 1, 1],
    [3, 1, 1],
    [4, 1, 0],
    [1, 0, 0],
  ])(
    'at try %i with %i accesses begun is drawn %i times, without picture on failure',
    async (attempt, begun, drawn) => {
      figures = { spans: Array.from({ length: begun }, () => span('automatic')) };
      outbox.client.says('files.getUploadURLExternal', failing(refusedBySlack('missing_scope')));
      await digestOf()('weekly', attempt);
      expect([pictures, posted().length]).toEqual([drawn, 1]);
      expect(sentText()).not.toContain('slack_file');
      expect(outbox.log.lines.map(({ message }) => message)).toEqual(
        drawn === 0 ? [] : ['the digest goes without its picture'],
      );
    },
  );

  test('has a picture where there is one, and says how long people waited', () => {
    const some: Figures = {
      from: MONDAY - WEEK,
      to: MONDAY,
      head: null,
      spans: [],
      requests: 1,
      denied: [],
      reviews: [],
      overdue: [],
      unreviewed: [],
      drift: [],
      signals: [],
      canary: { passed: 0, failed: [] },
    };
    const summary = summarize({ ...some, spans: [{ ...span('reviewed'), requestedAt: MONDAY - 25 * HOUR - 59_940 }] });
    const text = JSON.stringify(digestMessage(some, summary, 'F1'));
    expect(text).toContain('"slack_file":{"id":"F1"}');
    expect(text).toContain('Approved: half had access within 59.9 s of asking, 95 of 100 within 59.9 s.');
    const slower = summarize({ ...some, spans: [{ ...span('automatic'), requestedAt: MONDAY - 25 * HOUR - 60_000 }] });
    expect(JSON.stringify(digestMessage(some, slower, null))).toContain('Automatic: half had access within 1\u00a0min');
    const glass = summarize({ ...some, spans: [span('break_glass')] });
    expect(JSON.stringify(digestMessage(some, glass, null))).toContain('Break-glass: half had access within 1\u00a0h');
    expect(digestMessage(some, glass, null).text).toBe('The week: 1 grant started');
  });

  test('has what there is to worry about', async () => {
    figures = {
      overdue: [mark],
      unreviewed: [mark, mark],
      drift: [mark],
      reviews: [{ ...mark, reviewer: { slackId: 'U0EVE', name: 'Eve' }, verdict: 'approve', after: SECOND }],
    };
    await digestOf()('weekly', 1);
    for (const said of [
      '1 grant that could not be ended in time*',
      '2 break-glass uses that nobody',
      '1 decision in under 5 s',
      '1 difference between a target and the ledger*',
    ])
      expect(sentText()).toContain(said);
  });
});

test('every message is kept by what it shows', async () => {
  await put([aWaitingRequest()]);
  await run('card', 'R1');
  const sent = outbox.client.sent.find(({ method }) => method === 'chat.postMessage')?.asked;
  const digest = createHash('sha256')
    .update(JSON.stringify({ text: sent?.text, blocks: sent?.blocks }))
    .digest('hex');
  expect((await outbox.posts.find('card:R1'))?.digest).toBe(digest);
});
