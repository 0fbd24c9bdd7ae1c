/** What becomes of one signed delivery of Slack's, without a network. */

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { httpConnection } from '../../src/slack/link/signedRequests.ts';
import { recordedLog } from '../support/log.ts';

type Event = { readonly body: object; readonly ack: (said?: unknown) => Promise<void> };
let log: ReturnType<typeof recordedLog>;
let heard: object[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  log = recordedLog();
  heard = [];
});
afterEach(() => void vi.useRealTimers());

/** Delivers a body, to what does `work` with it; null: to a bot that cannot carry anything out yet. */
async function deliver(body: string, contentType: string, work: ((event: Event) => Promise<void>) | null) {
  const { receiver, route } = httpConnection('signing-secret', log);
  const processEvent = async (event: Event) => {
    heard.push(event.body);
    await work?.(event);
  };
  if (work) receiver.init(Object.assign(Object.create(null), { processEvent }));
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const taken = route?.take({ headers: { 'content-type': contentType }, body: Buffer.from(body) }, response);
  await vi.advanceTimersByTimeAsync(2_999);
  const early = response.headersSent;
  await vi.advanceTimersByTimeAsync(1);
  await taken;
  return { status: response.headersSent ? response.statusCode : null, early };
}
const json = 'application/json';
const acks = ({ ack }: Event) => ack();

test('one that comes before the bot can carry anything out is to be sent again', async () => {
  expect(await deliver('{"type":"event_callback"}', json, null)).toEqual({ status: 503, early: true });
});

test('one that is acknowledged is done with', async () => {
  expect(await deliver('{"type":"event_callback"}', json, acks)).toEqual({ status: 200, early: true });
  expect(heard).toEqual([{ type: 'event_callback' }]);
  expect(log.lines).toEqual([]);
});

test('one that is not acknowledged within three seconds is to be sent again', async () => {
  expect(await deliver('{"type":"event_callback"}', json, async () => undefined)).toEqual({
    status: null,
    early: false,
  });
  const slow = ({ ack }: Event) => new Promise<void>((resolve) => void setTimeout(() => resolve(ack()), 3_000));
  expect(await deliver('{"type":"event_callback"}', json, slow)).toEqual({ status: 503, early: false });
  expect(log.lines).toMatchObject([{ level: 'warn', message: 'a request from Slack was not acknowledged in time' }]);
});

test.each(['[]', '{', '"text"', ''])('one whose body is %j is refused', async (body) => {
  expect(await deliver(body, json, acks)).toEqual({ status: 400, early: true });
  expect(heard).toEqual([]);
});

test.each([
  ['a command', 'command=%2Fjit&text=help', { command: '/jit', text: 'help' }],
  ['a click', `payload=${encodeURIComponent('{"type":"block_actions"}')}`, { type: 'block_actions' }],
])('%s is a form, whatever is said beside that', async (_, body, expected) => {
  for (const type of ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded; charset=utf-8'])
    expect(await deliver(body, type, acks)).toMatchObject({ status: 200 });
  expect(heard).toEqual([expected, expected]);
});
