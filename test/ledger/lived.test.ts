/** What leaves the database, by age or by name, on a ledger that has lived: nothing goes that anybody still needs. */

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, SECOND } from '../../src/domain/terms.ts';
import { lastToArchive, prune, writeArchive } from '../../src/ledger/history/archive.ts';
import { countNames, erase } from '../../src/ledger/history/erase.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { createStateCheck } from '../../src/ledger/sqlite/stateCheck.ts';
import { reviewUse } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { mendState } from '../../src/lifecycle/health/mendState.ts';
import { CURSORS, POSTS } from '../../src/ports/keys.ts';
import { StorageError } from '../../src/ports/store.ts';
import { ledgerHere } from '../support/cliHere.ts';
import { aSite, copyOfSite, type Flow, type Site } from '../support/flowWorld.ts';
import { aBotOn, aLivedLedger, anOldLedger, type Lived, type Over } from '../support/livedLedger.ts';

const DAY = 24 * HOUR;
let folder: string;
let madeOld: { site: Site; over: Over };
let madeLived: { site: Site; lived: Lived };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-lived-'));
  const [old, lived] = [aSite(join(folder, 'old.db')), aSite(join(folder, 'lived.db'))];
  madeOld = { site: old, over: await anOldLedger(old) };
  madeLived = { site: lived, lived: await aLivedLedger(lived) };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(folder, 'test-'));
});
const file = (name: string) => join(directory, name);
const oldSite = () => copyOfSite(madeOld.site, file('jit.db'));
const livedSite = () => copyOfSite(madeLived.site, file('jit.db'));
const archive = ({ path }: Site, before: number, to: string) =>
  ledgerHere('archive', path, '--before', new Date(before).toISOString(), '--to', file(to));
const verify = ({ path }: Site, ...more: string[]) => ledgerHere('verify', path, ...more);

type Row = Readonly<Record<string, string | number | null>>;
type Tables = Readonly<Record<string, readonly Row[]>>;
/** Every row of every table. */
function tablesOf({ path }: Site): Tables {
  const db = new SQLite(path, { readonly: true });
  const names = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'")
    .pluck()
    .all();
  const tables = Object.fromEntries(
    names.map((name) => [name, db.prepare<[], Row>(`SELECT * FROM ${name} ORDER BY 1, 2`).all()]),
  );
  db.close();
  return tables;
}
const rowsIn = (tables: Tables, table: string): readonly Row[] => tables[table] ?? [];

/** What of a database is left once the events up to one are gone, by what each row is about. */
function leftOf(tables: Tables, last: number): Tables {
  const isLate = (row: Row) => Number(row.seq) > last;
  const mentioned = new Set(
    rowsIn(tables, 'events')
      .filter(isLate)
      .map((row) => row.request_id),
  );
  const goes = (row: Row) => !mentioned.has(row.id ?? null);
  const requests = rowsIn(tables, 'requests').filter(goes);
  const bundlesLeft = new Set(
    rowsIn(tables, 'requests')
      .filter((row) => !goes(row))
      .map(({ bundle }) => bundle),
  );
  const bundles = requests.map(({ bundle }) => bundle).filter((bundle) => !bundlesLeft.has(bundle ?? null));
  const ids = new Set(requests.map(({ id }) => id));
  const grants = rowsIn(tables, 'grants').filter((row) => ids.has(row.request_id ?? null));
  const grantIds = new Set(grants.map(({ id }) => id));
  const isAboutGone = ({ key }: Row) => {
    const [kind, ...parts] = String(key).split(':');
    return kind === 'card'
      ? bundles.includes(parts[0] ?? '')
      : parts.some((part) => ids.has(part) || grantIds.has(part));
  };
  return {
    ...tables,
    events: rowsIn(tables, 'events').filter(isLate),
    event_people: rowsIn(tables, 'event_people').filter(isLate),
    requests: rowsIn(tables, 'requests').filter((row) => !ids.has(row.id ?? null)),
    grants: rowsIn(tables, 'grants').filter((row) => !grantIds.has(row.id ?? null)),
    target_ids: rowsIn(tables, 'target_ids').filter((row) => !grantIds.has(row.grant_id ?? null)),
    posts: rowsIn(tables, 'posts').filter((row) => !isAboutGone(row)),
  };
}
/** Without the one event that says so. */
const withoutNewest = (tables: Tables): Tables => ({ ...tables, events: rowsIn(tables, 'events').slice(0, -1) });

