import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupLedger } from '../../src/ledger/history/backup.ts';
import { isWriterThere, openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { StorageError } from '../../src/ports/store.ts';
import { type ALedger, aLedger, anEvent } from '../support/aLedger.ts';
import { eventsIn } from '../support/events.ts';

let one: ALedger;
let folder: string;
let to: string;
beforeEach(async () => {
  one = aLedger();
  folder = mkdtempSync(join(tmpdir(), 'jitbot-backup-'));
  to = join(folder, 'copy.db');
  await one.record(anEvent('bot.started', { version: '1', after: 0 }), anEvent('bot.stopped', { signal: 'test' }));
});
afterEach(() => {
  one.close();
  rmSync(folder, { recursive: true, force: true });
});
const copied = () => {
  const copy = openLedgerToRead(to);
  const found = eventsIn(copy);
  copy.close();
  return found;
};

describe('a backup', () => {
  test('of a database that a bot has open is whole, and stands alone', () => {
    expect(isWriterThere(one.path)).toBe(true);
    expect(backupLedger(one.path, to)).toMatchObject({ whole: true });
    expect(copied()).toEqual(eventsIn(one.ledger));
    expect([`${to}-wal`, `${to}.part`].filter((path) => existsSync(path))).toEqual([]);
  });

  test('has what is only in the log of the database, and not what comes later', async () => {
    await one.store.commit({ jobs: [{ kind: 'end', key: 'G1', dueAt: 5 }] });
    backupLedger(one.path, to);
    await one.record(anEvent('bot.stopped', { signal: 'later' }));
    expect(copied()).toHaveLength(2);
    const copy = new SQLite(to, { readonly: true });
    expect(copy.prepare('SELECT kind, key FROM jobs').all()).toEqual([{ kind: 'end', key: 'G1' }]);
    copy.close();
  });

  test('is its owner’s alone', () => {
    backupLedger(one.path, to);
    expect(statSync(to).mode & 0o777).toBe(0o600);
  });

  test('can be run on: a bot opens it as its own', async () => {
    backupLedger(one.path, to);
    const ledger = openLedger(to);
    expect([ledger.bent, ledger.putBack]).toEqual([[], []]);
    expect(eventsIn(ledger)).toHaveLength(2);
    ledger.close();
  });

  test('overwrites nothing', () => {
    writeFileSync(to, 'mine');
    expect(() => backupLedger(one.path, to)).toThrow(`${to}: is there already; name a new file for each backup`);
  });

  test('takes the place of one that was cut off', () => {
    writeFileSync(`${to}.part`, 'half of one');
    expect(backupLedger(one.path, to)).toMatchObject({ whole: true });
    expect(existsSync(`${to}.part`)).toBe(false);
  });

  test('of a ledger that was changed is made, and says so', () => {
    one.ledger.sqlite.exec("DROP TRIGGER events_are_never_changed; UPDATE events SET payload = '{}' WHERE seq = 1");
    expect(backupLedger(one.path, to)).toMatchObject({ whole: false });
    expect(existsSync(to)).toBe(true);
  });

  test('that cannot be written says where, and leaves nothing', () => {
    const nowhere = join(folder, 'no-such-folder', 'copy.db');
    expect(() => backupLedger(one.path, nowhere)).toThrow(StorageError);
    expect(() => backupLedger(one.path, nowhere)).toThrow(`${nowhere}: the backup cannot be written there (ENOENT)`);
  });
});

describe('the one writer', () => {
  test('is not there before any bot was, nor after it is gone', () => {
    expect(isWriterThere(join(folder, 'never.db'))).toBe(false);
    const path = join(folder, 'own.db');
    const ledger = openLedger(path);
    expect(isWriterThere(path)).toBe(true);
    ledger.close();
    expect(isWriterThere(path)).toBe(false);
  });

  test('is not kept out by being looked for', () => {
    const path = join(folder, 'own.db');
    openLedger(path).close();
    expect(isWriterThere(path)).toBe(false);
    openLedger(path).close();
  });
});
