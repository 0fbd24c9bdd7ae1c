/** Somebody who has the database file changes what the bot works from, and leaves the events as they are. */

import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const database = () => stage.sandbox.env.JIT_DATABASE ?? '';
const change = (sql: string) => {
  const db = new SQLite(database());
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  db.close();
};
const read = <T>(sql: string): T[] => {
  const db = new SQLite(database(), { readonly: true });
  const rows = db.prepare<[], T>(sql).all();
  db.close();
  return rows;
};
const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  return (await stage.recorded('grant.activated')).grantId ?? '';
};
const isGone = () => expect.poll(() => stage.madeRoles(), { timeout: 8_000 }).toEqual([]);
const isSaid = async (problem: string) => {
  const damaged = await stage.recorded('ledger.damaged');
  expect(damaged.payload.problem).toContain(problem);
  await stage.ben.jit('request orders read 1h stuck orders');
  await stage.ben.told('Nothing can be granted now');
};

describe('due work that somebody took out', () => {
  test.each([
    ['deleted', "DELETE FROM jobs WHERE kind = 'end'"],
    ['put off for ever', "UPDATE jobs SET due_at = 99999999999999 WHERE kind = 'end'"],
  ])('K10.4 the end of live access that was %s is restored at start, and is on time', async (_how, sql) => {
    await hold();
    await stage.stopBot();
    change(sql);
    await stage.restart();
    await stage.logged('the due work that ends live access was missing', 1);
    expect(await stage.madeRoles()).toHaveLength(1);
    // Nothing else was bent: others can go on asking.
    expect(stage.events().some(({ type }) => type === 'ledger.damaged')).toBe(false);
    stage.clock.jump(61 * MINUTE);
    await isGone();
    expect((await stage.recorded('grant.ended')).payload.why).toBe('expired');
  });

  test('K10.4 the end of an open request is put back too', async () => {
    await stage.ben.jit('request payments admin 30m INC-1 rebuild the index');
    await stage.recorded('request.submitted');
    await stage.stopBot();
    change("DELETE FROM jobs WHERE kind = 'expire'");
    await stage.restart();
    await stage.logged('the due work that ends open requests was missing', 1);
    stage.clock.jump(25 * 60 * MINUTE);
    await stage.recorded('request.expired');
  });
});

