/** The two databases that a ledger can be on, each real, opened alike. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { LedgerEvent, NewEvent } from '../../src/domain/events.ts';
import * as sqliteActivity from '../../src/ledger/history/activity.ts';
import * as sqliteSearch from '../../src/ledger/history/search.ts';
import { createActivityReader } from '../../src/ledger/postgres/activity.ts';
import { createIdBook, createPostBook, createSeatBook } from '../../src/ledger/postgres/books.ts';
import { createEventReader } from '../../src/ledger/postgres/eventReader.ts';
import { createJobQueue } from '../../src/ledger/postgres/jobQueue.ts';
import { openPostgres } from '../../src/ledger/postgres/open.ts';
import { eventSearch } from '../../src/ledger/postgres/search.ts';
import { createStore } from '../../src/ledger/postgres/store.ts';
import * as sqliteEvents from '../../src/ledger/sqlite/eventReader.ts';
import * as sqliteIds from '../../src/ledger/sqlite/idBook.ts';
import * as sqliteQueue from '../../src/ledger/sqlite/jobQueue.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import * as sqlitePosts from '../../src/ledger/sqlite/postBook.ts';
import * as sqliteSeats from '../../src/ledger/sqlite/seatBook.ts';
import * as sqliteStore from '../../src/ledger/sqlite/store.ts';
import type { Job, JobQueue } from '../../src/ports/jobs.ts';
import type { ActivityReader, EventReader, EventSearch } from '../../src/ports/ledger.ts';
import type { PostBook } from '../../src/ports/posts.ts';
import type { Store } from '../../src/ports/store.ts';
import type { IdBook, SeatBook } from '../../src/ports/targets.ts';
import { startPostgres } from '../../src/sandbox/postgres.ts';
import { type ManualClock, manualClock } from './clock.ts';

/** A process's way to a database. */
export interface Instance {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly posts: PostBook;
  readonly ids: IdBook;
  readonly seats: SeatBook;
  readonly events: EventReader;
  readonly search: EventSearch;
  readonly activity: ActivityReader;
}

export interface StoreOptions {
  readonly followUps?: (event: LedgerEvent) => readonly Job[];
  readonly onDue?: (jobs: readonly Job[]) => void;
}

/** An empty database with one instance on it. */
export interface ADatabase extends Instance {
  readonly clock: ManualClock;
  record(...events: readonly NewEvent[]): Promise<readonly LedgerEvent[]>;
  /** The same database, newly opened where several may have it open. */
  again(options?: StoreOptions): Promise<Instance>;
  /** Beside the bot, in SQL that both engines know. */
  rows(sql: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  /** @returns how to stop it */
  start(): Promise<() => Promise<void>>;
  open(): Promise<ADatabase>;
}

const NOTHING: StoreOptions = {};
const optionsOf = (clock: ManualClock, { followUps = () => [], onDue = () => undefined }: StoreOptions) => ({
  clock,
  followUps,
  onDue,
});

const sqlite: Engine = {
  name: 'SQLite',
  start: async () => async () => undefined,
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'jitbot-engine-'));
    const ledger = openLedger(join(directory, 'jit.db'));
    ledger.sqlite.pragma('synchronous = OFF');
    const clock = manualClock();
    // Only one process may write; a second instance stands for that process after a new start.
    const again = async (options = NOTHING): Promise<Instance> => ({
      store: sqliteStore.createStore(ledger, optionsOf(clock, options)),
      queue: sqliteQueue.createJobQueue(ledger),
      posts: sqlitePosts.createPostBook(ledger),
      ids: sqliteIds.createIdBook(ledger),
      seats: sqliteSeats.createSeatBook(ledger),
      events: sqliteEvents.createEventReader(ledger),
      search: sqliteSearch.eventSearch(ledger),
      activity: sqliteActivity.createActivityReader(ledger),
    });
    const first = await again();
    return {
      ...first,
      clock,
      again,
      record: (...events) => first.store.commit({ events }),
      rows: async (sql) => {
        const statement = ledger.sqlite.prepare<[], Record<string, unknown>>(sql);
        if (statement.reader) return statement.all();
        statement.run();
        return [];
      },
      close: async () => {
        ledger.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

let server: Awaited<ReturnType<typeof startPostgres>> | null = null;
let made = 0;

const postgres: Engine = {
  name: 'PostgreSQL',
  start: async () => {
    const started = await startPostgres({ postgres: ['CREATE DATABASE template_ledger'] });
    server = started;
    await (await openPostgres(started.url('template_ledger'))).close();
    return () => started.stop();
  },
  open: async () => {
    if (!server) throw new Error('the server was not started');
    made += 1;
    const database = `ledger_${made}`;
    await asSuperuser(server.url('postgres'), `CREATE DATABASE ${database} TEMPLATE template_ledger`);
    const address = server.url(database);
    const clock = manualClock();
    const opened: Awaited<ReturnType<typeof openPostgres>>[] = [];
    const again = async (options = NOTHING): Promise<Instance> => {
      const ledger = await openPostgres(address);
      opened.push(ledger);
      return {
        store: createStore(ledger, optionsOf(clock, options)),
        queue: createJobQueue(ledger),
        posts: createPostBook(ledger),
        ids: createIdBook(ledger),
        seats: createSeatBook(ledger),
        events: createEventReader(ledger),
        search: eventSearch(ledger),
        activity: createActivityReader(ledger),
      };
    };
    const first = await again();
    return {
      ...first,
      clock,
      again,
      record: (...events) => first.store.commit({ events }),
      rows: (sql) => asSuperuser(address, sql),
      close: async () => {
        for (const ledger of opened) await ledger.close();
      },
    };
  },
};

async function asSuperuser(address: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

export const ENGINES: readonly Engine[] = [sqlite, postgres];
