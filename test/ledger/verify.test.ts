/** Is the record whole? If not: where it stops to be, and what was done to it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { personActor } from '../../src/domain/person.ts';
import { referenceOf } from '../../src/ledger/book/personalNames.ts';
import { archivedRows, endOfArchive, prune, writeArchive } from '../../src/ledger/history/archive.ts';
import {
  type Against,
  type Anchor,
  isPlain,
  type Stretch,
  verifyInSteps,
  verifyLedger,
  verifyOnTwoCores,
} from '../../src/ledger/history/verify.ts';
import { BEGINNING, startOf } from '../../src/ledger/sqlite/origin.ts';
import { StorageError } from '../../src/ports/store.ts';
import { type ALedger, aLedger, anEvent, person } from '../support/aLedger.ts';

let one: ALedger;
beforeEach(() => {
  one = aLedger();
});
afterEach(() => one.close());

const by = (who: string, name = `Name of ${who}`) =>
  anEvent(
    'request.cancelled',
    { role: 'db/read', requester: { slackId: who, name } },
    { actor: personActor(person(who, name)), requestId: 'R1' },
  );
const record = (count: number) => one.record(...Array.from({ length: count }, (_, index) => by(`U${index % 3}`)));
/** Somebody with the file. */
const tamper = (sql: string) => {
  one.ledger.sqlite.pragma('ignore_check_constraints = ON');
  one.ledger.sqlite.exec(
    `DROP TRIGGER IF EXISTS events_are_never_changed; DROP TRIGGER IF EXISTS events_are_never_deleted; ${sql}`,
  );
};
const hashOf = (seq: number) =>
  one.ledger.sqlite.prepare<[number], string>('SELECT hash FROM events WHERE seq = ?').pluck().get(seq) ?? '';
const anchor = (seq: number, hash = hashOf(seq), where = 'the auditor'): Anchor => ({ seq, hash, where });
const verified = (against: Against = {}) => verifyLedger(one.ledger, against);
/** The archive of all up to one, and out of the database. */
async function archive(upTo: number, name: string): Promise<string> {
  const path = join(one.path, '..', name);
  const start = startOf(one.ledger.sqlite);
  const sha256 = writeArchive(one.ledger, path, upTo);
  const hash = hashOf(upTo);
  expect(endOfArchive(path, start)).toBe(hash);
  const payload = { ledger: hashOf(1), began: 0, from: start.seq + 1, to: upTo, hash, file: name, sha256 };
  await one.record(anEvent('ledger.archived', payload));
  prune(one.ledger, upTo);
  return path;
}