/** The look that a bot takes at its database when it starts. */
async function looksWell({ deps, ledger, log }: Flow): Promise<void> {
  const events = createEventReader(ledger);
  const mended = await mendState({ deps, events, check: createStateCheck(ledger, deps.clock) });
  expect(mended).toEqual({ problem: null, left: 0 });
  expect(log.lines).toEqual([]);
}
const typesSince = (flow: Flow, seq: number) =>
  flow
    .events()
    .filter((event) => event.seq > seq)
    .map(({ type }) => type);

let flow: Flow | null = null;
const startOn = (site: Site): Flow => {
  flow = aBotOn(site);
  return flow;
};
afterEach(() => {
  flow?.close();
  flow = null;
});

describe('archiving what is over', () => {
  test('takes that out of every table and leaves every other row as it was', async () => {
    const site = livedSite();
    const before = tablesOf(site);
    expect(await archive(site, site.clock.now(), 'a.jsonl')).toMatchObject({ code: 0 });
    const after = tablesOf(site);
    const { past } = madeLived.lived;
    expect(withoutNewest(after)).toEqual(leftOf(before, past));
    const gone = rowsIn(before, 'requests').filter(({ id }) => !rowsIn(after, 'requests').some((row) => row.id === id));
    expect(gone.map(({ state }) => state)).toEqual([
      ...['approved', 'approved', 'denied', 'cancelled', 'expired', 'denied', 'approved', 'approved'],
    ]);
    const text = JSON.stringify(after);
    for (const { id } of gone) expect(text).not.toContain(id);
    expect(readFileSync(file('a.jsonl'), 'utf8').trim().split('\n')).toHaveLength(past);
  });

  test('what is live and what waits is all there, with its due work', async () => {
    const site = livedSite();
    const { live, open } = madeLived.lived;
    await archive(site, site.clock.now(), 'a.jsonl');
    const bot = startOn(site);
    const states = async (ids: Readonly<Record<string, string>>, of: 'request' | 'grant') =>
      Object.fromEntries(
        await Promise.all(
          Object.entries(ids).map(async ([name, id]) => [name, (await bot.deps.store[of](id))?.value.state]),
        ),
      );
    expect(await states(live, 'grant')).toEqual({
      onShift: 'active',
      reviewed: 'active',
      provisioning: 'provisioning',
      revoking: 'revoking',
      overdue: 'overdue',
    });
    expect(await states(open, 'request')).toEqual({
      waiting: 'pending',
      besideDenied: 'pending',
      denied: 'denied',
      scheduled: 'scheduled',
      extension: 'pending',
      unreviewed: 'approved',
    });
    expect((await bot.deps.store.unreviewedUses()).map(({ id }) => id)).toEqual([open.unreviewed]);
  });

  test('leaves a record that is whole, with the archive and without', async () => {
    const site = livedSite();
    const count = rowsIn(tablesOf(site), 'events').length;
    const { past } = madeLived.lived;
    await archive(site, site.clock.now(), 'a.jsonl');
    expect((await verify(site)).out).toMatch(`whole: ${count - past + 1} events`);
    expect((await verify(site, '--archives', file('a.jsonl'))).out).toMatch(`whole: ${count + 1} events`);
  });

  test('a bot that starts on what is left finds nothing wrong, and carries all of it on', async () => {
    const site = livedSite();
    await archive(site, site.clock.now(), 'a.jsonl');
    const { open, live, review } = madeLived.lived;
    const bot = startOn(site);
    await looksWell(bot);
    bot.clock.advance(5 * SECOND);
    await bot.work();
    expect(await bot.held('U0EVE', 'db/read')).toMatchObject({ id: live.provisioning });
    for (const id of [live.revoking, live.overdue])
      expect((await bot.deps.store.grant(id))?.value.state, id).toBe('ended');
    // The stand-in was named by an event that is in the archive now.
    expect((await bot.approves('U0FRED', await bot.request(open.waiting))).state).toBe('approved');
    expect((await bot.approves('U0FRED', await bot.request(open.besideDenied))).state).toBe('approved');
    const before = await bot.held('U0BEN', 'db/read');
    await bot.approves('U0DEV', await bot.request(open.extension));
    await bot.work();
    expect((await bot.held('U0BEN', 'db/read')).endsAt).toBe(before.endsAt + HOUR);
    expect(await bot.isHeld('U0DEV', 'db/write')).toBe(true);
    const used = { requestId: open.unreviewed, reviewerId: 'U0DEV', justified: true, comment: 'it was' };
    expect(await reviewUse(bot.deps, used)).toMatchObject({ useReview: { verdict: { justified: true } } });
    bot.clock.advance(6 * HOUR);
    await bot.work();
    expect(await bot.isHeld('U0ANA', 'db/admin')).toBe(true);
    expect(await bot.isHeld('U0ANA', 'db/read')).toBe(false);
    // A rule that an owner took out stays out, although the answer is in the archive.
    expect((await bot.asks('U0ANA', 'db/spare', HOUR)).state).toBe('denied');
    bot.clock.advance(60 * DAY);
    await bot.work();
    expect(await bot.deps.store.liveGrants({})).toEqual([]);
    expect(await bot.deps.store.openRequests({})).toEqual([]);
    const closed = bot.events().find(({ type }) => type === 'access_review.closed');
    expect(closed?.payload).toEqual({ review, kept: 0, removed: 1, unanswered: 5 });
    expect(verifyLedger(bot.ledger, { archives: [file('a.jsonl')] })).toMatchObject({ whole: true });
    expect(verifyLedger(bot.ledger)).toMatchObject({ whole: true, first: madeLived.lived.past + 1 });
  });

  test('keeps what a place lags behind with, and takes it once that has gone there too', async () => {
    const site = livedSite();
    const { past } = madeLived.lived;
    const count = rowsIn(tablesOf(site), 'events').length;
    const lagsAt = (seq: number) => {
      const ledger = openLedger(site.path);
      const moved = createPostBook(ledger).moveCursor(CURSORS.forwardTo('syslog'), seq);
      ledger.close();
      return moved;
    };
    await lagsAt(20);
    const before = tablesOf(site);
    await archive(site, site.clock.now(), 'a.jsonl');
    expect(withoutNewest(tablesOf(site))).toEqual(leftOf(before, 20));
    const bot = startOn(site);
    await looksWell(bot);
    const next = await createEventReader(bot.ledger).after(20, 3);
    expect(next.map(({ seq }) => seq)).toEqual([21, 22, 23]);
    bot.close();
    flow = null;
    await lagsAt(past);
    const between = tablesOf(site);
    await archive(site, site.clock.now(), 'b.jsonl');
    expect(withoutNewest(tablesOf(site))).toEqual(leftOf(between, past));
    const archives = [file('a.jsonl'), file('b.jsonl')].join();
    expect((await verify(site, '--archives', archives)).out).toMatch(`whole: ${count + 2} events`);
    await looksWell(startOn(site));
  });
});

