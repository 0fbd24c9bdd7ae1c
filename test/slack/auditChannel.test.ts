/** The audit channel shows every event once, in order; and what it shows is held against the ledger. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BOT } from '../../src/domain/person.ts';
import { SECOND } from '../../src/domain/terms.ts';
import type { JobHandler } from '../../src/ports/jobs.ts';
import { CURSORS, POSTS } from '../../src/ports/keys.ts';
import { positionIn } from '../../src/slack/outbox/auditAnchors.ts';
import { auditLine, auditMessage } from '../../src/slack/outbox/auditMessage.ts';
import { auditProjection } from '../../src/slack/outbox/auditProjection.ts';
import { askIdentity, createIdentityBook, explainedIdentities } from '../../src/slack/outbox/identity.ts';
import { aPolicy } from '../support/domain.ts';
import { everyEvent } from '../support/everyEvent.ts';
import { happened, type Outbox, type SlackMessage, startOutbox, US } from '../support/outbox.ts';
import { failing, refusedBySlack } from '../support/slackClient.ts';

let outbox: Outbox;
let audit: JobHandler;
beforeEach(() => {
  outbox = startOutbox(aPolicy());
  audit = auditProjection(outbox.connect());
});
afterEach(() => outbox.close());

const commit = (...signals: string[]) => outbox.store.commit({ events: signals.map(happened) });
const run = async (attempt = 1) => {
  outbox.clock.advance(SECOND);
  return audit('audit-channel', attempt);
};
const restart = () => {
  audit = auditProjection(outbox.connect());
};
const payloadOf = ({ metadata }: SlackMessage): Record<string, unknown> =>
  JSON.parse(JSON.stringify(metadata)).event_payload;
const shown = (channel = 'C0AUDIT') =>
  outbox.messages
    .filter((message) => message.channel === channel && message.user === US.user)
    .map((message) => [payloadOf(message).from, payloadOf(message).to]);
const cursor = () => outbox.posts.cursor(CURSORS.audit);
const hashOf = async (seq: number) => (await outbox.events.get(seq))?.hash ?? '';

describe('events', () => {
  test('are shown in one message, with their ledger positions and the last hash', async () => {
    await commit('A', 'B', 'C');
    expect(await run()).toBeNull();
    expect(outbox.messages.map(payloadOf)).toEqual([
      { from: 1, to: 3, hash: await hashOf(3), ledger: await hashOf(1) },
    ]);
    expect(outbox.messages[0]).toMatchObject({ metadata: { event_type: 'jitbot_audit' } });
    expect(await cursor()).toBe(3);
    expect(await outbox.posts.find(POSTS.newestAudit)).toMatchObject({ channel: 'C0AUDIT' });
  });

  test('that come later follow, and none is shown twice', async () => {
    await commit('A');
    await run();
    await commit('B', 'C');
    await run();
    expect(await run()).toBeNull();
    expect(shown()).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  test('that need more than one message come a second later', async () => {
    await commit(...Array.from({ length: 201 }, () => 'A'));
    const next = await run();
    expect(next).toEqual({ notBefore: outbox.clock.now() + SECOND, waiting: true });
    while ((await run()) !== null);
    const ranges = shown();
    expect(ranges.length).toBeLessThan(6);
    expect(ranges[0]?.[0]).toBe(1);
    expect(ranges.at(-1)?.[1]).toBe(201);
    for (const [index, [from]] of ranges.entries())
      if (index > 0) expect(from).toBe(Number(ranges[index - 1]?.[1]) + 1);
  });

  test('go to the channel that the policy names now', async () => {
    await commit('A');
    await run();
    outbox.policy = { ...outbox.policy, auditChannel: 'C0NEW' };
    await commit('B');
    await run();
    expect([shown(), shown('C0NEW')]).toEqual([[[1, 1]], [[2, 2]]]);
    expect(await outbox.posts.find(POSTS.newestAudit)).toMatchObject({ channel: 'C0NEW' });
  });

  test('whose message could not be posted are shown by the next try', async () => {
    await commit('A');
    outbox.client.says('chat.postMessage', failing(new Error('down')));
    await expect(run()).rejects.toThrow('down');
    expect(await cursor()).toBe(0);
  });
});

describe('what the channel shows', () => {
  test('is read once after a start, and again after each failed try', async () => {
    await commit('A');
    await run();
    await commit('B');
    await run();
    expect(outbox.views).toHaveLength(1);
    await run(2);
    expect(outbox.views).toHaveLength(2);
    restart();
    await run();
    expect(outbox.views).toHaveLength(3);
  });

  test('is reported with every position of ours, and whether there must be one', async () => {
    await commit('A');
    await run();
    expect(outbox.views).toEqual([{ anchors: [], problem: null, isExpected: false }]);
    restart();
    await run();
    expect(outbox.views[1]).toEqual({
      anchors: [
        {
          ledger: await hashOf(1),
          seq: 1,
          hash: await hashOf(1),
          at: Number(outbox.messages[0]?.ts) * SECOND,
          where: 'the audit channel',
        },
      ],
      problem: null,
      isExpected: true,
    });
  });

  test('is reported with all positions as they were read, newest first', async () => {
    for (const signal of ['A', 'B', 'C']) {
      await commit(signal);
      await run();
    }
    restart();
    await run();
    expect(outbox.views.at(-1)?.anchors.map(({ seq }) => seq)).toEqual([3, 2, 1]);
  });

  test('moves a cursor ahead that a lost answer left behind', async () => {
    await commit('A', 'B');
    await run();
    await outbox.posts.moveCursor(CURSORS.audit, 0);
    restart();
    await run();
    expect(await cursor()).toBe(2);
    expect(shown()).toEqual([[1, 2]]);
  });

  test('moves a cursor back, at a start, that somebody moved ahead to hide events', async () => {
    await commit('A');
    await run();
    await commit('B', 'C');
    await outbox.posts.moveCursor(CURSORS.audit, 3);
    restart();
    await run();
    expect(shown()).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  test('moves no cursor back in mid-life: another message may have been removed', async () => {
    await commit('A');
    await run();
    await commit('B');
    await run();
    outbox.messages.pop();
    await run(2);
    expect(await cursor()).toBe(2);
  });

  test('makes a message that somebody removed be posted again after a start', async () => {
    await commit('A');
    await run();
    await commit('B');
    await run();
    outbox.messages.pop();
    restart();
    await run();
    expect(shown()).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test('without our messages moves no cursor, and never past an event that is there', async () => {
    await commit('A', 'B');
    await outbox.posts.moveCursor(CURSORS.audit, 1);
    await run();
    expect(shown()).toEqual([[2, 2]]);
    outbox.messages.length = 0;
    await outbox.posts.moveCursor(CURSORS.audit, 99);
    restart();
    await run();
    expect(await cursor()).toBe(2);
  });

  test.each<[string, (hash: string, ledger: string) => object]>([
    ['of another ledger', (hash) => ({ hash, ledger: 'f'.repeat(64) })],
    ['of another hash', (_hash, ledger) => ({ hash: 'f'.repeat(64), ledger })],
  ])('by a position %s moves no cursor', async (_name, change) => {
    await commit('A', 'B');
    outbox.put({
      user: US.user,
      bot_id: US.bot,
      metadata: {
        event_type: 'jitbot_audit',
        event_payload: { from: 1, to: 2, ...change(await hashOf(2), await hashOf(1)) },
      },
    });
    await run();
    expect(shown().at(-1)).toEqual([1, 2]);
    expect(outbox.messages).toHaveLength(2);
  });

  test('is read back to our newest position, over as many pages as needed', async () => {
    await commit('A');
    await run();
    await commit('B');
    await run();
    for (let each = 0; each < 5; each += 1) outbox.put({ text: 'chatter' });
    outbox.pagesOf(3);
    restart();
    await run();
    expect(outbox.views.at(-1)?.anchors.map(({ seq }) => seq)).toEqual([2]);
    expect(
      outbox.client.sent
        .filter(({ method }) => method === 'conversations.history')
        .slice(1)
        .map(({ asked }) => asked.cursor),
    ).toEqual([undefined, '3']);
  });

  test('resumes after a failure, or from its beginning if Slack lost the place', async () => {
    await commit('A');
    await run();
    for (let each = 0; each < 5; each += 1) outbox.put({ text: 'chatter' });
    outbox.pagesOf(3);
    restart();
    const history = outbox.client.says.bind(outbox.client, 'conversations.history');
    const cursors = () =>
      outbox.client.sent.filter(({ method }) => method === 'conversations.history').map(({ asked }) => asked.cursor);
    let failure: Error | null = null;
    history(({ cursor: at }) => {
      if (at === '3' && failure) throw failure;
      const all = outbox.messages.toReversed();
      const from = Number(at ?? 0);
      return {
        messages: all.slice(from, from + 3),
        response_metadata: { next_cursor: from + 3 < all.length ? String(from + 3) : '' },
      };
    });
    const before = cursors().length;
    failure = new Error('down');
    await expect(run()).rejects.toThrow('down');
    failure = null;
    await run(2);
    expect(cursors().slice(before)).toEqual([undefined, '3', '3']);

    restart();
    const again = cursors().length;
    failure = refusedBySlack('invalid_cursor');
    await expect(run()).rejects.toThrow('invalid_cursor');
    failure = null;
    await run(2);
    expect(cursors().slice(again)).toEqual([undefined, '3', undefined, '3']);
    expect(outbox.views.at(-1)?.anchors.map(({ seq }) => seq)).toEqual([1]);
  });

  test('is what the channel with the newest message shows, if the policy named another', async () => {
    await commit('A');
    await run();
    outbox.policy = { ...outbox.policy, auditChannel: 'C0NEW' };
    restart();
    await run();
    expect(outbox.views.at(-1)?.anchors.map(({ seq }) => seq)).toEqual([1]);
  });

  test.each(['not_in_channel', 'channel_not_found', 'missing_scope', 'no_permission', 'access_denied'])(
    'cannot be told if the channel is closed to the bot (%s): the log says so',
    async (code) => {
      await commit('A');
      outbox.client.says('conversations.history', failing(refusedBySlack(code)));
      await run();
      expect(outbox.views).toMatchObject([{ anchors: [], problem: expect.stringContaining(code) }]);
      expect(outbox.log.lines).toMatchObject([{ level: 'error', message: 'the audit channel cannot be read' }]);
    },
  );

  test('is waited for if Slack fails otherwise: nothing is posted before it was read', async () => {
    await commit('A');
    outbox.client.says('conversations.history', failing(refusedBySlack('ratelimited')));
    await expect(run()).rejects.toThrow('ratelimited');
    expect([outbox.views, outbox.messages]).toEqual([[], []]);
  });

  test('counts only if the bot wrote it', async () => {
    await commit('A');
    await run();
    const payload = payloadOf(outbox.messages[0] ?? { channel: '', ts: '', text: '', user: '', team: '' });
    outbox.put({ metadata: { event_type: 'jitbot_audit', event_payload: { ...payload, to: 99 } } });
    restart();
    await run();
    expect(outbox.views.at(-1)?.anchors.map(({ seq }) => seq)).toEqual([1]);
  });
});

describe('messages that look like ours', () => {
  const forged = (user: string, more: Partial<SlackMessage> = {}) =>
    outbox.put({ user, metadata: { event_type: 'jitbot_audit', event_payload: {} }, ...more });
  const said = async () => (await outbox.events.marks('channel.forged')).map(({ payload }) => payload);
  const look = async () => {
    restart();
    await run();
  };

  test('are logged once, by author, with how many and the newest', async () => {
    forged('U0EVE', { ts: '5.0' });
    forged('U0EVE', { ts: '11.0' });
    forged('U0EVE', { ts: '9.0' });
    forged('U0MAL', { ts: '7.0', bot_id: 'B0MAL' });
    await look();
    await look();
    const [one, two] = [
      { channel: 'C0AUDIT', user: 'U0EVE', bot: null, count: 3, newest: '11.0' },
      { channel: 'C0AUDIT', user: 'U0MAL', bot: 'B0MAL', count: 1, newest: '7.0' },
    ];
    const found = await said();
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining([one, two]));
    expect(outbox.log.lines.filter(({ level }) => level === 'error').map(({ facts }) => facts)).toEqual(
      expect.arrayContaining([one, two]),
    );
  });

  test('are logged again only if newer ones came, and only those', async () => {
    forged('U0EVE', { ts: '5.0' });
    await look();
    forged('U0EVE', { ts: '8.0' });
    await look();
    expect((await said()).map(({ count, newest }) => [count, newest])).toEqual([
      [1, '5.0'],
      [1, '8.0'],
    ]);
  });

  test('of one author are logged for each channel', async () => {
    forged('U0EVE', { ts: '5.0' });
    await look();
    outbox.policy = { ...outbox.policy, auditChannel: 'C0NEW' };
    forged('U0EVE', { ts: '4.0', channel: 'C0NEW' });
    await look();
    expect((await said()).map(({ channel }) => channel)).toEqual(['C0AUDIT', 'C0NEW']);
  });

  test('of another app of the same person count apart', async () => {
    forged('U0EVE', { ts: '5.0' });
    await look();
    forged('U0EVE', { ts: '4.0', bot_id: 'B0EVE' });
    await look();
    expect((await said()).map(({ bot }) => bot)).toEqual([null, 'B0EVE']);
  });

  test('that somebody else edited are not ours any more', async () => {
    await commit('A');
    await run();
    const [mine] = outbox.messages;
    if (mine) outbox.messages[0] = { ...mine, ...{ edited: { user: 'U0EVE' } } };
    await look();
    expect((await said()).map(({ user, bot }) => [user, bot])).toEqual([[US.user, US.bot]]);
  });
});

test.each<[string, object, boolean]>([
  ['whole', {}, true],
  ['of another kind', { event_type: 'jitbot_message' }, false],
  ['without a ledger', { event_payload: { to: 1, hash: 'a'.repeat(64) } }, false],
  ['at no event', { event_payload: { ledger: 'x', to: 0, hash: 'a'.repeat(64) } }, false],
  ['with no hash', { event_payload: { ledger: 'x', to: 1, hash: 'A'.repeat(64) } }, false],
  ['with half a hash', { event_payload: { ledger: 'x', to: 1, hash: 'a'.repeat(63) } }, false],
])('a position that is %s counts: %s', (_name, change, counts) => {
  const payload = { ledger: 'x', from: 1, to: 7, hash: 'a'.repeat(64) };
  const position = positionIn({
    ts: '5.5',
    metadata: { event_type: 'jitbot_audit', event_payload: payload, ...change },
  });
  expect(position).toEqual(counts ? { ledger: 'x', seq: 7, hash: 'a'.repeat(64), at: 5_500 } : null);
});

describe('one audit message', () => {
  const damaged = everyEvent().find((event) => event.type === 'ledger.damaged');
  if (!damaged) throw new Error('there is no event');
  const some = (count: number, problem = 'event 3 was changed') =>
    Array.from({ length: count }, (_, index) => ({
      ...damaged,
      seq: index + 5,
      hash: `${index}`.padStart(64, '0'),
      payload: { problem },
    }));
  const sections = (count: number, problem?: string) => {
    const { message, last } = auditMessage(some(count, problem));
    const texts = message.blocks.flatMap((block) => (block.type === 'section' ? [block.text?.text ?? ''] : []));
    return { message, last, texts };
  };

  test('of one event says which, and of several the first and the last', () => {
    expect(sections(1).message.text).toBe('#5 ledger.damaged');
    expect(sections(2).message.text).toBe('#5 to #6');
    const context = sections(2).message.blocks.at(-1);
    expect(JSON.stringify(context)).toContain(`Ledger #5 to #6 · \`${'1'.padStart(64, '0').slice(0, 16)}\``);
    expect(JSON.stringify(sections(1).message.blocks.at(-1))).toContain('Ledger #5 ·');
  });

  test('has a line for each of them, in order', () => {
    const { texts, last } = sections(3);
    expect(texts.join('\n').split('\n')).toHaveLength(3);
    expect(last.seq).toBe(7);
  });

  test('has no section longer than Slack shows, and no more than can be read', () => {
    const { texts, last } = sections(100, 'x'.repeat(500));
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(2_800);
    expect(texts.length).toBeGreaterThan(2);
    const lines = texts.join('\n').split('\n');
    const length = lines.join('').length;
    expect(length).toBeLessThanOrEqual(9_000);
    expect(length + (lines[0]?.length ?? 0)).toBeGreaterThan(9_000 - 10);
    expect(last.seq).toBe(4 + lines.length);
  });

  test('has a line of 600 letters at most', () => {
    const [line = ''] = sections(1, 'x'.repeat(900)).texts;
    expect(line).toHaveLength(600);
    expect(line.endsWith('…')).toBe(true);
  });

  test('needs an event', () => {
    expect(() => auditMessage([])).toThrow('needs an event');
  });

  test('begins each line with a sign, its own for what matters', () => {
    const iconOf = (type: string) => {
      const found = everyEvent().find((one) => one.type === type);
      return found && auditLine(found).split(' ')[0];
    };
    expect(iconOf('access.frozen')).toBe(':rotating_light:');
    expect(iconOf('grant.ended')).toBe(':lock:');
    expect(iconOf('review.recorded')).toBe(':small_blue_diamond:');
  });
});

describe('who the bot is at Slack', () => {
  const old = { ...US, user: 'U0OLD', bot: 'B0OLD' };
  const other = { ...US, user: 'U0OTHER', bot: 'B0OTHER' };
  const book = () => createIdentityBook(outbox);
  const kept = async () => (await outbox.store.record('slack_identities', 'bot')).value?.identities;
  const keep = async (...identities: (typeof US)[]) => {
    const { version } = await outbox.store.record('slack_identities', 'bot');
    await outbox.store.commit({ records: [{ kind: 'slack_identities', key: 'bot', value: { identities }, version }] });
  };
  const wrote = async (who: typeof US) =>
    (await book().own()).wrote({ ts: '1.0', user: who.user, bot_id: who.bot, team: who.team });
  const identified = () => outbox.events.marks('bot.identified');

  test('is asked once and kept, silently the first time', async () => {
    const one = book();
    await Promise.all([one.own(), one.own()]);
    expect(outbox.client.count('auth.test')).toBe(1);
    expect(await kept()).toEqual([US]);
    expect(await identified()).toEqual([]);
    const before = (await outbox.store.record('slack_identities', 'bot')).version;
    await book().own();
    expect((await outbox.store.record('slack_identities', 'bot')).version).toBe(before);
  });

  test('is asked again if Slack did not say', async () => {
    const one = book();
    outbox.client.says('auth.test', { team_id: 'T0HARBOR', user_id: 'U0JIT' });
    await expect(one.own()).rejects.toThrow('it has to be a bot’s');
    outbox.client.says('auth.test', { team_id: US.team, user_id: US.user, bot_id: US.bot });
    expect((await one.own()).wrote({ ts: '1.0', user: US.user, bot_id: US.bot })).toBe(true);
    expect(await askIdentity(outbox.client)).toEqual(US);
  });

  test('changes after a reinstallation: earlier messages stay its own, recorded', async () => {
    await keep(old);
    expect(await wrote(old)).toBe(true);
    expect(await wrote(US)).toBe(true);
    expect(await kept()).toEqual([old, US]);
    expect((await identified()).map(({ payload, actor }) => [payload, actor])).toEqual([
      [{ identity: US, earlier: [old] }, BOT],
    ]);
    await book().own();
    expect(await identified()).toHaveLength(1);
  });

  test('is not taken from what somebody wrote into the database', async () => {
    await book().own();
    await keep(US, other);
    expect(await wrote(other)).toBe(false);
    expect(await kept()).toEqual([US]);
    expect(outbox.log.lines).toMatchObject([{ level: 'error' }]);
  });

  test('is every identity that an event names', async () => {
    await keep(old);
    await book().own();
    expect(await explainedIdentities([old, other, US], US, outbox.events)).toEqual([old]);
    expect(await explainedIdentities([old, US], other, outbox.events)).toEqual([old, US]);
  });

  test.each<[string, (typeof US)[], (typeof US)[]]>([
    ['none', [], []],
    ['the one that it still is', [US], []],
    ['one other, which is then the first', [old], [old]],
    ['two others, of which none is explained', [old, other], []],
    ['one other beside the one that it is', [US, old], []],
  ])('without any event, with %s in the database', async (_name, before, earlier) => {
    expect(await explainedIdentities(before, US, outbox.events)).toEqual(earlier);
  });
});
