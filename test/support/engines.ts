/** The two databases that a ledger can be on, each real, opened alike. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { LedgerEvent, NewEvent } from '../../src/domain/events.ts';
import type { Ledger } from '../../src/ledger/open/ledger.ts';
import { postgresLedger } from '../../src/ledger/open/postgres.ts';
import { sqliteLedger } from '../../src/ledger/open/sqlite.ts';
import { liftDrain, writeDrain } from '../../src/ledger/postgres/drain.ts';
import { openPostgres, type PostgresLedger } from '../../src/ledger/postgres/open.ts';
import * as sqliteDrain from '../../src/ledger/sqlite/drainFile.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Job } from '../../src/ports/jobs.ts';
import type { Store } from '../../src/ports/store.ts';
import { startPostgres } from '../../src/sandbox/postgres.ts';
import { type ManualClock, manualClock } from './clock.ts';

/** A process's way to a database. */
export interface Instance extends Ledger {
  readonly store: Store;
}

export interface StoreOptions {
  readonly followUps?: (event: LedgerEvent) => readonly Job[];
  readonly onDue?: (jobs: readonly Job[]) => void;
}

/** An empty database with one instance on it. */
export interface ADatabase extends Instance {
  /** What JIT_DATABASE would name. */
  readonly place: string;
  readonly clock: ManualClock;
  record(...events: readonly NewEvent[]): Promise<readonly LedgerEvent[]>;
  /** The same database, newly opened where several may have it open. */
  again(options?: StoreOptions): Promise<Instance>;
  /** As a command does it; null lifts it. */
  drainUntil(until: number | null): Promise<void>;
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
    const again = async (options = NOTHING): Promise<Instance> => {
      const whole = sqliteLedger(ledger);
      return { ...whole, store: whole.createStore(optionsOf(clock, options)) };
    };
    const first = await again();
    return {
      ...first,
      place: ledger.path,
      clock,
      again,
      record: (...events) => first.store.commit({ events }),
      drainUntil: async (until) =>
        until === null
          ? sqliteDrain.liftDrain(ledger.path)
          : sqliteDrain.writeDrain(ledger.path, { until, why: 'new disk' }),
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
    const opened: PostgresLedger[] = [];
    const again = async (options = NOTHING): Promise<Instance> => {
      const ledger = await openPostgres(address);
      opened.push(ledger);
      const whole = postgresLedger(ledger, null);
      return { ...whole, store: whole.createStore(optionsOf(clock, options)) };
    };
    const first = await again();
    return {
      ...first,
      place: address,
      clock,
      again,
      record: (...events) => first.store.commit({ events }),
      drainUntil: async (until) => {
        const [ledger] = opened;
        if (ledger) await (until === null ? liftDrain(ledger) : writeDrain(ledger, { until, why: 'new disk' }));
      },
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
