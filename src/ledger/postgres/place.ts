import { setTimeout as pause } from 'node:timers/promises';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { StorageError } from '../../ports/store.ts';
import { type PostgresLedger, readingFrom } from './open.ts';

/** By the database's clock. Renewed three times in that. */
const LEASE: Millis = 10 * SECOND;
const RENEW: Millis = 3 * SECOND;
const ASK_AGAIN: Millis = SECOND / 2;

/** What a ledger says that was moved elsewhere: nobody works on it any more. */
const MOVED = 'moved to ';

/** The place of a process among those that work on a ledger. */
export interface Place {
  /** Gives it up, so that the next one need not wait, and what was claimed is free. */
  leave(): Promise<void>;
  /** The ledger is elsewhere from now on: keeps everybody from working on this one. */
  retire(to: string): Promise<void>;
}

export interface Wait {
  /** Called once, if there is no place yet. */
  begin(): Promise<void>;
  /** When aborted, it stops waiting. */
  readonly signal: AbortSignal;
}

export interface Wanted {
  /** What this process is, for whoever is refused because of it. */
  readonly what: string;
  /** How many may work on the ledger at the same time. */
  readonly most: number;
  /** If given, waits for a place instead of being refused. */
  readonly wait?: Wait;
  /** Called once, when this process was not heard of for longer than its lease: it can write nothing any more. */
  readonly onLost: (why: string) => void;
}

/**
 * Takes a place among the processes that work on this ledger, and keeps it. One that died loses it after its lease; from
 * then on whatever it still sends is refused, and what it had claimed is free.
 * @throws StorageError if all places are taken and stay so
 */
export async function takePlace(ledger: PostgresLedger, wanted: Wanted): Promise<Place> {
  const { where } = ledger;
  const until = performance.now() + LEASE + SECOND;
  const { wait } = wanted;
  let isWaiting = false;
  for (let holder = await join(ledger, wanted); holder !== null; holder = await join(ledger, wanted)) {
    if (holder.startsWith(MOVED)) throw new StorageError(`${where}: this ledger was ${holder}; start the bot there`);
    if (wait?.signal.aborted) throw new StorageError(`${where}: told to stop before there was a place`);
    if (!wait && performance.now() > until) throw new StorageError(`${where}: ${refusal(holder, wanted.most)}`);
    if (!isWaiting) await wait?.begin();
    isWaiting = true;
    await pause(ASK_AGAIN, undefined, wait && { signal: wait.signal }).catch(() => undefined);
  }
  const ending = new AbortController();
  const kept = keep(ledger, wanted, ending.signal);
  const end = async (sql: string, ...values: readonly string[]) => {
    ending.abort();
    await kept;
    await readingFrom(ledger)(() => ledger.pool.query(sql, [ledger.writer, ...values]));
  };
  return {
    // If it cannot be said, the lease runs out by itself.
    leave: () => end('SELECT jit_leave($1)').catch(unlessAway),
    retire: (to) => end('SELECT jit_retire($1, $2)', `${MOVED}${to}`),
  };
}

function unlessAway(error: unknown): void {
  if (!(error instanceof StorageError)) throw error;
}

const refusal = (holder: string, most: number): string =>
  most === 1
    ? `${holder} works on this database already; stop it first, two would grant and revoke against each other`
    : `${most} bots work on this database already, and no more may; stop one of them first`;

/** A database that cannot be reached costs nobody their place: nobody else reaches it either, or says so. */
async function keep(ledger: PostgresLedger, wanted: Wanted, signal: AbortSignal): Promise<void> {
  while (await pauseUnless(signal)) {
    const holder = await join(ledger, wanted).catch((error: unknown) =>
      error instanceof StorageError ? null : errorText(error),
    );
    if (holder === null || signal.aborted) continue;
    wanted.onLost(`${ledger.where}: ${holder} works on this database now`);
    return;
  }
}

const pauseUnless = (signal: AbortSignal): Promise<boolean> =>
  pause(RENEW, true, { signal, ref: false }).catch(() => false);

/** @returns null if this process has a place; otherwise what has one */
const join = (ledger: PostgresLedger, { what, most }: Wanted): Promise<string | null> =>
  readingFrom(ledger)(async () => {
    const { rows } = await ledger.pool.query<{ holder: string | null }>(
      "SELECT jit_join($1, $2 * interval '1 millisecond', $3, $4) AS holder",
      [ledger.writer, LEASE, what, most],
    );
    return rows[0]?.holder ?? null;
  });

/** Whether a process works on the ledger now. */
export const isTended = (ledger: PostgresLedger): Promise<boolean> =>
  readingFrom(ledger)(async () => {
    const { rows } = await ledger.pool.query(
      "SELECT 1 FROM instances WHERE held_until >= clock_timestamp() AND held_until < 'infinity'",
    );
    return rows.length > 0;
  });
