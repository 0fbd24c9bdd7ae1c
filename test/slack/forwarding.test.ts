import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
const SECRET = 'a secret of sixteen';
let stage: Stage;
afterEach(() => stage.close());

const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck “payments”');
  await stage.ana.readsDirect('You have Payments database (read)');
};
/** Until as many came as the ledger has, and they are the same ones. */
const cameWhole = (came: () => readonly unknown[]) =>
  vi.waitFor(() => expect(came()).toEqual(stage.events()), { timeout: 10_000, interval: 25 });

/** A receiver that can be down, and forgets nothing that it took. */
async function webhookReceiver() {
  const came: LedgerEvent[] = [];
  const state = { isDown: false, wrongSignatures: 0, onEvent: (): void => undefined };
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const signed = `${request.headers['webhook-id']}.${request.headers['webhook-timestamp']}.${body}`;
    const expected = `v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`;
    if (request.headers['webhook-signature'] !== expected) state.wrongSignatures += 1;
    if (!state.isDown) came.push(JSON.parse(body) as LedgerEvent);
    state.onEvent();
    response.writeHead(state.isDown ? 503 : 204).end();
  });
  const port = await listen(server);
  onTestFinished(() => closeServer(server));
  const env = { JIT_FORWARD_WEBHOOK: `http://127.0.0.1:${port}/jit`, JIT_FORWARD_SECRET: SECRET };
  return { came, state, env };
}

/** Splits a stream into messages of counted octets. */
function* counted(bytes: Buffer): Generator<string> {
  for (let rest = bytes; rest.length > 0; ) {
    const space = rest.indexOf(' ');
    const length = Number(rest.subarray(0, space).toString());
    const end = space + 1 + length;
    if (space < 1 || rest.length < end) return;
    yield rest.subarray(space + 1, end).toString('utf8');
    rest = rest.subarray(end);
  }
}
const eventIn = (line: string): LedgerEvent => JSON.parse(line.slice(line.indexOf('\uFEFF') + 1)) as LedgerEvent;

describe('events sent on to a webhook', () => {
  test('arrive signed, all of them, in order and once', async () => {
    const receiver = await webhookReceiver();
    stage = await setStage({ env: receiver.env });
    await hold();
    await cameWhole(() => receiver.came);
    expect(receiver.state.wrongSignatures).toBe(0);
  });

  test('a receiver that takes its time gets everything all the same', async () => {
    const receiver = await webhookReceiver();
    stage = await setStage({ env: receiver.env });
    await cameWhole(() => receiver.came);
    receiver.state.onEvent = () => stage.clock.jump(6_000);
    await hold();
    await cameWhole(() => receiver.came);
  });

  test('a receiver’s outage and a restart meanwhile lose and delay nothing', async () => {
    const receiver = await webhookReceiver();
    stage = await setStage({ env: receiver.env });
    await cameWhole(() => receiver.came);
    receiver.state.isDown = true;
    await hold();
    await stage.logged('a job failed', 1);
    await stage.restart();
    receiver.state.isDown = false;
    stage.clock.jump(6 * MINUTE);
    await cameWhole(() => receiver.came);
  });
});

describe('events sent on to syslog', () => {
  test('over TCP each is a message of counted octets with what one filters by', async () => {
    const chunks: Buffer[] = [];
    const server = createTcpServer((socket) => socket.on('data', (chunk) => chunks.push(chunk)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    stage = await setStage({ env: { JIT_FORWARD_SYSLOG: `tcp://127.0.0.1:${port}` } });
    await hold();
    const lines = () => [...counted(Buffer.concat(chunks))];
    await cameWhole(() => lines().map(eventIn));
    const { seq, at, hash, requestId, grantId } = await stage.recorded('grant.activated');
    const line = lines()[seq - 1] ?? '';
    const time = new Date(at).toISOString();
    expect(line).toMatch(new RegExp(`^<110>1 ${time} [!-~]+ jitbot - grant\\.activated \\[jit@32473 `));
    expect(line).toContain(`[jit@32473 seq="${seq}" hash="${hash}" request="${requestId}" grant="${grantId}"] \uFEFF{`);
  });

  test('break-glass is a warning, over UDP too', async () => {
    const came: string[] = [];
    const socket = createSocket('udp4', (message) => came.push(message.toString('utf8')));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void socket.close(() => resolve())));
    stage = await setStage({ env: { JIT_FORWARD_SYSLOG: `udp://127.0.0.1:${socket.address().port}` } });
    await stage.ben.jit('break-glass payments admin 20m Checkout is down for everybody');
    await stage.recorded('break_glass.invoked');
    await cameWhole(() => came.map(eventIn));
    expect(came.find((line) => line.includes(' break_glass.invoked '))).toMatch(/^<108>1 /);
  });

  test('a missing receiver is retried until it is there, and access ends on time', async () => {
    stage = await setStage({ env: { JIT_FORWARD_SYSLOG: 'tcp://127.0.0.1:1' } });
    await hold();
    await stage.logged('a job failed', 1);
    stage.clock.jump(61 * MINUTE);
    await stage.ana.readsDirect('has ended');
    expect(await stage.madeRoles()).toEqual([]);
  });
});
