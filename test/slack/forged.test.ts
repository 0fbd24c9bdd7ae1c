import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { EVENT_COLUMNS, type EventRow, GENESIS_HASH, hashEvent } from '../../src/ledger/book/chain.ts';
import type { InstalledApp, Message } from '../../src/sandbox/slack/workspace.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { jit } from '../support/cli.ts';

const MINUTE = 60_000;
const OTHER: InstalledApp = { id: 'A0OTHER', name: 'other', botUserId: 'U0OTHER', botId: 'B0OTHER' };
const AGAIN: InstalledApp = { id: 'A0JITBOT', name: 'jit', botUserId: 'U0JITNEW', botId: 'B0JITNEW' };
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
  const { workspace } = stage.sandbox.slack;
  for (const channel of ['C0AUDIT', 'C0ACCESS']) workspace.channels.get(channel)?.members.add(OTHER.botUserId);
});
afterEach(() => stage.close());

const workspace = () => stage.sandbox.slack.workspace;
const database = () => stage.sandbox.env.JIT_DATABASE ?? '';
/** By somebody who takes away what keeps events as they are, and puts it back. */
const change = (sql: string | ((db: SQLite.Database) => void)) => {
  const db = new SQLite(database());
  const rules = db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
  db.exec('DROP TRIGGER IF EXISTS events_are_never_changed; DROP TRIGGER IF EXISTS events_are_never_deleted');
  if (typeof sql === 'string') db.exec(sql);
  else sql(db);
  for (const rule of rules) db.exec(rule);
  db.close();
};
/** Everything from the first event on, written anew with a chain of its own. */
const rewriteAll = () =>
  change((db) => {
    let prevHash = GENESIS_HASH;
    for (const row of db.prepare<[], EventRow>(`SELECT ${EVENT_COLUMNS} FROM events ORDER BY seq`).all()) {
      const at = row.at + 1;
      const hash = hashEvent({ ...row, at, prevHash });
      db.prepare('UPDATE events SET at = ?, prev_hash = ?, hash = ? WHERE seq = ?').run(at, prevHash, hash, row.seq);
      prevHash = hash;
    }
  });
