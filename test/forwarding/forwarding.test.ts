/** One event that a place never takes must not keep back all that come after it. */

import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { hostname } from 'node:os';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LedgerEvent, NewEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { createForwarding, type ForwardingPlaces } from '../../src/forwarding/forwarding.ts';
import { NotTaken } from '../../src/forwarding/receiver.ts';
import { openSyslog, syslogLine } from '../../src/forwarding/syslog.ts';
import { openWebhook } from '../../src/forwarding/webhook.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/log.ts';

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

function forwardingOf(places: ForwardingPlaces, events: readonly LedgerEvent[] = EVENTS, clock = manualClock()) {
  const recorded: NewEvent[] = [];
  const log = recordedLog();
  const cursors = new Map<string, number>();
  const forwarding = createForwarding(places, {
    events: {
      after: async (seq, limit) => events.filter((event) => event.seq > seq).slice(0, limit),
      get: async () => null,
      newest: async () => null,
      origin: async () => null,
      marks: async () => [],
    },
    posts: {
      find: async () => null,
      keysOf: async () => [],
      keep: async () => undefined,
      cursor: async (name) => cursors.get(name) ?? 0,
      moveCursor: async (name, seq) => void cursors.set(name, seq),
    },
    clock,
    log,
    record: async (event) => recorded.push(event),
  });
  const cursor = () => [...cursors.values()][0] ?? 0;
  return { forwarding, recorded, log, cursor, cursors };
}
const shortened = (place: string) => [
  expect.objectContaining({ type: 'forwarding.shortened', payload: expect.objectContaining({ place, seq: 2 }) }),
];

