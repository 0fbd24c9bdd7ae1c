/** What is delivered is taken where it is signed; anything else is told no, and costs little. */

import { connect, Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Route } from '../../src/http/route.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';
import { freePort } from '../support/ports.ts';

let port: number;
let server: HttpServer;
let log: RecordedLog;
let sockets: Socket[];
let taken: string[];
const route = (more: Partial<Route> = {}): Route => ({
  refuses: ({ 'x-key': key }) => (key === undefined ? 'it has no key' : null),
  isSigned: ({ headers, body }) => headers['x-key'] === `right for ${body.toString()}`,
  take: async ({ body }, response) => {
    taken.push(body.toString());
    response.writeHead(200).end('taken');
  },
  ...more,
});

beforeEach(async () => {
  port = await freePort();
  log = recordedLog();
  sockets = [];
  taken = [];
  const routes = new Map([
    ['/in', route({ probe: 'ssl_check=1' })],
    ['/other', route()],
  ]);
  server = createHttpServer(port, routes, log, { openFiles: 64 });
  await server.open();
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.close();
});

const ask = async (path: string, method: string, body?: string, key?: string) => {
  const headers: Record<string, string> = key === undefined ? {} : { 'x-key': key };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  await response.text();
  return response.status;
};
const open = (text: string, at = port): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: at, host: '127.0.0.1' }, () => {
      socket.write(text);
      resolve(socket);
    });
    // Being cut off is what some of them are for.
    socket.on('error', () => undefined);
    socket.once('error', reject);
    sockets.push(socket);
  });
const answerOn = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
const closed = (socket: Socket) =>
  socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));
const refusals = () => log.lines.filter(({ message }) => message === 'refused a delivery').map(({ facts }) => facts);

test('a signed delivery is taken, once', async () => {
  expect(await ask('/in', 'POST', 'body', 'right for body')).toBe(200);
  expect(await ask('/other', 'POST', 'other', 'right for other')).toBe(200);
  expect(taken).toEqual(['body', 'other']);
});

test.each<[string, string, string, string | undefined, number, string]>([
  ['a wrong signature', '/in', 'POST', 'right for another body', 401, 'its signature is wrong'],
  ['nothing that a sender has', '/in', 'POST', undefined, 401, 'it has no key'],
  ['another method', '/in', 'PUT', 'right for body', 405, 'it is not a POST'],
  ['another path', '/in/deeper', 'POST', 'right for body', 404, 'nothing is delivered there'],
])('with %s nothing is taken, and the log says where it came from', async (_name, path, method, key, status, why) => {
  expect(await ask(path, method, 'body', key)).toBe(status);
  expect(taken).toEqual([]);
  expect(refusals()).toEqual([{ from: expect.stringContaining('127.0.0.1'), status, why }]);
});

test.each<[string, string, number]>([
  ['GET', '/in?ssl_check=1', 200],
  ['GET', '/in?a=b&ssl_check=1', 200],
  ['GET', '/in?ssl_check=10', 405],
  ['GET', '/in', 405],
  ['GET', '/other?ssl_check=1', 405],
  ['POST', '/in?ssl_check=1', 401],
])('%s %s, which only checks that somebody listens, is answered with %i', async (method, path, status) => {
  expect(await ask(path, method)).toBe(status);
  expect(taken).toEqual([]);
});

const head = (more: string) => `POST /in HTTP/1.1\r\nhost: b\r\n${more}\r\n`;

test('a delivery that says it is too large is refused before any of it arrives', async () => {
  const socket = await open(head('x-key: k\r\ncontent-length: 1000001\r\n'));
  expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 413/);
  const allowed = await open(head('x-key: k\r\ncontent-length: 1000000\r\nexpect: 100-continue\r\n'));
  expect(await answerOn(allowed)).toMatch(/^HTTP\/1\.1 100/);
});

test('a sender who goes on after a refusal is cut off', async () => {
  const socket = await open(head('transfer-encoding: chunked\r\n'));
  expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 401/);
  const chunk = `${(500_000).toString(16)}\r\n${'x'.repeat(500_000)}\r\n`;
  for (let each = 0; each < 6; each += 1) socket.write(chunk);
  await closed(socket);
});

