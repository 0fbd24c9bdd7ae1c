import { setTimeout as pause } from 'node:timers/promises';
import { type Instant, MINUTE, type Millis } from '../../domain/terms.ts';
import type { Claim, JobKind, JobQueue, Settled } from '../../ports/jobs.ts';
import { StorageError } from '../../ports/store.ts';
import { takesNoWrites } from './errors.ts';
import type { PostgresLedger } from './open.ts';
import { readingFrom } from './open.ts';

type ClaimRow = Claim & { readonly [column: string]: unknown };

/** For what begins without waiting for a write: as long as a claim of the lanes. It is renewed from half of it on. */
const LEASE: Millis = 5 * MINUTE;

const COLUMNS = 'kind, key, due_at AS "dueAt", generation';

/** A writer that was fenced off claims nothing. */
const IS_KNOWN = 'EXISTS (SELECT 1 FROM writers WHERE id = $5)';

const CLAIM = `
  WITH due AS (
    SELECT kind, key FROM jobs WHERE due_at <= $1 AND lease_until <= $1 AND kind = ANY($2) AND ${IS_KNOWN}
    ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), numbered AS (SELECT kind, key, nextval('generations') AS claim FROM due)
  UPDATE jobs SET attempts = attempts + 1, lease_until = $4, generation = claim, claimed = claim, claimed_by = $5
  FROM numbered WHERE (jobs.kind, jobs.key) = (numbered.kind, numbered.key)
  RETURNING jobs.kind, jobs.key, due_at AS "dueAt", attempts AS attempt, generation`;

/** A claim that this process renews keeps its generation, which a run may still have to settle by. */
const TAKE = `
  WITH due AS (
    SELECT kind, key, CASE WHEN claimed_by = $5 THEN generation ELSE nextval('generations') END AS claim
    FROM jobs WHERE due_at <= $1 AND kind = ANY($2) AND ${IS_KNOWN}
      AND (lease_until <= $1 OR claimed_by = $5 AND lease_until < $6)
    ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE jobs SET lease_until = $4, generation = claim, claimed = claim, claimed_by = $5
    FROM due WHERE (jobs.kind, jobs.key) = (due.kind, due.key)
    RETURNING jobs.kind, jobs.key, due_at, attempts, generation
  )
  SELECT ${COLUMNS}, attempts + 1 AS attempt FROM (
    SELECT * FROM taken
    UNION ALL
    SELECT kind, key, due_at, attempts, generation FROM jobs
    WHERE due_at <= $1 AND kind = ANY($2) AND claimed_by = $5 AND lease_until >= $6
  ) AS mine ORDER BY due_at LIMIT $3`;

/** What another instance holds is due for this one when that one's lease runs out. */
const NEXT = `
  SELECT least(
    (SELECT due_at FROM jobs WHERE due_at > $2 AND kind = ANY($1) ORDER BY due_at LIMIT 1),
    (SELECT min(lease_until) FROM jobs WHERE due_at <= $2 AND lease_until > $2 AND kind = ANY($1) AND claimed_by <> $3)
  ) AS next`;

/**
 * Due work that several instances share. A claim has a generation of its own: an instance that comes back after its lease
 * ran out, and another one has claimed the job since, settles nothing.
 */
export function createJobQueue(ledger: PostgresLedger): JobQueue {
  const { pool, remembered, writer } = ledger;
  const guarded = readingFrom(ledger);
  return {
    claim: (kinds, now, limit, lease) =>
      guarded(async () => byTime((await pool.query<ClaimRow>(CLAIM, [now, kinds, limit, now + lease, writer])).rows)),
    mayBegin: (kinds, now, limit) =>
      remembered.orMemory<readonly Claim[]>(
        async () => {
          try {
            const taken = await guarded(() =>
              pool.query<ClaimRow>(TAKE, [now, kinds, limit, now + LEASE, writer, now + LEASE / 2]),
            );
            return taken.rows;
          } catch (error) {
            if (!(error instanceof StorageError && takesNoWrites(error.cause))) throw error;
            return dueAnyway(ledger, kinds, now, limit);
          }
        },
        () => remembered.due(kinds, now, limit) ?? undefined,
      ),
    settle: createSettle(ledger),
    nextDueAt: (kinds, after) =>
      remembered.orMemory(
        () =>
          guarded(async () => {
            const { rows } = await pool.query<{ next: number | null }>(NEXT, [kinds, after, writer]);
            return rows[0]?.next ?? null;
          }),
        () => (remembered.due(kinds, after, 1) === null ? undefined : remembered.nextDueAt(kinds, after)),
      ),
    releaseAll: () =>
      guarded(async () => {
        await pool.query('UPDATE jobs SET lease_until = 0 WHERE claimed_by = $1 AND lease_until <> 0', [writer]);
      }),
  };
}

const byTime = (claims: ClaimRow[]): readonly Claim[] => claims.sort((a, b) => a.dueAt - b.dueAt);

/**
 * What is due while the database takes no writes: whoever claimed it may be gone, and to take access back twice is harmless.
 * @throws StorageError if it cannot be read either
 */
async function dueAnyway(
  ledger: PostgresLedger,
  kinds: readonly JobKind[],
  now: Instant,
  limit: number,
): Promise<readonly Claim[]> {
  const { rows } = await readingFrom(ledger)(() =>
    ledger.pool.query<ClaimRow>(
      `SELECT ${COLUMNS}, attempts + 1 AS attempt FROM jobs WHERE due_at <= $1 AND kind = ANY($2) ORDER BY due_at LIMIT $3`,
      [now, kinds, limit],
    ),
  );
  return rows;
}

/** Outcomes of one turn of the event loop share a commit. */
function createSettle(ledger: PostgresLedger): JobQueue['settle'] {
  const guarded = readingFrom(ledger);
  let turn: { readonly all: Settled[]; readonly recorded: Promise<void> } | null = null;

  async function record(all: readonly Settled[]): Promise<void> {
    await pause(0);
    turn = null;
    await guarded(() =>
      ledger.pool.query('SELECT jit_settle($1, $2)', [ledger.writer, JSON.stringify(all.map(toRow))]),
    );
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