describe('the chain', () => {
  test('that is whole gives its events, start, head and matching positions', async () => {
    expect(verified()).toEqual({ whole: true, first: 1, events: 0, head: '0'.repeat(64), anchors: 0, restores: [] });
    await record(5);
    expect(verified()).toEqual({ whole: true, first: 1, events: 5, head: hashOf(5), anchors: 0, restores: [] });
    expect(verified({ anchors: [anchor(2), anchor(2), anchor(5)] })).toMatchObject({ whole: true, anchors: 3 });
  });

  test('is as whole a little at a time', async () => {
    await record(1_100);
    let turns = 0;
    let isLooking = true;
    const count = () => {
      turns += 1;
      if (isLooking) setImmediate(count);
    };
    setImmediate(count);
    expect(await verifyInSteps(one.ledger, [anchor(3)])).toMatchObject({ whole: true, events: 1_100, anchors: 1 });
    isLooking = false;
    expect(turns).toBeGreaterThanOrEqual(3);
    tamper('DELETE FROM events WHERE seq = 1050');
    expect(await verifyInSteps(one.ledger)).toMatchObject({ whole: false, seq: 1_050, kind: 'missing' });
    expect(await verifyInSteps(one.ledger, [anchor(3, 'x')])).toMatchObject({
      whole: false,
      seq: 3,
      kind: 'rewritten',
    });
  });

  test.each([
    ['an edit', "UPDATE events SET type = 'x' WHERE seq = 3", 3, 'edited', 'event 3 was changed after it was recorded'],
    ['a hash', "UPDATE events SET hash = 'x' WHERE seq = 3", 3, 'edited', 'event 3 was changed'],
    ['a link', "UPDATE events SET prev_hash = 'x' WHERE seq = 3", 3, 'replaced', 'event 3 does not continue event 2'],
    ['a deletion', 'DELETE FROM events WHERE seq = 3', 3, 'missing', 'event 3 is missing: after 2 comes 4'],
    ['two deletions', 'DELETE FROM events WHERE seq IN (3, 4)', 3, 'missing', 'event 3 is missing: after 2 comes 5'],
    ['the first gone', 'DELETE FROM events WHERE seq = 1', 1, 'missing', 'event 1 is missing: after 0 comes 2'],
  ])('%s is found for what it is', async (_what, sql, seq, kind, problem) => {
    await record(6);
    tamper(sql);
    expect(verified()).toEqual({ whole: false, seq, kind, problem: expect.stringContaining(problem) });
  });

  test('a cut tail is known by the furthest position, and a match hides no cut', async () => {
    await record(6);
    const anchors = [anchor(2), anchor(5, hashOf(5), 'a file'), anchor(6, hashOf(6), 'the channel')];
    tamper('DELETE FROM events WHERE seq > 4');
    const cut = { whole: false, seq: 5, kind: 'cut' };
    expect(verified({ anchors })).toMatchObject({
      ...cut,
      problem: expect.stringMatching(/ends at event 4, and the channel knows event 6/),
    });
    expect(verified({ anchors: anchors.slice(0, 2) })).toMatchObject({
      ...cut,
      problem: expect.stringContaining('a file knows event 5'),
    });
    expect(verified({ anchors: anchors.slice(0, 1) })).toMatchObject({ whole: true });
  });

  test('a position that does not fit is found at its event, whichever of two is wrong', async () => {
    await record(6);
    const wrong = {
      whole: false,
      seq: 4,
      kind: 'rewritten',
      problem: expect.stringContaining('the one that the file knows'),
    };
    expect(verified({ anchors: [anchor(4), anchor(4, 'x', 'the file')] })).toMatchObject(wrong);
    expect(verified({ anchors: [anchor(4, 'x', 'the file'), anchor(4)] })).toMatchObject(wrong);
  });
});

