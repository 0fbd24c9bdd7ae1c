/** A whole bot in a process of its own, with its ledger on a real PostgreSQL. */

import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BotProcess, createBotProcess } from '../../src/sandbox/botProcess.ts';
import { createSandboxClock, type SandboxClock } from '../../src/sandbox/clock/sandboxClock.ts';
import { type Person, personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { startTargetProxy } from '../../src/sandbox/targetProxy.ts';

const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
let sandbox: Sandbox;
let clock: SandboxClock;
let address: string;
let cable: Awaited<ReturnType<typeof startTargetProxy>>;
let bot: BotProcess;
let other: BotProcess;
let ana: Person;
beforeEach(async () => {
  clock = createSandboxClock();
  sandbox = await startSandbox(clock.now);
  await query(sandbox.postgres.url('postgres'), [
    "CREATE ROLE ledger_owner LOGIN PASSWORD 'owner-secret-1'",
    "CREATE ROLE ledger_bot LOGIN PASSWORD 'ledger-secret-1'",
    'CREATE DATABASE jitbot OWNER ledger_owner',
  ]);
  const owner = sandbox.postgres.url('jitbot', 'ledger_owner', 'owner-secret-1');
  cable = await startTargetProxy(sandbox.postgres.port);
  address = `postgres://ledger_bot:ledger-secret-1@127.0.0.1:${cable.port}/jitbot`;
  expect(await jitbot('ledger', 'setup', '--role', 'ledger_bot', owner)).toMatchObject({ code: 0 });
  bot = createBotProcess(env(), clock, join(sandbox.directory, 'bot.log'));
  other = createBotProcess(env(), clock, join(sandbox.directory, 'other.log'));
  ana = personAt(sandbox.slack, 'U0ANA');
  await bot.start();
  await ready();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(readFileSync(join(sandbox.directory, 'bot.log'), 'utf8'));
  await Promise.all([bot.kill(), other.kill()]);
  await cable.close();
  await sandbox.close();
});

/** The ledger was checked: nothing is granted before. */
const ready = () =>
  expect
    .poll(async () => (await fetch(`http://127.0.0.1:${sandbox.env.PORT}/readyz`)).status, { timeout: 20_000 })
    .toBe(200);
const env = (): Record<string, string> => ({ ...sandbox.env, JIT_DATABASE: address });
const jitbot = (...args: readonly string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [JIT, ...args], { env: { ...process.env, ...env() } }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: `${out}${err}` }),
    );
  });
const types = async (): Promise<string[]> => {
  const [events] = await query(sandbox.postgres.url('jitbot'), ['SELECT type FROM events ORDER BY seq']);
  return (events?.rows ?? []).map(({ type }: { type: string }) => type);
};
const recorded = (type: string, times = 1, timeout = 20_000) =>
  expect
    .poll(async () => (await types()).filter((one) => one === type).length, { timeout, interval: 100 })
    .toBeGreaterThanOrEqual(times);
/** Logins that the bot made. */
const logins = async (): Promise<number> => {
  const [made] = await query(sandbox.postgres.url('postgres'), [
    "SELECT 1 FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolcanlogin",
  ]);
  return made?.rows.length ?? 0;
};

test('access survives a killed bot and ends on time, and commands tell of it', {
  timeout: 120_000,
}, async () => {
  await ana.jit('request payments read 30m stuck payments');
  await ana.readsDirect('You have Payments database (read)');
  expect(await logins()).toBe(1);
  expect(await jitbot('status')).toMatchObject({ code: 0, out: expect.stringMatching(/access +1 active/) });

  await bot.kill();
  // Its lease runs out.
  await expect.poll(async () => (await jitbot('status')).out, { timeout: 15_000 }).toContain('NOT RUNNING');
  clock.jump(31 * 60_000);
  await bot.start();
  await recorded('grant.ended');
  expect(await logins()).toBe(0);

  expect(await jitbot('ledger', 'verify')).toMatchObject({ code: 0, out: expect.stringContaining('whole') });
  expect((await jitbot('audit', '--person', 'U0ANA')).out).toContain('stuck payments');
  expect((await jitbot('report')).out.includes('payments-db/read')).toBe(true);
  expect(await jitbot('policy', 'replay', '--policy', sandbox.env.JIT_POLICY ?? '')).toMatchObject({ code: 0 });
  const copy = join(sandbox.directory, 'copy.db');
  expect(await jitbot('backup', copy)).toMatchObject({ code: 0 });
  expect(await jitbot('ledger', 'verify', copy)).toMatchObject({ code: 0 });
  rmSync(copy);
  expect(await bot.stop()).toBe(0);
  expect((await types()).at(-1)).toBe('bot.stopped');
});

test('access ends on time without its database, and is recorded afterwards', {
  timeout: 120_000,
}, async () => {
  await ana.jit('request payments read 30m stuck payments');
  await ana.readsDirect('You have Payments database (read)');
  await recorded('grant.activated');
  cable.cut();
  clock.jump(31 * 60_000);
  await expect.poll(logins, { timeout: 30_000 }).toBe(0);
  expect(await types()).not.toContain('grant.ended');
  cable.restore();
  await recorded('grant.ended', 1, 60_000);
  expect(await jitbot('ledger', 'verify')).toMatchObject({ code: 0 });
});

test('a second bot on the same database is refused, and grants nothing', { timeout: 120_000 }, async () => {
  await expect(other.start()).rejects.toThrow();
  const said = readFileSync(join(sandbox.directory, 'other.log'), 'utf8');
  expect(said).toContain('another bot works on this database already; stop it first');
  expect(said).not.toContain('ledger-secret-1');
  expect((await types()).filter((type) => type === 'bot.started')).toHaveLength(1);
});

test('a pause before maintenance keeps it from granting', { timeout: 120_000 }, async () => {
  expect(await jitbot('drain', '--for', '45m')).toMatchObject({ code: 0 });
  await ana.jit('request payments read 30m stuck payments');
  await ana.told('Nothing new is granted');
  expect(await jitbot('drain', '--off')).toMatchObject({ code: 0 });
  await ana.jit('request payments read 30m stuck payments');
  await ana.readsDirect('You have Payments database (read)');
});