describe('the last event that may go', () => {
  const last = (statement: string, before = Number.MAX_SAFE_INTEGER): number | null => {
    const ledger = openLedger(oldSite().path);
    ledger.sqlite.pragma('foreign_keys = OFF');
    ledger.sqlite.exec(statement);
    const found = lastToArchive(ledger, before);
    ledger.close();
    return found;
  };
  /** Ben's, approved by a stand-in: events 8 to 12, and of its grant up to 37. */
  const REQUEST = '(SELECT request_id FROM events WHERE seq = 8)';
  const GRANT = '(SELECT grant_id FROM events WHERE seq = 12)';

  test('of a ledger in which all is over and told is the one before the newest', () => {
    expect(last('')).toBe(madeOld.over.past - 1);
  });

  test.each([
    ['a request that waits for reviewers', `UPDATE requests SET state = 'pending' WHERE id = ${REQUEST}`],
    ['a request that waits for its start', `UPDATE requests SET state = 'scheduled' WHERE id = ${REQUEST}`],
    ['a use of break-glass that nobody reviewed', `UPDATE requests SET review_due = 1 WHERE id = ${REQUEST}`],
    ['access that is being given', `UPDATE grants SET state = 'provisioning' WHERE id = ${GRANT}`],
    ['live access', `UPDATE grants SET state = 'active' WHERE id = ${GRANT}`],
    ['access that is being taken back', `UPDATE grants SET state = 'revoking' WHERE id = ${GRANT}`],
    ['access that cannot be taken back', `UPDATE grants SET state = 'overdue' WHERE id = ${GRANT}`],
    ['a card that is not up to date', `INSERT INTO jobs (kind, key, due_at) VALUES ('card', ${REQUEST}, 0)`],
  ])('is the one before the first about %s', (_what, statement) => {
    expect(last(statement)).toBe(7);
  });

  test.each(['notify', 'note', 'page', 'resolve_page'])(
    'is the one before one whose %s is still to be done',
    (kind) => {
      expect(last(`INSERT INTO jobs (kind, key, due_at) VALUES ('${kind}', '9', 0), ('${kind}', '10', 0)`)).toBe(8);
    },
  );

  test('is the newest that the audit channel shows', () => {
    expect(last(`UPDATE cursors SET seq = 9 WHERE name = '${CURSORS.audit}'`)).toBe(9);
    expect(last(`DELETE FROM cursors WHERE name = '${CURSORS.audit}'`)).toBeNull();
  });

  const FORWARD = "INSERT INTO jobs (kind, key, due_at) VALUES ('forward', 'webhook', 0), ('forward', 'syslog', 0)";
  test('is the newest that every place has got which events are still forwarded to', () => {
    const lagging = `UPDATE cursors SET seq = 9 WHERE name = '${CURSORS.forwardTo('syslog')}'`;
    expect(last(`${FORWARD}; ${lagging}`)).toBe(9);
    // Set up once, and no longer: nothing is to be sent there.
    expect(last(lagging)).toBe(madeOld.over.past - 1);
    // Set up a moment ago: it gets all of them.
    expect(last(`${FORWARD}; DELETE FROM cursors WHERE name = '${CURSORS.forwardTo('syslog')}'`)).toBeNull();
  });

  test('is older than the time that was named, and not of that time itself', () => {
    const at = (seq: number) => Number(rowsIn(tablesOf(madeOld.site), 'events')[seq - 1]?.at);
    // Three moments: 1 to 32, 33 to 45, and the rest.
    expect([last('', at(33)), last('', at(33) + 1), last('', at(33) - 1)]).toEqual([32, 45, 32]);
    expect(last('', at(1))).toBeNull();
  });

  test('is the earliest of all that is needed', () => {
    const waits = `UPDATE requests SET state = 'pending' WHERE id = ${REQUEST}`;
    const lagging = (seq: number) => `UPDATE cursors SET seq = ${seq} WHERE name = '${CURSORS.audit}'`;
    expect(last(`${waits}; ${lagging(6)}`)).toBe(6);
    expect(last(`${waits}; ${lagging(8)}`)).toBe(7);
  });

  test('leaves requests made together with a waiting one: they share a card', () => {
    // 22 to 24 are about the one that was denied, 25 and after about the other.
    const waits = "UPDATE requests SET state = 'pending' WHERE id = (SELECT request_id FROM events WHERE seq = 25)";
    expect(last(waits)).toBe(21);
    const live = "UPDATE grants SET state = 'active' WHERE id = (SELECT grant_id FROM events WHERE seq = 28)";
    expect(last(live)).toBe(21);
  });

  test('is none where the database begins there already', () => {
    const ledger = openLedger(oldSite().path);
    prune(ledger, 7);
    const upTo = (seq: number) => {
      ledger.sqlite.prepare('UPDATE cursors SET seq = ? WHERE name = ?').run(seq, CURSORS.audit);
      return lastToArchive(ledger, Number.MAX_SAFE_INTEGER);
    };
    expect([upTo(6), upTo(7), upTo(8)]).toEqual([null, null, 8]);
    ledger.close();
  });

  test('is none of an empty ledger', () => {
    const ledger = openLedger(file('empty.db'));
    expect(lastToArchive(ledger, Number.MAX_SAFE_INTEGER)).toBeNull();
    ledger.close();
  });
});

