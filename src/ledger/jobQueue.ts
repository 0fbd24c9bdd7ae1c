import { type Claim, type JobKind, type JobQueue, type Settled, StorageError } from '../ports.ts';
import { guardFor } from './errors.ts';
import type { OpenLedger } from './open.ts';

/** More than any work is tried or put again. */
const COUNTABLE = 1_000_000_000;

export function createJobQueue({ sqlite, path, gate }: OpenLedger): JobQueue {
  const guarded = guardFor(path);
  const marks = (kinds: readonly JobKind[]) => kinds.map(() => '?').join(',');
  const columns = 'kind, key, due_at AS dueAt, attempts AS attempt, generation';

  const done = sqlite.prepare('DELETE FROM jobs WHERE kind = ? AND key = ? AND generation = ?');
  const again = sqlite.prepare(
    'UPDATE jobs SET due_at = ?, attempts = ?, lease_until = 0 WHERE kind = ? AND key = ? AND generation = ?',
  );
  const free = sqlite.prepare('UPDATE jobs SET lease_until = 0 WHERE kind = ? AND key = ? AND generation <> ?');

  const settleAll = sqlite.transaction((all: readonly Settled[]) => {
    for (const { claim, next } of all) {
      const { kind, key, generation, attempt } = claim;
      const tries = { done: 0, failed: attempt, waiting: attempt - 1 };
      if (next === 'done') done.run(kind, key, generation);
      else again.run(next.dueAt, tries[next.after], kind, key, generation);
      free.run(kind, key, generation);
    }
  });
  // Numbers that somebody wrote there must not become too large to count on from.
  const releaseAll = sqlite.prepare(
    `UPDATE jobs SET lease_until = 0, attempts = min(max(attempts, 0), ${COUNTABLE}), generation = min(max(generation, 0), ${COUNTABLE})
     WHERE lease_until <> 0 OR attempts NOT BETWEEN 0 AND ${COUNTABLE} OR generation NOT BETWEEN 0 AND ${COUNTABLE}`,
  );
  interface Turn {
    readonly all: Settled[];
    readonly recorded: Promise<void>;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }
  /** What became of the work that ended in this turn: recorded with one sync. */
  let turn: Turn | null = null;

  function settle(settled: Settled): Promise<void> {
    if (!turn) {
      const { promise: recorded, resolve, reject } = Promise.withResolvers<void>();
      turn = { all: [], recorded, resolve, reject };
      setImmediate(record);
    }
    turn.all.push(settled);
    return turn.recorded;
  }

  function record(): void {
    const ended = turn;
    turn = null;
    if (!ended) return;
    try {
      gate.write(() => settleAll.immediate(ended.all));
      ended.resolve();
    } catch (error) {
      ended.reject(error);
      if (gate.isClosed()) recordLater(ended.all);
    }
  }

  /** Nobody waits for it any more, but without it the work would lie idle until its lease has run out. */
  function recordLater(all: readonly Settled[]): void {
    gate.whenOpen(() => {
      if (!sqlite.open) return;
      try {
        gate.write(() => settleAll.immediate(all));
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (gate.isClosed()) recordLater(all);
      }
    });
  }

  function prepareFor(kinds: readonly JobKind[]) {
    const among = `kind IN (${marks(kinds)})`;
    const due = `FROM jobs WHERE due_at <= ? AND lease_until <= ? AND ${among}`;
    return {
      isDue: sqlite.prepare<unknown[], unknown>(`SELECT 1 ${due} ORDER BY due_at LIMIT 1`),
      claim: sqlite.prepare<unknown[], Claim>(
        `UPDATE jobs SET attempts = attempts + 1, lease_until = ? WHERE (kind, key) IN
         (SELECT kind, key ${due} ORDER BY due_at LIMIT ?) RETURNING ${columns}`,
      ),
      next: sqlite.prepare<unknown[], { dueAt: number }>(
        `SELECT due_at AS dueAt FROM jobs WHERE ${among} AND lease_until <= ? ORDER BY due_at LIMIT 1`,
      ),
    };
  }
  /** The same few sets of kinds are asked about over and over. */
  const prepared = new Map<string, ReturnType<typeof prepareFor>>();
  function statementsFor(kinds: readonly JobKind[]) {
    const key = kinds.join();
    const found = prepared.get(key) ?? prepareFor(kinds);
    prepared.set(key, found);
    return found;
  }

  return {
    claim: (kinds, now, limit, lease) => {
      const { isDue, claim } = statementsFor(kinds);
      // Nothing due is the common case and costs no commit.
      if (!guarded(() => isDue.get(now, now, ...kinds))) return [];
      const claimed = gate.write(() => claim.all(now + lease, now, now, ...kinds, limit));
      return claimed.sort((a, b) => a.dueAt - b.dueAt);
    },
    peek: (kind, now, limit) =>
      guarded(() =>
        sqlite
          .prepare<unknown[], Claim>(
            `SELECT ${columns} FROM jobs WHERE kind = ? AND due_at <= ? ORDER BY due_at LIMIT ?`,
          )
          .all(kind, now, limit),
      ),
    settle,
    nextDueAt: (kinds, now) =>
      guarded(() => {
        // In the order of the index on due_at, so that it stops at the first.
        return statementsFor(kinds).next.get(...kinds, now)?.dueAt ?? null;
      }),
    releaseAll: () => gate.write(() => void releaseAll.run()),
  };
}
