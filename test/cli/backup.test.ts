/** `jitbot backup` and `jitbot status`, as an operator types them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { writeDrain } from '../../src/ledger/sqlite/drainFile.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { type ALedger, aLedger, anEvent } from '../support/aLedger.ts';
import { jit } from '../support/cli.ts';
import { ANA } from '../support/domain.ts';

let one: ALedger;
let folder: string;
beforeEach(async () => {
  one = aLedger(Date.now());
  folder = mkdtempSync(join(tmpdir(), 'jitbot-backup-'));
  await one.record(anEvent('bot.started', { version: '1', after: 0 }));
});
afterEach(() => {
  one.close();
  rmSync(folder, { recursive: true, force: true });
});

test('backup copies the database of the environment, and says up to where', async () => {
  const to = join(folder, 'copy.db');
  const made = await jit(['backup', to], { JIT_DATABASE: one.path });
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(made.out).toMatch(/copy\.db: up to event #1 \([0-9a-f]{64}\)\n$/);
  expect((await jit(['ledger', 'verify', to])).code).toBe(0);
  const again = await jit(['backup', to, one.path]);
  expect(again).toMatchObject({ code: 2, err: `${to}: is there already; name a new file for each backup\n` });
});

test('backup without a file to write says what it wants', async () => {
  const { code, err } = await jit(['backup'], { JIT_DATABASE: one.path });
  expect(code).toBe(2);
  expect(err).toContain('missing required argument "TO"');
});

test('status of a bot that is alive is 0, and of one that is gone 1', async () => {
  await createPostBook(one.ledger).moveCursor('clock', Date.now());
  await createPostBook(one.ledger).moveCursor('audit-channel', 1);
  const alive = await jit(['status', one.path]);
  expect(alive).toMatchObject({ code: 0, err: '' });
  expect(alive.out).toMatch(/^bot +running$/m);
  expect(alive.out).toMatch(/^access +none$/m);
  expect(alive.out).toMatch(/^newest event +#1$/m);
  one.ledger.close();
  const gone = await jit(['status', one.path, '--json']);
  expect(gone.code).toBe(1);
  expect(JSON.parse(gone.out)).toMatchObject({
    alive: false,
    newestSeq: 1,
    problems: ['no bot runs on this database: nothing ends on time'],
  });
});

test('status says that nothing new is granted, and until when', async () => {
  const access = async () => /^new access +(.+)$/m.exec((await jit(['status', one.path])).out)?.[1];
  expect(await access()).toBe('as usual');
  const until = Date.now() + HOUR;
  writeDrain(one.path, { until, why: 'new disk' });
  expect(await access()).toBe(`NONE: drained until ${new Date(until).toISOString()}`);
  writeDrain(one.path, { until: Number.POSITIVE_INFINITY, why: 'new disk' });
  expect(await access()).toBe('NONE: drained until the window is ended');
  await one.store.commit({
    records: [{ kind: 'freeze', key: 'bot', value: { by: ANA, at: 0, reason: '' }, version: 0 }],
  });
  expect(await access()).toBe('NONE: frozen since 1970-01-01T00:00:00.000Z');
});

describe('status of a ledger that keeps its bot from granting', () => {
  const status = async () => {
    const { code, out } = await jit(['status', one.path]);
    return { code, access: /^new access +(.+)$/m.exec(out)?.[1], why: /because of the ledger: (.+)$/m.exec(out)?.[1] };
  };
  const usual = { access: 'as usual', why: undefined };
  const none = (why: string) => ({ code: 1, access: 'NONE: the ledger has to be looked at', why });
  const from = { seq: 1, hash: '0'.repeat(64) };

  test('says so after a restore, until an administrator has looked', async () => {
    await one.record(anEvent('ledger.restored', { from, known: null }));
    expect(await status()).toEqual(none('it was put back from a copy, and targets are still being compared with it'));
    await one.record(anEvent('ledger.reconciled', { taken: 1, unseen: [], problem: 'it was put back' }));
    expect(await status()).toEqual(none('it was put back'));
    await one.record(anEvent('ledger.looked', { problem: 'it was put back', reason: 'all is as it should be' }));
    expect(await status()).toMatchObject(usual);
  });

  test('says so of damage that was found since the start', async () => {
    await one.record(anEvent('ledger.damaged', { problem: 'event 1 was changed' }));
    expect(await status()).toEqual(none('event 1 was changed'));
    await one.record(anEvent('bot.started', { version: '1', after: 1 }));
    expect(await status()).toMatchObject(usual);
  });
});

test('status of a bot that runs and cannot write does not say that it is not running', async () => {
  await createPostBook(one.ledger).moveCursor('clock', Date.now() - HOUR);
  const { code, out } = await jit(['status', one.path]);
  expect(code).toBe(1);
  expect(out).toMatch(/^bot +RUNNING, but it writes nothing$/m);
  one.ledger.close();
  expect((await jit(['status', one.path])).out).toMatch(/^bot +NOT RUNNING$/m);
});

test.each([
  [['watch'], 'missing required argument "URL"'],
  [['watch', 'bot:3000'], 'name the address to ask'],
  [['watch', 'http://bot:3000/readyz'], 'nobody would hear the alarm: set JIT_WATCH_ROUTING_KEY'],
])('%s says what is missing', async (args, missing) => {
  const { code, err } = await jit(args);
  expect(code).toBe(2);
  expect(err).toContain(missing);
});

test('watch takes no duration that is none, and no key that is none', async () => {
  const url = 'http://bot:3000/readyz';
  const key = { JIT_WATCH_ROUTING_KEY: 'r'.repeat(32) };
  expect((await jit(['watch', url, '--every', 'often'], key)).err).toContain('--every often is not a duration');
  expect((await jit(['watch', url], { JIT_WATCH_ROUTING_KEY: 'short' })).err).toContain('expected the 32 characters');
});
