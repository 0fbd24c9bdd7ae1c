/** Each message is posted once, at Slack's pace, found again where an answer got lost, and changed where it stands. */

import type { KnownBlock } from '@slack/types';
import { beforeEach, describe, expect, test } from 'vitest';
import { HOUR, type Instant, SECOND } from '../../src/domain/terms.ts';
import type { JobHandler } from '../../src/ports/jobs.ts';
import type { Post } from '../../src/ports/posts.ts';
import { type Message, section } from '../../src/slack/kit/blocks.ts';
import { WebAPIRateLimitedError } from '../../src/slack/link/clients.ts';
import { createDelivery, type Delivery, LaterError } from '../../src/slack/outbox/delivery.ts';
import { ownMessages } from '../../src/slack/outbox/identity.ts';
import { whenSlackAllows } from '../../src/slack/outbox/whenSlackAllows.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';
import { bookOf } from '../support/outbox.ts';
import { failing, refusedBySlack, SaidClient } from '../support/slackClient.ts';

const US = { team: 'T0HARBOR', user: 'U0JIT', bot: 'B0JIT' };
const CHANNEL = { channel: 'C0ACCESS' };
const message = (text: string): Message => ({ text, blocks: [section(text)] });
const ACTIONS: KnownBlock = { type: 'actions', elements: [] };

let clock: ManualClock;
let log: RecordedLog;
let client: SaidClient;
let kept: Map<string, Post>;
let delivery: Delivery;
let environment: string | undefined;

beforeEach(() => {
  clock = manualClock();
  log = recordedLog();
  client = new SaidClient();
  kept = new Map();
  environment = undefined;
  let ts = 0;
  client.says('chat.postMessage', ({ channel }) => ({ channel, ts: `${++ts}.0` }));
  client.says('chat.update', {});
  delivery = createDelivery({
    client,
    posts: bookOf(kept),
    clock,
    identity: { own: async () => ownMessages([US]) },
    log,
    environment: () => environment,
  });
});
const sent = (method: string) => client.sent.filter((call) => call.method === method).map(({ asked }) => asked);
const posted = () => sent('chat.postMessage');
const problem = (work: Promise<unknown>) => work.then(() => 'none', String);
const later = (work: Promise<unknown>): Promise<Instant | string> =>
  work.then(
    () => 'now',
    (error: unknown) => (error instanceof LaterError ? error.notBefore : String(error)),
  );

