import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { jit } from '../support/cli.ts';

let stage: Stage;
/** Ana has payments-db/read; Ben waits for orders-db/read. */
beforeAll(async () => {
  stage = await setStage();
  await stage.ana.jit('request payments read 1h stuck "payments", again');
  await stage.ana.readsDirect('You have Payments database (read)');
  await stage.ben.jit('request orders read 30m numbers');
  await stage.ben.readsDirect('waiting for');
  await stage.chloe.readsIn('C0ACCESS', 'Ben Okafor');
  stage.savePolicy((source) => source.replace('reviewers: [S0DBA], needed: 2', 'reviewers: [U0BEN, U0NEW], needed: 1'));
  await stage.reload();
  await stage.stopBot();
});
afterAll(() => stage.close());

const asking = (...args: readonly string[]) => jit(args, { JIT_DATABASE: stage.sandbox.env.JIT_DATABASE ?? '' });
const hashes = ({ seq, type, at, hash }: LedgerEvent) => ({ seq, type, at, hash });
const parsed = (out: string): LedgerEvent[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LedgerEvent);
/** The database as it is now, to be changed. */
const copyOf = (name: string): string => {
  const path = join(stage.sandbox.directory, name);
  const db = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '', { readonly: true });
  writeFileSync(path, db.serialize());
  db.close();
  return path;
};
const requestOf = (name: string) =>
  stage
    .events()
    .find(({ type, actor }) => type === 'request.submitted' && actor.kind === 'person' && actor.name.startsWith(name))
    ?.requestId ?? '';