test('a sender who sends little more reads the refusal, and may send again', async () => {
  const socket = await open(head('transfer-encoding: chunked\r\n'));
  expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 401/);
  socket.write(`${(1_000).toString(16)}\r\n${'x'.repeat(1_000)}\r\n0\r\n\r\n`);
  socket.write('POST /nowhere HTTP/1.1\r\nhost: b\r\n\r\n');
  expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 404/);
});

test('a body longer than announced is refused', async () => {
  const socket = await open(head('x-key: k\r\ntransfer-encoding: chunked\r\n'));
  socket.write(`${(1_000_001).toString(16)}\r\n${'x'.repeat(1_000_001)}\r\n`);
  expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 413/);
});

test('a delivery that breaks off is in the log, and does nothing else', async () => {
  const socket = await open(`${head('x-key: k\r\ncontent-length: 10\r\n')}abc`);
  socket.destroy();
  await expect
    .poll(() => log.lines.map(({ message }) => message))
    .toContain('dropped a delivery that had not arrived in full');
  expect(taken).toEqual([]);
});

test('a delivery that is dropped because all together are too large is cut off', async () => {
  const wide = await freePort();
  // Room for 32 connections: none of them goes because of their number.
  const roomy = createHttpServer(wide, new Map([['/in', route()]]), log, { openFiles: 128 });
  await roomy.open();
  const large = head('x-key: k\r\ncontent-length: 999999\r\n');
  const all: Socket[] = [];
  for (let each = 0; each < 17; each += 1) {
    const socket = await open(large, wide);
    socket.write('x'.repeat(600_000));
    all.push(socket);
  }
  // Not only when its time is over, which is much later.
  await expect.poll(() => all.filter(({ destroyed }) => destroyed).length, { timeout: 5_000 }).toBe(1);
  await roomy.close();
});

test('a connection is kept while its delivery is handled, and not afterwards', async () => {
  const body = 'x';
  const socket = await open(`${head(`x-key: right for ${body}\r\ncontent-length: 1\r\n`)}${body}`);
  expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 200/);
  const before = performance.now();
  const flood = await Promise.all(Array.from({ length: 20 }, () => open('POST')));
  await closed(socket);
  // Otherwise it would be kept for ten seconds.
  expect(performance.now() - before).toBeLessThan(5_000);
  for (const one of flood) one.destroy();
});

describe('a port', () => {
  test('that is in use is an error that says what to do', async () => {
    const second = createHttpServer(port, new Map(), log, { openFiles: 64 });
    await expect(second.open()).rejects.toThrow(`cannot listen on port ${port}: another program listens there already`);
  });

  test.each([
    ['EACCES', ': this user may not use it; set PORT to one that it may use, such as 3000'],
    ['EADDRNOTAVAIL', ' (listen EADDRNOTAVAIL); set PORT to another one'],
  ])('that the system refuses with %s is an error with its reason', async (code, told) => {
    const refusal = Object.assign(new Error(`listen ${code}`), { code });
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      setImmediate(() => this.emit('error', refusal));
      return this;
    });
    const refused = await createHttpServer(8080, new Map(), log, { openFiles: 64 })
      .open()
      .catch((error: unknown) => error);
    vi.restoreAllMocks();
    expect(refused).toMatchObject({ message: `cannot listen on port 8080${told}`, cause: refusal });
  });

  test('that the system chose is in the log', async () => {
    const lines = recordedLog();
    const one = createHttpServer(0, new Map(), lines, { openFiles: 2_000 });
    await one.open();
    await one.close();
    expect(lines.lines[0]).toMatchObject({ facts: { port: expect.any(Number) } });
    expect(lines.lines[0]?.facts).not.toMatchObject({ port: 0 });
  });

  test('is closed immediately, whoever is connected', async () => {
    const before = performance.now();
    await open('POST /in');
    await server.close();
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('logs its paths, and warns if the process may open few files', async () => {
    expect(log.lines[0]).toMatchObject({
      level: 'info',
      facts: { port, paths: ['/in', '/other'], connections: 16 },
    });
    const warnings = async (files: number) => {
      const lines = recordedLog();
      const one = createHttpServer(await freePort(), new Map(), lines, { openFiles: files });
      await one.open();
      await one.close();
      return lines.lines.filter(({ level }) => level === 'warn').length;
    };
    expect([await warnings(1_023), await warnings(1_024)]).toEqual([1, 0]);
  });
});
