/** The database of a running bot, copied as any other file. */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { BOT } from '../../src/domain/person.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { jit } from '../support/cli.ts';
import { manualClock } from '../support/clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-copy-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a copy of a running bot’s database without its -wal is refused in one line', async () => {
  const path = join(folder, 'jit.db');
  const copy = join(folder, 'copy.db');
  const ledger = openLedger(path);
  const store = createStore(ledger, { clock: manualClock(), followUps: () => [], onDue: () => undefined });
  const started = {
    actor: BOT,
    requestId: null,
    grantId: null,
    type: 'bot.started',
    payload: { version: '1', after: 0 },
  } as const;
  await store.commit({ events: [started] });
  copyFileSync(path, copy);
  const empty = await jit(['ledger', 'verify', copy]);
  expect(empty.code).not.toBe(0);
  expect(empty.out + empty.err).toContain('jitbot backup TO');
  expect(empty.err).not.toContain('    at ');

  ledger.sqlite.pragma('wal_checkpoint(TRUNCATE)');
  await store.commit({ events: [started] });
  copyFileSync(path, copy);
  expect((await jit(['ledger', 'verify', copy])).out).toContain('This may not be all of it');
  expect((await jit(['ledger', 'verify', path])).out).not.toContain('This may not be all of it');
  await jit(['backup', join(folder, 'backup.db'), path]);
  const { out } = await jit(['ledger', 'verify', join(folder, 'backup.db')]);
  expect(out).toContain('whole: 2 events');
  expect(out).not.toContain('This may not be all of it');

  await store.commit({
    events: [{ actor: BOT, requestId: null, grantId: null, type: 'bot.stopped', payload: { signal: 'SIGTERM' } }],
  });
  ledger.close();
  copyFileSync(path, copy);
  expect((await jit(['ledger', 'verify', copy])).out).not.toContain('This may not be all of it');
});

test.each(['audit', 'report'])(
  'without a database, %s says how to name one, and its usage shows where',
  async (name) => {
    const { code, err } = await jit([name]);
    expect(code).toBe(2);
    expect(err).toContain('name the database (--help says where), or set JIT_DATABASE');
    expect(err).toContain(`Usage: jitbot ${name} [options] [FILE]`);
  },
);