describe('taking events out', () => {
  let ledger: OpenLedger;
  beforeEach(() => {
    ledger = openLedger(oldSite().path);
  });
  afterEach(() => ledger.close());
  const keys = () => ledger.sqlite.prepare<[], string>('SELECT key FROM posts').pluck().all();

  test('a card stays as long as one of the requests on it does', () => {
    const bundle = ledger.sqlite
      .prepare<[], string>('SELECT bundle FROM requests GROUP BY bundle HAVING count(*) > 1')
      .pluck()
      .get();
    const card = POSTS.card(bundle ?? '');
    prune(ledger, 24);
    expect(keys()).toContain(card);
    prune(ledger, 39);
    expect(keys()).not.toContain(card);
  });

  test('what a request that is left has at the target, and in Slack, stays', () => {
    const before = keys();
    prune(ledger, 21);
    expect(keys()).toEqual(before.filter((key) => !/:R0000000(009|011)\b/.test(key)));
    const ids = () => ledger.sqlite.prepare<[], number>('SELECT count(*) FROM target_ids').pluck().get();
    expect(ids()).toBe(8);
    prune(ledger, 37);
    expect(ids()).toBe(4);
  });

  test('the rule that keeps events from being deleted holds again', () => {
    prune(ledger, 7);
    expect(() => ledger.sqlite.exec('DELETE FROM events WHERE seq = 8')).toThrow(/append-only/);
    expect(ledger.sqlite.prepare('SELECT min(seq) FROM events').pluck().get()).toBe(8);
  });

  test('without that rule nothing is taken out: somebody else took it', () => {
    ledger.sqlite.exec('DROP TRIGGER events_are_never_deleted');
    expect(() => prune(ledger, 7)).toThrow(StorageError);
    expect(ledger.sqlite.prepare('SELECT min(seq) FROM events').pluck().get()).toBe(1);
  });

  test('what goes is not left in the file', () => {
    const size = () => ledger.sqlite.pragma('page_count', { simple: true });
    const before = Number(size());
    prune(ledger, 47);
    expect(size()).toBeLessThan(before);
    expect(ledger.sqlite.pragma('freelist_count', { simple: true })).toBe(0);
  });

  test('an archive that could not be written to its end is not there', () => {
    ledger.sqlite.exec("DROP TRIGGER events_are_never_changed; UPDATE events SET payload = 'x' WHERE seq = 9");
    expect(() => writeArchive(ledger, file('a.jsonl'), 20)).toThrow();
    expect(existsSync(file('a.jsonl'))).toBe(false);
  });

  test('an archive is private, known by its SHA-256, and whole or absent', async () => {
    ledger.close();
    await archive(oldSite(), Number.MAX_SAFE_INTEGER / 2, 'a.jsonl');
    ledger = openLedger(ledger.path);
    const newest = await createEventReader(ledger).newest();
    expect(statSync(file('a.jsonl')).mode & 0o777).toBe(0o600);
    expect(statSync(file('a.jsonl.partial'), { throwIfNoEntry: false })).toBeUndefined();
    const { past } = madeOld.over;
    const [first, end] = [1, past - 1].map((seq) => rowsIn(tablesOf(madeOld.site), 'events')[seq - 1]);
    expect(newest).toMatchObject({
      type: 'ledger.archived',
      seq: past + 1,
      payload: {
        ledger: first?.hash,
        began: first?.at,
        from: 1,
        to: past - 1,
        hash: end?.hash,
        file: 'a.jsonl',
        sha256: createHash('sha256')
          .update(readFileSync(file('a.jsonl')))
          .digest('hex'),
      },
    });
  });
});

