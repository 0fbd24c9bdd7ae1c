/** Who holds the database holds the names in it, and what the bot works from. */

import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/events.ts';
import { createCheckpointBook } from '../../src/ledger/history/checkpointBook.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { jit } from '../support/cli.ts';
import { manualClock } from '../support/clock.ts';

let directory: string;
let path: string;
let before: number;
beforeEach(() => {
  before = process.umask(0o022);
  directory = mkdtempSync(join(tmpdir(), 'jitbot-owner-'));
  path = join(directory, 'jit.db');
});
afterEach(() => {
  process.umask(before);
  rmSync(directory, { recursive: true, force: true });
});

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
const stopped: NewEvent = {
  type: 'bot.stopped',
  actor: { kind: 'bot' },
  requestId: null,
  grantId: null,
  payload: { signal: 'test' },
};
const record = async (ledger: ReturnType<typeof openLedger>, clock = manualClock()) => {
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  for (let count = 0; count < 3; count += 1) {
    await store.commit({ events: [stopped] });
    clock.advance(1);
  }
};
const COMPANIONS = ['', '-wal', '-shm', '-writer'];

test.each([0o022, 0o000])('K10.7 a new database and its companions are private, with a umask of %i', async (umask) => {
  process.umask(umask);
  const ledger = openLedger(path);
  await record(ledger);
  expect(ledger.exposed).toEqual([]);
  expect(COMPANIONS.map((suffix) => mode(`${path}${suffix}`))).toEqual(['600', '600', '600', '600']);
  ledger.close();
});

test('K10.7 files that others could read are closed at start, and it is said', async () => {
  const earlier = openLedger(path);
  await record(earlier);
  for (const suffix of COMPANIONS) chmodSync(`${path}${suffix}`, 0o644);
  writeFileSync(join(directory, 'copy'), '');
  earlier.close();
  chmodSync(path, 0o664);
  const ledger = openLedger(path);
  await record(ledger);
  expect(COMPANIONS.map((suffix) => mode(`${path}${suffix}`))).toEqual(['600', '600', '600', '600']);
  expect(ledger.exposed).toEqual(
    expect.arrayContaining([
      expect.stringContaining(`${path} could be reached by others (mode 664); it is for its owner alone now`),
      expect.stringContaining(`${path}-writer could be reached by others (mode 644)`),
    ]),
  );
  ledger.close();
});

test('K10.7 a folder that others may write to is warned of', () => {
  const folder = join(directory, 'shared');
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const ledger = openLedger(join(folder, 'jit.db'));
  expect(ledger.exposed).toEqual([expect.stringContaining(`${folder} may be written to by others (mode 777)`)]);
  ledger.close();
});

test('K10.7 checkpoints, archives and reports are their owner’s alone', async () => {
  const keyPath = join(directory, 'key.pem');
  writeFileSync(keyPath, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const place = join(directory, 'checkpoints.jsonl');
  createCheckpointBook({ keyPath, place, now: () => 0 });
  expect(mode(place)).toBe('600');
  chmodSync(place, 0o644);
  expect(createCheckpointBook({ keyPath, place, now: () => 0 }).exposed).toEqual([
    expect.stringContaining(`${place} could be reached by others (mode 644)`),
  ]);
  expect(mode(place)).toBe('600');
  const ledger = openLedger(path);
  await record(ledger);
  ledger.sqlite.exec("INSERT INTO cursors VALUES ('audit-channel', 3)");
  ledger.close();
  const archive = join(directory, 'a.jsonl');
  await jit(['ledger', 'archive', path, '--before', '2030-01-01', '--to', archive]);
  expect(mode(archive)).toBe('600');
  const page = join(directory, 'report.html');
  await jit(['report', path, '--from', '2026-01-01', '--to', '2026-02-01', '--out', page]);
  expect(mode(page)).toBe('600');
});
