/** What becomes of one signed delivery of Slack's, without a network. */

import { createHmac } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { httpConnection } from '../../src/slack/link/signedRequests.ts';
import { recordedLog } from '../support/log.ts';

type Event = { readonly body: object; readonly ack: (said?: unknown) => Promise<void> };
let log: ReturnType<typeof recordedLog>;
let heard: object[];
/** The last answer. */
let said: { text: string; type: unknown };
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
  const head = vi.spyOn(response, 'writeHead');
  let text = '';
  vi.spyOn(response, 'end').mockImplementation(function (this: ServerResponse, said?: unknown) {
    text = typeof said === 'string' ? said : '';
    return this;
  });
  const taken = route?.take({ headers: { 'content-type': contentType }, body: Buffer.from(body) }, response);
  await vi.advanceTimersByTimeAsync(2_999);
  const early = response.headersSent;
  await vi.advanceTimersByTimeAsync(1);
  await taken;
  const headers: object = Object(head.mock.lastCall?.[1]);
  said = { text, type: Reflect.get(headers, 'content-type') };
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
  expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('body is no object') }]);
});

test.each([
  ['"word"', 'word'],
  ['3', ''],
])('Slack’s question whether it is the bot (%s) is answered by itself', async (challenge, answered) => {
  const body = `{"type":"url_verification","challenge":${challenge}}`;
  expect(await deliver(body, json, acks)).toEqual({ status: 200, early: true });
  expect(JSON.parse(said.text)).toEqual({ challenge: answered });
  expect(heard).toEqual([]);
});

test.each<[unknown, string, string | undefined]>([
  [undefined, '', undefined],
  [null, '', undefined],
  ['', '', undefined],
  ['done', 'done', 'text/plain; charset=utf-8'],
  [{ response_action: 'clear' }, '{"response_action":"clear"}', 'application/json; charset=utf-8'],
])('an acknowledgement with %j says that', async (with_, text, type) => {
  expect(await deliver('{"type":"x"}', json, ({ ack }) => ack(with_))).toEqual({ status: 200, early: true });
  expect(said).toEqual({ text, type });
});

test('what goes on for long after its acknowledgement is not late', async () => {
  const work = async ({ ack }: Event) => {
    await ack();
    await new Promise<void>((resolve) => void setTimeout(resolve, 3_000));
  };
  expect(await deliver('{"type":"x"}', json, work)).toEqual({ status: 200, early: true });
  expect(log.lines).toEqual([]);
});

test('deliveries reach the bot once it can carry them out', () => {
  const { receiver, isConnected } = httpConnection('signing-secret', log);
  expect(isConnected()).toBe(false);
  receiver.init(Object.assign(Object.create(null), { processEvent: acks }));
  expect(isConnected()).toBe(true);
});

describe('a signature', () => {
  const NOW = Date.UTC(2026, 0, 15, 12);
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
  const signature = `v0=${'a'.repeat(64)}`;
  const refusal = (more: Record<string, string | undefined> = {}) =>
    httpConnection('signing-secret', log).route?.refuses({
      'x-slack-signature': signature,
      'x-slack-request-timestamp': String(NOW / 1_000),
      ...more,
    });

  test.each<[Record<string, string | undefined>, string]>([
    [{ 'x-slack-signature': undefined }, 'it has no signature of Slack’s'],
    [{ 'x-slack-signature': 'a'.repeat(64) }, 'it has no signature of Slack’s'],
    [{ 'x-slack-signature': `${signature}a` }, 'it has no signature of Slack’s'],
    [{ 'x-slack-request-timestamp': undefined }, 'it does not say when it was signed'],
    [{ 'x-slack-request-timestamp': 'soon' }, 'it does not say when it was signed'],
    [{ 'x-slack-request-timestamp': `${NOW / 1_000}s` }, 'it does not say when it was signed'],
    [{ 'x-slack-request-timestamp': `-${NOW / 1_000}` }, 'it does not say when it was signed'],
    [{ 'x-slack-request-timestamp': '1'.repeat(13) }, 'it does not say when it was signed'],
  ])('%j is refused before the body is read', (headers, why) => {
    expect(refusal(headers)).toBe(why);
  });

  test.each([
    [0, true],
    [-300, true],
    [300, true],
    [-301, false],
    [301, false],
  ])('of %i seconds from now counts: %s', (seconds, counts) => {
    const problem = refusal({ 'x-slack-request-timestamp': String(NOW / 1_000 + seconds) });
    expect(problem).toBe(counts ? null : 'it was signed more than five minutes ago or ahead');
  });

  test('is over the time and all of the body, with the secret', () => {
    const { route } = httpConnection('signing-secret', log);
    const signed = (secret: string, text: string) => `v0=${createHmac('sha256', secret).update(text).digest('hex')}`;
    const isSigned = (given: string, body = 'a=b') =>
      route?.isSigned({
        headers: { 'x-slack-signature': given, 'x-slack-request-timestamp': '7' },
        body: Buffer.from(body),
      });
    const right = signed('signing-secret', 'v0:7:a=b');
    expect(isSigned(right)).toBe(true);
    expect(isSigned(right, 'a=c')).toBe(false);
    expect(isSigned(right, 'a=bc')).toBe(false);
    expect(isSigned(signed('another', 'v0:7:a=b'))).toBe(false);
    expect(isSigned(signed('signing-secret', 'v0:8:a=b'))).toBe(false);
    expect(isSigned(right.slice(0, -1))).toBe(false);
  });
});

test.each([
  ['a command', 'command=%2Fjit&text=help', { command: '/jit', text: 'help' }],
  ['a click', `payload=${encodeURIComponent('{"type":"block_actions"}')}`, { type: 'block_actions' }],
])('%s is a form, whatever is said beside that', async (_, body, expected) => {
  for (const type of ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded; charset=utf-8'])
    expect(await deliver(body, type, acks)).toMatchObject({ status: 200 });
  expect(heard).toEqual([expected, expected]);
});
