import type { LedgerEvent } from '../domain/events.ts';
import type { Instant } from '../domain/terms.ts';
import type { EventRow } from './chain.ts';
import { toEvent } from './events.ts';
import type { OpenLedger } from './open.ts';

const BATCH = 1_000;

/** Events of a time, in order, read a batch at a time: any number of them takes no more memory than one batch. */
export function* exportEvents(
  { sqlite }: OpenLedger,
  { from, to }: { from: Instant; to: Instant },
): Generator<LedgerEvent> {
  const next = sqlite.prepare<[number, number, number, number], EventRow>(
    'SELECT seq, at, type, actor, request_id AS requestId, grant_id AS grantId, payload, prev_hash AS prevHash, hash FROM events WHERE seq > ? AND at >= ? AND at <= ? ORDER BY seq LIMIT ?',
  );
  for (let last = 0; ; ) {
    const rows = next.all(last, from, to, BATCH);
    for (const row of rows) yield toEvent(row);
    last = rows.at(-1)?.seq ?? last;
    if (rows.length < BATCH) return;
  }
}
