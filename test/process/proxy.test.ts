/** The whole bot behind a proxy, where Slack, PagerDuty and a webhook have names and certificates that only the proxy and a private CA know. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listen, readBody } from '../../src/sandbox/http.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

const JITBOT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));

let folder: string;
let sandbox: Sandbox;
let bot: ChildProcess | null;
let output: string;
/** What the proxy was asked to connect to. */
let asked: string[];
/** Bodies that came to the webhook. */
let came: string[];
let servers: Server[];
let sockets: Socket[];
let env: Record<string, string>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-proxy-'));
  sandbox = await startSandbox(Date.now);
  [bot, output, asked, came, servers, sockets] = [null, '', [], [], [], []];
  certificates();
  const collector = createServer(async (request, response) => {
    came.push(await readBody(request));
    response.writeHead(204).end();
  });
  const port = (address: string) => Number(new URL(address).port);
  const { SLACK_API_URL = '', PAGERDUTY_API_URL = '' } = sandbox.env;
  const tls = await listenTo(
    terminator({
      'slack.test': port(SLACK_API_URL),
      'pagerduty.test': port(PAGERDUTY_API_URL),
      'collector.test': await listenTo(collector),
    }),
  );
  const proxy = `http://127.0.0.1:${await listenTo(tunnel(tls))}`;
  env = {
    ...sandbox.env,
    SLACK_API_URL: 'https://slack.test/api/',
    PAGERDUTY_API_URL: 'https://pagerduty.test',
    JIT_FORWARD_WEBHOOK: 'https://collector.test/events',
    JIT_FORWARD_SECRET: 'a secret of sixteen',
    HTTPS_PROXY: proxy,
    // Slack names the address of its socket itself; here it is a plain one.
    HTTP_PROXY: proxy,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  };
});
afterEach(async () => {
  bot?.kill('SIGKILL');
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

async function listenTo(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  return listen(server);
}

/** An authority of our own, and a certificate of its for the three names. */
function certificates(): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test CA');
  openssl('req', ...key, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=test');
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:slack.test,DNS:pagerduty.test,DNS:collector.test\n');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'request.pem', ...signed, '-out', 'cert.pem');
}

const joined = (one: Socket, other: Socket): void => {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy());
    from.pipe(to);
  }
};

/** Ends TLS, and passes on to what listens without it. */
function terminator(ports: Readonly<Record<string, number>>): Server {
  const options = { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) };
  const server = createTlsServer(options, (socket) => {
    const name = 'servername' in socket ? String(socket.servername) : '';
    joined(socket, connect(ports[name] ?? 9, '127.0.0.1'));
  });
  return server as unknown as Server;
}

/** A proxy that knows where the three names are. */
function tunnel(tlsPort: number): Server {
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', ({ url = '' }, socket: Socket) => {
    asked.push(url);
    const [host = '', port] = url.split(':');
    const there = connect(host.endsWith('.test') ? tlsPort : Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      joined(socket, there);
    });
    there.on('error', () => socket.destroy());
  });
  return server;
}

function start(changed: Record<string, string> = {}): void {
  const variables = { PATH: process.env.PATH ?? '', HOME: folder, ...env, ...changed };
  bot = spawn(process.execPath, [JITBOT, 'start'], { cwd: folder, env: variables, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [bot.stdout, bot.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
}
const soon = { timeout: 25_000, interval: 100 };

test('Slack, its socket, PagerDuty and a webhook go through a proxy with private CA', async () => {
  start();
  await expect.poll(() => output, soon).toContain('"connected to Slack"');
  await expect.poll(() => came.join(), soon).toContain('"hash"');
  await expect.poll(() => asked, soon).toContain('pagerduty.test:443');
  expect(asked).toEqual(expect.arrayContaining(['slack.test:443', 'collector.test:443']));
  expect(asked).toContainEqual(expect.stringMatching(/^127\.0\.0\.1:\d+$/));
  expect(output).not.toContain('PagerDuty does not answer');
});

test('the proxy may stand in .env', async () => {
  writeFileSync(join(folder, '.env'), `HTTPS_PROXY=${env.HTTPS_PROXY}\n`);
  start({ HTTPS_PROXY: '', HTTP_PROXY: '' });
  await expect.poll(() => output, soon).toContain('"connected to Slack"');
  expect(asked).toContain('slack.test:443');
});

test('hosts in NO_PROXY are not asked of the proxy', async () => {
  start({ NO_PROXY: '127.0.0.1,pagerduty.test' });
  await expect.poll(() => output, soon).toContain('"connected to Slack"');
  await expect.poll(() => output, soon).toContain('PagerDuty does not answer');
  expect(asked).toContain('slack.test:443');
  expect(asked.filter((host) => !/^(?:slack|collector)\.test:443$/.test(host))).toEqual([]);
});

test('without the private CA nothing is trusted', async () => {
  start({ NODE_EXTRA_CA_CERTS: '' });
  await expect.poll(() => output, soon).toMatch(/certificate|UNABLE_TO/);
  expect(came).toEqual([]);
});
