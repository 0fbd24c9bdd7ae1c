import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { LedgerEvent } from '../../domain/events.ts';
import { type Instant, type Millis, SECOND } from '../../domain/terms.ts';
import { type Change, ConflictError, StorageError, type Store } from '../../ports/store.ts';
import type { CommitOptions } from '../book/commitOptions.ts';
import { type Encoded, encode } from './encode.ts';
import { isUnknown, isWorthRepeating, storageFault } from './errors.ts';
import { nameBook } from './nameBook.ts';
import type { PostgresLedger } from './open.ts';

interface Waiting {
  readonly change: Change;
  readonly at: Instant;
  readonly resolve: (events: readonly LedgerEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One statement carries this many changes at most: a commit under the lock on the newest event stays short. */
const TOGETHER = 64;
/** For how long a commit is repeated whose answer was lost, or that met another one; then its caller is told. */
const PATIENCE: Millis = 10 * SECOND;
const FIRST_PAUSE: Millis = 10;
const LONGEST_PAUSE: Millis = 500;

const outcomesSchema = z.array(
  z.union([
    z.object({ conflict: z.string() }),
    z.object({ first: z.number().nullable(), before: z.string().nullable(), hashes: z.array(z.string()) }),
  ]),
);
type Outcome = z.infer<typeof outcomesSchema>[number];

/** Writes changes by `jit_commit`, one statement at a time; those that come meanwhile go together in the next. */
export function createCommit(ledger: PostgresLedger, { clock, followUps, onDue }: CommitOptions): Store['commit'] {
  const names = nameBook(ledger);
  let number = 0;
  let waiting: Waiting[] = [];
  let isWriting = false;

  async function write(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      const all = waiting.slice(0, TOGETHER);
      waiting = waiting.slice(TOGETHER);
      await writeTogether(all);
    }
    isWriting = false;
  }

  async function writeTogether(all: readonly Waiting[]): Promise<void> {
    try {
      await names.learn(
        all.flatMap(({ change }) => (change.events ?? []).map(({ actor, payload }) => ({ actor, payload }))),
      );
      const encoded = all.map(({ change, at }) => encode(change, at, { names, followUps }));
      number += 1;
      const outcomes = await commitOnce(ledger, number, encoded);
      for (const [index, one] of all.entries()) settle(one, encoded[index], outcomes[index]);
    } catch (error) {
      for (const one of all) one.reject(storageFault(error, ledger.where));
    }
  }

  function settle({ change, at, resolve, reject }: Waiting, encoded?: Encoded, outcome?: Outcome): void {
    if (!outcome || !encoded) {
      reject(new StorageError(`${ledger.where}: the database did not say what became of a change`));
      return;
    }
    if ('conflict' in outcome) {
      reject(new ConflictError(outcome.conflict));
      return;
    }
    names.keep(encoded.names);
    ledger.remembered.note(change);
    const events = recorded(change, at, outcome);
    const due = [...(change.jobs ?? []), ...events.flatMap(followUps)];
    resolve(events);
    if (due.length > 0) onDue(due);
  }

  return (change) =>
    new Promise((resolve, reject) => {
      waiting.push({ change, at: clock.now(), resolve, reject });
      // After the caller's turn, so that changes of one turn go together.
      if (!isWriting) {
        isWriting = true;
        setImmediate(() => void write());
      }
    });
}

/**
 * A commit whose answer was lost is asked for again by its number: it happens once.
 * @throws the driver's error; whether the commit happened may be unknown, as if the process had died right after it
 */
async function commitOnce(
  ledger: PostgresLedger,
  number: number,
  all: readonly Encoded[],
): Promise<readonly Outcome[]> {
  const changes = `[${all.map(({ text }) => text).join(',')}]`;
  const until = performance.now() + PATIENCE;
  for (let wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE))
    try {
      const { rows } = await ledger.pool.query<{ outcomes: unknown }>('SELECT jit_commit($1, $2, $3) AS outcomes', [
        ledger.writer,
        number,
        changes,
      ]);
      return outcomesSchema.parse(rows[0]?.outcomes);
    } catch (error) {
      const isLate = performance.now() + wait > until;
      if (isLate || !(isUnknown(error) || isWorthRepeating(error))) throw error;
      await pause(wait);
    }
}

/** The events as they were chained. */
function recorded(
  change: Change,
  at: Instant,
  { first, before, hashes }: Exclude<Outcome, { conflict: string }>,
): LedgerEvent[] {
  let prevHash = before ?? '';
  return (change.events ?? []).map((event, index) => {
    const hash = hashes[index] ?? '';
    const one = { ...event, seq: (first ?? 0) + index, at, prevHash, hash } as LedgerEvent;
    prevHash = hash;
    return one;
  });
}
