/** Databases as each version left them, with access live and requests waiting, are taken over by this one. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isLive } from '../../src/domain/grant.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStateCheck } from '../../src/ledger/sqlite/stateCheck.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { endGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { runHere } from '../support/cliHere.ts';
import { manualClock } from '../support/clock.ts';
import { aFlow, aSite } from '../support/flowWorld.ts';

const FIXTURES = new URL('./fixtures/', import.meta.url);
const versions = readdirSync(FIXTURES).map((name) => name.replace(/\.sql$/, ''));
const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const version = (JSON.parse(read('../../package.json')) as { version: string }).version;
const journal = JSON.parse(read('../../migrations/meta/_journal.json')) as { entries: { when: number }[] };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-upgrade-'));
  path = join(folder, 'jit.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function leave(of: string, more = ''): void {
  const db = new SQLite(path);
  db.exec(read(`./fixtures/${of}.sql`));
  db.exec(more);
  db.close();
}

test('there is one of this version, with its whole schema', () => {
  expect(versions).toContain(version);
  leave(version);
  const db = new SQLite(path, { readonly: true });
  const newest = db.prepare('SELECT max(created_at) FROM __drizzle_migrations').pluck().get();
  db.close();
  expect(newest).toBe(journal.entries.at(-1)?.when);
});

describe.each(versions)('a database of %s', (of) => {
  test('is brought up to date, and its record is whole', async () => {
    leave(of);
    const ledger = openLedger(path);
    try {
      expect(ledger.bent).toEqual([]);
      expect(verifyLedger(ledger)).toMatchObject({ whole: true });
      const events = await createEventReader(ledger).after(0, 1000);
      expect(events.length).toBeGreaterThan(10);
      expect(events.filter(({ type }) => type === 'event.unreadable')).toEqual([]);
      expect(await createStateCheck(ledger, manualClock(events.at(-1)?.at ?? 0)).suspects()).toEqual([]);
    } finally {
      ledger.close();
    }
  });

  test('has its live access taken back', async () => {
    leave(of);
    const site = aSite(path);
    const flow = aFlow({
      roles: '      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }',
      site,
    });
    try {
      const live = await flow.deps.store.liveGrants({});
      expect(live.length).toBeGreaterThan(0);
      for (const { value } of live) site.target.add(value.id);
      site.clock.advance(Math.max(0, ...live.map(({ value }) => value.endsAt - site.clock.now())) + 1);
      for (const { value } of live) await endGrant(flow.deps, value.id, 1);
      expect([...site.target]).toEqual([]);
      for (const { value } of live) {
        const grant = (await flow.deps.store.grant(value.id))?.value;
        expect(grant && isLive(grant)).toBe(false);
      }
    } finally {
      flow.close();
    }
  });

  test.each([
    ['status'],
    ['ledger', 'verify'],
    ['ledger', 'export'],
    ['audit'],
    ['drain'],
    ['backup', 'COPY'],
    ['support', '--out', 'COPY'],
  ])('is read by "%s" before it is brought up to date, and left as it is', async (...words) => {
    leave(of);
    const before = readFileSync(path);
    const { code, err } = await runHere(
      ...words.map((word) => (/^[A-Z]+$/.test(word) ? join(folder, word) : word)),
      path,
    );
    expect(err).toBe('');
    expect(code).toBeLessThan(2);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('can be put back from a copy', async () => {
    leave(of);
    const { code, out } = await runHere('restore', path, join(folder, 'new.db'));
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('will end') });
    expect(await runHere('ledger', 'verify', join(folder, 'new.db'))).toMatchObject({ code: 0 });
  });

  test('keeps what was due, and what waits for reviewers', async () => {
    leave(of);
    const ledger = openLedger(path);
    try {
      const store = createStore(ledger, { clock: manualClock(), followUps: () => [], onDue: () => undefined });
      const open = await store.openRequests({});
      expect(open.map(({ value }) => value.state)).toContain('pending');
      const due = await createJobQueue(ledger).mayBegin(['end', 'expire'], Number.MAX_SAFE_INTEGER, 100);
      const keys = due.map(({ key }) => key);
      for (const { value } of await store.liveGrants({})) expect(keys).toContain(value.id);
    } finally {
      ledger.close();
    }
  });
});

test('a database of a later version is refused with a word, and left as it is', () => {
  leave(version, "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', 9999999999999)");
  const db = new SQLite(path);
  db.exec('CREATE TRIGGER of_later AFTER INSERT ON jobs BEGIN SELECT 1; END');
  db.close();
  expect(() => openLedger(path)).toThrow(/a later version of jitbot has used this database.*start that version/);
  const after = new SQLite(path, { readonly: true });
  expect(after.prepare("SELECT name FROM sqlite_schema WHERE name = 'of_later'").get()).toBeDefined();
  after.close();
});