describe('jitbot audit', () => {
  test('answers with one line a request, as Slack does', async () => {
    const { code, out } = await asking('audit', '--since', '1h');
    expect(code).toBe(0);
    const [ana, ben] = ['Ana', 'Ben'].map((name) => out.split('\n').filter((line) => line.startsWith(name)));
    expect(ana).toEqual([
      expect.stringMatching(
        /^Ana Kovač has payments-db\/read since .* UTC, until .* UTC · “stuck "payments", again” · incident PINC4711 · automatic · R\w{10} #\d+–#\d+$/,
      ),
    ]);
    expect(ben).toEqual([
      expect.stringMatching(/^Ben Okafor asked for orders-db\/read for 30 min, .* · “numbers” · waiting/),
    ]);
    expect(out).not.toContain('grant.activated');
  });

  test('--request has the request, and under it each of its events', async () => {
    const { out } = await asking('audit', '--request', requestOf('Ana'));
    const [story, ...events] = out.trimEnd().split('\n');
    expect(story).toMatch(/^Ana Kovač has payments-db\/read/);
    const own = stage.events().filter(({ requestId }) => requestId === requestOf('Ana'));
    expect(events.map((line) => / {2}.* (\w+\.\w+) /.exec(line)?.[1])).toEqual(own.map(({ type }) => type));
  });

  test('--events says in plain words what a person did and got', async () => {
    const { code, out } = await asking('audit', '--person', 'ana', '--events');
    expect(code).toBe(0);
    expect(out).toContain('asked for payments-db/read for 1 h: “stuck "payments", again”');
    const { payload } = await stage.recorded('grant.activated');
    const end = new Date(payload.endsAt).toISOString();
    expect(out).toContain(
      `has payments-db/read as ${payload.account} until ${end.slice(0, 10)} ${end.slice(11, 16)} UTC`,
    );
    expect(out).not.toMatch(/<!date|[*`]|Ben/);
  });

  test('somebody whom the policy names by id is shown with their recorded name', async () => {
    const { out } = await asking('audit', '--since', '1h');
    const changed = out.split('\n').find((line) => / policy\.loaded .*U0NEW/.test(line));
    expect(changed).toContain('Ben Okafor (U0BEN), U0NEW');
    expect(changed).toContain(' S0DBA');
    const env = { SLACK_BOT_TOKEN: 'xoxb-sandbox', ...stage.sandbox.env };
    expect((await jit(['audit', '--since', '1h', '--links'], env)).out).toContain('@dba (S0DBA)');
  });

  test('finds by resource, by role, by request and by time, and all of them together', async () => {
    const of = async (...args: readonly string[]) =>
      new Set(parsed((await asking('audit', '--json', ...args)).out).map(({ requestId }) => requestId));
    const [ana, ben] = [requestOf('Ana'), requestOf('Ben')];
    expect(await of('--resource', 'orders-db')).toEqual(new Set([ben]));
    expect(await of('--role', 'payments-db/read')).toEqual(new Set([ana]));
    expect(await of('--request', ben)).toEqual(new Set([ben]));
    expect((await asking('audit', '--role', 'payments-db')).code).toBe(0);
    expect((await asking('audit', '--role', 'payments_db/read')).code).toBe(1);
    expect((await asking('audit', '--person', 'ben', '--resource', 'payments-db')).code).toBe(1);
  });

  test('with --links each line about a reviewed request ends with its thread', async () => {
    const env = { SLACK_BOT_TOKEN: 'xoxb-sandbox', ...stage.sandbox.env };
    const { code, out } = await jit(['audit', '--person', 'ben', '--links'], env);
    expect(code).toBe(0);
    expect(out).toMatch(/asked for orders-db\/read .* https?:\/\/\S+\/archives\/C0ACCESS\/p\d+\n/);
    const without = await asking('audit', '--links');
    expect(without).toMatchObject({ code: 2, err: '--links needs SLACK_BOT_TOKEN in the environment\n' });
  });

  test('--help explains it, and is not an error', async () => {
    const { code, out } = await jit(['audit', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage: jitbot audit [options] [FILE]');
    expect(out).not.toContain('jitbot policy');
  });

  test('nothing found exits with 1, and a failed look-up with 2 and the reason', async () => {
    expect(await asking('audit', '--to', '2001-01-01')).toMatchObject({
      code: 1,
      out: '',
      err: 'The ledger has nothing that fits all of that.\n',
    });
    const wrong = await asking('audit', '--from', 'someday');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('--from someday is not a date such as 2026-01-31');
    const none = await jit(['audit', join(stage.sandbox.directory, 'none.db')]);
    expect(none.code).toBe(2);
    expect(none.err).toContain('none.db');
    expect(none.err).not.toContain('    at ');
  });
});

describe('jitbot ledger export', () => {
  test('as JSON lines it has every event, whole and in order', async () => {
    const { code, out } = await asking('ledger', 'export');
    expect(code).toBe(0);
    const lines = parsed(out);
    expect(lines.map(hashes)).toEqual(stage.events().map(hashes));
    // What stands in for a name is explained on the same line.
    const [asked] = lines.filter(({ type }) => type === 'request.submitted');
    expect(JSON.stringify(asked)).toContain('Ana Kovač');
  });

  test('as CSV it opens in a spreadsheet: one line per event, cells quoted', async () => {
    const { out } = await asking('ledger', 'export', '--format', 'csv');
    const lines = out.trim().split('\n');
    expect(lines[0]).toBe('seq,time,type,actor,request,grant,role,person,text,hash');
    expect(lines).toHaveLength(stage.events().length + 1);
    expect(out).toContain('stuck ""payments"", again');
  });

  test('for SIEMs each event is an OCSF event with the ledger’s number and hash', async () => {
    const { out } = await asking('ledger', 'export', '--format', 'ocsf');
    const events = stage.events();
    const ocsf = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown> & { metadata: { sequence: number; uid: string } });
    expect(ocsf.map(({ metadata }) => [metadata.sequence, metadata.uid])).toEqual(
      events.map(({ seq, hash }) => [seq, hash]),
    );
    const activated = ocsf[events.findIndex(({ type }) => type === 'grant.activated')];
    expect(activated).toMatchObject({
      class_uid: 3005,
      activity_id: 1,
      type_uid: 300501,
      severity_id: 1,
      user: { name: 'Ana Kovač' },
      resource: { name: 'payments-db', uid: 'payments-db/read' },
      privileges: ['payments-db/read'],
    });
  });

  test('keeps to the period that was asked for', async () => {
    const [, second] = stage.events();
    const at = new Date(second?.at ?? 0).toISOString();
    const { out } = await asking('ledger', 'export', '--from', at, '--to', at);
    expect(parsed(out).map(hashes)).toEqual(
      stage
        .events()
        .filter((event) => event.at === second?.at)
        .map(hashes),
    );
    expect((await asking('ledger', 'export', '--to', '2001-01-01')).out).toBe('');
    expect((await asking('ledger', 'export', '--format', 'xml')).err).toContain('is none of jsonl, csv, ocsf');
  });

  test('a name that is a formula is text to a spreadsheet', async () => {
    const path = copyOf('formula.db');
    const db = new SQLite(path);
    db.exec(`
      INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash)
      SELECT seq + 1, at, type, '{"kind":"person","id":"U0MALLORY","name":"=HYPERLINK(1)"}', request_id, grant_id, payload, hash, 'h'
      FROM events ORDER BY seq DESC LIMIT 1`);
    db.close();
    const { out } = await jit(['ledger', 'export', path, '--format', 'csv']);
    expect(out).toContain(",'=HYPERLINK(1),");
    expect(out).not.toContain(',=');
  });

  test('a long ledger is exported whole, in more than one read', async () => {
    const path = copyOf('long.db');
    const long = new SQLite(path);
    long.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500)
      INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash)
      SELECT (SELECT max(seq) FROM events) + i, at, type, actor, request_id, grant_id, payload, prev_hash, printf('%064d', i)
      FROM n, (SELECT * FROM events WHERE type = 'bot.started' LIMIT 1)`);
    const { total } = long.prepare<[], { total: number }>('SELECT count(*) AS total FROM events').get() ?? { total: 0 };
    long.close();
    const { out } = await jit(['ledger', 'export', path, '--format', 'csv']);
    expect(out.trim().split('\n')).toHaveLength(total + 1);
    expect(total).toBeGreaterThan(3500);
  });
});
