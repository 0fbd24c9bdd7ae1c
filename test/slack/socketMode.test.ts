/** The socket to Slack: how long it waits, when it tries again, and what it does with frames that are not whole. */

import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { socketConnection } from '../../src/slack/link/connection.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';

/** The pauses between tries, in order. Each is over when the test says so. */
const pauses = vi.hoisted(() => ({ asked: [] as number[], end: () => {} }));
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<typeof import('node:timers/promises')>()),
  setTimeout: (ms: number, _value: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise<void>((resolve, reject) => {
      pauses.asked.push(ms);
      pauses.end = resolve;
      signal.addEventListener('abort', () => reject(signal.reason));
    }),
}));

let log: RecordedLog;
beforeEach(() => {
  log = recordedLog();
  pauses.asked = [];
});
afterEach(() => void vi.useRealTimers());

const paused = (times: number) => vi.waitFor(() => expect(pauses.asked).toHaveLength(times), { interval: 2 });
const problems = () => log.lines.filter(({ message }) => message.startsWith('not connected to Slack'));

/** Slack's side: answers to the call for an address, and what happens on the sockets. */
async function slackThat(greets: (socket: WebSocket) => void) {
  const state = { refuses: null as string | null, sockets: [] as WebSocket[] };
  const server = createServer((_, response) => {
    const url = `ws://127.0.0.1:${port}/`;
    const answer = state.refuses === null ? { ok: true, url } : { ok: false, error: state.refuses };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  const port = await listen(server);
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    state.sockets.push(socket);
    greets(socket);
  });
  const connection = socketConnection('xapp-1', { apiUrl: `http://127.0.0.1:${port}/`, log });
  onTestFinished(async () => {
    for (const socket of state.sockets) socket.terminate();
    await connection.close();
    sockets.close();
    await closeServer(server);
  });
  return { state, connection };
}
const hello = (socket: WebSocket) => socket.send(JSON.stringify({ type: 'hello' }));

test('tries come after pauses that double, from a second to half a minute', async () => {
  const { state, connection } = await slackThat(hello);
  state.refuses = 'internal_error';
  await connection.open();
  for (let times = 1; times <= 7; times += 1) {
    await paused(times);
    pauses.end();
  }
  await paused(8);
  expect(pauses.asked).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect(
    problems()
      .slice(0, 3)
      .map(({ level }) => level),
  ).toEqual(['warn', 'error', 'error']);
});

test('pauses begin again at a second once it was connected', async () => {
  const { state, connection } = await slackThat(hello);
  state.refuses = 'internal_error';
  await connection.open();
  await paused(1);
  pauses.end();
  await paused(2);
  state.refuses = null;
  pauses.end();
  await vi.waitFor(() => expect(connection.isConnected()).toBe(true));
  state.refuses = 'internal_error';
  state.sockets[0]?.close();
  await paused(3);
  expect(pauses.asked).toEqual([1_000, 2_000, 1_000]);
});

test('it is connected from the greeting to the end of the socket', async () => {
  const greeted = Promise.withResolvers<WebSocket>();
  const { state, connection } = await slackThat((socket) => greeted.resolve(socket));
  const opened = connection.open();
  const socket = await greeted.promise;
  expect(connection.isConnected()).toBe(false);
  hello(socket);
  await opened;
  expect(connection.isConnected()).toBe(true);
  state.refuses = 'internal_error';
  socket.close();
  await paused(1);
  expect(connection.isConnected()).toBe(false);
});

test('a Slack that does not say hello within 15 seconds is tried again', async () => {
  const greeted = Promise.withResolvers<void>();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { connection } = await slackThat(() => greeted.resolve());
  const opened = connection.open();
  await greeted.promise;
  await vi.advanceTimersByTimeAsync(14_999);
  expect(problems()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await opened;
  expect(problems()).toMatchObject([{ facts: { problem: 'Slack cannot be reached: no answer within 15 s' } }]);
  expect(pauses.asked).toEqual([1_000]);
  vi.useRealTimers();
});

test('a socket that closes before hello is said, and tried again', async () => {
  const { connection } = await slackThat((socket) => socket.close());
  await connection.open();
  expect(problems()).toMatchObject([{ facts: { problem: 'Slack closed the connection before it said hello' } }]);
});

test('closing while it waits for the next try ends the tries', async () => {
  const { state, connection } = await slackThat(hello);
  state.refuses = 'internal_error';
  await connection.open();
  await paused(1);
  await connection.close();
  expect(pauses.asked).toHaveLength(1);
  expect(problems()).toHaveLength(1);
});

test('frames in bytes or in pieces are dropped, and those after them are taken', async () => {
  const { state, connection } = await slackThat(hello);
  const heard: object[] = [];
  connection.receiver.init(
    Object.assign(Object.create(null), {
      processEvent: async ({ body, ack }: { body: object; ack: () => Promise<void> }) => {
        heard.push(body);
        await ack();
      },
    }),
  );
  await connection.open();
  const whole = (text: string) =>
    JSON.stringify({ type: 'slash_commands', envelope_id: text, payload: { command: '/jit', text } });
  const [socket] = state.sockets;
  const answered = new Promise((resolve) => socket?.once('message', (data) => resolve(String(data))));
  socket?.send(Buffer.from(whole('bytes')));
  socket?.send('{"type":"slash_commands"');
  socket?.send(whole('text'));
  expect(await answered).toContain('"envelope_id":"text"');
  expect(heard).toEqual([{ command: '/jit', text: 'text' }]);
  expect(log.lines.filter(({ message }) => message === 'dropped an envelope that is not whole')).toHaveLength(2);
});
