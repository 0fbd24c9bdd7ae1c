/** Before maintenance: nothing new is granted, what is live goes on, and what ends meanwhile is known. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { readDrain } from '../../src/ledger/sqlite/drainFile.ts';
import { runHere } from '../support/cliHere.ts';
import { manualClock } from '../support/clock.ts';
import { aFlow, aSite, type Flow } from '../support/flowWorld.ts';

let folder: string;
let path: string;
let flow: Flow;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-drain-'));
  path = join(folder, 'jit.db');
  flow = aFlow({
    roles: `      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }
      admin: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0EVE], needed: 1, expires: 1h } }] }`,
    site: { ...aSite(path), clock: manualClock(Date.now()) },
  });
  Object.assign(flow.deps, { drain: async () => readDrain(path) });
});
afterEach(() => {
  flow.close();
  rmSync(folder, { recursive: true, force: true });
});

const drains = (...args: readonly string[]) => runHere('drain', ...args, path);

test('in a window nothing is granted or approved, and afterwards both go on', async () => {
  const waits = await flow.asks('U0BEN', 'db/admin', HOUR);
  expect(await drains('--for', '30m', '--why', 'a new disk')).toMatchObject({ code: 0 });
  const no = { code: 'draining', why: 'a new disk', until: expect.any(Number) };
  expect(await flow.refused(flow.asks('U0ANA', 'db/read', HOUR))).toEqual(no);
  expect(await flow.refused(flow.approves('U0EVE', waits))).toEqual(no);
  flow.clock.advance(31 * MINUTE);
  expect((await flow.approves('U0EVE', waits)).state).toBe('approved');
  expect((await flow.asks('U0ANA', 'db/read', HOUR)).state).toBe('approved');
});

test('a window that cannot be read has no end', async () => {
  mkdirSync(`${path}-drain`);
  expect(await flow.refused(flow.asks('U0ANA', 'db/read', HOUR))).toMatchObject({
    code: 'draining',
    until: Number.POSITIVE_INFINITY,
    why: expect.stringContaining('cannot be read'),
  });
});

test('active access goes on and ends on time', async () => {
  await flow.asks('U0ANA', 'db/read', 10 * MINUTE);
  await flow.work();
  await drains('--for', '1h');
  await flow.work();
  expect(await flow.isHeld('U0ANA', 'db/read')).toBe(true);
  flow.clock.advance(10 * MINUTE);
  await flow.work();
  expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
});

test('access that ends in the window is listed, soonest first, with exit code 1', async () => {
  for (const [who, minutes] of [
    ['U0ANA', 50],
    ['U0BEN', 20],
    ['U0CHLOE', 120],
  ] as const)
    await flow.asks(who, 'db/read', minutes * MINUTE);
  await flow.work();
  const { code, out } = await drains('--for', '1h');
  expect(code).toBe(1);
  expect(out).toMatch(/2 grants end in that time:\n.*db\/read of Ben.*\n.*db\/read of Ana/);
  expect(out).not.toContain('Chloe');
  expect(out).toContain('end them now with /jit admin');
  expect((await drains()).out).toBe(out);
});

test('it can be lifted early, and ends by itself', async () => {
  await drains('--for', '1h');
  expect(await drains('--off')).toMatchObject({ code: 0, out: 'Access is granted again.\n' });
  expect(existsSync(`${path}-drain`)).toBe(false);
  expect((await flow.asks('U0ANA', 'db/read', HOUR)).state).toBe('approved');
  expect((await drains()).out).toContain('granted as usual');
});

test('a file that is not understood keeps the bot from granting', async () => {
  writeFileSync(`${path}-drain`, 'soon');
  expect(await flow.refused(flow.asks('U0ANA', 'db/read', HOUR))).toMatchObject({ code: 'draining' });
  expect((await drains()).out).toContain('until the window is ended');
});

test.each([
  [['--for', 'a while'], '--for a while is not a duration'],
  [['--for', '1h', '--off'], 'use either --for, which starts a window, or --off, which ends it'],
])('%j is not understood', async (args, problem) => {
  const { code, err } = await drains(...args);
  expect(code).toBe(2);
  expect(err).toContain(problem);
});