describe('erasing somebody', () => {
  const eraseOf = ({ path }: Site, person: string) => ledgerHere('erase', path, '--person', person);

  test.each([
    ['U0ANA', 'holds access'],
    ['U0EVE', 'is being given access'],
    ['U0FRED', 'has access that is being taken back'],
    ['U0CHLOE', 'has access that cannot be taken back'],
    ['U0DEV', 'asks for access'],
  ])('%s, who %s, is refused, and nothing is touched', async (person) => {
    const site = livedSite();
    const before = tablesOf(site);
    expect(await eraseOf(site, person)).toMatchObject({ code: 2, err: expect.stringContaining('end those first') });
    expect(tablesOf(site)).toEqual(before);
  });

  test('takes their name and address out of all tables and the file, nobody else’s', async () => {
    const site = oldSite();
    expect(JSON.stringify(tablesOf(site))).toMatch(/"Ben.*ben@harbor\.example|ben@harbor\.example.*"Ben/);
    expect(await eraseOf(site, 'U0BEN')).toMatchObject({ code: 0, out: expect.stringContaining('Erased 2 ') });
    const text = JSON.stringify(tablesOf(site));
    expect(text).not.toMatch(/\bBen\b|ben@harbor/);
    for (const other of ['Ana', 'ana@harbor.example', 'Fred', 'Dev', 'Chloe']) expect(text).toContain(other);
    expect(readFileSync(site.path).includes('ben@harbor.example')).toBe(false);
    expect(text).toContain('U0BEN');
  });

  test('changes no row of anybody else, and of theirs nothing but the name', async () => {
    const site = oldSite();
    const before = tablesOf(site);
    await eraseOf(site, 'U0BEN');
    const after = tablesOf(site);
    const isTheirs = (row: Row) => JSON.stringify(row).includes('U0BEN');
    for (const table of ['requests', 'grants', 'records', 'names', 'event_people', 'seats', 'posts', 'jobs', 'cursors'])
      expect(
        rowsIn(after, table).filter((row) => !isTheirs(row)),
        table,
      ).toEqual(rowsIn(before, table).filter((row) => !isTheirs(row)));
    const named = (text: unknown) =>
      String(text).replaceAll('"Ben"', '"(erased)"').replaceAll('"ben@harbor.example"', '"(erased)"');
    for (const table of ['requests', 'grants', 'records']) {
      const theirs = (tables: Tables) => rowsIn(tables, table).filter(isTheirs);
      expect(theirs(after).map(({ body }) => body)).toEqual(theirs(before).map(({ body }) => named(body)));
      expect(theirs(after).map(({ version }) => version)).toEqual(
        theirs(before).map(({ version }) => Number(version) + 1),
      );
    }
    for (const table of ['requests', 'grants'])
      expect(
        new Set(
          rowsIn(after, table)
            .filter(isTheirs)
            .map(({ mailbox }) => mailbox),
        ),
      ).toEqual(new Set(['']));
    expect(rowsIn(after, 'names').filter(isTheirs)).toEqual([
      expect.objectContaining({ person: 'U0BEN', salt: null, value: null }),
      expect.objectContaining({ person: 'U0BEN', salt: null, value: null }),
    ]);
  });

  test('takes out what they were called at targets, where they hold nothing any more', async () => {
    const site = oldSite();
    const heldBy = (person: string) =>
      rowsIn(tablesOf(site), 'grants')
        .filter((row) => row.person === person)
        .map(({ id }) => id);
    const ledger = openLedger(site.path);
    // One of them never began.
    ledger.sqlite.prepare("UPDATE grants SET state = 'failed' WHERE id = ?").run(heldBy('U0BEN')[0]);
    ledger.close();
    await eraseOf(site, 'U0BEN');
    expect(heldBy('U0BEN')).toHaveLength(3);
    expect([...new Set(rowsIn(tablesOf(site), 'target_ids').map((row) => row.grant_id))]).toEqual(heldBy('U0ANA'));
  });

  test('leaves a whole ledger, also when archived, that a bot carries on', async () => {
    const site = oldSite();
    await eraseOf(site, 'U0BEN');
    await eraseOf(site, 'U0FRED');
    expect((await verify(site)).out).toMatch(`whole: ${madeOld.over.past + 2} events`);
    const bot = startOn(site);
    await looksWell(bot);
    // Fred is still whom Chloe named, by an event that has no name of his any more.
    const asked = await bot.asks('U0BEN', 'db/write', HOUR);
    expect((await bot.approves('U0FRED', asked)).state).toBe('approved');
    await bot.work();
    expect(await bot.isHeld('U0BEN', 'db/write')).toBe(true);
    bot.clock.advance(2 * HOUR);
    await bot.work();
    expect(typesSince(bot, madeOld.over.past)).toContain('grant.ended');
    bot.close();
    flow = null;
    const ledger = openLedger(site.path);
    ledger.sqlite.exec("DELETE FROM jobs WHERE kind IN ('card', 'notify', 'forward')");
    await createPostBook(ledger).moveCursor(CURSORS.audit, madeOld.over.past);
    ledger.close();
    expect(await archive(site, Date.now() + DAY, 'a.jsonl')).toMatchObject({ code: 0 });
    expect(await verify(site, '--archives', file('a.jsonl'))).toMatchObject({ code: 0 });
    expect(readFileSync(file('a.jsonl'), 'utf8')).not.toMatch(/\bBen\b|ben@harbor/);
  });

  test('two who were erased are not taken for one human', async () => {
    const site = oldSite();
    await eraseOf(site, 'U0BEN');
    await eraseOf(site, 'U0DEV');
    const { store } = startOn(site).deps;
    const ben = { accounts: ['U0BEN'], mailboxes: ['ben@harbor.example'] };
    expect(await store.accountsOf(ben)).toEqual(['U0BEN']);
  });

  test('their address for one-time codes goes as well, and the count stays', async () => {
    const site = oldSite();
    const human = 'ben@harbor.example';
    const factor = (of: string) => ({ sealed: 'sealed', confirmed: true, lastStep: 3, human: of });
    const guesses = { failures: 2, lockedUntil: 9, pauses: 1 };
    const bot = startOn(site);
    await bot.deps.store.commit({
      records: [
        { kind: 'second_factor', key: 'U0BEN', value: factor(human), version: 0 },
        { kind: 'second_factor', key: 'U0DEV', value: factor('dev@harbor.example'), version: 0 },
        { kind: 'factor_guesses', key: human, value: guesses, version: 0 },
        { kind: 'factor_guesses', key: 'dev@harbor.example', value: { ...guesses, failures: 1 }, version: 0 },
      ],
    });
    bot.close();
    flow = null;
    await eraseOf(site, 'U0BEN');
    const { store } = startOn(site).deps;
    expect(JSON.stringify(tablesOf(site))).not.toContain(human);
    expect((await store.record('second_factor', 'U0BEN')).value).toEqual(factor(''));
    expect((await store.record('second_factor', 'U0DEV')).value).toEqual(factor('dev@harbor.example'));
    expect((await store.record('factor_guesses', 'U0BEN')).value).toEqual(guesses);
    expect((await store.record('factor_guesses', 'dev@harbor.example')).value).toMatchObject({ failures: 1 });
  });

  test('wrong codes counted for an address that others share stay there', async () => {
    const site = oldSite();
    const human = 'shared@harbor.example';
    const factor = { sealed: 'sealed', confirmed: true, lastStep: 3, human };
    const guesses = { failures: 2, lockedUntil: 9, pauses: 1 };
    const bot = startOn(site);
    await bot.deps.store.commit({
      records: [
        { kind: 'second_factor', key: 'U0BEN', value: factor, version: 0 },
        { kind: 'second_factor', key: 'U0DEV', value: factor, version: 0 },
        { kind: 'factor_guesses', key: human, value: guesses, version: 0 },
      ],
    });
    bot.close();
    flow = null;
    await eraseOf(site, 'U0BEN');
    const { store } = startOn(site).deps;
    expect((await store.record('second_factor', 'U0BEN')).value).toEqual({ ...factor, human: '' });
    expect((await store.record('second_factor', 'U0DEV')).value).toEqual(factor);
    expect((await store.record('factor_guesses', human)).value).toEqual(guesses);
    expect((await store.record('factor_guesses', 'U0BEN')).value).toBeNull();
  });

  test('says how many there were, once', () => {
    const ledger = openLedger(oldSite().path);
    expect([countNames(ledger, 'U0BEN'), erase(ledger, 'U0BEN')]).toEqual([2, 2]);
    expect([countNames(ledger, 'U0BEN'), erase(ledger, 'U0BEN')]).toEqual([0, 0]);
    expect(countNames(ledger, 'U0ANA')).toBeGreaterThan(0);
    ledger.close();
  });
});
