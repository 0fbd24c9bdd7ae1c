import type { JobQueue, Settled } from '../../ports/jobs.ts';
import type { OpenLedger } from './open.ts';

/** Jobs that ended in one turn of the event loop. */
interface Turn {
  readonly all: Settled[];
  readonly recorded: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Records outcomes of jobs. Those of one turn of the event loop share a commit. */
export function createSettle(ledger: OpenLedger): JobQueue['settle'] {
  const { gate } = ledger;
  const settleAll = settling(ledger);
  let turn: Turn | null = null;

  function record(): void {
    const ended = turn;
    turn = null;
    if (ended) gate.share(() => settleAll(ended.all), ended);
  }

  return (settled) => {
    if (!turn) {
      const { promise: recorded, resolve, reject } = Promise.withResolvers<void>();
      turn = { all: [], recorded, resolve, reject };
      setImmediate(record);
    }
    turn.all.push(settled);
    return turn.recorded;
  };
}

function settling({ sqlite }: OpenLedger): (all: readonly Settled[]) => void {
  const done = sqlite.prepare('DELETE FROM jobs WHERE kind = ? AND key = ? AND generation = ?');
  const again = sqlite.prepare(
    'UPDATE jobs SET due_at = ?, attempts = ?, lease_until = 0 WHERE kind = ? AND key = ? AND generation = ?',
  );
  const free = sqlite.prepare('UPDATE jobs SET lease_until = 0 WHERE kind = ? AND key = ? AND generation <> ?');
  return sqlite.transaction((all: readonly Settled[]) => {
    for (const { claim, next } of all) {
      const { kind, key, generation, attempt } = claim;
      const tries = { done: 0, failed: attempt, waiting: attempt - 1 };
      if (next === 'done') done.run(kind, key, generation);
      else again.run(next.dueAt, tries[next.after], kind, key, generation);
      free.run(kind, key, generation);
    }
  }).immediate;
}
