/** Somebody who has the database file makes it such that the bot cannot work with it. Access has to end all the same. */

import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { latestKnown } from '../../src/app/heartbeat.ts';
import { sqliteLedger } from '../../src/ledger/open/sqlite.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const change = (sql: string) => {
  const db = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '');
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  db.exec(sql);
  db.close();
};
const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  await stage.recorded('grant.activated');
  await stage.stopBot();
};
const endsOnTime = async () => {
  expect(await stage.madeRoles()).toHaveLength(1);
  stage.clock.jump(61 * MINUTE);
  await expect.poll(() => stage.madeRoles(), { timeout: 8_000 }).toEqual([]);
};
const isSaid = async (problem: string) => {
  expect((await stage.recorded('ledger.damaged')).payload.problem).toContain(problem);
  await stage.ben.jit('request orders read 1h stuck orders');
  await stage.ben.told('Nothing can be granted now');
};

const UNGUARDED = 'DROP TRIGGER events_are_never_changed;';
const NEWEST = 'seq = (SELECT max(seq) FROM events)';

describe('what cannot be read', () => {
  test.each([
    ['the newest event is no JSON', `${UNGUARDED} UPDATE events SET payload = '{' WHERE ${NEWEST}`],
    ['nobody did the newest event', `${UNGUARDED} UPDATE events SET actor = '' WHERE ${NEWEST}`],
    ['the newest event says nothing', `${UNGUARDED} UPDATE events SET payload = 'null' WHERE ${NEWEST}`],
    [
      'the newest event lacks everything',
      `${UNGUARDED} UPDATE events SET type = 'grant.ended', payload = '{}' WHERE ${NEWEST}`,
    ],
    ['the newest event has an absurd time', `${UNGUARDED} UPDATE events SET at = 9007199254740991 WHERE ${NEWEST}`],
  ])('K10.9 where %s, access ends on time and the audit channel goes on', async (_how, sql) => {
    await hold();
    change(sql);
    await stage.restart();
    await isSaid('was changed after it was recorded');
    await stage.eve.readsIn('C0AUDIT', 'was changed after it was recorded');
    await endsOnTime();
  });

  test('K10.9 with an archive before the first event, without JSON, access ends on time', async () => {
    await hold();
    change(
      `${UNGUARDED} DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE seq = 1;
       UPDATE events SET type = 'ledger.archived', payload = '{' WHERE seq = 3`,
    );
    await stage.restart();
    await stage.logged('THE LEDGER CANNOT BE TRUSTED', 1);
    expect(stage.log.lines.some(({ facts }) => JSON.stringify(facts).includes('event 1 is missing'))).toBe(true);
    await endsOnTime();
  });

  test.each([
    ['every small state is no JSON', "UPDATE records SET body = '{'", 'cannot be read; it is taken out'],
    ['every small state is a list', "UPDATE records SET body = '[]'", 'cannot be read; it is taken out'],
    [
      'a freeze is no JSON',
      "INSERT INTO records (kind, key, version, body) VALUES ('freeze', 'bot', 1, 'x')",
      'freeze bot cannot be read',
    ],
    [
      'a stand-in stands for nobody',
      `INSERT INTO records (kind, key, version, body) VALUES ('delegation', 'U0DEV', 1, '{"from":1}')`,
      'no event names a stand-in for U0DEV',
    ],
  ])('K10.9 where %s, access ends on time, and only that is wrong at the next start', async (_how, sql, problem) => {
    await hold();
    change(sql);
    await stage.restart();
    await isSaid(problem);
    await endsOnTime();
    await stage.restart();
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.recorded('grant.activated', 2);
    expect(stage.events().filter(({ type }) => type === 'ledger.damaged')).toHaveLength(1);
  });

  test('K10.9 where due work has numbers that cannot be counted on, access ends on time', async () => {
    await hold();
    const most = '9223372036854775807';
    change(`UPDATE jobs SET attempts = ${most}, lease_until = ${most}, generation = ${most}`);
    await stage.restart();
    await endsOnTime();
  });

  test('K10.9 a time that no calendar knows is not where the clock begins', async () => {
    await stage.stopBot();
    const ledger = openLedger(stage.sandbox.env.JIT_DATABASE ?? '');
    const known = await latestKnown(sqliteLedger(ledger));
    await createPostBook(ledger).moveCursor('clock', Number.MAX_SAFE_INTEGER);
    expect(await latestKnown(sqliteLedger(ledger))).toBeLessThanOrEqual(known);
    await createPostBook(ledger).moveCursor('clock', known + MINUTE);
    expect(await latestKnown(sqliteLedger(ledger))).toBe(known + MINUTE);
    ledger.close();
  });
});

describe('rules that somebody gave the database', () => {
  const ends = "NEW.kind = 'end'";
  test.each([
    [
      'puts off every end',
      `CREATE TRIGGER later AFTER INSERT ON jobs WHEN ${ends} BEGIN UPDATE jobs SET due_at = 99999999999999 WHERE kind = 'end'; END`,
      'the trigger later is not the bot’s',
    ],
    [
      'keeps every grant as it is',
      'CREATE TRIGGER same BEFORE UPDATE ON grants BEGIN SELECT RAISE(IGNORE); END',
      'the trigger same is not the bot’s',
    ],
    [
      'takes no event',
      "CREATE TRIGGER none BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END",
      'the trigger none is not the bot’s',
    ],
    [
      'lets events be changed',
      `${UNGUARDED} CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events BEGIN SELECT 1; END`,
      'the trigger events_are_never_changed',
    ],
    [
      'lets somebody hold a role twice',
      `DROP INDEX grants_one_live;
       INSERT INTO requests SELECT 'R2', version, state, 'x', requester, role, body, bundle, review_due, mailbox FROM requests;
       INSERT INTO grants SELECT 'G2', version, state, 'R2', person, role, resource, body, mailbox FROM grants`,
      'the index grants_one_live was taken out, and rows that it forbids are there',
    ],
    [
      'has another table',
      "ALTER TABLE grants ADD COLUMN more TEXT DEFAULT 'x'",
      'the table grants is not as the bot made it',
    ],
  ])('K10.10 one that %s holds up no end, and is told of', async (_how, sql, problem) => {
    await hold();
    change(sql);
    await stage.restart();
    await isSaid(problem);
    await endsOnTime();
  });

  test('K10.10 one that was taken out is put back, and the log says so', async () => {
    await hold();
    change(`${UNGUARDED} DROP INDEX grants_one_live`);
    await stage.restart();
    await stage.logged('somebody had taken a rule out of the database', 2);
    expect(() => change("UPDATE events SET type = 'x'")).toThrow('events are never changed');
    await endsOnTime();
    expect(stage.events().some(({ type }) => type === 'ledger.damaged')).toBe(false);
  });

  test.each([
    ['refuses every change', "RAISE(ABORT, 'no')"],
    ['ignores every change', 'RAISE(IGNORE)'],
  ])('K10.10 one added meanwhile that %s keeps no access from being taken back', async (_how, what) => {
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.recorded('grant.activated');
    change(`CREATE TRIGGER meanwhile BEFORE UPDATE ON grants BEGIN SELECT ${what}; END`);
    await endsOnTime();
    await stage.logged('cannot record that a grant ends', 1);
    change('DROP TRIGGER meanwhile');
    await stage.recorded('grant.ended');
  });
});
