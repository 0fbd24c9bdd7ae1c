/** What the tables say, next to what the events say: each way in which a row may have been bent, alone. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/events.ts';
import type { Grant } from '../../src/domain/grant.ts';
import { BOT } from '../../src/domain/person.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { nothingSaid, type Said, take } from '../../src/ledger/book/said.ts';
import { prune } from '../../src/ledger/history/archive.ts';
import { createStateCheck } from '../../src/ledger/sqlite/stateCheck.ts';
import { endDelegation } from '../../src/lifecycle/review/delegate.ts';
import type { StateCheck } from '../../src/ports/state.ts';
import { aLedger, anEvent } from '../support/aLedger.ts';
import { aSite, copyOfSite, type Flow, type Site } from '../support/flowWorld.ts';
import { aBotOn, aLivedLedger, type Lived } from '../support/livedLedger.ts';

let folder: string;
let made: Site;
let lived: Lived;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-state-'));
  made = aSite(join(folder, 'lived.db'));
  lived = await aLivedLedger(made);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let bot: Flow;
let check: StateCheck;
beforeEach(() => {
  bot = aBotOn(copyOfSite(made, join(mkdtempSync(join(folder, 'test-')), 'jit.db')));
  bot.ledger.sqlite.pragma('foreign_keys = OFF');
  bot.ledger.sqlite.pragma('ignore_check_constraints = ON');
  check = createStateCheck(bot.ledger, bot.clock);
});
afterEach(() => bot.close());

/** Somebody with the database file. */
const bend = (sql: string, ...values: (string | number)[]) => bot.ledger.sqlite.prepare(sql).run(...values);
const change = (id: string, path: string, value: string | number | null) =>
  bend('UPDATE grants SET body = json_set(body, ?, ?) WHERE id = ?', path, value as string, id);
const bodyOf = (id: string): Grant =>
  JSON.parse(bot.ledger.sqlite.prepare<[string], string>('SELECT body FROM grants WHERE id = ?').pluck().get(id) ?? '');
const problemOf = async (id: string): Promise<string | null> => {
  const finding = await check.look(id);
  return finding?.kind === 'bent' ? finding.problem : null;
};
const eventsAbout = (requestId: string) =>
  bot
    .events()
    .filter((event) => event.requestId === requestId)
    .map(({ seq }) => seq);

test('a ledger as the bot left it has nothing bent and nothing to mend', async () => {
  expect(await check.suspects()).toEqual([]);
  for (const id of Object.values(lived.live)) expect(await check.look(id), id).toBeNull();
  expect(await check.look('G-nobody-knows')).toBeNull();
});

