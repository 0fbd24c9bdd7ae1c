/** The real process, really killed. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BotProcess, createBotProcess } from '../../src/sandbox/botProcess.ts';
import { createSandboxClock, type SandboxClock } from '../../src/sandbox/clock/sandboxClock.ts';
import { type Person, personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';

const MINUTE = 60_000;
const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
let clock: SandboxClock;
let sandbox: Sandbox;
let bot: BotProcess;
let ana: Person;
beforeEach(async () => {
  clock = createSandboxClock();
  sandbox = await startSandbox(clock.now);
  bot = createBotProcess(sandbox.env, clock, join(sandbox.directory, 'bot.log'));
  ana = personAt(sandbox.slack, 'U0ANA');
  await bot.start();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    // What the bot and the messages said, for whoever has to find out why.
    const { workspace } = sandbox.slack;
    const messages = workspace.visible(workspace.directChannel('U0ANA').id, 'U0ANA').map((message) => message.text);
    process.stderr.write(
      `${readFileSync(join(sandbox.directory, 'bot.log'), 'utf8')}\nAna's messages:\n${messages.join('\n')}\n`,
    );
  }
  await bot.kill();
  await sandbox.close();
});

const madeRoles = async () =>
  (await query(sandbox.postgres.url('postgres'), ["SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'"]))[0]
    ?.rowCount;
const ask = async () =>
  ana.submit(
    await ana.fillRequest({ search: 'payments', role: 'payments-db/read', reason: 'Stuck payments', minutes: 15 }),
  );
const verify = () => promisify(execFile)(process.execPath, [JIT, 'ledger', 'verify', sandbox.env.JIT_DATABASE ?? '']);

test('killed while active and restarted after the end: taken back first of all', async () => {
  await ask();
  await ana.readsDirect('You have Payments database (read)');
  await bot.kill();
  clock.jump(20 * MINUTE);
  expect(await madeRoles()).toBe(1);
  await bot.start();
  await ana.readsDirect('has ended');
  expect(await madeRoles()).toBe(0);
  expect((await verify()).stdout).toContain('whole');
});

test('killed between a grant’s effect and its record: settled with the target', async () => {
  const held = sandbox.proxy.holdAnswerAfter('CREATE ROLE');
  await ask();
  await held;
  await bot.kill();
  expect(await madeRoles()).toBe(1);
  await bot.start();
  await ana.readsDirect('You have Payments database (read)');
  expect(await madeRoles()).toBe(1);
  clock.jump(20 * MINUTE);
  await ana.readsDirect('has ended');
  expect(await madeRoles()).toBe(0);
});

test('killed before the record, target silent: revoked as soon as it answers', async () => {
  const held = sandbox.proxy.holdAnswerAfter('CREATE ROLE');
  await ask();
  await held;
  await bot.kill();
  sandbox.proxy.cut();
  await bot.start();
  // The target is asked, does not answer, and the bot decides to take back whatever is there.
  await expect
    .poll(() => readFileSync(join(sandbox.directory, 'bot.log'), 'utf8'), { timeout: 20_000 })
    .toContain('revoking failed; it is tried again');
  sandbox.proxy.restore();
  clock.jump(MINUTE);
  await ana.readsDirect('could not be set up');
  expect(await madeRoles()).toBe(0);
});

test('killed in the middle of taking access back: the next start finishes it', async () => {
  await ask();
  const granted = await ana.readsDirect('You have Payments database (read)');
  const held = sandbox.proxy.holdAnswerAfter('NOLOGIN');
  await ana.click(granted, 'grant_end');
  await held;
  await bot.kill();
  await bot.start();
  await ana.readsDirect('ended early');
  expect(await madeRoles()).toBe(0);
  expect((await verify()).stdout).toContain('whole');
});

test('told to stop, it finishes its work, records it and exits with 0', async () => {
  await ask();
  expect(await bot.stop()).toBe(0);
  const { stdout } = await verify();
  expect(stdout).toContain('whole');
  await bot.start();
  await ana.readsDirect('You have Payments database (read)');
});
