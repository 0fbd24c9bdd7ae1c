/** The ledger with a million events, and what one commit costs over the bare database. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import SQLite from 'better-sqlite3';
import { verifyWhole } from '../../src/app/verifyBeside.ts';
import type { NewEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { HASHED_TEXT, hashText } from '../../src/ledger/book/chain.ts';
import { eventSearch } from '../../src/ledger/history/search.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { bigPerson, makeBigLedger } from '../support/bigLedger.ts';
import { peakOf } from './botProcess.ts';
import { cpuOf, type Measure, median, paired, time, timeAsync } from './measure.ts';
import { processTime } from './processTime.ts';

const ACCESSES = 146_000;
const PEOPLE = 500;
const APPENDS = 100;
const ROUNDS = 100;
/** Over the million, each of them. */
const PASSES = 5;
/** Events a second. */
const ONE_CORE = 600_000;
const TWO_CORES = 1_000_000;
/** Bytes: SQLite's own choice. */
const SQLITE_PAGE = 4_096;
/** Rounds before the first that counts: a bot that has run for a while. */
const WARM_UP = 50;
const JIT = fileURLToPath(new URL('../../src/cli/jitbot.ts', import.meta.url));

export async function ledgerBench(): Promise<Measure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'jitbot-bench-'));
  try {
    // First: what the million events leave for the disk to do would slow it down.
    const appended = await appends(directory);
    const big = join(directory, 'big.db');
    const small = join(directory, 'small.db');
    const start = Date.UTC(2026, 0, 1);
    const period = 90 * 24 * HOUR;
    const make = (path: string, accesses: number) =>
      makeBigLedger({ path, accesses, people: PEOPLE, start, every: period / accesses });
    await make(small, ACCESSES / 10);
    await make(big, ACCESSES);
    const reader = openLedgerToRead(big);
    const events = (await createEventReader(reader).newest())?.seq ?? 0;
    const checked = [...verified(reader, events), await verifiedOnTwoCores(reader, events)];
    const search = eventSearch(reader);
    const ask = (index: number) => time(() => search.find({ person: bigPerson(index % PEOPLE).slackId, limit: 200 }));
    const queries = Array.from({ length: 50 }, (_, index) => ask(index * 7));
    reader.close();
    const dates = ['--from', '2026-01-01', '--to', '2026-04-01'];
    const page = ['report', big, ...dates, '--out', join(directory, 'report.html')];
    const reports = Array.from({ length: PASSES }, () => processTime([JIT, ...page], process.env, directory) / 1_000);
    const scans = Array.from({ length: PASSES }, () => cpuOf(() => readAll(big)) / 1_000);
    const [exportSmall, exportBig] = [await run(['ledger', 'export', small]), await run(['ledger', 'export', big])];
    return [
      ...appended,
      ...checked,
      {
        what: 'a query by person, 200 newest of a million events',
        unit: 'ms',
        value: median(queries),
        budget: { most: 50 },
        limitedBy: 'parsing the JSON of 200 events',
      },
      {
        what: 'jitbot report of 90 days, a million events',
        unit: 's of processor time',
        ...paired('reading those rows without their JSON', reports, scans),
        budget: { value: 2 },
        limitedBy: 'a row of the table for each of 700,000 events, and 150,000 accesses that are drawn and listed',
      },
      {
        what: 'peak memory of an export of a million events',
        unit: 'MB',
        value: exportBig,
        floor: { what: 'of a tenth of them', value: exportSmall },
        budget: { most: 1.5 },
        limitedBy: 'a batch of rows and what V8 leaves to be collected',
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** In turns with its floor: the texts that are hashed, read and hashed, and nothing compared. Processor time of one thread. */
function verified(reader: ReturnType<typeof openLedgerToRead>, events: number): Measure[] {
  const all = reader.sqlite.prepare<[], string>(`SELECT ${HASHED_TEXT} FROM events ORDER BY seq`).pluck();
  const readAndHash = () => {
    for (const text of all.iterate()) hashText(text);
  };
  const rounds = Array.from({ length: PASSES }, () => ({
    ours: cpuOf(() => verifyLedger(reader)) / 1_000,
    bare: cpuOf(readAndHash) / 1_000,
  }));
  const perSecond = (seconds: readonly number[]) => seconds.map((took) => events / took);
  const floor = perSecond(rounds.map(({ bare }) => bare));
  // Of 600,000 a second and 1 / 1.3 of the floor, the lower one.
  const least = Math.min(ONE_CORE / median(floor), 1 / 1.3);
  return [
    {
      what: `verify ${events.toLocaleString('en')} events, one core`,
      unit: 'events/s',
      ...paired(
        'reading and hashing the same bytes, and nothing else',
        perSecond(rounds.map(({ ours }) => ours)),
        floor,
      ),
      budget: { least },
      limitedBy: 'reading rows, SHA-256, and looking for names in each text',
    },
  ];
}

/** By the clock, in turns with its floor on one core. */
async function verifiedOnTwoCores(reader: ReturnType<typeof openLedgerToRead>, events: number): Promise<Measure> {
  const rounds: { two: number; one: number }[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const two = await timeAsync(() => verifyWhole(reader));
    rounds.push({ two, one: time(() => verifyLedger(reader)) });
  }
  const perSecond = (took: readonly number[]) => took.map((ms) => (events * 1_000) / ms);
  return {
    what: `verify ${events.toLocaleString('en')} events, two cores`,
    unit: 'events/s',
    ...paired(
      'the same on one, by the clock',
      perSecond(rounds.map(({ two }) => two)),
      perSecond(rounds.map(({ one }) => one)),
    ),
    budget: { atLeast: TWO_CORES },
    limitedBy: 'the same, twice; starting a thread takes 0.1 s of it',
  };
}

const readAll = (path: string): void => {
  const reader = openLedgerToRead(path);
  const rows = reader.sqlite.prepare('SELECT seq, at, type, request_id, grant_id FROM events ORDER BY seq').raw();
  for (const _ of rows.iterate());
  reader.close();
};

const event = (index: number): NewEvent => ({
  type: 'grant.activated',
  actor: BOT,
  requestId: `R${index}`,
  grantId: `G${index}`,
  payload: {
    role: 'db/read',
    person: { slackId: 'U0ANA', name: 'Ana Kovač' },
    account: `jit_ana_g${index}`,
    endsAt: 0,
  },
});

/** One event a commit, chained; then the very rows that this made, bare, by SQLite as it comes; then as many bytes, in a table without an index. */
async function appends(directory: string): Promise<Measure[]> {
  const ledger = openLedger(join(directory, 'append.db'));
  const store = createStore(ledger, { clock: { now: () => 0 }, followUps: () => [], onDue: () => undefined });
  const newest = ledger.sqlite.prepare<[number], unknown[]>('SELECT * FROM events ORDER BY seq DESC LIMIT ?').raw();
  const bare = (name: string, pageSize: number, schema: readonly string[]) => {
    const sqlite = new SQLite(join(directory, name));
    sqlite.pragma(`page_size = ${pageSize}`);
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = FULL');
    for (const statement of schema) sqlite.exec(statement);
    return sqlite;
  };
  const schema = ledger.sqlite
    .prepare<[], string>("SELECT sql FROM sqlite_schema WHERE tbl_name IN ('events', 'event_people') AND sql NOT NULL")
    .pluck()
    .all();
  const inserter = (sqlite: SQLite.Database) => {
    const insertEvent = sqlite.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const insertPerson = sqlite.prepare('INSERT INTO event_people VALUES (?, ?)');
    const both = sqlite.transaction((row: unknown[]) => {
      insertEvent.run(row);
      insertPerson.run('U0ANA', row[0]);
    });
    return (rows: unknown[][]) =>
      time(() => {
        for (const row of rows) both.immediate(row);
      });
  };
  const ownPages = ledger.sqlite.pragma('page_size', { simple: true }) as number;
  const [same, samePages] = [bare('same.db', SQLITE_PAGE, schema), bare('pages.db', ownPages, schema)];
  const [insertSame, insertSamePages] = [inserter(same), inserter(samePages)];
  const one = bare('bytes.db', SQLITE_PAGE, ['CREATE TABLE rows (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT']);
  const insertBytes = one.prepare('INSERT INTO rows (body) VALUES (?)');
  const times = { ours: [] as number[], same: [] as number[], samePages: [] as number[], bytes: [] as number[] };
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const fresh = Array.from({ length: APPENDS }, (_, index) => event((round + WARM_UP) * APPENDS + index));
    const ours = await timeAsync(async () => {
      for (const next of fresh) await store.commit({ events: [next] });
    });
    const rows = newest.all(APPENDS).reverse();
    const bodies = rows.map((row) => row.join(''));
    const inserted = insertSame(rows);
    const insertedPages = insertSamePages(rows);
    const bytes = time(() => {
      for (const body of bodies) insertBytes.run(body);
    });
    if (round < 0) continue;
    times.ours.push(ours);
    times.same.push(inserted);
    times.samePages.push(insertedPages);
    times.bytes.push(bytes);
  }
  for (const open of [ledger, same, samePages, one]) open.close();
  const perSecond = (rounds: readonly number[]) => rounds.map((took) => (APPENDS * 1_000) / took);
  const against = (what: string, floor: readonly number[]) => ({
    what: 'append an event to the ledger, one a commit',
    unit: 'a second',
    ...paired(what, perSecond(times.ours), perSecond(floor)),
  });
  return [
    {
      ...against('bare durable inserts of the same rows, SQLite as it comes', times.same),
      limitedBy: 'the disk’s sync; beyond it, hashing and JSON',
    },
    {
      ...against('bare durable inserts of the same rows, with our page size', times.samePages),
      budget: { least: 0.9 },
      limitedBy: 'hashing and JSON, and that the disk goes idle meanwhile',
    },
    {
      ...against('bare durable inserts of as many bytes without an index', times.bytes),
      limitedBy: 'the pages that the indexes by request and by person add to each sync',
    },
  ];
}

/** Runs a command to its end. @returns the most memory that it had, in MB (Linux) */
function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [JIT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    let peak = 0;
    const look = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid ?? 0));
    }, 20);
    child.on('exit', (code) => {
      clearInterval(look);
      if (code === 0) resolve(peak);
      else reject(new Error(`jit ${args.join(' ')} ended with ${code}: ${said}`));
    });
  });
}
