/** What a database has to be before anything is written to it. */

import fs, { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { closeToOthers, makeOwnerOnly, openFolder } from '../../src/ledger/sqlite/ownerOnly.ts';
import { StorageError } from '../../src/ports/store.ts';

/** Files whose mode belongs to somebody else. */
const fixed = new Set<unknown>();
beforeAll(() => {
  const { chmodSync: chmod } = fs;
  fs.chmodSync = (path, bits) => {
    if (fixed.has(path)) throw new Error('not yours');
    chmod(path, bits);
  };
  syncBuiltinESMExports();
  return () => {
    fs.chmodSync = chmod;
    syncBuiltinESMExports();
  };
});

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-opening-'));
  path = join(directory, 'jit.db');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Somebody with the file. */
const change = (sql: string) => {
  const db = new SQLite(path);
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  db.close();
};
const opened = () => {
  const { bent, putBack, close } = openLedger(path);
  close();
  return { bent, putBack };
};
const parts = () => {
  const db = new SQLite(path, { readonly: true });
  const found = db.prepare<[], string>('SELECT name FROM sqlite_schema ORDER BY name').pluck().all();
  db.close();
  return found;
};
const FINE = { bent: [], putBack: [] };

describe('rules of the database', () => {
  beforeEach(() => openLedger(path).close());

  test('as the bot made them are nothing to tell, however they are spaced', () => {
    expect(opened()).toEqual(FINE);
    const db = new SQLite(path, { readonly: true });
    const sql = db
      .prepare<[], string>("SELECT sql FROM sqlite_schema WHERE name = 'events_are_never_changed'")
      .pluck()
      .get();
    db.close();
    change(`DROP TRIGGER events_are_never_changed; ${sql?.replace(/\s+/g, '\n   ')}`);
    expect(opened()).toEqual(FINE);
  });

  test.each([
    ['trigger', 'CREATE TRIGGER "its ""own""" AFTER INSERT ON jobs BEGIN DELETE FROM jobs; END', 'its "own"'],
    ['view', 'CREATE VIEW mine AS SELECT * FROM names', 'mine'],
  ])('a %s that is not the bot’s is taken out, and told', (type, sql, name) => {
    change(sql);
    expect(opened()).toEqual({ bent: [`the ${type} ${name} is not the bot’s; it was taken out`], putBack: [] });
    expect(parts()).not.toContain(name);
    expect(opened()).toEqual(FINE);
  });

  test('a trigger of the bot’s name with other effects is replaced by its own', () => {
    change(
      'DROP TRIGGER events_are_never_deleted; CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events BEGIN SELECT 1; END',
    );
    expect(opened()).toEqual({
      bent: ['the trigger events_are_never_deleted is not the bot’s; it was taken out'],
      putBack: ['the trigger events_are_never_deleted'],
    });
    change("INSERT INTO events VALUES (1, 0, 'x', '{}', NULL, NULL, '{}', '', '')");
    expect(() => change('DELETE FROM events')).toThrow(/never deleted/);
  });

  test('an index that is missing, or is another, is put back', () => {
    change('DROP INDEX requests_bundle; DROP INDEX names_person; CREATE INDEX names_person ON names (value)');
    const { bent, putBack } = opened();
    expect(bent).toEqual([]);
    expect(putBack.toSorted()).toEqual(['the index names_person', 'the index requests_bundle']);
    expect(opened()).toEqual(FINE);
  });

  test('an index or a table that somebody added is left alone', () => {
    change('CREATE INDEX mine ON names (value); CREATE TABLE my_notes (a)');
    expect(opened()).toEqual(FINE);
    expect(parts()).toEqual(expect.arrayContaining(['mine', 'my_notes']));
  });

  test('an index that existing rows violate is left out, and searches still work', () => {
    const grant = (id: string) =>
      `INSERT INTO grants (id, version, state, request_id, person, role, resource, body) VALUES ('${id}', 1, 'active', 'R-${id}', 'U1', 'db/read', 'db', '{}')`;
    change(`DROP INDEX grants_one_live; ${grant('G1')}; ${grant('G2')}`);
    const problem = 'the index grants_one_live was taken out, and rows that it forbids are there';
    expect(opened()).toEqual({ bent: [problem], putBack: [] });
    expect(parts()).toContain('grants_one_live');
    expect(opened()).toEqual({ bent: [problem], putBack: [] });
    change("DELETE FROM grants WHERE id = 'G2'");
    expect(opened()).toEqual({ bent: [], putBack: ['the index grants_one_live'] });
    expect(opened()).toEqual(FINE);
  });

  test('a table that is another is told', () => {
    change("ALTER TABLE grants ADD COLUMN more TEXT DEFAULT 'x'");
    expect(opened()).toEqual({ bent: ['the table grants is not as the bot made it'], putBack: [] });
  });
});

describe('opening', () => {
  test('makes writes durable, and references hold', () => {
    const { sqlite, gate, close } = openLedger(path);
    const setting = (name: string) => sqlite.pragma(name, { simple: true });
    expect([setting('journal_mode'), setting('synchronous'), setting('foreign_keys'), setting('page_size')]).toEqual([
      ...['wal', 2, 1, 2048],
    ]);
    expect(setting('busy_timeout')).toBe(0);
    expect(gate.isClosed()).toBe(false);
    close();
    expect(sqlite.open).toBe(false);
  });

  test('a command that has nothing else to do waits for a lock, for two seconds', () => {
    const { sqlite, close } = openLedger(path, { waitsForLocks: true });
    expect(sqlite.pragma('busy_timeout', { simple: true })).toBe(2_000);
    close();
  });

  test('lets go of the database where it could not be opened', () => {
    writeFileSync(path, 'not a database, but long enough to look at '.repeat(40));
    for (let tries = 0; tries < 2; tries += 1) expect(() => openLedger(path)).toThrow(/no SQLite database/);
    expect(() => openLedgerToRead(path)).toThrow(/no SQLite database/);
  });

  test('a second bot is kept out while the first runs, and told the database', () => {
    const first = openLedger(path);
    expect(() => openLedger(path)).toThrow(StorageError);
    expect(() => openLedger(path)).toThrow(new RegExp(`^${path}: another bot is already running`));
    first.close();
    openLedger(path).close();
  });

  test('to read changes nothing, beside a bot that writes', () => {
    const bot = openLedger(path);
    const reader = openLedgerToRead(path);
    expect(reader).toMatchObject({ path, exposed: [], bent: [], putBack: [] });
    expect(() => reader.sqlite.exec("INSERT INTO cursors VALUES ('a', 1)")).toThrow(/readonly/);
    bot.sqlite.exec("INSERT INTO cursors VALUES ('a', 1)");
    expect(reader.sqlite.prepare('SELECT seq FROM cursors').pluck().all()).toEqual([1]);
    reader.close();
    bot.close();
    expect(() => openLedgerToRead(join(directory, 'none.db'))).toThrow(StorageError);
  });
});

describe('who else could reach the files', () => {
  const mode = (name: string) => (statSync(join(directory, name)).mode & 0o777).toString(8);
  const file = (name: string, bits: number) => {
    const made = join(directory, name);
    writeFileSync(made, 'text');
    chmodSync(made, bits);
    return made;
  };

  test('a file that is not there is made for its owner, empty', () => {
    expect(makeOwnerOnly(join(directory, 'new'))).toEqual([]);
    expect([mode('new'), readFileSync(join(directory, 'new'), 'utf8')]).toEqual(['600', '']);
    expect(makeOwnerOnly(join(directory, 'none', 'new'))).toEqual([]);
  });

  test('one that exists is closed to others and keeps its content and owner’s rights', () => {
    expect(makeOwnerOnly(file('a', 0o744))).toEqual([
      `${directory}/a could be reached by others (mode 744); it is for its owner alone now`,
    ]);
    expect([mode('a'), readFileSync(join(directory, 'a'), 'utf8')]).toEqual(['700', 'text']);
  });

  test.each([0o640, 0o620, 0o610, 0o604, 0o602, 0o601])('any bit for others is closed: %i', (bits) => {
    expect(closeToOthers(file('a', bits))).toHaveLength(1);
    expect(mode('a')).toBe('600');
  });

  test('what is closed already, not there, or no file is nothing to tell', () => {
    expect(closeToOthers(file('a', 0o600))).toEqual([]);
    expect(closeToOthers(join(directory, 'none'))).toEqual([]);
    mkdirSync(join(directory, 'folder'));
    chmodSync(join(directory, 'folder'), 0o755);
    expect(closeToOthers(join(directory, 'folder'))).toEqual([]);
    expect(mode('folder')).toBe('755');
  });

  test('what cannot be changed is told with what to do', () => {
    fixed.add(file('fixed', 0o644));
    expect(closeToOthers(join(directory, 'fixed'))).toEqual([
      `${directory}/fixed could be reached by others (mode 644), and that cannot be changed: not yours. Run the bot as the owner of the file, or: chmod 600 ${directory}/fixed`,
    ]);
  });

  test.each([
    [0o755, 0],
    [0o775, 1],
    [0o757, 1],
    [0o700, 0],
  ])('a folder of mode %i: told %i times', (bits, times) => {
    chmodSync(directory, bits);
    const found = openFolder(path);
    expect(found).toHaveLength(times);
    for (const text of found) expect(text).toContain(`chmod go-w ${directory}`);
    expect(openFolder(join(directory, 'none', 'jit.db'))).toEqual([]);
  });
});