test('an event too long for UDP is sent without its payload, and later ones arrive', async () => {
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

test.each([400, 413, 422])(
  'an event that a webhook answers with %i is sent again without its payload',
  async (status) => {
    const { came, forwarding, recorded } = await receiver((seq, isWhole) => (seq === 2 && isWhole ? status : 204));
    await forwarding.handle('webhook', 0);
    expect(came).toEqual([1, 2, 3]);
    expect(recorded).toEqual(shortened('webhook'));
  },
);

test.each([401, 404, 429, 503])('a webhook that answers with %i loses no event', async (status) => {
  const { came, forwarding, recorded, cursor } = await receiver((seq) => (seq === 2 ? status : 204));
  await expect(forwarding.handle('webhook', 0)).rejects.toThrow(String(status));
  expect([came, cursor()]).toEqual([[1], 1]);
  expect(recorded).toEqual([]);
});

test('a webhook that is unreachable loses no event', async () => {
  const { forwarding, recorded, cursor } = await receiver(() => 400);
  await expect(forwarding.handle('webhook', 0)).rejects.toThrow('400');
  expect(cursor()).toBe(0);
  expect(recorded).toEqual([]);
});

const many = (count: number) => Array.from({ length: count }, (_, index) => loaded(index + 1, []));
/** A webhook that takes everything, and what it was sent. */
async function webhook(events: readonly LedgerEvent[], onEvent: () => void = () => undefined) {
  const came: { body: string; headers: IncomingMessage['headers']; method: string | undefined }[] = [];
  const clock = manualClock(1_768_478_400_999);
  const server = createServer(async (request, response) => {
    came.push({ body: await readBody(request), headers: request.headers, method: request.method });
    onEvent();
    response.writeHead(200).end('taken');
  });
  const url = `http://127.0.0.1:${await listen(server)}/`;
  onTestFinished(() => closeServer(server));
  const seqs = () => came.map(({ body }) => JSON.parse(body).seq);
  const places = { webhook: { url, secret: 'a secret of sixteen' }, syslog: null };
  return { came, seqs, clock, ...forwardingOf(places, events, clock) };
}

describe('forwarding', () => {
  test('queues work for each receiver that is set up', () => {
    const webhook = { url: 'http://x/', secret: 's' };
    const both = forwardingOf({ webhook, syslog: 'udp://x:1' }).forwarding;
    expect(both.jobs(5)).toEqual([
      { kind: 'forward', key: 'webhook', dueAt: 5 },
      { kind: 'forward', key: 'syslog', dueAt: 5 },
    ]);
    expect(forwardingOf({ webhook, syslog: null }).forwarding.jobs(5)).toHaveLength(1);
    expect(forwardingOf({ webhook: null, syslog: null }).forwarding.jobs(5)).toEqual([]);
  });

  test('a receiver that is no longer set up is left alone', async () => {
    const { forwarding, cursor } = forwardingOf({ webhook: null, syslog: null });
    expect(await forwarding.handle('webhook', 0)).toBeNull();
    expect(cursor()).toBe(0);
  });

  test('goes on where this receiver was, in order, and records how far it is', async () => {
    const { forwarding, seqs, cursors } = await webhook(many(5));
    cursors.set('forward:webhook', 2);
    cursors.set('forward:syslog', 4);
    expect(await forwarding.handle('webhook', 0)).toBeNull();
    expect(seqs()).toEqual([3, 4, 5]);
    expect([cursors.get('forward:webhook'), cursors.get('forward:syslog')]).toEqual([5, 4]);
    expect(await forwarding.handle('webhook', 0)).toBeNull();
    expect(seqs()).toEqual([3, 4, 5]);
  });

  test('pauses after fifty events so that others have a turn, and continues', async () => {
    const { forwarding, seqs, clock, cursor } = await webhook(many(51));
    expect(await forwarding.handle('webhook', 0)).toEqual({ notBefore: clock.now() });
    expect(cursor()).toBe(50);
    expect(await forwarding.handle('webhook', 0)).toBeNull();
    expect(seqs()).toEqual(many(51).map(({ seq }) => seq));
  });

  test('pauses after five seconds so that others have a turn', async () => {
    const one = await webhook(many(9), () => one.clock.advance(2_500));
    expect(await one.forwarding.handle('webhook', 0)).toEqual({ notBefore: one.clock.now() });
    expect(one.seqs()).toEqual([1, 2]);
    expect(one.cursor()).toBe(2);
  });

  test('an event is sent whole, signed over time and body, under its hash', async () => {
    const [event] = many(1);
    const { forwarding, came } = await webhook(many(1));
    await forwarding.handle('webhook', 0);
    const [sent] = came;
    expect(JSON.parse(sent?.body ?? '')).toEqual(event);
    const mac = createHmac('sha256', 'a secret of sixteen').update(`1768478400.${sent?.body}`).digest('hex');
    expect(sent).toMatchObject({
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': 'hash-1',
        'webhook-id': 'hash-1',
        'webhook-timestamp': '1768478400',
        'x-jit-timestamp': '1768478400',
        'x-jit-signature': `v1=${mac}`,
      },
    });
    const standard = createHmac('sha256', 'a secret of sixteen').update(`hash-1.1768478400.${sent?.body}`);
    expect(sent?.headers['webhook-signature']).toBe(`v1,${standard.digest('base64')}`);
  });

  test('a redirect is not followed: it would carry the event to an unnamed host', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const url = `http://127.0.0.1:${await listen(server)}/`;
    onTestFinished(() => closeServer(server));
    const { forwarding, cursor } = forwardingOf({ webhook: { url, secret: 's' }, syslog: null });
    await expect(forwarding.handle('webhook', 0)).rejects.toThrow();
    expect([asked, cursor()]).toEqual([['/'], 0]);
  });
});

test('a webhook that does not answer is given up after a while, and loses nothing', async () => {
  const server = createServer(() => undefined);
  const url = `http://127.0.0.1:${await listen(server)}/`;
  onTestFinished(() => closeServer(server));
  const receiver = openWebhook({ url, secret: 'a secret of sixteen' }, manualClock(), 50);
  await expect(receiver.send(loaded(1, []))).rejects.toThrow(/timeout/);
});

/** @returns the port that it got */
async function listening(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : 0;
}

