/** What ends other processes. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createBotProcess } from '../../src/sandbox/botProcess.ts';
import { createSandboxClock } from '../../src/sandbox/clock/sandboxClock.ts';
import { personAt } from '../../src/sandbox/person.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';

const LOG = fileURLToPath(new URL('../../src/app/log.ts', import.meta.url));

test('K8.1 a fault that nobody caught is in the log, and access still ends on time', async () => {
  const clock = createSandboxClock();
  const sandbox = await startSandbox(clock.now);
  const logPath = join(sandbox.directory, 'bot.log');
  // Planted from outside: at a signal, one fault is thrown in the event loop and one in a promise.
  const fault =
    "data:text/javascript,process.on('SIGUSR2',()=>{Promise.reject(new/**/Error('planted/later'));throw/**/new/**/Error('planted/now')})";
  const bot = createBotProcess({ ...sandbox.env, NODE_OPTIONS: `--import=${fault}` }, clock, logPath);
  try {
    await bot.start();
    const ana = personAt(sandbox.slack, 'U0ANA');
    await ana.jit('request payments read 15m stuck payments');
    await ana.readsDirect('You have Payments database (read)');
    process.kill(bot.pid() ?? 0, 'SIGUSR2');
    await expect.poll(() => readFileSync(logPath, 'utf8'), { timeout: 10_000 }).toMatch(/planted.*planted/s);
    clock.jump(16 * 60_000);
    await ana.readsDirect('has ended');
    expect(bot.running()).toBe(true);
  } finally {
    await bot.kill();
    await sandbox.close();
  }
}, 60_000);

test('K8.1 a log that cannot be written ends no process and holds none up', () => {
  const script = `
    const { createLog } = await import(${JSON.stringify(LOG)});
    const log = createLog('info', []);
    process.on('uncaughtException', () => process.exit(3));
    for (let line = 0; line < 5_000; line += 1) log.info({ line }, 'x'.repeat(2_000));
    setTimeout(() => { process.stderr.write('alive'); process.exit(0); }, 50);`;
  const { stderr, status } = spawnSync(
    'sh',
    ['-c', 'exec "$0" --input-type=module -e "$1" > /dev/full', process.execPath, script],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  expect([status, stderr]).toEqual([0, 'alive']);
});
