import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/events.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { ledgerHere, runHere } from '../support/cliHere.ts';
import { manualClock } from '../support/clock.ts';

const EVENTS = 12;
const START = Date.parse('2026-01-01T00:00:00Z');

let directory: string;
let path: string;
let clock: ReturnType<typeof manualClock>;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-retention-'));
  path = join(directory, 'jit.db');
  clock = manualClock(START);
  await record(EVENTS);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const cancelled = (index: number): NewEvent => ({
  type: 'request.cancelled',
  actor: { kind: 'person', id: `U${index % 3}`, name: `Person ${index % 3}` },
  requestId: null,
  grantId: null,
  payload: { role: 'db/read', requester: { slackId: `U${index % 3}`, name: `Person ${index % 3}` } },
});

/** One event an hour, all of them delivered. */
async function record(count: number): Promise<void> {
  const ledger = openLedger(path);
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  for (let index = 0; index < count; index += 1) {
    const [event] = await store.commit({ events: [cancelled(index)] });
    await createPostBook(ledger).moveCursor('audit-channel', event?.seq ?? 0);
    clock.advance(HOUR);
  }
  ledger.close();
}
const file = (name: string) => join(directory, name);
const archive = (to: string, before: string) => ledgerHere('archive', path, '--before', before, '--to', file(to));
const verify = (...more: string[]) => ledgerHere('verify', path, ...more);
const count = () => {
  const db = new SQLite(path, { readonly: true });
  const seqs = db.prepare<[], number>('SELECT seq FROM events ORDER BY seq').pluck().all();
  db.close();
  return seqs;
};
/** Somebody with a tool of their own. */
const tamper = (statement: string) => {
  const db = new SQLite(path);
  db.exec(`DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted; ${statement}`);
  db.close();
};

describe('old events', () => {
  test('go to a file and out of the database, and the chain continues from there', async () => {
    const done = await archive('2026-a.jsonl', '2026-01-01T06:00Z');
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('events 1 to 6') });
    expect(count()[0]).toBe(7);
    expect(await verify()).toMatchObject({ code: 0, out: expect.stringContaining('It begins at event 7') });
    const all = await verify('--archives', file('2026-a.jsonl'));
    expect(all).toMatchObject({ code: 0, out: expect.stringContaining('whole: 13 events') });
    // Once more, later: both files and the database are one chain.
    await record(4);
    expect(await archive('2026-b.jsonl', '2026-01-01T10:00Z')).toMatchObject({ code: 0 });
    const both = `${file('2026-a.jsonl')},${file('2026-b.jsonl')}`;
    expect((await verify('--archives', both)).out).toContain('whole: 18 events');
  });

  test('a file that was changed, or left out, is found', async () => {
    await archive('a.jsonl', '2026-01-01T06:00Z');
    const text = readFileSync(file('a.jsonl'), 'utf8');
    writeFileSync(file('a.jsonl'), text.replace('db/read', 'db/admin'));
    expect(await verify('--archives', file('a.jsonl'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('event 1 was changed after it was recorded'),
    });
    writeFileSync(file('a.jsonl'), text.split('\n').slice(0, 4).join('\n'));
    expect(await verify('--archives', file('a.jsonl'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('event 5 is missing'),
    });
  });

  test('K10.12 an archive’s end is compared with a kept position, with no archive too', async () => {
    await archive('a.jsonl', '2026-01-01T06:00Z');
    const ledger = openLedgerToRead(path);
    const end = ledger.sqlite.prepare<[], string>('SELECT prev_hash FROM events WHERE seq = 7').pluck().get() ?? '';
    const against = (hash: string) => verifyLedger(ledger, { anchors: [{ seq: 6, hash, where: 'the auditor' }] });
    expect(against(end)).toMatchObject({ whole: true, anchors: 1 });
    expect(against('f'.repeat(64))).toMatchObject({ whole: false, seq: 6, kind: 'rewritten' });
    ledger.close();
  });

  test('K10.12 a name that no event holds any more has to be right all the same', async () => {
    tamper(`INSERT INTO names (ref, person, salt, value) VALUES ('name:${'0'.repeat(32)}', 'U9', 's', 'Somebody')`);
    expect(await verify()).toMatchObject({ code: 1, out: expect.stringContaining('a name of U9 that no event holds') });
  });

  test('events that somebody deleted were not archived, and are missed', async () => {
    tamper('DELETE FROM events WHERE seq < 7');
    expect(await verify()).toMatchObject({ code: 1, out: expect.stringContaining('event 1 is missing') });
  });

  test('what is not delivered yet, or about live access, stays', async () => {
    const db = new SQLite(path);
    db.exec("UPDATE cursors SET seq = 3 WHERE name = 'audit-channel'");
    db.close();
    expect((await archive('a.jsonl', '2026-01-01T06:00Z')).out).toContain('events 1 to 3');
    expect((await archive('b.jsonl', '2026-01-01T06:00Z')).out).toContain('Nothing to archive');
  });

  test('a damaged ledger is not archived, nor over an existing file', async () => {
    writeFileSync(file('a.jsonl'), 'mine');
    expect(await archive('a.jsonl', '2026-01-01T06:00Z')).toMatchObject({
      code: 2,
      err: expect.stringContaining('exists already'),
    });
    tamper("UPDATE events SET type = 'bot.stopped' WHERE seq = 2");
    expect(await archive('b.jsonl', '2026-01-01T06:00Z')).toMatchObject({
      code: 2,
      err: expect.stringContaining('A ledger that is not whole cannot be archived'),
    });
    expect(count()).toHaveLength(EVENTS);
  });

  test('not beside a running bot', async () => {
    const running = openLedger(path);
    expect(await archive('a.jsonl', '2026-01-01T06:00Z')).toMatchObject({
      code: 2,
      err: expect.stringContaining('another bot is already running'),
    });
    running.close();
  });
});

