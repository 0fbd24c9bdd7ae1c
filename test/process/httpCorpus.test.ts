/** The real process, and everything that a network can throw at its port while access ends on time. */

import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BotProcess, createBotProcess } from '../../src/sandbox/botProcess.ts';
import { createSandboxClock, type SandboxClock } from '../../src/sandbox/clock/sandboxClock.ts';
import { type Person, personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { corpus, halfSent, mutated, pagerDutySignature, type Seed, send, slackSignature } from './httpCorpus.ts';

const MINUTE = 60_000;
const MB = 1_000_000;
/** What many service managers allow a process. */
const OPEN_FILES = 1_024;
const SIGNING_SECRET = 'sandbox-signing-secret';
const MUTATIONS = 150;

let clock: SandboxClock;
let sandbox: Sandbox;
let bot: BotProcess;
let ana: Person;
let held: Socket[];
const port = () => Number(sandbox.env.PORT);

async function start(mode: 'socket' | 'http'): Promise<void> {
  const env =
    mode === 'socket' ? sandbox.env : { ...sandbox.env, SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: SIGNING_SECRET };
  if (mode === 'http') sandbox.slack.link.useHttp(`http://127.0.0.1:${port()}/slack/events`);
  bot = createBotProcess(env, clock, join(sandbox.directory, 'bot.log'), OPEN_FILES);
  await bot.start();
}

beforeEach(async () => {
  clock = createSandboxClock();
  sandbox = await startSandbox(clock.now);
  ana = personAt(sandbox.slack, 'U0ANA');
  held = [];
});
afterEach(async ({ task }) => {
  for (const socket of held) socket.destroy();
  if (task.result?.state === 'fail') process.stderr.write(readFileSync(join(sandbox.directory, 'bot.log'), 'utf8'));
  await bot.kill();
  await sandbox.close();
});

const residentBytes = () =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${bot.pid()}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1_024;
const openFiles = () => readdirSync(`/proc/${bot.pid()}/fd`).length;
const madeRoles = async () =>
  (await query(sandbox.postgres.url('postgres'), ["SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'"]))[0]
    ?.rowCount;
async function holds(): Promise<void> {
  await ana.jit('request payments read 15m stuck payments');
  await ana.readsDirect('You have Payments database (read)');
  expect(await madeRoles()).toBe(1);
}
/** Its time comes, and it is over: at the database, and Ana is told. */
async function endsOnTime(): Promise<void> {
  const after = sandbox.slack.workspace.newTs();
  clock.jump(16 * MINUTE);
  await ana.readsDirect('has ended', after);
  expect(await madeRoles()).toBe(0);
}
/** The same looked at again and again, a tenth of a second apart. */
async function samples(count: number, look: () => number): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < count) {
    seen.push(look());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return seen;
}
async function throwAll(seeds: readonly Seed[]): Promise<void> {
  for (let at = 0; at < seeds.length; at += 20) {
    await Promise.all(seeds.slice(at, at + 20).map((seed) => send(port(), seed)));
    if (!bot.running()) throw new Error(`the bot ended at one of: ${seeds.slice(at, at + 20).map(({ name }) => name)}`);
  }
}

describe.each(['socket', 'http'] as const)('in %s mode', (mode) => {
  beforeEach(() => start(mode));
  const route = () =>
    mode === 'http'
      ? ({ path: '/slack/events', sign: slackSignature(SIGNING_SECRET, clock.now) } as const)
      : ({
          path: '/pagerduty/events',
          sign: pagerDutySignature(sandbox.env.PAGERDUTY_WEBHOOK_SECRET ?? ''),
        } as const);

  test('K8.1 K8.2 K8.5 each corpus seed leaves the process alive, access ends on time', async () => {
    await holds();
    const { path, sign } = route();
    const seeds = corpus(path, sign);
    const otherPath = mode === 'http' ? '/pagerduty/events' : '/slack/events';
    const chosen = Math.floor(Date.now() % 1_000_000);
    const all = [...seeds, ...corpus(otherPath, sign), ...mutated(seeds, chosen, MUTATIONS)];
    const before = residentBytes();
    await throwAll(all).catch((error: unknown) => {
      throw new Error(`with seed ${chosen}`, { cause: error });
    });
    await endsOnTime();
    expect(residentBytes() - before).toBeLessThan(250 * MB);
    await expect.poll(openFiles, { timeout: 20_000 }).toBeLessThan(120);
  }, 120_000);

  test('K8.3 1,500 half-sent requests keep no outgoing connection from being made', async () => {
    await holds();
    const { path } = route();
    const beginning = `POST ${path} HTTP/1.1\r\nhost: bot.example\r\nx-slow: `;
    for (let round = 0; round < 15; round += 1)
      held.push(...(await Promise.all(Array.from({ length: 100 }, () => halfSent(port(), beginning)))));
    expect(openFiles()).toBeLessThan(OPEN_FILES / 2);
    await endsOnTime();
    const readAgain = sandbox.slack.workspace.newTs();
    await ana.jit('list');
    await ana.told('You have no access', readAgain);
    expect(bot.running()).toBe(true);
  }, 60_000);

  test('K8.4 bodies that nobody signed take no more memory than a bound', async () => {
    await holds();
    const { path, sign } = route();
    const before = residentBytes();
    const announced = `POST ${path} HTTP/1.1\r\nhost: bot.example\r\n${sign('something else')}content-length: 999999\r\n\r\n`;
    // Small pieces, each with a pause of the network after it, keep the most alive of what is read.
    const piece = Buffer.alloc(9_000, 'x');
    for (let round = 0; round < 10; round += 1) {
      const opened = await Promise.all(Array.from({ length: 60 }, () => halfSent(port(), announced)));
      held.push(...opened);
      for (let at = 0; at < 100; at += 1) for (const socket of opened) if (socket.writable) socket.write(piece);
      await Promise.all(opened.map((socket) => new Promise((resolve) => socket.write('', resolve))));
    }
    // What the network still holds is read by and by: the bot has seen it all when one more request is answered.
    await expect
      .poll(() => send(port(), { name: 'one more', parts: [`GET ${path} HTTP/1.1\r\nhost: b\r\n\r\n`] }), {
        timeout: 40_000,
      })
      .toMatch(/HTTP/);
    const peak = Math.max(...(await samples(20, residentBytes)));
    expect(peak - before).toBeLessThan(200 * MB);
    await endsOnTime();
  }, 90_000);

  test('K8.5 signed deliveries in chunks, with Expect, or pipelined are accepted', async () => {
    const { path, sign } = route();
    const body = '{"type":"url_verification","challenge":"c"}';
    const expected = mode === 'http' ? /HTTP\/1\.1 200/ : /HTTP\/1\.1 202/;
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const head = (lines: string) => `POST ${path} HTTP/1.1\r\nhost: b\r\n${sign(body)}${lines}\r\n`;
    const inChunks = head('transfer-encoding: chunked\r\n') + chunk;
    expect(await send(port(), { name: 'chunks', parts: [inChunks] })).toMatch(expected);
    const polite = head(`expect: 100-continue\r\ncontent-length: ${body.length}\r\n`);
    expect(await send(port(), { name: 'expect', parts: [polite, body] })).toMatch(expected);
    const several = await send(port(), { name: 'several', parts: [inChunks, inChunks, inChunks] });
    expect(several.match(new RegExp(expected, 'g'))).toHaveLength(3);
  }, 30_000);
});
