import { setTimeout as pause } from 'node:timers/promises';
import type { Claim, JobQueue, Settled } from '../../ports/jobs.ts';
import type { PostgresLedger } from './open.ts';
import { readingFrom } from './open.ts';

type ClaimRow = Claim & { readonly [column: string]: unknown };

const COLUMNS = 'kind, key, due_at AS "dueAt", attempts AS attempt, generation';

/**
 * Due work that several instances share. A claim has a generation of its own: whoever comes back after its lease
 * ran out, and somebody else has claimed the job since, settles nothing.
 */
export function createJobQueue(ledger: PostgresLedger): JobQueue {
  const { pool, writer } = ledger;
  const guarded = readingFrom(ledger);
  return {
    claim: (kinds, now, limit, lease) =>
      guarded(async () => {
        const { rows } = await pool.query<ClaimRow>(
          `WITH due AS (
             SELECT kind, key FROM jobs WHERE due_at <= $1 AND lease_until <= $1 AND kind = ANY($2)
             ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
           ), numbered AS (SELECT kind, key, nextval('generations') AS claim FROM due)
           UPDATE jobs SET attempts = attempts + 1, lease_until = $4, generation = claim, claimed = claim, claimed_by = $5
           FROM numbered WHERE (jobs.kind, jobs.key) = (numbered.kind, numbered.key)
           RETURNING jobs.kind, jobs.key, due_at AS "dueAt", attempts AS attempt, generation`,
          [now, kinds, limit, now + lease, writer],
        );
        return rows.sort((a, b) => a.dueAt - b.dueAt);
      }),
    peek: (kinds, now, limit) =>
      guarded(async () => {
        const { rows } = await pool.query<ClaimRow>(
          `SELECT ${COLUMNS} FROM jobs WHERE due_at <= $1 AND kind = ANY($2) ORDER BY due_at LIMIT $3`,
          [now, kinds, limit],
        );
        return rows;
      }),
    settle: createSettle(ledger),
    nextDueAt: (kinds, now) =>
      guarded(async () => {
        const { rows } = await pool.query<{ dueAt: number }>(
          'SELECT due_at AS "dueAt" FROM jobs WHERE kind = ANY($1) AND lease_until <= $2 ORDER BY due_at LIMIT 1',
          [kinds, now],
        );
        return rows[0]?.dueAt ?? null;
      }),
    releaseAll: () =>
      guarded(async () => {
        await pool.query('UPDATE jobs SET lease_until = 0 WHERE claimed_by = $1 AND lease_until <> 0', [writer]);
      }),
  };
}

/** Outcomes of one turn of the event loop share a commit. */
function createSettle(ledger: PostgresLedger): JobQueue['settle'] {
  const guarded = readingFrom(ledger);
  let turn: { readonly all: Settled[]; readonly recorded: Promise<void> } | null = null;

  async function record(all: readonly Settled[]): Promise<void> {
    await pause(0);
    turn = null;
    await guarded(() => ledger.pool.query('SELECT jit_settle($1)', [JSON.stringify(all.map(toRow))]));
  }

  return (settled) => {
    if (!turn) {
      const all: Settled[] = [];
      turn = { all, recorded: record(all) };
    }
    turn.all.push(settled);
    return turn.recorded;
  };
}

function toRow({ claim: { kind, key, generation, attempt }, next }: Settled) {
  if (next === 'done') return { kind, key, generation, dueAt: null, attempts: 0 };
  const tries = { done: 0, failed: attempt, waiting: attempt - 1 };
  return { kind, key, generation, dueAt: next.dueAt, attempts: tries[next.after] };
}