describe('syslog', () => {
  test('a UDP network that drops everything does not fail an event', async () => {
    // To everybody in the network, which takes a right that the bot does not ask for.
    const receiver = openSyslog('udp://255.255.255.255:514');
    const sent = receiver.send(loaded(1, []));
    await expect(sent).rejects.toThrow(/EACCES/);
    await expect(sent).rejects.not.toBeInstanceOf(NotTaken);
    await receiver.close();
  });

  test('a line is RFC 5424, has the fields to filter by, and the whole event', () => {
    const [event] = many(1);
    if (!event) return;
    expect(syslogLine(event, 'host')).toBe(
      `<110>1 1970-01-01T00:00:01.000Z host jitbot - policy.loaded [jit@32473 seq="1" hash="hash-1"] \uFEFF${JSON.stringify(event)}`,
    );
    expect(syslogLine({ ...event, requestId: 'R1', grantId: 'G1' }, 'host')).toContain(
      '[jit@32473 seq="1" hash="hash-1" request="R1" grant="G1"]',
    );
    expect(syslogLine({ ...event, requestId: 'R1' }, 'host')).toContain('hash="hash-1" request="R1"]');
    expect(syslogLine({ ...event, type: 'ledger.damaged', payload: { left_out: '' } }, 'host')).toMatch(/^<108>1 /);
    expect(syslogLine(event, '')).toContain('.000Z - jitbot');
    expect(syslogLine(event)).toContain(`.000Z ${hostname()} jitbot`);
  });

  test.each(['127.0.0.1', '[::1]'])(
    'over TCP to %s each message has its length in bytes, on one connection',
    async (host) => {
      let text = Buffer.alloc(0);
      let connections = 0;
      const server = createTcpServer((socket) => {
        connections += 1;
        socket.on('data', (chunk) => {
          text = Buffer.concat([text, chunk]);
        });
      });
      const address = host.replace(/[[\]]/g, '');
      await new Promise<void>((resolve) => void server.listen(0, address, resolve));
      onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
      const bound = server.address();
      const port = typeof bound === 'object' && bound ? bound.port : 0;
      const events = [loaded(1, ['é']), loaded(2, [])];
      const { forwarding, cursor } = forwardingOf({ webhook: null, syslog: `tcp://${host}:${port}` }, events);
      expect(await forwarding.handle('syslog', 0)).toBeNull();
      const wanted = events.map((event) => {
        const line = Buffer.from(syslogLine(event));
        return `${line.length} ${line}`;
      });
      await vi.waitFor(() => expect(text.toString('utf8')).toBe(wanted.join('')));
      expect([connections, cursor()]).toEqual([1, 2]);
    },
  );

  test('a connection is closed when its work is done', async () => {
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => void sockets.push(socket.resume()));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const bound = server.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    const { forwarding } = forwardingOf({ webhook: null, syslog: `tcp://127.0.0.1:${port}` });
    await forwarding.handle('syslog', 0);
    await vi.waitFor(() => expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]));
  });

  test('a connection is closed also where the progress cannot be recorded', async () => {
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => void sockets.push(socket.resume()));
    const port = await listening(server);
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const { forwarding, cursors } = forwardingOf({ webhook: null, syslog: `tcp://127.0.0.1:${port}` });
    vi.spyOn(cursors, 'set').mockImplementation(() => {
      throw new Error('the disk is full');
    });
    await expect(forwarding.handle('syslog', 0)).rejects.toThrow('the disk is full');
    await vi.waitFor(() => expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]));
  });

  test('over UDP it reaches an IPv6 address', async () => {
    const came: string[] = [];
    const socket = createSocket('udp6', (message) => void came.push(message.toString('utf8')));
    await new Promise<void>((resolve) => socket.bind(0, '::1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void socket.close(() => resolve())));
    const receiver = openSyslog(`udp://[::1]:${socket.address().port}`);
    await receiver.send(loaded(1, []));
    await receiver.close();
    await vi.waitFor(() => expect(came).toEqual([syslogLine(loaded(1, []))]));
  });

  test('a receiver that accepts a connection and never reads is given up', async () => {
    const server = createTcpServer((socket) => void socket.on('error', () => undefined).resume());
    const port = await listening(server);
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const receiver = openSyslog(`tls://127.0.0.1:${port}`, 50);
    await expect(receiver.send(loaded(1, []))).rejects.toThrow(/127\.0\.0\.1:\d+ did not answer in time/);
    await receiver.close();
  });

  test('a receiver that refuses connections fails the work, and closing is harmless', async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    const receiver = openSyslog(`tcp://127.0.0.1:${port}`);
    await expect(receiver.send(loaded(1, []))).rejects.toThrow(/ECONNREFUSED/);
    await receiver.close();
    await openSyslog(`tcp://127.0.0.1:${port}`).close();
    const { forwarding, cursor } = forwardingOf({ webhook: null, syslog: `tcp://127.0.0.1:${port}` });
    await expect(forwarding.handle('syslog', 0)).rejects.toThrow(/ECONNREFUSED/);
    expect(cursor()).toBe(0);
  });

  test('a receiver named tls:// is spoken to over TLS', async () => {
    let first = '';
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (chunk) => {
        first = chunk.subarray(0, 1).toString('hex');
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const bound = server.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    await expect(openSyslog(`tls://127.0.0.1:${port}`).send(loaded(1, []))).rejects.toThrow();
    // A handshake, and nothing of the event.
    expect(first).toBe('16');
  });
});