describe('a row of live access', () => {
  test('that is gone is told with the events about it', async () => {
    const { requestId } = bodyOf(lived.live.reviewed);
    bend('DELETE FROM grants WHERE id = ?', lived.live.reviewed);
    expect(await check.look(lived.live.reviewed)).toEqual({
      kind: 'bent',
      problem: 'events say that it is live, and its row is gone',
      row: null,
      version: null,
      events: eventsAbout(requestId),
    });
    expect(await check.suspects()).toEqual([lived.live.reviewed]);
  });

  test('that cannot be read is told with its version', async () => {
    bend("UPDATE grants SET body = 'not json', version = 7 WHERE id = ?", lived.live.onShift);
    expect(await check.look(lived.live.onShift)).toMatchObject({
      problem: 'its row cannot be read',
      row: null,
      version: 7,
    });
    bend("UPDATE grants SET body = '{}' WHERE id = ?", lived.live.overdue);
    expect(await problemOf(lived.live.overdue)).toBe('its row cannot be read');
  });

  test.each([
    '$.id',
    '$.requestId',
    '$.person.slackId',
    '$.person.email',
    '$.resourceId',
    '$.role',
    '$.state',
    '$.endsAt',
    '$.ties',
  ])('that lacks %s cannot be worked with', async (path) => {
    bend('UPDATE grants SET body = json_remove(body, ?) WHERE id = ?', path, lived.live.reviewed);
    expect(await problemOf(lived.live.reviewed)).toBe('its row cannot be read');
  });

  test('that says it has ended is told, by its state and its body, and by each alone', async () => {
    const { reviewed, onShift, overdue } = lived.live;
    bend("UPDATE grants SET state = 'ended', body = json_set(body, '$.state', 'ended') WHERE id = ?", reviewed);
    expect(await check.look(reviewed)).toMatchObject({
      problem: 'events say that it is live, and its row says ended',
      row: { id: reviewed, state: 'ended' },
    });
    bend("UPDATE grants SET state = 'failed' WHERE id = ?", onShift);
    expect(await problemOf(onShift)).toBe('events say that it is live, and its row says both failed and active');
    change(overdue, '$.state', 'ended');
    expect(await problemOf(overdue)).toBe('events say that it is live, and its row says both overdue and ended');
    expect((await check.suspects()).toSorted()).toEqual([reviewed, onShift, overdue].toSorted());
  });

  test.each(['revoking', 'overdue'] as const)('that is %s and says that it goes on is told', async (name) => {
    const id = lived.live[name];
    bend("UPDATE grants SET state = 'active', body = json_set(body, '$.state', 'active') WHERE id = ?", id);
    expect(await problemOf(id)).toBe('events say that it is being taken back, and its row says active');
  });

  test('that ends later than the events say is told, and one that ends earlier is not', async () => {
    const { endsAt } = bodyOf(lived.live.reviewed);
    change(lived.live.reviewed, '$.endsAt', endsAt + 1);
    expect(await problemOf(lived.live.reviewed)).toBe(
      `events say that it ends ${new Date(endsAt).toISOString()}, and its row says ${new Date(endsAt + 1).toISOString()}`,
    );
    change(lived.live.reviewed, '$.endsAt', endsAt - 1);
    expect(await problemOf(lived.live.reviewed)).toBeNull();
    // Nobody goes by the end of what is being taken back already.
    change(lived.live.revoking, '$.endsAt', endsAt + HOUR);
    expect(await problemOf(lived.live.revoking)).toBeNull();
  });

  test('that was made longer by an extension ends then, and not later', async () => {
    bot.shifts.clear();
    await bot.approves('U0DEV', await bot.request(lived.open.extension));
    await bot.work();
    const { id, endsAt } = await bot.held('U0BEN', 'db/read');
    expect(await check.look(id)).toBeNull();
    change(id, '$.endsAt', endsAt + 1);
    expect(await problemOf(id)).toContain('events say that it ends');
  });

  const TWO_THINGS = 'its row says two things about whose it is, or of what';
  test.each([
    ['person', "UPDATE grants SET person = 'U0EVIL' WHERE id = ?"],
    ['role', "UPDATE grants SET role = 'db/other' WHERE id = ?"],
    ['resource', "UPDATE grants SET resource = 'other' WHERE id = ?"],
    ['request', "UPDATE grants SET request_id = 'R-other' WHERE id = ?"],
    ['id in the body', "UPDATE grants SET body = json_set(body, '$.id', 'G-other') WHERE id = ?"],
    ['person in the body', "UPDATE grants SET body = json_set(body, '$.person.slackId', 'U0EVIL') WHERE id = ?"],
    ['role in the body', "UPDATE grants SET body = json_set(body, '$.role', 'db/other') WHERE id = ?"],
    ['resource in the body', "UPDATE grants SET body = json_set(body, '$.resourceId', 'other') WHERE id = ?"],
    ['request in the body', "UPDATE grants SET body = json_set(body, '$.requestId', 'R-other') WHERE id = ?"],
  ])('in which only the %s is another is told', async (_what, sql) => {
    bend(sql, lived.live.reviewed);
    expect(await problemOf(lived.live.reviewed)).toBe(TWO_THINGS);
    expect(await check.suspects()).toEqual([lived.live.reviewed]);
  });

  test.each([
    [
      'somebody else’s',
      "UPDATE grants SET person = 'U0EVIL', body = json_set(body, '$.person.slackId', 'U0EVIL') WHERE id = ?",
      'its row says that it is somebody else’s, or of something else',
    ],
    [
      'of something else',
      "UPDATE grants SET role = 'db/other', body = json_set(body, '$.role', 'db/other') WHERE id = ?",
      'its row says that it is somebody else’s, or of something else',
    ],
    [
      'for another request',
      "UPDATE grants SET request_id = 'R-other', body = json_set(body, '$.requestId', 'R-other') WHERE id = ?",
      'its row names another request',
    ],
    [
      'somewhere else',
      "UPDATE grants SET body = json_set(body, '$.place', 'elsewhere') WHERE id = ?",
      'its row says that it gave something else, or somewhere else',
    ],
    [
      'of more',
      'UPDATE grants SET body = json_set(body, \'$.grants\', json(\'{"roles":["owner"]}\')) WHERE id = ?',
      'its row says that it gave something else, or somewhere else',
    ],
  ])('that says all over that it is %s is told by the events', async (_what, sql, problem) => {
    bend(sql, lived.live.reviewed);
    expect(await problemOf(lived.live.reviewed)).toBe(problem);
  });

  test('that no event knows is told, and what has ended is none of it', async () => {
    bend('DROP INDEX grants_one_live');
    const over = bot.ledger.sqlite.prepare<[], string>("SELECT id FROM grants WHERE state = 'ended'").pluck().all();
    const [first = '', second = '', third = ''] = over;
    bend("UPDATE grants SET state = 'active', body = json_set(body, '$.state', 'active') WHERE id = ?", first);
    bend("UPDATE grants SET state = 'active' WHERE id = ?", second);
    change(third, '$.state', 'overdue');
    for (const id of [first, second, third])
      expect(await problemOf(id), id).toBe('its row says that it is live, and no event does');
    expect(await check.look(first)).toMatchObject({
      events: eventsAbout(bodyOf(first).requestId),
      row: { id: first },
      version: expect.any(Number),
    });
    const [, , , fourth = ''] = over;
    change(fourth, '$.endsAt', 1);
    expect(await check.look(fourth)).toBeNull();
    bend("UPDATE grants SET body = 'not json' WHERE id = ?", fourth);
    expect(await check.look(fourth)).toBeNull();
    bend("UPDATE grants SET state = 'revoking' WHERE id = ?", fourth);
    expect(await problemOf(fourth)).toBe('its row says that it is live, and no event does');
  });

  test('is found among any number of others that nobody knows', async () => {
    const copy = bot.ledger.sqlite.prepare(
      "INSERT INTO grants (id, version, state, request_id, person, role, resource, body) SELECT ?, 1, 'active', ?, ?, role, resource, body FROM grants WHERE id = ?",
    );
    const ids = Array.from({ length: 250 }, (_, index) => `G-copy-${index}`);
    for (const id of ids) copy.run(id, `R-${id}`, `U-${id}`, lived.live.reviewed);
    expect((await check.suspects()).toSorted()).toEqual(ids.toSorted());
  });

  test('is looked at as events say now, not as they said at first', async () => {
    expect(await check.look(lived.live.revoking)).toBeNull();
    bot.clock.advance(MINUTE);
    await bot.work();
    expect(bodyOf(lived.live.revoking).state).toBe('ended');
    expect(await check.look(lived.live.revoking)).toBeNull();
    bend(
      "UPDATE grants SET state = 'active', body = json_set(body, '$.state', 'active') WHERE id = ?",
      lived.live.revoking,
    );
    expect(await problemOf(lived.live.revoking)).toBe('its row says that it is live, and no event does');
  });
});

