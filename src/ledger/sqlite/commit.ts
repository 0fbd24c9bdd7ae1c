import type { Store } from '../../ports/store.ts';
import { applyTo, type Tail } from '../book/apply.ts';
import { GENESIS_HASH } from '../book/chain.ts';
import type { CommitOptions } from '../book/commitOptions.ts';
import { commitQueue, type Outcome, type Pending } from '../book/commitQueue.ts';
import { desc } from './drizzle.ts';
import { storageFault } from './errors.ts';
import { nameBook } from './names.ts';
import type { OpenLedger } from './open.ts';
import { events } from './schema.ts';
import { writesTo } from './writes.ts';

/** Writes a change to the database: states, events and due work in one transaction, all or nothing. */
export function createCommit(ledger: OpenLedger, { clock, followUps, onDue }: CommitOptions): Store['commit'] {
  const { sqlite, gate, path } = ledger;
  const names = nameBook(ledger);
  const apply = applyTo(writesTo(ledger), { names, followUps });
  let tail = tailOf(ledger);

  const alone = sqlite.transaction(apply);
  /** Simultaneous changes become durable together; each one is still all or nothing. */
  const together = sqlite.transaction((all: readonly Pending[]) => {
    let last = tail;
    return all.map(({ change, at }): Outcome => {
      try {
        // Inside the outer transaction this one is a savepoint.
        const applied = alone(change, at, last);
        last = applied.tail;
        return applied;
      } catch (error) {
        names.rolledBack();
        // A full disk rolls the whole transaction back, including earlier changes.
        if (!sqlite.inTransaction) throw error;
        return { error: storageFault(error, path) };
      }
    });
  });

  function write(all: readonly Pending[]): readonly Outcome[] {
    const [first] = all;
    if (!first || all.length > 1) return together.immediate(all);
    return [alone.immediate(first.change, first.at, tail)];
  }

  return commitQueue({
    clock,
    elapsed: gate.elapsed.now,
    whenOpen: gate.whenOpen,
    onDue,
    write: (take, { resolve, reject }) =>
      gate.share(() => write(take()), {
        resolve: (outcomes) => {
          // Only durable events are chained to.
          for (const outcome of outcomes) if ('tail' in outcome) tail = outcome.tail;
          resolve(outcomes);
        },
        reject: (error) => {
          names.rolledBack();
          reject(error);
        },
      }),
  });
}

const tailOf = ({ db }: OpenLedger): Tail =>
  db.select({ seq: events.seq, hash: events.hash }).from(events).orderBy(desc(events.seq)).limit(1).get() ?? {
    seq: 0,
    hash: GENESIS_HASH,
  };
