import type { Drain } from '../../domain/drain.ts';
import { type PostgresLedger, readingFrom } from './open.ts';

/** A row of its own, which a command writes beside a running bot. @returns null if there is none */
export const readDrain = (ledger: PostgresLedger): Promise<Drain | null> =>
  readingFrom(ledger)(async () => {
    const { rows } = await ledger.pool.query<{ until: number | null; why: string }>('SELECT until, why FROM drain');
    const [row] = rows;
    return row ? { until: row.until ?? Number.POSITIVE_INFINITY, why: row.why } : null;
  });

export const writeDrain = (ledger: PostgresLedger, { until, why }: Drain): Promise<void> =>
  readingFrom(ledger)(async () => {
    await ledger.pool.query(
      'INSERT INTO drain (until, why) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE SET until = excluded.until, why = excluded.why',
      [Number.isFinite(until) ? until : null, why],
    );
  });

export const liftDrain = (ledger: PostgresLedger): Promise<void> =>
  readingFrom(ledger)(async () => {
    await ledger.pool.query('DELETE FROM drain');
  });