describe('due work of live access', () => {
  const noJob = (kind: string, id: string) => bend('DELETE FROM jobs WHERE kind = ? AND key = ?', kind, id);
  const dueAt = (kind: string, id: string, at: number) =>
    bend('UPDATE jobs SET due_at = ? WHERE kind = ? AND key = ?', at, kind, id);

  test('a missing end is put at its time, or now while it is being taken back', async () => {
    const { reviewed, revoking, provisioning } = lived.live;
    for (const id of [reviewed, revoking, provisioning]) noJob('end', id);
    const job = (key: string, at: number) => [{ kind: 'end', key, dueAt: at }];
    expect(await check.look(reviewed)).toEqual({
      kind: 'not_due',
      grant: bodyOf(reviewed),
      jobs: job(reviewed, bodyOf(reviewed).endsAt),
    });
    expect(await check.look(revoking)).toMatchObject({ jobs: job(revoking, bot.clock.now()) });
    expect(await check.look(provisioning)).toMatchObject({
      jobs: job(provisioning, bodyOf(provisioning).endsAt),
    });
    expect((await check.suspects()).toSorted()).toEqual([reviewed, revoking, provisioning].toSorted());
  });

  test('an end that is due later than the access ends is put back', async () => {
    const { reviewed } = lived.live;
    const { endsAt } = bodyOf(reviewed);
    dueAt('end', reviewed, endsAt);
    expect(await check.look(reviewed)).toBeNull();
    dueAt('end', reviewed, endsAt + 1);
    expect(await check.look(reviewed)).toMatchObject({ jobs: [{ dueAt: endsAt }] });
  });

  test('what could not be taken back may wait for its next try, for five minutes', async () => {
    const { overdue } = lived.live;
    dueAt('end', overdue, bot.clock.now() + 5 * MINUTE);
    expect(await check.look(overdue)).toBeNull();
    dueAt('end', overdue, bot.clock.now() + 5 * MINUTE + 1);
    expect(await check.look(overdue)).toMatchObject({ kind: 'not_due', jobs: [{ kind: 'end', key: overdue }] });
  });

  test('access that depends on a shift is watched, and no other', async () => {
    const { onShift, reviewed, provisioning } = lived.live;
    for (const id of [onShift, reviewed, provisioning]) noJob('watch', id);
    expect(await check.look(onShift)).toMatchObject({
      kind: 'not_due',
      jobs: [{ kind: 'watch', key: onShift, dueAt: bot.clock.now() }],
    });
    expect(await check.look(reviewed)).toBeNull();
    expect(await check.look(provisioning)).toBeNull();
    // Nor before it is there: what is watched is put with it.
    bend(
      'UPDATE grants SET body = json_set(body, \'$.ties\', json(\'{"shift":{"over":false},"incident":null}\')) WHERE id = ?',
      provisioning,
    );
    expect(await check.look(provisioning)).toBeNull();
    noJob('end', onShift);
    expect(await check.look(onShift)).toMatchObject({ jobs: [{ kind: 'end' }, { kind: 'watch' }] });
  });

  test('of access that has ended nothing has to be due', async () => {
    bend('DELETE FROM jobs');
    const over = bot.ledger.sqlite.prepare<[], string>("SELECT id FROM grants WHERE state = 'ended'").pluck().all();
    for (const id of over) expect(await check.look(id)).toBeNull();
    expect((await check.suspects()).toSorted()).toEqual(Object.values(lived.live).toSorted());
  });

  test('requests that wait end, or begin, by work that is due', async () => {
    const { waiting, besideDenied, extension, scheduled } = lived.open;
    expect(await check.idleRequests(5)).toEqual([]);
    noJob('expire', waiting);
    noJob('start', scheduled);
    // The same key of another kind is no help.
    bend("INSERT INTO jobs (kind, key, due_at) VALUES ('start', ?, 0), ('expire', ?, 0)", waiting, scheduled);
    expect(await check.idleRequests(5)).toEqual([
      { kind: 'expire', key: waiting, dueAt: 5 },
      { kind: 'start', key: scheduled, dueAt: 5 },
    ]);
    bend('DELETE FROM jobs');
    const idle = (await check.idleRequests(5)).map(({ kind, key }) => `${kind} ${key}`).toSorted();
    expect(idle).toEqual(
      [...[waiting, besideDenied, extension].map((id) => `expire ${id}`), `start ${scheduled}`].toSorted(),
    );
  });
});

