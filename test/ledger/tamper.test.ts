import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BOT } from '../../src/domain/person.ts';
import { type EventRow, GENESIS_HASH, hashEvent } from '../../src/ledger/book/chain.ts';
import { readCheckpoints, signerFrom } from '../../src/ledger/history/checkpoint.ts';
import { createCheckpointBook } from '../../src/ledger/history/checkpointBook.ts';
import { type Anchor, verifyLedger } from '../../src/ledger/history/verify.ts';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { ledgerHere } from '../support/cliHere.ts';
import { manualClock } from '../support/clock.ts';

const EVENTS = 12;
let directory: string;
let path: string;
let keyPath: string;
let place: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-tamper-'));
  path = join(directory, 'jit.db');
  keyPath = newKey('first.pem');
  place = join(directory, 'checkpoints.jsonl');
  const ledger = openLedger(path);
  const store = createStore(ledger, { clock: manualClock(), followUps: () => [], onDue: () => undefined });
  for (let index = 0; index < EVENTS; index += 1)
    await store.commit({
      events: [
        {
          type: 'request.cancelled',
          actor: BOT,
          requestId: null,
          grantId: null,
          payload: { role: 'db/read', requester: { slackId: `U${index}`, name: `person ${index}` } },
        },
      ],
    });
  ledger.close();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function newKey(name: string): string {
  const file = join(directory, name);
  writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return file;
}
const rows = (db: SQLite.Database) =>
  db
    .prepare<[], EventRow>(
      'SELECT seq, at, type, actor, request_id AS requestId, grant_id AS grantId, payload, prev_hash AS prevHash, hash FROM events ORDER BY seq',
    )
    .all();
