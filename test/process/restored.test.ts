/** A whole bot in a process of its own: a copy is made while it writes, life goes on, and the old copy is put back. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventType } from '../../src/domain/events.ts';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { type BotProcess, createBotProcess } from '../../src/sandbox/botProcess.ts';
import { createSandboxClock } from '../../src/sandbox/clock/sandboxClock.ts';
import { type Person, personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventsIn } from '../support/events.ts';

const JIT = fileURLToPath(new URL('../../src/cli/jitbot.js', import.meta.url));
let sandbox: Sandbox;
let bot: BotProcess;
let ana: Person;
let dev: Person;
let eve: Person;
let copy: string;
beforeEach(async () => {
  const clock = createSandboxClock();
  sandbox = await startSandbox(clock.now);
  bot = createBotProcess(sandbox.env, clock, join(sandbox.directory, 'bot.log'));
  copy = join(sandbox.directory, 'copy.db');
  [ana, dev, eve] = [
    personAt(sandbox.slack, 'U0ANA'),
    personAt(sandbox.slack, 'U0DEV'),
    personAt(sandbox.slack, 'U0EVE'),
  ];
  await bot.start();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(readFileSync(join(sandbox.directory, 'bot.log'), 'utf8'));
  await bot.kill();
  await sandbox.close();
});

/** As an operator types it, beside the bot. */
const jitbot = (...args: readonly string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [JIT, ...args], { env: { ...process.env, ...sandbox.env } }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: `${out}${err}` }),
    );
  });
const database = () => sandbox.env.JIT_DATABASE ?? '';
const events = (path = database()) => {
  const ledger = openLedgerToRead(path);
  const found = eventsIn(ledger);
  ledger.close();
  return found;
};
const newest = (path?: string) => events(path).at(-1)?.seq ?? 0;
const count = (type: EventType) => events().filter((event) => event.type === type).length;
const recorded = (type: EventType, times = 1, timeout = 20_000) =>
  expect.poll(() => count(type), { timeout, interval: 100 }).toBeGreaterThanOrEqual(times);

/** What PostgreSQL itself says: logins that the bot made, and its roles in the hands of people's own logins. */
async function held(): Promise<string[]> {
  const [made, members] = await query(sandbox.postgres.url('postgres'), [
    "SELECT rolname AS held FROM pg_roles WHERE rolname LIKE 'jit\\_%' AND rolcanlogin",
    "SELECT r.rolname || ' to ' || m.rolname AS held FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member WHERE m.rolname IN ('ana', 'ben', 'dev')",
  ]);
  return [...(made?.rows ?? []), ...(members?.rows ?? [])].map((row: { held: string }) => row.held);
}
const auditTexts = () =>
  sandbox.slack.workspace.messages
    .filter(({ channel }) => channel === 'C0AUDIT')
    .map((message) => JSON.stringify(message.blocks));
const isShown = (text: string) => auditTexts().some((one) => one.includes(text));

/** Somebody asks and takes it back, over and over, until they are told to stop. */
function keepsWriting(): () => Promise<void> {
  let isOver = false;
  const going = (async () => {
    for (let round = 0; !isOver; round += 1) {
      await dev.jit(`request feature-flags edit 30m checkout flag ${round}`);
      await recorded('grant.activated', round + 2);
      await dev.jit('revoke feature-flags');
      await recorded('grant.ended', round + 1);
    }
  })();
  return async () => {
    isOver = true;
    await going;
  };
}

test('an old copy of a bot that wrote and lived on ends all access that came after it', {
  timeout: 200_000,
}, async () => {
  await ana.jit('request payments read 30m stuck payments');
  const access = await ana.readsDirect('You have Payments database (read)');
  const stopWriting = keepsWriting();
  await recorded('grant.ended');
  const made = await jitbot('backup', copy);
  await recorded('grant.ended', count('grant.ended') + 1);
  await stopWriting();
  expect(made).toMatchObject({ code: 0, out: expect.stringContaining(`up to event #${newest(copy)}`) });
  expect(newest()).toBeGreaterThan(newest(copy));

  // Life goes on: what the copy calls live ends, and what it has never heard of begins.
  await ana.click(access, 'grant_end');
  await ana.readsDirect('ended early');
  await dev.jit('request payments read 30m stuck payments as well');
  await dev.readsDirect('You have Payments database (read)');
  await ana.jit('request orders read 30m order 4411');
  await ana.readsDirect('You have Orders database (read)');
  expect(await held()).toHaveLength(2);
  const lost = events().filter((event) => event.seq > newest(copy));
  const lastLost = lost.at(-1)?.seq ?? 0;
  await expect.poll(() => isShown(`#${lastLost}`), { timeout: 20_000 }).toBe(true);
  await bot.kill();

  const put = await jitbot('restore', copy);
  expect(put).toMatchObject({ code: 0, out: expect.stringContaining(`It ends with event #${newest(copy)}`) });
  await bot.start();
  // A grant that was under way in the copy may still be carried out by its target: it is waited for.
  await recorded('ledger.reconciled', 1, 90_000);
  expect(await held()).toEqual([]);
  expect(events().filter(({ type }) => type === 'drift.removed')).toHaveLength(2);

  // The channel says what happened, and has the numbers that the copy lacks.
  const end = `the ledger was put back from a copy* that ends with event ${newest(copy)}. What it replaces had reached event ${lastLost}`;
  await expect.poll(() => isShown(end), { timeout: 20_000 }).toBe(true);
  for (const { seq, grantId } of lost)
    expect([seq, isShown(`#${seq}`) && (grantId === null || isShown(grantId))]).toEqual([seq, true]);
  expect((await jitbot('ledger', 'verify')).out).toContain('whole');

  // Nothing new before an administrator has looked.
  await ana.jit('request payments read 30m stuck again');
  await ana.told('Nothing can be granted now');
  await eve.jit('audit looked we compared it with the channel');
  await recorded('ledger.looked');
  await ana.jit('request payments read 30m stuck once more');
  await recorded('grant.activated', count('grant.activated') + 1);
  expect(await held()).toHaveLength(1);
});
