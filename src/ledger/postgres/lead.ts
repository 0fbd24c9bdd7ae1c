import { setTimeout as pause } from 'node:timers/promises';
import { HOUR, type Millis, SECOND } from '../../domain/terms.ts';
import { StorageError } from '../../ports/store.ts';
import { type PostgresLedger, readingFrom } from './open.ts';

/** By the database's clock. Renewed three times in that. */
const LEASE: Millis = 10 * SECOND;
const RENEW: Millis = 3 * SECOND;
const ASK_AGAIN: Millis = SECOND / 2;
const FOR_EVER: Millis = 1_000 * 365 * 24 * HOUR;

/** What a ledger says that was moved elsewhere: nobody works on it any more. */
const MOVED = 'moved to ';

/** The place of the one process that works on a ledger. */
export interface Lead {
  /** Gives it up, so that the next one need not wait. */
  leave(): Promise<void>;
  /** The ledger is elsewhere from now on: keeps everybody from working on this one. */
  retire(to: string): Promise<void>;
}

/**
 * Takes the place of the one process that works on this ledger, and keeps it. One that died loses it after its lease; from then
 * on whatever it still sends is refused.
 * @param onLost called once, when another one has it: this process can write nothing any more
 * @throws StorageError if another one has it and keeps it
 */
export async function takeLead(ledger: PostgresLedger, what: string, onLost: (why: string) => void): Promise<Lead> {
  const { where } = ledger;
  const until = performance.now() + LEASE + SECOND;
  for (let holder = await ask(ledger, what); holder !== null; holder = await ask(ledger, what)) {
    if (holder.startsWith(MOVED)) throw new StorageError(`${where}: this ledger was ${holder}; start the bot there`);
    if (performance.now() > until)
      throw new StorageError(
        `${where}: ${holder} works on this database already; stop it first, two would grant and revoke against each other`,
      );
    await pause(ASK_AGAIN);
  }
  const ending = new AbortController();
  const kept = keep(ledger, { what, onLost, signal: ending.signal });
  const end = async () => {
    ending.abort();
    await kept;
  };
  return {
    leave: async () => {
      await end();
      await readingFrom(ledger)(() => ledger.pool.query('SELECT jit_leave($1)', [ledger.writer]));
    },
    retire: async (to) => {
      await end();
      await readingFrom(ledger)(() => ledger.pool.query('SELECT jit_leave($1)', [ledger.writer]));
      await ask(ledger, `${MOVED}${to}`, FOR_EVER);
    },
  };
}

interface Keeping {
  readonly what: string;
  readonly onLost: (why: string) => void;
  readonly signal: AbortSignal;
}

/** A database that cannot be reached loses nobody the lead: nobody else reaches it either, or says so. */
async function keep(ledger: PostgresLedger, { what, onLost, signal }: Keeping): Promise<void> {
  while (await pauseUnless(signal)) {
    const holder = await ask(ledger, what).catch((error: unknown) => {
      if (error instanceof StorageError) return null;
      throw error;
    });
    if (holder === null || signal.aborted) continue;
    onLost(`${ledger.where}: ${holder} works on this database now`);
    return;
  }
}

const pauseUnless = (signal: AbortSignal): Promise<boolean> =>
  pause(RENEW, true, { signal, ref: false }).catch(() => false);

/** @returns what has the lead; null if this process has it */
const ask = (ledger: PostgresLedger, what: string, lease = LEASE): Promise<string | null> =>
  readingFrom(ledger)(async () => {
    const { rows } = await ledger.pool.query<{ holder: string | null }>(
      "SELECT jit_lead($1, $2 * interval '1 millisecond', $3) AS holder",
      [ledger.writer, lease, what],
    );
    return rows[0]?.holder ?? null;
  });

/** Whether a process works on the ledger now. */
export const isLed = (ledger: PostgresLedger): Promise<boolean> =>
  readingFrom(ledger)(async () => {
    const { rows } = await ledger.pool.query('SELECT 1 FROM lead WHERE held_until >= clock_timestamp()');
    return rows.length > 0;
  });
