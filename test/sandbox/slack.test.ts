/** The workspace on the wire refuses what Slack would refuse, with Slack's own words. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SlackSandbox, startSlack } from '../../src/sandbox/slack/server.ts';
import { WORKSPACE } from '../../src/sandbox/team.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';

let slack: SlackSandbox;
let clock: ManualClock;
beforeEach(async () => {
  clock = manualClock();
  slack = await startSlack({
    data: WORKSPACE,
    now: clock.now,
    tokens: { bot: 'xoxb-1', app: 'xapp-1', signingSecret: 's' },
    scopes: ['chat:write'],
  });
});
afterEach(() => slack.close());

const call = async (
  method: string,
  args: object,
  token = 'xoxb-1',
): Promise<{ ok: boolean; error?: string; [field: string]: unknown }> => {
  const response = await fetch(`${slack.apiUrl}${method}`, {
    method: 'POST',
    body: JSON.stringify(args),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  });
  return (await response.json()) as { ok: boolean };
};
const text = (value: string) => ({ type: 'plain_text', text: value });
const modal = (more: object) => ({
  type: 'modal',
  title: text('T'),
  blocks: [{ type: 'section', text: text('x') }],
  ...more,
});
const trigger = () => slack.people.command('U0ANA', '/jit', '', 'C0GENERAL').catch(() => undefined);

describe('messages', () => {
  const section = (value: string) => ({ type: 'section', text: { type: 'mrkdwn', text: value } });
  test.each([
    ['a block that does not exist', [{ type: 'banner' }], 'invalid_blocks'],
    [
      'an input outside a modal',
      [{ type: 'input', label: text('x'), element: { type: 'plain_text_input' } }],
      'invalid_blocks',
    ],
    ['a section of 3,001 characters', [section('x'.repeat(3001))], 'invalid_blocks'],
    ['51 blocks', Array.from({ length: 51 }, () => section('x')), 'invalid_blocks'],
    ['11 fields', [{ type: 'section', fields: Array.from({ length: 11 }, () => text('x')) }], 'invalid_blocks'],
    [
      'a button text of 76 characters',
      [{ type: 'actions', elements: [{ type: 'button', text: text('x'.repeat(76)), action_id: 'a' }] }],
      'invalid_blocks',
    ],
    [
      '26 elements in actions',
      [
        {
          type: 'actions',
          elements: Array.from({ length: 26 }, (_, index) => ({
            type: 'button',
            text: text('x'),
            action_id: String(index),
          })),
        },
      ],
      'invalid_blocks',
    ],
    [
      'two blocks with one id',
      [
        { ...section('x'), block_id: 'b' },
        { ...section('y'), block_id: 'b' },
      ],
      'invalid_blocks',
    ],
    ['a field that does not exist', [{ ...section('x'), colour: 'red' }], 'invalid_blocks'],
    ['nothing to say', [], 'no_text'],
  ])('%s is refused', async (_name, blocks, error) => {
    expect(await call('chat.postMessage', { channel: 'C0ACCESS', blocks })).toMatchObject({ ok: false, error });
  });

  test.each([
    ['an unknown channel', 'chat.postMessage', { channel: 'C0NOWHERE', text: 'x' }, 'channel_not_found'],
    ['an unknown message', 'chat.update', { channel: 'C0ACCESS', ts: '1.1', text: 'x' }, 'message_not_found'],
    ['an unknown person', 'chat.postEphemeral', { channel: 'C0ACCESS', user: 'U0NOBODY', text: 'x' }, 'user_not_found'],
    [
      'somebody who is not there',
      'chat.postEphemeral',
      { channel: 'C0AUDIT', user: 'U0BEN', text: 'x' },
      'user_not_in_channel',
    ],
    ['a method that does not exist', 'chat.shout', {}, 'unknown_method'],
    ['a scope that the token lacks', 'users.info', { user: 'U0ANA' }, 'missing_scope'],
    ['the bot token where the app token belongs', 'apps.connections.open', {}, 'not_allowed_token_type'],
  ])('%s is refused', async (_name, method, args, error) => {
    expect(await call(method, args)).toMatchObject({ ok: false, error });
  });

  test('a wrong token is refused, and one message a second per channel is the rule', async () => {
    expect(await call('chat.postMessage', { channel: 'C0ACCESS', text: 'x' }, 'xoxb-2')).toMatchObject({
      error: 'invalid_auth',
    });
    const answers = [];
    for (let index = 0; index < 6; index += 1)
      answers.push(await call('chat.postMessage', { channel: 'C0ACCESS', text: 'x' }));
    expect(answers.at(-1)).toMatchObject({ ok: false, error: 'ratelimited' });
  });
});

describe('modals', () => {
  const input = { type: 'input', label: text('x'), element: { type: 'plain_text_input', action_id: 'a' } };
  test.each([
    ['an input and no submit', modal({ blocks: [input] })],
    ['a title of 25 characters', modal({ title: text('x'.repeat(25)) })],
    ['101 blocks', modal({ blocks: Array.from({ length: 101 }, () => ({ type: 'divider' })) })],
    [
      '101 options',
      modal({
        submit: text('Go'),
        blocks: [
          {
            ...input,
            element: {
              type: 'static_select',
              options: Array.from({ length: 101 }, (_, index) => ({ text: text('x'), value: String(index) })),
            },
          },
        ],
      }),
    ],
    ['a private_metadata of 3,001 characters', modal({ private_metadata: 'x'.repeat(3001) })],
    [
      'an element that does not exist',
      modal({ submit: text('Go'), blocks: [{ ...input, element: { type: 'slider' } }] }),
    ],
  ])('a modal with %s is refused', async (_name, view) => {
    expect(await call('views.open', { trigger_id: 'any', view })).toMatchObject({
      ok: false,
      error: 'invalid_arguments',
    });
  });

  test('a trigger opens one modal, within three seconds', async () => {
    const triggers: string[] = [];
    slack.link.deliver = async (_kind, payload) => void triggers.push(String(payload.trigger_id));
    await trigger();
    expect(await call('views.open', { trigger_id: triggers[0], view: modal({}) })).toMatchObject({ ok: true });
    expect(await call('views.open', { trigger_id: triggers[0], view: modal({}) })).toMatchObject({
      error: 'invalid_trigger_id',
    });
    await trigger();
    clock.advance(3_001);
    expect(await call('views.open', { trigger_id: triggers[1], view: modal({}) })).toMatchObject({
      error: 'expired_trigger_id',
    });
  });

  test('an update with an old hash is refused', async () => {
    const open = slack.workspace.openView(
      'U0ANA',
      { type: 'modal', title: { type: 'plain_text', text: 'T' }, blocks: [{ type: 'divider' }] },
      null,
    );
    const hash = open.hash;
    expect(await call('views.update', { view_id: open.id, hash, view: modal({}) })).toMatchObject({ ok: true });
    expect(await call('views.update', { view_id: open.id, hash, view: modal({}) })).toMatchObject({
      error: 'hash_conflict',
    });
    expect(
      await call('views.publish', { user_id: 'U0ANA', view: { type: 'home', blocks: [{ type: 'divider' }] } }),
    ).toMatchObject({ ok: true });
  });
});

test('an unacknowledged envelope comes again, and the person is told of the failure', async () => {
  const received: { envelope_id: string; retry_attempt?: number }[] = [];
  const { url } = await call('apps.connections.open', {}, 'xapp-1');
  const socket = new WebSocket(String(url));
  const twice = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    const envelope = JSON.parse(String(data));
    if (!envelope.envelope_id) return;
    received.push(envelope);
    if (received.length < 2) return;
    socket.send(JSON.stringify({ envelope_id: envelope.envelope_id }));
    twice.resolve();
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  await expect(slack.people.command('U0ANA', '/jit', '', 'C0GENERAL')).rejects.toThrow('did not respond');
  await twice.promise;
  expect(received[1]).toMatchObject({ envelope_id: received[0]?.envelope_id, retry_attempt: 1 });
  socket.close();
});
