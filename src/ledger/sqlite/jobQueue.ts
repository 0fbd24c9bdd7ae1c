import type { Claim, JobKind, JobQueue } from '../../ports/jobs.ts';
import { guardFor } from './errors.ts';
import { createSettle } from './jobSettling.ts';
import type { OpenLedger } from './open.ts';

/** Larger than any real number of attempts or puts. */
export const COUNTABLE = 1_000_000_000;

export function createJobQueue(ledger: OpenLedger): JobQueue {
  const { sqlite, path, gate } = ledger;
  const guarded = guardFor(path);
  // Tampered numbers must not become too large to increment.
  const releaseAll = sqlite.prepare(
    `UPDATE jobs SET lease_until = 0, attempts = min(max(attempts, 0), ${COUNTABLE}), generation = min(max(generation, 0), ${COUNTABLE})
     WHERE lease_until <> 0 OR attempts NOT BETWEEN 0 AND ${COUNTABLE} OR generation NOT BETWEEN 0 AND ${COUNTABLE}`,
  );
  const statementsFor = statementsByKinds(ledger);

  return {
    claim: async (kinds, now, limit, lease) => {
      const { isDue, claim } = statementsFor(kinds);
      // Nothing due is the common case and costs no commit.
      if (!guarded(() => isDue.get(now, now, ...kinds))) return [];
      const claimed = await gate.enqueue(() => claim.all(now + lease, now, now, ...kinds, limit));
      return claimed.sort((a, b) => a.dueAt - b.dueAt);
    },
    mayBegin: async (kinds, now, limit) => guarded(() => statementsFor(kinds).due.all(now, ...kinds, limit)),
    settle: createSettle(ledger),
    // In the order of the index on due_at, so that the query stops at the first row.
    nextDueAt: async (kinds, after) => guarded(() => statementsFor(kinds).next.get(after, ...kinds)?.dueAt ?? null),
    releaseAll: () => gate.enqueue(() => void releaseAll.run()),
  };
}

/** Caches statements, since there are only a few sets of kinds. */
function statementsByKinds({ sqlite }: OpenLedger) {
  const prepared = new Map<string, ReturnType<typeof prepareFor>>();
  function prepareFor(kinds: readonly JobKind[]) {
    const among = `kind IN (${kinds.map(() => '?').join(',')})`;
    const due = `FROM jobs WHERE due_at <= ? AND lease_until <= ? AND ${among}`;
    const columns = (attempt: string) => `kind, key, due_at AS dueAt, ${attempt} AS attempt, generation`;
    return {
      isDue: sqlite.prepare<unknown[], unknown>(`SELECT 1 ${due} ORDER BY due_at LIMIT 1`),
      claim: sqlite.prepare<unknown[], Claim>(
        `UPDATE jobs SET attempts = attempts + 1, lease_until = ? WHERE (kind, key) IN
         (SELECT kind, key ${due} ORDER BY due_at LIMIT ?) RETURNING ${columns('attempts')}`,
      ),
      due: sqlite.prepare<unknown[], Claim>(
        `SELECT ${columns('attempts + 1')} FROM jobs WHERE due_at <= ? AND ${among} ORDER BY due_at LIMIT ?`,
      ),
      next: sqlite.prepare<unknown[], { dueAt: number }>(
        `SELECT due_at AS dueAt FROM jobs WHERE due_at > ? AND ${among} ORDER BY due_at LIMIT 1`,
      ),
    };
  }
  return (kinds: readonly JobKind[]) => {
    const key = kinds.join();
    const found = prepared.get(key) ?? prepareFor(kinds);
    prepared.set(key, found);
    return found;
  };
}
