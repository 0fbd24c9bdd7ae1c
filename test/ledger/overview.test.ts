import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Canary } from '../../src/domain/canary.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { writeDrain } from '../../src/ledger/sqlite/drainFile.ts';
import { createOverviewReader } from '../../src/ledger/sqlite/overview.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { type ALedger, aLedger, anEvent } from '../support/aLedger.ts';
import { ANA, aGrantOnItsWay, anActiveGrant } from '../support/domain.ts';

let one: ALedger;
beforeEach(() => {
  one = aLedger();
});
afterEach(() => one.close());

const look = (at = one.clock.now()) => createOverviewReader(one.ledger).read(at);
const stopped = anEvent('bot.stopped', { signal: 'test' });
/** As rows, whatever their bodies say besides. */
const grantRow = (id: string, state: string, body: string) => {
  requestRow(`R${id}`, 'approved', 0);
  one.ledger.sqlite
    .prepare(
      "INSERT INTO grants (id, version, state, request_id, person, mailbox, role, resource, body) VALUES (?, 1, ?, ?, ?, '', ?, 'db', ?)",
    )
    .run(id, state, `R${id}`, `U${id}`, `db/${id}`, body);
};
const requestRow = (id: string, state: string, submittedAt: number) =>
  one.ledger.sqlite
    .prepare(
      "INSERT INTO requests (id, version, state, submission_key, requester, mailbox, role, bundle, body) VALUES (?, 1, ?, ?, ?, '', 'db/read', ?, ?)",
    )
    .run(id, state, id, `U${id}`, id, JSON.stringify({ submittedAt }));
const job = (kind: 'end' | 'card' | 'provision', key: string, dueAt: number) =>
  one.store.commit({ jobs: [{ kind, key, dueAt }] });

describe('how the work stands', () => {
  test('of an empty ledger: nothing, and never', async () => {
    expect(await look()).toEqual({
      live: {},
      overdue: null,
      pending: [],
      due: [],
      retried: 0,
      canary: null,
      auditBehind: null,
      newestSeq: 0,
      frozenSince: null,
      drain: null,
      lastBeat: 0,
      lastAnchor: null,
    });
  });

  test('says since when all access is frozen, and no longer when it is lifted', async () => {
    const at = one.clock.now() - HOUR;
    const freeze = { by: ANA, at, reason: 'drill' };
    await one.store.commit({ records: [{ kind: 'freeze', key: 'bot', value: freeze, version: 0 }] });
    expect((await look()).frozenSince).toBe(at);
    await one.store.commit({ records: [{ kind: 'freeze', key: 'bot', value: null, version: 1 }] });
    expect((await look()).frozenSince).toBeNull();
  });

  test('says until when nothing is granted before maintenance, up to its end', async () => {
    const until = one.clock.now() + HOUR;
    writeDrain(one.ledger.path, { until, why: 'new disk' });
    expect((await look(until - 1)).drain).toEqual({ until });
    expect((await look(until)).drain).toBeNull();
  });

  test('a drain that cannot be understood goes on until it is lifted', async () => {
    writeFileSync(`${one.ledger.path}-drain`, 'not JSON');
    expect((await look()).drain).toEqual({ until: null });
  });

  test('has the canary as it was left', async () => {
    const value: Canary = {
      role: 'db/read',
      every: HOUR,
      run: null,
      last: null,
      beganAt: 7,
      held: 'a freeze',
      heldAt: 8,
    };
    await one.store.commit({ records: [{ kind: 'canary', key: 'bot', value, version: 0 }] });
    expect((await look()).canary).toEqual(value);
    one.ledger.sqlite.exec("UPDATE records SET body = 'no JSON' WHERE kind = 'canary'");
    expect((await look()).canary).toBeNull();
  });

  test('counts live grants by state, and not those that are over', async () => {
    const [giving, active] = [aGrantOnItsWay(), anActiveGrant()];
    grantRow('1', 'active', JSON.stringify(active));
    grantRow('2', 'active', JSON.stringify(active));
    grantRow('3', 'provisioning', JSON.stringify(giving));
    grantRow('4', 'ended', '{}');
    grantRow('5', 'failed', '{}');
    expect((await look()).live).toEqual({ active: 2, provisioning: 1 });
  });

  test('says since when the first overdue access should be gone', async () => {
    const now = one.clock.now();
    grantRow('1', 'overdue', JSON.stringify({ endsAt: now - HOUR }));
    grantRow('2', 'overdue', JSON.stringify({ endsAt: now - 2 * HOUR }));
    grantRow('3', 'revoking', JSON.stringify({ endsAt: now - 3 * HOUR }));
    expect((await look()).overdue).toEqual({ count: 2, since: now - 2 * HOUR });
  });

  test('an overdue row that is no JSON counts from now', async () => {
    grantRow('1', 'overdue', 'broken');
    expect((await look()).overdue).toEqual({ count: 1, since: one.clock.now() });
  });

  test('lists when pending requests were made, oldest first', async () => {
    requestRow('1', 'pending', 2_000);
    requestRow('2', 'pending', 1_000);
    requestRow('3', 'denied', 500);
    expect((await look()).pending).toEqual([1_000, 2_000]);
  });

  test('counts due work by kind, without what somebody works on and what is not due', async () => {
    const now = one.clock.now();
    await job('end', 'G1', now - MINUTE);
    await job('end', 'G2', now);
    await job('end', 'G3', now + 1);
    await job('card', 'R1', now - 2 * MINUTE);
    await job('provision', 'G4', now - MINUTE);
    one.ledger.sqlite.exec(`UPDATE jobs SET lease_until = ${now + MINUTE} WHERE kind = 'provision'`);
    expect((await look()).due).toEqual([
      { kind: 'card', count: 1, since: now - 2 * MINUTE },
      { kind: 'end', count: 2, since: now - MINUTE },
    ]);
  });

  test('counts work that is tried again', async () => {
    await job('end', 'G1', 0);
    await job('end', 'G2', 0);
    one.ledger.sqlite.exec(
      "UPDATE jobs SET attempts = 2 WHERE key = 'G1'; UPDATE jobs SET attempts = 1 WHERE key = 'G2'",
    );
    expect((await look()).retried).toBe(1);
  });

  test('says how far the audit channel is behind, and since when', async () => {
    await one.record(stopped);
    one.clock.advance(MINUTE);
    const second = one.clock.now();
    await one.record(stopped, stopped);
    const posts = createPostBook(one.ledger);
    expect((await look()).auditBehind).toMatchObject({ count: 3 });
    await posts.moveCursor('audit-channel', 1);
    expect((await look()).auditBehind).toEqual({ count: 2, since: second });
    await posts.moveCursor('audit-channel', 3);
    expect(await look()).toMatchObject({ auditBehind: null, newestSeq: 3 });
  });

  test('knows when the bot last wrote the time down, and last kept a position elsewhere', async () => {
    await createPostBook(one.ledger).moveCursor('clock', 12_345);
    const anchored = { seq: 1, hash: 'a'.repeat(64), key: 'k', place: 'file' };
    await one.record(anEvent('ledger.anchored', anchored));
    one.clock.advance(MINUTE);
    await one.record(anEvent('ledger.anchored', anchored));
    expect(await look()).toMatchObject({ lastBeat: 12_345, lastAnchor: one.clock.now() });
  });
});
