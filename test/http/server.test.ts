import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectionsFor, placeOf } from '../../src/http/connections.ts';
import { readObject } from '../../src/http/json.ts';
import type { Route } from '../../src/http/route.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { sparingly } from '../../src/http/sparingly.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';
import { freePort } from '../support/ports.ts';

let port: number;
let server: HttpServer;
let log: RecordedLog;
let sockets: Socket[];
let take: Route['take'];

const route: Route = {
  refuses: ({ 'x-key': key }) => (key === undefined ? 'it has no key' : null),
  isSigned: ({ headers }) => headers['x-key'] === 'right',
  take: (delivery, response) => take(delivery, response),
};

beforeEach(async () => {
  port = await freePort();
  log = recordedLog();
  sockets = [];
  take = async ({ body }, response) => void response.writeHead(200).end(String(body.length));
  // 64 open files: 16 connections.
  server = createHttpServer(port, new Map([['/in', route]]), log, { openFiles: 64 });
  await server.open();
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
});

const open = (from: string, text: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from }, () => {
      socket.write(text);
      resolve(socket);
    });
    socket.on('error', reject);
    sockets.push(socket);
  });
const closed = (socket: Socket) =>
  socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));
const post = (body: Buffer | string, headers: Record<string, string> = { 'x-key': 'right' }) =>
  fetch(`http://127.0.0.1:${port}/in`, { method: 'POST', body, headers });
const HALF = 'POST /in HTTP/1.1\r\nhost: b\r\nx-key: ri';

describe('K8.3 connections', () => {
  test('one client cannot take the connections of another', async () => {
    const before = await open('127.0.0.2', HALF);
    const flood = await Promise.all(Array.from({ length: 40 }, () => open('127.0.0.3', HALF)));
    await Promise.all(flood.slice(0, 20).map(closed));
    expect(before.destroyed).toBe(false);
    const after = await open(
      '127.0.0.4',
      'POST /in HTTP/1.1\r\nhost: b\r\nx-key: right\r\ncontent-length: 2\r\n\r\n{}',
    );
    expect(String(await new Promise((resolve) => after.once('data', resolve)))).toContain('200');
  });

  test('a connection in use is left alone, however many come after it', async () => {
    const working = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    take = async (_, response) => {
      begun.resolve();
      await working.promise;
      response.writeHead(200).end('done');
    };
    const answer = post('{}');
    await begun.promise;
    const flood = await Promise.all(Array.from({ length: 40 }, () => open('127.0.0.1', HALF)));
    await Promise.all(flood.slice(0, 20).map(closed));
    working.resolve();
    expect(await (await answer).text()).toBe('done');
  });

  test('stay far below what the process may open, logged if few', () => {
    expect(connectionsFor(1_024)).toBe(256);
    expect(connectionsFor(256)).toBe(64);
    expect(connectionsFor(Number.POSITIVE_INFINITY)).toBe(256);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('may open only 64 files') }),
    );
  });

  test('one address of an IPv6 network counts as all of it', () => {
    expect(placeOf('2001:db8:1:2:3:4:5:6')).toBe(placeOf('2001:db8:1:2::9'));
    expect(placeOf('2001:db8:1:2::9')).not.toBe(placeOf('2001:db8:1:3::9'));
    expect(placeOf('::1')).toBe(placeOf('::2'));
    expect(placeOf('::ffff:192.0.2.7')).toBe('192.0.2.7');
  });
});