describe('a name in the record', () => {
  const find = (person: string) => runHere('audit', path, '--person', person);

  test('is found by id and any part of it, beside the chain and not in it', async () => {
    expect((await find('person 1')).out.trim().split('\n')).toHaveLength(4);
    expect((await find('U1')).out.trim().split('\n')).toHaveLength(4);
    const db = new SQLite(path, { readonly: true });
    const stored = JSON.stringify(db.prepare('SELECT * FROM events').all());
    db.close();
    expect(stored).not.toContain('Person 1');
  });

  test('can be erased: what they did stays, under their id, and the chain is whole', async () => {
    const erased = await ledgerHere('erase', path, '--person', 'U1');
    expect(erased).toMatchObject({ code: 0, out: expect.stringContaining('Erased 1') });
    expect(await find('person 1')).toMatchObject({ code: 1 });
    expect((await find('U1')).out).toContain('(erased)');
    expect((await find('U2')).out).toContain('Person 2');
    expect(await verify()).toMatchObject({ code: 0, out: expect.stringContaining(`whole: ${EVENTS + 1} events`) });
    expect(await ledgerHere('erase', path, '--person', 'U1')).toMatchObject({ code: 1 });
    // They come back: new events have their name again, old ones do not.
    await record(2);
    expect((await find('U1')).out).toMatch(/\(erased\)[\s\S]*Person 1/);
  });

  test('their names at targets go with them, once no end needs them', async () => {
    const db = new SQLite(path);
    db.pragma('foreign_keys = OFF');
    const grant = db.prepare(
      "INSERT INTO grants (id, version, state, request_id, person, role, resource, body) VALUES (?, 1, ?, ?, ?, ?, 'db', '{}')",
    );
    const id = db.prepare("INSERT INTO target_ids (grant_id, thing, id) VALUES (?, 'person ana-k', '17')");
    for (const [name, state, person] of [
      ['G1', 'ended', 'U1'],
      ['G2', 'active', 'U1'],
      ['G3', 'ended', 'U2'],
    ]) {
      grant.run(name, state, `R${name}`, person, `db/${name}`);
      id.run(name);
    }
    db.exec("UPDATE grants SET mailbox = lower(person) || '@harbor.example'");
    await ledgerHere('erase', path, '--person', 'U1');
    // Whose it is, is known by their account.
    const mailboxes = db.prepare<[], string>('SELECT mailbox FROM grants ORDER BY id').pluck().all();
    expect(mailboxes).toEqual(['', '', 'u2@harbor.example']);
    const left = db.prepare<[], string>('SELECT grant_id FROM target_ids ORDER BY grant_id').pluck().all();
    db.close();
    expect(left).toEqual(['G2', 'G3']);
  });

  test('cannot be changed unseen', async () => {
    tamper("UPDATE names SET value = 'Somebody else' WHERE person = 'U2'");
    expect(await verify()).toMatchObject({
      code: 1,
      out: expect.stringContaining('the name that event 3 holds of U2 was changed'),
    });
  });

  test('an exported line can be checked by itself, name and all', async () => {
    const { out } = await ledgerHere('export', path);
    const [line] = out.split('\n');
    const event = JSON.parse(line ?? '');
    expect(event.payload.requester).toEqual({ slackId: 'U0', name: expect.stringMatching(/^name:[0-9a-f]{32}$/) });
    expect(event.names[event.payload.requester.name]).toEqual({
      person: 'U0',
      value: 'Person 0',
      salt: expect.any(String),
    });
  });
});