describe('archives', () => {
  test('are walked before the database, as one chain, with names and positions', async () => {
    await record(4);
    const anchors = [anchor(1), anchor(2), anchor(4)];
    const first = await archive(2, 'a.jsonl');
    await record(3);
    const second = await archive(5, 'b.jsonl');
    const archives = [first, second];
    expect(verified({ archives, anchors })).toMatchObject({ whole: true, first: 1, events: 9, anchors: 3 });
    expect(verified({ archives, anchors: [...anchors, anchor(8, hashOf(8))] })).toMatchObject({
      whole: true,
      anchors: 4,
    });
    expect(verified()).toMatchObject({ whole: true, first: 6, events: 4 });
    expect(verified({ archives: [second] })).toMatchObject({ whole: false, seq: 1, kind: 'missing' });
    expect(verified({ archives: [first] })).toMatchObject({ whole: false, seq: 3, kind: 'missing' });
    expect(verified({ archives: [second, first] })).toMatchObject({ whole: false });
    expect(verified({ archives, anchors: [anchor(1, 'x')] })).toMatchObject({
      ...{ whole: false, seq: 1, kind: 'rewritten', problem: expect.stringMatching(/a\.jsonl: event 1/) },
    });
  });

  test('a ledger without them begins where the chain says, and its end is compared', async () => {
    await record(4);
    const end = anchor(2);
    await archive(2, 'a.jsonl');
    expect(startOf(one.ledger.sqlite)).toEqual({ seq: 2, hash: end.hash });
    expect(verified({ anchors: [end] })).toMatchObject({ whole: true, first: 3, anchors: 1 });
    expect(verified({ anchors: [anchor(1, 'x')] })).toMatchObject({ whole: true, anchors: 0 });
    expect(verified({ anchors: [anchor(2, 'x')] })).toMatchObject({ whole: false, seq: 2, kind: 'rewritten' });
  });

  test('a ledger begins with its first event, or with none', async () => {
    expect(startOf(one.ledger.sqlite)).toEqual(BEGINNING);
    await record(2);
    expect(startOf(one.ledger.sqlite)).toEqual(BEGINNING);
  });

  test('lines are read in batches, blank ones skipped, the last without its end too', async () => {
    await record(5);
    const path = join(one.path, '..', 'a.jsonl');
    writeArchive(one.ledger, path, 5);
    const batches = (size: number) => [...archivedRows(path, size)].map((rows) => rows.map(({ seq }) => seq));
    expect(batches(2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(batches(5)).toEqual([[1, 2, 3, 4, 5]]);
    writeFileSync(path, `\n${readFileSync(path, 'utf8').trim().replaceAll('\n', '\n\n')}`);
    expect(batches(9)).toEqual([[1, 2, 3, 4, 5]]);
  });

  test('lines longer than what is read at a time are whole', async () => {
    const long = 'é'.repeat(700_000);
    await one.record(by('U1', `${long}1`), by('U1', `${long}2`), by('U2'));
    const path = join(one.path, '..', 'a.jsonl');
    writeArchive(one.ledger, path, 3);
    expect(endOfArchive(path, BEGINNING)).toBe(hashOf(3));
    expect([...archivedRows(path, 9)].flat().map(({ names }) => Object.values(names ?? {})[0]?.value.length)).toEqual([
      ...[700_001, 700_001, 10],
    ]);
  });

  test('a line that is no event is named by number, and a missing file by name', async () => {
    await record(3);
    const path = join(one.path, '..', 'a.jsonl');
    writeArchive(one.ledger, path, 3);
    const lines = readFileSync(path, 'utf8').split('\n');
    for (const bad of ['not json', '{}', (lines[1] ?? '').replace('"seq":2', '"seq":0')]) {
      writeFileSync(path, [lines[0], bad, lines[2]].join('\n'));
      expect(() => [...archivedRows(path, 9)]).toThrow(`${path}, line 2: expected an event`);
    }
    writeFileSync(path, [lines[0], lines[1], 'cut sho'].join('\n'));
    expect(() => [...archivedRows(path, 9)]).toThrow(`${path}, line 3: expected an event`);
    const none = join(one.path, '..', 'none.jsonl');
    expect(() => [...archivedRows(none, 9)]).toThrow(StorageError);
    expect(() => writeArchive(one.ledger, join(one.path, '..', 'none', 'a.jsonl'), 3)).toThrow(/cannot be opened/);
  });

  test.each([
    ['left out', (lines: string[]) => [lines[0], lines[2]]],
    ['changed', (lines: string[]) => [lines[0], (lines[1] ?? '').replace('db/read', 'db/x'), lines[2]]],
    ['swapped', (lines: string[]) => [lines[1], lines[0], lines[2]]],
    [
      'of another chain',
      (lines: string[]) => [lines[0], (lines[1] ?? '').replace(/"prevHash":"./, '"prevHash":"x'), lines[2]],
    ],
  ])('one in which an event was %s is not read back', async (_how, edit) => {
    await record(3);
    const path = join(one.path, '..', 'a.jsonl');
    writeArchive(one.ledger, path, 3);
    writeFileSync(path, edit(readFileSync(path, 'utf8').trim().split('\n')).join('\n'));
    expect(endOfArchive(path, BEGINNING)).toBeNull();
  });

  test('one that is whole in itself is read back only from where it has to begin', async () => {
    await record(3);
    const path = join(one.path, '..', 'a.jsonl');
    writeArchive(one.ledger, path, 3);
    expect(endOfArchive(path, BEGINNING)).toBe(hashOf(3));
    expect(endOfArchive(path, { ...BEGINNING, seq: 5 })).toBeNull();
    expect(endOfArchive(path, { ...BEGINNING, hash: 'x' })).toBeNull();
  });

  test('only what was asked for is in it', async () => {
    await record(3);
    const path = join(one.path, '..', 'a.jsonl');
    writeArchive(one.ledger, path, 2);
    expect([...archivedRows(path, 9)].flat().map(({ seq }) => seq)).toEqual([1, 2]);
    expect(endOfArchive(path, { seq: 1, hash: hashOf(1) })).toBeNull();
  });
});

describe('names', () => {
  const erased = (slackId: string) => anEvent('names.erased', { slackId });
  const empty = (who: string) => `UPDATE names SET salt = NULL, value = NULL WHERE person = '${who}'`;
  beforeEach(() => record(6));

  test.each([
    ['changed', "UPDATE names SET value = 'Mallory' WHERE person = 'U1'", 'edited', 'of U1 was changed after'],
    [
      'given to somebody else',
      "UPDATE names SET person = 'U2' WHERE person = 'U1'",
      'edited',
      'of U1 was changed after',
    ],
    ['left without a salt', "UPDATE names SET salt = NULL WHERE person = 'U1'", 'edited', 'of U1 was changed after'],
    ['left without a value', "UPDATE names SET value = NULL WHERE person = 'U1'", 'edited', 'of U1 was changed after'],
    ['taken out', "DELETE FROM names WHERE person = 'U1'", 'missing', 'of U1 was deleted from the database'],
  ])('one that was %s is found at the first event that holds it', (_how, sql, kind, problem) => {
    tamper(sql);
    expect(verified()).toEqual({ whole: false, seq: 2, kind, problem: expect.stringContaining(problem) });
  });

  test.each([
    ['whoever did it', anEvent('access.frozen', { reason: 'r', live: 0 }, { actor: personActor(person('U9')) })],
    ['whom it is about', anEvent('second_factor.enrolled', { person: { slackId: 'U9', name: 'Somebody' } })],
  ])('that of %s is checked, where an event names nobody else', async (_who, event) => {
    await one.record(event);
    expect(verified()).toMatchObject({ whole: true });
    const kept = one.ledger.sqlite.prepare("SELECT salt, value FROM names WHERE person = 'U9'").get();
    tamper("UPDATE names SET value = 'Mallory' WHERE person = 'U9'");
    expect(verified()).toMatchObject({ whole: false, seq: 7, kind: 'edited' });
    one.ledger.sqlite.prepare("UPDATE names SET salt = @salt, value = @value WHERE person = 'U9'").run(kept);
    expect(verified()).toMatchObject({ whole: true });
    tamper(empty('U9'));
    expect(verified()).toMatchObject({ whole: false, seq: 7, kind: 'missing' });
  });

  test('a missing one is missed at its last event, unless a later erasure explains it', async () => {
    tamper(empty('U1'));
    expect(verified()).toMatchObject({
      whole: false,
      seq: 5,
      kind: 'missing',
      problem: expect.stringContaining('of U1 is gone'),
    });
    await one.record(erased('U0'));
    expect(verified()).toMatchObject({ whole: false, seq: 5 });
    await one.record(erased('U1'));
    expect(verified()).toMatchObject({ whole: true });
  });

  test('an event before the last one that holds it explains nothing', async () => {
    await one.record(erased('U1'));
    await one.record(by('U1'));
    tamper(empty('U1'));
    expect(verified()).toMatchObject({ whole: false, seq: 8 });
  });

  test('the first that is wrong is told, and a broken chain before any', () => {
    tamper("UPDATE names SET value = 'x' WHERE person = 'U2'; DELETE FROM names WHERE person = 'U1'");
    expect(verified()).toMatchObject({ whole: false, seq: 2, kind: 'missing' });
    tamper("UPDATE events SET type = 'x' WHERE seq = 6");
    expect(verified()).toMatchObject({ whole: false, seq: 6, kind: 'edited' });
  });

  test('one that was put in is found, without a reference and behind a thousand others', () => {
    tamper("INSERT INTO names (ref, person, salt, value) VALUES ('', 'U7', 's', 'Nobody')");
    expect(verified()).toMatchObject({ whole: false, seq: 0, problem: expect.stringContaining('a name of U7') });
    tamper("DELETE FROM names WHERE ref = ''");
    const right = Array.from({ length: 1_000 }, (_, index) => [referenceOf('s', 'U7', `${index}`), index] as const);
    for (const [ref, index] of right)
      tamper(`INSERT INTO names (ref, person, salt, value) VALUES ('${ref}', 'U7', 's', '${index}')`);
    expect(verified()).toMatchObject({ whole: true });
    const last = right
      .map(([ref]) => ref)
      .toSorted()
      .at(-1);
    tamper(`UPDATE names SET value = 'Mallory' WHERE ref = '${last}'`);
    expect(verified()).toMatchObject({ whole: false, problem: expect.stringContaining('a name of U7') });
  });

  test('one that no event holds any more has to be right all the same', async () => {
    await archive(6, 'a.jsonl');
    expect(verified()).toMatchObject({ whole: true });
    tamper("UPDATE names SET value = 'Mallory' WHERE person = 'U1'");
    expect(verified()).toEqual({
      whole: false,
      seq: 0,
      kind: 'edited',
      problem: expect.stringContaining('a name of U1 that no event holds'),
    });
    tamper(empty('U1'));
    expect(verified()).toMatchObject({ whole: true });
  });

  test('those in an archive are checked by what stands beside them there', async () => {
    const path = await archive(6, 'a.jsonl');
    const text = readFileSync(path, 'utf8');
    const check = (edited: string) => {
      writeFileSync(path, edited);
      return verified({ archives: [path] });
    };
    expect(check(text)).toMatchObject({ whole: true });
    expect(check(text.replaceAll('"Name of U1"', '"Mallory"'))).toMatchObject({ whole: false, seq: 2, kind: 'edited' });
    const without = text.replace(/"names":\{[^}]*"U1"[^}]*\}\}/g, '"names":{}');
    expect(check(without)).toMatchObject({ whole: false, seq: 5, kind: 'missing' });
    // One that no event beside it holds, put in.
    const [first = '', ...rest] = text.split('\n');
    const other = `"names":{"name:${'0'.repeat(32)}":{"person":"U9","salt":"s","value":"v"},`;
    expect(check([first.replace('"names":{', other), ...rest].join('\n'))).toMatchObject({
      ...{ whole: false, seq: 1, kind: 'edited', problem: expect.stringContaining('of U9 was changed') },
    });
  });

  test('what is only called like a reference is nobody’s name', async () => {
    const looksLikeOne = `name:${'0'.repeat(32)}`;
    await one.record(
      anEvent('drift.found', { resource: 'db', kind: 'standing', role: null, account: looksLikeOne, grantId: null }),
    );
    await one.record(by('U8', looksLikeOne));
    expect(verified()).toMatchObject({ whole: true });
  });
});

describe('on two cores', () => {
  let asked: Stretch[];
  beforeEach(() => {
    asked = [];
  });
  const onTwo = (against: Against = {}, plain?: boolean) =>
    verifyOnTwoCores(
      one.ledger,
      against,
      async (stretch) => {
        asked.push(stretch);
        return plain ?? isPlain(one.ledger, stretch);
      },
      4,
    );

  test('the later half is left to another thread, and the answer is the same', async () => {
    await record(10);
    expect(await onTwo({ anchors: [anchor(2), anchor(9)] })).toEqual(verified({ anchors: [anchor(2), anchor(9)] }));
    expect(asked).toEqual([{ from: { seq: 5, hash: hashOf(5) }, to: { seq: 10, hash: hashOf(10) } }]);
  });

  test.each([
    ['an event of the first half is edited', () => tamper("UPDATE events SET payload = '{}' WHERE seq = 3")],
    ['an event of the later half is edited', () => tamper("UPDATE events SET payload = '{}' WHERE seq = 8")],
    ['the event in the middle is deleted', () => tamper('DELETE FROM events WHERE seq = 5')],
    ['an event of the later half is deleted', () => tamper('DELETE FROM events WHERE seq = 9')],
    ['a hash in the middle is edited', () => tamper(`UPDATE events SET hash = '${'0'.repeat(64)}' WHERE seq = 5`)],
    ['the last hash is edited', () => tamper(`UPDATE events SET hash = '${'0'.repeat(64)}' WHERE seq = 10`)],
    ['a name is changed', () => tamper("UPDATE names SET value = 'Mallory' WHERE person = 'U1'")],
    ['a name is deleted', () => tamper("DELETE FROM names WHERE person = 'U1'")],
  ])('%s: it is said as on one', async (_what, bend) => {
    await record(10);
    bend();
    const found = verified();
    expect(found.whole).toBe(false);
    expect(await onTwo()).toEqual(found);
  });

  test.each([3, 7, 10])('a position that does not fit at event %i is said as on one', async (seq) => {
    await record(10);
    const against = { anchors: [anchor(seq, 'f'.repeat(64))] };
    expect(await onTwo(against)).toEqual(verified(against));
    expect(verified(against).whole).toBe(false);
  });

  test('what is recorded after the other thread began is walked as well', async () => {
    await record(10);
    const found = await verifyOnTwoCores(
      one.ledger,
      {},
      async (stretch) => {
        await record(2);
        return isPlain(one.ledger, stretch);
      },
      4,
    );
    expect(found).toMatchObject({ whole: true, events: 12, head: hashOf(12) });
  });

  test('a thread that fails is no answer', async () => {
    await record(10);
    const failing = () => Promise.reject(new Error('it ended'));
    await expect(verifyOnTwoCores(one.ledger, {}, failing, 4)).rejects.toThrow('it ended');
  });

  test('few events, or an archive, are walked on one', async () => {
    await record(3);
    await onTwo();
    await record(10);
    const path = await archive(3, 'a.jsonl');
    expect(await onTwo({ archives: [path] })).toMatchObject({ whole: true });
    expect(asked).toEqual([]);
  });
});
