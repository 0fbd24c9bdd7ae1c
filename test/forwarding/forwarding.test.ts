import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { LedgerEvent, NewEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { createForwarding, type ForwardingPlaces } from '../../src/forwarding/forwarding.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/log.ts';

/** One event that a place never takes must not keep back all that come after it. */

const loaded = (seq: number, changes: readonly string[]): LedgerEvent => ({
  type: 'policy.loaded',
  seq,
  at: 1_000,
  actor: BOT,
  requestId: null,
  grantId: null,
  payload: { hash: 'x', resources: 1, roles: 1, changes },
  prevHash: '',
  hash: `hash-${seq}`,
});
const EVENTS = [loaded(1, []), loaded(2, ['x'.repeat(128 * 1024)]), loaded(3, ['the last'])];

function forwardingOf(places: ForwardingPlaces) {
  const recorded: NewEvent[] = [];
  const log = recordedLog();
  let cursor = 0;
  const forwarding = createForwarding(places, {
    events: {
      after: (seq, limit) => EVENTS.filter((event) => event.seq > seq).slice(0, limit),
      get: () => null,
      newest: () => null,
      origin: () => null,
      marks: () => [],
    },
    posts: {
      find: () => null,
      keep: () => undefined,
      cursor: () => cursor,
      moveCursor: (_name, seq) => {
        cursor = seq;
      },
    },
    clock: manualClock(),
    log,
    record: async (event) => recorded.push(event),
  });
  return { forwarding, recorded, log, cursor: () => cursor };
}
const shortened = (place: string) => [
  expect.objectContaining({ type: 'forwarding.shortened', payload: expect.objectContaining({ place, seq: 2 }) }),
];

test('16 an event too long for UDP goes without its payload, and those after it arrive', async () => {
  const came: { seq: number; payload: object }[] = [];
  const socket = createSocket('udp4', (message) => {
    const line = message.toString('utf8');
    came.push(JSON.parse(line.slice(line.indexOf('\uFEFF') + 1)));
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void socket.close(() => resolve())));
  const syslog = `udp://127.0.0.1:${socket.address().port}`;
  const { forwarding, recorded, log, cursor } = forwardingOf({ webhook: null, syslog });
  await forwarding.handle('syslog', 0);
  await vi.waitFor(() => expect(came.map(({ seq }) => seq)).toEqual([1, 2, 3]));
  expect(came[1]?.payload).toEqual({ left_out: expect.stringMatching(/bytes are more than .*the whole of event 2/) });
  expect(came[2]?.payload).toEqual(EVENTS[2]?.payload);
  expect(cursor()).toBe(3);
  expect(recorded).toEqual(shortened('syslog'));
  expect(log.lines.some(({ message }) => message.includes('without its payload'))).toBe(true);
});

async function receiver(answer: (seq: number, isWhole: boolean) => number) {
  const came: number[] = [];
  const server = createServer(async (request, response) => {
    const { seq, payload } = JSON.parse(await readBody(request));
    const status = answer(seq, !('left_out' in payload));
    if (status < 300) came.push(seq);
    response.writeHead(status).end();
  });
  const url = `http://127.0.0.1:${await listen(server)}/`;
  onTestFinished(() => closeServer(server));
  return { came, ...forwardingOf({ webhook: { url, secret: 'a secret of sixteen' }, syslog: null }) };
}

test.each([400, 413, 422])('16 an event that a webhook answers with %i goes without its payload', async (status) => {
  const { came, forwarding, recorded } = await receiver((seq, isWhole) => (seq === 2 && isWhole ? status : 204));
  await forwarding.handle('webhook', 0);
  expect(came).toEqual([1, 2, 3]);
  expect(recorded).toEqual(shortened('webhook'));
});

test.each([401, 404, 429, 503])('16 a webhook that answers with %i loses nothing', async (status) => {
  const { came, forwarding, recorded, cursor } = await receiver((seq) => (seq === 2 ? status : 204));
  await expect(forwarding.handle('webhook', 0)).rejects.toThrow(String(status));
  expect([came, cursor()]).toEqual([[1], 1]);
  expect(recorded).toEqual([]);
});

test('16 a webhook that takes nothing at all loses nothing either', async () => {
  const { forwarding, recorded, cursor } = await receiver(() => 400);
  await expect(forwarding.handle('webhook', 0)).rejects.toThrow('400');
  expect(cursor()).toBe(0);
  expect(recorded).toEqual([]);
});