/** Somebody with a token of their own, of another app's bot or as a person, at Slack's own door. */
const post = async (token: string, channel: string, metadata: object) => {
  const send = async () => {
    const response = await fetch(`${stage.sandbox.slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel, text: 'Ledger #1', metadata }),
    });
    return ((await response.json()) as { ok: boolean }).ok;
  };
  // Slack takes about one message a second per channel.
  await expect.poll(send, { timeout: 5_000, interval: 300 }).toBe(true);
};
const asBot = () => stage.sandbox.slack.installApp(OTHER);
const asPerson = () => stage.sandbox.slack.authorize('U0EVE', OTHER);
const position = (payload: object) => ({ event_type: 'jitbot_audit', event_payload: payload });
const ours = () =>
  workspace().messages.filter(
    ({ channel, user, metadata }) => channel === 'C0AUDIT' && user !== 'U0EVE' && user !== OTHER.botUserId && metadata,
  );
const shownTo = (message: Message) => Number(message.metadata?.event_payload.to);
const shown = () =>
  stage.until('the audit channel shows it all', () =>
    ours()
      .map(shownTo)
      .includes(stage.events().at(-1)?.seq ?? 0),
  );
const genesis = () => stage.events()[0]?.hash ?? '';
const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
};
/** `count` messages of people, as a busy channel has them. */
const talk = (count: number) => {
  for (let index = 0; index < count; index += 1)
    workspace().post({
      channel: 'C0AUDIT',
      user: 'U0EVE',
      text: `noise ${index}`,
      blocks: [],
      metadata: null,
      threadTs: null,
      ephemeralTo: null,
    });
};
const damage = (events: readonly LedgerEvent[]) => events.filter(({ type }) => type === 'ledger.damaged');

describe.each([
  ['another app', asBot],
  ['a person through another app', asPerson],
])('%s posts in the audit channel with the bot’s marks', (_who, token) => {
  test('K5.1 a far position without a hash does not silence the channel', async () => {
    await shown();
    await stage.stopBot();
    await post(token(), 'C0AUDIT', position({ ledger: genesis(), to: 100_000 }));
    await stage.restart();
    await hold();
    await shown();
    const forged = await stage.recorded('channel.forged');
    expect(forged.payload).toMatchObject({ channel: 'C0AUDIT', count: 1 });
    expect(['U0EVE', 'U0OTHER']).toContain(forged.payload.user);
    // Once is enough: another start says nothing new.
    await stage.stopBot();
    await stage.restart();
    await shown();
    expect(stage.events().filter(({ type }) => type === 'channel.forged')).toHaveLength(1);
  });

  test('K5.2 a position with a wrong hash stops no grant', async () => {
    await shown();
    await stage.stopBot();
    await post(token(), 'C0AUDIT', position({ ledger: genesis(), from: 1, to: 2, hash: 'f'.repeat(64) }));
    await post(token(), 'C0AUDIT', position({ ledger: 'e'.repeat(64), from: 1, to: 9, hash: 'f'.repeat(64) }));
    await stage.restart();
    await hold();
    await shown();
    expect(damage(stage.events())).toEqual([]);
  });

  test('K5.3 a position with the right hash hides no ledger that was cut', async () => {
    await hold();
    await shown();
    await stage.stopBot();
    const kept = stage.events()[2];
    change('DELETE FROM events WHERE seq > 3');
    await post(token(), 'C0AUDIT', position({ ledger: genesis(), from: 1, to: 3, hash: kept?.hash }));
    await stage.restart();
    await expect
      .poll(() => JSON.stringify(damage(stage.events())), { timeout: 8_000 })
      .toMatch(/the audit channel knows/);
    // What the cut events gave is known from its row, and taken back.
    await expect.poll(() => stage.madeRoles(), { timeout: 8_000 }).toEqual([]);
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('Nothing can be granted now');
  });

  test('K5.4 a message with the key of another keeps nothing from being posted', async () => {
    const bad = token();
    stage.sandbox.slack.faults.add({ kind: 'error_500', match: 'chat.postMessage' });
    await stage.ben.jit('request payments admin 30m INC-1 rebuild the index');
    const submitted = await stage.recorded('request.submitted');
    await stage.logged('a job failed', 1);
    stage.sandbox.slack.faults.clear();
    const direct = workspace().directChannel('U0BEN');
    direct.members.add(OTHER.botUserId).add('U0EVE');
    for (const [channel, key] of [
      ['C0ACCESS', `card:${submitted.requestId}`],
      ['C0ACCESS', `review:${submitted.requestId}`],
      [direct.id, `notice:request.submitted:${submitted.requestId}`],
    ] as const)
      await post(bad, channel, { event_type: 'jitbot_message', event_payload: { key } });
    for (let turn = 0; turn < 4; turn += 1) stage.clock.jump(5_000);
    await stage.until('the bot posted a card of its own', () =>
      workspace().messages.some(
        ({ user, metadata }) => user === 'U0JIT' && metadata?.event_payload.key === `card:${submitted.requestId}`,
      ),
    );
  });
});

describe('what the bot itself posted', () => {
  test('K5.5 counts after a reinstallation too, and the ledger says who it was', async () => {
    await shown();
    await stage.stopBot();
    workspace().reinstall(AGAIN);
    await stage.restart();
    await hold();
    await shown();
    expect(damage(stage.events())).toEqual([]);
    const identified = await stage.recorded('bot.identified');
    expect(identified.payload).toEqual({
      identity: { team: 'T0HARBOR', user: 'U0JITNEW', bot: 'B0JITNEW' },
      earlier: [{ team: 'T0HARBOR', user: 'U0JIT', bot: 'B0JIT' }],
    });
    // What only the old installation said still holds against a record that was written anew.
    await stage.stopBot();
    const { messages } = workspace();
    messages.splice(0, messages.length, ...messages.filter(({ user }) => user === 'U0JIT'));
    const [old] = ours();
    Object.assign(old?.metadata?.event_payload ?? {}, { hash: 'a'.repeat(64) });
    await stage.restart();
    const damaged = await stage.recorded('ledger.damaged');
    expect(damaged.payload.problem).toContain('is not the one that the audit channel knows');
  });

  test('K5.5 an identity that somebody wrote into the database is not believed', async () => {
    await shown();
    await stage.stopBot();
    const them = { team: 'T0HARBOR', user: OTHER.botUserId, bot: OTHER.botId };
    const us = { team: 'T0HARBOR', user: 'U0JIT', bot: 'B0JIT' };
    change(`UPDATE records SET body = '${JSON.stringify({ identities: [them, us] })}' WHERE kind = 'slack_identities'`);
    await post(asBot(), 'C0AUDIT', position({ ledger: genesis(), from: 1, to: 100_000, hash: 'f'.repeat(64) }));
    await stage.restart();
    await hold();
    expect(damage(stage.events())).toEqual([]);
    await stage.logged('the database names identities of the bot', 1);
  });

  test('K5.6 expected and missing: nothing is granted until an administrator has looked', async () => {
    await hold();
    await shown();
    await stage.stopBot();
    workspace().messages.splice(0);
    await stage.restart();
    const damaged = await stage.recorded('ledger.damaged');
    expect(damaged.payload).toMatchObject({ needsLook: true });
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('Nothing can be granted now');
    // By now there are messages again. Starting again is no looking.
    await shown();
    await stage.stopBot();
    await stage.restart();
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('Nothing can be granted now');
    await stage.ana.jit('audit looked it was me');
    await stage.ana.told('Only administrators can do this');
    await stage.eve.jit('audit looked');
    await stage.eve.told('Say why');
    await stage.eve.jit('audit looked We emptied the channel on purpose');
    await stage.eve.told('The ledger now says that you looked');
    expect((await stage.recorded('ledger.looked')).payload.reason).toBe('We emptied the channel on purpose');
    await stage.dev.jit('request orders read 1h stuck orders');
    await stage.until('Dev is not told no', () => stage.events().some(({ type }) => type === 'request.submitted'));
    await stage.stopBot();
    await stage.restart();
    await shown();
    expect(damage(stage.events())).toHaveLength(1);
    stage.clock.jump(61 * MINUTE);
    await stage.recorded('grant.ended');
  });

  test('K5.6 what somebody else edited is not what we posted', async () => {
    await shown();
    await stage.stopBot();
    for (const message of ours()) Object.assign(message, { isEdited: true, editedBy: 'U0EVE' });
    await stage.restart();
    const damaged = await stage.recorded('ledger.damaged');
    expect(damaged.payload).toMatchObject({ needsLook: true });
  });

  test('K5.7 a cursor that was moved ahead in the database does not silence the channel', async () => {
    await shown();
    await stage.stopBot();
    change("UPDATE cursors SET seq = 100000 WHERE name = 'audit-channel'");
    await stage.restart();
    await hold();
    await shown();
    const covered = new Set(
      ours().flatMap(({ metadata }) => {
        const [from, to] = [Number(metadata?.event_payload.from), Number(metadata?.event_payload.to)];
        return Array.from({ length: to - from + 1 }, (_, index) => from + index);
      }),
    );
    for (const { seq } of stage.events()) expect(covered, `event ${seq}`).toContain(seq);
  });

  test('K5.8 every position on the page is compared, not only the newest', async () => {
    await hold();
    await shown();
    await stage.stopBot();
    const [first] = ours();
    expect(ours().length).toBeGreaterThan(1);
    Object.assign(first?.metadata?.event_payload ?? {}, { hash: 'a'.repeat(64) });
    await stage.restart();
    const damaged = await stage.recorded('ledger.damaged');
    expect(damaged.payload.problem).toContain(`event ${shownTo(first as Message)} is not the one`);
  });

  test.each([150, 450])('K5.9 an older copy of the database is noticed behind %i other messages', async (count) => {
    await shown();
    await stage.stopBot();
    const copy = join(stage.sandbox.directory, 'copy.db');
    new SQLite(database()).exec('PRAGMA wal_checkpoint(TRUNCATE)').close();
    copyFileSync(database(), copy);
    await stage.restart();
    await hold();
    await shown();
    await stage.stopBot();
    talk(count);
    for (const suffix of ['-wal', '-shm']) writeFileSync(`${database()}${suffix}`, '');
    copyFileSync(copy, database());
    stage.sandbox.slack.faults.add({ kind: 'rate_limited', match: 'conversations.history', times: 2 });
    await stage.restart();
    // Until the channel was read, nothing is granted on the strength of a copy.
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('Nothing can be granted now');
    for (let turn = 0; turn < 4; turn += 1) stage.clock.jump(3_000);
    const damaged = await stage.recorded('ledger.damaged');
    expect(damaged.payload.problem).toContain('the audit channel knows event');
  });

  test('K5.9 a card whose answer was lost is found behind 150 messages, not repeated', async () => {
    stage.sandbox.slack.faults.add({ kind: 'lost_answer', match: 'chat.postMessage' });
    await stage.ben.jit('request payments admin 30m INC-1 rebuild the index');
    const submitted = await stage.recorded('request.submitted');
    const cards = () =>
      workspace().messages.filter(({ metadata }) => metadata?.event_payload.key === `card:${submitted.requestId}`);
    await stage.until('the card is there', () => cards().length === 1);
    for (let index = 0; index < 450; index += 1)
      workspace().post({
        channel: 'C0ACCESS',
        user: 'U0BEN',
        text: `noise ${index}`,
        blocks: [],
        metadata: null,
        threadTs: null,
        ephemeralTo: null,
      });
    stage.sandbox.slack.faults.clear();
    for (let turn = 0; turn < 4; turn += 1) stage.clock.jump(5_000);
    const [card] = cards();
    if (!card) throw new Error('the card is gone');
    // What is brought up to date was found.
    await stage.dev.click(card, 'review_approve');
    await stage.until('the card says who has approved', () => stage.text(card, 'U0EVE').includes('so far'));
    expect(cards()).toHaveLength(1);
  });
});

const slackEnv = () => ({
  SLACK_BOT_TOKEN: stage.sandbox.env.SLACK_BOT_TOKEN ?? '',
  SLACK_API_URL: stage.sandbox.env.SLACK_API_URL ?? '',
  JIT_POLICY: stage.sandbox.env.JIT_POLICY ?? '',
});

test('K5.11 a rewritten ledger is not whole, also after the bot posted its positions', async () => {
  await hold();
  await shown();
  await stage.stopBot();
  rewriteAll();
  await stage.restart();
  await stage.recorded('ledger.damaged');
  await shown();
  await stage.stopBot();
  expect(await jit(['ledger', 'verify', database(), '--from-slack'], slackEnv())).toMatchObject({
    code: 1,
    out: expect.stringContaining('knows another ledger'),
  });
});

test('K5.11 an identity only in the database makes no position the bot’s for verify', async () => {
  await shown();
  await stage.stopBot();
  const them = { team: 'T0HARBOR', user: OTHER.botUserId, bot: OTHER.botId };
  const us = { team: 'T0HARBOR', user: 'U0JIT', bot: 'B0JIT' };
  change(`UPDATE records SET body = '${JSON.stringify({ identities: [them, us] })}' WHERE kind = 'slack_identities'`);
  workspace().messages.splice(0);
  await post(asBot(), 'C0AUDIT', position({ ledger: genesis(), from: 1, to: 1, hash: genesis() }));
  expect(await jit(['ledger', 'verify', database(), '--from-slack'], slackEnv())).toMatchObject({
    code: 2,
    err: expect.stringContaining('no position that the bot itself posted'),
  });
});

test('K5.9 jitbot ledger verify --from-slack reads only the bot’s messages, and all', async () => {
  await shown();
  await post(asBot(), 'C0AUDIT', position({ ledger: genesis(), from: 1, to: 2, hash: 'f'.repeat(64) }));
  talk(450);
  await hold();
  await shown();
  await stage.stopBot();
  const env = slackEnv();
  const { code, out } = await jit(['ledger', 'verify', database(), '--from-slack'], env);
  expect({ code, out }).toMatchObject({
    code: 0,
    out: expect.stringMatching(/agrees with \d+ positions kept elsewhere[\s\S]*1 message in the audit channel/),
  });
  workspace().messages.splice(0);
  await post(asBot(), 'C0AUDIT', position({ ledger: genesis(), from: 1, to: 1, hash: genesis() }));
  expect(await jit(['ledger', 'verify', database(), '--from-slack'], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('no position that the bot itself posted'),
  });
});