test('columns are put to what the body does not carry', async () => {
  const { reviewed } = lived.live;
  const grant = bodyOf(reviewed);
  const columns = (id: string) =>
    bot.ledger.sqlite.prepare('SELECT person, role, resource, request_id FROM grants WHERE id = ?').get(id);
  const [before, other] = [columns(reviewed), columns(lived.live.onShift)];
  bend("UPDATE grants SET person = 'a', role = 'b', resource = 'c', request_id = 'd' WHERE id = ?", reviewed);
  await check.realign(grant);
  expect(columns(reviewed)).toEqual(before);
  expect(columns(lived.live.onShift)).toEqual(other);
});

describe('small states', () => {
  const about = { actor: BOT, requestId: null, grantId: null } as const;
  const record = (...events: NewEvent[]) => bot.deps.store.commit({ events });
  const seen = async () => {
    await check.look('G-nobody-knows');
  };

  test('the freeze that holds is the newest that nobody lifted', async () => {
    await seen();
    expect(await check.freezeEvent()).toBeNull();
    const frozen = { ...about, type: 'access.frozen', payload: { reason: 'r', live: 0 } } as const;
    const [first] = await record(frozen);
    await seen();
    expect(await check.freezeEvent()).toBe(first?.seq);
    const [second] = await record(frozen);
    await seen();
    expect(await check.freezeEvent()).toBe(second?.seq);
    await record({ ...about, type: 'access.unfrozen', payload: {} });
    await seen();
    expect(await check.freezeEvent()).toBeNull();
  });

  test('a ledger’s first event counts as any other, also after archiving', async () => {
    const { ledger, record: recordThere, close } = aLedger();
    const frozen = anEvent('access.frozen', { reason: 'r', live: 0 });
    await recordThere(frozen, frozen);
    const there = async () => {
      const fresh = createStateCheck(ledger, bot.clock);
      await fresh.look('G-nobody-knows');
      return fresh.freezeEvent();
    };
    ledger.sqlite.exec('DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE seq = 2');
    expect(await there()).toBe(1);
    await recordThere(frozen);
    ledger.sqlite.exec('DELETE FROM events WHERE seq = 1');
    expect(await there()).toBe(3);
    close();
  });

  test('rules that owners removed and did not restore, by the answers’ events', async () => {
    const answered = (role: string, entitlement: string, verdict: 'keep' | 'remove'): NewEvent => ({
      ...about,
      type: 'access_review.answered',
      payload: { review: 'A1', role, entitlement, verdict, comment: '' },
    });
    await seen();
    const [own = 0] = await check.removals();
    expect(bot.events()[own - 1]).toMatchObject({ type: 'access_review.answered', payload: { role: 'db/spare' } });
    const [first] = await record(answered('db/read', 'rule 1', 'remove'));
    const [second] = await record(answered('db/read', 'rule 2', 'remove'));
    await record(answered('db/write', 'rule 1', 'remove'), answered('db/write', 'rule 1', 'keep'));
    await seen();
    expect(await check.removals()).toEqual([own, first?.seq, second?.seq]);
    const [again] = await record(answered('db/read', 'rule 1', 'remove'));
    await seen();
    expect(new Set(await check.removals())).toEqual(new Set([own, again?.seq, second?.seq]));
  });

  test('a stand-in is the one whom the newest event names, until then', async () => {
    await seen();
    expect(await check.strayStandIns()).toEqual([]);
    const set = (path: string, value: string | number) =>
      bend("UPDATE records SET body = json_set(body, ?, ?) WHERE kind = 'delegation'", path, value);
    const body = bot.ledger.sqlite
      .prepare<[], string>("SELECT body FROM records WHERE kind = 'delegation'")
      .pluck()
      .get();
    for (const [path, value] of [
      ['$.to.slackId', 'U0EVIL'],
      ['$.until', 9_999_999_999_999],
      ['$.from.slackId', 'U0DEV'],
    ] as const) {
      set(path, value);
      expect(await check.strayStandIns(), path).toEqual(['U0CHLOE']);
      bend("UPDATE records SET body = ? WHERE kind = 'delegation'", body ?? '');
    }
    bend("UPDATE records SET body = '{}' WHERE kind = 'delegation'");
    expect(await check.strayStandIns()).toEqual(['U0CHLOE']);
    bend("UPDATE records SET body = 'null' WHERE kind = 'delegation'");
    expect(await check.strayStandIns()).toEqual([]);
    // Another's record under a key of their own, as nobody said.
    bend(
      "UPDATE records SET key = 'U0DEV', body = ? WHERE kind = 'delegation'",
      (body ?? '').replace('U0CHLOE', 'U0DEV'),
    );
    expect(await check.strayStandIns()).toEqual(['U0DEV']);
  });

  test('a stand-in who was ended is none, whatever the record says', async () => {
    const body = bot.ledger.sqlite
      .prepare<[], string>("SELECT body FROM records WHERE kind = 'delegation'")
      .pluck()
      .get();
    bot.clock.advance(MINUTE);
    await endDelegation(bot.deps, 'U0CHLOE');
    bend("UPDATE records SET body = ? WHERE kind = 'delegation'", body ?? '');
    await seen();
    expect(await check.strayStandIns()).toEqual(['U0CHLOE']);
  });

  test('a stand-in from a possibly archived event holds, and an ended one does not', async () => {
    bot.ledger.sqlite.exec('DELETE FROM jobs; UPDATE cursors SET seq = 1000');
    await record({
      ...about,
      type: 'ledger.archived',
      payload: { ledger: '', began: 0, from: 1, to: 3, hash: '', file: '', sha256: '' },
    });
    prune(bot.ledger, 3);
    await seen();
    expect(await check.strayStandIns()).toEqual([]);
    const person = { slackId: 'U0CHLOE', name: 'Chloe' };
    await record({
      ...about,
      type: 'delegation.ended',
      payload: { from: person, to: { slackId: 'U0FRED', name: '' } },
    });
    await seen();
    expect(await check.strayStandIns()).toEqual(['U0CHLOE']);
  });

  test('what cannot be read is nothing from then on, and what can be is left alone', async () => {
    const insert = (kind: string, key: string, body: string) =>
      bend('INSERT INTO records (kind, key, version, body) VALUES (?, ?, 1, ?)', kind, key, body);
    bend('DELETE FROM records');
    for (const [index, body] of ['not json', '3', '"text"', '[]', 'true'].entries())
      insert('freeze', `bad${index}`, body);
    for (const kind of ['removals', 'drift']) insert(kind, 'bad', '{}');
    insert('freeze', 'good', '{"reason":"r"}');
    insert('freeze', 'none', 'null');
    insert('removals', 'good', '[]');
    insert('drift', 'none', 'null');
    const found = await check.dropUnreadable();
    expect(found.toSorted()).toEqual([
      'drift bad',
      ...[0, 1, 2, 3, 4].map((index) => `freeze bad${index}`),
      'removals bad',
    ]);
    const bodies = bot.ledger.sqlite
      .prepare<[], string>("SELECT kind || ' ' || key || ' ' || body FROM records WHERE key NOT LIKE 'bad%' ORDER BY 1")
      .pluck()
      .all();
    expect(bodies).toEqual(['drift none null', 'freeze good {"reason":"r"}', 'freeze none null', 'removals good []']);
    expect(await check.dropUnreadable()).toEqual([]);
  });

  test('an event that is no JSON any more keeps none of the others from being heard', async () => {
    bot.ledger.sqlite.exec(
      "DROP TRIGGER events_are_never_changed; UPDATE events SET payload = 'x' WHERE type IN ('delegation.set', 'access_review.answered')",
    );
    await seen();
    expect(await check.removals()).toEqual([]);
    expect(await check.strayStandIns()).toEqual(['U0CHLOE']);
    expect(await check.look(lived.live.reviewed)).toBeNull();
  });
});