describe('K8.4 bodies', () => {
  test('are not read without the headers that the sender always sends', async () => {
    const socket = await open('127.0.0.1', 'POST /in HTTP/1.1\r\nhost: b\r\ncontent-length: 900000\r\n\r\n');
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toContain('401');
  });

  test('that wait for 100-continue get it only with the sender’s headers', async () => {
    const head = (key: string) =>
      `POST /in HTTP/1.1\r\nhost: b\r\n${key}content-length: 2\r\nexpect: 100-continue\r\n\r\n`;
    const stranger = await open('127.0.0.1', head(''));
    expect(String(await new Promise((resolve) => stranger.once('data', resolve)))).toMatch(/^HTTP\/1\.1 401/);
    const sender = await open('127.0.0.1', head('x-key: right\r\n'));
    expect(String(await new Promise((resolve) => sender.once('data', resolve)))).toMatch(/^HTTP\/1\.1 100/);
    sender.write('{}');
    expect(String(await new Promise((resolve) => sender.once('data', resolve)))).toMatch(/^HTTP\/1\.1 200/);
  });

  test('of a sender who goes on after a refusal are cut off', async () => {
    const socket = await open('127.0.0.1', 'POST /nowhere HTTP/1.1\r\nhost: b\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
    socket.on('error', () => undefined).resume();
    for (let sent = 0; sent < 1_000 && !socket.destroyed; sent += 1)
      if (!socket.write(chunk))
        await new Promise((resolve) => void socket.once('drain', resolve).once('close', resolve));
    await closed(socket);
    // What lay in buffers on the way may have been more than what was taken.
    expect(socket.bytesWritten).toBeLessThan(20_000_000);
  });

  test('share one limit: the largest unfinished goes, and a small one is accepted', async () => {
    const large = 'POST /in HTTP/1.1\r\nhost: b\r\nx-key: wrong\r\ncontent-length: 999999\r\n\r\n';
    // 14 connections with nearly a megabyte each, whose buffers hold a megabyte each, and then more.
    for (let round = 0; round < 3; round += 1)
      for (let each = 0; each < 14; each += 1) (await open('127.0.0.2', large)).write(Buffer.alloc(950_000));
    expect(await (await post('{}')).text()).toBe('2');
  });

  test('of exactly the limit are taken, and one byte more is not', async () => {
    expect(await (await post(Buffer.alloc(1_000_000))).text()).toBe('1000000');
    expect((await post(Buffer.alloc(1_000_001))).status).toBe(413);
  });
});

describe('K8.1 faults', () => {
  test.each<[string, Route['take']]>([
    [
      'thrown at once',
      () => {
        throw new TypeError('a fault');
      },
    ],
    ['thrown later', async () => Promise.reject(new TypeError('a fault'))],
  ])('one that is %s is answered with 500, and logged', async (_name, faulty) => {
    take = faulty;
    expect((await post('{}')).status).toBe(500);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('send it again') });
  });

  test('any method but POST is refused by name', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const response = await fetch(`http://127.0.0.1:${port}/in`, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });
});

test('K8.5 what anybody can cause is said once a minute, with how often it happened', () => {
  let now = 0;
  const said: object[] = [];
  const say = sparingly(
    (facts) => void said.push(facts),
    () => now,
  );
  for (let each = 0; each < 1_000; each += 1) say('wrong', { why: 'wrong' }, 'refused');
  say('other', { why: 'other' }, 'refused');
  now = 60_000;
  say('wrong', { why: 'wrong' }, 'refused');
  expect(said).toEqual([{ why: 'wrong' }, { why: 'other' }, { why: 'wrong', andSince: 999 }]);
});

test.each([
  ['{"a":[1,"]]]{{{"]}', { a: [1, ']]]{{{'] }],
  ['{"a":"\\"[[["}', { a: '"[[[' }],
  ['null', null],
  ['[]', null],
  ['3', null],
  ['{', null],
  ['', null],
  ['['.repeat(1_000_000), null],
  [`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`, null],
])('K8.2 of JSON only objects of a sensible depth are taken: %#', (text, expected) => {
  expect(readObject(text)).toEqual(expected);
});

test('K8.7 many things beside each other are not deep', () => {
  expect(readObject(`{"a":[${'[],'.repeat(500)}{}]}`)).not.toBeNull();
  expect(readObject(`{"a":${'['.repeat(100)}${']'.repeat(100)}}`)).toBeNull();
});