const write = (db: SQLite.Database, all: readonly EventRow[]) => {
  db.exec('DELETE FROM events');
  const insert = db.prepare(
    'INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  for (const row of all)
    insert.run(row.seq, row.at, row.type, row.actor, row.requestId, row.grantId, row.payload, row.prevHash, row.hash);
};
/** Somebody who knows how the chain is made, and makes it anew. */
const rechain = (all: readonly EventRow[]): EventRow[] => {
  let before = GENESIS_HASH;
  return all.map((row, index) => {
    const next = { ...row, seq: index + 1, prevHash: before };
    before = hashEvent(next);
    return { ...next, hash: before };
  });
};
const edited = (row: EventRow): EventRow => ({ ...row, payload: row.payload.replace('db/read', 'db/admin') });

/** Every way to tamper, at a place from 1 to EVENTS. */
const WAYS: Readonly<Record<string, (all: readonly EventRow[], at: number) => readonly EventRow[]>> = {
  'an edit': (all, at) => all.map((row) => (row.seq === at ? edited(row) : row)),
  'an edit, with its own hash made right': (all, at) =>
    all.map((row) => (row.seq === at ? { ...edited(row), hash: hashEvent(edited(row)) } : row)),
  'a deletion': (all, at) => all.filter((row) => row.seq !== at),
  'a deletion, closed up': (all, at) =>
    all.filter((row) => row.seq !== at).map((row, index) => ({ ...row, seq: index + 1 })),
  'a swap': (all, at) =>
    all.map((row) => (row.seq === at ? { ...row, payload: all[at % EVENTS]?.payload ?? '' } : row)),
  'an insertion': (all, at) =>
    [...all.slice(0, at), { ...edited(all[at - 1] as EventRow) }, ...all.slice(at)].map((row, index) => ({
      ...row,
      seq: index + 1,
    })),
  'a cut tail': (all, at) => all.slice(0, at - 1),
  'everything written anew from there': (all, at) => rechain(all.map((row) => (row.seq === at ? edited(row) : row))),
  'everything written anew, one event fewer': (all, at) => rechain(all.filter((row) => row.seq !== at)),
};

describe('tampering', () => {
  test('of any kind and place is found with a kept anchor, never later than it was', () => {
    const opened = openLedgerToRead(path);
    const head = rows(opened.sqlite).at(-1) as EventRow;
    opened.close();
    const anchors: Anchor[] = [{ seq: head.seq, hash: head.hash, where: 'the auditor' }];
    const db = new SQLite(path);
    db.exec('DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted;');
    const whole = rows(db);
    const ledger = { sqlite: db };
    expect(verifyLedger(ledger, { anchors })).toMatchObject({ whole: true });
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(WAYS)), fc.integer({ min: 1, max: EVENTS }), (name, at) => {
        write(db, WAYS[name]?.(whole, at) ?? []);
        const result = verifyLedger(ledger, { anchors });
        // Swapping an event with its equal is no tampering.
        if (JSON.stringify(rows(db)) === JSON.stringify(whole)) return expect(result.whole).toBe(true);
        expect(result, name).toMatchObject({ whole: false });
        if (!result.whole && !name.startsWith('everything')) expect(Math.abs(result.seq - at)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
    db.close();
  });

  test.each([
    ['an edit', 5, 'edited', 5],
    ['a deletion', 5, 'missing', 5],
    ['a deletion, closed up', 5, 'replaced', 5],
    ['a cut tail', 5, 'cut', 5],
    ['everything written anew from there', 5, 'rewritten', EVENTS],
  ])('%s is named for what it is', (name, at, kind, seq) => {
    const db = new SQLite(path);
    db.exec('DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_deleted;');
    const whole = rows(db);
    const head = whole.at(-1) as EventRow;
    write(db, WAYS[name]?.(whole, at) ?? []);
    const result = verifyLedger(
      { sqlite: db },
      {
        anchors: [{ seq: head.seq, hash: head.hash, where: 'the auditor' }],
      },
    );
    expect(result).toMatchObject({ whole: false, kind, seq });
    db.close();
  });
});

describe('checkpoints', () => {
  const position = (seq: number) => ({ ledger: 'L', seq, hash: `h${seq}`, at: seq });
  const book = (key = keyPath) => createCheckpointBook({ keyPath: key, place, now: () => 0 });

  test('are signed, kept in order, and read back', async () => {
    await book().keep(position(3));
    await book().keep(position(7));
    expect(await book().anchors('L')).toMatchObject({
      anchors: [
        { seq: 3, hash: 'h3' },
        { seq: 7, hash: 'h7' },
      ],
    });
    expect(readFileSync(place, 'utf8').trim().split('\n')).toHaveLength(3);
  });

  test('any change of any line is found', async () => {
    await book().keep(position(3));
    await book().keep(position(7));
    const text = readFileSync(place, 'utf8');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 2 }), fc.constantFrom('0', 'x', '9', '"'), (at, letter) => {
        if (text[at] === letter || text[at] === '\n') return;
        const read = readCheckpoints(`${text.slice(0, at)}${letter}${text.slice(at + 1)}`, signerKey());
        if (!('problem' in read))
          expect(read.checkpoints.map(({ seq, hash }) => [seq, hash])).toEqual([
            [3, 'h3'],
            [7, 'h7'],
          ]);
      }),
      { numRuns: 300 },
    );
  });
  const signerKey = () => signerFrom(readFileSync(keyPath, 'utf8')).publicKey;

  test('a line that a crash cut short is left out, and writing goes on after it', async () => {
    await book().keep(position(3));
    appendFileSync(place, '{"kind":"checkpoint","led');
    expect(await book().anchors('L')).toMatchObject({ anchors: [{ seq: 3 }] });
  });

  test('a key without a voucher is refused, and one that the old key introduced signs', async () => {
    await book().keep(position(3));
    const second = newKey('second.pem');
    expect(() => book(second)).toThrow(/jitbot ledger rotate-key/);
    const old = signerFrom(readFileSync(keyPath, 'utf8'));
    const { publicKey } = signerFrom(readFileSync(second, 'utf8'));
    appendFileSync(place, `${JSON.stringify(old.introduce({ publicKey, at: 4, isFirst: false }))}\n`);
    await book(second).keep(position(5));
    expect(await book(second).anchors('L')).toMatchObject({ anchors: [{ seq: 3 }, { seq: 5 }] });
    // Somebody else's whole file, signed by a key of their own, is not believed by whoever knows the right one.
    const forged = signerFrom(readFileSync(newKey('forged.pem'), 'utf8'));
    const text = [
      forged.introduce({ publicKey: forged.publicKey, at: 0, isFirst: true }),
      forged.checkpoint(position(9)),
    ]
      .map((line) => JSON.stringify(line))
      .join('\n');
    expect(readCheckpoints(text)).toMatchObject({ checkpoints: [{ seq: 9 }] });
    expect(readCheckpoints(text, signerKey())).toMatchObject({
      problem: expect.stringContaining('nobody vouches for'),
    });
  });

  test('K5.11 a file of another ledger’s checkpoints reveals the replacement', async () => {
    await book().keep(position(3));
    expect(await book().anchors('OTHER')).toMatchObject({ problem: expect.stringContaining('another ledger') });
    // Nor is it forgotten once this one has positions of its own there.
    await book().keep({ ...position(4), ledger: 'OTHER' });
    expect(await book().anchors('OTHER')).toMatchObject({ problem: expect.stringContaining('another ledger') });
    expect(await ledgerHere('verify', path, '--checkpoints', place)).toMatchObject({
      code: 1,
      out: expect.stringContaining('another ledger'),
    });
  });

  test('a key that is none says how to make one', () => {
    writeFileSync(join(directory, 'bad.pem'), 'nonsense');
    expect(() => createCheckpointBook({ keyPath: join(directory, 'bad.pem'), place, now: () => 0 })).toThrow(
      /openssl genpkey -algorithm ed25519/,
    );
  });
});