describe('a grant that is not what the ledger says', () => {
  test.each([
    [
      'ended',
      "UPDATE grants SET state = 'ended', body = json_set(body, '$.state', 'ended'); DELETE FROM jobs",
      'row says ended',
    ],
    [
      'ended in its column alone',
      "UPDATE grants SET state = 'ended'; DELETE FROM jobs WHERE kind = 'end'",
      'both ended and active',
    ],
    [
      'ended in its body alone',
      "UPDATE grants SET body = json_set(body, '$.state', 'failed')",
      'both active and failed',
    ],
    [
      'to end much later',
      "UPDATE grants SET body = json_set(body, '$.endsAt', 99999999999999)",
      'and its row says 5138-11',
    ],
    [
      'somebody else’s',
      "UPDATE grants SET person = 'U0BEN', body = json_set(body, '$.person.slackId', 'U0BEN')",
      'somebody else’s',
    ],
    [
      'of another role',
      "UPDATE grants SET role = 'orders-db/read', resource = 'orders-db', body = json_set(body, '$.role', 'orders-db/read', '$.resourceId', 'orders-db')",
      'of something else',
    ],
    [
      'to give something else',
      "UPDATE grants SET body = json_set(body, '$.grants', json('{}'))",
      'gave something else',
    ],
    [
      'to be given elsewhere',
      "UPDATE grants SET body = json_set(body, '$.place', 'postgres 10.0.0.1')",
      'somewhere else',
    ],
    ['nothing that can be read', "UPDATE grants SET body = '{'", 'cannot be read'],
    ['gone', 'DELETE FROM grants', 'its row is gone'],
    [
      'gone, with its request and all due work',
      'DELETE FROM grants; DELETE FROM requests; DELETE FROM jobs',
      'its row is gone',
    ],
  ])('K10.5 whose row somebody made %s is ended at start, loudly', async (_how, sql, problem) => {
    const id = await hold();
    await stage.stopBot();
    change(sql);
    await stage.restart();
    await isGone();
    await isSaid(problem);
    const ended = await stage.recorded('grant.ended');
    expect(ended).toMatchObject({ grantId: id, payload: { person: { slackId: 'U0ANA' }, why: 'revoked' } });
    // Whoever looked and starts again finds nothing more.
    await stage.stopBot();
    await stage.restart();
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.recorded('grant.activated', 2);
    expect(stage.events().filter(({ type }) => type === 'ledger.damaged')).toHaveLength(1);
  });

  test('K10.5 made active again while it was being taken back is taken back', async () => {
    await hold();
    await stage.stopBot();
    const [row] = read<{ body: string }>('SELECT body FROM grants');
    const body = row?.body.replaceAll("'", "''");
    await stage.restart();
    await stage.ana.jit('revoke');
    await stage.recorded('grant.ended');
    await stage.stopBot();
    change(`UPDATE grants SET state = 'active', body = '${body}'`);
    await stage.restart();
    await isSaid('its row says that it is live, and no event does');
    await stage.recorded('grant.ended', 2);
  });

  test('K10.5 that no event knows is not provisioned', async () => {
    await hold();
    stage.clock.jump(61 * MINUTE);
    await stage.recorded('grant.ended');
    await isGone();
    await stage.stopBot();
    change(
      `UPDATE requests SET id = 'RFORGED'; UPDATE grants SET id = 'GFORGED', request_id = 'RFORGED', state = 'provisioning',
        body = json_set(json_remove(body, '$.activation', '$.why', '$.by', '$.problem', '$.endedAt'), '$.id', 'GFORGED',
          '$.requestId', 'RFORGED', '$.state', 'provisioning', '$.endsAt', 99999999999999);
       INSERT INTO jobs (kind, key, due_at, attempts, lease_until, generation) VALUES ('provision', 'GFORGED', 0, 0, 0, 0)`,
    );
    await stage.restart();
    await isSaid('no event does');
    await stage.recorded('grant.ended', 2);
    expect(stage.events().filter(({ type }) => type === 'grant.activated')).toHaveLength(1);
    await isGone();
  });

  test('K10.5 is ended also where the chain is broken too', async () => {
    await hold();
    await stage.stopBot();
    change(
      "DROP TRIGGER events_are_never_changed; UPDATE events SET at = at + 1 WHERE seq = 2; UPDATE grants SET state = 'ended'; DELETE FROM jobs",
    );
    await stage.restart();
    await isGone();
    await isSaid('both ended and active');
  });
});

describe('what decides, changed in the database', () => {
  test('K10.6 a freeze that nobody lifted holds again', async () => {
    const { people } = stage.sandbox.slack;
    await stage.eve.jit('admin');
    await people.clickIn('U0EVE', await stage.eve.sees('Active: '), 'admin_freeze');
    const form = await stage.eve.sees('Nobody gets access until you lift it');
    await people.enter('U0EVE', form, 'freeze_reason', 'Stolen laptop');
    await people.submit('U0EVE', form);
    await stage.recorded('access.frozen');
    await stage.stopBot();
    change("UPDATE records SET body = 'null' WHERE kind = 'freeze'");
    await stage.restart();
    expect((await stage.recorded('ledger.damaged')).payload.problem).toContain('was lifted by nobody');
    expect(read<{ body: string }>("SELECT body FROM records WHERE kind = 'freeze'")[0]?.body).toContain(
      'Stolen laptop',
    );
  });

  test('K10.6 a stand-in whom nobody named is taken out', async () => {
    await stage.stopBot();
    const person = (id: string) => `{"slackId":"${id}","name":"x","email":"x@x","timeZone":"UTC"}`;
    change(
      `INSERT INTO records (kind, key, version, body) VALUES ('delegation', 'U0DEV', 1,
        '{"from":${person('U0DEV')},"to":${person('U0BEN')},"until":99999999999999}')`,
    );
    await stage.restart();
    await isSaid('no event names a stand-in for U0DEV');
    expect(read<{ body: string }>("SELECT body FROM records WHERE kind = 'delegation'")).toEqual([{ body: 'null' }]);
  });
});
