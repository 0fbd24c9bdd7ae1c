/** Two whole bots on one PostgreSQL: one is frozen in mid-life, the other one takes over, and the first one wakes. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BotProcess, createBotProcess } from '../../src/sandbox/botProcess.ts';
import { createSandboxClock } from '../../src/sandbox/clock/sandboxClock.ts';
import { type Person, personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
const clock = createSandboxClock();
let sandbox: Sandbox;
let first: BotProcess;
let second: BotProcess;
let port: number;
let ana: Person;
beforeEach(async () => {
  sandbox = await startSandbox(clock.now);
  await query(sandbox.postgres.url('postgres'), ['CREATE DATABASE jitbot']);
  const env: Record<string, string> = { ...sandbox.env, JIT_DATABASE: sandbox.postgres.url('jitbot') };
  first = createBotProcess(env, clock, join(sandbox.directory, 'first.log'));
  // A port of its own: both are alive at once.
  port = await freePort();
  const standby = { ...env, PORT: String(port), JIT_STANDBY: 'yes' };
  second = createBotProcess(standby, clock, join(sandbox.directory, 'second.log'));
  ana = personAt(sandbox.slack, 'U0ANA');
  await first.start();
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${sandbox.env.PORT}/readyz`)).status, { timeout: 20_000 })
    .toBe(200);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    for (const name of ['first', 'second'])
      process.stderr.write(readFileSync(join(sandbox.directory, `${name}.log`), 'utf8'));
  signal('SIGCONT');
  await Promise.all([first.kill(), second.kill()]);
  await sandbox.close();
});

function signal(name: NodeJS.Signals): void {
  const pid = first.pid();
  if (pid !== null && first.running()) process.kill(pid, name);
}
const types = async (): Promise<string[]> => {
  const [events] = await query(sandbox.postgres.url('jitbot'), ['SELECT type FROM events ORDER BY seq']);
  return (events?.rows ?? []).map(({ type }: { type: string }) => type);
};
const count = async (type: string) => (await types()).filter((one) => one === type).length;
const logins = async (): Promise<number> => {
  const [made] = await query(sandbox.postgres.url('postgres'), [
    "SELECT 1 FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolcanlogin",
  ]);
  return made?.rows.length ?? 0;
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || !address) throw new Error('there is no free port');
  return address.port;
}
const page = async (path: string) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
  return answer && { status: answer.status, body: await answer.json() };
};

test('a standby is alive and not ready, and takes the place of one that dies', {
  timeout: 120_000,
}, async () => {
  await ana.jit('request payments read 30m stuck payments');
  await ana.readsDirect('You have Payments database (read)');
  const started = second.start();
  await expect.poll(() => page('/readyz'), { timeout: 10_000 }).toMatchObject({ status: 503 });
  expect(await page('/healthz')).toEqual({ status: 200, body: { alive: true, standby: true } });
  expect(await count('bot.started')).toBe(1);
  await first.kill();
  const died = performance.now();
  clock.jump(31 * 60_000);
  await expect.poll(logins, { timeout: 30_000, interval: 100 }).toBe(0);
  expect(performance.now() - died).toBeLessThan(15_000);
  await started;
  await expect.poll(() => page('/readyz'), { timeout: 20_000 }).toMatchObject({ status: 200 });
});

test('a standby that is told to stop stops at once, with nothing amiss', { timeout: 60_000 }, async () => {
  const started = second.start().catch(() => undefined);
  await expect.poll(() => page('/healthz'), { timeout: 10_000 }).toMatchObject({ status: 200 });
  expect(await second.stop()).toBe(0);
  await started;
  expect(await count('bot.started')).toBe(1);
});

test('what was frozen is done by another one, which it finds when it wakes, and ends', {
  timeout: 120_000,
}, async () => {
  await ana.jit('request payments read 30m stuck payments');
  await ana.readsDirect('You have Payments database (read)');
  signal('SIGSTOP');
  clock.jump(31 * 60_000);
  await second.start();
  await expect.poll(() => count('grant.ended'), { timeout: 30_000 }).toBe(1);
  expect(await logins()).toBe(0);

  signal('SIGCONT');
  await expect.poll(() => first.running(), { timeout: 20_000 }).toBe(false);
  const said = readFileSync(join(sandbox.directory, 'first.log'), 'utf8');
  expect(said).toContain('another bot works on this ledger now; this one can write nothing any more, and stops');
  const seen = await types();
  expect(seen.filter((type) => type === 'bot.started')).toHaveLength(2);
  expect(seen).not.toContain('bot.stopped');
  expect(await count('grant.ended')).toBe(1);
  expect(await logins()).toBe(0);
  const { code } = await new Promise<{ code: number }>((resolve) => {
    const env = { ...process.env, JIT_DATABASE: sandbox.postgres.url('jitbot') };
    execFile(process.execPath, [JIT, 'ledger', 'verify'], { env }, (error) =>
      resolve({ code: error === null ? 0 : Number(error.code) }),
    );
  });
  expect(code).toBe(0);
});