describe('what events say of a grant', () => {
  const said = (...events: (Partial<Said> & { type: string })[]) => {
    const state = nothingSaid();
    for (const [index, event] of events.entries())
      take(state, { seq: index + 1, requestId: 'R1', grantId: 'G1', endsAt: undefined, payload: null, ...event });
    return state.grants.get('G1');
  };
  const begun = { type: 'grant.provisioning', endsAt: 100 };

  test.each(['grant.activated', 'grant.extended', 'grant.shortened'])('%s says when it ends from then on', (type) => {
    expect(said(begun, { type, endsAt: 70 })).toEqual({ requestId: 'R1', endsAt: 70, isEnding: false });
    // An earlier version's, which does not say.
    expect(said(begun, { type })).toEqual({ requestId: 'R1', endsAt: 100, isEnding: false });
    expect(said({ type, endsAt: 70 })).toBeUndefined();
  });

  test.each(['grant.revoking', 'grant.overdue'])('%s says that it is being taken back', (type) => {
    expect(said(begun, { type, requestId: 'R2' })).toEqual({ requestId: 'R1', endsAt: 100, isEnding: true });
    // What came before may be in an archive, or of a version that did not say what it was for.
    expect(said({ type })).toEqual({ requestId: 'R1', endsAt: null, isEnding: true });
    expect(said({ ...begun, requestId: null }, { type })).toEqual({ requestId: 'R1', endsAt: 100, isEnding: true });
    expect(said(begun, { type }, { type: 'grant.extended', endsAt: 120 })).toMatchObject({ isEnding: true });
  });

  test.each(['grant.ended', 'grant.failed', 'grant.declared_gone'])('%s says that it is over', (type) => {
    expect(said(begun, { type })).toBeUndefined();
    expect(said(begun, { type, grantId: 'G2' })).toBeDefined();
  });

  test('other events say nothing of it', () => {
    expect(said(begun, { type: 'credential.issued', endsAt: 70 })).toEqual({
      requestId: 'R1',
      endsAt: 100,
      isEnding: false,
    });
    expect(said({ type: 'request.approved' })).toBeUndefined();
  });

  test('an earlier version does not say when it ends, nor what it was for', () => {
    expect(said({ type: 'grant.provisioning', requestId: null })).toEqual({
      requestId: null,
      endsAt: null,
      isEnding: false,
    });
    expect(said({ type: 'grant.provisioning', endsAt: 'soon' })).toMatchObject({ endsAt: null });
  });
});