describe('a message under a key', () => {
  test('is posted with its key, and kept with where it is', async () => {
    const post = await delivery.sync('card:R1', { channel: 'C0ACCESS', threadTs: '5.0' }, message('Ana asks'), null);
    expect(post).toEqual({ channel: 'C0ACCESS', ts: '1.0', digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(kept).toEqual(new Map([['card:R1', post]]));
    expect(posted()).toEqual([
      {
        channel: 'C0ACCESS',
        thread_ts: '5.0',
        ...message('Ana asks'),
        metadata: { event_type: 'jitbot_message', event_payload: { key: 'card:R1' } },
        unfurl_links: false,
        unfurl_media: false,
      },
    ]);
    expect(await delivery.find('card:R1')).toEqual(post);
    expect(await delivery.find('card:R2')).toBeNull();
  });

  test('outside of a thread names none', async () => {
    await delivery.sync('card:R1', CHANNEL, message('Ana asks'), null);
    expect(posted()[0]).not.toHaveProperty('thread_ts');
  });

  test('to a person is kept in the channel with them', async () => {
    client.says('chat.postMessage', { channel: 'D0ANA', ts: '1.0' });
    expect(await delivery.sync('notice:R1', { channel: 'U0ANA' }, message('Yours'), null)).toMatchObject({
      channel: 'D0ANA',
    });
  });

  test('without a channel from Slack is where it was sent, and without a time fails', async () => {
    client.says('chat.postMessage', { ts: '1.0' });
    expect(await delivery.sync('a', CHANNEL, message('x'), null)).toMatchObject(CHANNEL);
    client.says('chat.postMessage', {});
    expect(await problem(delivery.sync('b', CHANNEL, message('x'), null))).toContain('did not say where it is');
    expect(kept.has('b')).toBe(false);
  });

  test('is changed where it stands, and left alone where nothing has changed', async () => {
    const first = await delivery.sync('card:R1', CHANNEL, message('Ana asks'), null);
    expect(await delivery.sync('card:R1', CHANNEL, message('Ana asks'), null)).toEqual(first);
    expect(sent('chat.update')).toEqual([]);
    const second = await delivery.sync('card:R1', CHANNEL, message('Approved'), null);
    expect(sent('chat.update')).toEqual([{ channel: 'C0ACCESS', ts: '1.0', ...message('Approved') }]);
    expect(second).toMatchObject({ channel: 'C0ACCESS', ts: '1.0' });
    expect(second.digest).not.toBe(first.digest);
    expect(kept.get('card:R1')).toEqual(second);
    await delivery.sync('card:R1', CHANNEL, message('Approved'), null);
    expect(sent('chat.update')).toHaveLength(1);
    expect(posted()).toHaveLength(1);
  });

  test('that was changed after a failed try is changed again', async () => {
    await delivery.sync('a', CHANNEL, message('x'), null);
    client.says('chat.update', failing(new Error('down')));
    expect(await problem(delivery.sync('a', CHANNEL, message('y'), null))).toContain('down');
    client.says('chat.update', {});
    await delivery.sync('a', CHANNEL, message('y'), null);
    expect(sent('chat.update')).toHaveLength(2);
  });

  test('is brought up to date only if it was ever posted', async () => {
    await delivery.refresh('card:R1', message('x'));
    expect(client.sent).toEqual([]);
    await delivery.sync('card:R1', CHANNEL, message('x'), null);
    await delivery.refresh('card:R1', message('y'));
    expect(sent('chat.update')).toMatchObject([{ text: 'y' }]);
  });

  test('that somebody removed is left alone from then on', async () => {
    await delivery.sync('a', CHANNEL, message('x'), null);
    client.says('chat.update', failing(refusedBySlack('message_not_found')));
    await delivery.sync('a', CHANNEL, message('y'), null);
    await delivery.sync('a', CHANNEL, message('y'), null);
    expect([sent('chat.update').length, posted().length]).toEqual([1, 1]);
  });

  test.each(['cant_update_message', 'edit_window_closed', 'update_failed', 'is_inactive'])(
    'that Slack refuses to change (%s) is posted anew in its thread, and used then',
    async (code) => {
      const thread = { channel: 'C0ACCESS', threadTs: '9.0' };
      await delivery.sync('a', thread, message('x'), null);
      client.says('chat.update', failing(refusedBySlack(code)));
      const anew = await delivery.sync('a', thread, message('y'), null);
      expect(anew).toMatchObject({ ts: '2.0' });
      // In plainer words it could not be changed either.
      expect(sent('chat.update')).toHaveLength(1);
      expect(posted()[1]).toMatchObject({ thread_ts: '9.0', text: 'y', metadata: { event_payload: { key: 'a' } } });
      expect(log.lines.at(-1)).toMatchObject({ level: 'error', facts: { code, message: 'a' } });
      client.says('chat.update', {});
      await delivery.refresh('a', message('z'));
      expect(sent('chat.update').at(-1)).toMatchObject({ ts: '2.0', text: 'z' });
    },
  );

  test('that is refreshed and cannot be changed is posted anew in its channel', async () => {
    client.says('chat.postMessage', { channel: 'D0ANA', ts: '1.0' });
    await delivery.sync('a', { channel: 'U0ANA' }, message('x'), null);
    client.says('chat.update', failing(refusedBySlack('edit_window_closed')));
    await delivery.refresh('a', message('y'));
    expect(posted()[1]).toMatchObject({ channel: 'D0ANA', text: 'y' });
  });

  test.each([
    ['a refusal of the token', refusedBySlack('token_revoked')],
    ['silence', new Error('socket hang up')],
  ])('whose change ends in %s is to be changed again', async (_name, error) => {
    await delivery.sync('a', CHANNEL, message('x'), null);
    client.says('chat.update', failing(error));
    expect(await problem(delivery.sync('a', CHANNEL, message('y'), null))).toContain(error.message);
  });
});

describe('an earlier try that may have reached Slack', () => {
  const since = () => clock.now() - HOUR;
  const ours = (key: string, ts: string, change: object = {}) => ({
    ts,
    user: US.user,
    bot_id: US.bot,
    team: US.team,
    metadata: { event_type: 'jitbot_message', event_payload: { key } },
    ...change,
  });
  const shows = (...messages: object[]) => client.says('conversations.history', { messages });

  test('is found by its key, and its message brought up to date instead of posted again', async () => {
    shows(ours('other', '1.0'), ours('card:R1', '7.0'));
    const post = await delivery.sync('card:R1', CHANNEL, message('x'), since());
    expect(post).toMatchObject({ channel: 'C0ACCESS', ts: '7.0' });
    expect(posted()).toEqual([]);
    expect(sent('chat.update')).toMatchObject([{ channel: 'C0ACCESS', ts: '7.0', text: 'x' }]);
    expect(kept.get('card:R1')).toEqual(post);
  });

  test.each<[string, object]>([
    ['of somebody else', ours('card:R1', '7.0', { user: 'U0EVE', bot_id: undefined })],
    ['of another key', ours('card:R2', '7.0')],
    [
      'of another kind',
      ours('x', '7.0', { metadata: { event_type: 'jitbot_audit', event_payload: { key: 'card:R1' } } }),
    ],
    ['without its marks', ours('card:R1', '7.0', { metadata: undefined })],
    ['with marks of another form', ours('card:R1', '7.0', { metadata: { event_type: 'jitbot_message' } })],
    ['without a time', { ...ours('card:R1', '7.0'), ts: undefined }],
  ])('is not taken from a message %s', async (_name, other) => {
    shows(other);
    await delivery.sync('card:R1', CHANNEL, message('x'), since());
    expect(posted()).toHaveLength(1);
  });

  test('is looked for a day further back than it can have been, on every page', async () => {
    client.says('conversations.history', ({ cursor }) =>
      cursor === 'second'
        ? { messages: [ours('card:R1', '7.0')] }
        : { messages: [ours('other', '1.0')], has_more: true, response_metadata: { next_cursor: 'second' } },
    );
    await delivery.sync('card:R1', CHANNEL, message('x'), since());
    const oldest = ((since() - 24 * HOUR) / SECOND).toFixed(6);
    const query = { channel: 'C0ACCESS', limit: 200, include_all_metadata: true, oldest };
    expect(sent('conversations.history')).toEqual([query, { ...query, cursor: 'second' }]);
    expect(posted()).toEqual([]);
  });

  test('in a thread is looked for in that thread', async () => {
    client.says('conversations.replies', { messages: [ours('card:R1', '7.0')] });
    await delivery.sync('card:R1', { channel: 'C0ACCESS', threadTs: '5.0' }, message('x'), since());
    expect(sent('conversations.replies')).toMatchObject([{ channel: 'C0ACCESS', ts: '5.0' }]);
    expect(posted()).toEqual([]);
  });

  test('to a person is looked for in the channel with them, which is asked for once', async () => {
    client.says('conversations.open', { channel: { id: 'D0ANA' } });
    shows(ours('a', '7.0'));
    expect(await delivery.sync('a', { channel: 'U0ANA' }, message('x'), since())).toMatchObject({ channel: 'D0ANA' });
    shows();
    await delivery.sync('b', { channel: 'U0ANA' }, message('x'), since());
    expect(sent('conversations.open')).toEqual([{ users: 'U0ANA' }]);
    expect(sent('conversations.history').map(({ channel }) => channel)).toEqual(['D0ANA', 'D0ANA']);
    client.says('conversations.open', {});
    expect(await problem(delivery.sync('c', { channel: 'W0BEN' }, message('x'), since()))).toContain('W0BEN');
  });

  test.each<[string, object]>([
    ['no messages', {}],
    ['more without a way to it', { messages: [], has_more: true }],
    ['more behind an empty cursor', { messages: [], has_more: true, response_metadata: { next_cursor: '' } }],
  ])('is not given up where Slack answers with %s: it may stand there', async (_name, answer) => {
    client.says('conversations.history', answer);
    expect(await problem(delivery.sync('a', CHANNEL, message('x'), since()))).toContain('C0ACCESS');
    expect(posted()).toEqual([]);
  });

  test('is not looked for if nothing was tried, or the outcome is known', async () => {
    await delivery.sync('a', CHANNEL, message('x'), null);
    await delivery.sync('a', CHANNEL, message('y'), since());
    expect(client.sent.map(({ method }) => method)).toEqual(['chat.postMessage', 'chat.update']);
  });
});

describe('Slack’s pace', () => {
  const post = (channel = 'C0ACCESS') =>
    delivery.post({ channel }, message('x'), { event_type: 'x', event_payload: {} });

  test('is three messages at once to a channel, and then one a second', async () => {
    const start = clock.now();
    for (let each = 0; each < 3; each += 1) expect(await later(post())).toBe('now');
    expect(await later(post())).toBe(start + SECOND);
    clock.advance(SECOND - 1);
    expect(await later(post())).toBe(start + SECOND);
    clock.advance(1);
    expect([await later(post()), await later(post())]).toEqual(['now', start + 2 * SECOND]);
    expect(posted()).toHaveLength(4);
  });

  test('of one channel holds up no other', async () => {
    for (let each = 0; each < 4; each += 1) await later(post());
    expect(await later(post('C0AUDIT'))).toBe('now');
  });

  test('is three at once again after a silence, and not more', async () => {
    for (let each = 0; each < 3; each += 1) await post();
    clock.advance(HOUR);
    for (let each = 0; each < 3; each += 1) expect(await later(post())).toBe('now');
    expect(await later(post())).toBe(clock.now() + SECOND);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a message', () => post(), 'chat.postMessage'],
    ['a page of a channel', () => delivery.read({ ...CHANNEL, cursor: '', since: null }), 'conversations.history'],
    ['the address of a message', () => delivery.permalink({ ...CHANNEL, ts: '1.0', digest: '' }), 'chat.getPermalink'],
  ])('that Slack asks for itself is kept: %s comes later', async (_name, work, method) => {
    client.says(method, failing(new WebAPIRateLimitedError(30)));
    expect(await later(work())).toBe(clock.now() + 30 * SECOND);
  });

  test('that Slack asks for is kept for a change, too', async () => {
    await delivery.sync('a', CHANNEL, message('x'), null);
    client.says('chat.update', failing(new WebAPIRateLimitedError(30)));
    expect(await later(delivery.refresh('a', message('y')))).toBe(clock.now() + 30 * SECOND);
  });
});

describe('what Slack refuses for good', () => {
  const whole: Message = { text: 'Ana *asks*', blocks: [section('much'), ACTIONS, section('more')] };
  const shown = () => posted().map(({ blocks }) => (Array.isArray(blocks) ? blocks.map(({ type }) => type) : []));

  test('is sent in plainer words, with the buttons', async () => {
    client.says('chat.postMessage', ({ blocks }) => {
      if (JSON.stringify(blocks).includes('much')) throw refusedBySlack('invalid_blocks');
      return { ts: '1.0' };
    });
    await delivery.sync('a', CHANNEL, whole, null);
    expect(shown()).toEqual([
      ['section', 'actions', 'section'],
      ['section', 'actions'],
    ]);
    expect(JSON.stringify(posted()[1])).toContain('Ana *asks*');
    expect(JSON.stringify(posted()[1])).toContain('/jit why');
    expect(log.lines).toMatchObject([{ level: 'error', facts: { code: 'invalid_blocks', message: 'jitbot_message' } }]);
  });

  test('is sent in words alone where even that is refused', async () => {
    client.says('chat.postMessage', ({ blocks }) => {
      if (Array.isArray(blocks) && blocks.length > 0) throw refusedBySlack('invalid_blocks');
      return { ts: '1.0' };
    });
    await delivery.sync('a', CHANNEL, whole, null);
    expect(shown().at(-1)).toEqual([]);
    expect(posted().at(-1)?.text).toMatch(/^Ana \*asks\*\n.*\/jit why.*Home/s);
  });

  test('and refuses in words alone, is told to whoever asked for it', async () => {
    client.says('chat.postMessage', failing(refusedBySlack('no_text')));
    expect(await problem(delivery.sync('a', CHANNEL, whole, null))).toContain('no_text');
    expect(posted()).toHaveLength(3);
  });

  test('is nothing that is refused for another reason', async () => {
    client.says('chat.postMessage', failing(refusedBySlack('not_in_channel')));
    expect(await problem(delivery.sync('a', CHANNEL, whole, null))).toContain('not_in_channel');
    expect(posted()).toHaveLength(1);
  });

  test('to be changed is left as it is, once it was tried in every way', async () => {
    await delivery.sync('a', CHANNEL, message('x'), null);
    client.says('chat.update', failing(refusedBySlack('msg_too_long')));
    await delivery.sync('a', CHANNEL, message('y'), null);
    expect(sent('chat.update')).toHaveLength(3);
    await delivery.sync('a', CHANNEL, message('y'), null);
    expect(sent('chat.update')).toHaveLength(3);
  });

  test.each([
    [1_500, 'x'.repeat(1_500)],
    [1_501, `${'x'.repeat(1_499)}…`],
  ])('is cut at 1500 letters: of %i', async (length, expected) => {
    client.says('chat.postMessage', failing(refusedBySlack('invalid_blocks')));
    await problem(delivery.sync('a', CHANNEL, message('x'.repeat(length)), null));
    expect(String(posted().at(-1)?.text).split('\n')[0]).toBe(expected);
  });
});

test('the address of a message is asked for by its place, and none is a failure', async () => {
  client.says('chat.getPermalink', { permalink: 'https://harbor.slack.com/x' });
  expect(await delivery.permalink({ ...CHANNEL, ts: '1.0', digest: '' })).toBe('https://harbor.slack.com/x');
  expect(sent('chat.getPermalink')).toEqual([{ channel: 'C0ACCESS', message_ts: '1.0' }]);
  client.says('chat.getPermalink', {});
  expect(await problem(delivery.permalink({ ...CHANNEL, ts: '1.0', digest: '' }))).toContain('no address');
});

test('a page that is read has its messages and where the next one begins', async () => {
  client.says('conversations.history', { messages: [{ ts: '1.0' }, 'odd', { user: 'U0ANA' }], response_metadata: {} });
  expect(await delivery.read({ ...CHANNEL, cursor: '', since: null })).toEqual({
    messages: [{ ts: '1.0' }],
    next: null,
  });
  client.says('conversations.history', { messages: [], response_metadata: { next_cursor: 'x' } });
  expect(await delivery.read({ ...CHANNEL, cursor: 'w', since: null })).toEqual({ messages: [], next: 'x' });
  expect(sent('conversations.history')[0]).not.toHaveProperty('oldest');
});

describe('work that writes to Slack', () => {
  const outcome = async (work: Parameters<typeof whenSlackAllows>[0], attempt = 1) => {
    const handler: JobHandler = whenSlackAllows(work);
    return handler('R1', attempt).catch((error: unknown) => String(error));
  };

  test('is done, with its key and which try it is', async () => {
    const seen: unknown[] = [];
    expect(await outcome(async (key, attempt) => void seen.push(key, attempt), 3)).toBeNull();
    expect(seen).toEqual(['R1', 3]);
  });

  test('comes back when Slack wants it, still as the same try', async () => {
    const at = clock.now() + SECOND;
    expect(await outcome(() => Promise.reject(new LaterError(at)))).toEqual({ notBefore: at, waiting: true });
  });

  test('is done where Slack would only refuse it again', async () => {
    expect(await outcome(() => Promise.reject(refusedBySlack('invalid_blocks')))).toBeNull();
  });

  test('is to be tried again where Slack refuses it otherwise, with what to do about it', async () => {
    expect(await outcome(() => Promise.reject(refusedBySlack('not_in_channel')))).toContain('/invite @jit');
    expect(await outcome(() => Promise.reject(new Error('down')))).toBe('Error: down');
  });
});

describe('a bot of an environment', () => {
  const words = (method: string) => sent(method).map(({ text, blocks }) => `${String(text)} ${JSON.stringify(blocks)}`);

  test('has its name on what it posts, keeps up to date and notifies', async () => {
    environment = 'staging <!here>';
    await delivery.sync('card:R1', { channel: 'C0ACCESS' }, message('Ana asks'), null);
    await delivery.refresh('card:R1', message('Ana asked'));
    await delivery.post({ channel: 'C0AUDIT' }, message('#1'), { event_type: 'x', event_payload: {} });
    const all = [...words('chat.postMessage'), ...words('chat.update')];
    expect(all).toHaveLength(3);
    for (const one of all) {
      expect(one).toMatch(/^\[staging &lt;!here&gt;\] /);
      expect(one).toContain('Environment: *staging &lt;!here&gt;*');
    }
  });

  test('without a name has nothing more on it', async () => {
    await delivery.post({ channel: 'C0AUDIT' }, message('#1'), { event_type: 'x', event_payload: {} });
    expect(words('chat.postMessage').join()).not.toContain('Environment');
  });
});
